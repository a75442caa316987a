"""Every command of the chat screen once: keys, action, help; bindings, palette and help screen read this table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider

__all__ = ["COMMANDS", "Command", "CommandProvider", "bindings"]


@dataclass(frozen=True, slots=True)
class Command:
    """Something the user can do; `keys` are Textual's names; without any it is in the palette only."""

    title: str
    keys: tuple[str, ...]
    action: str
    help: str

    @property
    def shown(self) -> str:
        """The keys as people write them: ``F6, Ctrl+N``; those of the palette for a command that has none."""
        if not self.keys:
            return "Ctrl+P"
        return ", ".join(
            "Esc" if key == "escape" else "+".join(map(str.capitalize, key.split("+"))) for key in self.keys
        )


# Function keys and the few ctrl keys that a text area leaves free.
COMMANDS = (
    Command("Help", ("f1",), "help", "All keys, and what the words in the status line mean"),
    Command("New conversation", ("f2", "ctrl+l"), "new", "Clear the screen and the conversation's context"),
    Command("Stop", ("escape", "f3"), "stop", "Stop the answer being written; also closes Evidence"),
    Command("Evidence", ("f4", "ctrl+o"), "evidence", "Open or close the selected source"),
    Command("Previous source", ("f5", "ctrl+r"), "citation(-1)", "Go to the source above, through all answers"),
    Command("Next source", ("f6", "ctrl+n"), "citation(1)", "Go to the source below, through all answers"),
    Command("Previous passage", ("f7",), "passage(-1)", "Read on backwards in the document shown in Evidence"),
    Command("Next passage", ("f8",), "passage(1)", "Read on in the document shown in Evidence"),
    Command("Copy answer", ("f9", "ctrl+t"), "copy_answer", "Copy the selected answer with its sources as plain text"),
    Command("Export conversation", ("ctrl+s", "f10"), "export", "Write the conversation's answers to a Markdown file"),
    Command("Answer as of …", (), "as_of", "Choose the day whose texts answer; in the list of all commands"),
    Command("Question files …", ("f12",), "app.batch", "Answer a whole file of questions, row by row"),
    Command("All commands", ("ctrl+p", "ctrl+g"), "app.command_palette", "Search and run any command"),
    Command("Quit", ("ctrl+q",), "app.quit", "Stop the answer and leave"),
)


def bindings() -> Iterator[Binding]:
    """Yield the chat screen's bindings; they come before the text area's own keys."""
    for command in filter(lambda command: command.keys, COMMANDS):
        yield Binding(",".join(command.keys), command.action, command.title, show=False, priority=True)


class CommandProvider(Provider):
    """Offers every command in the palette."""

    async def discover(self) -> Hits:
        """Yield all commands, in the table's order."""
        for command in _offered():
            run = partial(self.screen.run_action, command.action)
            yield DiscoveryHit(command.title, run, help=f"{command.help} ({command.shown})")

    async def search(self, query: str) -> Hits:
        """Yield the commands that match `query`."""
        matcher = self.matcher(query)
        for command in _offered():
            score = matcher.match(command.title)
            if score > 0:
                run = partial(self.screen.run_action, command.action)
                help_text = f"{command.help} ({command.shown})"
                yield Hit(score, matcher.highlight(command.title), run, help=help_text)


def _offered() -> Iterator[Command]:
    return (command for command in COMMANDS if command.action != "app.command_palette")
