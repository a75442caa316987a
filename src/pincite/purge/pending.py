"""The journal of a purge in HOME/purge: what is to be done and what is done, so that a killed one can be completed."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pincite.errors import PurgeError

__all__ = ["Pending", "notice", "pending_file"]

_FORM = 1


def pending_file(home: Path) -> Path:
    """Return where the journal of an unfinished purge lies."""
    return home / "purge" / "pending.json"


def notice(home: Path) -> str:
    """Return in words that a purge is not finished; empty if none is pending. Cheap: for the start of every command."""
    path = pending_file(home)
    if not os.path.exists(path):  # noqa: PTH110 - no error where one may not look: it is the keeper's to complete
        return ""
    try:
        pending = Pending.read(home)
    except PurgeError as error:
        return f"A purge is not finished, and its journal cannot be read ({error.message})."
    if pending is None:
        return ""
    why = f" It waits because {'; '.join(pending.problems[:3])}." if pending.problems else ""
    return f"The purge of {', '.join(pending.slugs)} is not finished.{why} Complete it: pincite purge --resume"


@dataclass(slots=True)
class Pending:
    """A purge under way.

    Attributes:
        number: of the purge and its certificate, random.
        documents: by slug: digests of bytes and text, passages; see `plan.Plan`.
        reason, authority, operator: as given; started: UTC in ISO form.
        key: hex of the key of the fingerprint file beside this one.
        files: what will be erased, as paths; journals: what will be cleaned of lines.
        payloads: by directory of an audit log: records whose payloads will be erased.
        recall: bundles and exports that once carried a document, for the certificate.
        done: steps that are complete; results: what they found, by step.
        problems: why the last attempt was not complete.
    """

    number: str
    documents: dict[str, dict[str, Any]]
    reason: str
    authority: str
    operator: str
    started: str
    key: str = field(default_factory=lambda: secrets.token_hex(32))
    files: list[str] = field(default_factory=list)
    journals: list[str] = field(default_factory=list)
    payloads: dict[str, list[int]] = field(default_factory=dict)
    recall: list[dict[str, Any]] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    plan: dict[str, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def slugs(self) -> list[str]:
        """The documents' names."""
        return sorted(self.documents)

    @classmethod
    def read(cls, home: Path) -> Pending | None:
        """Return the journal of the home, None if no purge is pending.

        Raises:
            PurgeError: if it cannot be read.
        """
        path = pending_file(home)
        try:
            content = path.read_bytes()
            if content[:1] == b"\0":  # killed while the journal of a complete purge was being overwritten
                return None
            values = json.loads(content)
            form = values.pop("form")
            pending = cls(**values)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise PurgeError(f"{path}: {error}", hint="Put it back from a backup.") from error
        if form != _FORM:
            raise PurgeError(f"{path}: of form {form}, this program reads form {_FORM}")
        return pending

    def write(self, home: Path) -> None:
        """Put it on the disk in the place of what was there."""
        from pincite.ingest.corpus_file import replace_file

        replace_file(pending_file(home), json.dumps({"form": _FORM, **asdict(self)}, indent=1).encode())
