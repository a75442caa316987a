"""The journal of a run: every finished answer is appended and synced before the next question is asked."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from pincite.batch.codec import answer_from_json, answer_to_json
from pincite.batch.ground import Basis
from pincite.batch.result import QuotedPassage, Review
from pincite.domain.answers import Answer
from pincite.errors import OutputError

__all__ = ["Journal", "Kept", "failed_write"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What the journal holds for one question: the answer or the error, what it rested on, and its review."""

    basis: Basis
    answer: Answer | None = None
    passages: tuple[QuotedPassage, ...] = ()
    error: str = ""
    review: Review | None = None


class Journal:
    """An append-only file of JSON lines; the last line about a question holds.

    A line is written whole and synced to the disk, or it is taken back. A line that a kill has cut off is the last one
    and has no line feed; it is removed when the journal is opened.

    Args:
        path: the file; it is made if it does not exist.

    Attributes:
        outputs: names of the files that runs with this journal have written.

    Raises:
        OutputError: if it cannot be written, is in use by another run, or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outputs: set[str] = set()
        self._turn = Lock()  # a review may come while a run appends
        self._kept: dict[str, Kept] = {}
        try:
            new = not path.exists()
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise failed_write(path, error) from error
        try:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise OutputError(
                    f"{path}: another run is writing to this journal", hint="Wait for it, or stop it, then try again."
                ) from error
            if new:
                _sync_directory(path.parent)
            self._size = self._read()
        except BaseException:
            os.close(self._file)
            raise

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str) -> Kept | None:
        """Return what is kept for a question's key."""
        return self._kept.get(key)

    def add_answer(self, key: str, basis: Basis, answer: Answer, passages: Sequence[QuotedPassage]) -> None:
        """Keep an answer; an earlier one, and its review, hold no longer."""
        self._append(
            {
                "key": key,
                "basis": basis.to_json(),
                "answer": answer_to_json(answer),
                "passages": [asdict(passage) for passage in passages],
            }
        )
        self._kept[key] = Kept(basis, answer, tuple(passages))

    def add_failure(self, key: str, basis: Basis, error: str) -> None:
        """Keep the reason why a question could not be answered."""
        self._append({"key": key, "basis": basis.to_json(), "error": error})
        self._kept[key] = Kept(basis, error=error)

    def add_review(self, key: str, review: Review | None) -> None:
        """Keep who has looked at the answer, or that nobody has after all."""
        self._append({"key": key, "review": asdict(review) if review else None})
        self._kept[key] = replace(self._kept[key], review=review)

    def add_output(self, name: str) -> None:
        """Keep that a file is one of this journal's outputs, which later runs may replace."""
        if name not in self.outputs:
            self._append({"output": name})
            self.outputs.add(name)

    def close(self) -> None:
        """Let go of the file; one in which nothing was written is removed."""
        if self._file >= 0:
            if not self._size:
                with suppress(OSError):
                    self.path.unlink()
            os.close(self._file)
            self._file = -1

    def _read(self) -> int:
        """Read all whole lines, cut off the rest, and return the size in bytes."""
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            content = file.read()
        size = content.rfind(b"\n") + 1
        if size < len(content):
            os.ftruncate(self._file, size)
        for number, line in enumerate(content[:size].splitlines(), 1):
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise OutputError(
                    f"{self.path}, line {number}: this is no line of a journal ({error})",
                    hint="Choose another output, or move the file away to begin anew.",
                ) from error
        return size

    def _take(self, line: Mapping[str, Any]) -> None:
        if line["form"] != _FORMAT:
            raise ValueError(f"form {line['form']}, this program reads form {_FORMAT}")
        if "output" in line:
            self.outputs.add(line["output"])
            return
        key = line["key"]
        if "review" in line:
            review = Review(**line["review"]) if line["review"] else None
            self._kept[key] = replace(self._kept[key], review=review)
            return
        basis = Basis(**line["basis"])
        if "error" in line:
            self._kept[key] = Kept(basis, error=line["error"])
            return
        passages = tuple(QuotedPassage(**{**p, "path": tuple(p["path"])}) for p in line["passages"])
        self._kept[key] = Kept(basis, answer_from_json(line["answer"]), passages)

    def _append(self, values: Mapping[str, Any]) -> None:
        line = json.dumps({"form": _FORMAT, **values}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        written = 0
        with self._turn:
            try:
                while written < len(line):
                    written += os.write(self._file, line[written:])
                os.fsync(self._file)
            except OSError as error:
                os.ftruncate(self._file, self._size)  # a full disk takes half a line; the next run must not see it
                raise failed_write(self.path, error) from error
            self._size += len(line)


def failed_write(path: Path, error: OSError) -> OutputError:
    """Return the error for a file that cannot be written, with what is still safe."""
    return OutputError(
        f"{path}: {error.strerror}",
        hint="Choose a place that can be written with -o, or free some space. Answers already in a journal stay there; "
        "the same command goes on from them.",
    )


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
