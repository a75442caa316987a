"""Runs a Python module in a pseudo-terminal and keeps every byte that it wrote there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Terminal"]


class Terminal:
    """A child process in a pseudo-terminal of 140 columns and 45 lines; use as a context manager.

    With `deaf` it is not told that its terminal has ended, as a child of `make` is not.
    """

    def __init__(
        self, module: str, *arguments: str, cwd: Path, environment: Mapping[str, str], deaf: bool = False
    ) -> None:
        self.data = b""
        self.status: int | None = None
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            os.chdir(cwd)
            if deaf:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.execve(sys.executable, [sys.executable, "-m", module, *arguments], dict(environment))  # never returns
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 140, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._descriptor, keys.encode())

    def until(self, *words: str, seconds: float = 20) -> None:
        """Read until all of these words came after this call, or fail."""
        start, end = len(self.data), time.monotonic() + seconds
        while not all(word.encode() in self.data[start:] for word in words):
            going_on = self._read() and time.monotonic() < end
            assert going_on, f"waited for {words}, got {self.data[start:][-3000:]!r}"

    def rest(self, seconds: float = 120) -> int:
        """Read until the child ends and return its exit status."""
        end = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < end, f"still running: {self.data[-2000:]!r}"
        self.status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return self.status

    def hang_up(self, seconds: float = 20) -> int:
        """End the terminal, wait for the child and return its exit status."""
        os.close(self._descriptor)
        self._descriptor = -1
        end = time.monotonic() + seconds
        while not (ended := os.waitpid(self._pid, os.WNOHANG))[0]:
            assert time.monotonic() < end, "goes on without a terminal"
            time.sleep(0.05)
        self.status = os.waitstatus_to_exitcode(ended[1])
        return self.status

    def listen(self, seconds: float) -> None:
        """Read for so long; a screen with a blinking cursor is never quiet."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._read(0.05):
            pass

    def _read(self, patience: float = 1) -> bool:
        if not select.select([self._descriptor], [], [], patience)[0]:
            return True
        try:
            got = os.read(self._descriptor, 1 << 16)
        except OSError:  # Linux says so when the other side is closed
            return False
        self.data += got
        return bool(got)
