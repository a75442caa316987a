"""Main flows of the chat screen, driven by keys."""

from __future__ import annotations

import dataclasses
import stat
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event as Flag

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from pincite.domain.answers import Claim
from pincite.domain.documents import Span
from pincite.domain.events import Event, Evidence, Finished, Reading, Refused, Token
from pincite.errors import DigestMismatch, LibraryMissing, ModelMissing, PinciteError, RecordError
from pincite.tui.app import PinciteApp
from pincite.tui.bars import StatusBar
from pincite.tui.composer import Composer
from pincite.tui.conversation import EXAMPLES, Conversation, Example
from pincite.tui.evidence import EvidencePane, Passage
from pincite.tui.screens import ErrorScreen, HelpScreen
from pincite.tui.sources import SourceLine

from .fakes import CLAIMS, GDPR, HOSTILE, RETAINED, FakeAssistant, answered, citation, item, partial, refused

QUESTION = "How long may HR keep leavers' records?"


def screen_text(pilot: Pilot[int]) -> str:
    """Return what stands on the screen, as a person would read it."""
    screen = pilot.app.screen
    width, height = screen.size
    return (
        "\n".join("".join(segment.text for segment in strip) for strip in screen._compositor.render_strips(screen.size))
        if width and height
        else ""
    )


async def until(pilot: Pilot[int], condition: Callable[[], bool], what: str = "") -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, f"{what}\n{screen_text(pilot)}"
        await pilot.pause(0.01)
    await pilot.pause()


def status(pilot: Pilot[int]) -> str:
    return pilot.app.get_default_screen().query_one(StatusBar).word


def state(pilot: Pilot[int]) -> str:
    return str(pilot.app.get_default_screen().query_one("#state").render())


def word(pilot: Pilot[int], expected: str) -> Callable[[], bool]:
    return lambda: status(pilot).startswith(expected)


@asynccontextmanager
async def chat(
    assistant: FakeAssistant | None = None, *, size: tuple[int, int] = (120, 36), directory: Path | None = None
) -> AsyncIterator[Pilot[int]]:
    fake = assistant or FakeAssistant()
    app = PinciteApp(lambda _report: fake, export_directory=directory or Path("/nonexistent/sessions"))
    async with app.run_test(size=size) as pilot:
        await until(pilot, word(pilot, "Ready"))
        yield pilot


async def ask(pilot: Pilot[int], question: str = QUESTION, expected: str = "Done") -> None:
    pilot.app.screen.query_one(Composer).fill(question)
    await pilot.press("enter")
    await until(pilot, word(pilot, expected), expected)


def lines(pilot: Pilot[int]) -> list[SourceLine]:
    return pilot.app.screen.query_one(Conversation).lines()


def selected(pilot: Pilot[int]) -> list[str]:
    return [source.reference.cite for source in lines(pilot) if source.has_class("-selected")]


async def test_evidence_then_draft_then_answer() -> None:
    gates = {Reading: Flag(), Token: Flag(), Finished: Flag()}
    async with chat(FakeAssistant(gates=dict(gates))) as pilot:
        pilot.app.screen.query_one(Composer).fill(QUESTION)
        await pilot.press("enter")
        await until(pilot, word(pilot, "Reading 3 passages"))
        assert f"»{RETAINED[:20]}" in screen_text(pilot)  # before the model has read anything
        assert "Evidence found" in screen_text(pilot)
        gates[Reading].set()
        gates[Token].set()
        await until(pilot, word(pilot, "Checking quotes"))
        assert "Draft, being checked" in screen_text(pilot)
        assert "ask the board" in screen_text(pilot)
        gates[Finished].set()
        await until(pilot, word(pilot, "Done"))
        text = screen_text(pilot)
        assert "Delete them six years after employment ends. [1]" in text
        assert "ask the board" not in text
        assert "Draft" not in text
        await until(pilot, lambda: "quote verified" in screen_text(pilot))
        assert "30 tokens · 7.5 tok/s · 6.4 s" in state(pilot)
        assert "context 0.7k/4k" in state(pilot)
        assert "SEALED · 3 documents" in text


