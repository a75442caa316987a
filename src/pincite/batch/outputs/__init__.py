"""Writes a run's results: the form filled in, or a table or report of its own, by the ending of the output's name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pincite.batch.forms import ENDINGS
from pincite.batch.journal import failed_write
from pincite.batch.result import Result
from pincite.batch.rows import Form
from pincite.batch.summary import Summary
from pincite.errors import OutputError

__all__ = ["check_output", "content_of", "write_output"]

_TABLES = (".jsonl", ".csv", ".tsv", ".md", ".html", ".xlsx")


def check_output(path: Path, questions: Path, *, table: bool, own: bool, overwrite: bool) -> None:
    """Refuse an output that could not be written at the end, before anything is asked.

    Args:
        path: the output.
        questions: the question file.
        table: whether a table is wanted even where the output has the form's ending.
        own: whether an earlier run with the same journal wrote it.
        overwrite: whether the user allows to replace any other file.

    Raises:
        OutputError: naming the output and what to do.
    """
    filled = path.suffix.lower() == questions.suffix.lower() and not table
    if not filled and path.suffix.lower() not in _TABLES:
        raise OutputError(
            f"{path}: answers are written as {', '.join(_TABLES)}, or in the form of the question file",
            hint=f"Its form is {questions.suffix.lower() or 'plain text'}; read are {', '.join(ENDINGS)}.",
        )
    if path.exists() and questions.exists() and path.samefile(questions):
        raise OutputError(f"{path}: this is the question file itself", hint="Choose another output with -o.")
    if path.is_dir():
        raise OutputError(f"{path}: this is a directory", hint="Name a file: -o answers.xlsx.")
    if path.exists() and not own and not overwrite:
        raise OutputError(
            f"{path}: this file exists and is not of an earlier run",
            hint="Choose another output with -o, or allow it with --overwrite.",
        )
    try:
        descriptor = os.open(_beside(path), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise failed_write(path, error) from error
    os.close(descriptor)
    with suppress(OSError):
        _beside(path).unlink()


def content_of(
    path: Path, questions: Path, form: Form, results: Mapping[int, Result], summary: Summary, *, table: bool
) -> bytes:
    """Return what goes into an output."""
    ending = path.suffix.lower()
    if ending == questions.suffix.lower() and not table:
        return form.filled(results)
    if ending == ".jsonl":
        from pincite.batch.outputs.tables import to_jsonl

        return to_jsonl(form.rows, results)
    if ending in (".csv", ".tsv"):
        from pincite.batch.outputs.tables import to_csv

        return to_csv(form.rows, results, separator="\t" if ending == ".tsv" else ",")
    if ending == ".md":
        from pincite.batch.outputs.tables import to_markdown

        return to_markdown(form.rows, results, summary)
    if ending == ".html":
        from pincite.batch.outputs.html import to_html

        return to_html(form.rows, results, summary)
    from pincite.batch.outputs.xlsx import to_xlsx

    return to_xlsx(form.rows, results, summary)


def write_output(path: Path, content: bytes) -> str:
    """Put `content` in the place of `path` in one step, readable by its owner only; return its SHA-256.

    Raises:
        OutputError: if it cannot be written; what stood there before is then untouched.
    """
    fresh = _beside(path)
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise failed_write(path, error) from error
    return hashlib.sha256(content).hexdigest()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")
