"""`pincite corpus build`: make the library."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pincite.ingest.build import BuildReport

__all__ = ["register", "tell"]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``build``."""
    command = commands.add_parser(
        "build",
        parents=[common],
        help="build the library",
        description="Builds the library from files and directories, which become its corpus.toml, or without any from "
        "that file. Only changed texts are embedded again; a build that was stopped goes on where it was; the old "
        "library answers until the new one is complete.",
    )
    command.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files, directories or a corpus.toml")
    command.add_argument("--rebuild", action="store_true", help="embed everything again")
    command.set_defaults(handler=_build)


def _build(args: argparse.Namespace) -> int:
    from pincite.assembly import build_corpus, take_as_corpus
    from pincite.cli.progress import console_progress
    from pincite.config import Home
    from pincite.domain.text import printable

    home = Home.find(args.home)
    if args.paths and (kept := take_as_corpus(home, args.paths)) is not None:
        print(printable(f"the earlier corpus.toml is kept as {kept}"), file=sys.stderr)
    with console_progress() as progress:
        report = build_corpus(home, progress=progress, rebuild=args.rebuild)
    tell(report)
    return 0


def tell(report: BuildReport) -> None:
    """Say on standard error what a build did."""
    from pincite.domain.text import printable

    for name, reason in report.failed:
        print(printable(f"not read: {name}: {reason}"), file=sys.stderr)
    state = (
        "up to date" if report.up_to_date else f"built ({report.embedded} texts embedded, {report.reused} unchanged)"
    )
    print(f"{report.documents} documents, {report.passages} passages: {state}", file=sys.stderr)
