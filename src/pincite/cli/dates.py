"""The option ``--as-of`` and how dates are written on the command line."""

from __future__ import annotations

import argparse
from datetime import date

__all__ = ["add_as_of", "day"]


def day(text: str) -> date:
    """Return a date given on the command line, in any form that can be read in one way only."""
    from pincite.domain.dates import read_date

    try:
        return read_date(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; write it as 2026-01-31") from error


def add_as_of(parser: argparse.ArgumentParser) -> None:
    """Add ``--as-of DATE``."""
    parser.add_argument(
        "--as-of", type=day, metavar="DATE", help="only texts in force on that day (default: those in force today)"
    )
