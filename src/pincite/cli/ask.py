"""`pincite ask`: one question, one answer on standard output."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from threading import Event as Flag
from typing import TYPE_CHECKING

from pincite.cli.dates import add_as_of

if TYPE_CHECKING:
    from types import FrameType

    from pincite.domain.answers import Answer
    from pincite.domain.events import Event

__all__ = ["EXIT_CODES", "register"]

EXIT_CODES = {"answered": 0, "not_found": 3, "refused": 3, "partial": 4}


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add ``ask``."""
    parser = subparsers.add_parser(
        "ask",
        parents=[common],
        help="answer one question",
        description="Answers one question from the library. Exit code 0 answered, 3 not found or refused, 4 in part.",
    )
    parser.add_argument("question", help='the question, or "-" to read it from standard input')
    parser.add_argument("--json", action="store_true", help="print one JSON object with claims, citations and digests")
    parser.add_argument(
        "--after", action="append", default=[], metavar="QUESTION", help="an earlier question that this one follows"
    )
    add_as_of(parser)
    parser.set_defaults(handler=_ask)


def _ask(args: argparse.Namespace) -> int:
    from pincite.answer.engine import clean_question
    from pincite.assembly import open_assistant
    from pincite.config import Home
    from pincite.domain.events import Cancelled, Finished, Refused

    # a question that cannot be asked is refused before anything is loaded
    question = clean_question(sys.stdin.read() if args.question == "-" else args.question)
    status = _Status()
    status.say("Loading model")
    engine = open_assistant(Home.find(args.home), wait=False, face="ask")
    stop = Flag()

    def interrupted(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        answer: Answer | None = None
        for event in engine.ask(question, history=args.after, stop=stop, as_of=args.as_of):
            status.show(event)
            if isinstance(event, Finished | Refused):
                answer = event.answer
            elif isinstance(event, Cancelled):
                raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)
        status.clear()
        engine.close()
    if answer is None:
        raise KeyboardInterrupt
    if args.json:
        print(json.dumps(answer.to_json(), ensure_ascii=False, indent=2))
    else:
        from pincite.answer.report import to_text

        width = min(100, shutil.get_terminal_size((88, 24)).columns)
        print(to_text(answer, width=width))
    return EXIT_CODES[answer.status.value]


class _Status:
    """Says on standard error, in one line that is wiped at the end, what is going on; silent when not a terminal."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._tokens = 0

    def say(self, text: str) -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{text}…")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def show(self, event: Event) -> None:
        from pincite.domain import events

        match event:
            case events.Loading():
                self.say("Loading model")
            case events.Searching():
                self.say("Searching")
            case events.Evidence(items=items):
                self.say(f"Reading {len(items)} passages")
            case events.Reading(done=done, total=total) if total:
                self.say(f"Reading {100 * done // total}%")
            case events.Token():
                self._tokens += 1
                self.say(f"Writing, {self._tokens} tokens")
            case events.Checking():
                self.say("Checking quotes")
