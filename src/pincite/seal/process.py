"""What a process gives up by itself: inherited sockets, core dumps, being looked into, the machine's network."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import struct
import sys
from pathlib import Path

from pincite.errors import SealError

if sys.platform != "win32":
    import resource

__all__ = ["inherited_sockets", "leave_network", "no_core_dumps", "threads"]

_PR_SET_DUMPABLE = 4
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_CAPABILITY_VERSION = 0x20080522


def inherited_sockets() -> list[str]:
    """Return the open descriptors through which a network could be reached past the seal, each with what it is."""
    found = []
    for entry in list(Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd").iterdir()):
        name = entry.name
        with contextlib.suppress(OSError):  # the descriptor of the listing itself
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                found.append(f"descriptor {name} is a socket")
            elif sys.platform == "linux":
                target = str(entry.readlink())
                found += [f"descriptor {name} is {kind}" for kind in ("io_uring", "pidfd") if f"[{kind}]" in target]
    return sorted(found)


def threads() -> int:
    """Return how many threads this process has."""
    return len(list(Path("/proc/self/task").iterdir()))


def no_core_dumps() -> None:
    """Let no memory of this process reach a disk by a crash, nor another process of the same user.

    Children inherit the limit; what they execute can be looked into again.

    Raises:
        SealError: if the kernel refuses.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise SealError(f"PR_SET_DUMPABLE: {os.strerror(ctypes.get_errno())}")


def leave_network(*, users: bool = True) -> str:
    """Move this process to a network namespace without interfaces; return why that was not done, or nothing.

    A user who may not make one gets it together with a user namespace, which many hardened systems forbid, and in which
    all other users and groups look like nobody's. Call it while the process has one thread and can be looked into.

    Args:
        users: whether a user namespace may be made for it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) == 0:
        return ""
    refused = os.strerror(ctypes.get_errno())
    if not users:
        return f"{refused}, and a user namespace would hide the groups that decide who is cleared"
    if os.geteuid() == 0:  # a namespace of users would take root's rights over other people's files away
        return refused
    # tried by a child first: half done, it cannot be undone
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 1 if _leave_with_users(libc) else 0
        finally:
            os._exit(code)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        return f"user namespaces are not allowed: {refused}"
    return _leave_with_users(libc)


def _leave_with_users(libc: ctypes.CDLL) -> str:
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return os.strerror(ctypes.get_errno())
    try:
        for file, content in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            Path("/proc/self", file).write_bytes(content.encode())
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    header, none = struct.pack("Ii", _CAPABILITY_VERSION, 0), bytes(24)
    return "" if libc.capset(header, none) == 0 else f"capset: {os.strerror(ctypes.get_errno())}"
