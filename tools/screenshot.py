"""Takes a picture of the chat screen, with the real models, after one question: ``python tools/screenshot.py``."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from pincite.assembly import open_assistant
from pincite.config import Home, Settings
from pincite.tui.app import PinciteApp
from pincite.tui.bars import StatusBar
from pincite.tui.composer import Composer
from pincite.tui.screens import ErrorScreen

QUESTION = "Within how many hours must a personal data breach be notified to the supervisory authority?"
FINAL = ("Done", "Not found in corpus", "Error", "Stopped")


async def take(home: Home, question: str, size: tuple[int, int], seconds: float) -> str:
    """Ask `question` and return the screen as SVG once the answer stands."""
    settings = Settings.load(home)
    app = PinciteApp(lambda report: open_assistant(home, settings, report), export_directory=home.sessions)
    end = time.monotonic() + seconds
    try:
        async with app.run_test(size=size) as pilot:
            chat = app.screen
            status, composer = chat.query_one(StatusBar), chat.query_one(Composer)
            composer.cursor_blink = False

            async def until(*words: str) -> None:
                while not status.word.startswith(words):
                    if isinstance(app.screen, ErrorScreen) or time.monotonic() > end:
                        raise SystemExit(f"The screen says: {status.word}")
                    await pilot.pause(0.1)

            await until("Ready")
            composer.fill(question)
            await pilot.press("enter")
            await until(*FINAL)
            await pilot.pause(0.5)  # the source of the first citation is being read
            return app.export_screenshot(title="Pincite")
    finally:
        if app.assistant is not None:
            app.assistant.close()


def main() -> int:
    """Read the command line and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--size", default="120x36", help="columns x rows")
    parser.add_argument("--out", type=Path, default=Path("docs/screenshot.svg"))
    parser.add_argument("--home", type=Path)
    parser.add_argument("--seconds", type=float, default=300, help="longest wait for the answer")
    given = parser.parse_args()
    columns, rows = map(int, given.size.split("x"))
    svg = asyncio.run(take(Home.find(given.home), given.question, (columns, rows), given.seconds))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(svg, encoding="utf-8")
    print(f"Wrote {given.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
