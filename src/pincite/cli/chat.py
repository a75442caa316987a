"""`pincite chat`: the terminal application."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pincite.cli.dates import add_as_of
from pincite.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pincite.batch.ground import Ground
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
    from pathlib import Path

    from pincite.config import Home, Settings, checkout_root
    from pincite.tui import Batches, run

    home = Home.find(args.home)
    home.create()
    settings = Settings.load(home)

    def open_assistant(report: Callable[[str], None]) -> Assistant:
        from pincite.assembly import open_assistant

        return open_assistant(home, settings, report, face="chat")

    def ground() -> Ground:
        from pincite.assembly import batch_ground

        return batch_ground(home, settings)

    root = checkout_root()
    folders = (Path.cwd(), *((root / "corpus" / "questions",) if root else ()))
    batches = Batches(ground, settings.model, folders)
    from pincite.assembly import export_recorder

    return run(
        open_assistant,
        export_directory=home.sessions,
        as_of=args.as_of,
        batches=batches,
        exported=export_recorder(home),
    )
