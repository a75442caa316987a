"""Whether a model on disk is the approved one: every file, every byte, nothing else."""

from __future__ import annotations

from pathlib import Path

from pincite.domain.progress import Progress, silent
from pincite.errors import DigestMismatch, ModelError, ModelMissing
from pincite.models.embedder import check_directory
from pincite.models.files import digest, reading
from pincite.models.manifest import ModelEntry, ModelFile

__all__ = ["check_file", "check_files", "fetch_hint", "verify"]

_known: dict[tuple[str, int, int, int], str] = {}
"""Digests seen by this process, by path, size, mtime (ns) and inode; never kept on disk, where it could be forged."""


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


def check_files(entry: ModelEntry, path: Path, progress: Progress = silent) -> None:
    """Check the file or directory at `path` as `verify` does, wherever it stands."""
    if entry.is_directory:
        extra = set(check_directory(path)) - {file.path for file in entry.files}
        if extra:
            raise ModelError(
                f"{path / min(extra)}: not among the approved files of {entry.name}", hint="Move it elsewhere."
            )
    done = 0
    for file in entry.files:
        target = path / file.path if entry.is_directory else path
        check_file(target, file, entry.name, fetch_hint(entry), progress, done, entry.size)
        done += file.size


def check_file(
    target: Path, file: ModelFile, name: str, hint: str, progress: Progress = silent, done: int = 0, total: int = 0
) -> None:
    """Check one file of the model `name` against its size and digest; `done` of `total` bytes were checked before.

    Raises:
        ModelMissing, DigestMismatch: naming the file.
    """
    if not target.is_file():
        raise ModelMissing(f"{name}: {target} is missing", hint=hint)
    with reading(target):
        size = target.stat().st_size
        if size != file.size:
            raise DigestMismatch(f"{target}: {size:,} of {file.size:,} bytes", hint=f"Remove it. {hint}")
        found = _digest(target, progress, f"checking {name}", done, total or size)
    if found != file.sha256:
        raise DigestMismatch(f"{target}: SHA-256 is {found}, approved is {file.sha256}", hint=f"Remove it. {hint}")


def _digest(path: Path, progress: Progress, what: str, before: int, total: int) -> str:
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)
    if key not in _known:
        _known[key] = digest(path, progress, what=what, before=before, total=total)
    return _known[key]


def fetch_hint(entry: ModelEntry) -> str:
    """Return what to do when the model is not there."""
    if entry.local:
        return "Add it again with `pincite models add`."
    return f"Run `pincite models fetch {entry.name}` while connected, or add the file by hand."
