"""Landlock by ctypes: where in the file system this process and its children may write, and whom they may signal.

Everything can be read that the user can read; only what is named here can be written. A domain is inherited by every
child and cannot be taken back. The kernel's documentation of the interface: userspace-api/landlock.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pincite.errors import SealError
from pincite.seal.seccomp import number_of, unavailable

__all__ = ["OLDEST", "Restriction", "abi", "restrict"]

OLDEST = 2
"""First version of the interface that lets files move between folders, which a build of the library does."""

# include/uapi/linux/landlock.h: bits of access rights, and the version of the interface that brought them
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_ALL = (1 << 13) - 1
_SINCE = ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV))
_TCP = 0b11  # bind and connect, from version 4
_SCOPES = 0b11  # abstract UNIX sockets and signals, from version 6

_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_WRITE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER | _TRUNCATE
_DEVICE = _READ_FILE | _READ_DIR | _WRITE_FILE | _TRUNCATE | _IOCTL_DEV

_VERSION_FLAG, _PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True, slots=True)
class Restriction:
    """What Landlock enforces.

    Attributes:
        abi: version of the kernel's interface; 0 if there is none, and then nothing is enforced.
        writable: the files and folders, with all beneath them, that can be written.
        tcp: no TCP connection can be made or awaited (version 4).
        scopes: no signal and no abstract UNIX socket reaches a process outside (version 6).
        why_not: why nothing is enforced; empty if it is.
    """

    abi: int = 0
    writable: tuple[str, ...] = ()
    tcp: bool = False
    scopes: bool = False
    why_not: str = ""

    @property
    def enforced(self) -> bool:
        """Whether the allow-list holds."""
        return not self.why_not


def abi() -> int:
    """Return the version of the kernel's Landlock; 0 if it has none or does not use it."""
    if unavailable():
        return 0
    return max(0, _call("landlock_create_ruleset", None, 0, _VERSION_FLAG))


def restrict(writable: Iterable[Path], devices: Iterable[Path] = ()) -> Restriction:
    """Let this thread and whatever it starts from now on write only to these places.

    Call it while the process has one thread. With a kernel that cannot do it, nothing happens and the result says so.

    Args:
        writable: folders and files that exist; what is beneath a folder is meant too.
        devices: device files, and folders of them; those that do not exist are left out.

    Raises:
        SealError: if the kernel has Landlock and refuses all the same, or a place in `writable` cannot be opened.
    """
    version = abi()
    if version < OLDEST:
        return Restriction(
            version, why_not="the kernel has no Landlock" if not version else f"version {version} is too old"
        )
    handled = _ALL | sum(bits for since, bits in _SINCE if version >= since)
    attributes = struct.pack("QQQ", handled, _TCP, _SCOPES)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = _call("landlock_create_ruleset", attributes, len(attributes), 0)
    if ruleset < 0:
        raise SealError(f"Landlock: no ruleset: {os.strerror(ctypes.get_errno())}")
    try:
        _allow(ruleset, Path("/"), _READ & handled)
        real = sorted({Path(os.path.realpath(path)) for path in writable})
        named = tuple(path for path in real if not set(path.parents) & set(real))
        for path in named:
            _allow(ruleset, path, _WRITE & handled)
        for path in devices:
            with contextlib.suppress(FileNotFoundError):
                _allow(ruleset, path, _DEVICE & handled)
        if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise SealError(f"no_new_privs: {os.strerror(ctypes.get_errno())}")
        if _call("landlock_restrict_self", ruleset, 0) != 0:
            raise SealError(f"Landlock: {os.strerror(ctypes.get_errno())}")
    except OSError as error:
        raise SealError(f"Landlock: {error.filename}: {error.strerror}") from error
    finally:
        os.close(ruleset)
    return Restriction(version, tuple(map(str, named)), version >= 4, version >= 6)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, place)
        if _call("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), os.fspath(path))
    finally:
        os.close(place)


def _call(name: str, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    given = (ctypes.c_long(value) if isinstance(value, int) else value for value in arguments)
    return int(libc.syscall(ctypes.c_long(number_of(name)), *given))
