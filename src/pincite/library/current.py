"""`CURRENT`: which generation answers, and which thresholds of abstention were approved for it.

One file of one or two lines names by digest everything that a library uses: the generation, whose name is the digest
of its manifest, and, once the bar was calibrated, ``abstention <sha256>`` of the ``abstention.toml`` beside it.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from pincite.errors import LibraryDamaged, LibraryError, LibraryMissing

__all__ = ["POLICY", "Pointer", "approve_policy", "approved_policy", "read_pointer", "sync", "write_pointer"]

POLICY = "abstention.toml"
_POINTER = "CURRENT"
_FORM = re.compile(r"([0-9a-f]{16})\n?(?:abstention ([0-9a-f]{64})\n?)?")
_LONGEST = 200
_HINT = (
    "Calibrate again (pincite evaluate FILE --calibrate), or go back to the thresholds that ship with the program: "
    "pincite evaluate --uncalibrate"
)


@dataclass(frozen=True, slots=True)
class Pointer:
    """The name of a generation, and the SHA-256 of the approved ``abstention.toml``, empty if there is none."""

    generation: str
    policy: str = ""


def read_pointer(library: Path) -> Pointer | None:
    """Return what ``CURRENT`` names, None if nothing has been built.

    Raises:
        LibraryDamaged: if it is not of its form.
        LibraryError: if it cannot be read.
    """
    path = library / _POINTER
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        hint = "Choose another directory with --home or PINCITE_HOME."
        if isinstance(error, PermissionError):
            hint = "Ask the steward of this home, or choose another one with --home or PINCITE_HOME."
        raise LibraryError(f"{path}: {error.strerror}", hint=hint) from error
    found = _FORM.fullmatch(content.decode("latin-1"))
    if found is None:
        raise LibraryDamaged(f"{path}: names no generation", hint="Build the library again: pincite corpus build")
    return Pointer(found[1], found[2] or "")


def write_pointer(library: Path, pointer: Pointer) -> None:
    """Replace ``CURRENT``; after a power cut it is the old or the new one."""
    lines = [pointer.generation, *([f"abstention {pointer.policy}"] if pointer.policy else [])]
    _replace(library / _POINTER, "".join(f"{line}\n" for line in lines).encode("ascii"))


def approved_policy(library: Path) -> bytes | None:
    """Return the bytes of the approved ``abstention.toml``, None if none was approved.

    Raises:
        LibraryDamaged: if the file is missing, differs from the approved digest, or was never approved.
    """
    path = library / POLICY
    pointer = read_pointer(library)
    wanted = pointer.policy if pointer else ""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if wanted:
            raise LibraryDamaged(f"{path} is missing", hint=_HINT) from None
        return None
    except OSError as error:
        raise LibraryDamaged(f"{path}: {error.strerror}", hint=_HINT) from error
    if not wanted:
        raise LibraryDamaged(f"{path}: these thresholds were not approved for this library", hint=_HINT)
    if hashlib.sha256(data).hexdigest() != wanted:
        raise LibraryDamaged(f"{path} differs from its digest", hint=_HINT)
    return data


def approve_policy(library: Path, text: str | None) -> None:
    """Write ``abstention.toml`` and approve it; None takes it away.

    Raises:
        LibraryMissing: if nothing has been built here.
    """
    pointer = read_pointer(library)
    if pointer is None:
        raise LibraryMissing(f"{library}: no library has been built here", hint="Build one: pincite corpus build")
    if text is None:
        write_pointer(library, replace(pointer, policy=""))
        (library / POLICY).unlink(missing_ok=True)
        return
    data = text.encode("utf-8")
    _replace(library / POLICY, data)
    write_pointer(library, replace(pointer, policy=hashlib.sha256(data).hexdigest()))


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(data)
    fresh.chmod(0o600 | 0o044 & path.parent.stat().st_mode)  # whoever may read the directory may read the file
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file or directory on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