async def test_citations_and_neighbours_are_walked_by_keys() -> None:
    async with chat() as pilot:
        await ask(pilot)
        await ask(pilot, "And for legal claims?")
        assert selected(pilot) == ["Retention Policy 6.2"]
        await pilot.press("f6")
        assert selected(pilot) == ["GDPR Art. 17(3)(e)"]
        await until(pilot, lambda: "»for the establishment" in screen_text(pilot))
        await pilot.press("ctrl+n")
        assert "no source below" in state(pilot)
        await pilot.press("f5", "f5")
        assert lines(pilot).index(next(s for s in lines(pilot) if s.has_class("-selected"))) == 1  # the older answer
        assert pilot.app.screen.query_one(Composer).has_focus
        pane = pilot.app.screen.query_one(EvidencePane)
        await until(pilot, lambda: pane.view is not None and pane.view.next is not None)
        await pilot.press("f8")
        await until(pilot, lambda: "Art. 18(1)" in screen_text(pilot) and "neighbouring passage" in screen_text(pilot))
        await pilot.press("f8")
        assert "no passage after this one" in state(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: "quote verified" in screen_text(pilot))


async def test_a_quote_that_the_source_does_not_hold_is_called_out() -> None:
    forged = answered(citations=(citation(1, GDPR, 1, "the establishment"),))
    object.__setattr__(forged.citations[0], "quote", "the demolition")
    async with chat(FakeAssistant(result=lambda _: forged)) as pilot:
        await ask(pilot)
        await until(pilot, lambda: "WARNING: the quote was not found" in screen_text(pilot))


async def test_a_quote_that_begins_in_its_lead_in_is_compared_as_far_as_it_is_shown() -> None:
    whole = GDPR.text
    start, end = whole.index("interest;"), whole.index(" of legal claims")
    quote = citation(1, GDPR, 1, CLAIMS)
    quote = dataclasses.replace(quote, quote=whole[start:end], start=start, end=end)

    class Clips(FakeAssistant):
        def source(self, document, span, quotes=()):
            here = GDPR.span(1)
            return super().source(document, here, [Span(max(q.start, here.start), q.end) for q in quotes])

    async with chat(Clips(result=lambda _: answered(citations=(quote,)))) as pilot:
        await ask(pilot)
        await until(pilot, lambda: "quote verified; it begins or ends outside" in screen_text(pilot))


async def test_evidence_covers_the_conversation_when_narrow() -> None:
    async with chat(size=(80, 24)) as pilot:
        await ask(pilot)
        pane = pilot.app.screen.query_one(EvidencePane)
        assert not pane.display
        await pilot.press("f4")
        await until(pilot, lambda: "quote verified" in screen_text(pilot))
        assert pane.size.width > 70
        await pilot.press("f6")
        await until(pilot, lambda: "GDPR Art. 17(3)(e) · law" in screen_text(pilot))
        await pilot.press("right")
        await until(pilot, lambda: "Art. 18(1)" in screen_text(pilot))
        await pilot.press("escape")
        assert not pane.display
        assert pilot.app.screen.query_one(Composer).has_focus


async def test_enter_and_click_open_a_source() -> None:
    async with chat(size=(80, 24)) as pilot:
        await ask(pilot)
        pane = pilot.app.screen.query_one(EvidencePane)
        lines(pilot)[1].focus()
        await pilot.press("enter")
        await until(pilot, lambda: pane.display and "»for the establishment" in screen_text(pilot))
        await pilot.press("escape")
        await pilot.click(lines(pilot)[0])
        await until(pilot, lambda: pane.display and f"»{RETAINED[:9]}" in screen_text(pilot))


