"""One question asked and judged: what was found, what was answered, and what that contributes to each measure."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Event as Flag
from typing import Any

import numpy as np

from pincite.answer.abstain import Policy, judge
from pincite.answer.checks import Support
from pincite.answer.clauses import check_by_clause
from pincite.answer.engine import Engine
from pincite.answer.evidence import rough_tokens, select_evidence
from pincite.config import Settings
from pincite.domain.answers import Answer, Citation, Claim, Reason, Status
from pincite.domain.events import Cancelled, Finished, Refused
from pincite.domain.text import sha256_text
from pincite.evaluate.gold import Gold, Resolver
from pincite.evaluate.measures import CUTS, ranking
from pincite.evaluate.sets import Case
from pincite.evaluate.snippets import straighten
from pincite.library import Library
from pincite.search import Searcher
from pincite.search.search import SearchResult

__all__ = ["Examiner", "Interrupted", "has_facts"]

_SHOWN = 10
ABSENT = "absent-provision"
"""The kind of question that names a provision which does not exist."""


class Interrupted(Exception):
    """The question was stopped before it was finished."""


@dataclass(slots=True)
class Examiner:
    """Asks questions of one library and judges what comes.

    Attributes:
        searcher: over the library.
        resolver: finds where the gold stands.
        settings: those that the engine was made with.
        engine: answers; None for searching only.
    """

    searcher: Searcher
    resolver: Resolver
    settings: Settings
    engine: Engine | None = None

    def examine(self, case: Case, stop: Flag | None = None) -> dict[str, Any]:
        """Ask a question and return all that is known then, as plain JSON values.

        Raises:
            Interrupted: if `stop` was set before the answer was complete.
        """
        gold = self.resolver.resolve(case)
        began = time.perf_counter()
        result = self.searcher.search(case.question, max(*CUTS, self.settings.passages))
        search_seconds = time.perf_counter() - began
        ranks = _ranks(gold, result)
        measures: dict[str, Any] = {"search_seconds": search_seconds}
        if gold.groups:
            measures |= ranking(ranks)
        record: dict[str, Any] = {
            "id": case.id,
            "question": case.question,
            "kind": case.kind,
            "source": list(case.source),
            "tags": list(case.tags),
            "answerable": case.answerable,
            "expected": _expected(case, gold, ranks),
            "hits": self._hits(gold, result),
            "strength": self._strength(result),
        }
        if self.engine is not None:
            answer = self._answer(self.engine, case, stop)
            record |= self._described(answer, gold)
            measures |= self._judged(case, gold, answer, record)
        return {**record, "measures": measures}

    def _answer(self, engine: Engine, case: Case, stop: Flag | None) -> Answer:
        answer: Answer | None = None
        for event in engine.ask(case.question, stop=stop):
            if isinstance(event, Finished | Refused):
                answer = event.answer
            elif isinstance(event, Cancelled):
                break
        if answer is None:
            raise Interrupted
        return answer

    def _hits(self, gold: Gold, result: SearchResult) -> list[dict[str, Any]]:
        library = self.searcher.library
        return [
            {
                "rank": rank,
                "document": library.documents[hit.passage.document].slug,
                "label": hit.passage.label,
                "start": hit.passage.span.start,
                "end": hit.passage.span.end,
                "score": round(hit.score, 4),
                "dense": round(hit.dense, 4),
                "sentence": round(hit.sentence, 4),
                "lexical": round(hit.lexical, 4),
                "exact": hit.exact,
                "gold": sorted(gold.covered_by(hit.passage.id)),
            }
            for rank, hit in enumerate(result.hits[:_SHOWN], 1)
        ]

    def _strength(self, result: SearchResult) -> dict[str, Any]:
        """Return what the engine would decide before any draft, and the score that it compares with its thresholds."""
        result = replace(result, hits=result.hits[: self.settings.passages])
        evidence = select_evidence(self.searcher, result, self.settings.evidence_tokens, rough_tokens)
        verdict = judge(result, evidence, Policy.of(self.searcher.library.directory))
        named = "withheld" if result.lookup.withheld else "missing" if result.lookup.missing else ""
        refused = bool(result.lookup.withheld) or bool(result.lookup.missing and not result.lookup.found)
        return {
            "score": round(float(verdict.score), 6),
            "reason": verdict.reason.value,
            "named": named,
            "refused": refused,
        }

    def _described(self, answer: Answer, gold: Gold) -> dict[str, Any]:
        """Return the answer as `pincite ask --json` prints it, with our judgement of each citation and claim."""
        described = answer.to_json()
        for row, citation in zip(described["citations"], answer.citations, strict=True):
            row["right"] = gold.right(citation) if gold.groups else None
            row["verbatim"] = _verbatim(self.searcher.library, citation)
        for row, claim in zip(described["claims"], answer.claims, strict=True):
            row["unsupported"] = self._failed(answer, claim)
        return {"answered": described}

    def _failed(self, answer: Answer, claim: Claim) -> str:
        """Return the check that a claim fails against the quotes it cites, "" if it passes."""
        cited = [citation for citation in answer.citations if citation.n in claim.citations]
        if not cited:
            return "uncited"
        if claim.quoted:
            return "" if any(claim.introduces(citation.quote) for citation in cited) else "quotation"
        alone = [(citation,) for citation in cited]
        vector = self.searcher.encode([claim.text])[0]
        checks = [
            check_by_clause(claim.text, self._support(answer, claim, quotes), vector, self.searcher.encode)
            for quotes in (*alone, *([tuple(cited)] if len(cited) > 1 else []))
        ]
        return "" if "" in checks else checks[0]

    def _support(self, answer: Answer, claim: Claim, quotes: Sequence[Citation]) -> Support:
        """Return quotes in the form of what a draft's sentence cites; the best is the one most like the claim."""
        words = [citation.quote for citation in quotes]
        vectors = self.searcher.encode([claim.text, *words])
        similarities = vectors[1:] @ vectors[0]
        best = int(np.argmax(similarities))
        return Support(
            text="\n".join(words),
            context="\n".join(f"{citation.cite} {citation.title}" for citation in quotes),
            best=words[best],
            similarity=float(similarities[best]),
            question=answer.standalone,
            kinds=frozenset(citation.kind.value for citation in quotes),
        )

    def _judged(self, case: Case, gold: Gold, answer: Answer, record: dict[str, Any]) -> dict[str, Any]:
        citations, claims = record["answered"]["citations"], record["answered"]["claims"]
        measures: dict[str, Any] = {
            "verbatim": [sum(row["verbatim"] for row in citations), len(citations)],
            "support": [sum(not row["unsupported"] for row in claims), len(claims)],
            **_abstention(case, answer),
        }
        if answer.prompt_tokens:
            measures |= {"prompt_tokens": answer.prompt_tokens, "seconds": answer.timings.total}
        if case.answerable and case.must:
            measures["facts"] = float(has_facts(case, shown_text(answer)))
            measures["facts_strict"] = float(has_facts(case, said_text(answer)))
        if gold.groups:
            measures["evidence_cited"] = float(all(group.quoted_by(answer.citations) for group in gold.groups))
            measures["citation_precision"] = [sum(row["right"] for row in citations), len(citations)]
        if "facts" in measures and gold.groups:
            measures["success"] = measures["facts"] * measures["evidence_cited"]
        return measures


