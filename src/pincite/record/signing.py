"""The log's own Ed25519 key: made once, kept beside the log, used for checkpoints and certificates."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pincite.errors import RecordError
from pincite.record.files import read_file, replace_file
from pincite.record.verify_log import Checkpoint, PublicKey, VerifyError

__all__ = ["PRIVATE_KEY", "PUBLIC_KEY", "Signed", "Signer"]

PRIVATE_KEY = "signing.pem"
PUBLIC_KEY = "public.key"


@dataclass(frozen=True, slots=True)
class Signed:
    """A body signed by the log's key.

    Attributes:
        body: what was signed, byte for byte.
        signature: the Ed25519 signature over `body`, 64 bytes.
        key: the public key in the form of C2SP signed-note, ``name+id+base64``.
    """

    body: bytes
    signature: bytes
    key: str


class Signer:
    """Signs for one log.

    Args:
        private: the key.
    """

    def __init__(self, private: Ed25519PrivateKey) -> None:
        raw = private.public_key().public_bytes_raw()
        self._private = private
        self.public = PublicKey(f"pincite/audit/{hashlib.sha256(raw).hexdigest()[:16]}", raw)

    @classmethod
    def open(cls, directory: Path, *, new: bool) -> Signer:
        """Return the signer of the log in `directory`; its lock must be held.

        Args:
            directory: the log's.
            new: whether the log has no record yet, so that a key may be made.

        Raises:
            RecordError: if the key is missing though there are records, or cannot be read or made.
        """
        path = directory / PRIVATE_KEY
        content = read_file(path)
        if content is None and not new:
            raise RecordError(
                f"{path}: the log's signing key is missing",
                hint="Put it back from a backup; or move the directory aside: a new log with a new key begins.",
            )
        if content is None:
            private = Ed25519PrivateKey.generate()
            content = private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            replace_file(path, content)
        try:
            key = serialization.load_pem_private_key(content, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise RecordError(f"{path}: no private key ({error})", hint="Put it back from a backup.") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise RecordError(f"{path}: no Ed25519 key", hint="Put it back from a backup.")
        signer = cls(key)
        if read_file(directory / PUBLIC_KEY) != signer.public.text.encode() + b"\n":
            replace_file(directory / PUBLIC_KEY, signer.public.text.encode() + b"\n")
        return signer

    def sign(self, body: bytes) -> Signed:
        """Sign the bytes of a certificate.

        Raises:
            ValueError: if `body` could pass for a checkpoint of this log.
        """
        if body.startswith(self.public.name.encode() + b"\n"):
            raise ValueError("a certificate may not begin like a checkpoint")
        return Signed(body, self._private.sign(body), self.public.text)

    def checkpoint(self, size: int, root: bytes) -> str:
        """Return the signed checkpoint of a tree (C2SP tlog-checkpoint)."""
        text = Checkpoint(self.public.name, size, root).text
        blob = self.public.id + self._private.sign(text.encode())
        return f"{text}\n\N{EM DASH} {self.public.name} {base64.b64encode(blob).decode()}\n"

    def open_checkpoint(self, note: str) -> Checkpoint:
        """Read a checkpoint that this key signed.

        Raises:
            VerifyError: if it did not.
        """
        text, _, line = note.partition("\n\n")
        # the signature of the one key is deterministic (RFC 8032), so comparing is as good as verifying, and faster
        try:
            _, size, root, *_ = text.split("\n")
            found = Checkpoint(self.public.name, int(size), base64.b64decode(root, validate=True))
        except ValueError:
            raise VerifyError("this is no checkpoint") from None
        if not line or self.checkpoint(found.size, found.root) != note:
            raise VerifyError("the checkpoint was not signed by this log's key")
        return found
