"""Whether a model on disk is the approved one: every file, every byte, nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pincite.domain.progress import Progress, silent
from pincite.domain.unchanged import Snapshot, State, state_of
from pincite.errors import DigestMismatch, ModelError, ModelMissing
from pincite.models.embedder import check_directory
from pincite.models.files import digest, reading
from pincite.models.manifest import ModelEntry, ModelFile

__all__ = ["Verified", "check_file", "check_files", "fetch_hint", "verified", "verify"]

_known: dict[State, str] = {}
"""Digests seen by this process, by what the kernel says of the file; never kept on disk, where they could be forged."""

_TICK = 50_000_000
"""Nanoseconds. The kernel's clock for files ticks every few milliseconds: two changes within one look like one, so that
the digest of a file that was changed just now is not remembered."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A model whose bytes were compared with its digest.

    Attributes:
        path: its file or directory, for people.
        opened: where to load it from. For a file on Linux this leads to the open file that was compared, so that
            another file put in its place meanwhile is not what is loaded.
    """

    path: Path
    opened: Path


@contextmanager
def verified(entry: ModelEntry, directory: Path, progress: Progress = silent) -> Iterator[Verified]:
    """Verify a model, give it for loading, and make sure at the end that it was not changed meanwhile.

    Raises:
        ModelMissing, DigestMismatch, ModelError: as `verify` does.
        DigestMismatch: at the end of the block, if a file was written or replaced within it; names it.
    """
    path = directory / entry.target
    if not path.exists():
        raise ModelMissing(f"{entry.name}: {path} is not there", hint=fetch_hint(entry))
    with reading(path):
        # directories too: a file that is put into one, or taken out of it, changes the directory
        before = Snapshot([path, *path.rglob("*")])
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        through = Path(f"/proc/self/fd/{descriptor}")
        opened = through if not entry.is_directory and through.exists() else path
        check_files(entry, path, progress, opened=opened)
        yield Verified(path, opened)
        if changed := before.changed():
            raise DigestMismatch(
                f"{changed}: was changed while {entry.name} was being loaded", hint="Nothing of it is used. Try again."
            )
    finally:
        os.close(descriptor)


def verify(entry: ModelEntry, directory: Path, progress: Progress = silent) -> Path:
    """Check the model in the models directory and return its path; a file is hashed once per process.

    Raises:
        ModelMissing: if it or one of its files is not there.
        DigestMismatch: if a file is truncated or differs; names it, as all of these do.
        ModelError: if an embedder's directory breaks the rules or holds a file that the manifest does not list.
    """
    path = directory / entry.target
    if not path.exists():
        raise ModelMissing(f"{entry.name}: {path} is not there", hint=fetch_hint(entry))
    check_files(entry, path, progress)
    return path


def check_files(entry: ModelEntry, path: Path, progress: Progress = silent, *, opened: Path | None = None) -> None:
    """Check the file or directory at `path` as `verify` does, wherever it stands; a file is read from `opened`."""
    if entry.is_directory:
        extra = set(check_directory(path)) - {file.path for file in entry.files}
        if extra:
            raise ModelError(
                f"{path / min(extra)}: not among the approved files of {entry.name}", hint="Move it elsewhere."
            )
    done = 0
    for file in entry.files:
        target = path / file.path if entry.is_directory else path
        source = None if entry.is_directory else opened
        check_file(target, file, entry.name, fetch_hint(entry), progress, done, entry.size, opened=source)
        done += file.size


def check_file(
    target: Path,
    file: ModelFile,
    name: str,
    hint: str,
    progress: Progress = silent,
    done: int = 0,
    total: int = 0,
    *,
    opened: Path | None = None,
) -> None:
    """Check one file of the model `name` against its size and digest; `done` of `total` bytes were checked before.

    The bytes are read from `opened`, if given; errors name `target`.

    Raises:
        ModelMissing, DigestMismatch: naming the file.
    """
    if not target.is_file():
        raise ModelMissing(f"{name}: {target} is missing", hint=hint)
    source = opened or target
    with reading(target):
        state = state_of(source)
        size = source.stat().st_size
        if size != file.size:
            raise DigestMismatch(f"{target}: {size:,} of {file.size:,} bytes", hint=f"Remove it. {hint}")
        if state not in _known:
            found = digest(source, progress, what=f"checking {name}", before=done, total=total or size)
            if state_of(source) != state:
                raise DigestMismatch(f"{target}: was changed while it was checked", hint="Try again.")
            if time.time_ns() - state[-1] > _TICK:
                _known[state] = found
        else:
            found = _known[state]
    if found != file.sha256:
        raise DigestMismatch(f"{target}: SHA-256 is {found}, approved is {file.sha256}", hint=f"Remove it. {hint}")


def fetch_hint(entry: ModelEntry) -> str:
    """Return what to do when the model is not there."""
    if entry.local:
        return "Add it again with `pincite models add`."
    return f"Run `pincite models fetch {entry.name}` while connected, or add the file by hand."