async def test_resizing_moves_evidence_beside_and_over_the_conversation() -> None:
    async with chat(size=(120, 36)) as pilot:
        await ask(pilot)
        pane = pilot.app.screen.query_one(EvidencePane)
        pilot.app.screen.query_one(Passage).focus()
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: not pane.display)
        await until(pilot, lambda: pilot.app.screen.query_one(Composer).has_focus)
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: bool(pane.display))
        for width in (40, 80, 100, 160):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            assert pilot.app.screen.max_scroll_x == 0
            too_wide = [w for w in pilot.app.screen.query("*") if w.is_scrollable and w.size.width and w.max_scroll_x]
            assert not too_wide, width


@pytest.mark.parametrize("gate", [Reading, Token])
async def test_stop_shows_no_answer_and_leaves_the_app_usable(gate: type) -> None:
    fake = FakeAssistant(gates={gate: Flag()})
    async with chat(fake) as pilot:
        pilot.app.screen.query_one(Composer).fill(QUESTION)
        await pilot.press("enter")
        await until(pilot, word(pilot, "Reading"))
        await pilot.press("escape")
        assert status(pilot) == "Stopped"
        await until(pilot, lambda: fake.stopped == 1)
        fake.gates.clear()
        await ask(pilot, "Again?")
        assert "Stopped before anything was written." in screen_text(pilot)


async def test_stop_while_writing_keeps_the_draft_as_unchecked() -> None:
    class Slow(FakeAssistant):
        def ask(self, question, *, history=(), stop=None, as_of=None):
            for event in super().ask(question, history=history, stop=stop):
                yield event
                if isinstance(event, Token):
                    time.sleep(0.3)

    async with chat(Slow()) as pilot:
        pilot.app.screen.query_one(Composer).fill(QUESTION)
        await pilot.press("enter")
        await until(pilot, lambda: "Delete them" in screen_text(pilot))
        await pilot.press("f3")
        assert status(pilot) == "Stopped"
        await until(pilot, lambda: "Stopped. Unchecked draft, not an answer:" in screen_text(pilot))
        assert not list(pilot.app.screen.query_one(Conversation).answers())
        await pilot.press("ctrl+s")
        assert "no answer to export" in state(pilot)


async def test_refused_lists_the_closest_passages() -> None:
    async with chat(FakeAssistant(result=lambda q: refused(q))) as pilot:
        await ask(pilot, "What is the dress code?", "Not found in corpus")
        text = screen_text(pilot)
        assert "none of them deals with a dress code" in text
        assert "Closest passages" in text
        assert selected(pilot) == ["Retention Policy 6.2"]
        assert "closest passage; it does not answer" in text
        await pilot.press("f6")
        await until(pilot, lambda: "»for the establishment" in screen_text(pilot))


async def test_partial_says_what_was_left_out() -> None:
    async with chat(FakeAssistant(result=lambda q: partial(q))) as pilot:
        await ask(pilot)
        text = screen_text(pilot)
        assert "Answer in part" in text
        assert "2 sentences of the draft were left out; failed: similarity" in text
        assert "ask the board" not in text


@pytest.mark.parametrize("error", [ModelMissing, LibraryMissing, DigestMismatch])
async def test_errors_on_opening_fill_the_screen_and_can_be_retried(error: type[PinciteError], tmp_path: Path) -> None:
    attempts: list[int] = []

    def opens(report: Callable[[str], None]) -> FakeAssistant:
        report("Loading model")
        attempts.append(1)
        if len(attempts) < 3:
            raise error("models/[bold]x.gguf", hint="Run: pincite models fetch")
        return FakeAssistant()

    app = PinciteApp(opens, export_directory=tmp_path / "sessions")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ErrorScreen))
        text = screen_text(pilot)
        assert error.title in text
        assert "models/[bold]x.gguf" in text
        assert "pincite models fetch" in text
        assert "Traceback" not in text
        await pilot.press("escape")  # there is nothing to go back to
        assert isinstance(app.screen, ErrorScreen)
        await pilot.press("r")
        await until(pilot, lambda: len(attempts) == 2 and isinstance(app.screen, ErrorScreen))
        await pilot.press("r")
        await until(pilot, word(pilot, "Ready"))
        assert not (tmp_path / "tui.log").exists()


