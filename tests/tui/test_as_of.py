"""The day whose texts answer: set, shown, handed on; and what is said of the dates of a source."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from pincite.domain.answers import Answer
from pincite.tui.app import PinciteApp
from pincite.tui.composer import Composer
from pincite.tui.keys import COMMANDS
from pincite.tui.screens import AsOfScreen
from pincite.tui.sources import SourceLine

from .fakes import FakeAssistant, answered, refused
from .test_chat import QUESTION, ask, chat, screen_text, until, word

COMES = "not yet in force: effective from 2027-01-01"
THEN = "in force on 2025-01-01; superseded by version 4 since 2026-01-01"
DAY = date(2025, 1, 1)


def dated(question: str) -> Answer:
    full = answered(question)
    one, two = full.citations
    return replace(
        full, citations=(replace(one, status=THEN), replace(two, status=COMES)), as_of=DAY, day=date(2026, 6, 1)
    )


async def open_prompt(pilot: Pilot[int]) -> Input:
    await pilot.app.screen.run_action("as_of")
    await until(pilot, lambda: isinstance(pilot.app.screen, AsOfScreen))
    return pilot.app.screen.query_one(Input)


async def test_the_palette_offers_it_and_the_day_is_handed_on() -> None:
    fake = FakeAssistant()
    async with chat(fake, size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Search for commands" in screen_text(pilot))
        await pilot.press(*"answer as")
        await until(pilot, lambda: "Answer as of" in screen_text(pilot) and "Export" not in screen_text(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AsOfScreen), screen_text(pilot))
        assert pilot.app.screen.query_one(Input).value == ""
        await pilot.press(*"1 May 2025", "enter")
        await until(pilot, lambda: "As of 2025-05-01 · SEALED" in screen_text(pilot))
        await ask(pilot)
        assert fake.days == [date(2025, 5, 1)]
        prompt = await open_prompt(pilot)
        assert prompt.value == "2025-05-01"
        prompt.value = ""
        await pilot.press("enter")
        await until(pilot, lambda: "As of" not in screen_text(pilot).splitlines()[0])
        await ask(pilot, "And visitors?")
        assert fake.days == [date(2025, 5, 1), None]


async def test_a_day_that_cannot_be_read_stays_in_the_prompt_and_escape_changes_nothing() -> None:
    fake = FakeAssistant()
    async with chat(fake) as pilot:
        prompt = await open_prompt(pilot)
        prompt.value = "01/02/2025"
        await pilot.press("enter")
        await until(pilot, lambda: "can be read as 2025-01-02 or 2025-02-01" in screen_text(pilot))
        assert isinstance(pilot.app.screen, AsOfScreen)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, AsOfScreen))
        assert pilot.app.screen.query_one(Composer).has_focus
        await ask(pilot)
        assert fake.days == [None]


async def test_typing_in_the_prompt_does_not_reach_the_question() -> None:
    async with chat() as pilot:
        await open_prompt(pilot)
        await pilot.press(*"2025")
        assert pilot.app.screen.query_one(Input).value == "2025"
        await pilot.press("escape")
        assert pilot.app.get_default_screen().query_one(Composer).text == ""


async def test_the_day_of_the_command_line_is_the_first() -> None:
    fake = FakeAssistant()
    app = PinciteApp(lambda _report: fake, export_directory=Path("/nonexistent/sessions"), as_of=DAY)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, word(pilot, "Ready"))
        assert "As of 2025-01-01 · SEALED" in screen_text(pilot)
        await ask(pilot)
        assert fake.days == [DAY]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_sources_say_what_is_to_be_known_of_their_dates(size: tuple[int, int]) -> None:
    async with chat(FakeAssistant(result=dated), size=size) as pilot:
        await ask(pilot)
        text = screen_text(pilot)
        assert "Answer as of 2025-01-01" in text
        flat = " ".join(text.replace("│", " ").split())
        if size == (80, 24):
            assert THEN in flat
        else:  # two columns, in the left one the words take two lines
            assert "superseded by version 4 since" in flat
            assert [source.size.height for source in pilot.app.screen.query(SourceLine)] == [3, 2]
        assert COMES in flat
        await pilot.press("f4")
        await until(pilot, lambda: "quote verified" in screen_text(pilot))
        pane = pilot.app.screen.query_one("#state-of-quote").render()
        assert str(pane).splitlines() == [THEN, "quote verified"]
        await pilot.press("f8")
        await until(pilot, lambda: "neighbouring passage" in screen_text(pilot))
        assert THEN in str(pilot.app.screen.query_one("#state-of-quote").render())


async def test_a_text_in_force_takes_one_line_and_evidence_states_come_at_once() -> None:
    fake = FakeAssistant(result=lambda question: refused(question))
    fake.evidence = (replace(fake.evidence[0], status=COMES), *fake.evidence[1:])
    fake.result = lambda question: replace(refused(question), nearest=fake.evidence[:2])
    async with chat(fake) as pilot:
        await ask(pilot, "What is the dress code?", "Not found in corpus")
        first, second = pilot.app.screen.query(SourceLine)
        assert (first.size.height, second.size.height) == (2, 1)
        assert COMES in screen_text(pilot)


async def test_an_export_says_it_too(tmp_path: Path) -> None:
    async with chat(FakeAssistant(result=dated), directory=tmp_path) as pilot:
        await ask(pilot, QUESTION)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(list(tmp_path.glob("*.md"))))
    (file,) = tmp_path.glob("*.md")
    text = file.read_text(encoding="utf-8")
    assert THEN in text
    assert COMES in text
    assert "As of 2025-01-01: only texts in force on that day were searched." in text


def test_a_command_without_keys_is_in_the_palette_only() -> None:
    (command,) = (command for command in COMMANDS if command.action == "as_of")
    assert (command.keys, command.shown) == ((), "Ctrl+P")
