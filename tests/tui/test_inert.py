"""The last step before the terminal: whatever a widget was given, its lines cannot steer the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import DataTable, Input, OptionList, Static

from pincite.tui.app import PinciteApp
from tests.terminal.hostile import ATTACKS, EVIL, live


class Careless(PinciteApp):
    """Widgets that were given raw words."""

    CSS_PATH = None

    def compose(self) -> ComposeResult:
        yield Static(Content(EVIL), id="words")
        yield Input(EVIL)
        yield OptionList(Content(EVIL))
        yield DataTable()


def drawn(app: App[int]) -> str:
    screen = app.screen
    strips = screen._compositor.render_strips(screen.size)
    return "\n".join("".join(segment.text for segment in strip if not segment.control) for strip in strips)


@pytest.mark.parametrize("filtered", [True, False])
async def test_no_widget_lets_a_sequence_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filtered: bool
) -> None:
    if not filtered:  # without the filter the same words do get through: the test can fail
        monkeypatch.setattr(PinciteApp, "get_line_filters", App.get_line_filters)
    monkeypatch.setattr(PinciteApp, "get_default_screen", App.get_default_screen)
    monkeypatch.setattr(PinciteApp, "on_mount", lambda _: None)
    app = Careless(lambda _: None, export_directory=tmp_path)  # type: ignore[arg-type, return-value]
    async with app.run_test(size=(200, 40)) as pilot:
        words = app.query_one("#words", Static)
        words.border_title = Content(EVIL)
        words.styles.border = ("solid", "red")
        app.query_one(DataTable).add_column(Content(EVIL))
        app.query_one(DataTable).add_row(Content(EVIL))
        await pilot.pause()
        text = drawn(app)
    assert (live(text.encode("utf-8", "surrogatepass")) == []) is filtered
    assert "[@click=app.bell]" in text


@pytest.mark.parametrize("attack", ATTACKS.values())
def test_the_width_stays(attack: str) -> None:
    from rich.segment import Segment
    from textual.color import Color

    from pincite.tui.inert import Inert

    (found,) = Inert().apply([Segment(attack)], Color(0, 0, 0))
    assert cell_len(found.text) == cell_len(attack)
    assert live(found.text.encode()) == []
