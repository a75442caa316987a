"""Seccomp by ctypes: system calls that a process gives up for good, as a filter program for the Linux kernel.

A filter is inherited by every child and cannot be taken back. Calls that hide their arguments behind a pointer
(clone3, openat2) are answered with ENOSYS, upon which the C library uses the older call, whose arguments can be seen.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pincite.errors import SealError

__all__ = [
    "NO_NETWORK",
    "NO_OTHERS",
    "NO_PROCESSES",
    "NO_REACH",
    "NO_WRITES",
    "Rule",
    "install",
    "number_of",
    "program",
    "unavailable",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One system call refused.

    Attributes:
        call: its name, a key of the tables below; skipped on an architecture that lacks it.
        error: the error number that it returns.
        argument: position of the argument that decides; -1 refuses always.
        bits: with `argument`: refused if any of these bits is set in it.
        unless: the other way round: refused unless one of the bits is set.
        values: with `argument`, in the place of `bits`: refused if it is one of these.
    """

    call: str
    error: int = errno.EPERM
    argument: int = -1
    bits: int = 0
    unless: bool = False
    values: tuple[int, ...] = ()


_UNIX, _STREAM, _KIND = 1, 1, 0xF  # AF_UNIX, SOCK_STREAM, SOCK_TYPE_MASK
_CLONE_THREAD, _CLONE_NEWUSER = 0x10000, 0x10000000
_WRITING = os.O_WRONLY | os.O_RDWR | 0x40 | 0x200  # O_CREAT and O_TRUNC as Linux has them, whatever this system is

NO_NETWORK = (
    Rule("socket", errno.EACCES),
    # event loops wake themselves through a pair of connected UNIX streams; pairs of other kinds can send elsewhere
    Rule("socketpair", errno.EACCES, argument=0, bits=0xFFFFFFFF & ~_UNIX),
    Rule("socketpair", errno.EACCES, argument=1, bits=_KIND & ~_STREAM),
    *(Rule(call, errno.EACCES) for call in ("connect", "bind", "listen", "accept", "accept4")),
    # it would open sockets past the filter
    *(Rule(call, errno.ENOSYS) for call in ("io_uring_setup", "io_uring_enter", "io_uring_register")),
)
"""No socket of any family, and nothing done with one that was opened before but to read and write."""

NO_REACH = (
    *map(Rule, (
        "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",  # other processes' memory and sockets
        "setns", "unshare", "mount", "bpf", "perf_event_open",
        "add_key", "request_key", "keyctl",  # the kernel resolves host names for whoever requests such a key
    )),
    Rule("clone", argument=0, bits=_CLONE_NEWUSER),
    Rule("clone3", errno.ENOSYS),
    Rule("ioctl", argument=1, values=(0x5412, 0x541C)),  # TIOCSTI and TIOCLINUX type into the terminal, as its user
)  # fmt: skip
"""No way to let another process or the kernel use a network in this one's place; children and signals are allowed."""

NO_PROCESSES = (
    *map(Rule, ("fork", "vfork", "execve", "execveat")),
    Rule("clone", argument=0, bits=_CLONE_THREAD, unless=True),
    Rule("clone3", errno.ENOSYS),
)
"""No child process and no other program; threads are allowed."""

NO_WRITES = (
    Rule("open", argument=1, bits=_WRITING),
    Rule("openat", argument=2, bits=_WRITING),
    Rule("openat2", errno.ENOSYS),
    *map(Rule, (
        "creat", "truncate", "ftruncate", "unlink", "unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat",
        "rmdir", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "chmod", "fchmod", "fchmodat",
        "fchmodat2", "chown", "fchown", "lchown", "fchownat", "setxattr", "lsetxattr", "fsetxattr", "mount", "umount2",
    )),
)  # fmt: skip
"""Nothing in the file system is created, changed or removed; files that are open already can be written to."""

NO_OTHERS = tuple(
    map(Rule, (
        "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_open", "pidfd_getfd", "kill", "setns", "unshare",
        "bpf",
    ))
)  # fmt: skip
"""No hand on other processes, nor on the kernel."""


@dataclass(frozen=True, slots=True)
class _Machine:
    audit: int
    calls: dict[str, int]


def _table(numbers: str) -> dict[str, int]:
    return {name: int(number) for name, _, number in (entry.partition(":") for entry in numbers.split())}