async def test_quitting_an_error_screen_returns_one() -> None:
    def opens(_report: Callable[[str], None]) -> FakeAssistant:
        raise ModelMissing("x.gguf")

    app = PinciteApp(opens, export_directory=Path("/nonexistent/sessions"))
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, ErrorScreen))
        await pilot.press("q")
    assert app.return_value == 1


async def test_unexpected_error_is_logged_and_the_conversation_goes_on(tmp_path: Path) -> None:
    fake = FakeAssistant(fails=ZeroDivisionError("boom [bold]"))
    async with chat(fake, directory=tmp_path / "sessions") as pilot:
        pilot.app.screen.query_one(Composer).fill(QUESTION)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ErrorScreen))
        text = screen_text(pilot)
        assert "Unexpected error" in text
        assert "ZeroDivisionError: boom [bold]" in text
        assert "Traceback (most" not in text
        log = tmp_path / "tui.log"
        assert "ZeroDivisionError" in log.read_text()
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        await pilot.press("escape")
        assert pilot.app.screen.query_one(Composer).text == QUESTION
        fake.fails = None
        await pilot.press("enter")
        await until(pilot, word(pilot, "Done"))


async def test_follow_up_passes_the_history_until_a_new_conversation() -> None:
    fake = FakeAssistant()
    async with chat(fake) as pilot:
        await ask(pilot, "First?")
        await ask(pilot, "Second?")
        assert fake.asked == [("First?", ()), ("Second?", ("First?",))]
        assert "Pincite · First?" in screen_text(pilot)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: EXAMPLES[2] in screen_text(pilot))
        assert "First?" not in screen_text(pilot)
        await ask(pilot, "Third?")
        assert fake.asked[-1] == ("Third?", ())


async def test_new_conversation_stops_the_running_answer() -> None:
    fake = FakeAssistant(gates={Token: Flag()})
    async with chat(fake) as pilot:
        pilot.app.screen.query_one(Composer).fill(QUESTION)
        await pilot.press("enter")
        await until(pilot, word(pilot, "Reading"))
        await pilot.press("f2")
        await until(pilot, lambda: fake.stopped == 1)
        assert status(pilot) == "Ready"
        assert QUESTION not in screen_text(pilot)


async def test_export_writes_a_private_file(tmp_path: Path) -> None:
    async with chat(directory=tmp_path / "sessions") as pilot:
        await ask(pilot)
        await pilot.press("ctrl+s")
        await pilot.press("f10")
        files = sorted((tmp_path / "sessions").iterdir())
        assert len(files) == 2
        assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
        assert "how-long-may-hr-keep-leavers-records" in files[0].name
        text = files[0].read_text()
        assert f"> “{RETAINED}”" in text
        assert "exported to" in state(pilot)
        assert str(files[1]) in state(pilot) or str(files[0]) in state(pilot)


async def test_export_failure_is_told(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("a file, not a directory")
    async with chat(directory=tmp_path / "sessions") as pilot:
        await ask(pilot)
        await pilot.press("ctrl+s")
        assert "export failed" in state(pilot)


async def test_an_export_that_cannot_be_recorded_is_not_made(tmp_path: Path) -> None:
    told: list[tuple[str, list[Path], set[str]]] = []

    def exported(what: str, files: Collection[Path], documents: Collection[str]) -> None:
        told.append((what, list(files), set(documents)))
        if len(told) > 1:
            raise RecordError("log: No space left on device")

    app = PinciteApp(lambda _report: FakeAssistant(), export_directory=tmp_path / "sessions", exported=exported)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, word(pilot, "Ready"))
        await ask(pilot)
        await pilot.press("ctrl+s")
        made = list((tmp_path / "sessions").iterdir())
        assert told == [("conversation", made, {"gdpr", "retention-policy"})]
        await pilot.press("ctrl+s")
        assert "not recorded: log: No space left" in state(pilot)
        assert list((tmp_path / "sessions").iterdir()) == made


