"""The sealed program with real models, watched from outside: `strace -f` over build, ask, batch and chat."""

from __future__ import annotations

import csv
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pincite.seal import unavailable
from tests.conftest import POLICY
from tests.integration.conftest import subprocess_environment

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(unavailable()), reason=f"no seal here: {unavailable()}"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

CALL = re.compile(r"\b(socket|connect|bind|listen|accept4?|io_uring_setup)\((.*)\) += (-?\d+|\?)(.*)")
# what is not within one pair of connected streams: other pairs, and anything that is sent to an address
FOREIGN = re.compile(
    r"\bsocketpair\((?!AF_UNIX, SOCK_STREAM).*\) += 0"
    r"|\bsendto\((?!.*, NULL, 0\)).*\) += \d"
    r"|\bsendmsg\((?!.*msg_name=NULL).*\) += \d"
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one policy and a home whose settings name the small model."""
    folder = tmp_path_factory.mktemp("sealed")
    (folder / "ladder.md").write_text(POLICY, encoding="utf-8")
    (folder / "home").mkdir()
    (folder / "home" / "settings.toml").write_text(
        'model = "smollm2-135m"\nreranker = ""\nanswer_tokens = 30\nthreads = 1\n'
    )
    return folder


def watched(folder: Path, *arguments: str | Path) -> tuple[list[str], Path]:
    """Return the command that runs `pincite` under strace, and the file of its network calls."""
    trace = folder / f"trace-{arguments[0]}"
    calls = "trace=%network,io_uring_setup,io_uring_enter"
    strace = ["strace", "-f", "-qq", "-e", calls, "-e", "signal=none", "-o", str(trace)]
    program = [sys.executable, "-m", "pincite", *map(str, arguments), "--home", str(folder / "home")]
    return [*strace, *program], trace


def run(folder: Path, *arguments: str | Path) -> tuple[subprocess.CompletedProcess[str], Path]:
    command, trace = watched(folder, *arguments)
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", env=subprocess_environment(),
        cwd=folder, timeout=400, check=False,
    )  # fmt: skip
    return done, trace


def network_calls(trace: Path) -> list[tuple[str, str]]:
    """Return (call, result) of each network call; a call whose line strace divided in two is joined again."""
    whole: list[str] = []
    pending: dict[str, str] = {}
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        task, _, rest = line.partition(" ")
        if rest.endswith("<unfinished ...>"):
            pending[task] = rest.removesuffix("<unfinished ...>").rstrip()
        elif "resumed>" in rest:
            whole.append(pending.pop(task, "") + rest.partition("resumed>")[2])
        else:
            whole.append(rest)
    assert not [line for line in whole if FOREIGN.search(line)]
    return [(found[1], found[3] + found[4]) for line in whole if (found := CALL.search(line))]


def assert_no_socket(trace: Path) -> None:
    calls = network_calls(trace)
    opened = [call for call in calls if not call[1].startswith("-1")]
    assert opened == []
    # strace did see what the seal's own probes tried
    assert sum(name == "socket" and "EACCES" in result for name, result in calls) > 50


def test_strace_shows_a_socket_where_nothing_is_sealed(tmp_path: Path) -> None:
    """Without this the others could pass because strace shows nothing."""
    trace = tmp_path / "trace"
    code = "import socket; socket.socket(); socket.socketpair()"
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=%network", "-o", trace, sys.executable, "-c", code], check=True)
    assert [(name, result[0]) for name, result in network_calls(trace)] == [("socket", "3")]


def test_strace_over_build_no_successful_socket(small: Path) -> None:
    done, trace = run(small, "corpus", "build", small / "ladder.md")
    assert done.returncode == 0, done.stderr
    assert "1 documents" in done.stderr
    assert_no_socket(trace)


def test_strace_over_ask_no_successful_socket(small: Path) -> None:
    done, trace = run(small, "ask", "Within how many hours must a fall be reported?", "--json")
    assert done.returncode in (0, 3, 4), done.stderr
    answer = json.loads(done.stdout)
    assert answer["digests"]["model"].startswith("b179c952")
    assert_no_socket(trace)


def test_strace_over_batch_no_successful_socket(small: Path) -> None:
    """Its answers and journal are written beside the chosen output, in a folder outside of the home."""
    (small / "in").mkdir()
    (small / "out").mkdir()
    (small / "in" / "q.csv").write_text("question\nWithin how many hours must a fall be reported?\n")
    done, trace = run(small, "batch", small / "in" / "q.csv", "-o", small / "out" / "a.csv")
    assert done.returncode == 0, done.stderr
    assert "1 asked" in done.stdout
    assert len(list(csv.reader((small / "out" / "a.csv").open(encoding="utf-8")))) == 2
    assert {path.name for path in (small / "out").iterdir()} == {"a.csv", "a.csv.journal"}
    assert [path.name for path in (small / "in").iterdir()] == ["q.csv"]
    assert_no_socket(trace)


def test_strace_over_chat_no_successful_socket(small: Path) -> None:
    import pty

    command, trace = watched(small, "chat")
    ours, theirs = pty.openpty()
    environment = subprocess_environment() | {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=small,
                          start_new_session=True) as process:  # fmt: skip
        os.close(theirs)
        try:
            screen = read_until(ours, "Ready", seconds=300)
            assert "SEALED" in screen
            assert "NOT SEALED" not in screen
            os.write(ours, b"\x11")  # Ctrl+Q
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                read_until(ours, "never shown", seconds=0.2)
            assert process.returncode == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            os.close(ours)
    assert_no_socket(trace)


def read_until(terminal: int, words: str, *, seconds: float) -> str:
    """Return what the terminal showed until it showed `words` or the time was over."""
    shown, deadline = "", time.monotonic() + seconds
    while words not in shown and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                shown += os.read(terminal, 65536).decode("utf-8", "replace")
            except OSError:  # the other end was closed
                break
    return shown
