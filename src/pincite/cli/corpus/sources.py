"""`pincite corpus add`, `update` and `remove`: which documents make the library, each with its provenance."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli.dates import day
from pincite.cli.sealing import Needs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pincite.ingest.register import Facts

__all__ = ["register"]

# option, key in corpus.toml, what it says
_FACTS = (
    ("--title", "title", "full title"),
    ("--short", "short", "name used in pin-cites"),
    ("--from", "source", "where it was taken from: a publication, an intranet page, an address"),
    ("--authority", "authority", "by what right it is held and used"),
    ("--licence", "licence", "under which licence"),
    ("--classification", "classification", "label for handling, such as Internal"),
    ("--owner", "owner", "who answers for it"),
    ("--version", "version", "its version"),
    ("--retrieved-by", "retrieved_by", "who retrieved it (default: you)"),
    ("--superseded-by", "superseded_by", "name of the document that takes its place"),
)
_DATES = (
    ("--effective", "effective", "first day on which it applies"),
    ("--until", "until", "last day on which it applies"),
    ("--retrieved", "retrieved", "when it was retrieved (default: today)"),
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``add``, ``update`` and ``remove``."""
    command = commands.add_parser(
        "add",
        parents=[common],
        help="add documents with their provenance",
        description="Copies documents into the home, keeps what is said of them in HOME/corpus.toml, and builds the "
        "library. What is not said here is taken from the document's own front matter or properties. A directory "
        "with a corpus.toml, or a corpus.toml, adds the documents that it lists. Nothing is added if one of the files "
        "cannot be read.",
    )
    command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, directories or a corpus.toml")
    command.add_argument("--slug", default="", help="short name of the one document (default: from its file name)")
    _facts(command)
    command.set_defaults(handler=_add, needs=Needs(new_home=True))

    command = commands.add_parser(
        "update",
        parents=[common],
        help="replace a document by a new version of it",
        description="The new version takes over name, title and aliases. The old one stays as NAME@DATE, superseded, "
        "and answers only with --as-of.",
    )
    command.add_argument("document", help="its name in `corpus list`")
    command.add_argument("file", type=Path, metavar="FILE", help="the new version")
    command.add_argument("--replace", action="store_true", help="do not keep the old version")
    _facts(command)
    command.set_defaults(handler=_update, needs=Needs(new_home=True))

    command = commands.add_parser(
        "remove",
        parents=[common],
        help="take documents out of the library",
        description="Takes documents out of HOME/corpus.toml, deletes their copies in HOME/sources, and builds the "
        "library without them. This is not a provable erasure: earlier generations, caches, exported conversations "
        "and files outside of the home are not searched for the text.",
    )
    command.add_argument("documents", nargs="+", metavar="DOCUMENT", help="its name in `corpus list`")
    _no_build(command)
    command.set_defaults(handler=_remove, needs=Needs(new_home=True))


def _facts(command: argparse.ArgumentParser) -> None:
    command.add_argument("--kind", choices=("law", "policy"), help="law binds from outside, a policy from inside")
    command.add_argument("--alias", action="append", default=[], metavar="NAME", help="another name people use for it")
    for option, key, words in _FACTS:
        command.add_argument(option, dest=key, default="", metavar="TEXT", help=words)
    for option, key, words in _DATES:
        command.add_argument(option, dest=key, type=day, metavar="DATE", help=words)
    _no_build(command)


def _no_build(command: argparse.ArgumentParser) -> None:
    command.add_argument("--no-build", action="store_true", help="only register; `pincite corpus build` does the rest")


def _add(args: argparse.Namespace) -> int:
    from pincite.assembly import corpus_registry
    from pincite.config import Home

    home = Home.find(args.home)
    return _done(args, corpus_registry(home).add(args.paths, _given(args, args.slug)))


def _update(args: argparse.Namespace) -> int:
    from pincite.assembly import corpus_registry
    from pincite.config import Home

    home = Home.find(args.home)
    notes = corpus_registry(home).update(args.document, args.file, _given(args), replace=args.replace)
    return _done(args, notes)


def _remove(args: argparse.Namespace) -> int:
    from pincite.assembly import corpus_registry
    from pincite.config import Home

    home = Home.find(args.home)
    notes = corpus_registry(home).remove(args.documents)
    notes.append("this is no provable erasure: see `pincite corpus remove --help`")
    return _done(args, notes)


def _given(args: argparse.Namespace, slug: str = "") -> Facts:
    """Return what the options say."""
    from pincite.domain.validity import today
    from pincite.ingest.register import Facts

    keys = ["kind", *(key for _, key, _ in (*_FACTS, *_DATES))]
    values = {key: str(value) for key in keys if (value := getattr(args, key))}
    return Facts(values, slug, tuple(args.alias), today().isoformat(), _user())


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return ""


def _done(args: argparse.Namespace, notes: Sequence[str]) -> int:
    """Say what was registered, and build the library unless that was not wanted."""
    from pincite.cli.corpus.build import run_build
    from pincite.config import Home
    from pincite.domain.text import printable

    for note in notes:
        print(printable(note), file=sys.stderr)
    if args.no_build:
        print("not built yet: pincite corpus build", file=sys.stderr)
        return 0
    return run_build(Home.find(args.home))
