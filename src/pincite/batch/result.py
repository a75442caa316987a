"""What came of one row: the answer, how far it may be trusted, and its words for the cells of a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pincite.answer.report import refusal
from pincite.batch.outside import points_outside
from pincite.domain.answers import BESIDE_THE_POINT, Answer, Citation, Reason, Status
from pincite.domain.text import collapse, printable

__all__ = ["NOT_ASKED", "STATUS_WORDS", "QuotedPassage", "Result", "Review", "cite_line"]

NOT_ASKED = "not_asked"
STATUS_WORDS = {
    "answered": "Answered",
    "partial": "Answered in part",
    "not_found": "Not found in corpus",
    "refused": "Refused",
    "failed": "Failed",
    "kept": "Filled in before",
    NOT_ASKED: "Not asked yet",
}
_REASON_WORDS = {
    Reason.NONE: "",
    Reason.NO_PASSAGE: "nothing in the corpus is about this",
    Reason.NO_SUCH_PROVISION: "a provision named does not exist",
    Reason.NOT_IN_FORCE: "the text named was not in force",
    Reason.INSUFFICIENT: "passages found do not suffice",
    Reason.DRAFT_FAILED: "the draft failed the checks",
}


@dataclass(frozen=True, slots=True)
class QuotedPassage:
    """The stored words around citation `n`: the passage's text, where it begins in the document, what stands above."""

    n: int
    text: str
    start: int
    lead_in: str
    path: tuple[str, ...]

    def parts(self, citation: Citation) -> tuple[str, str, str] | None:
        """Return the passage before, in and after the quotation; None if the words are not in it.

        A quotation may begin in the lead-in, which is stored apart; then only what lies inside is marked.
        """
        begin, end = max(citation.start - self.start, 0), citation.end - self.start
        if begin >= end or not citation.quote.endswith(self.text[begin:end]):
            return None
        return self.text[:begin], self.text[begin:end], self.text[end:]


@dataclass(frozen=True, slots=True)
class Review:
    """Who has looked at an answer, and when (ISO date and time)."""

    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of one row.

    Attributes:
        answer: None if the row failed, was not asked or had been filled in by somebody.
        passages: the words around each quotation.
        error: why the row could not be asked, in words.
        kept: the answer that stood in the form.
        same_as: id of the row whose answer this is, because it asks the same; empty if the row was asked itself.
        changed: what differs now from what made the answer ("library"); empty if nothing does.
        review: who has looked at it.
    """

    answer: Answer | None = None
    passages: tuple[QuotedPassage, ...] = ()
    error: str = ""
    kept: str = ""
    same_as: str = ""
    changed: str = ""
    review: Review | None = None

    @property
    def status(self) -> str:
        """One of `STATUS_WORDS`."""
        if self.answer is not None:
            return self.answer.status.value
        return "failed" if self.error else "kept" if self.kept else NOT_ASKED

    @property
    def confidence(self) -> str:
        """How much the checks support the answer: ``high``, ``medium``, ``low``, ``none``; a rule, no probability.

        high: answered, and no drafted sentence failed a check. medium: drafted sentences passed, but others failed,
        or part of the question has no answer. low: only governing words are quoted. none: there is no answer.
        """
        answer = self.answer
        if answer is None or not answer.claims:
            return "none"
        if all(claim.quoted for claim in answer.claims):
            return "low"
        whole = answer.status is Status.ANSWERED and not self._failed_checks()
        return "high" if whole else "medium"

    def _failed_checks(self) -> int:
        return sum(check not in BESIDE_THE_POINT for _, check in self.answer.dropped) if self.answer else 0

    @property
    def needs_review(self) -> str:
        """Why somebody should read this before it is sent, in words; empty if only the usual care is due."""
        if self.error:
            return "it was not answered"
        answer = self.answer
        if answer is None:
            return ""
        if not answer.claims:
            return "there is no answer"
        reasons = []
        if self.changed:
            reasons.append(f"the {self.changed} has changed since")
        if self.confidence == "low":
            reasons.append("only quotations, no drafted sentence passed the checks")
        elif self._failed_checks():
            reasons.append("part of the draft failed the checks")
        elif answer.status is not Status.ANSWERED:
            reasons.append("answered in part")
        if any(citation.status for citation in answer.citations):
            reasons.append("cites a text that is not in force")
        if outside := points_outside(answer.question):
            reasons.append(f"“{printable(outside)}” is explained outside the question")
        if self.same_as:
            reasons.append(f"taken from {self.same_as}")
        return "; ".join(reasons)

    @property
    def text(self) -> str:
        """The answer's words with ``[n]``, or why there is none."""
        answer = self.answer
        if answer is None:
            return self.error or self.kept
        if not answer.claims:
            return f"{STATUS_WORDS[self.status]}. {refusal(answer)}"
        return "\n".join(printable(part) for part in (answer.text, answer.message) if part)

    @property
    def reason(self) -> str:
        """Why there is no answer or only part of one, in words."""
        return self.error or (_REASON_WORDS[self.answer.reason] if self.answer else "")

    def cells(self) -> dict[str, str]:
        """Return what is written beside the question, by the names of `grid.COLUMNS`; empty if it was not asked."""
        if self.status in (NOT_ASKED, "kept"):
            return {}
        citations = self.answer.citations if self.answer else ()
        review = self.needs_review
        return {
            "Answer": "" if self.error else self.text,
            "Status": STATUS_WORDS[self.status],
            "Reason": self.reason,
            "Citations": "\n".join(f"[{c.n}] {cite_line(c)}" for c in citations),
            "Quotes": "\n".join(f"[{c.n}] “{printable(c.quote)}”" for c in citations),
            "Confidence": self.confidence,
            "Needs review": f"yes: {review}" if review else "no",
            "Same as": self.same_as,
            "Reviewed by": f"{self.review.by}, {self.review.at}" if self.review else "",
            "Answer label": printable(self.answer.label) if self.answer else "",
        }

    def to_json(self) -> dict[str, Any]:
        """Return what scripts read: the answer as `pincite ask --json` prints it, less times, and what a batch adds.

        Its label is called "answer_label" here: a row's own "label" says which documents may answer.
        """
        answer: Mapping[str, Any] = self.answer.to_json() if self.answer else {}
        values = {name: value for name, value in answer.items() if name not in ("question", "timings")}
        if self.answer is not None:
            for citation, shown in zip(self.answer.citations, values["citations"], strict=True):
                shown["cite"] = citation.cite
        return {
            "status": self.status,
            **{name: value for name, value in values.items() if name not in ("status", "label")},
            "answer_label": values.get("label", ""),
            "error": self.error,
            "confidence": self.confidence,
            "needs_review": self.needs_review,
            "same_as": self.same_as,
            "changed_since": self.changed,
            "reviewed_by": self.review.by if self.review else "",
            "reviewed_at": self.review.at if self.review else "",
        }


def cite_line(citation: Citation) -> str:
    """Return a pin-cite with what a reader must know of the text: ``GDPR Art. 33 · law · effective 2018-05-25``."""
    effective = citation.effective if "effective" not in citation.status else ""
    parts = (citation.cite, citation.kind.value, f"effective {effective}" if effective else "", citation.status)
    return " · ".join(collapse(printable(part)) for part in parts if part)
