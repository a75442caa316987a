"""Reading the log: its records in order, payloads opened where their keys are still there; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pincite.errors import RecordError
from pincite.record.chain import LOG
from pincite.record.files import failed
from pincite.record.payloads import Opening, PayloadKeys
from pincite.record.verify_log import VerifyError, parse_line

__all__ = ["Line", "Record", "read_lines", "read_records"]


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        index: its place in the log, from 0.
        time: when it was written, UTC, "2031-05-01T09:30:00.123Z", by the clock of the machine.
        kind: "answer", "refusal", "corpus" and so on; docs/audit.md lists them.
        user: name of the account of the operating system.
        public: what stands in clear.
        secret: the decrypted payload; None if there was none or its key was destroyed.
        erased: whether there was a payload whose key was destroyed.
        documents: slugs of documents whose words stand in the payload.
        files: paths that an export wrote.
    """

    index: int
    time: str
    kind: str
    user: str
    public: dict[str, Any]
    secret: dict[str, Any] | None
    erased: bool
    documents: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One record as it stands in the log: `raw` without its line feed, its leaf hash, its body as JSON values."""

    raw: bytes
    leaf: bytes
    body: dict[str, Any] = field(repr=False)

    @property
    def index(self) -> int:
        """The record's place in the log."""
        return int(self.body["index"])


def read_lines(directory: Path) -> Iterator[Line]:
    """Yield every whole record of the log in `directory`; one that is being written is not there yet.

    Raises:
        RecordError: if there is no log, it cannot be read, or a record is not what its hash says.
    """
    path = directory / LOG
    try:
        with path.open("rb") as file:
            for index, line in enumerate(file):
                if not line.endswith(b"\n"):
                    return
                try:
                    leaf, body = parse_line(line[:-1], index)
                except VerifyError as error:
                    raise RecordError(f"{path}: {error}", hint="See what else is: pincite audit verify") from error
                yield Line(line[:-1], leaf, body)
    except FileNotFoundError as error:
        raise RecordError(f"{path}: there is no audit log yet", hint="The first question begins it.") from error
    except OSError as error:
        raise failed(path, error) from error


def read_records(directory: Path) -> Iterator[Record]:
    """Yield every record of the log in `directory`, oldest first.

    Raises:
        RecordError: as `read_lines`, or if a payload does not open with its key.
    """
    keys = PayloadKeys(directory, writable=False)
    try:
        for line in read_lines(directory):
            yield record_of(line.body, keys.open(line.index, line.body["secret"]) if "secret" in line.body else None)
    finally:
        keys.close()


def record_of(body: dict[str, Any], opening: Opening | None) -> Record:
    """Return a record from its body and what opens its payload."""
    return Record(
        index=body["index"],
        time=body["time"],
        kind=body["kind"],
        user=body["user"],
        public=body["public"],
        secret=opening.value() if opening else None,
        erased="secret" in body and opening is None,
        documents=tuple(body.get("documents", ())),
        files=tuple(body.get("files", ())),
    )
