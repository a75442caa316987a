"""The chat screen: a Textual app that reads the assistant's events and has no logic of its own."""

from pincite.tui.app import Batches, run

__all__ = ["Batches", "run"]
