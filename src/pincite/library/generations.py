"""Generations on disk: a new one is written beside the current one and takes its place by one rename."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pincite.domain.unchanged import Snapshot
from pincite.errors import LibraryDamaged, LibraryError, LibraryMissing
from pincite.library.current import POLICY, Pointer, read_pointer, sync, write_pointer

__all__ = ["DATABASE", "SENTENCES", "VECTORS", "Generations", "file_sha256"]

DATABASE = "passages.db"
VECTORS = "vectors.npy"
SENTENCES = "sentences.npy"
_FILES = (DATABASE, VECTORS, SENTENCES)
_MANIFEST = "manifest.json"


def file_sha256(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Generations:
    """The directory of a library: ``generations/<id>/``, ``CURRENT`` and a work directory for an unfinished build."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._pointer = directory / "CURRENT"
        self._staging = directory / "staging"

    @property
    def work(self) -> Path:
        """Where a build keeps what it has done so far; survives a kill, so that the next build goes on from it."""
        return self.directory / "work"

    def current(self) -> Path | None:
        """Return the current generation's directory, or None if nothing has been built."""
        pointer = read_pointer(self.directory)
        if pointer is None:
            return None
        directory = self.directory / "generations" / pointer.generation
        if not directory.is_dir():
            raise LibraryDamaged(
                f"{self._pointer} names the generation {pointer.generation!r}, which does not exist",
                hint="Build the library again: pincite corpus build",
            )
        return directory

    def manifest(self, directory: Path) -> dict[str, Any]:
        """Return a generation's manifest.

        Raises:
            LibraryDamaged: if it cannot be read or is not the one that the generation is named after.
        """
        path = directory / _MANIFEST
        hint = "Build the library again: pincite corpus build"
        try:
            content = path.read_bytes()
            if _name_of(content) != directory.name:
                raise LibraryDamaged(f"{path} differs from its digest", hint=hint)
            manifest: dict[str, Any] = json.loads(content)
            if sorted(manifest["files"]) != sorted(_FILES):
                raise LibraryDamaged(f"{path} does not list the files of a generation", hint=hint)
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise LibraryDamaged(f"{path}: {error}", hint=hint) from error
        return manifest

    def verify(self, directory: Path) -> dict[str, Any]:
        """Compare every file of a generation with its digest and return the manifest.

        Raises:
            LibraryDamaged: naming the file that is missing, altered or not in the manifest.
        """
        manifest = self.manifest(directory)
        known = dict(manifest["files"])
        present = {entry.name for entry in directory.iterdir()} - {_MANIFEST}
        hint = "Build the library again: pincite corpus build --rebuild"
        for name in sorted(present | set(known)):
            path = directory / name
            if name not in known:
                raise LibraryDamaged(f"{path} is not in the manifest", hint=hint)
            if name not in present:
                raise LibraryDamaged(f"{path} is missing", hint=hint)
            if path.is_symlink() or not path.is_file() or file_sha256(path) != known[name]:
                raise LibraryDamaged(f"{path} differs from its digest", hint=hint)
        return manifest

    @contextlib.contextmanager
    def verified(self, directory: Path) -> Iterator[dict[str, Any]]:
        """Verify a generation, give its manifest, and make sure at the end of the block that nothing was changed.

        What is opened by name within the block is then what was compared.

        Raises:
            LibraryDamaged: as `verify`; at the end if a file was written or replaced meanwhile.
        """
        hint = "Try again; if it stays, build the library again: pincite corpus build --rebuild"
        try:
            before = Snapshot([directory, *directory.iterdir()])
        except OSError as error:
            raise LibraryDamaged(f"{error.filename}: {error.strerror}", hint=hint) from error
        yield self.verify(directory)
        if changed := before.changed():
            raise LibraryDamaged(f"{changed}: was changed while it was being opened", hint=hint)

    def require_current(self) -> Path:
        """Return the current generation's directory.

        Raises:
            LibraryMissing: if there is none.
        """
        directory = self.current()
        if directory is None:
            raise LibraryMissing(
                f"{self.directory}: no library has been built here", hint="Build one: pincite corpus build"
            )
        return directory

    def stage(self) -> Path:
        """Return an empty directory in which to write a new generation."""
        shutil.rmtree(self._staging, ignore_errors=True)
        self._staging.mkdir(parents=True, mode=0o700)
        return self._staging

    def publish(self, staging: Path, facts: Mapping[str, Any], *, settle: bool = True) -> Path:
        """Seal a staged generation, make it the current one and remove all others and the work directory.

        With `settle` false all others stay: a purge overwrites them before it removes them.
        Whoever may read the library's directory by its mode may read the generation.

        Returns:
            The new generation's directory. Its name begins with the digest over its files.
        """
        files = {name: file_sha256(staging / name) for name in _FILES}
        manifest = {**facts, "files": files}
        content = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False).encode()
        (staging / _MANIFEST).write_bytes(content)
        name = _name_of(content)
        for path in staging.iterdir():
            sync(path)
        sync(staging)
        target = self.directory / "generations" / name
        target.parent.mkdir(exist_ok=True, mode=0o700)
        self._open(*staging.iterdir(), staging, target.parent)
        if self._is_whole(target):  # the same content was built before
            shutil.rmtree(staging)
        else:
            shutil.rmtree(target, ignore_errors=True)
            staging.rename(target)
        sync(target.parent)
        before = read_pointer(self.directory) if self._pointer.exists() else None
        write_pointer(self.directory, Pointer(name, before.policy if before else ""))
        if settle:
            self.settle()
        return target

    def _open(self, *paths: Path) -> None:
        """Let others read `paths` as they may read the library's directory, before anything leads there.

        The directory's set-group-ID bit has given its group to what was made in it.
        """
        mode = stat.S_IMODE(self.directory.stat().st_mode)
        if mode & 0o077:
            for path in paths:
                path.chmod((0o755 if path.is_dir() else 0o644) & mode)

    def discard(self, staging: Path) -> None:
        """Throw a staged generation away."""
        shutil.rmtree(staging, ignore_errors=True)

    def settle(self) -> None:
        """Remove everything but the current generation: others, what was staged, the work directory."""
        current = self.require_current()
        for other in (*current.parent.iterdir(), self._staging, self.work):
            if other != current:
                shutil.rmtree(other, ignore_errors=True)
        self._pointer.with_suffix(".new").unlink(missing_ok=True)

    def remains(self) -> list[Path]:
        """Return what is not the current generation: others, what was staged, the work directory."""
        current = self.current()
        kept = self.directory / "generations"
        others = [path for path in sorted(kept.iterdir()) if path != current] if kept.is_dir() else []
        return [*others, *(path for path in (self._staging, self.work) if path.exists())]

    def close_for_good(self) -> None:
        """Make it that no generation is current: what a library becomes when its last document is purged."""
        self._pointer.unlink(missing_ok=True)
        (self.directory / POLICY).unlink(missing_ok=True)  # approved for what is gone
        sync(self.directory)

    def pin(self, directory: Path) -> int:
        """Say that a generation is being read, as long as the descriptor returned is open.

        Raises:
            LibraryMissing: if it is being erased, or is gone already; another one is current then.
        """
        descriptor = -1
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, FileNotFoundError) as error:
            if descriptor >= 0:
                os.close(descriptor)
            raise LibraryMissing(
                f"{directory}: this generation is being erased", hint="Try again: a new one takes its place."
            ) from error
        except OSError:
            if descriptor < 0:
                raise
            # a file system without locks: it can be read, and `unread` finds that it cannot tell
        return descriptor

    @contextlib.contextmanager
    def unread(self, directory: Path) -> Iterator[bool]:
        """Give whether it is certain that nobody reads a generation; then nobody can begin to until the block ends."""
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free = True
            except OSError:
                free = False
            yield free
        finally:
            os.close(descriptor)

    def _is_whole(self, directory: Path) -> bool:
        try:
            self.verify(directory)
        except (LibraryDamaged, OSError):
            return False
        return True

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the library for building; readers are not disturbed.

        Raises:
            LibraryError: if another build holds it.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.directory / "build.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise LibraryError(
                    f"{self.directory}: another build is running", hint="Wait for it, then try again."
                ) from error
            yield
        finally:
            os.close(descriptor)


def _name_of(manifest: bytes) -> str:
    return hashlib.sha256(manifest).hexdigest()[:16]
