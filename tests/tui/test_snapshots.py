"""What the screen looks like; ``pytest --snapshot-update`` after a change that is meant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from pincite.tui.app import PinciteApp
from pincite.tui.composer import Composer

from .fakes import FakeAssistant, refused
from .test_chat import QUESTION, ask, screen_text, until, word

SMALL, LARGE = (80, 24), (120, 36)


def app(assistant: FakeAssistant) -> PinciteApp:
    return PinciteApp(lambda _report: assistant, export_directory=Path("/nonexistent/sessions"))


def after(question: str, expected: str, shown: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Return what to do before the picture is taken: ask, and wait for the words `shown`."""

    async def run(pilot: Pilot[int]) -> None:
        pilot.app.screen.query_one(Composer).cursor_blink = False
        await until(pilot, word(pilot, "Ready"))
        if question:
            await ask(pilot, question, expected)
        await until(pilot, lambda: shown in screen_text(pilot))

    return run


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x36"])
def test_answered(snap_compare, size: tuple[int, int]) -> None:
    shown = "quote verified" if size is LARGE else "Sources"
    assert snap_compare(app(FakeAssistant()), terminal_size=size, run_before=after(QUESTION, "Done", shown))


def test_empty(snap_compare) -> None:
    assert snap_compare(app(FakeAssistant()), terminal_size=SMALL, run_before=after("", "", "Examples"))


def test_refused(snap_compare) -> None:
    fake = FakeAssistant(result=lambda question: refused(question))
    run = after("What is the dress code?", "Not found in corpus", "Destruction ›")
    assert snap_compare(app(fake), terminal_size=LARGE, run_before=run)
