"""From a checked draft to an answer: each sentence gets its quotation, cut from the stored text by offsets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pincite.answer.checks import Support, check_claim
from pincite.answer.drafting import DraftSentence
from pincite.answer.evidence import Selected, quote_with_lead_in
from pincite.answer.numbers import numbers_in
from pincite.domain.answers import Citation, Claim
from pincite.domain.documents import Span
from pincite.embed.protocol import Vectors
from pincite.search import Searcher
from pincite.search.search import SentenceHit

__all__ = ["BESIDE_THE_POINT", "Composer"]

BESIDE_THE_POINT = frozenset({"repetition", "relevance"})
"""Checks whose failing takes a sentence out of the answer without making the answer a partial one."""

_MOST_QUOTES = 2
_LEAST_RELEVANT = 0.35
"""Similarity (cosine) to the question below which a further sentence is beside the point."""

_SAME = 0.93
"""Similarity (cosine) from which a sentence only repeats an earlier one."""


class Composer:
    """Checks sentences and collects claims and citations for one answer."""

    def __init__(self, searcher: Searcher, evidence: Sequence[Selected], question: str) -> None:
        self._searcher = searcher
        self._evidence = {selected.item.n: selected for selected in evidence}
        self._question = question
        self.claims: list[Claim] = []
        self.citations: list[Citation] = []
        self._cited: set[int] = set()
        self._vectors: list[Vectors] = []
        self._asked = searcher.encode([question])[0]

    def add(self, sentence: DraftSentence) -> str:
        """Check a sentence of the draft; keep it with its quotations, or return the name of the check it failed.

        A 1.5B model often gives the right words the wrong number, so a sentence is checked first against what
        it cites and then against the other evidence: what counts is that a stored sentence supports it.
        """
        vector = self._searcher.encode([sentence.text])[0]
        if any(float(vector @ other) > _SAME for other in self._vectors):
            return "repetition"
        if self.claims and float(vector @ self._asked) < _LEAST_RELEVANT:
            return "relevance"
        failed = ""
        others = sorted((n for n in self._evidence if n not in sentence.cites), key=lambda n: -self._nearest(n, vector))
        for numbers in (
            sentence.cites,
            *((n,) for n in sentence.cites if len(sentence.cites) > 1),
            *((n,) for n in others),
        ):
            reason = check_claim(sentence.text, self._support(numbers, vector))
            if not reason:
                marks = tuple(dict.fromkeys(mark for n in numbers for mark in self._cite(n, sentence.text, vector)))
                self.claims.append(Claim(sentence.text, marks))
                self._vectors.append(vector)
                self._cited.update(numbers)
                return ""
            failed = failed or reason
        return failed

    def add_quotation(self, selected: Selected) -> None:
        """Add a claim that only introduces the governing words of a piece of evidence, quoted."""
        best = max(selected.sentences, key=lambda s: s.similarity, default=None)
        span = best.span if best else selected.item.passage
        mark = self._citation(selected, span)
        citation = self.citations[mark - 1]
        said = "says" if selected.item.kind.value == "law" else "(policy) says"
        self.claims.append(Claim(f"{citation.cite} {said}: “{citation.quote}”", (mark,), quoted=True))
        self._cited.add(selected.item.n)

    def uncited(self) -> Iterable[Selected]:
        """Return the evidence that no claim cites yet, best first."""
        return [selected for n, selected in self._evidence.items() if n not in self._cited]

    def cited(self) -> list[Selected]:
        """Return the evidence that claims cite."""
        return [self._evidence[n] for n in sorted(self._cited)]

    def _nearest(self, n: int, vector: Vectors) -> float:
        hits = self._searcher.sentences(self._evidence[n].hit.passage, vector)
        return max((hit.similarity for hit in hits), default=0.0)

    def _support(self, numbers: Sequence[int], vector: Vectors) -> Support:
        parts, context, best = [], [], (0.0, "")
        for n in numbers:
            selected = self._evidence[n]
            item = selected.item
            parts += [item.lead_in, item.text]
            context += [item.cite, item.title, *item.path]
            for hit in self._searcher.sentences(selected.hit.passage, vector):
                best = max(best, (hit.similarity, item.quote_text(hit.span)))
        kinds = frozenset(self._evidence[n].item.kind.value for n in numbers)
        return Support("\n".join(parts), "\n".join(context), best[1], best[0], self._question, kinds)

    def _cite(self, n: int, claim: str, vector: Vectors) -> list[int]:
        """Return the numbers of the citations that show the claim in evidence `n`: its nearest sentence and, if
        that lacks a number of the claim, the nearest one that has it."""
        selected = self._evidence[n]
        hits = sorted(self._searcher.sentences(selected.hit.passage, vector), key=lambda hit: -hit.similarity)
        if not hits:
            return [self._citation(selected, selected.item.passage)]
        chosen: list[SentenceHit] = [hits[0]]
        wanted = numbers_in(claim) - numbers_in(selected.item.quote_text(hits[0].span))
        for hit in hits[1:]:
            if not wanted or len(chosen) == _MOST_QUOTES:
                break
            has = numbers_in(selected.item.quote_text(hit.span))
            if wanted & has:
                chosen.append(hit)
                wanted -= has
        return [self._citation(selected, hit.span) for hit in sorted(chosen, key=lambda hit: hit.span.start)]

    def _citation(self, selected: Selected, span: Span) -> int:
        item = selected.item
        document = self._searcher.library.document(item.document)
        label = document.pin_cite(span) or item.label
        quote = quote_with_lead_in(document, selected.hit.passage.lead_in, span)
        for citation in self.citations:
            if citation.document == item.document and citation.start <= quote.start and quote.end <= citation.end:
                return citation.n
        citation = Citation(
            n=len(self.citations) + 1,
            document=item.document,
            title=item.title,
            short=item.short,
            label=label,
            kind=item.kind,
            quote=quote.of(document.text),
            start=quote.start,
            end=quote.end,
            text_sha256=item.text_sha256,
            effective=item.effective,
        )
        self.citations.append(citation)
        return citation.n
