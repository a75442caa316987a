"""Finds the law on the matter that a policy governs, and the policy on the matter that a law governs, or nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pincite.answer.differences import compare
from pincite.answer.evidence import Selected, may_rule, select_passage
from pincite.answer.ruling import instructing
from pincite.domain.documents import Document, DocumentKind, ProvisionKind, Span
from pincite.library import PassageRow
from pincite.search import Searcher
from pincite.search.search import SearchResult, SentenceHit
from pincite.search.terms import content_words

__all__ = ["Counterpart", "find_counterpart"]

# Chosen by reading the nearest candidates for 55 questions (GDPR without paragraph numbers and the 14 sample policies,
# all-MiniLM-L6-v2, nothing held out): what is above the bar is on the same matter, what is below mostly is not.
_BAR = 0.73
_LEAST_SIMILAR = 0.45
_POOL = 60
_WORDS = 0.35
_COMPARABLE = 0.25
_POINTED = 0.3
_FOUND = 0.12
_FRAGMENT = 0.05
"""What is added to the similarity: for shared words, at most; for a quantity that can be compared; for a reference
between the two; for a passage that the search found for the question anyway. A point alone loses a little."""
_NOT_OPERATIVE = frozenset({ProvisionKind.RECITAL, ProvisionKind.PREAMBLE})
_FRAME = re.compile(
    r"\b(?:purpose|scope|definitions?|subject[- ]matter|introduction|version history|related documents|contact)\b", re.I
)
"""Headings of sections that lay down no rule."""
_DEFINES = re.compile(r"[”\"’'] means\b")
_GOES_ON = re.compile(r"(?:that|those|these|such|this|in (?:such|this|that)|it|they)\b", re.I)
"""Words that begin a sentence which says nothing without the one before it."""
_MODAL = re.compile(r"\b(?:shall|must|should|may)\b|:$", re.I)


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A sentence of the other kind of document that governs the same matter.

    Attributes:
        selected: its passage, as evidence without a number.
        span: the sentence, with its points where it introduces some.
        score: cosine with the mean of question and governing sentence, raised by rare words shared, by a reference
            from one to the other and by a quantity that can be compared.
    """

    selected: Selected
    span: Span
    score: float


def find_counterpart(
    searcher: Searcher, result: SearchResult, evidence: Sequence[Selected], governing: Selected, span: Span
) -> Counterpart | None:
    """Return what the other kind of document says on the matter of the governing `span`; None if unsure."""
    best = next(iter(candidates(searcher, result, evidence, governing, span)), None)
    return best if best is not None and best.score >= _BAR else None


def candidates(
    searcher: Searcher, result: SearchResult, evidence: Sequence[Selected], governing: Selected, span: Span
) -> list[Counterpart]:
    """Return the nearest sentences of the other kind with their scores, best first."""
    library = searcher.library
    document = library.document(governing.item.document)
    if not _lays_down_a_rule(document, governing.hit.passage, span):
        return []
    searched = library.versions.searched(result.as_of, result.day)
    searched = searched if result.documents is None else searched & result.documents
    others = [i for i in library.documents if i.kind is not governing.item.kind and i.slug in searched]
    if not others:
        return []
    text = document.text
    words = span.of(text)
    vector = searcher.encode([result.question, words]).sum(axis=0)  # the bar was set without the question adapter
    vector /= np.linalg.norm(vector)
    numbers = [info.number for info in others]
    weights = _weights(searcher, [*content_words(words), *result.words])
    pointed = set(_pointed(searcher, governing, span, frozenset(numbers)))
    found = searcher.nearest_of(numbers, vector, _POOL)
    known = {hit.id for _, hit in found}
    chosen = {selected.hit.passage.id for selected in evidence}
    for passage in searcher.library.passages(sorted(pointed)):
        found += [(passage, hit) for hit in searcher.sentences(passage, vector) if hit.id not in known]
    scored: list[tuple[float, PassageRow, SentenceHit]] = []
    for passage, hit in found:
        slug = library.documents[passage.document].slug
        if instructing(library, slug):
            continue
        other = library.document(slug)
        words = hit.span.of(other.text)
        lead = passage.lead_in.of(other.text) if passage.lead_in else ""
        if hit.similarity < _LEAST_SIMILAR or not _operative(other, passage, words) or _binds_others(lead, words):
            continue
        pair = (text, [span], other.text, [hit.span])
        if governing.item.kind is DocumentKind.LAW:
            pair = (other.text, [hit.span], text, [span])
        comparable = bool(compare(*pair))
        if _GOES_ON.match(words) and not comparable:
            continue
        score = hit.similarity + _WORDS * _covered(weights, f"{lead} {words} {' '.join(passage.path[-1:])}")
        score += _POINTED * (passage.id in pointed) + _FOUND * (passage.id in chosen) + _COMPARABLE * comparable
        scored.append((score - _FRAGMENT * (_MODAL.search(words) is None), passage, hit))
    scored.sort(key=lambda one: -one[0])
    return [
        Counterpart(select_passage(searcher, passage, result), hit.span, score) for score, passage, hit in scored[:3]
    ]


