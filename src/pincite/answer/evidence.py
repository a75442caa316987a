"""Selects the evidence: the few sentences that matter, the governing provision whole, law beside policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pincite.domain.answers import EvidenceItem
from pincite.domain.documents import Document, Span
from pincite.library import PassageRow
from pincite.search import Hit, Searcher
from pincite.search.search import SearchResult, SentenceHit
from pincite.search.terms import content_words

__all__ = [
    "Selected",
    "every_hit",
    "in_brief",
    "may_rule",
    "nearness",
    "quote_with_lead_in",
    "rough_tokens",
    "select_evidence",
    "select_passage",
]

_MOST_ITEMS = 4
_NEAR = 0.6
"""Share of the best evidence's strength below which a passage is beside the point."""

_WHOLE = 650
"""Characters up to which the best passage is given whole: its conditions and exceptions stand beside the rule."""

_NEAR_SAME_KIND = 0.72
"""The same for a further passage of a kind (law, policy) that is there already."""

_SENTENCES = 2
"""Most sentences taken from any other passage."""


_STATES_NO_RULE = re.compile(
    r"(?:this|the|it) (?:(?:policy|regulation|directive|document|section) )?(?:also )?(?:states|describes|sets)\b", re.I
)
_SHORT_LINE = 5
"""Words up to which a line without punctuation at its end is a heading or a table's cell."""


@dataclass(frozen=True, slots=True)
class Selected:
    """An evidence item with what the engine needs beside it.

    Attributes:
        item: as shown to people; its quotes are the sentences chosen.
        hit: the search hit it came from.
        sentences: all sentences of the passage with their similarity to the question.
        strength: similarity of its best sentence to the question, raised by shared words, in [0, 1].
    """

    item: EvidenceItem
    hit: Hit
    sentences: tuple[SentenceHit, ...]
    strength: float

    @property
    def prompt_text(self) -> str:
        """The chosen words as the model reads them, gaps marked."""
        item = self.item
        parts = [item.lead_in] if item.lead_in else []
        last = -1
        for quote in item.quotes:
            if last >= 0 and quote.start - last > 8:
                parts.append("…")
            parts.append(item.quote_text(quote))
            last = quote.end
        return " ".join(parts)


def select_evidence(
    searcher: Searcher, result: SearchResult, budget: int, count: Callable[[str], int]
) -> tuple[Selected, ...]:
    """Return the evidence for one question, best first, numbered from 1.

    Args:
        searcher: gives sentences and their vectors.
        result: the search.
        budget: most tokens that all evidence together may take.
        count: counts tokens of a text.
    """
    candidates = every_hit(searcher, result)
    if not candidates:
        return ()
    candidates = [c for c in candidates if _has_rule(c)] or candidates
    ranked = _law_beside_policy(candidates)
    best = max(candidate.strength for candidate in ranked)
    chosen: list[Selected] = []
    left = budget
    for position, candidate in enumerate(ranked):
        if len(chosen) == _MOST_ITEMS:
            break
        same_kind = any(one.item.kind is candidate.item.kind for one in chosen)
        floor = best * (_NEAR_SAME_KIND if same_kind else _NEAR)
        if chosen and candidate.strength < floor and not candidate.hit.exact:
            continue  # a small model writes a sentence about whatever it is given
        whole = position == 0 or candidate.hit.exact
        cut = _cut(candidate, whole=whole)
        tokens = count(cut.prompt_text) + count(cut.item.cite) + 8
        if tokens > left and whole:
            cut = _cut(candidate, whole=False)
            tokens = count(cut.prompt_text) + count(cut.item.cite) + 8
        if tokens <= left or not chosen:
            chosen.append(cut)
            left -= tokens
    return tuple(replace(selected, item=replace(selected.item, n=n)) for n, selected in enumerate(chosen, 1))


def every_hit(searcher: Searcher, result: SearchResult) -> list[Selected]:
    """Return all that the search brought as evidence, best first, without numbers and without chosen sentences."""
    return [_candidate(searcher, hit, result) for hit in result.hits]


def in_brief(candidate: Selected) -> Selected:
    """Return a candidate, numbered 1, with its sentences that are nearest to the question."""
    cut = _cut(candidate, whole=False)
    return replace(cut, item=replace(cut.item, n=1))


def select_passage(searcher: Searcher, passage: PassageRow, result: SearchResult) -> Selected:
    """Return a passage that the search did not bring as evidence, without a number and without chosen sentences."""
    dense = float(searcher.library.vectors[passage.id] @ result.vector)
    return _candidate(searcher, Hit(passage, dense, dense, dense, 0.0), result)


