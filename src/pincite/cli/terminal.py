"""Standard output and error behind a filter: no file name, title, label or error text reaches a terminal alive.

Whatever a command prints, argparse and exceptions included, passes through here last. What draws with escape
sequences of our own (progress bars, colours) writes to `unfiltered` and filters the words of others itself.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from pincite.domain.text import harmless

__all__ = ["filtered_output", "unfiltered"]


class _Filter:
    """A text stream that writes what `harmless` leaves; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        self.stream.write(harmless(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def unfiltered(stream: TextIO) -> TextIO:
    """Return the stream itself behind standard output or error."""
    return stream.stream if isinstance(stream, _Filter) else stream


@contextmanager
def filtered_output() -> Iterator[None]:
    """Put the filter before standard output and error until the block ends.

    Files and pipes get UTF-8 whatever the locale, terminals what they can show.
    """
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=stream.encoding if stream.isatty() else "utf-8", errors="backslashreplace")
    sys.stdout, sys.stderr = (cast("TextIO", _Filter(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
