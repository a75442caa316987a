"""The label of an answer: beside it on the screen, and at the head of the export in the home's own order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pincite.domain.assistant import StatusLine
from pincite.domain.labels import Labels

from .fakes import FakeAssistant, answered
from .test_chat import ask, chat, screen_text


async def test_an_answer_and_its_export_bear_the_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeAssistant(
        result=lambda question: replace(answered(question), label="green" if "visitors" in question else "amber")
    )
    plain = fake.status()
    own = StatusLine(plain.model, plain.context, plain.documents, plain.seal, Labels(("green", "amber")))
    monkeypatch.setattr(fake, "status", lambda: own)
    async with chat(fake, directory=tmp_path / "sessions") as pilot:
        await ask(pilot)
        assert "Answer · Label: amber" in screen_text(pilot)
        await ask(pilot, "And visitors?")
        assert "Answer · Label: green" in screen_text(pilot)
        await pilot.press("ctrl+s")
        (file,) = (tmp_path / "sessions").iterdir()
        assert file.read_text().splitlines()[2] == "**Label: amber**"
