"""Whether a directory is a bundle that is trusted here, and holds exactly what was signed: no more and no less."""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tuf.api.metadata import TargetFile

from pincite.bundle.contents import Contents
from pincite.bundle.layout import CONTENTS, METADATA, read_regular, walk
from pincite.bundle.trust import Pin, Trusted, check_clock, check_metadata, find_pinned
from pincite.domain.progress import Progress, silent
from pincite.errors import BundleError, BundleRefused

__all__ = ["Examined", "check_files", "examined", "verify_bundle"]

_CHUNK = 1 << 20
_UNLISTED = {f"{METADATA}/{role}.json" for role in ("timestamp", "snapshot", "targets")}


@dataclass(frozen=True, slots=True)
class Examined:
    """A bundle whose signatures, list of files and description are right; file contents are not compared yet.

    Attributes:
        directory: the bundle.
        trusted: what the signatures say.
        contents: its description.
        state: what is trusted from its installation on; a temporary directory.
    """

    directory: Path
    trusted: Trusted
    contents: Contents
    state: Path

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(target.length for target in self.trusted.files.values())


@contextmanager
def examined(bundle: Path, trust: Path | None, pin: Pin | None, now: datetime.datetime | None) -> Iterator[Examined]:
    """Check all but the contents of files, against what an installation trusts or, without one, the operator's pin.

    Args:
        bundle: its directory.
        trust: the installation's trusted metadata; None if there is no installation.
        pin: the root that the operator vouches for; used only without an installation.
        now: instead of the clock; for tests.

    Raises:
        BundleError: if neither `trust` nor `pin` is given, or both.
        BundleRefused: naming the file or role.
    """
    if trust is None and pin is None:
        raise BundleError(
            "nothing says yet whose bundles are trusted here",
            hint="Give the root that you were told by another way: --root FILE or --root-sha256 DIGEST.",
        )
    if trust is not None and pin is not None:
        raise BundleError(
            "this installation has a trusted root already",
            hint="Leave --root away; new roots come with bundles. To begin anew, install into another directory.",
        )
    names = set(walk(bundle))
    with tempfile.TemporaryDirectory(prefix="pincite-trust-") as place:
        state = Path(place) / "trust"
        if trust is not None:
            shutil.copytree(trust, state, symlinks=True)
        else:
            state.mkdir()
        trusted = check_metadata(bundle, state, find_pinned(bundle, pin) if pin else None, now)
        _compare_names(names, set(trusted.files))
        with os.fdopen(_opened(bundle, CONTENTS, trusted.files[CONTENTS]), "rb") as file:
            data = file.read()
        _compare_digest(CONTENTS, hashlib.sha256(data).hexdigest(), trusted.files[CONTENTS])
        contents = Contents.read(data)
        if contents.number != trusted.number:
            raise BundleRefused(f"{CONTENTS}: says bundle {contents.number}, its signature says {trusted.number}")
        check_clock(state, contents.made, now or datetime.datetime.now(datetime.UTC))
        yield Examined(bundle, trusted, contents, state)


def _compare_names(found: set[str], signed: set[str]) -> None:
    extra = found - signed - _UNLISTED
    if extra:
        raise BundleRefused(f"{min(extra)}: in the directory, but not signed", hint="Nothing may be added to a bundle.")
    missing = (signed | {CONTENTS}) - found
    if missing:
        raise BundleRefused(f"{min(missing)}: missing", hint="The copy is not complete: copy the bundle again.")
    if CONTENTS not in signed:
        raise BundleRefused(f"{CONTENTS}: not signed")


def _opened(bundle: Path, path: str, target: TargetFile) -> int:
    try:
        descriptor = read_regular(bundle / path)
    except OSError as error:
        raise BundleRefused(f"{path}: {error.strerror}") from error
    size = os.fstat(descriptor).st_size
    if size != target.length:
        os.close(descriptor)
        raise BundleRefused(f"{path}: {size:,} bytes instead of {target.length:,}")
    return descriptor


def _compare_digest(path: str, found: str, target: TargetFile) -> None:
    if found != target.hashes["sha256"]:
        raise BundleRefused(f"{path}: differs from what was signed (SHA-256 {found})")


def check_files(bundle: Path, files: Mapping[str, TargetFile], progress: Progress = silent) -> None:
    """Compare every file with its signed length and digest.

    Raises:
        BundleRefused: naming the first that differs.
    """
    total, done = sum(target.length for target in files.values()), 0
    for path, target in files.items():
        with os.fdopen(_opened(bundle, path, target), "rb") as file:
            sha, length = hashlib.sha256(), 0
            while chunk := file.read(_CHUNK):
                sha.update(chunk)
                length += len(chunk)
                progress("verifying", done + length, total, "B")
        _compare_digest(path, sha.hexdigest(), target)
        done += target.length


def verify_bundle(
    bundle: Path,
    trust: Path | None,
    pin: Pin | None = None,
    *,
    now: datetime.datetime | None = None,
    progress: Progress = silent,
) -> Examined:
    """Check a bundle whole and change nothing; see `examined` for arguments and errors."""
    with examined(bundle, trust, pin, now) as found:
        check_files(bundle, found.trusted.files, progress)
        return found
