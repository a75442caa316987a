"""`pincite corpus build`: make the library."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli.sealing import Needs

if TYPE_CHECKING:
    from pincite.config import Home
    from pincite.ingest.build import BuildReport

__all__ = ["register", "run_build"]

_EPILOG = (
    "exit codes: 0 every document was read, 4 built, but documents were left out (each is named with the reason), "
    "1 nothing was built, 130 or 143 stopped by Ctrl-C or SIGTERM."
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``build``."""
    command = commands.add_parser(
        "build",
        parents=[common],
        help="build the library",
        description="Builds the library from files and directories, which become its corpus.toml, or without any "
        "from that file. Only changed documents are read and only changed texts are embedded again; a build that was "
        "stopped goes on where it was; the old library answers until the new one is complete. Each document is read in "
        "a process of its own without network; parse_seconds and parse_memory in settings.toml say what it may cost.",
        epilog=_EPILOG,
    )
    command.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files, directories or a corpus.toml")
    command.add_argument("--rebuild", action="store_true", help="read and embed everything again")
    command.set_defaults(handler=_build, needs=Needs(new_home=True))


def _build(args: argparse.Namespace) -> int:
    from pincite.assembly import take_as_corpus
    from pincite.config import Home
    from pincite.domain.text import printable

    home = Home.find(args.home)
    if args.paths and (kept := take_as_corpus(home, args.paths)) is not None:
        print(printable(f"the earlier corpus.toml is kept as {kept}"), file=sys.stderr)
    return run_build(home, rebuild=args.rebuild)


def run_build(home: Home, *, rebuild: bool = False) -> int:
    """Build a home's library, say on standard error what was done, and return the exit code.

    Ctrl-C and SIGTERM end it with 130 and 143; what was embedded until then is kept.
    """
    from pincite.assembly import build_corpus
    from pincite.cli.progress import console_progress

    try:
        with _sigterm_stops(), console_progress() as progress:
            report = build_corpus(home, progress=progress, rebuild=rebuild)
    except _Terminated:
        return _stopped(signal.SIGTERM)
    except KeyboardInterrupt:
        return _stopped(signal.SIGINT)
    return _tell(report)


def _tell(report: BuildReport) -> int:
    """Say on standard error what a build did; return its exit code."""
    from pincite.domain.text import printable

    for lack in report.unconfined:
        print(f"warning: documents were read without full protection: {lack}", file=sys.stderr)
    for name, reason in report.failed:
        lost = "; the library had it until now, and no longer has it" if name in report.lost else ""
        print(printable(f"not read: {name}: {reason}{lost}"), file=sys.stderr)
    state = (
        "up to date"
        if report.up_to_date
        else f"built ({report.parsed} documents read, {report.embedded} texts embedded, {report.reused} unchanged)"
    )
    left_out = f", {len(report.failed)} left out" if report.failed else ""
    print(f"{report.documents} documents{left_out}, {report.passages} passages: {state}", file=sys.stderr)
    return 4 if report.failed else 0


class _Terminated(BaseException):
    """SIGTERM came."""


@contextmanager
def _sigterm_stops() -> Iterator[None]:
    """Let SIGTERM end a build as cleanly as Ctrl-C does."""

    def stop(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(number: signal.Signals) -> int:
    print("Stopped. What was embedded is kept; run the same command to go on.", file=sys.stderr)
    return 128 + number
