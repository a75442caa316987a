"""What is shown beside the draft: the list asked for as a whole, law beside policy, conditions and exceptions."""

from __future__ import annotations

from collections.abc import Sequence

from pincite.answer.compose import Composer
from pincite.answer.counterpart import find_counterpart
from pincite.answer.differences import differences_between
from pincite.answer.evidence import Selected
from pincite.answer.limits import limitations
from pincite.answer.lists import PointList, asks_for_list, asks_openly, lists_of
from pincite.domain.answers import Citation, Difference
from pincite.domain.documents import Span
from pincite.search import Searcher
from pincite.search.search import SearchResult
from pincite.search.terms import content_words

__all__ = ["add_beside", "list_asked_for"]

_MOST_LIMITATIONS = 2
_STRONG = 0.7
"""Share of the best evidence's strength from which a passage may hold the list asked for."""
_INTRODUCES = 0.5
_INTRODUCES_FIRST = 0.4
"""Fit of a lead-in to the question from which its list is the one asked for, the second for the list of the passage
that was found first; set by eye on questions for lists."""
_FITS = 0.9
"""Share of the best passage's score from which a passage may hold the list asked for."""


def list_asked_for(
    searcher: Searcher, result: SearchResult, evidence: Sequence[Selected]
) -> tuple[Selected, PointList] | None:
    """Return the list that the question asks for, None if it asks for none or no lead-in fits it.

    A question that is answered by more than a yes or a figure asks for a list, whatever its words, if the two passages
    that fit it best are points of one.
    """
    asks, openly = asks_for_list(result.question), asks_openly(result.question)
    if not asks and not openly:
        return None
    strongest = max(selected.strength for selected in evidence)
    fittest = max(selected.hit.score for selected in evidence)
    found: list[tuple[Selected, PointList, str]] = []
    for selected in evidence:
        document = searcher.library.document(selected.item.document)
        near = selected.strength >= _STRONG * strongest and selected.hit.score >= _FITS * fittest
        if near or selected.hit.exact:
            found += [(selected, points, points.lead.of(document.text)) for points in lists_of(document, selected)]
    found.sort(key=lambda one: -one[0].hit.score)
    if openly and len({(one.item.document, points.points) for one, points, _ in found[:2]}) == 1 < len(found):
        return found[0][:2]
    if not found or not asks:
        return None
    vectors = searcher.encode([lead for _, _, lead in found]) @ result.vector
    wanted = set(result.words)

    def fit(i: int) -> float:
        shared = len(wanted & set(content_words(found[i][2]))) / max(1, len(wanted))
        return float(vectors[i]) + 0.3 * shared

    best = max(range(len(found)), key=fit)
    bar = _INTRODUCES_FIRST if found[best][0].hit.score == fittest else _INTRODUCES
    return found[best][:2] if fit(best) >= bar else None


def add_beside(
    composer: Composer, searcher: Searcher, result: SearchResult, evidence: Sequence[Selected]
) -> tuple[Difference, ...]:
    """Add the counterpart of the governing words, their conditions and exceptions; return how policy and law differ."""
    if not composer.claims:
        return ()
    rules = []
    governing = composer.citations[composer.claims[0].citations[0] - 1]
    selected = _evidence_of(governing, evidence)
    if selected is None:
        return ()
    rules.append((selected, Span(governing.start, governing.end)))
    if len({citation.kind for citation in composer.citations}) == 1:
        other = find_counterpart(searcher, result, evidence, *rules[0])
        if other is not None:
            composer.add_quotation(other.selected, other.span)
            rules.append((other.selected, other.span))
    left = _MOST_LIMITATIONS
    for where, rule in rules:
        most = left if (where, rule) == rules[-1] else _MOST_LIMITATIONS // len(rules)
        said = [claim.text for claim in composer.claims]
        for one in limitations(searcher, result, where, rule, said)[:most]:
            composer.add_limitation(one.label, one.selected, one.span)
            left -= 1
    library = searcher.library
    return differences_between(composer.citations, lambda slug: library.document(slug).text)


def _evidence_of(citation: Citation, evidence: Sequence[Selected]) -> Selected | None:
    """Return the evidence whose passage a citation stands in."""
    for selected in evidence:
        passage = selected.item.passage
        if (
            selected.item.document == citation.document
            and passage.start < citation.end
            and citation.start < passage.end
        ):
            return selected
    return None
