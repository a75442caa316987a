"""Who still reads what must go: a purge waits for them and says so."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from pincite.errors import LibraryMissing
from pincite.ingest.corpus_file import HEADER
from pincite.library import Generations, Library
from pincite.purge.named import named_folders
from pincite.purge.pending import notice
from pincite.purge.run import resume
from pincite.seal import unavailable
from tests.conftest import ROOT
from tests.purge.conftest import RULE, SECRET, Place

READER = """
import sys
from pathlib import Path
from pincite.library import Library
library = Library(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
"""


def holder(code: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_a_reader_of_the_old_generation_makes_it_incomplete(quick: Place) -> None:
    process = holder(READER, str(quick.home / "library"))
    old = Generations(quick.home / "library").require_current()
    try:
        outcome = quick.purge()
        assert outcome.certificate is None
        assert f"a process still reads {old}" in outcome.problems[0]
        assert not list((quick.home / "purge").glob("certificates/*"))
        assert "kettle is not finished" in notice(quick.home)
        again = resume(quick.home, start=HEADER)
        assert again is not None
        assert again.certificate is None
    finally:
        process.communicate("\n")
    outcome = resume(quick.home, start=HEADER)
    assert outcome is not None
    assert outcome.problems == ()
    assert outcome.certificate is not None
    assert not old.exists()
    assert notice(quick.home) == ""
    assert not any(RULE.encode() in path.read_bytes() for path in quick.home.rglob("*") if path.is_file())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux shows what processes hold")
def test_a_file_that_is_gone_but_open_elsewhere_makes_it_incomplete(quick: Place) -> None:
    session = quick.home / "sessions" / "one.md"
    code = "import sys; f = open(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
    process = holder(code, str(session))
    try:
        outcome = quick.purge()
        assert outcome.certificate is None
        assert [problem for problem in outcome.problems if f"holds {session}" in problem]
    finally:
        process.communicate("\n")
    outcome = resume(quick.home, start=HEADER)
    assert outcome is not None
    assert outcome.certificate is not None


def test_a_batch_that_writes_its_journal_makes_it_incomplete(place: Place) -> None:
    with (place.outside / "answers.xlsx.journal").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        outcome = place.purge()
        assert [problem for problem in outcome.problems if "a batch is writing" in problem]
    outcome = resume(place.home, start=HEADER)
    assert outcome is not None
    assert outcome.certificate is not None


def test_nobody_begins_to_read_what_is_being_erased(quick: Place) -> None:
    generations = Generations(quick.home / "library")
    current = generations.require_current()
    with generations.unread(current) as free:
        assert free
        with pytest.raises(LibraryMissing, match="being erased"):
            Library(quick.home / "library")
    library = Library(quick.home / "library")
    with generations.unread(current) as free:
        assert not free
    library.close()
    with generations.unread(current) as free:
        assert free


def sealed(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as people do: sealed, so that the kernel shows it no process outside and few folders."""
    return subprocess.run(
        [sys.executable, "-m", "pincite", *arguments],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


@pytest.mark.skipif(bool(unavailable()), reason=f"no seal on this machine: {unavailable()}")
def test_inside_of_the_seal(place: Place) -> None:
    session = next((place.home / "sessions").glob("*kettle*"))
    code = "import sys; f = open(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
    process = holder(code, str(session))
    why = ("--reason", "r", "--authority", "a", "--yes", "--home", str(place.home))
    try:
        first = sealed("purge", SECRET, *why)
        assert (first.returncode, first.stdout) == (4, ""), first.stderr
        assert f"holds {session}" in first.stderr
    finally:
        process.communicate("\n")
    second = sealed("purge", "--resume", "--home", str(place.home))
    assert second.returncode == 0, second.stderr
    assert Path(second.stdout.strip()).is_file()
    journal = (place.outside / "answers.xlsx.journal").read_bytes()  # outside of the home, named by the log
    assert RULE.encode()[:40] not in journal
    assert b"ladder" in journal


def test_folders_that_the_log_names(place: Place) -> None:
    assert named_folders(place.home) == [place.outside]  # the medium of the bundle is not here
    assert named_folders(place.home / "nothing") == []


def test_a_generation_that_is_gone_and_a_file_system_without_locks(
    quick: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    generations = Generations(quick.home / "library")
    with pytest.raises(LibraryMissing, match="being erased"):
        generations.pin(quick.home / "library" / "generations" / "gone")

    def none(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with generations.unread(generations.require_current()) as free:
        assert not free  # not known, so not certain
    Library(quick.home / "library").close()
