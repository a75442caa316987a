"""Answers, claims and citations, with the JSON form that scripts rely on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from pincite.domain.documents import DocumentKind, Span

__all__ = [
    "BESIDE_THE_POINT",
    "Answer",
    "Citation",
    "Claim",
    "Difference",
    "EvidenceItem",
    "Reason",
    "Relation",
    "Status",
    "Timings",
    "documents_in",
]


BESIDE_THE_POINT = frozenset({"repetition", "relevance", "completeness"})
"""Checks whose failing takes a sentence out of the answer without making the answer a partial one."""


class Status(StrEnum):
    """How a question ended."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    NOT_FOUND = "not_found"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why there is no answer, or only part of one; empty when answered in full."""

    NONE = ""
    NO_PASSAGE = "no_passage"
    NO_SUCH_PROVISION = "no_such_provision"
    NOT_IN_FORCE = "not_in_force"
    INSUFFICIENT = "insufficient"
    DRAFT_FAILED = "draft_failed"


class Relation(StrEnum):
    """How a policy stands to the law on one point."""

    STRICTER = "stricter"
    LOOSER = "looser"  # a conflict: the policy allows what the law does not
    SAME = "same"
    DIFFERENT = "different"  # who decides is somebody else
    SILENT = "silent"  # the law names no number where the policy does


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One numbered piece of evidence: a passage and the sentences chosen from it.

    Attributes:
        n: the number shown as ``[n]``, from 1.
        document: slug; `title` is its full title, `short` the name used in pin-cites ("GDPR").
        kind: law or policy.
        label: pin-cite inside the document.
        path: headings above it.
        passage: the passage's range in the document's text; `text` is the words of that range.
        quotes: ranges (document offsets) of the sentences that matter, each inside `passage` or its lead-in.
        score: retrieval score in [0, 1]; comparable only within one answer.
        text_sha256: digest of the document's whole normalised text, to which all offsets refer.
        effective: date from which the document applies, as its provenance gives it; may be empty.
        status: what a reader must know of the document's dates ("not yet in force: effective from 2027-01-01"); empty
            if it is in force.
    """

    n: int
    document: str
    title: str
    short: str
    kind: DocumentKind
    label: str
    path: tuple[str, ...]
    passage: Span
    text: str
    lead_in: str
    quotes: tuple[Span, ...]
    score: float
    text_sha256: str
    effective: str = ""
    status: str = ""

    def quote_text(self, quote: Span) -> str:
        """Return the words of one of `quotes` that lies inside `passage`."""
        return self.text[quote.start - self.passage.start : quote.end - self.passage.start]

    @property
    def cite(self) -> str:
        """The full pin-cite, for example ``GDPR Art. 33(1)``."""
        return f"{self.short} {self.label}".strip()


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quotation: `quote` is exactly `document text[start:end]`; `status` as in `EvidenceItem`."""

    n: int
    document: str
    title: str
    short: str
    label: str
    kind: DocumentKind
    quote: str
    start: int
    end: int
    text_sha256: str
    effective: str = ""
    status: str = ""

    @property
    def cite(self) -> str:
        """The full pin-cite, for example ``GDPR Art. 33(1)``."""
        return f"{self.short} {self.label}".strip()

    def to_json(self) -> dict[str, Any]:
        """Return the citation as plain JSON values."""
        return {
            "n": self.n,
            "document": self.document,
            "title": self.title,
            "label": self.label,
            "kind": self.kind.value,
            "quote": self.quote,
            "start": self.start,
            "end": self.end,
            "text_sha256": self.text_sha256,
            "effective": self.effective,
            "status": self.status or "in force",
        }


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the answer and the numbers of the citations that support it.

    `quoted` is true when the sentence is not the model's but introduces words quoted from the source; `label` then
    says what they are to the rule, "Exception" or "Condition", and is empty for the rule itself.
    """

    text: str
    citations: tuple[int, ...]
    quoted: bool = False
    label: str = ""

    def introduces(self, quote: str) -> bool:
        """Tell whether the words that a quoted claim introduces are `quote` or, where it has a label, part of it."""
        words = self.text.partition("“")[2].removesuffix("”")
        return quote in self.text or (bool(self.label) and bool(words) and words in quote)

    def to_json(self) -> dict[str, Any]:
        """Return the claim as plain JSON values."""
        return {"text": self.text, "citations": list(self.citations), "quoted": self.quoted, "label": self.label}


@dataclass(frozen=True, slots=True)
class Difference:
    """How a policy stands to the law on one point that both govern.

    Attributes:
        relation: see `Relation`; `role` is what was compared: "deadline", "extension", "retention", "frequency",
            "age", "amount" or "decider".
        policy, law: numbers of the citations compared.
        policy_span, law_span: the words compared, in the text of the cited documents.
        text: the finding in one sentence; its figures are cut from those texts.
    """

    relation: Relation
    role: str
    policy: int
    law: int
    policy_span: Span
    law_span: Span
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return the difference as plain JSON values."""
        return {
            "relation": self.relation.value,
            "role": self.role,
            "policy": {"citation": self.policy, "start": self.policy_span.start, "end": self.policy_span.end},
            "law": {"citation": self.law, "start": self.law_span.start, "end": self.law_span.end},
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent; `evidence` counts from the question to the evidence being known."""

    evidence: float = 0.0
    prompt: float = 0.0
    generation: float = 0.0
    check: float = 0.0
    total: float = 0.0

    def to_json(self) -> dict[str, float]:
        """Return the timings in seconds, rounded to milliseconds."""
        return {name: round(getattr(self, name), 3) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one question.

    Attributes:
        question: as asked; `standalone` is the self-contained form that was searched for.
        status, reason: see `Status` and `Reason`; `message` says the reason in words for people.
        claims: supported sentences in order.
        citations: what they cite, numbered from 1.
        differences: where a policy and the law that are both cited differ or agree, as far as that can be checked.
        nearest: the passages that came closest, when there is no answer.
        dropped: sentences of the draft that failed the checks, with the failing check's name.
        digests: SHA-256 of all that produced the answer (library, model, embedder, prompt).
        prompt_tokens, answer_tokens: tokens read and written by the model.
        as_of: the day whose texts were asked, None for today's.
        day: the day on which the question was asked; what is said of texts in force rests on it.
    """

    question: str
    standalone: str
    status: Status
    reason: Reason
    message: str = ""
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    differences: tuple[Difference, ...] = ()
    nearest: tuple[EvidenceItem, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    digests: dict[str, str] = field(default_factory=dict)
    timings: Timings = Timings()
    prompt_tokens: int = 0
    answer_tokens: int = 0
    as_of: date | None = None
    day: date | None = None

    @property
    def text(self) -> str:
        """The answer in plain text, each sentence followed by its ``[n]`` marks; empty if there is none."""
        return " ".join(claim.text + " " + "".join(f"[{n}]" for n in claim.citations) for claim in self.claims)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object printed by ``pincite ask --json``."""
        return {
            "question": self.question,
            "standalone": self.standalone,
            "status": self.status.value,
            "reason": self.reason.value,
            "message": self.message,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "day": self.day.isoformat() if self.day else None,
            "answer": self.text,
            "claims": [claim.to_json() for claim in self.claims],
            "citations": [citation.to_json() for citation in self.citations],
            "differences": [difference.to_json() for difference in self.differences],
            "nearest": [
                {
                    "document": item.document,
                    "label": item.label,
                    "kind": item.kind.value,
                    "status": item.status or "in force",
                }
                for item in self.nearest
            ],
            "dropped": [{"text": text, "check": check} for text, check in self.dropped],
            "digests": dict(self.digests),
            "timings": self.timings.to_json(),
            "prompt_tokens": self.prompt_tokens,
            "answer_tokens": self.answer_tokens,
        }


def documents_in(answers: Iterable[Answer]) -> set[str]:
    """Return the slugs of the documents whose words stand in `answers`: cited, or shown as what came closest."""
    found = set()
    for answer in answers:
        found |= {citation.document for citation in answer.citations} | {item.document for item in answer.nearest}
    return found
