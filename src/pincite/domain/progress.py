"""How long work reports its progress, whatever face shows it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Called as work goes on: `done` of `total` units of `what` (unit "B" means bytes)."""

    def __call__(self, what: str, done: int, total: int, unit: str = "") -> None:
        """Report; must return fast."""
        ...


def silent(what: str, done: int, total: int, unit: str = "") -> None:
    """Report nothing."""
