"""kill -9 at random moments of a run: no finished answer is lost, no row is asked twice, the outputs are the same.

PINCITE_BATCH_ROWS and PINCITE_BATCH_KILLS set the size (20 rows and 3 kills in the normal suite), PINCITE_BATCH_MODEL
names a real model in the place of the scripted one; `make bench-batch-kill` takes 1,000 rows, 20 kills and the small
model.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pincite.batch.journal import Journal
from tests.conftest import ROOT, write_corpus

ROWS = int(os.environ.get("PINCITE_BATCH_ROWS", "20"))
KILLS = int(os.environ.get("PINCITE_BATCH_KILLS", "3"))
MODEL = os.environ.get("PINCITE_BATCH_MODEL", "")
PAUSE = "0.05"
OUTPUTS = ("csv", "jsonl", "html", "md", "xlsx")
ASKED = (
    "Within how many hours must the keeper notify the authority of fire blight on tree {n}?",
    "How far from building {n} must diesel be stored?",
    "What must not be carried on ladder {n}?",
    "What does Article 99 of the Orchard Regulation say about tree {n}?",
)


def write_questions(path: Path) -> Path:
    """Write the rows; every tenth asks what the row before it asks, in other punctuation."""
    lines = ["Id,Question"]
    for n in range(1, ROWS + 1):
        words = ASKED[n % len(ASKED)].format(n=n)
        if n % 10 == 0:
            words = "Please: " + ASKED[(n - 1) % len(ASKED)].format(n=n - 1).rstrip("?")
        lines.append(f"Q{n},{words}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "PINCITE_MODELS", "HOME")}
    return kept | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PINCITE_TEST_PAUSE": PAUSE}


def start(home: Path, questions: Path, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    module = "pincite" if MODEL else "tests.batch.process"
    outputs = [part for ending in OUTPUTS for part in ("-o", str(folder / f"out.{ending}"))]
    return subprocess.Popen(
        [sys.executable, "-m", module, "batch", str(questions), "--table", "--home", str(home), *outputs],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out


def answered(folder: Path) -> list[str]:
    """Return the keys of all whole lines of the journal, in order."""
    path = folder / "out.csv.journal"
    if not path.exists():
        return []
    whole = path.read_bytes().rpartition(b"\n")[0]
    return [line["key"] for line in map(json.loads, whole.splitlines()) if "key" in line]


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if not MODEL:
        chosen: Path = request.getfixturevalue("batch_home")
        return chosen
    directory = tmp_path / "home"
    directory.mkdir()
    (directory / "settings.toml").write_text(f'model = "{MODEL}"\n')
    command = [sys.executable, "-m", "pincite", "corpus", "build", str(write_corpus(tmp_path / "corpus"))]
    subprocess.run([*command, "--home", str(directory)], check=True, env=environment(), cwd=ROOT)
    return directory


def test_a_killed_run_goes_on_and_ends_the_same(home: Path, tmp_path: Path) -> None:
    questions = write_questions(tmp_path / "questions.csv")
    finish(start(home, questions, tmp_path / "whole"))
    killed = tmp_path / "killed"
    chance = random.Random(11)
    before: list[str] = []
    found = []
    for _ in range(KILLS):
        process = start(home, questions, killed)
        wanted = len(before) + chance.randrange(0, max(2, 2 * ROWS // (KILLS + 1)))
        while len(answered(killed)) < wanted and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.08)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        after = answered(killed)
        assert after[: len(before)] == before  # nothing that was finished is lost
        found.append(len(after) - len(before))
        before = after
    finish(start(home, questions, killed))
    keys = answered(killed)
    assert keys[: len(before)] == before
    assert len(keys) == len(set(keys)) == ROWS - ROWS // 10  # no row twice, rows that ask the same once
    for ending in OUTPUTS:
        whole, resumed = ((folder / f"out.{ending}").read_bytes() for folder in (tmp_path / "whole", killed))
        assert whole == resumed, ending
    assert sorted(path.name for path in killed.iterdir()) == sorted(
        ["out.csv.journal", *(f"out.{ending}" for ending in OUTPUTS)]
    )
    print(f"{KILLS} kills, answers finished before each: {found}")


def test_ctrl_c_saves_what_is_finished_and_the_same_command_goes_on(batch_home: Path, tmp_path: Path) -> None:
    questions, folder = write_questions(tmp_path / "questions.csv"), tmp_path / "out"
    process = start(batch_home, questions, folder)
    while len(answered(folder)) < 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    finished = len(answered(folder))
    left = ROWS - ROWS // 10 - finished
    assert f"Stopped. {left} questions are left; the same command goes on." in err
    assert f"{ROWS} questions: " in out
    assert "not asked yet" in out
    written = (folder / "out.csv").read_text(encoding="utf-8-sig")
    assert written.count("Not asked yet") >= left
    assert f"{left} asked" in finish(start(batch_home, questions, folder))
    assert "Not asked yet" not in (folder / "out.csv").read_text(encoding="utf-8-sig")


def test_two_runs_never_share_a_journal(tmp_path: Path) -> None:
    from pincite.errors import OutputError

    first = Journal(tmp_path / "a.journal")
    with pytest.raises(OutputError, match="another run is writing to this journal"):
        Journal(tmp_path / "a.journal")
    first.close()
    assert list(tmp_path.iterdir()) == []  # an empty journal is not left behind
