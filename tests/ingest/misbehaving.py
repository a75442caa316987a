"""A helper process whose readers misbehave when a document asks for it; what `Parsers(module=…)` runs in tests."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

import pincite.ingest.parse as parsing
from pincite.errors import DocumentError
from pincite.ingest import worker
from pincite.ingest.blocks import RawDocument
from pincite.ingest.frames import Limits

REAL = parsing.read_bytes


def read_bytes(data: bytes, name: str) -> RawDocument:
    word, _, argument = data.decode("utf-8", "replace").strip().partition(" ")
    action = ACTIONS.get(word)
    if action is None:
        return REAL(data, name)
    action(argument)
    raise DocumentError(f"{word} was not stopped")


def refused(what: str, error: OSError) -> None:
    raise DocumentError(f"{what}: {type(error).__name__}") from None


def connect(address: str) -> None:
    try:
        socket.create_connection(("127.0.0.1", int(address)), timeout=5)
    except OSError as error:
        refused("connect", error)


def fork(_: str) -> None:
    try:
        if os.fork() == 0:
            os._exit(0)
    except OSError as error:
        refused("fork", error)


def run(path: str) -> None:
    try:
        subprocess.run(["/bin/touch", path], check=False)
    except OSError as error:
        refused("run", error)


def write(path: str) -> None:
    try:
        Path(path).write_text("written by a parser")
    except OSError as error:
        refused("write", error)


def loop(_: str) -> None:
    while True:
        pass


def sleep(_: str) -> None:
    time.sleep(3600)


def eat(_: str) -> None:
    held = []
    while True:
        held.append(bytearray(16 * 1024 * 1024))


def crash(_: str) -> None:
    ctypes.string_at(0)


def abort(_: str) -> None:
    sys.stderr.write("free(): \x1b[31minvalid pointer\n")
    sys.stderr.flush()
    os.abort()


def leave(_: str) -> None:
    os._exit(0)


def say(content: str) -> None:
    """Send something of our own in place of a result."""
    os.write(3, content.encode())
    os._exit(0)


def flood(_: str) -> None:
    while True:
        os.write(3, b" " * 65536)


def noise(_: str) -> None:
    for _ in range(1000):
        os.write(1, b"x" * 10000)
        os.write(2, b"\x1b]0;x\x07" * 1000)


def deaf(_: str) -> None:
    """Close the result and go on for ever."""
    os.close(3)
    signal.pause()


def kill_parent(_: str) -> None:
    try:
        os.kill(os.getppid(), signal.SIGKILL)
    except OSError as error:
        refused("kill", error)


ACTIONS = {
    function.__name__.upper(): function
    for function in (
        connect, fork, run, write, loop, sleep, eat, crash, abort, leave, say, flood, noise, deaf, kill_parent,
    )
}  # fmt: skip


def main(limits: Limits, preload: bool) -> None:
    assert not isinstance(signal.getsignal(signal.SIGTERM), FrameType)
    parsing.read_bytes = read_bytes
    worker.main(limits, preload)
