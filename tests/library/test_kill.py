"""kill -9 at random moments of a build: the old or the new generation opens whole, and nothing is left behind.

PINCITE_KILLS sets how many builds are killed (25 in the normal suite; `make bench-kill` kills 200).
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pincite.ingest.verify import verify_library
from pincite.library import Library
from tests.conftest import POLICY, ROOT, build
from tests.fakes import FakeEmbedder

KILLS = int(os.environ.get("PINCITE_KILLS", "25"))
WHOLE = ["CURRENT", "build.lock", "generations"]
ENVIRONMENT = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": os.environ["PATH"]}


def write(corpus: Path, hours: int) -> None:
    """Write four policies, two of which say a number of hours; two states of the corpus share most of their words."""
    corpus.mkdir(exist_ok=True)
    for number in range(4):
        said = hours if number % 2 == 0 else 24
        words = POLICY.replace("24 hours", f"{said} hours").replace("Ladder", f"Ladder {number}")
        (corpus / f"p{number}.md").write_text(words)


def start(library: Path, corpus: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.library.killed_build", str(library), str(corpus)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=ROOT,
    )  # fmt: skip


def kill_somewhere(process: subprocess.Popen[str], chance: random.Random) -> str:
    """Kill a build at a random moment, some of them soon after a line of its progress; return its last line."""
    assert process.stdout is not None
    line = ""
    if chance.random() < 0.1:  # before it says anything
        time.sleep(chance.uniform(0, 1))
    else:
        wanted, last = chance.choice(("Reading", "Embedding", "Writing", "Writing", "built")), chance.random() < 0.5
        for line in process.stdout:
            what, *_, done, total = line.split()
            if what in (wanted, "built") and (not last or done == total or what == "built"):
                break
        time.sleep(chance.choice((0, 0.001, 0.003, 0.01, 0.03)) * chance.random())
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    return rest.splitlines()[-1] if rest else line


def state_of(library: Path, hours: dict[str, int]) -> int:
    """Return which hours the current generation says; the whole of it must say the same."""
    assert list(verify_library(library)) == []
    opened = Library(library)
    try:
        said = {opened.document(f"p{n}").text.split(" of Orchards within ")[1].split()[0] for n in (0, 2)}
        assert len(said) == 1
        found = int(said.pop())
        assert opened.generation in hours
        assert hours[opened.generation] == found
        return found
    finally:
        opened.close()


def test_a_kill_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    library, corpus = tmp_path / "library", tmp_path / "corpus"
    generations: dict[str, int] = {}
    for hours in (48, 12):  # what each state is called when nothing is killed
        write(corpus, hours)
        generations[build(tmp_path / "reference", corpus, rebuild=True).generation] = hours
    current = 12
    build(library, corpus)
    seen: Counter[str] = Counter()
    chance = random.Random(7)
    for _ in range(KILLS):
        wanted = 60 - current
        write(corpus, wanted)
        process = start(library, corpus)
        said = kill_somewhere(process, chance)
        now = state_of(library, generations)
        assert now in (current, wanted)
        if said.startswith("built"):
            assert now == wanted
        seen[f"{said.split()[0] if said else 'nothing'}: {'new' if now == wanted else 'old'}"] += 1
        if chance.random() < 0.5:  # go on, or leave the remains to a later one
            report = build(library, corpus)
            assert generations[report.generation] == wanted
            assert sorted(path.name for path in library.iterdir()) == WHOLE
            assert len(list((library / "generations").iterdir())) == 1
            now = wanted
        current = now
    print(f"{KILLS} kills: {dict(seen)}")
    assert {name.split(": ")[1] for name in seen} == {"old", "new"}
    assert {"Reading: old", "Writing: old"} <= set(seen)


def test_a_resumed_build_embeds_only_what_is_missing(tmp_path: Path) -> None:
    corpus, library = tmp_path / "corpus", tmp_path / "library"
    write(corpus, 48)
    whole = build(tmp_path / "other", corpus)
    process = start(library, corpus)
    assert process.stdout is not None
    for line in process.stdout:
        what, done, _ = line.split()[0], *line.split()[-2:]
        if what == "Embedding" and int(done) > 0:
            break
    process.kill()
    process.communicate()
    embedder = FakeEmbedder()
    report = build(library, corpus, embedder=embedder)
    assert 0 < report.embedded == len(embedder.texts) < whole.embedded
    assert report.embedded + report.reused == whole.embedded
    assert report.generation == whole.generation


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    corpus, home = tmp_path / "corpus", tmp_path / "home"
    write(corpus, 48)
    # a run in the background of a shell inherits that SIGINT is ignored
    code = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from pincite.assembly import Parts
from tests.library.killed_build import Slow
class Slower(Slow):
    def encode(self, texts):
        print("embedding", flush=True)
        time.sleep(0.5)
        return super().encode(texts)
Parts.embedder = lambda parts: Slower(sha256=parts.registry.get(parts.settings.embedder).sha256)
from pincite.cli import main
sys.exit(main(sys.argv[1:]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, "corpus", "build", str(corpus), "--home", str(home)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "embedding\n"
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert told.splitlines()[-1] == "Stopped. What was embedded is kept; run the same command to go on."
    assert "Traceback" not in told
    assert not (home / "library" / "CURRENT").exists()