# From the kernel's arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
_MACHINES = {
    "x86_64": _Machine(0xC000003E, _table("""
        socket:41 io_uring_setup:425 fork:57 vfork:58 clone:56 clone3:435 execve:59 execveat:322 open:2 openat:257
        openat2:437 creat:85 truncate:76 ftruncate:77 unlink:87 unlinkat:263 rename:82 renameat:264 renameat2:316
        mkdir:83 mkdirat:258 rmdir:84 link:86 linkat:265 symlink:88 symlinkat:266 mknod:133 mknodat:259 chmod:90
        fchmod:91 fchmodat:268 fchmodat2:452 chown:92 fchown:93 lchown:94 fchownat:260 setxattr:188 lsetxattr:189
        fsetxattr:190 mount:165 umount2:166 ptrace:101 process_vm_readv:310 process_vm_writev:311 pidfd_open:434
        pidfd_getfd:438 kill:62 setns:308 unshare:272 bpf:321 socketpair:53 connect:42 bind:49 listen:50 accept:43
        accept4:288 io_uring_enter:426 io_uring_register:427 ioctl:16 add_key:248 request_key:249 keyctl:250
        perf_event_open:298 seccomp:317 prctl:157 landlock_create_ruleset:444 landlock_add_rule:445
        landlock_restrict_self:446""")),
    "aarch64": _Machine(0xC00000B7, _table("""
        socket:198 io_uring_setup:425 clone:220 clone3:435 execve:221 execveat:281 openat:56 openat2:437 truncate:45
        ftruncate:46 unlinkat:35 renameat:38 renameat2:276 mkdirat:34 linkat:37 symlinkat:36 mknodat:33 fchmod:52
        fchmodat:53 fchmodat2:452 fchown:55 fchownat:54 setxattr:5 lsetxattr:6 fsetxattr:7 mount:40 umount2:39
        ptrace:117 process_vm_readv:270 process_vm_writev:271 pidfd_open:434 pidfd_getfd:438 kill:129 setns:268
        unshare:97 bpf:280 socketpair:199 connect:203 bind:200 listen:201 accept:202 accept4:242 io_uring_enter:426
        io_uring_register:427 ioctl:29 add_key:217 request_key:218 keyctl:219 perf_event_open:241 seccomp:277 prctl:167
        landlock_create_ruleset:444 landlock_add_rule:445 landlock_restrict_self:446""")),
}  # fmt: skip

# Classic BPF: load a word of the call's description, jump on equal / not less / bits set, return.
_LOAD, _EQUAL, _NOT_LESS, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AT_CALL, _AT_MACHINE, _AT_ARGUMENTS = 0, 4, 16
_KILL, _ERROR, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_X32 = 0x40000000  # calls of x86-64's 32-bit form have this bit in their number

_PR_SET_NO_NEW_PRIVS, _SET_MODE_FILTER, _ALL_THREADS = 38, 1, 1


def program(rules: Iterable[Rule], machine: str) -> list[tuple[int, int, int, int]]:
    """Return the filter for an architecture ("x86_64", "aarch64") as (code, jump if true, jump if false, value).

    Calls made in the manner of another architecture kill the process, since their numbers mean something else.
    """
    known = _MACHINES[machine]
    lines = [
        (_LOAD, 0, 0, _AT_MACHINE),
        (_EQUAL, 1, 0, known.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _AT_CALL),
    ]
    if machine == "x86_64":
        lines += [(_NOT_LESS, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for rule in rules:
        number = known.calls.get(rule.call)
        if number is None:
            continue
        refuse = (_RETURN, 0, 0, _ERROR | rule.error)
        if rule.argument < 0:
            lines += [(_EQUAL, 0, 1, number), refuse]
            continue
        block = [(_LOAD, 0, 0, _AT_ARGUMENTS + 8 * rule.argument)]  # its lower half: both machines are little-endian
        if rule.values:
            for value in rule.values:
                block += [(_EQUAL, 0, 1, value), refuse]
        else:
            block += [(_BITS, *((1, 0) if rule.unless else (0, 1)), rule.bits), refuse]
        block.append((_LOAD, 0, 0, _AT_CALL))  # another rule may be about the same call
        lines += [(_EQUAL, 0, len(block), number), *block]
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def number_of(call: str) -> int:
    """Return the number of a system call on this machine; KeyError if it is not in the tables."""
    return _MACHINES[platform.machine()].calls[call]


def unavailable() -> str:
    """Say why this machine cannot be asked to refuse system calls; empty if it can."""
    if sys.platform != "linux":
        return f"{platform.system()} has no seccomp"
    if platform.machine() not in _MACHINES:
        return f"the system calls of {platform.machine()} are not known"
    if struct.calcsize("P") != 8:
        return "this Python is a 32-bit program"
    return ""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.c_void_p))


def install(*groups: Sequence[Rule]) -> None:
    """Give up the system calls of all groups, in every thread of this process and in its children, for good.

    Raises:
        SealError: if the kernel cannot or will not do it.
    """
    reason = unavailable()
    if reason:
        raise SealError(f"system calls cannot be denied here: {reason}")
    lines = program((rule for group in groups for rule in group), platform.machine())
    code = b"".join(struct.pack("HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = _Program(len(lines), ctypes.cast(buffer, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long(number_of("seccomp"))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise SealError(f"no_new_privs: {os.strerror(ctypes.get_errno())}")
    done = libc.syscall(number, ctypes.c_ulong(_SET_MODE_FILTER), ctypes.c_ulong(_ALL_THREADS), ctypes.byref(filter_))
    if done != 0:  # a thread's number if one could not be brought along
        why = os.strerror(ctypes.get_errno()) if done < 0 else "a thread has another filter"
        raise SealError(f"seccomp: {why}")
