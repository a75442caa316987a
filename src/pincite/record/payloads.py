"""Encrypted payloads: a key for each record in a file beside the log, so that erasing is overwriting 64 bytes."""

from __future__ import annotations

import base64
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pincite.errors import RecordError
from pincite.record.canonical import Json
from pincite.record.files import failed, open_file, sync_data, sync_directory, write_at
from pincite.record.verify_log import commitment

__all__ = ["KEYS", "Opening", "PayloadKeys"]

KEYS = "payload-keys"
_KEY = 32
_SLOT = 64  # key, then salt; record n's slot begins at 64 n; zeros: there is none, or no longer
_NONCE = 12
_AHEAD = 64  # so many keys are made at a time


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one record's payload: the salt of its commitment, and its bytes (canonical JSON)."""

    salt: bytes
    payload: bytes

    def value(self) -> dict[str, Any]:
        """Return the payload as JSON values."""
        found = json.loads(self.payload)
        assert isinstance(found, dict)
        return found


class PayloadKeys:
    """The key file of one log; who calls a method that writes holds the log's lock.

    Args:
        directory: the log's.
        writable: whether keys may be added and destroyed; otherwise a missing file means that all are.
    """

    def __init__(self, directory: Path, *, writable: bool = True) -> None:
        self.path = directory / KEYS
        self._file = -1
        self._ready = 0  # slots before this one were synced by this process
        if writable:
            new = not self.path.exists()
            self._file = open_file(self.path)
            if new:
                try:
                    sync_directory(directory)
                except OSError as error:
                    raise failed(self.path, error) from error
        elif self.path.exists():
            self._file = open_file(self.path, os.O_RDONLY)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def seal(self, index: int, payload: bytes) -> dict[str, Json]:
        """Encrypt the payload of record `index`, whose key is on the disk; return what the record says of it.

        Raises:
            OSError: if no key can be brought to the disk.
        """
        self._make_ready(index)
        slot = os.pread(self._file, _SLOT, _SLOT * index)
        key, salt, nonce = slot[:_KEY], slot[_KEY:], secrets.token_bytes(_NONCE)
        return {
            "cipher": "AES-256-GCM",
            "nonce": nonce.hex(),
            "ciphertext": base64.b64encode(AESGCM(key).encrypt(nonce, payload, _bound(index))).decode(),
            "commitment": commitment(salt, payload).hex(),
        }

    def _make_ready(self, index: int) -> None:
        """Make keys for the next records in advance, because a sync for each would double what a record costs.

        Only slots that are empty are filled, and this process relies only on what it has synced itself: another one
        may have been killed between writing and syncing.
        """
        if index < self._ready:
            return
        start, end = _SLOT * index, _SLOT * (index + _AHEAD)
        before = os.pread(self._file, end - start, start).ljust(end - start, b"\0")
        slots = [before[at : at + _SLOT] for at in range(0, end - start, _SLOT)]
        try:
            write_at(self._file, b"".join(slot if any(slot) else secrets.token_bytes(_SLOT) for slot in slots), start)
            sync_data(self._file)
        except OSError:
            with suppress(OSError):  # what may not be on the disk is not left for another process to rely on
                write_at(self._file, before, start)
            raise
        self._ready = index + _AHEAD

    def open(self, index: int, secret: dict[str, Any]) -> Opening | None:
        """Return the payload of record `index`; None if its key has been destroyed.

        Raises:
            RecordError: if the key does not fit, or opens another payload than the record committed to.
        """
        slot = self._slot(index)
        if not any(slot):
            return None
        try:
            nonce, ciphertext = bytes.fromhex(secret["nonce"]), base64.b64decode(secret["ciphertext"])
            payload = AESGCM(slot[:_KEY]).decrypt(nonce, ciphertext, _bound(index))
        except (InvalidTag, ValueError, KeyError, TypeError) as error:
            raise RecordError(
                f"{self.path}: the key of record {index} does not open it", hint="Run: pincite audit verify"
            ) from error
        if commitment(slot[_KEY:], payload).hex() != secret.get("commitment"):
            raise RecordError(f"record {index}: another payload than it committed to", hint="Run: pincite audit verify")
        return Opening(slot[_KEY:], payload)

    def has(self, index: int) -> bool:
        """Tell whether the slot of record `index` has a key; there is one too where a record has no payload."""
        return any(self._slot(index))

    def destroy(self, index: int) -> None:
        """Overwrite the key of record `index`; `sync` brings it to the disk."""
        write_at(self._file, bytes(_SLOT), _SLOT * index)

    def sync(self) -> None:
        """Bring what was overwritten to the disk."""
        sync_data(self._file)

    def forget(self) -> None:
        """After a failed sync: drop what the system remembers of the file, so that it is read from the disk again."""
        with suppress(OSError, AttributeError):  # advice only, and not on every system
            os.posix_fadvise(self._file, 0, 0, os.POSIX_FADV_DONTNEED)

    def _slot(self, index: int) -> bytes:
        if self._file < 0:
            return b""
        try:
            slot = os.pread(self._file, _SLOT, _SLOT * index)
        except OSError as error:
            raise failed(self.path, error) from error
        return slot if len(slot) == _SLOT else b""


def _bound(index: int) -> bytes:
    """Return what a ciphertext is bound to, so that it opens in its own record only."""
    return f"pincite record {index}".encode()
