"""`pincite chat`: the terminal application."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli.dates import add_as_of
from pincite.cli.sealing import Needs, is_own_folder
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
    parser.set_defaults(handler=_chat, needs=Needs(new_home=True, folders=_writable))


def _folders() -> tuple[Path, ...]:
    """Return where question files are offered from."""
    from pincite.config import checkout_root

    root = checkout_root()
    return (Path.cwd(), *((root / "corpus" / "questions",) if root else ()))


def _require_terminal() -> None:
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise ConfigError("chat needs a terminal", hint='Use: pincite ask "…"')


def _writable(_: argparse.Namespace) -> list[Path]:
    _require_terminal()
    return [folder for folder in _folders() if is_own_folder(folder)]


def _chat(args: argparse.Namespace) -> int:
    _require_terminal()
    from pincite.config import Home, Settings
    from pincite.tui import Batches, run

    home = Home.find(args.home)
    home.create()
    settings = Settings.load(home)

    def open_assistant(report: Callable[[str], None]) -> Assistant:
        from pincite.assembly import open_assistant

        return open_assistant(home, settings, report)

    def ground() -> Ground:
        from pincite.assembly import batch_ground

        return batch_ground(home, settings)

    batches = Batches(ground, settings.model, _folders(), home.sessions)
    return run(open_assistant, export_directory=home.sessions, as_of=args.as_of, batches=batches)
