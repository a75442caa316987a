"""Runs commands as another OS user, with scripted models: ``python -m tests.cli.person`` with a plan in JSON on stdin.

The commands are run once as root on a home of no interest, because an interpreter that lies in root's own folders can
import nothing afterwards; then all privileges are dropped for good.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from pincite.cli import main
from tests.batch.process import use_fakes


def drop(user: int, groups: list[int]) -> None:
    """Become `user`, whose own group has the same number, and a member of `groups`; there is no way back."""
    os.setgroups(groups)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.umask(0o077)


def run(home: str, command: list[str]) -> dict[str, Any]:
    """Run one command on a home; "HOME" in it stands for the home."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([word.replace("HOME", home) for word in (*command, "--home", home)])
    words = [stream.buffer.getvalue().decode().replace(home, "HOME") for stream in (out, err)]  # type: ignore[attr-defined]
    return {"code": code, "out": words[0], "err": words[1]}


def readable(home: str) -> list[str]:
    """Return what this person can read or list below a home, tried on every path that root found there."""
    found = []
    for name in json.loads(Path(f"{home}.paths").read_text()):
        path = Path(home) / name
        with contextlib.suppress(PermissionError):
            list(path.iterdir()) if path.is_dir() else path.read_bytes()
            found.append(name)
    return found


def session(home: str) -> dict[str, Any]:
    """Ask as the chat does, export the conversation, and say what the status line says."""
    from pincite.assembly import open_assistant
    from pincite.config import Home
    from pincite.domain.events import Finished, Refused
    from pincite.tui.export import export

    place = Home(Path(home))
    place.create()
    engine = open_assistant(place)
    questions = ("How many zephyrine keys are kept in the vault?", "Within how many hours must a fall be reported?")
    answers = [
        event.answer
        for question in questions
        for event in engine.ask(question)
        if isinstance(event, Finished | Refused)
    ]
    status = engine.status()
    engine.close()
    path = export(answers, place.sessions, labels=status.labels)
    return {
        "documents": status.documents,
        "file": str(path),
        "mode": path.stat().st_mode & 0o777,
        "text": path.read_text(encoding="utf-8"),
    }


if __name__ == "__main__":
    use_fakes()
    plan = json.load(sys.stdin)
    for one in plan["commands"]:
        run(plan["warm"], [word.replace("-out.", "-warm-out.") for word in one])
    session(plan["warm"])
    drop(plan["user"], plan["groups"])
    report = {
        home: {
            "commands": [
                run(home, [word.replace("-out.", f"-{Path(home).name}.") for word in one]) for one in plan["commands"]
            ],
            "session": session(home) if plan["session"] else None,
            "readable": readable(home),
        }
        for home in plan["homes"]
    }
    print(json.dumps(report))
