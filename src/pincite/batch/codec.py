"""Answers as JSON and back, without loss: what the journal keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any

from pincite.domain.answers import Answer, Citation, Claim, Difference, EvidenceItem, Reason, Relation, Status, Timings
from pincite.domain.documents import DocumentKind, Span

__all__ = ["answer_from_json", "answer_to_json"]


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """Return every field of an answer as plain JSON values."""
    values = dataclasses.asdict(answer)
    for name in ("as_of", "day"):
        values[name] = values[name].isoformat() if values[name] else None
    return values


def answer_from_json(values: Mapping[str, Any]) -> Answer:
    """Return the answer of which `answer_to_json` made `values`.

    Raises:
        KeyError, TypeError, ValueError: if it did not.
    """
    return Answer(
        **{
            **values,
            "status": Status(values["status"]),
            "reason": Reason(values["reason"]),
            "claims": tuple(Claim(**{**c, "citations": tuple(c["citations"])}) for c in values["claims"]),
            "citations": tuple(Citation(**{**c, "kind": DocumentKind(c["kind"])}) for c in values["citations"]),
            "nearest": tuple(map(_item, values["nearest"])),
            "differences": tuple(map(_difference, values["differences"])),
            "dropped": tuple((text, check) for text, check in values["dropped"]),
            "timings": Timings(**values["timings"]),
            "as_of": _day(values["as_of"]),
            "day": _day(values["day"]),
        }
    )


def _difference(values: Mapping[str, Any]) -> Difference:
    spans = {name: Span(**values[name]) for name in ("policy_span", "law_span")}
    return Difference(**{**values, **spans, "relation": Relation(values["relation"])})


def _item(values: Mapping[str, Any]) -> EvidenceItem:
    return EvidenceItem(
        **{
            **values,
            "kind": DocumentKind(values["kind"]),
            "path": tuple(values["path"]),
            "passage": Span(**values["passage"]),
            "quotes": tuple(Span(**quote) for quote in values["quotes"]),
        }
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