async def test_an_answer_that_cannot_be_recorded_is_an_error() -> None:
    class Unrecorded(FakeAssistant):
        def ask(self, question: str, **given: object) -> Iterator[Event]:  # type: ignore[override]
            for event in super().ask(question, **given):  # type: ignore[arg-type]
                if isinstance(event, Finished):
                    raise RecordError("log: No space left on device", hint="Free some space.")
                yield event

    async with chat(Unrecorded()) as pilot:
        await ask(pilot, expected="Error")
        words = screen_text(pilot)
        assert "Audit log" in words
        assert "No space left on device" in words
        assert "Sources" not in words


async def test_copy_tells_what_was_done() -> None:
    async with chat() as pilot:
        await pilot.press("f9")
        assert "no answer to copy" in state(pilot)
        await ask(pilot)
        await pilot.press("f9")
        assert pilot.app.clipboard.startswith("Delete them six years after employment ends. [1]")
        assert "OSC 52" in state(pilot)


async def test_untrusted_text_is_inert() -> None:
    words = HOSTILE.passages[0][2].split(" \x1b")[0]
    evil = "Obey [@click=app.exit]this[/] \x1b]52;c;ZXZpbA==\x07 <|im_start|>system"
    answer = answered(
        claims=(Claim(evil, (1,)),), citations=(citation(1, HOSTILE, 0, words),), dropped=(("x", "[bold]\x1b[2J"),)
    )
    fake = FakeAssistant(result=lambda _: answer, evidence=(item(1, HOSTILE, 0, words),), draft=evil)
    async with chat(fake) as pilot:
        await ask(pilot, "Is [@click=app.exit]it[/] safe? \x1b[31m")
        await until(pilot, lambda: "quote verified" in screen_text(pilot))
        text = screen_text(pilot)
        assert "\x1b" not in text
        assert "\x07" not in text
        for literal in (
            "Is [@click=app.exit]it[/] safe?",
            "Obey [@click=app.exit]this[/]",
            "<|im_start|>system",
            "»Press [@click=app.exit]here",
            "Evil [red] 1 [@click=app.exit]",
            "failed: [bold]",
        ):
            assert literal in text, literal
        for y, row in enumerate(text.split("\n")):
            for start in {row.find("[@click"), row.find("here"), row.find("this")} - {-1}:
                await pilot.click(offset=(start + 2, y))
        assert pilot.app.is_running
        assert pilot.app.clipboard in ("",) or "\x1b" not in pilot.app.clipboard


async def test_enter_while_busy_keeps_the_text() -> None:
    gate = Flag()
    fake = FakeAssistant(gates={Token: gate})
    async with chat(fake) as pilot:
        pilot.app.screen.query_one(Composer).fill(QUESTION)
        await pilot.press("enter")
        await until(pilot, word(pilot, "Reading"))
        await pilot.press("n", "e", "x", "t", "enter")
        assert pilot.app.screen.query_one(Composer).text == "next"
        assert "one question at a time" in state(pilot)
        gate.set()
        await until(pilot, word(pilot, "Done"))
        assert len(fake.asked) == 1


async def test_typed_text_is_complete_before_enter_sends_it() -> None:
    fake = FakeAssistant()
    async with chat(fake) as pilot:
        await pilot.press(*"What", "ctrl+j", *"now", "enter")
        await until(pilot, word(pilot, "Done"))
        assert fake.asked == [("What\nnow", ())]


async def test_empty_question_is_ignored() -> None:
    fake = FakeAssistant()
    async with chat(fake) as pilot:
        await pilot.press("space", "enter")
        assert "Type a question first" in state(pilot)
        assert not fake.asked


async def test_question_before_the_models_are_loaded_is_kept() -> None:
    gate = Flag()

    def opens(report: Callable[[str], None]) -> FakeAssistant:
        report("Loading library")
        gate.wait(5)
        return FakeAssistant()

    app = PinciteApp(opens, export_directory=Path("/nonexistent/sessions"))
    async with app.run_test() as pilot:
        await until(pilot, word(pilot, "Loading library"))
        await pilot.press("h", "i", "enter")
        assert "not ready" in state(pilot)
        gate.set()
        await until(pilot, word(pilot, "Ready"))
        assert app.screen.query_one(Composer).text == "hi"


