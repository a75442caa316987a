"""The audit log: what happened is appended here, on the disk before it counts as done, under signed checkpoints."""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from pincite.errors import RecordError
from pincite.record.canonical import Json, canonical
from pincite.record.chain import LOG, Chain
from pincite.record.files import failed, open_file, read_file, replace_file
from pincite.record.payloads import PayloadKeys
from pincite.record.reader import Record, read_lines, read_records
from pincite.record.signing import Signed, Signer
from pincite.record.tree import Frontier
from pincite.record.verify_log import VerifyError

__all__ = ["CHECKPOINT", "EVERY", "AuditLog", "Receipt"]

CHECKPOINT = "checkpoint"
EVERY = 100
"""After so many records a checkpoint is signed, besides those at the start and the stop of each session."""

_STATE = "state.json"
_LOCK = "lock"
_UNRECORDED = ".torn-"
_MARKS = frozenset({"session-start", "session-stop", "checkpoint"})  # records that carry the checkpoint of those before
_FORM = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a record is on the disk: its place in the log and its leaf hash in hex."""

    index: int
    leaf_hash: str


class AuditLog:
    """The log in one directory, open for appending; several processes and threads may do so at the same time.

    Every method but `close` may raise RecordError if a file cannot be read or written, or if the log is not what was
    signed; what it was to record is then not recorded, and the records before are as they were.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._turn = threading.RLock()
        self._lock = -1
        self._open()

    @classmethod
    def open(cls, directory: Path) -> AuditLog:
        """Open the log in `directory`, made with a new key if it is not there (readable by its owner only).

        A torn end that a killed writer left is set aside in a file and recorded.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise failed(directory, error) from error
        log = cls(directory)
        try:
            with log._locked():
                pass
        except BaseException:
            log.close()
            raise
        return log

    def close(self) -> None:
        """Let go of the files; nothing is written."""
        for part in (self._chain, self._keys):
            if part is not None:
                part.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # ------------------------------------------------------------------------------------------------ writing

    def append(
        self,
        kind: str,
        public: Mapping[str, Json],
        *,
        secret: Mapping[str, Json] | None = None,
        documents: Collection[str] = (),
        files: Collection[str] = (),
    ) -> Receipt:
        """Record something; it is on the disk when this returns.

        Args:
            kind: one of those that docs/audit.md lists.
            public: what stands in clear for good. Records of sessions and checkpoints get "checkpoint" added, which
                signs all records before them.
            secret: what is encrypted under a key of its own, so that it can be erased.
            documents: slugs of documents whose words stand in `secret`.
            files: paths that an export wrote.

        Raises:
            RecordError: if it could not be recorded.
        """
        with self._locked() as chain:
            receipt = self._append(kind, public, secret, documents, files)
            if kind not in _MARKS and chain.tree.size - self._marked >= EVERY:
                with suppress(RecordError):  # the record itself is safe; the next one tries again
                    self._append("checkpoint", {"reason": f"every {EVERY} records"})
            return receipt

    def erase(self, indices: Iterable[int]) -> list[int]:
        """Destroy the keys of payloads by overwriting them on the disk; return those records that had one.

        The records stay and verify; the caller appends a record that says why. After an error, call it again with the
        same indices: all are overwritten anew, also those that read as zeros already.
        """
        with self._locked() as chain:
            keys = self._key_file()
            asked = {index for index in indices if 0 <= index < chain.tree.size}
            meant = [line.index for line in read_lines(self.directory) if line.index in asked and "secret" in line.body]
            had = [index for index in meant if keys.has(index)]
            try:
                for index in meant:
                    keys.destroy(index)
                keys.sync()
            except OSError as error:
                keys.forget()
                raise failed(keys.path, error, "keys are not destroyed for certain") from error
            return had

    def checkpoint(self) -> str:
        """Sign the log as it is now and keep the checkpoint beside it; return its text (C2SP tlog-checkpoint)."""
        with self._locked() as chain:
            note = self._signer.checkpoint(chain.tree.size, chain.tree.root)
            self._keep(note)
            return note

    def sign(self, body: bytes) -> Signed:
        """Sign the bytes of a certificate with the log's key.

        Raises:
            ValueError: if they could pass for a checkpoint.
        """
        return self._signer.sign(body)

    # ------------------------------------------------------------------------------------------------ reading

    @property
    def public_key(self) -> str:
        """The public key, one line in the form of C2SP signed-note."""
        return self._signer.public.text

    def records(self) -> Iterator[Record]:
        """Yield every record, oldest first."""
        return read_records(self.directory)

    def mentioning(self, document: str) -> list[int]:
        """Return the indices of records whose payload, erased or not, holds words of this document."""
        return [line.index for line in read_lines(self.directory) if document in line.body.get("documents", ())]

    # ------------------------------------------------------------------------------------------------- inside

    def _open(self) -> None:
        self._process = os.getpid()
        self._chain: Chain | None = None
        self._keys: PayloadKeys | None = None
        self._marked = 0
        self._looked = False
        self._lock = open_file(self.directory / _LOCK)

    @contextmanager
    def _locked(self) -> Iterator[Chain]:
        """Hold the log, with all that others have appended taken in."""
        with self._turn:
            if self._process != os.getpid():  # a child shares its parent's lock, which would exclude neither
                self.close()
                self._open()
            if self._lock < 0:
                raise RecordError(f"{self.directory}: this log has been closed")
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            except OSError as error:
                raise failed(self.directory / _LOCK, error) from error
            try:
                if self._chain is None:
                    self._chain = self._start()
                self._set_aside(self._chain.catch_up())
                yield self._chain
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _start(self) -> Chain:
        """Open the file where the last signed checkpoint left it, so that only what came after it must be read."""
        path = self.directory / _STATE
        content = read_file(path)
        new = content is None and not any((self.directory / name).exists() for name in (LOG, CHECKPOINT))
        self._signer = Signer.open(self.directory, new=new)
        try:
            tree, offset = _restored(self._signer, content) if content is not None else (Frontier(), 0)
        except (ValueError, KeyError, TypeError, VerifyError) as error:
            raise RecordError(
                f"{path}: this is not what the log's key signed ({error})",
                hint="See what happened: pincite audit verify. Move the directory aside, and a new log begins.",
            ) from error
        self._marked = tree.size
        return Chain(self.directory, tree, offset)

    def _set_aside(self, torn: bytes) -> None:
        """Keep the torn end in a file of its own and record that; a writer killed while it does is made up for."""
        assert self._chain is not None
        if torn:
            replace_file(self.directory / f"{_UNRECORDED}{self._chain.tree.size}-{sha256(torn).hexdigest()[:8]}", torn)
        elif self._looked:
            return
        for path in sorted(self.directory.glob(f"{_UNRECORDED}*")):
            content = read_file(path) or b""
            name = path.name.removeprefix(".")
            what: dict[str, Json] = {"what": "torn end set aside", "file": name, "bytes": len(content)}
            self._append("recovery", {**what, "sha256": sha256(content).hexdigest()})
            try:
                path.rename(path.with_name(name))
            except OSError as error:
                raise failed(path, error) from error
        self._looked = True

    def _append(
        self,
        kind: str,
        public: Mapping[str, Json],
        secret: Mapping[str, Json] | None = None,
        documents: Collection[str] = (),
        files: Collection[str] = (),
    ) -> Receipt:
        assert self._chain is not None
        index = self._chain.tree.size
        body: dict[str, Json] = {
            "form": _FORM,
            "index": index,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "kind": kind,
            "user": _user(),
            "public": public,
        }
        note = ""
        if kind in _MARKS:
            note = self._signer.checkpoint(index, self._chain.tree.root)
            body["public"] = {**public, "checkpoint": note}
        if documents:
            body["documents"] = sorted(documents)
        if files:
            body["files"] = sorted(files)
        if secret is not None:
            keys = self._key_file()
            try:
                body["secret"] = keys.seal(index, canonical(secret))
            except OSError as error:
                raise failed(keys.path, error) from error
        leaf = self._chain.append(canonical(body))
        if note or not index:  # no log is without a checkpoint
            self._keep(self._signer.checkpoint(index + 1, self._chain.tree.root))
        return Receipt(index, leaf.hex())

    def _key_file(self) -> PayloadKeys:
        if self._keys is None:
            self._keys = PayloadKeys(self.directory)
        return self._keys

    def _keep(self, note: str) -> None:
        """Keep the checkpoint of the tree as it is now: for people, and for the next start with where it ends."""
        assert self._chain is not None
        tree = self._chain.tree
        state = {"checkpoint": note, "offset": self._chain.offset, "peaks": [peak.hex() for peak in tree.peaks]}
        replace_file(self.directory / _STATE, json.dumps(state, indent=1).encode())
        replace_file(self.directory / CHECKPOINT, note.encode())
        self._chain.vouched()
        self._marked = tree.size


def _restored(signer: Signer, content: bytes) -> tuple[Frontier, int]:
    """Return the tree that a kept checkpoint vouches for, and where its records end in the file."""
    state = json.loads(content)
    signed = signer.open_checkpoint(state["checkpoint"])
    tree = Frontier(signed.size, [bytes.fromhex(peak) for peak in state["peaks"]])
    if tree.root != signed.root:
        raise VerifyError("the peaks are not those of the checkpoint")
    return tree, int(state["offset"])


def _user() -> str:
    """Return the name of the account this runs as, not that of an environment variable."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
