"""`pincite corpus`: keep the library and see what is in it; one file per group of commands."""

from __future__ import annotations

import argparse

from pincite.cli.corpus import build, diff, fetch, refs, show, sources, verify

__all__ = ["register"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``corpus`` and its commands."""
    parser = subparsers.add_parser("corpus", help="keep the library and see what is in it")
    commands = parser.add_subparsers(dest="corpus_command", required=True, metavar="COMMAND")
    for group in (show, refs, sources, diff, build, verify, fetch):
        group.register(commands, common)
