"""kill -9 at any step of a purge: pending is reported, and the next attempt completes it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pincite.ingest.corpus_file import HEADER
from pincite.library import Library
from pincite.purge import pending as journal
from pincite.purge.pending import notice
from pincite.purge.run import resume
from tests.purge.conftest import LIMESCALE, RULE, SECRET, Place

STEP = int(os.environ.get("PINCITE_PURGE_KILL_EVERY", "8"))
"""A purge is killed at each so-manieth of its writes to the disk; 1 for every one of them."""


def purge_and_die(place: Place, arm: Callable[[], None]) -> bool:
    """Purge in a child that dies as `arm` arranges; return whether it did before the purge was complete."""
    child = os.fork()
    if child == 0:
        try:
            arm()
            os._exit(0 if place.purge().certificate else 3)
        except BaseException:
            os._exit(4)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def complete(place: Place) -> str:
    """Complete what a kill left, and check what is there then; return what the kill left."""
    told = notice(place.home)
    outcome = resume(place.home, start=HEADER)
    if outcome is None:
        assert told == ""
        with contextlib.closing(Library(place.home / "library")) as library:
            slugs = {info.slug for info in library.documents}
        assert not (place.home / "purge" / "fingerprint.bin").exists()
        if SECRET in slugs:  # killed before it began: as it was
            assert (place.home / "sessions" / "one.md").exists()
            return "before"
        assert list((place.home / "purge" / "certificates").glob("*.json"))
        return "after"
    assert "kettle is not finished" in told
    assert outcome.problems == ()
    assert outcome.certificate is not None
    files = {path: path.read_bytes() for path in place.home.rglob("*") if path.is_file()}
    assert not [path for path, data in files.items() if RULE.encode() in data or LIMESCALE.encode() in data]
    assert not [path for path in files if path.name.startswith(".canary") or path.name in ("pending.json", "one.md")]
    assert len(list((place.home / "library" / "generations").iterdir())) == 1
    assert notice(place.home) == ""
    return "pending"


def fresh(few: Path, place: Place) -> None:
    shutil.rmtree(place.home)
    shutil.copytree(few, place.home)


def test_a_kill_before_any_step_is_noted(few: Path, quick: Place) -> None:
    seen = []
    for number in range(40):
        fresh(few, quick)

        def arm(number: int = number) -> None:
            write, calls = journal.Pending.write, iter(range(1000))

            def counted(self: journal.Pending, home: Path) -> None:
                if next(calls) == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                write(self, home)

            journal.Pending.write = counted

        if not purge_and_die(quick, arm):
            break
        seen.append(complete(quick))
    # the journal's first entry, seven steps that erase, the search, the summary, certificate and record
    assert seen == ["before", *["pending"] * 11]


def test_a_kill_inside_a_step(few: Path, quick: Place) -> None:
    seen = []
    for number in range(1, 1000, STEP):
        fresh(few, quick)

        def arm(number: int = number) -> None:
            sync, calls = os.fsync, iter(range(100_000))

            def counted(descriptor: int) -> None:
                if next(calls) == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                sync(descriptor)

            os.fsync = counted

        if not purge_and_die(quick, arm):
            break
        seen.append(complete(quick))
    print(f"{len(seen)} kills: {Counter(seen)}")
    assert seen[0] == "before"
    assert seen.count("pending") >= 4


def test_a_kill_while_the_journal_is_overwritten_at_the_end(quick: Place) -> None:
    assert quick.purge().certificate is not None
    journal.pending_file(quick.home).write_bytes(bytes(300))
    assert notice(quick.home) == ""
    assert resume(quick.home, start=HEADER) is None
    assert not journal.pending_file(quick.home).exists()
