"""What is quoted beside a draft: the provision or the list asked for, what fits best, the policy that is told of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pincite.answer.compose import Composer
from pincite.answer.evidence import Selected, every_hit
from pincite.answer.governing import nearly_governing
from pincite.answer.lists import PointList
from pincite.answer.told import Told
from pincite.domain.documents import DocumentKind, Span
from pincite.search import Searcher
from pincite.search.figures import asked_figure, gives_figure, may_answer
from pincite.search.search import SearchResult

__all__ = ["add_governing", "asks_broadly", "lacks_figure", "named_part", "quotable", "words_asked_for"]

_MOST_PROVISIONS = 3
_ABOUT_AS_STRONG = 0.8
_ABOUT_AS_FITTING = 0.93
"""Share of the best passage's score from which the second is quoted as well. Of 69 such questions of the development
sets the second passage was right in 43, and for 22 of them held what the first did not; below, of 96, in 27 and 12."""

_ASKS_FOR_WORDS = re.compile(
    r"\b(?:say|says|state|states|provide|provides|read|reads|text of|wording|quote|show me|lay down)\b", re.I
)


_MOST_IF_BROAD = 5
_FITTING_IF_BROAD = 0.75
"""The same where the question asks about a matter as a whole, which rarely stands in one provision."""
_BROAD = re.compile(
    r"^(?:(?:please )?(?:explain|describe|trace|compare|outline|summari[sz]e)\b"
    r"|how (?:do|does)\b[^?.]*\b(?:address|handle|regulate|treat|deal with|connect|relate|interact|differ|apply|support"
    r"|affect)\b"
    r"|what(?: is|['’]s| are) the (?:\w+ )?(?:relationship|differences?|interplay|interaction|obligations|duties"
    r"|requirements|rights)\b)",
    re.I,
)


def asks_broadly(question: str) -> bool:
    """Tell whether a question asks about a matter as a whole ("How does the GDPR treat …?")."""
    return _BROAD.search(question) is not None


def quotable(
    searcher: Searcher, result: SearchResult, evidence: Sequence[Selected], told: Told | None
) -> Sequence[Selected]:
    """Return what may be quoted beside a draft: the evidence, and what the search brought that was too long for the
    model to read as well; no other policy than the one that the question tells of. Not where a figure is asked for:
    what no draft was made from would stand for the answer."""
    if asked_figure(result.question) and not asks_broadly(result.question):
        return evidence
    read = {one.hit.passage.id for one in evidence}
    unread = [one for one in every_hit(searcher, result) if one.hit.passage.id not in read]
    return [*evidence, *(one for one in unread if told is None or one.item.kind is DocumentKind.LAW)]


def add_governing(
    composer: Composer,
    evidence: Sequence[Selected],
    question: str,
    points: tuple[Selected, PointList] | None,
    told: Told | None,
    *,
    whole: bool = False,
) -> None:
    """Quote the list asked for or the best evidence, what fits the question about as well, in the same passage and in
    others, and the policy told of.

    Args:
        composer: takes the quotations.
        evidence: best first.
        question: the one asked.
        points: the list that it asks for, and its passage.
        told: what the policy says that the question tells of; it is quoted as that, never as what governs.
        whole: quote short passages whole; for those that stand in the place of a draft.
    """
    policy = told.of(evidence) if told else None
    fitting = _fitting([one for one in evidence if one is not policy], question)
    if points:
        composer.add_quotation(points[0], points[1].span, points=len(points[1].points))
    if points or fitting:
        first = points[0] if points else _best(fitting)
        broad = asks_broadly(question)
        left = _MOST_IF_BROAD if broad else 1
        for one in [first, *_next(composer, fitting, first, broad=broad)]:
            if left and not composer.shows_governing(one):  # points of one list are governed by the same words
                composer.add_quotation(one, whole=whole and not broad)
                left -= one is not first
        also = nearly_governing(first, question)
        if also and not composer.shows(first, also):
            composer.add_quotation(first, also)
    if told and policy and not composer.shows(policy, told.span):
        composer.add_quotation(policy, told.span)


def words_asked_for(evidence: Sequence[Selected], result: SearchResult) -> list[Selected]:
    """Return the provisions that the question names and wants to read, in order."""
    if not _ASKS_FOR_WORDS.search(result.question):
        return []
    exact = sorted((one for one in evidence if one.hit.exact), key=lambda one: one.item.passage.start)
    return exact[:_MOST_PROVISIONS]


def _fitting(evidence: Sequence[Selected], question: str) -> Sequence[Selected]:
    """Return the evidence that gives the figure asked for; all of it if none does, or if no figure is asked for."""
    figure = asked_figure(question)
    return [one for one in evidence if one.hit.exact or gives_figure(one.item.text, figure)] or evidence


def _best(fitting: Sequence[Selected]) -> Selected:
    strongest = max(fitting, key=lambda one: (one.hit.exact, one.strength))
    return fitting[0] if fitting[0].strength >= _ABOUT_AS_STRONG * strongest.strength else strongest


def _next(composer: Composer, fitting: Sequence[Selected], first: Selected, *, broad: bool) -> list[Selected]:
    """Return what fits the question about as well as the `first` evidence and is cited by no claim: what comes next,
    or all of it where the question asks about a matter as a whole."""
    share = _FITTING_IF_BROAD if broad else _ABOUT_AS_FITTING
    others = sorted((one for one in fitting if one is not first), key=lambda one: -one.hit.score)
    near = [one for one in (others if broad else others[:1]) if one.hit.score >= share * first.hit.score]
    return [one for one in near if one not in composer.cited()]


def lacks_figure(composer: Composer, result: SearchResult) -> bool:
    """Tell whether only a figure can answer a question and nothing that is shown gives it.

    What a provision that the question names says of it is an answer all the same.
    """
    if any(hit.exact for hit in result.hits):
        return False
    shown = [*(claim.text for claim in composer.claims), *(citation.quote for citation in composer.citations)]
    return not any(may_answer(words, result.question) for words in shown)


def named_part(selected: Selected, result: SearchResult) -> Span:
    """Return the part of a passage that belongs to the provision named, not the siblings that share the passage."""
    passage = selected.item.passage
    for place in result.lookup.found:
        start, end = max(place.span.start, passage.start), min(place.span.end, passage.end)
        if place.document == selected.hit.passage.document and start < end:
            return Span(start, end)
    return passage
