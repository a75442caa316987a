"""The command line: parsing, and errors turned into a title, a message and a hint; commands live in their own files."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence

from pincite import __version__
from pincite.cli import (
    ask,
    audit,
    batch,
    bundle,
    chat,
    corpus,
    doctor,
    evaluate,
    models,
    purge,
    retention,
    sealing,
    search,
)
from pincite.cli.terminal import filtered_output
from pincite.domain.text import printable
from pincite.errors import PinciteError

__all__ = ["main"]

_EPILOG = """\
exit codes: 0 answered, 1 error, 2 wrong usage, 3 not found or refused, 4 in part, 130 interrupted.
Answers go to standard output, everything else to standard error.
State lives in one home directory: --home DIR, else PINCITE_HOME, else .pincite in a source checkout,
else the platform's data directory. Models live in models/ or PINCITE_MODELS."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pincite",
        description="Answers data-governance questions offline, with verbatim-checked pin-cites to law and policy.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pincite {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--home", metavar="DIR", help="directory of all state")
    sealing.add_unsealed(common)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (
        chat, ask, batch, search, corpus, models, bundle, evaluate, audit, purge, retention, doctor,
    ):  # fmt: skip
        command.register(subparsers, common)
    return parser


def _tell_of_purge(args: argparse.Namespace) -> None:
    """Say at the start of every other command that a purge is not finished."""
    from pincite.config import Home
    from pincite.purge.pending import notice

    if args.command != "purge" and (pending := notice(Home.find(getattr(args, "home", None)).path)):
        print(printable(pending), file=sys.stderr)


@filtered_output()
def main(arguments: Sequence[str] | None = None, *, launch: Callable[[argparse.Namespace], None] | None = None) -> int:
    """Run one command and return its exit code; users never see a traceback.

    `launch` is called before the command: the program's own entry (`pincite.cli.entry`) seals the process with it.
    Given arguments and no `launch`, as by tests within their own process, the process stays as it is and is called
    not sealed.
    """
    if arguments is None and launch is None:  # a `pincite` script that pip made before there was an entry
        launch = sealing.launch
    args = _parser().parse_args(arguments)
    try:
        if launch is not None:
            launch(args)
        _tell_of_purge(args)
        return int(args.handler(args))
    except PinciteError as error:
        print(f"{error.title}: {printable(error.message)}", file=sys.stderr)
        if error.hint:
            print(printable(error.hint), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # the reader of our output has gone; point it at nothing so that the interpreter's last flush is quiet
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("PINCITE_DEBUG"):
            raise
        print(
            f"Unexpected error: {type(error).__name__}: {printable(str(error))}\n"
            "This is a fault in Pincite. Run again with PINCITE_DEBUG=1 to see where it happened.",
            file=sys.stderr,
        )
        return 1
