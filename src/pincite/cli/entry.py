"""Where the program begins: the `pincite` command and ``python -m pincite``, which seal themselves before they work."""

from __future__ import annotations

from pincite.cli import main
from pincite.cli.sealing import launch

__all__ = ["entry"]


def entry() -> int:
    """Run the command of this process's arguments, sealed, and return its exit code."""
    return main(launch=launch)
