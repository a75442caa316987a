"""Documents that were purged, remembered by keyed digests, so that the same bytes or words do not come back unseen."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pincite.domain.documents import Document
from pincite.domain.text import sha256_text
from pincite.errors import ConfigError, DocumentError
from pincite.ingest.corpus_file import replace_file

__all__ = ["Withdrawn"]

_FORM = 1


class Withdrawn:
    """The list of one home: ``HOME/purge/withdrawn.json``, readable by its owner only.

    It holds no digest but HMAC-SHA-256 under a key of this home, so that a copy of the list without the key does not
    tell which documents there were. Whoever has the whole home and a document can tell that it was purged: without
    that the list would be of no use.

    Raises:
        ConfigError: if the file cannot be read.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "purge" / "withdrawn.json"
        try:
            self._content: dict[str, Any] = json.loads(self._path.read_bytes())
            self._key = bytes.fromhex(self._content["key"])
            self._marks: dict[str, str] = dict(self._content["documents"])
        except FileNotFoundError:
            self._key = secrets.token_bytes(32)
            self._marks = {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{self._path}: {error}", hint="Put the file back from a backup.") from error

    def reason(self, *digests: str) -> str:
        """Return why a document with one of these hex digests (of its bytes, of its text) is refused; empty if not."""
        found = next((self._marks[mark] for digest in digests if (mark := self._mark(digest)) in self._marks), "")
        return f"it was purged ({found}); allow it again with `pincite purge --allow`" if found else ""

    def check(self, document: Document) -> Document:
        """Return a document that was read, unless it was purged.

        Raises:
            DocumentError: if it was.
        """
        if reason := self.reason(document.provenance.sha256, sha256_text(document.text)):
            raise DocumentError(f"{document.slug}: {reason}")
        return document

    def add(self, digests: Iterable[str], certificate: str) -> None:
        """Remember the digests of a document, with the number of the certificate; on the disk when this returns."""
        self._marks |= {self._mark(digest): certificate for digest in digests}
        self._write()

    def allow(self, *digests: str) -> bool:
        """Forget digests; return whether any was there."""
        gone = [mark for digest in digests if (mark := self._mark(digest)) in self._marks]
        certificates = {self._marks[mark] for mark in gone}
        if gone:  # bytes and words of one document go together
            self._marks = {mark: named for mark, named in self._marks.items() if named not in certificates}
            self._write()
        return bool(gone)

    def _mark(self, digest: str) -> str:
        return hmac.digest(self._key, digest.encode(), "sha256").hex()

    def _write(self) -> None:
        content = {"form": _FORM, "key": self._key.hex(), "documents": self._marks}
        replace_file(self._path, json.dumps(content, indent=1).encode())
