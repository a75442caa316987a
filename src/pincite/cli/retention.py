"""`pincite retention`: erase what is past its period, and keep from erasure what is under a legal hold."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pincite.cli.sealing import Needs
from pincite.errors import ConfigError

if TYPE_CHECKING:
    from pincite.config import Home
    from pincite.purge.holds import Holds
    from pincite.record import AuditLog

__all__ = ["register"]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``retention`` and its commands."""
    parser = subparsers.add_parser("retention", help="erase what is past its period; legal holds")
    commands = parser.add_subparsers(dest="retention_command", required=True, metavar="COMMAND")

    command = commands.add_parser(
        "run",
        parents=[common],
        help="erase what is due",
        description="Erases exported conversations, journals of batches and payloads of the audit log that are older "
        "than retain_sessions_days, retain_journals_days and retain_payloads_days in settings.toml say (0, the "
        "default, keeps them), and records that. Exit code 4 if something could not be erased.",
    )
    command.add_argument("--dry-run", action="store_true", help="only say what is due")
    command.set_defaults(handler=_run, needs=Needs(folders=_folders))

    command = commands.add_parser("hold", parents=[common], help="keep a document or a session from being erased")
    command.add_argument("name", metavar="NAME", help="a document, or the name of a file in sessions")
    command.add_argument("--reason", required=True, metavar="TEXT", help="why")
    command.set_defaults(handler=_hold)

    command = commands.add_parser("release", parents=[common], help="end a hold")
    command.add_argument("name", metavar="NAME")
    command.set_defaults(handler=_release)

    command = commands.add_parser("list", parents=[common], help="show the holds")
    command.set_defaults(handler=_list)


def _folders(args: argparse.Namespace) -> list[Path]:
    """Return the folders of the journals that the log names."""
    from pincite.purge.named import named_folders

    return named_folders(_home(args).path)


def _home(args: argparse.Namespace) -> Home:
    """Return the home, which only who keeps it may erase from."""
    from pincite.config import Home

    home = Home.find(args.home)
    home.require_keeper()
    return home


def _run(args: argparse.Namespace) -> int:
    from pincite.cli.progress import console_progress
    from pincite.config import Settings
    from pincite.purge.retention import apply, find_due

    home = _home(args)
    due = find_due(home.path, Settings.load(home))
    for path in (*due.sessions, *due.journals):
        _say(f"due: {path}")
    for directory, numbers in due.payloads.items():
        _say(f"due: payloads of {directory}: {', '.join(map(str, numbers))}")
    for name in due.held:
        _say(f"held, and kept: {name}")
    if not args.dry_run:
        with console_progress() as progress:
            apply(home.path, due, progress)
        for problem in due.problems:
            _say(f"not erased: {problem}")
    counts = ", ".join(f"{count} {what}" for what, count in due.counts().items())
    _say(f"{'would be erased' if args.dry_run else 'erased'}: {counts}")
    return 4 if due.problems else 0


def _hold(args: argparse.Namespace) -> int:
    holds, log = _open(args)
    with closing(log):
        holds.hold(args.name, args.reason)
        log.append("retention", {"what": "hold", "name": args.name}, secret={"reason": args.reason})
    _say(f"held: {args.name}")
    return 0


def _release(args: argparse.Namespace) -> int:
    holds, log = _open(args)
    with closing(log):
        if not holds.release(args.name):
            raise ConfigError(f"{args.name}: not held", hint="See: pincite retention list")
        log.append("retention", {"what": "release", "name": args.name})
    _say(f"released: {args.name}")
    return 0


def _list(args: argparse.Namespace) -> int:
    from pincite.domain.text import printable
    from pincite.purge.holds import Holds

    for name, reason in sorted(Holds(_home(args).path).reasons.items()):
        print(printable(f"{name}: {reason}"))
    return 0


def _open(args: argparse.Namespace) -> tuple[Holds, AuditLog]:
    from pincite.purge.holds import Holds
    from pincite.record import AuditLog

    home = _home(args)
    return Holds(home.path), AuditLog.open(home.audit)


def _say(text: str) -> None:
    from pincite.domain.text import printable

    print(printable(text), file=sys.stderr)
