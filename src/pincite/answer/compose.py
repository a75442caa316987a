"""From a checked draft to an answer: each sentence gets its quotation, cut from the stored text by offsets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pincite.answer.checks import Support, contradicts, denies, forbids
from pincite.answer.clauses import check_by_clause
from pincite.answer.drafting import DraftSentence
from pincite.answer.evidence import Selected, may_rule, quote_with_lead_in
from pincite.answer.governing import governing_sentence, governing_words, whole_words
from pincite.answer.lists import PointList, names_some_only
from pincite.domain.answers import Citation, Claim
from pincite.domain.documents import Document, Span
from pincite.domain.numbers import numbers_in, provision_numbers_in
from pincite.embed.protocol import Vectors
from pincite.search import Searcher
from pincite.search.lookup import Place, resolve
from pincite.search.search import SentenceHit
from pincite.search.terms import content_words

__all__ = ["Composer"]

_MOST_QUOTES = 2
_LEAST_RELEVANT = 0.45
"""Similarity (cosine) to the question below which a further sentence is beside the point."""
_BESIDE = 0.3
"""… and below which any sentence is that does not share a third of the question's words either: right answers to the
development set's questions have 0.35 and more."""
_SHARED = 1 / 3

_CONTRADICTIONS = frozenset({"polarity", "negation", "modality"})
_ABOUT_ITSELF = re.compile(r"(?:this|the) (?:answer|evidence|question)\b|no (?:other|further) evidence", re.I)
# "You should ask the Requests Policy to determine how to handle it": where to look, in the place of what is said there
_LOOK_IT_UP = re.compile(
    r"\b(?:ask|consult|read|see|refer to|look at)\b[^.;]*"
    r"\b(?:policy|regulation|act|law|directive|rules?)\b[^.;]*\bto (?:determine|find out|see|learn|know|understand)\b",
    re.I,
)

_SPEAKS_FOR = re.compile(r"^(?:according to|under|per)\b|\b(?:says|states|requires|allows|permits|provides)\b", re.I)

_KINDS = "policy|standard|procedure|plan|notice|charter|handbook|regulation|directive|act|law"
_THIS = re.compile(rf"\bthis ({_KINDS})\b", re.I)
_NO_MATTER = (
    r"(?:same|company|internal|must|shall|may|can|should|is|are|has|have|an?|this|that|any|each|to|by|under|in) "
)
_THE = re.compile(rf"\b(?:the|our|its) ((?:(?!{_NO_MATTER})[\w&-]+ ){{1,4}})({_KINDS})\b", re.I)
"""A document that a claim speaks of, by its matter and kind."""