def _operative(document: Document, passage: PassageRow, words: str) -> bool:
    """Tell whether a sentence can lay down a rule: no recital, no purpose, scope or definition."""
    nodes = (document.provisions[passage.provision], *document.ancestors(document.provisions[passage.provision]))
    if any(node.kind in _NOT_OPERATIVE or _FRAME.search(node.heading) for node in nodes):
        return False
    return may_rule(words) and not _DEFINES.search(words)


def _lays_down_a_rule(document: Document, passage: PassageRow, span: Span) -> bool:
    """Tell whether the governing sentence rules something that the other kind can rule too; a recital may stand in."""
    heading = document.provisions[passage.provision]
    nodes = (heading, *document.ancestors(heading))
    return not any(_FRAME.search(node.heading) for node in nodes) and not _DEFINES.search(span.of(document.text))


def _binds_others(lead: str, words: str) -> bool:
    """Tell whether a sentence binds an authority or a state, whose duties no policy of a house concerns."""
    sentence = f"{lead} {words}"
    subject = re.split(r"\b(?:shall|must|may|should)\b", sentence, maxsplit=1)[0] if _MODAL.search(sentence) else ""
    return re.search(r"\b(?:authorit(?:y|ies)|Commission|Board|Member States?|courts?)\b", subject[-90:]) is not None


def _pointed(searcher: Searcher, governing: Selected, span: Span, others: frozenset[int]) -> Iterator[int]:
    """Yield the passages that the governing provision refers to by number ("Art. 33 GDPR"), or that refer to it."""
    library = searcher.library
    here = governing.hit.passage
    for reference in library.references_within(here.document, span):
        if reference.provision > 0 and library.info(reference.document).number in others:
            target = library.info(reference.document).number
            where = library.span_of(reference.document, reference.provision)
            yield from (passage.id for passage in library.passages_within(target, where))
    document = library.document(governing.item.document)
    provision = document.deepest_at(span)
    last = provision.index + 1
    while last < len(document.provisions) and document.provisions[last].start < provision.end:
        last += 1
    for number, reference in library.references_to(governing.item.document, range(provision.index, last)):
        if number in others:
            yield from (passage.id for passage in library.passages_within(number, reference.span))


def _weights(searcher: Searcher, words: Iterable[str]) -> dict[str, float]:
    """Return how rare each word is in the library (inverse document frequency), by the word's beginning."""
    count = len(searcher.library.vectors)
    weights: dict[str, float] = {}
    for word in words:
        seen = searcher.library.document_frequency(word)
        if not word[0].isdigit():
            weights[word[:6]] = max(weights.get(word[:6], 0.0), math.log((count + 1) / (seen + 1)))
    return weights


def _covered(weights: dict[str, float], text: str) -> float:
    known = {word[:6] for word in content_words(text)}
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in known) / total if total else 0.0
