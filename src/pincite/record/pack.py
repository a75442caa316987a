"""Evidence packs: chosen records with proofs that they are in the log, in a folder that is read and verified alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pincite.errors import RecordError
from pincite.record import verify_log
from pincite.record.chain import LOG
from pincite.record.payloads import Opening, PayloadKeys
from pincite.record.reader import Line, Record, read_lines, record_of
from pincite.record.selection import Selection
from pincite.record.tree import Tree
from pincite.record.verify_log import Checkpoint, PublicKey, VerifyError

__all__ = ["Around", "Entry", "Pack", "choose", "write_pack"]

_RESTS_ON = ("session-start", "seal")  # an answer's record names its session; the seal's result is the last before it


@dataclass(frozen=True, slots=True)
class Around:
    """A quotation in its place: the words before it, itself, the words after it."""

    before: str
    quote: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One chosen record, with what opens it and the proof that it is in the log (hashes from the leaf upwards)."""

    line: Line
    record: Record
    opening: Opening | None
    inclusion: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Pack:
    """All that goes into a pack.

    Attributes:
        entries: the records, oldest first.
        note: the checkpoint that the proofs lead to; `key` the log's public key in one line.
        documents: provenance by slug, for documents that the library still has.
        models: cards of the models that are known here, by name.
        around: gives a quotation in its place from the library, by slug, start, end and digest of the document's text;
            None if the library no longer has that text.
        earlier: an older checkpoint, kept by whoever gets the pack; `consistency` proves that the log continues it.
    """

    entries: tuple[Entry, ...]
    note: str
    key: str
    documents: Mapping[str, Mapping[str, Any]]
    models: Mapping[str, Mapping[str, Any]]
    around: Callable[[str, int, int, str], Around | None]
    earlier: str = ""
    consistency: tuple[bytes, ...] = ()


def choose(
    directory: Path, selection: Selection, note: str, key: str, earlier: str = ""
) -> tuple[list[Entry], list[bytes]]:
    """Return the records meant, each with its proof, and the proof that the log continues `earlier`.

    Args:
        directory: the log's.
        selection: which records; those that an answer rests on (start of its session, seal) come with it.
        note: the checkpoint that the proofs lead to.
        key: the log's public key.
        earlier: an older checkpoint, or nothing.

    Raises:
        RecordError: if the log is not what the checkpoints say, or no record is meant.
    """
    public = PublicKey.parse(key)
    size = Checkpoint.open(note, public).size
    leaves: list[bytes] = []
    chosen: dict[int, Entry] = {}
    resting: dict[int | str, Entry] = {}
    with closing(PayloadKeys(directory, writable=False)) as keys:
        for line in read_lines(directory):
            if line.index >= size:
                break
            leaves.append(line.leaf)
            opening = keys.open(line.index, line.body["secret"]) if "secret" in line.body else None
            entry = Entry(line, record_of(line.body, opening), opening)
            if entry.record.kind in _RESTS_ON:
                resting[line.index if entry.record.kind == "session-start" else "seal"] = entry
            if selection.takes(entry.record):
                named = (resting.get(entry.record.public.get("session", -1)), resting.get("seal"), entry)
                chosen |= {one.line.index: one for one in named if one is not None}
    if not chosen:
        raise RecordError("no record is meant", hint="See what there is: pincite audit show")
    tree = Tree(leaves)
    consistency: list[bytes] = []
    if earlier:
        try:
            old = Checkpoint.open(earlier, public)
            consistency = tree.consistency(old.size) if old.size <= size else []
            verify_log.check_consistency(old.size, old.root, size, tree.root(), consistency)
        except VerifyError as error:
            raise RecordError(
                f"the earlier checkpoint: {error}", hint="See what happened: pincite audit verify"
            ) from error
    entries = [
        Entry(entry.line, entry.record, entry.opening, tree.inclusion(index)) for index, entry in sorted(chosen.items())
    ]
    return entries, consistency


def write_pack(folder: Path, directory: Path, pack: Pack, html: bytes, *, whole_log: bool) -> list[Path]:
    """Write a pack into a new folder, readable by its owner only; return the files.

    Args:
        folder: must not exist, or be empty.
        directory: the log's.
        pack: what goes in.
        html: the readable form.
        whole_log: whether to add the whole log, with the records of others (their payloads stay encrypted).

    Raises:
        RecordError: if the folder cannot be written.
    """
    size = Checkpoint.open(pack.note, PublicKey.parse(pack.key)).size
    contents: dict[str, bytes] = {
        "evidence.html": html,
        "evidence.json": json.dumps(_evidence(pack), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace"),
        "records": b"".join(entry.line.raw + b"\n" for entry in pack.entries),
        "checkpoint": pack.note.encode(),
        "public.key": pack.key.encode() + b"\n",
        "verify_log.py": Path(verify_log.__file__).read_bytes(),
    }
    if whole_log:
        contents["log"] = b"".join((directory / LOG).read_bytes().splitlines(keepends=True)[:size])
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in contents.items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
    except OSError as error:
        hint = "Name a new folder inside of one that is there and can be written to."
        raise RecordError(f"{folder}: {error.strerror}", hint=hint) from error
    return [folder / name for name in contents]


def _evidence(pack: Pack) -> dict[str, Any]:
    found: dict[str, Any] = {
        "form": 1,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "checkpoint": pack.note,
        "public_key": pack.key,
        "records": [
            {
                "index": entry.line.index,
                "leaf_hash": entry.line.leaf.hex(),
                "inclusion": [step.hex() for step in entry.inclusion],
                "opening": {"salt": entry.opening.salt.hex(), "payload": entry.opening.payload.decode()}
                if entry.opening
                else None,
                "erased": entry.record.erased,
            }
            for entry in pack.entries
        ],
        "documents": pack.documents,
        "models": pack.models,
        "sources": list(_sources(pack)),
    }
    if pack.earlier:
        found["earlier"] = {"checkpoint": pack.earlier, "consistency": [step.hex() for step in pack.consistency]}
    return found


def _sources(pack: Pack) -> Iterable[dict[str, Any]]:
    for entry in pack.entries:
        for cited in ((entry.record.secret or {}).get("answer") or {}).get("citations", ()):
            place = (cited["document"], cited["start"], cited["end"], cited["text_sha256"])
            around = pack.around(*place)
            yield {
                "record": entry.line.index,
                "n": cited["n"],
                **dict(zip(("document", "start", "end", "text_sha256"), place, strict=True)),
                "before": around.before if around else None,
                "after": around.after if around else None,
            }
