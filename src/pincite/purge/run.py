"""A purge from its plan to its certificate, step by step; each step may be repeated, so that a killed one goes on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pincite.domain.progress import Progress, silent
from pincite.errors import PurgeError
from pincite.ingest.corpus_file import replace_file
from pincite.purge import steps
from pincite.purge.certificate import write_certificate
from pincite.purge.erasure import erase
from pincite.purge.fingerprint import Fingerprint
from pincite.purge.holds import Holds
from pincite.purge.machine import operator
from pincite.purge.pending import Pending, pending_file
from pincite.purge.plan import Plan, phrase_finder
from pincite.record import AuditLog

__all__ = ["Outcome", "begin", "resume"]

_NONCE = bytes(12)  # the key encrypts one file once


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a purge ended: the certificate, or None and why it is incomplete."""

    certificate: Path | None
    problems: tuple[str, ...] = ()


def begin(home: Path, plan: Plan, *, reason: str, authority: str, start: str, progress: Progress = silent) -> Outcome:
    """Erase what a plan found and certify it.

    Args:
        home: the home.
        plan: as `make_plan` gave it.
        reason, authority: why, and on whose word; they stand in the certificate.
        start: what the home's corpus.toml would begin with if it has none.
        progress: told about writing and searching.

    Raises:
        PurgeError: if another purge is pending or running, a document is held, or something cannot be erased; what is
            left is then in the journal, and `resume` goes on.
    """
    with _alone(home):
        if Pending.read(home) is not None:
            raise PurgeError("another purge is not finished", hint="Complete it first: pincite purge --resume")
        Holds(home).refuse([*plan.documents, *(path.name for path in plan.files)])
        pending = Pending(
            number=f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}",
            documents=plan.documents,
            reason=reason,
            authority=authority,
            operator=operator(),
            started=_now(),
            files=[str(path) for path in (*plan.copies, *plan.files)],
            journals=[str(path) for path in plan.journals],
            payloads=plan.payloads,
            recall=plan.recall,
            outside=[str(path) for path in (*plan.outside, *plan.elsewhere)],
            plan=plan.counts(),
        )
        pending.documents = {
            slug: {**one, "twin": any(slug == ours for ours, _ in plan.twins)} for slug, one in plan.documents.items()
        }
        # the fingerprint holds the document's words: encrypted, so that the search may read its file like any other,
        # under a key in the journal, so that it ends with it
        locked = AESGCM(bytes.fromhex(pending.key)).encrypt(_NONCE, plan.fingerprint.to_bytes(), None)
        replace_file(_fingerprint_file(home), locked)
        pending.write(home)
        with _log(home) as log:
            log.append(
                "purge",
                {"what": "begun", "purge": pending.number, "documents": pending.slugs, "found": pending.plan},
                secret={"reason": reason, "authority": authority},
            )
        return _go_on(home, pending, start, progress)


def resume(home: Path, *, start: str, progress: Progress = silent) -> Outcome | None:
    """Complete the purge that is pending; return None if none is.

    Raises:
        PurgeError: as `begin`.
    """
    with _alone(home):
        pending = Pending.read(home)
        if pending is None:
            for path in (_fingerprint_file(home), pending_file(home)):
                erase(path)  # of a purge that was killed before it began, or after it was complete
            return None
        return _go_on(home, pending, start, progress)


def _go_on(home: Path, pending: Pending, start: str, progress: Progress) -> Outcome:
    fingerprint = _fingerprint(home, pending)
    context = steps.Context(home, pending, fingerprint, start, progress, phrase_finder(fingerprint))
    problems: list[str] = []
    for name, step in steps.ERASING.items():
        problems += _step(context, name, step)
    if not problems:
        problems += _step(context, "search", steps.search)
    pending.problems = problems
    pending.write(home)
    if problems:
        return Outcome(None, tuple(problems))
    with _log(home) as log:
        if "certificate" not in pending.done:
            certificate, digest = write_certificate(home, pending, log)
            pending.results["certificate"] = {"file": str(certificate), "sha256": digest}
            _done(context, "certificate")
        if "record" not in pending.done:
            told = pending.results["certificate"]["sha256"]
            log.append(
                "purge",
                {"what": "complete", "purge": pending.number, "documents": pending.slugs, "certificate": told},
            )
            _done(context, "record")
    erase(_fingerprint_file(home))
    erase(pending_file(home))
    return Outcome(Path(pending.results["certificate"]["file"]))


def _step(context: steps.Context, name: str, step: Callable[[steps.Context], list[str]]) -> list[str]:
    if name in context.pending.done:
        return []
    problems = step(context)
    if not problems:
        _done(context, name)
    return problems


def _done(context: steps.Context, name: str) -> None:
    context.pending.done.append(name)
    context.pending.write(context.home)


def _fingerprint(home: Path, pending: Pending) -> Fingerprint:
    if "record" in pending.done:
        return Fingerprint()
    path = _fingerprint_file(home)
    try:
        opened = AESGCM(bytes.fromhex(pending.key)).decrypt(_NONCE, path.read_bytes(), None)
        return Fingerprint.from_bytes(opened)
    except (OSError, InvalidTag, ValueError, TypeError) as error:
        raise PurgeError(
            f"{path}: what the search looks for cannot be read ({error})", hint="Put the file back from a backup."
        ) from error


def _fingerprint_file(home: Path) -> Path:
    return home / "purge" / "fingerprint.bin"


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one purge of a home run at a time."""
    directory = home / "purge"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PurgeError("another purge is running", hint="Wait for it.") from error
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _log(home: Path) -> Iterator[AuditLog]:
    with contextlib.closing(AuditLog.open(home / "audit")) as log:
        yield log


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
