"""`pincite corpus verify`: whether the library is sound, and whether its sources are still what was read."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pincite.config import Home
    from pincite.ingest.verify import SourceStates

__all__ = ["register"]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``verify``."""
    command = commands.add_parser(
        "verify",
        parents=[common],
        help="check the library, and its sources",
        description="Checks the library that answers: the digest of every file, the database and its full-text index, "
        "every vector, and that all passages are words of their documents. With --sources also whether the files it "
        "was built from are still the bytes that were read: name the same paths as for `corpus build`.",
        epilog="exit codes: 0 all is well, 1 something is wrong or has changed; each finding is named.",
    )
    command.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="with --sources: what `corpus build` was given"
    )
    command.add_argument("--sources", action="store_true", help="compare the source files too")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(handler=_verify)


def _verify(args: argparse.Namespace) -> int:
    from pincite.cli.progress import console_progress
    from pincite.config import Home
    from pincite.domain.text import printable
    from pincite.errors import ConfigError
    from pincite.ingest.verify import verify_library

    if args.paths and not args.sources:
        raise ConfigError("paths are compared only with --sources")
    home = Home.find(args.home)
    # those who keep a home with a library for each label answer for all of them
    places = home.libraries if home.kept and home.clearance else (home.library,)
    with console_progress() as progress:
        findings = [
            printable(f"{place.name}: {finding}" if len(places) > 1 else finding)
            for place in places
            for finding in verify_library(place, progress)
        ]
    states = _compare(home, args.paths) if args.sources and not findings else None
    lists = {} if states is None else {"changed": states.changed, "missing": states.missing, "new": states.new}
    good = not findings and not any(lists.values())
    if args.json:
        content = {"sound": not findings, "findings": findings}
        if states is not None:
            content["sources"] = {**{name: list(slugs) for name, slugs in lists.items()}, "same": states.same}
        print(json.dumps(content, ensure_ascii=False, indent=2))
        return 0 if good else 1
    for finding in findings:
        print(finding)
    for name, slugs in lists.items():
        for slug in slugs:
            print(f"{name}: {slug}")
    if findings:
        print("The library is damaged. Build it again: pincite corpus build", file=sys.stderr)
    elif not good:
        print("The library is sound; its sources have changed: pincite corpus build", file=sys.stderr)
    else:
        same = "" if states is None else f"; {states.same} sources are as they were read"
        print(f"The library is sound{same}.", file=sys.stderr)
    return 0 if good else 1


def _compare(home: Home, paths: list[Path]) -> SourceStates:
    from pincite.assembly import compare_corpus

    return compare_corpus(home, paths)