def said_text(answer: Answer) -> str:
    """Return the sentences of an answer without their marks; empty if there is none."""
    return " ".join(claim.text for claim in answer.claims)


def shown_text(answer: Answer) -> str:
    """Return what a reader sees of an answer: its sentences, then the pin-cite and the quote of each source.

    Each pin-cite stands there twice, as shown and with "Art." written out, so that a set that expects "Article 33" is
    not failed by an abbreviation.
    """
    sources = [
        f"{citation.cite} ({citation.label.replace('Art. ', 'Article ')}) {citation.quote}"
        for citation in answer.citations
    ]
    return "\n".join((said_text(answer), *sources)) if answer.claims else ""


def has_facts(case: Case, text: str) -> bool:
    """Tell whether `text` has all that a right answer must have and nothing that a wrong one has.

    Patterns are tried on the text as it is and on its straightened form (white space, quotation marks, dashes).
    """
    if not text:
        return False
    forms = (text, straighten(text))
    return all(any(pattern.search(form) for form in forms) for pattern in case.must) and not any(
        pattern.search(form) for pattern in case.must_not for form in forms
    )


def _abstention(case: Case, answer: Answer) -> dict[str, Any]:
    if case.answerable is None:
        return {}
    abstained = answer.status in (Status.NOT_FOUND, Status.REFUSED)
    right = abstained and not case.answerable
    measures: dict[str, Any] = {
        "abstention_precision": [int(right), int(abstained)],
        # 2 TP / (2 TP + FP + FN) over all questions is the harmonic mean
        "abstention_f1": [2 * int(right), 2 if right else int(abstained or not case.answerable)],
    }
    if case.answerable:
        return measures | {"false_abstention": float(abstained)}
    measures |= {"abstention_recall": float(abstained), "answered_unanswerable": float(not abstained)}
    if case.kind == ABSENT:
        refused = answer.status is Status.REFUSED and answer.reason is Reason.NO_SUCH_PROVISION
        measures["absent_refused"] = float(refused)
    return measures


def _verbatim(library: Library, citation: Citation) -> bool:
    text = library.document(citation.document).text
    stored = text[citation.start : citation.end].encode("utf-8")
    return stored == citation.quote.encode("utf-8") and sha256_text(text) == citation.text_sha256


def _ranks(gold: Gold, result: SearchResult) -> list[int | None]:
    """Return the rank (from 1) of the first passage that covers each group, None if none does."""
    ids = [hit.passage.id for hit in result.hits]
    return [next((i for i, one in enumerate(ids, 1) if one in group.passages), None) for group in gold.groups]


def _expected(case: Case, gold: Gold, ranks: Sequence[int | None]) -> dict[str, Any]:
    groups = [
        {
            "targets": [target.value for target in group.targets],
            "places": list(dict.fromkeys(f"{place.document} {place.label}" for place in group.places)),
            "in_library": bool(group.passages),
            "rank": rank,
        }
        for group, rank in zip(gold.groups, ranks, strict=True)
    ]
    return {
        "note": case.note,
        "must": [pattern.pattern for pattern in case.must],
        "must_not": [pattern.pattern for pattern in case.must_not],
        "gold": groups,
    }
