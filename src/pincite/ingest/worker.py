"""The helper process that parses foreign files: it forks one confined child per document and never parses itself.

Started by `pincite.ingest.isolation`. Orders come as lines of JSON on standard input, frames (`frames.py`) go out on
standard output. It has one thread, so that forking is safe, and imports the parsers once, so that a child costs
milliseconds. When its standard input ends, because the build is over or was killed, it kills its children and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import pkgutil
import resource
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pincite import seal
from pincite.errors import DocumentError, SealError
from pincite.ingest.exchange import pack, unpack_source
from pincite.ingest.frames import DATA, END, HELLO, OUT_OF_MEMORY, Limits, frame
from pincite.ingest.parse import parse
from pincite.seal.process import no_core_dumps

__all__ = ["main"]

_PIECE = 65536
_MOST_WAITING = 1024 * 1024  # bytes held for a build that is slower than its parsers
_MOST_NOISE = 4096
_PR_SET_PDEATHSIG = 1


def main(limits: Limits, preload: bool) -> None:
    """Serve orders until standard input ends.

    Args:
        limits: of each child.
        preload: import all parsers now; worth it for more than a few documents.
    """
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 1)
    if preload:
        from pincite.ingest import readers

        for module in pkgutil.walk_packages(readers.__path__, f"{readers.__name__}."):
            importlib.import_module(module.name)
    missing = []
    try:
        seal.install(seal.NO_NETWORK)
        sealed = True
    except SealError as error:
        missing.append(error.message)
        sealed = False
    try:
        no_core_dumps()
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))  # what a child will do must be possible
    except (OSError, ValueError, SealError) as error:
        missing.append(f"memory cannot be limited here: {error}")
    _Helper(answers, limits, sealed).serve(frame(0, HELLO, json.dumps({"missing": missing}).encode()))


@dataclass(slots=True)
class _Child:
    job: int
    pid: int
    output: int
    noise: int
    started: float
    sent: int = 0
    said: bytes = b""
    killed: str = ""
    open: set[int] = field(default_factory=set)


class _Helper:
    def __init__(self, answers: int, limits: Limits, sealed: bool) -> None:
        self._answers = answers
        self._limits = limits
        self._sealed = sealed
        self._children: dict[int, _Child] = {}
        self._waiting = bytearray()
        self._orders = bytearray()
        self._selector = selectors.DefaultSelector()
        os.set_blocking(answers, False)
        os.set_blocking(0, False)
        self._wake, wakes = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wakes, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes)
        self._selector.register(0, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def serve(self, hello: bytes) -> None:
        self._waiting += hello
        try:
            while self._step():
                pass
        finally:
            for child in self._children.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)

    def _step(self) -> bool:
        """Wait for something to do and do it; say whether there will be more."""
        self._watch()
        ready = {key.fd for key, _ in self._selector.select(self._patience())}
        if self._answers in ready:
            self._send()
        if self._wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake, 4096)
        for child in list(self._children.values()):
            for descriptor in child.open & ready:
                self._take(child, descriptor)
            if not child.killed and time.monotonic() - child.started > self._limits.seconds:
                self._kill(child, "time")
        self._reap()
        return self._listen() if 0 in ready else True

    def _watch(self) -> None:
        """Say what is worth waking up for: room for answers if there are any, else the children's output."""
        wanted = {0, self._wake}
        if self._waiting:
            wanted.add(self._answers)
        if len(self._waiting) < _MOST_WAITING:
            wanted |= {descriptor for child in self._children.values() for descriptor in child.open}
        known = set(self._selector.get_map())
        for descriptor in known - wanted:
            self._selector.unregister(descriptor)
        for descriptor in wanted - known:
            writing = descriptor == self._answers
            self._selector.register(descriptor, selectors.EVENT_WRITE if writing else selectors.EVENT_READ)

    def _patience(self) -> float | None:
        running = [child.started for child in self._children.values() if not child.killed]
        return max(0.0, min(running) + self._limits.seconds - time.monotonic()) + 0.01 if running else None

    def _send(self) -> None:
        with contextlib.suppress(BlockingIOError):
            del self._waiting[: os.write(self._answers, self._waiting[:_PIECE])]

    def _listen(self) -> bool:
        try:
            piece = os.read(0, _PIECE)
        except BlockingIOError:
            return True
        if not piece:
            return False
        self._orders += piece
        *lines, rest = self._orders.split(b"\n")
        self._orders = rest
        for line in lines:
            self._start(json.loads(line))
        return True

    def _start(self, order: dict[str, Any]) -> None:
        output, output_end = os.pipe()
        noise, noise_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            _child(order["source"], self._limits, self._sealed, output_end, noise_end)
        os.close(output_end)
        os.close(noise_end)
        for descriptor in (output, noise):
            os.set_blocking(descriptor, False)
        job = int(order["job"])
        self._children[pid] = _Child(job, pid, output, noise, time.monotonic(), open={output, noise})

    def _take(self, child: _Child, descriptor: int) -> bool:
        """Pass on what a child wrote; say whether there may be more now."""
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return False
        if not piece:
            child.open.discard(descriptor)
            if descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
            os.close(descriptor)
            return False
        if descriptor == child.noise:
            child.said = (child.said + piece)[-_MOST_NOISE:]
            return True
        child.sent += len(piece)
        if child.sent > self._limits.output:
            self._kill(child, "output")
        elif not child.killed:
            self._waiting += frame(child.job, DATA, piece)
        return True

    @staticmethod
    def _kill(child: _Child, reason: str) -> None:
        child.killed = child.killed or reason
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)

    def _reap(self) -> None:
        for child in list(self._children.values()):
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if not pid:
                continue
            for descriptor in list(child.open):
                while self._take(child, descriptor):
                    pass
            for descriptor in child.open:  # held open by nobody we know
                if descriptor in self._selector.get_map():
                    self._selector.unregister(descriptor)
                os.close(descriptor)
            del self._children[child.pid]
            end = {
                "code": os.waitstatus_to_exitcode(status),
                "killed": child.killed,
                "memory": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
                "processor": usage.ru_utime + usage.ru_stime,
                "seconds": time.monotonic() - child.started,
                "said": child.said.decode("utf-8", "replace"),
            }
            self._waiting += frame(child.job, END, json.dumps(end).encode())


