"""Writes a conversation to a new Markdown file that only its owner can read."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

from pincite.answer.report import to_markdown
from pincite.domain.answers import Answer, documents_in
from pincite.domain.assistant import Exported

__all__ = ["export"]


def export(
    answers: Sequence[Answer], directory: Path, now: datetime | None = None, *, recorded: Exported | None = None
) -> Path:
    """Write `answers` to a file named after the time and the first question; return its path.

    Raises:
        OSError: if the file cannot be written.
        RecordError: if that it was cannot be recorded; it is then removed again.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"{now or datetime.now():%Y-%m-%d-%H%M%S}-{_slug(answers[0].question)}"
    text = to_markdown(answers)
    for number in count(1):
        path = directory / (f"{stem}.md" if number == 1 else f"{stem}-{number}.md")
        try:
            # O_EXCL: neither an earlier export nor a planted link is ever written to
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            if recorded is not None:
                try:
                    recorded("conversation", [path], documents_in(answers))
                except BaseException:
                    path.unlink()
                    raise
            file.write(text)
        return path
    raise AssertionError("count() does not end")


def _slug(question: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", question).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", ascii_only.lower())
    slug = ""
    for word in words:
        if len(slug) + len(word) > 40:
            break
        slug = f"{slug}-{word}" if slug else word
    return slug or "conversation"
