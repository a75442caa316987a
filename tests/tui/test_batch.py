"""The batch screen, driven by keys: choose, preview, run, read, review, ask again, export, stop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event as Flag

import openpyxl
import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input

from pincite.batch.ground import Basis, Catalogue, Entry, Ground
from pincite.domain.answers import Answer
from pincite.domain.events import Reading
from pincite.tui.app import Batches, PinciteApp
from pincite.tui.bars import StatusBar
from pincite.tui.batch import BatchScreen
from pincite.tui.batch_screens import PromptScreen, RowScreen
from pincite.tui.chat import ChatScreen

from .fakes import FakeAssistant, answered, partial, refused
from .test_chat import screen_text, until, word

GROUND = Ground(
    Basis("lib", "model", "embedder", "settings", "program"), Catalogue([Entry("gdpr", ("GDPR",), "Public")])
)
SIZES = [(80, 24), (100, 30), (160, 50)]


def by_words(question: str) -> Answer:
    return (partial if "part" in question else refused if "dress" in question else answered)(question)


def workbook(folder: Path, *more: str) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Ref.", "Question", "Response"])
    for number, question in enumerate(("How long may HR keep [records]?", "The dress code?", "And part?", *more), 1):
        sheet.append([f"R{number}", question])
    folder.mkdir(exist_ok=True)
    book.save(folder / "vendor.xlsx")
    return folder / "vendor.xlsx"


@asynccontextmanager
async def batch(
    folder: Path, fake: FakeAssistant | None = None, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[Pilot[int]]:
    assistant = fake or FakeAssistant(result=by_words)
    batches = Batches(lambda: GROUND, "a model", (folder,))
    app = PinciteApp(lambda _report: assistant, export_directory=Path("/nonexistent/sessions"), batches=batches)
    async with app.run_test(size=size) as pilot:
        await until(pilot, word(pilot, "Ready"))
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchScreen))
        yield pilot


def screen(pilot: Pilot[int]) -> BatchScreen:
    return next(each for each in pilot.app.screen_stack if isinstance(each, BatchScreen))


def state(pilot: Pilot[int]) -> str:
    return screen(pilot).query_one(StatusBar).word


async def choose(pilot: Pilot[int], path: Path) -> None:
    screen(pilot).query_one("#batch-file", Input).value = str(path)
    await pilot.press("enter")
    await until(pilot, lambda: screen(pilot).job is not None, "opened")


async def run(pilot: Pilot[int]) -> None:
    await pilot.press("r")
    await until(pilot, lambda: state(pilot).startswith("Done"), "done")


def column(pilot: Pilot[int], key: str) -> list[str]:
    table = screen(pilot).query_one(DataTable)
    return [str(cell) for cell in table.get_column(key)]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "100x30", "160x50"])
async def test_from_file_to_filled_form(tmp_path: Path, size: tuple[int, int]) -> None:
    path = workbook(tmp_path)
    async with batch(tmp_path, size=size) as pilot:
        assert "vendor.xlsx" in screen_text(pilot)
        await choose(pilot, path)
        shown = screen_text(pilot)
        for words in ("XLSX workbook · 3 questions", "“Question” (column B)", "How long may HR keep", "R Run"):
            assert words in shown
        assert "3 questions to ask" in shown
        await run(pilot)
        assert column(pilot, "status") == ["answered", "not found", "in part"]
        assert column(pilot, "sure") == ["high", "none", "medium"]
        assert "[records]" in column(pilot, "question")[0]  # no markup
        sheet = openpyxl.load_workbook(tmp_path / "vendor.answered.xlsx").active
        assert sheet["C2"].value.startswith("Delete them six years after employment ends.")
        assert sheet["D3"].value == "Not found in corpus"


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "100x30", "160x50"])
async def test_a_row_is_read_with_its_evidence(tmp_path: Path, size: tuple[int, int]) -> None:
    async with batch(tmp_path, size=size) as pilot:
        await choose(pilot, workbook(tmp_path))
        await run(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RowScreen))
        await until(pilot, lambda: "Sources" in screen_text(pilot))
        shown = screen_text(pilot)
        assert shown.index("How long may HR") < shown.index("Sources") < shown.index("[1] Retention Policy 6.2")
        if size[0] < 100:
            await pilot.press("f4")
        await until(pilot, lambda: "quote verified" in screen_text(pilot))
        assert "»retained for" in screen_text(pilot)
        await pilot.press("f6")
        await until(pilot, lambda: "Evidence [2] of 2" in screen_text(pilot))
        if size[0] < 100:
            await pilot.press("escape")
        await pilot.press("n")
        await until(pilot, lambda: "Closest passages" in screen_text(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchScreen))


async def test_a_row_is_marked_as_reviewed_by_name(tmp_path: Path) -> None:
    async with batch(tmp_path) as pilot:
        await choose(pilot, workbook(tmp_path))
        await run(pilot)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, PromptScreen))
        await pilot.press(*"Ann", "enter")
        await until(pilot, lambda: column(pilot, "look")[0] == "by Ann")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, PromptScreen))
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "vendor.answered.html").exists())
        assert "reviewed by Ann" in (tmp_path / "vendor.answered.html").read_text(encoding="utf-8")
        sheet = openpyxl.load_workbook(tmp_path / "vendor.answered.xlsx").active
        assert str(sheet["K2"].value).startswith("Ann, 2")


async def test_a_row_is_asked_again(tmp_path: Path) -> None:
    fake = FakeAssistant(result=by_words)
    async with batch(tmp_path, fake) as pilot:
        await choose(pilot, workbook(tmp_path))
        await run(pilot)
        await pilot.press("down", "a")
        await until(pilot, lambda: len(fake.asked) == 4 and state(pilot).startswith("Done"))
        assert fake.asked[-1][0] == "The dress code?"


async def test_stopping_keeps_what_is_finished(tmp_path: Path) -> None:
    gate = Flag()
    fake = FakeAssistant(result=by_words, gates={Reading: gate})
    path = workbook(tmp_path, "More?")
    gate.set()
    async with batch(tmp_path, fake) as pilot:
        await choose(pilot, path)
        gate.clear()
        await pilot.press("r")
        await until(pilot, lambda: len(fake.asked) == 1)
        await pilot.press("escape")
        await until(pilot, lambda: state(pilot).startswith("Stopped, 4 left"))
        gate.set()
        await run(pilot)
        assert column(pilot, "status") == ["answered", "not found", "in part", "answered"]
        await pilot.press("escape")
        await until(pilot, lambda: screen(pilot).job is None)
        await pilot.press("tab", "tab", "tab", "tab", "enter")  # the file is offered, and the journal knows
        await until(pilot, lambda: screen(pilot).job is not None)
        assert state(pilot) == "All rows are finished"
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))


async def test_a_file_that_cannot_be_used_is_told_and_another_can_be_chosen(tmp_path: Path) -> None:
    path = workbook(tmp_path)
    (tmp_path / "bad.csv").write_text("Name,Size\nx,1\n")
    async with batch(tmp_path, size=(80, 24)) as pilot:
        screen(pilot).query_one("#batch-file", Input).value = str(tmp_path / "bad.csv")
        await pilot.press("enter")
        await until(pilot, lambda: "no column is headed" in screen_text(pilot))
        assert "--column HEADING" in screen_text(pilot).replace("\n", " ")
        await choose(pilot, path)
        assert "XLSX workbook" in screen_text(pilot)


async def test_leaving_the_program_stops_the_run(tmp_path: Path) -> None:
    gate = Flag()
    fake = FakeAssistant(gates={Reading: gate})
    async with batch(tmp_path, fake) as pilot:
        await choose(pilot, workbook(tmp_path))
        await pilot.press("r")
        await until(pilot, lambda: len(fake.asked) == 1)
        await pilot.press("ctrl+q")
        await until(pilot, lambda: fake.stopped == 1)