_SAME_FIGURES = 0.2
_SAME_DENIAL = 0.1
_YES_OR_NO = re.compile(r"(?:yes|no|nope)\b[,;:.!]", re.I)
_GOVERNS = 0.8
"""Share of the best passage's score from which a plain yes or no may rest on a passage."""
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
        self._places = searcher.places(question)
        self._named = any(selected.hit.exact for selected in evidence)  # "What does Article 4 say?" is like no answer
        self._list: tuple[Selected, PointList] | None = None

    def expect_list(self, selected: Selected, points: PointList) -> None:
        """Have sentences refused that name only some points of a list which will be quoted as a whole."""
        self._list = (selected, points)

    def add(self, sentence: DraftSentence) -> str:
        """Check a sentence of the draft; keep it with its quotations, or return the name of the check it failed.

        A 1.5B model often gives the right words the wrong number, so a sentence is checked first against what
        it cites and then against the other evidence: what counts is that a stored sentence supports it.
        """
        vector = self._searcher.encode([sentence.text])[0]
        if any(float(vector @ other) > _SAME for other in self._vectors) or self._said(sentence.text):
            return "repetition"
        if self._beside_the_point(sentence.text, vector):
            return "relevance"
        failed = ""
        if _ABOUT_ITSELF.match(sentence.text) or _LOOK_IT_UP.search(sentence.text):
            return "relevance"
        named = resolve(sentence.text, self._searcher.library)
        spoken_for = {d.slug for d in named.documents if _says_name(sentence.text, d.title, d.short)}
        if spoken_for and named.missing:
            return "provisions"  # a document may say "GDPR Art. 107"; an answer does not repeat what does not exist
        nearness = {n: self._nearest(n, vector) for n in self._evidence}
        others = sorted((n for n in self._evidence if n not in sentence.cites), key=lambda n: -nearness[n])
        nearest = max(nearness, key=lambda n: nearness[n])
        for numbers in (
            sentence.cites,
            *((n,) for n in sentence.cites if len(sentence.cites) > 1),
            *((n,) for n in others),
        ):
            support = self._support(sentence.text, numbers, vector)
            reason = check_by_clause(sentence.text, support, vector, self._searcher.encode)
            cited = {self._evidence[n].item.document for n in numbers}
            if not reason and spoken_for and _SPEAKS_FOR.search(sentence.text) and cited.isdisjoint(spoken_for):
                reason = "attribution"  # who says "the Retention Policy says" cites it, not what speaks of it
            if reason in _CONTRADICTIONS and nearest in numbers:
                return reason  # what the nearest source denies is not made true by another
            if not reason and _YES_OR_NO.match(sentence.text) and not self._governs(numbers):
                reason = "governing"
            if not reason and self._names_some_only(sentence.text, numbers):
                return "completeness"
            shown = [] if reason else [(n, span) for n in numbers for span in self._shown(n, sentence.text, vector)]
            if any(contradicts(self._evidence[n].item.quote_text(span), sentence.text) for n, span in shown):
                reason = "polarity"  # what stands beside a claim must not deny it, whatever else the passage says
                if nearest in numbers:
                    return reason
            if not reason and self._of_another_provision(named.found, shown):
                reason = "provisions"  # "Section 5.4 says" beside words of section 5.6
            if not reason and any(self._of_another_document(sentence.text, n, support.best) for n in numbers):
                return "attribution"  # nor do words elsewhere make it true that happen to name that policy
            if not reason:
                marks = tuple(dict.fromkeys(self._citation(self._evidence[n], span) for n, span in shown))
                self.claims.append(Claim(sentence.text, marks))
                self._vectors.append(vector)
                self._cited.update(numbers)
                return ""
            failed = failed or reason
        return failed

    def _of_another_provision(self, places: Sequence[Place], shown: Sequence[tuple[int, Span]]) -> bool:
        """Tell whether a claim names provisions of the documents it cites, and the words shown beside it neither stand
        in one of them nor refer to one."""
        library = self._searcher.library
        cited = [(library.info(self._evidence[n].item.document), span) for n, span in shown]
        named = [place for place in places if any(info.number == place.document for info, _ in cited)]
        for place in named:
            numbers = provision_numbers_in(f"section {place.label}")
            for info, span in cited:
                inside = info.number == place.document and place.span.start < span.end and span.start < place.span.end
                if inside or numbers <= provision_numbers_in(span.of(library.document(info.slug).text)):
                    return False
        return bool(named)

    def _of_another_document(self, text: str, n: int, nearest: str) -> bool:
        """Tell whether the sentence nearest to a claim speaks of "this policy", and the claim of the policy on another
        matter: who approves exceptions to this policy approves none to another one."""
        item = self._evidence[n].item
        own = _THIS.search(nearest)
        if own is None:
            return False
        known = _word_stems(f"{item.title} {item.short}")
        kind = own.group(1).lower()
        return any(
            match.group(2).lower() == kind and not _word_stems(match.group(1)) & known for match in _THE.finditer(text)
        )

    def _governs(self, numbers: Sequence[int]) -> bool:
        """Tell whether one of these passages fits the question about as well as the best: a yes drawn from a rule for
        something like it is as often wrong as right."""
        best = max(selected.hit.score for selected in self._evidence.values())
        return any(self._evidence[n].hit.score >= _GOVERNS * best for n in numbers)

    def _beside_the_point(self, text: str, vector: Vectors) -> bool:
        similarity = float(vector @ self._asked)
        if self.claims:
            return similarity < _LEAST_RELEVANT
        if similarity >= _BESIDE or self._named:
            return False
        asked = _word_stems(self._question)
        return len(asked & _word_stems(text)) < _SHARED * len(asked)

    def add_quotation(
        self, selected: Selected, span: Span | None = None, *, points: int = 0, whole: bool = False
    ) -> None:
        """Add a claim that only introduces words of a piece of evidence: `span`, or its governing words, or with
        `whole` the passage if it is short.

        With `points`, `span` is a list of so many points.
        """
        document = self._searcher.library.document(selected.item.document)
        words = whole_words if whole else governing_words
        mark = self._citation(selected, span or words(document, selected, self._question))
        citation = self.citations[mark - 1]
        said = "says" if selected.item.kind.value == "law" else "(policy) says"
        count = f" in {points} points" if points else ""
        self.claims.append(Claim(f"{citation.cite} {said}{count}: “{citation.quote}”", (mark,), quoted=True))
        self._note(selected)

    def shows_governing(self, selected: Selected) -> bool:
        """Tell whether the governing sentence of a piece of evidence is quoted already."""
        document = self._searcher.library.document(selected.item.document)
        return self.shows(selected, governing_sentence(document, selected, self._question))

    def shows(self, selected: Selected, span: Span) -> bool:
        """Tell whether a range of the document of a piece of evidence is quoted already."""
        return any(
            one.document == selected.item.document and one.start <= span.start and span.end <= one.end
            for one in self.citations
        )

    def add_limitation(self, label: str, selected: Selected, span: Span) -> None:
        """Add a claim that quotes a condition or an exception, named by `label`."""
        mark = self._citation(selected, span)
        words = span.of(self._searcher.library.document(selected.item.document).text)
        self.claims.append(
            Claim(f"{label} ({self.citations[mark - 1].cite}): “{words}”", (mark,), quoted=True, label=label)
        )
        self._note(selected)

    def _note(self, selected: Selected) -> None:
        if selected.item.n:  # what no search brought has no number
            self._cited.add(selected.item.n)

    def _names_some_only(self, text: str, numbers: Sequence[int]) -> bool:
        if self._list is None or self._list[0].item.n not in numbers:
            return False
        selected, points = self._list
        return names_some_only(text, points, self._searcher.library.document(selected.item.document).text)

    def uncited(self) -> Iterable[Selected]:
        """Return the evidence that no claim cites yet, best first."""
        return [selected for n, selected in self._evidence.items() if n not in self._cited]

    def cited(self) -> list[Selected]:
        """Return the evidence that claims cite."""
        return [self._evidence[n] for n in sorted(self._cited)]

    def _said(self, text: str) -> bool:
        """Tell whether nearly all content words of `text` stand in one earlier sentence."""
        words = _word_stems(text)
        return any(len(words - _word_stems(claim.text)) <= len(words) // 6 for claim in self.claims)

    def _nearest(self, n: int, vector: Vectors) -> float:
        hits = self._searcher.sentences(self._evidence[n].hit.passage, vector)
        return max((hit.similarity for hit in hits), default=0.0)

    def _support(self, claim: str, numbers: Sequence[int], vector: Vectors) -> Support:
        parts, context, best = [], [], (0.0, 0.0, "")
        wanted, denied = numbers_in(claim), forbids(claim)
        for n in numbers:
            selected = self._evidence[n]
            item = selected.item
            parts += [item.lead_in, item.text]
            context += [item.cite, item.title, *item.path, *self._searcher.library.info(item.document).aliases]
            context += [place for place, there in self._places.items() if selected.hit.passage.document in there]
            for hit in self._searcher.sentences(selected.hit.passage, vector):
                words = item.quote_text(hit.span)
                if not may_rule(words):
                    continue
                # the sentence with the claim's own figures is the one it is about, and for a denial one that denies
                weight = hit.similarity + (_SAME_FIGURES if wanted and wanted <= numbers_in(words) else 0.0)
                weight += _SAME_DENIAL if denied and denies(words, claim) else 0.0
                best = max(best, (weight, hit.similarity, words))
        kinds = frozenset(self._evidence[n].item.kind.value for n in numbers)
        return Support("\n".join(parts), "\n".join(context), best[2], best[1], self._question, kinds)

    def _shown(self, n: int, claim: str, vector: Vectors) -> list[Span]:
        """Return the sentences that show the claim in evidence `n`, in order: the nearest and, if that lacks a number
        of the claim, the nearest one that has it."""
        selected = self._evidence[n]
        asked = {hit.id: hit.similarity for hit in selected.sentences}
        words = set(content_words(claim))

        def fit(hit: SentenceHit) -> float:
            shared = len(words & set(content_words(selected.item.quote_text(hit.span)))) / max(1, len(words))
            return hit.similarity + 0.5 * shared + 0.3 * asked.get(hit.id, 0.0)

        hits = sorted(self._searcher.sentences(selected.hit.passage, vector), key=fit, reverse=True)
        hits = [h for h in hits if may_rule(selected.item.quote_text(h.span))] or hits
        if not hits:
            return [selected.item.passage]
        chosen: list[SentenceHit] = [hits[0]]
        wanted = numbers_in(claim) - numbers_in(selected.item.quote_text(hits[0].span))
        for hit in hits[1:]:
            if not wanted or len(chosen) == _MOST_QUOTES:
                break
            has = numbers_in(selected.item.quote_text(hit.span))
            if wanted & has:
                chosen.append(hit)
                wanted -= has
        return sorted((hit.span for hit in chosen), key=lambda span: span.start)

    def _citation(self, selected: Selected, span: Span) -> int:
        item = selected.item
        document = self._searcher.library.document(item.document)
        label = _label(document, selected, span)
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
            status=item.status,
        )
        self.citations.append(citation)
        return citation.n


def _says_name(text: str, *names: str) -> bool:
    """Tell whether `text` has one of `names` in full; aliases do not count, some are everyday words ("legal hold")."""
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.I) for name in names)


def _word_stems(text: str) -> set[str]:
    """Return the beginnings of the content words: "notified" and "notification" count as one."""
    return {word[:5] for word in content_words(text)}


def _label(document: Document, selected: Selected, span: Span) -> str:
    """Return the most exact label for a range: that of the evidence it is part of where it crosses what bears numbers,
    for the innermost provision around that is the whole section ("5" for what is 5.1–5.3)."""
    item = selected.item
    begins = document.deepest_at(Span(span.start, span.start + 1))
    crosses = begins != document.deepest_at(span) and item.passage.contains(span)
    return (crosses and item.label) or document.pin_cite(span) or item.label
