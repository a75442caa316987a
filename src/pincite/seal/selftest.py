"""Tries what the seal forbids, by the system calls themselves, and says what the kernel answered.

A probe that the kernel lets through is a finding, not an error: outside of a seal most of them are.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import platform
import shutil
import signal
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pincite.seal.seccomp import number_of

__all__ = ["FAMILIES", "Probe", "probe_children", "probe_kernel"]

FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17, "AF_VSOCK": 40}
"""Families tried one by one; the others together."""

_KINDS = (1, 2, 3, 5)  # SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET
_MPTCP, _UDP = 262, 17
_FAST_OPEN = 0x20000000
_OPENED, _NOT_EXECUTED = "opened", "not tried: no data may be executed here"
_CHILD_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt.

    Attributes:
        name: what was tried.
        wanted: the answer that shows the seal; empty where this kernel or the seal's state asks for none.
        found: the answer: the name of an error or signal, or what succeeded.
    """

    name: str
    wanted: str
    found: str

    @property
    def good(self) -> bool:
        """Whether the kernel answered as it must."""
        return self.wanted in ("", self.found)

    def to_json(self) -> dict[str, str | bool]:
        """Return the probe for JSON."""
        return {"name": self.name, "wanted": self.wanted, "found": self.found, "good": self.good}


def probe_kernel(writable: Iterable[str] | None) -> Iterator[Probe]:
    """Try sockets of every family and form, io_uring, and a write outside of `writable` (None: any may be written).

    Takes about a millisecond and leaves nothing behind.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for name, family in FAMILIES.items():
        yield Probe(name, "EACCES", _sockets(libc, [family]))
    others = [family for family in range(64) if family not in FAMILIES.values()]
    yield Probe("every other family", "EACCES", _sockets(libc, others))
    yield Probe("UDP", "EACCES", _socket(libc, 2, 2, _UDP))
    yield Probe("MPTCP", "EACCES", _socket(libc, 2, 1, _MPTCP))
    yield Probe("TCP Fast Open", "EACCES", _fast_open(libc))
    yield Probe("pair of datagram sockets", "EACCES", _pair(libc))
    yield Probe("io_uring", "ENOSYS", _call(libc, number_of("io_uring_setup"), 1, 0))
    yield Probe("every thread filtered", "2", _filters())
    yield Probe("child process", "EACCES", _forked(lambda: _socket(libc, 2, 1, 0)))
    outside = None if writable is None else _writable_outside(list(writable))
    yield Probe("write outside", "EACCES" if outside else "", _write(outside))


def probe_children() -> Iterator[Probe]:
    """Try what ends or starts processes: a shell's own network access, and calls in the manner of 32-bit programs."""
    bash = shutil.which("bash")
    yield Probe("bash </dev/tcp", "EACCES" if bash else "", _shell(bash) if bash else "no bash")
    if platform.machine() == "x86_64":
        found = _forked(_i386)
        # a kernel without such calls ends their program in its own way, and some systems let no data be executed
        yield Probe("i386 system call", "" if found in ("SIGSEGV", _NOT_EXECUTED) else "SIGSYS", found)
        number, libc = 0x40000000 | number_of("socket"), ctypes.CDLL(None, use_errno=True)
        yield Probe("x32 system call", "SIGSYS", _forked(lambda: _call(libc, number, 2, 1, 0)))


def _sockets(libc: ctypes.CDLL, families: Iterable[int]) -> str:
    """Return the answers to sockets of these families, of every kind; one word if all are the same."""
    answers = {_socket(libc, family, kind, 0) for family in families for kind in _KINDS}
    return _OPENED if _OPENED in answers else " ".join(sorted(answers))


def _socket(libc: ctypes.CDLL, family: int, kind: int, protocol: int) -> str:
    descriptor = libc.socket(family, kind, protocol)
    if descriptor < 0:
        return _error()
    os.close(descriptor)
    return _OPENED


def _fast_open(libc: ctypes.CDLL) -> str:
    """Send a first segment with data to this machine's port 9, which connects without connect(2)."""
    descriptor = libc.socket(2, 1, 0)
    if descriptor < 0:
        return _error()
    address = struct.pack("=HH", 2, socket.htons(9)) + bytes([127, 0, 0, 1]) + bytes(8)
    sent = libc.sendto(descriptor, b"x", 1, _FAST_OPEN, address, len(address))
    answer = _OPENED if sent >= 0 else _error()
    os.close(descriptor)
    return answer


def _pair(libc: ctypes.CDLL) -> str:
    pair = (ctypes.c_int * 2)()
    if libc.socketpair(1, 2, 0, pair) < 0:
        return _error()
    for descriptor in pair:
        os.close(descriptor)
    return _OPENED


def _call(libc: ctypes.CDLL, *arguments: int) -> str:
    done = libc.syscall(*map(ctypes.c_long, arguments))
    return _error() if done < 0 else _OPENED


def _error() -> str:
    return errno.errorcode.get(ctypes.get_errno(), "?")


def _filters() -> str:
    """Return what the kernel says of each thread's filters; 2 is a filter, one word if all are the same."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has ended
            found |= {line.split()[1] for line in (task / "status").read_text().splitlines() if line[:8] == "Seccomp:"}
    return " ".join(sorted(found))


def _writable_outside(writable: list[str]) -> str | None:
    """Return a folder that this user could write to, outside of the allow-list; None if there is none."""
    candidates = ("/tmp", "/var/tmp", os.path.expanduser("~"))  # noqa: S108, PTH111 - no file of ours
    for folder in map(os.path.realpath, candidates):
        inside = any(folder == place or folder.startswith(place.rstrip("/") + "/") for place in writable)
        if not inside and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):  # noqa: PTH112
            return folder
    return None


def _write(folder: str | None) -> str:
    if folder is None:
        return "nowhere to try"
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600))  # a file without a name: nothing is left behind
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "?")
    return "written"


def _forked(probe: Callable[[], str]) -> str:
    """Return a probe's answer from a child process, or the signal that ended it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, probe().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        said = file.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return signal.Signals(-code).name if code < 0 else said


def _i386() -> str:
    """Open a socket through int 0x80, as a 32-bit program would."""
    code = bytes([0xB8, 0x67, 0x01, 0, 0, 0xCD, 0x80, 0xC3])  # mov eax, 359; int 0x80; ret
    try:
        memory = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except PermissionError:
        return _NOT_EXECUTED
    memory.write(code)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    ctypes.CFUNCTYPE(ctypes.c_int)(start)()
    return "answered"


def _shell(bash: str) -> str:
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 - the user's own shell is what is tried
            [bash, "-c", "</dev/tcp/127.0.0.1/9"],
            stdin=subprocess.DEVNULL, capture_output=True,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            timeout=_CHILD_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bash: {error}"
    said = done.stderr.decode("utf-8", "replace")
    return "EACCES" if "Permission denied" in said else said.strip().splitlines()[-1] if said else "connected"
