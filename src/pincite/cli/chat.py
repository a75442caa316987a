"""`pincite chat`: the terminal application."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pincite.cli.dates import add_as_of
from pincite.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pincite.domain.assistant import Assistant

__all__ = ["register"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``chat``."""
    parser = subparsers.add_parser("chat", parents=[common], help="ask in the terminal application")
    add_as_of(parser)
    parser.set_defaults(handler=_chat)


def _chat(args: argparse.Namespace) -> int:
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise ConfigError("chat needs a terminal", hint='Use: pincite ask "…"')
    from pincite.config import Home, Settings
    from pincite.tui import run

    home = Home.find(args.home)
    home.create()
    settings = Settings.load(home)

    def open_assistant(report: Callable[[str], None]) -> Assistant:
        from pincite.assembly import open_assistant

        return open_assistant(home, settings, report)

    return run(open_assistant, export_directory=home.sessions, as_of=args.as_of)
