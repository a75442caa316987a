"""Retention: conversations, batch journals and audit payloads past their periods are erased, which is recorded."""

from __future__ import annotations

import contextlib
import fcntl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pincite.config import Settings
from pincite.domain.progress import Progress, silent
from pincite.errors import ConfigError
from pincite.purge.erasure import erase, files_below
from pincite.purge.holds import Holds
from pincite.purge.places import audit_directories, is_batch_journal, log_records
from pincite.record import AuditLog

__all__ = ["Due", "apply", "find_due"]

_ACCOUNTS = frozenset({"purge", "retention", "models", "corpus", "bundle", "session-start", "session-stop"})
"""Kinds of records whose payloads account for what was done to the home; retention leaves them."""


@dataclass(slots=True)
class Due:
    """What is past its period.

    Attributes:
        sessions, journals: files.
        payloads: by directory of an audit log, records.
        held: names of what a legal hold keeps.
        problems: what could not be erased, in words.
    """

    sessions: list[Path] = field(default_factory=list)
    journals: list[Path] = field(default_factory=list)
    payloads: dict[Path, list[int]] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how much of each is due."""
        return {
            "sessions": len(self.sessions),
            "journals": len(self.journals),
            "payloads": sum(map(len, self.payloads.values())),
            "held": len(self.held),
        }


def find_due(home: Path, settings: Settings, now: datetime | None = None) -> Due:
    """Return what is past its period now; changes nothing.

    The age of a file is that of its last change, that of a payload the time of its record.

    Raises:
        ConfigError: if a period is negative.
    """
    due, holds = Due(), Holds(home).reasons
    now = now or datetime.now(UTC)

    def before(name: str) -> datetime | None:
        days = getattr(settings, name)
        if days < 0:
            raise ConfigError(f"{name} is {days}; a period has at least one day, 0 keeps everything")
        return now - timedelta(days=days) if days else None

    if limit := before("retain_sessions_days"):
        folders = [home / "sessions", *home.glob("people/*/sessions")]
        for path in (path for folder in folders if folder.is_dir() for path in files_below(folder)):
            _sort(path, limit, holds, due.sessions, due)
    if limit := before("retain_journals_days"):
        for path in _journals(home):
            _sort(path, limit, holds, due.journals, due)
    if limit := before("retain_payloads_days"):
        for directory in audit_directories(home):
            records = [one for one in log_records(directory) if one.secret is not None and one.kind not in _ACCOUNTS]
            old = [one for one in records if datetime.fromisoformat(one.time) < limit]
            kept = [one for one in old if set(one.documents) & set(holds)]
            due.held += [f"record {one.index}" for one in kept]
            if numbers := [one.index for one in old if one not in kept]:
                due.payloads[directory] = numbers
    return due


def _sort(path: Path, limit: datetime, holds: dict[str, str], found: list[Path], due: Due) -> None:
    if datetime.fromtimestamp(path.lstat().st_mtime, UTC) >= limit:
        return
    if path.name in holds:
        due.held.append(path.name)
    else:
        found.append(path)


def _journals(home: Path) -> list[Path]:
    """Return the batch journals that logs name, and those in the home."""
    named = {
        Path(name) for directory in audit_directories(home) for one in log_records(directory) for name in one.files
    }
    beside = {path.with_name(f"{path.name}.journal") for path in named if path.name and path.is_absolute()}
    inside = set(home.rglob("*.journal"))
    return sorted(path for path in named | beside | inside if path.is_file() and is_batch_journal(path))


def apply(home: Path, due: Due, progress: Progress = silent) -> None:
    """Erase what is due, and record what was to be erased and what was; what could not be is in `due.problems`.

    Raises:
        PurgeError: if a file cannot be overwritten or removed; the same call later goes on.
        RecordError: if it cannot be recorded.
    """
    with contextlib.closing(AuditLog.open(home / "audit")) as log:
        log.append(
            "retention", {"what": "begun", **due.counts()}, secret={"files": [*map(str, due.sessions + due.journals)]}
        )
        total, done = len(due.sessions) + len(due.journals), 0
        for path in due.sessions:
            erase(path)
            done += 1
            progress("Erasing", done, total, "files")
        erased = 0
        for path in due.journals:
            if _in_use(path):
                due.problems.append(f"a batch is writing {path}")
            else:
                erase(path)
                erased += 1
            done += 1
            progress("Erasing", done, total, "files")
        payloads = sum(_payloads(home, directory, numbers, log) for directory, numbers in due.payloads.items())
        told = {"sessions": len(due.sessions), "journals": erased, "payloads": payloads, "held": len(due.held)}
        log.append("retention", {"what": "erased", **told})


def _payloads(home: Path, directory: Path, numbers: list[int], log: AuditLog) -> int:
    if directory == home / "audit":
        return len(log.erase(numbers))
    with contextlib.closing(AuditLog.open(directory)) as other:
        erased = other.erase(numbers)
        other.append("retention", {"what": "payloads erased", "payloads": len(erased)})
        return len(erased)


def _in_use(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