def _candidate(searcher: Searcher, hit: Hit, result: SearchResult) -> Selected:
    library = searcher.library
    info = library.documents[hit.passage.document]
    document = library.document(info.slug)
    text = document.text
    passage = hit.passage
    found = searcher.sentences(passage, result.vector)
    sentences = tuple(replace(one, tokens=result.read.get(one.id)) for one in found)
    lead = passage.lead_in.of(text) if passage.lead_in else ""
    best = max((sentence.similarity for sentence in sentences), default=hit.dense)
    shared = _shared(result.words, f"{lead} {passage.span.of(text)} {' '.join(passage.path)}")
    item = EvidenceItem(
        n=0,
        document=info.slug,
        title=info.title,
        short=library.names[info.slug],
        kind=info.kind,
        label=passage.label,
        path=passage.path,
        passage=passage.span,
        text=passage.span.of(text),
        lead_in=lead,
        quotes=(),
        score=hit.score,
        text_sha256=info.text_sha256,
        effective=info.provenance.effective,
        status=searcher.remark(info.slug, result),
    )
    return Selected(item, hit, sentences, min(1.0, max(best, hit.dense) + 0.1 * shared))


def _shared(words: Sequence[str], text: str) -> float:
    """Return the share of a question's content words that stand in `text`."""
    if not words:
        return 0.0
    known = {word[:6] for word in content_words(text)}
    return sum(word[:6] in known for word in words) / len(words)


def _law_beside_policy(candidates: Sequence[Selected]) -> list[Selected]:
    """Order candidates by score, but let the best of the other kind come second if it is about as near."""
    ranked = sorted(candidates, key=lambda c: -c.hit.score)
    first = ranked[0]
    other = next((c for c in ranked[1:] if c.item.kind is not first.item.kind), None)
    if other is not None and (other.strength >= _NEAR * first.strength or other.hit.exact):
        ranked.remove(other)
        ranked.insert(1, other)
    return ranked


def nearness(sentences: Sequence[SentenceHit]) -> dict[int, float]:
    """Return how near sentences of one passage are to the question, by their row: by late interaction where all of them
    were read token by token, else by the similarity of their vectors.

    Of 134 passages of the development sets of which some sentences answer, one of those is the nearest in 101 by late
    interaction and in 91 by their vectors.
    """
    read = {one.id: one.tokens for one in sentences if one.tokens is not None}
    return read if len(read) == len(sentences) else {one.id: one.similarity for one in sentences}


def _cut(candidate: Selected, *, whole: bool) -> Selected:
    """Choose the sentences of a passage that are quoted to the model."""
    sentences = candidate.sentences
    if not sentences:
        return replace(candidate, item=replace(candidate.item, quotes=(candidate.item.passage,)))
    length = sentences[-1].span.end - sentences[0].span.start
    if whole and length <= _WHOLE:
        spans = [sentence.span for sentence in sentences]
    else:
        most = 4 if whole else _SENTENCES
        near = nearness(sentences)
        best = sorted(near.values(), reverse=True)[:most]
        floor = max(best[-1], best[0] - (0.25 if whole else 0.15))
        spans = [sentence.span for sentence in sentences if near[sentence.id] >= floor]
    return replace(candidate, item=replace(candidate.item, quotes=tuple(spans)))


def quote_with_lead_in(document: Document, passage_lead: Span | None, quote: Span, limit: int = 500) -> Span:
    """Return `quote` widened to begin with its lead-in, where both are close enough to be read as one quotation."""
    if passage_lead is not None and passage_lead.end <= quote.start and quote.end - passage_lead.start <= limit:
        return Span(passage_lead.start, quote.end)
    return quote


def rough_tokens(text: str) -> int:
    """Estimate tokens before the model is loaded; legal English takes about 4.3 characters a token."""
    return len(text) // 4 + 1


def may_rule(sentence: str) -> bool:
    """Tell whether a sentence can carry a rule: not "This policy states…", nor a control table's "Version 1.2"."""
    if _STATES_NO_RULE.match(sentence):
        return False
    return len(sentence.split()) > _SHORT_LINE or sentence[-1:] in '.;:!?”"’'


def _has_rule(candidate: Selected) -> bool:
    item = candidate.item
    return candidate.hit.exact or any(may_rule(item.quote_text(sentence.span)) for sentence in candidate.sentences)
