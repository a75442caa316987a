"""The Conversation pane: questions, drafts, checked answers and their sources; examples while it is empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from pincite.answer.report import dropped_note, label_note, refusal
from pincite.domain.answers import Answer, Status
from pincite.domain.text import printable
from pincite.tui.render import bold, dim, line, plain
from pincite.tui.sources import Reference, SourceLine, from_citation, from_item

__all__ = ["EXAMPLES", "Conversation", "Example", "Turn"]

PROMISE = "Quotes are cut from the stored source; no support, no answer."
EXAMPLES = (
    "Within how many hours must a personal data breach be notified to the supervisory authority?",
    "May we train a model on photos that a partner's users uploaded?",
    "How long do we keep access logs?",
)
_LONGEST_SHOWN = 400  # characters of a question; a pasted contract shall not push the answer off the screen
_MOST_LINES = 6


class Example(Static, can_focus=True):
    """An example question; Enter or a click puts it into the input."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "Use", show=False),
        Binding("up", "app.focus_previous", "Up", show=False),
        Binding("down", "app.focus_next", "Down", show=False),
    ]

    class Picked(Message):
        """An example was chosen."""

        def __init__(self, question: str) -> None:
            super().__init__()
            self.question = question

    def __init__(self, question: str) -> None:
        super().__init__(Content(f"› {question}"))
        self.question = question

    def on_click(self) -> None:
        """Pick on a click."""
        self.action_pick()

    def action_pick(self) -> None:
        """Tell the screen which question was chosen."""
        self.post_message(self.Picked(self.question))


class Welcome(Vertical):
    """What an empty conversation shows."""

    def compose(self) -> ComposeResult:
        """Yield the promise and the examples."""
        yield Static(bold("Ask about the regulations and policies in the corpus."), classes="block")
        yield Static(plain(PROMISE), classes="block")
        yield Static(dim("Examples: Up or Tab reaches them, Enter takes one"))
        for question in EXAMPLES:
            yield Example(question)


class Turn(Vertical):
    """One question with whatever became of it; the labels say in words what kind of text stands below."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question
        self.answer: Answer | None = None
        self.sources: list[SourceLine] = []
        self._label = Static(classes="label")
        self._body = Static(classes="body")
        self._note = Static(classes="note")
        self._heading = Static(classes="heading")

    def compose(self) -> ComposeResult:
        """Yield the question; the rest is filled as events arrive."""
        whole = printable(self.question)
        shown = "\n".join(whole[:_LONGEST_SHOWN].split("\n")[:_MOST_LINES])
        if shown != whole:
            shown = f"{shown}… ({len(whole):,} characters)"
        yield Static(bold("You"), classes="label")
        yield Static(Content(shown), classes="body block")
        yield self._label
        yield self._body
        yield self._note
        yield self._heading

    def show_evidence(self, references: Sequence[Reference]) -> None:
        """List what the search found, to be read while the model works."""
        self._list("Evidence found", references)

    def show_draft(self, text: str) -> None:
        """Show the model's words so far, visibly unchecked."""
        self._fill("Draft, being checked", Content.styled(printable(text), "dim italic"))

    def show_stopped(self, draft: str) -> None:
        """Show that the user stopped; the draft stays unchecked and is no answer."""
        if printable(draft).strip():
            self._fill("Stopped. Unchecked draft, not an answer:", Content.styled(printable(draft), "dim italic"))
        else:
            self._fill("Stopped before anything was written.", Content(""))

    def show_error(self, title: str, message: str, hint: str) -> None:
        """Show why the question could not be answered."""
        self._fill(f"Error: {line(title)}", plain(message), plain(hint))

    def show_answer(self, answer: Answer) -> None:
        """Show the checked result: sentences with sources, or the reason why there is none."""
        self.answer = answer
        note = dropped_note(answer)
        as_of = f" as of {answer.as_of}" if answer.as_of else ""
        as_of += f" · {line(label_note(answer.label))}" if answer.label else ""
        if answer.claims:
            note = "\n".join(filter(None, [note, printable(answer.message)]))
            label = ("Answer in part" if answer.status is Status.PARTIAL else "Answer") + as_of
            self._fill(label, _sentences(answer), plain(note))
            self._list("Sources", [from_citation(citation) for citation in answer.citations])
            return
        self._fill(f"Not found in corpus{as_of}", plain(refusal(answer)), plain(note))
        closest = "closest passage; it does not answer the question"
        self._list("Closest passages", [from_item(item, closest, numbered=False) for item in answer.nearest])

    def _fill(self, label: str, body: Content, note: Content | None = None) -> None:
        self._label.update(bold(label))
        self._body.update(body)
        self._note.update(note or Content(""))
        for part, content in ((self._label, label), (self._body, body.plain), (self._note, note and note.plain)):
            part.set_class(bool(content), "-filled")

    def _list(self, heading: str, references: Sequence[Reference]) -> None:
        for source in self.sources:
            source.remove()
        self.sources = [SourceLine(reference) for reference in references]
        self._heading.update(bold(heading if references else ""))
        self._heading.set_class(bool(references), "-filled")
        if self.sources:
            self.mount_all(self.sources)


def _sentences(answer: Answer) -> Content:
    """Return the claims with their numbers set off, from literal text only."""
    parts: list[Content] = []
    for claim in answer.claims:
        numbers = "".join(f"[{n}]" for n in claim.citations)
        parts.append(Content.assemble(f"{printable(claim.text)} ", (numbers, "bold")))
    body = Content(" ").join(parts)
    if not answer.differences:
        return body
    return Content("\n\n").join([body, *(bold(difference.text) for difference in answer.differences)])


class Conversation(VerticalScroll, can_focus=False):
    """The turns of one conversation, newest at the bottom."""

    def __init__(self, *, id: str) -> None:  # noqa: A002  Textual's own name
        super().__init__(id=id)
        self.turns: list[Turn] = []

    def compose(self) -> ComposeResult:
        """Yield the empty state."""
        yield Welcome()

    def begin(self, question: str) -> Turn:
        """Add a turn and return it."""
        self.query(Welcome).remove()
        turn = Turn(question)
        self.turns.append(turn)
        self.mount(turn)
        self.follow(turn, force=True)
        return turn

    def clear(self) -> None:
        """Return to the empty state."""
        self.turns.clear()
        self.remove_children()
        self.mount(Welcome())
        self.scroll_home(animate=False)

    def follow(self, turn: Turn, *, force: bool = False) -> None:
        """Keep `turn` in view, unless the reader has scrolled away from the end."""
        if force or self.max_scroll_y - self.scroll_y < 4:
            self.call_after_refresh(self.scroll_to_widget, turn, animate=False, top=True)

    def lines(self) -> list[SourceLine]:
        """Return every source on the screen from top to bottom."""
        return [source for turn in self.turns for source in turn.sources]

    def turn_of(self, source: SourceLine | None) -> Turn | None:
        """Return the turn that `source` belongs to."""
        return next((turn for turn in self.turns if source in turn.sources), None)

    def answers(self) -> Iterator[Answer]:
        """Yield the checked results, oldest first; drafts and errors are not among them."""
        return (turn.answer for turn in self.turns if turn.answer is not None)
