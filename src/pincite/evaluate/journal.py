"""The journal of a run: every finished question is on disk before the next is asked, so that a kill loses none."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from pincite.domain.text import printable_path
from pincite.errors import EvaluationError

__all__ = ["Journal", "journal_of", "write_run", "write_text"]


def journal_of(run: Path) -> Path:
    """Return where the journal of a run lies: ``RUN.journal.jsonl`` beside ``RUN.json``."""
    return run.with_name(f"{run.stem}.journal.jsonl")


class Journal:
    """Records by key, appended one line each; use as a context manager.

    A line that a kill cut off is removed when the journal is opened again. Records under other keys (of another
    library, model or question) stay where they are and are not given back.

    Args:
        path: the file; it is made if it does not exist.
        fresh: forget what is in it.

    Raises:
        EvaluationError: if it cannot be written, another run holds it, or a line of it is damaged.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise EvaluationError(f"{printable_path(path)}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if fresh:
                os.ftruncate(self._file, 0)
            self._records = self._read()
        except BlockingIOError as error:
            os.close(self._file)
            raise EvaluationError(f"{printable_path(path)}: another run is writing it", hint="Wait for it.") from error
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the record that was kept under `key`, or None."""
        return self._records.get(key)

    def append(self, key: str, record: dict[str, Any]) -> None:
        """Keep a record; it is on disk when this returns.

        Raises:
            EvaluationError: if it cannot be written.
        """
        line = json.dumps({"key": key, "record": record}, ensure_ascii=False).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)
        except OSError as error:
            raise EvaluationError(
                f"{printable_path(self._path)}: {error.strerror}",
                hint="What was finished before is kept; mend the cause and run the same command again.",
            ) from error
        self._records[key] = record

    def remove(self) -> None:
        """Delete the file: its records are in the run's own file now."""
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, dict[str, Any]]:
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):  # the line that was being written when the run was killed
            os.ftruncate(self._file, whole)
        records = {}
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                row = json.loads(line)
                records[row["key"]] = dict(row["record"])
            except (ValueError, KeyError, TypeError) as error:
                raise EvaluationError(
                    f"{printable_path(self._path)}, line {number}: damaged", hint="Start anew with --fresh."
                ) from error
        return records


def write_run(path: Path, run: dict[str, Any]) -> None:
    """Write a run's file whole or not at all.

    Raises:
        EvaluationError: if it cannot be written.
    """
    write_text(path, json.dumps(run, ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        EvaluationError: if it cannot be written.
    """
    fresh = path.with_name(f"{path.name}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise EvaluationError(
            f"{printable_path(path)}: {error.strerror}",
            hint="Every finished question is kept; mend the cause and run the same command again.",
        ) from error
