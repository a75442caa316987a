"""What is embedded for a passage and for a sentence: its words with what they need to be understood alone."""

from __future__ import annotations

import re

from pincite.domain.documents import Passage, Span
from pincite.ingest.parse import Parsed

__all__ = ["passage_texts", "sentence_texts"]

_COLUMN = re.compile(r"(?:^|; )[A-Z][^:;.]{0,40}: ")


def passage_texts(one: Parsed) -> list[str]:
    """Return what is embedded for each passage: where it stands, what introduces it, what it says."""
    document = one.document
    return [
        "\n".join(filter(None, (f"{document.short} {' › '.join(p.path)}", _lead(one, p), p.span.of(document.text))))
        for p in one.passages
    ]


def sentence_texts(one: Parsed) -> list[list[str]]:
    """Return what is embedded for each sentence: its nearest heading, its lead-in and its words."""
    text = one.document.text
    return [
        [
            " ".join(filter(None, (f"{p.path[-1]}:" if p.path else "", _lead(one, p), _cells(span.of(text)))))
            for span in p.sentences
        ]
        for p in one.passages
    ]


def _cells(sentence: str) -> str:
    """Return a table row's cells without their column headings, which would drown the words that matter."""
    if len(_COLUMN.findall(sentence)) < 2:
        return sentence
    return _COLUMN.sub(" ", sentence).strip()


def _lead(one: Parsed, passage: Passage) -> str:
    lead = passage.lead_in or Span(0, 0)
    return lead.of(one.document.text)[-300:]
