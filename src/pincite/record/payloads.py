"""Encrypted payloads: a key for each record in a file beside the log, so that erasing is overwriting 64 bytes."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pincite.errors import RecordError
from pincite.record.canonical import Json
from pincite.record.files import failed, open_file, sync_data, write_at
from pincite.record.verify_log import commitment

__all__ = ["KEYS", "Opening", "PayloadKeys"]

KEYS = "payload-keys"
_KEY = 32
_SLOT = 64  # key, then salt; record n's slot begins at 64 n; zeros: there is none, or no longer
_NONCE = bytes(12)  # a key encrypts one payload only, so that no nonce can come twice


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
        if writable:
            self._file = open_file(self.path)
        elif self.path.exists():
            self._file = open_file(self.path, os.O_RDONLY)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def seal(self, index: int, payload: bytes) -> dict[str, Json]:
        """Encrypt the payload of record `index` and put its key on the disk; return what the record says of it.

        Raises:
            OSError: if the key cannot be written.
        """
        slot = secrets.token_bytes(_SLOT)
        key, salt = slot[:_KEY], slot[_KEY:]
        write_at(self._file, slot, _SLOT * index)
        sync_data(self._file)
        return {
            "cipher": "AES-256-GCM",
            "ciphertext": base64.b64encode(AESGCM(key).encrypt(_NONCE, payload, _bound(index))).decode(),
            "commitment": commitment(salt, payload).hex(),
        }

    def open(self, index: int, secret: dict[str, Any]) -> Opening | None:
        """Return the payload of record `index`; None if its key has been destroyed.

        Raises:
            RecordError: if the key does not fit, or opens another payload than the record committed to.
        """
        slot = self._slot(index)
        if not any(slot):
            return None
        try:
            payload = AESGCM(slot[:_KEY]).decrypt(_NONCE, base64.b64decode(secret["ciphertext"]), _bound(index))
        except (InvalidTag, ValueError, KeyError, TypeError) as error:
            raise RecordError(
                f"{self.path}: the key of record {index} does not open it", hint="Run: pincite audit verify"
            ) from error
        if commitment(slot[_KEY:], payload).hex() != secret.get("commitment"):
            raise RecordError(f"record {index}: another payload than it committed to", hint="Run: pincite audit verify")
        return Opening(slot[_KEY:], payload)

    def has(self, index: int) -> bool:
        """Tell whether record `index` has a key."""
        return any(self._slot(index))

    def destroy(self, index: int) -> None:
        """Overwrite the key of record `index`; `sync` brings it to the disk."""
        write_at(self._file, bytes(_SLOT), _SLOT * index)

    def sync(self) -> None:
        """Bring what was overwritten to the disk."""
        sync_data(self._file)

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
