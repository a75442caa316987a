"""Names inside a bundle, which paths are plain enough to be signed, and a look at a tree that follows nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pincite.errors import BundleRefused

__all__ = ["BOOTSTRAP", "CONTENTS", "CORPUS", "DOCS", "LIBRARY", "METADATA", "MODELS", "SBOM", "WHEELS"]
__all__ += ["check_path", "read_regular", "root_name", "walk"]

BOOTSTRAP = "install.py"
"""The program that verifies and installs a first bundle."""

CONTENTS = "bundle.json"
"""What the bundle holds, and for which machine."""

SBOM = "sbom.cdx.json"
"""The software bill of materials, CycloneDX."""

METADATA = "metadata"
WHEELS = "wheels"
MODELS = "models"
CORPUS = "corpus"
LIBRARY = "library"
DOCS = "docs"


def root_name(version: int) -> str:
    """Return the file name of the root metadata of this version."""
    return f"{version}.root.json"


def check_path(path: str) -> None:
    """Check that a path from signed metadata is relative, plain and stays inside the bundle.

    Raises:
        BundleRefused: naming it.
    """
    for part in path.split("/"):
        if not part or part.startswith(".") or not part.isprintable() or set(part) & set("\\:"):
            raise BundleRefused(f"{path}: not a plain path inside the bundle")


def walk(directory: Path) -> Iterator[str]:
    """Yield the paths of all files below a directory, relative to it, in no order; nothing is opened or followed.

    Raises:
        BundleRefused: on a link, pipe, device or socket, an empty directory, or what cannot be looked into.
    """
    yield from _walk(directory, "")


def _walk(directory: Path, before: str) -> Iterator[str]:
    try:
        with os.scandir(directory) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        if before and not entries:
            raise BundleRefused(f"{before}: an empty directory, which no bundle has")
        for entry in entries:
            path = before + entry.name
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                yield from _walk(directory / entry.name, path + "/")
            elif stat.S_ISREG(mode):
                yield path
            else:
                kind = next((name for name, test in _KINDS if test(mode)), "not a regular file")
                raise BundleRefused(f"{path}: {kind}, which no bundle has")
    except OSError as error:
        raise BundleRefused(f"{before or directory}: {error.strerror}") from error


_KINDS = (
    ("a symbolic link", stat.S_ISLNK),
    ("a named pipe", stat.S_ISFIFO),
    ("a socket", stat.S_ISSOCK),
    ("a device", stat.S_ISCHR),
    ("a device", stat.S_ISBLK),
)


def read_regular(path: Path) -> int:
    """Open a regular file for reading and return the descriptor; waits for no pipe and follows no link at the end.

    Raises:
        OSError: if it cannot be opened.
        BundleRefused: if it is something else.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BundleRefused(f"{path}: not a regular file")
    return descriptor
