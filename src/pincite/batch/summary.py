"""Counts, times and digests of a run, for people and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pincite.batch.ground import Basis
from pincite.batch.result import STATUS_WORDS, Result
from pincite.domain.labels import Labels

__all__ = ["FAIL_ON", "Summary", "exit_code"]

_NO_ANSWER = ("not_found", "refused")
FAIL_ON = ("not-found", "partial")


@dataclass(slots=True)
class Summary:
    """What a run came to.

    Attributes:
        source: name of the question file; `source_sha256` its digest.
        basis: what answers rest on now; `model` the language model's name.
        questions: how many rows have a question.
        counts: rows by status.
        needs_review, same, changed: rows that need a look, that share another's answer, whose ground has changed.
        asked: how many questions this run put to the assistant; `seconds` how long it took for them.
        outputs: SHA-256 of each file written, by its name.
        stopped: whether the run was stopped before its end.
        notes: what was found in the form.
        labels: of the home, in their order; `label` the highest of the answers.
    """

    source: str
    source_sha256: str
    basis: Basis
    model: str = ""
    questions: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    confidence: Counter[str] = field(default_factory=Counter)
    needs_review: int = 0
    same: int = 0
    changed: int = 0
    asked: int = 0
    seconds: float = 0.0
    outputs: dict[str, str] = field(default_factory=dict)
    stopped: bool = False
    notes: Sequence[str] = ()
    labels: Labels = field(default_factory=Labels)
    label: str = ""

    def count(self, results: Iterable[Result]) -> None:
        """Count rows afresh."""
        found = list(results)
        self.questions = len(found)
        self.counts = Counter(result.status for result in found)
        self.confidence = Counter(result.confidence for result in found if result.answer is not None)
        self.needs_review = sum(bool(result.needs_review) for result in found)
        self.same = sum(bool(result.same_as) for result in found)
        self.changed = sum(bool(result.changed) for result in found)
        self.label = self.labels.highest(r.answer.label for r in found if r.answer is not None and r.answer.label)

    @property
    def per_hour(self) -> float:
        """Questions an hour at this run's speed; 0 if none was asked."""
        return 3600 * self.asked / self.seconds if self.asked and self.seconds else 0.0

    def counts_in_words(self) -> str:
        """Return the counts by status: ``31 answered, 4 answered in part``."""
        return ", ".join(f"{self.counts[s]:,} {words.lower()}" for s, words in STATUS_WORDS.items() if self.counts[s])

    def facts(self) -> list[tuple[str, str]]:
        """Return name and value of what a reader of a report needs; without times, so that equal runs are equal."""
        return [
            *([("Label", self.label)] if self.label else []),
            ("Question file", self.source),
            ("SHA-256 of the question file", self.source_sha256),
            ("Questions", f"{self.questions:,}"),
            *((words, f"{self.counts[s]:,}") for s, words in STATUS_WORDS.items() if self.counts[s]),
            *((f"Confidence {name}", f"{self.confidence[name]:,}") for name in ("high", "medium", "low", "none")),
            ("Need review", f"{self.needs_review:,}"),
            ("Share another row's answer", f"{self.same:,}"),
            ("Made with an earlier library, model or setting", f"{self.changed:,}"),
            ("Language model", self.model),
            *((f"Digest of the {name}", digest) for name, digest in self.basis.to_json().items()),
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the machine-readable summary."""
        return {
            "label": self.label,
            "questions": self.questions,
            "counts": {status: self.counts[status] for status in STATUS_WORDS},
            "confidence": {name: self.confidence[name] for name in ("high", "medium", "low", "none")},
            "needs_review": self.needs_review,
            "same_as_another": self.same,
            "changed_since": self.changed,
            "asked": self.asked,
            "seconds": round(self.seconds, 3),
            "questions_per_hour": round(self.per_hour, 1),
            "stopped": self.stopped,
            "model": self.model,
            "digests": {"input": self.source_sha256, **self.basis.to_json(), "outputs": dict(self.outputs)},
            "notes": list(self.notes),
        }


def exit_code(summary: Summary, fail_on: str) -> int:
    """Return a finished run's exit code: 0, 1 if rows failed, 3 or 4 if `fail_on` says that this is a failure.

    Args:
        summary: of the run.
        fail_on: ``not-found`` fails on rows without an answer (3); ``partial`` also on answers in part (4); "" on none.
    """
    if summary.counts["failed"]:
        return 1
    if fail_on and any(summary.counts[status] for status in _NO_ANSWER):
        return 3
    return 4 if fail_on == "partial" and summary.counts["partial"] else 0
