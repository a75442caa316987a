"""Progress on stderr: a bar with sizes, speed and time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pincite.cli.terminal import unfiltered
from pincite.domain.progress import Progress
from pincite.domain.text import collapse, harmless

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

__all__ = ["console_progress"]

_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def console_progress() -> Iterator[Progress]:
    """Give a `Progress` that draws on stderr until the block ends."""
    if not sys.stderr.isatty() or find_spec("rich") is None:  # without it: what verifies a first bundle
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[amount]}", markup=False),
        TimeRemainingColumn(compact=True),
    )
    with Bars(*columns, console=Console(file=unfiltered(sys.stderr))) as bars:
        yield _Bar(bars)


class _Bar:
    """One bar per kind of work."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int, unit: str = "") -> None:
        what = collapse(harmless(what))  # rich writes to the terminal itself
        if what not in self._tasks:
            # what was there before this run must not count as speed
            self._tasks[what] = self._bars.add_task(what, total=total or None, completed=done, amount="")
        task = self._tasks[what]
        speed = next((item.speed for item in self._bars.tasks if item.id == task), None)
        rate = f"  {_amount(int(speed), unit)}/s" if speed and unit == "B" else ""
        known = f"{_amount(done, unit)} of {_amount(total, unit)}" if total else _amount(done, unit) if done else ""
        amount = f"{known}{rate}"
        self._bars.update(task, completed=done, total=total or None, amount=amount)


class _Lines:
    """At most one line every few seconds; the end of each kind of work is always told."""

    def __init__(self) -> None:
        self._what = ""
        self._started = self._told = 0.0
        self._first = 0

    def __call__(self, what: str, done: int, total: int, unit: str = "") -> None:
        now = time.monotonic()
        what = collapse(what)
        if what != self._what:
            self._what, self._started, self._first, self._told = what, now, done, 0.0
            if not total:
                print(f"{what} …", file=sys.stderr, flush=True)
        if not total or (done < total and now - self._told < _SECONDS_BETWEEN_LINES and self._told):
            return
        if done >= total and self._told == float("inf"):
            return
        left = ""
        if done > self._first and done < total:
            left = f", {_time((now - self._started) * (total - done) / (done - self._first))} left"
        amount = f"{_amount(done, unit)} of {_amount(total, unit)}"
        print(f"{what}: {100 * done // total}% ({amount}{left})", file=sys.stderr, flush=True)
        self._told = float("inf") if done >= total else now


def _amount(value: int, unit: str) -> str:
    if unit != "B":
        return f"{value:,}{' ' + unit if unit else ''}"
    for factor, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= factor:
            return f"{value / factor:.1f} {name}"
    return f"{value} B"


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