def _child(order: dict[str, Any], limits: Limits, sealed: bool, output: int, noise: int) -> NoReturn:
    """Parse one document in a process that can do nothing else, and leave without cleaning up."""
    code = 1
    try:
        _confine(limits, output, noise)
        if sealed:
            seal.install(seal.NO_NETWORK, seal.NO_PROCESSES, seal.NO_WRITES, seal.NO_OTHERS)
        code = _parse(order)
    except MemoryError:
        code = OUT_OF_MEMORY
    finally:
        os._exit(code)


_OUTPUT = 3


def _parse(order: dict[str, Any]) -> int:
    source = unpack_source(order)
    try:
        content = pack({"parsed": parse(source)})
    except DocumentError as error:
        if _for_want_of_memory(error):
            return OUT_OF_MEMORY
        content = pack({"error": error.message})
    except MemoryError:
        return OUT_OF_MEMORY
    except Exception as error:  # a fault of ours in one document is no reason to lose the others
        if _for_want_of_memory(error):
            return OUT_OF_MEMORY
        content = pack({"error": f"{source.path.name}: {type(error).__name__}: {error}"})
    with open(_OUTPUT, "wb", closefd=False) as file:
        file.write(content)
    return 0


def _for_want_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _confine(limits: Limits, output: int, noise: int) -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
    # copied above all that is used below, so that no copy is closed by the next one
    high = [os.dup(descriptor) for descriptor in (output, noise)]
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, place in ((nothing, 0), (high[1], 1), (high[1], 2), (high[0], _OUTPUT)):
        os.dup2(descriptor, place)
    os.closerange(_OUTPUT + 1, os.sysconf("SC_OPEN_MAX"))
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody listens: nothing to do
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(OSError, ValueError):  # what this system lacks was reported at the start
            hard = resource.getrlimit(kind)[1]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (most, most))
