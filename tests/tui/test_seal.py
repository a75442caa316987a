"""The seal on the screen: said plainly, loud where there is none, and question files where nothing may be written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Static

from pincite import seal
from pincite.domain.assistant import StatusLine
from pincite.seal.landlock import Restriction
from pincite.tui import Batches
from pincite.tui.app import PinciteApp
from pincite.tui.batch import BatchScreen
from tests.tui.fakes import FakeAssistant
from tests.tui.test_batch import GROUND, by_words, choose, screen, workbook
from tests.tui.test_chat import chat, screen_text, until, word


class Unsealed(FakeAssistant):
    def status(self) -> StatusLine:
        return replace(super().status(), seal="NOT SEALED")


@pytest.mark.parametrize(
    ("assistant", "words", "loud"), [(FakeAssistant, "SEALED", False), (Unsealed, "NOT SEALED", True)]
)
async def test_the_header_says_it_and_reverses_what_is_not_sealed(assistant: type, words: str, loud: bool) -> None:
    async with chat(assistant()) as pilot:
        await until(pilot, lambda: f"{words} · 3 documents" in screen_text(pilot))
        spans = pilot.app.screen.query_one("#seal", Static).render().spans
        assert any("reverse" in str(span.style) for span in spans) is loud


@pytest.mark.parametrize("inside", [True, False])
async def test_answers_go_where_the_seal_lets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    file = workbook(tmp_path / "questions")
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    allowed = (str(sessions), *([str(file.parent)] if inside else []))
    monkeypatch.setattr(seal, "state", lambda: seal.State(True, files=Restriction(7, allowed)))
    batches = Batches(lambda: GROUND, "a model", (file.parent,), sessions)
    assistant = FakeAssistant(result=by_words)
    app = PinciteApp(lambda _report: assistant, export_directory=sessions, batches=batches)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, word(pilot, "Ready"))
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchScreen))
        await choose(pilot, file)
        job = screen(pilot).job
        assert job is not None
        assert job.outputs == ((file.parent if inside else sessions) / "vendor.answered.xlsx",)
        assert f"Output: {job.outputs[0]}"[:60] in screen_text(pilot).replace("\n", "")