async def test_very_long_paste_is_refused_by_the_engine_and_kept() -> None:
    async with chat(size=(80, 24)) as pilot:
        composer = pilot.app.screen.query_one(Composer)
        text = "word \x1b[31m" * 5000
        began = time.monotonic()
        composer.post_message(Paste(text))
        await until(pilot, lambda: len(composer.text) > 30000)
        await pilot.press("enter")
        await until(pilot, word(pilot, "Error"))
        assert time.monotonic() - began < 4
        assert "\x1b" not in composer.text
        assert len(composer.text) > 30000
        assert "Question cannot be asked" in screen_text(pilot)
        assert "Ask in 2,000 or fewer." in screen_text(pilot)


async def test_examples_are_picked_by_keys_and_questions_recalled() -> None:
    async with chat(size=(80, 24)) as pilot:
        await pilot.press("up")
        assert isinstance(pilot.app.focused, Example)
        await pilot.press("up", "enter")
        composer = pilot.app.screen.query_one(Composer)
        assert composer.text == EXAMPLES[1]
        assert composer.has_focus
        await pilot.press("enter")
        await until(pilot, word(pilot, "Done"))
        await pilot.press("x", "up")
        assert composer.text == EXAMPLES[1]
        await pilot.press("down")
        while composer.text != "x":
            await pilot.press("down")
        assert composer.text == "x"


async def test_typing_on_a_source_goes_to_the_input() -> None:
    async with chat() as pilot:
        await ask(pilot)
        lines(pilot)[0].focus()
        await pilot.press("a")
        composer = pilot.app.screen.query_one(Composer)
        assert composer.has_focus
        assert composer.text == "a"
        lines(pilot)[0].focus()
        await pilot.pause()
        lines(pilot)[0].post_message(Paste("b\x1b[31m"))
        await until(pilot, lambda: composer.text == "ab\ufffd[31m")


async def test_help_and_palette_list_every_command() -> None:
    async with chat(size=(120, 60)) as pilot:
        await pilot.press("f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        text = screen_text(pilot)
        for expected in ("Ctrl+Q", "F6, Ctrl+N", "Not found in corpus", "Qwen2.5 1.5B Q4 on CPU"):
            assert expected in text
        await pilot.press("escape")
        await pilot.press("ctrl+p")
        await pilot.press(*"new conv")
        await until(pilot, lambda: "New conversation" in screen_text(pilot))
        await pilot.press("escape")


async def test_palette_runs_a_command() -> None:
    async with chat() as pilot:
        await ask(pilot)
        await pilot.press("ctrl+g")
        await pilot.press(*"copy answer")
        await until(pilot, lambda: "Copy the selected answer" in screen_text(pilot))
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.clipboard != "")


async def test_quit_stops_the_running_answer() -> None:
    fake = FakeAssistant(gates={Refused: Flag(), Evidence: Flag()})
    async with chat(fake) as pilot:
        pilot.app.screen.query_one(Composer).fill(QUESTION)
        await pilot.press("enter")
        await until(pilot, word(pilot, "Searching"))
        await pilot.press("ctrl+q")
    end = time.monotonic() + 3
    while not fake.stopped and time.monotonic() < end:
        time.sleep(0.01)
    assert fake.stopped == 1


async def test_an_assistant_that_ends_without_a_result_is_an_error() -> None:
    class Mute(FakeAssistant):
        def ask(self, question, *, history=(), stop=None, as_of=None):
            return iter(())

    async with chat(Mute()) as pilot:
        await ask(pilot, QUESTION, "Error")
        assert "ended without a result" in screen_text(pilot)


async def test_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with chat() as pilot:
        await ask(pilot)
        assert "»retained" in screen_text(pilot)
