"""Parsing in other processes: orders to the helper, its answers checked, and every way to fail put into words."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pincite.domain.documents import Document
from pincite.domain.text import collapse, normalise, printable_path
from pincite.errors import DocumentError, LibraryError
from pincite.ingest.exchange import BadOutput, pack_source, unpack_parsed
from pincite.ingest.frames import DATA, END, HEADER, HELLO, OUT_OF_MEMORY, Limits
from pincite.ingest.parse import Parsed
from pincite.ingest.sources import Source, read_source

__all__ = ["Failed", "Limits", "Parsers", "Usage", "read_document"]

_FEW = 4
"""Documents up to which importing every parser in advance takes longer than it saves."""

_START = """\
import json, sys
from importlib import import_module
path, module, limits, preload = json.loads(sys.argv[1])
sys.path[:] = path
worker = import_module(module)
worker.main(import_module("pincite.ingest.frames").Limits(**limits), preload)
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """A document that was not read.

    Attributes:
        reason: in words.
        again: it met a limit or crashed, so that another attempt may go otherwise.
    """

    reason: str
    again: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What one document cost, as the kernel counted: bytes of memory at most, seconds of the processor."""

    memory: int = 0
    processor: float = 0.0


class Parsers:
    """Parses documents, several at a time, each in a confined process of its own; use as a context manager.

    Nothing is started before something must be parsed.

    Args:
        limits: what one document may cost.
        module: whose `main` the helper process runs; tests bring one with readers that misbehave.
        preload: import every parser in advance; None does so for more than a few documents.

    Attributes:
        missing: what this system cannot do to confine a parser; known once something was parsed.
    """

    def __init__(
        self, limits: Limits | None = None, *, module: str = "pincite.ingest.worker", preload: bool | None = None
    ) -> None:
        self._limits = limits or Limits()
        self._preload = preload
        self._module = module
        self._helper: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self.missing: tuple[str, ...] = ()

    def __enter__(self) -> Parsers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the helper and whatever it runs."""
        if self._helper is not None:
            self._helper.kill()  # its children die with it
            self._helper.wait()
            for stream in (self._helper.stdin, self._helper.stdout):
                if stream is not None:
                    _close(stream)
            self._helper = None
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None

    def parse(
        self, sources: Sequence[Source], digests: Mapping[str, str]
    ) -> Iterator[tuple[int, Parsed | Failed, Usage]]:
        """Yield (position in `sources`, what it became, what it cost) as documents are done.

        Args:
            sources: what to parse.
            digests: SHA-256 of each source's bytes by slug; a file that has other bytes by now fails.

        Raises:
            LibraryError: if the helper process cannot be started or dies.
        """
        if not sources:
            return
        self._start(preload=len(sources) > _FEW)
        most = self._limits.processes or _cores()
        orders = iter(range(len(sources)))
        running: dict[int, bytearray] = {}

        def order() -> None:
            job = next(orders, None)
            if job is not None:
                running[job] = bytearray()
                self._order({"job": job, "source": pack_source(sources[job])})

        try:
            for _ in range(most):
                order()
            while running:
                job, kind, content = self._receive()
                if kind == DATA:
                    running[job] += content
                    continue
                end = json.loads(content)
                data = bytes(running.pop(job))
                order()  # the next one is under way while this one is looked at
                source = sources[job]
                yield job, self._result(source, digests[source.slug], data, end), Usage(end["memory"], end["processor"])
        finally:
            if running:  # nobody wants them any more, and their answers must not meet the next orders
                self.close()

    def _result(self, source: Source, sha256: str, data: bytes, end: Mapping[str, Any]) -> Parsed | Failed:
        name = printable_path(source.path.name)
        reason = self._violence(end)
        if reason:
            return Failed(f"{name}: {reason}", again=True)
        try:
            if data[:10] == b'{"parsed":' and data[-1:] == b"}":
                return unpack_parsed(data[10:-1], source, sha256)
            answer = json.loads(data)
            return Failed(_line(str(answer["error"]))[:1000])
        except (BadOutput, ValueError, TypeError, KeyError, RecursionError) as error:
            return Failed(f"{name}: its parser gave no usable result: {_line(str(error))[:200]}", again=True)

    def _violence(self, end: Mapping[str, Any]) -> str:
        """Say which limit a child met or how it died; empty if it ended by itself."""
        limits, code = self._limits, int(end["code"])
        megabytes = f"{limits.memory // (1024 * 1024):,} MB"
        if end["killed"] == "time":
            return f"took more than {limits.seconds} s"
        if end["killed"] == "output":
            return f"gave more than {limits.output // (1024 * 1024):,} MB of text and structure"
        if code == 0:
            return ""
        if code == -signal.SIGXCPU:
            return f"took more than {limits.seconds} s of the processor"
        if code == OUT_OF_MEMORY or end["memory"] > 0.8 * limits.memory:
            return f"needed more than {megabytes} of memory"
        said = _line(str(end["said"]))[-200:]
        return f"its parser {_manner(code)}{f': {said}' if said else ''}"

    def _start(self, *, preload: bool) -> None:
        if self._helper is not None:
            return
        preload = preload if self._preload is None else self._preload
        limits = {name: getattr(self._limits, name) for name in Limits.__slots__}
        path = [os.fspath(Path(entry).resolve()) if entry in ("", ".") else entry for entry in sys.path]
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        try:
            self._helper = subprocess.Popen(  # noqa: S603 - this Python, our own module
                [sys.executable, "-I", "-X", "utf8", "-c", _START, json.dumps([path, self._module, limits, preload])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the build, and a parser has no terminal
            )
        except OSError as error:
            raise LibraryError(f"documents cannot be parsed: {sys.executable}: {error.strerror}") from error
        _, kind, content = self._receive()
        if kind == HELLO:
            self.missing = tuple(map(_line, json.loads(content)["missing"]))

    def _order(self, order: Mapping[str, Any]) -> None:
        stream = self._helper.stdin if self._helper else None
        try:
            if stream is not None:
                stream.write(json.dumps(order).encode("ascii") + b"\n")
                stream.flush()
        except BrokenPipeError as error:
            raise self._death() from error

    def _receive(self) -> tuple[int, int, bytes]:
        stream = self._helper.stdout if self._helper else None
        header = stream.read(HEADER.size) if stream else b""
        if len(header) < HEADER.size:
            raise self._death()
        job, kind, length = HEADER.unpack(header)
        content = stream.read(length) if stream else b""
        if len(content) < length or kind not in (HELLO, DATA, END):
            raise self._death()
        return job, kind, content

    def _death(self) -> LibraryError:
        how = said = ""
        if self._helper is not None and self._complaints is not None:
            how = _manner(self._helper.wait())
            self._complaints.seek(0)
            said = _line(self._complaints.read().decode("utf-8", "replace"))[-300:]
        return LibraryError(
            f"the process that parses documents {how}{f': {said}' if said else ''}",
            hint="Run the same command again; if it happens again, this is a fault in Pincite.",
        )


def read_document(source: Source, parsers: Parsers) -> Document:
    """Return one document, parsed in a process of its own.

    Raises:
        DocumentError: if the file cannot be read, or its parser failed or met a limit.
    """
    digest = hashlib.sha256(read_source(source)).hexdigest()
    ((_, result, _),) = parsers.parse([source], {source.slug: digest})
    if isinstance(result, Failed):
        raise DocumentError(result.reason)
    return result.document


def _manner(code: int) -> str:
    if code >= 0:
        return f"stopped (exit code {code})"
    try:
        return f"crashed ({signal.Signals(-code).name})"
    except ValueError:
        return f"crashed (signal {-code})"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _environment() -> dict[str, str]:
    """Return what a helper needs of the environment: where libraries are, and that none of them starts threads."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH") if name in os.environ}
    return kept | {"LC_ALL": "C.UTF-8"} | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def _line(text: str) -> str:
    return collapse(normalise(text))


def _close(stream: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        stream.close()
