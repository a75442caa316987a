"""`pincite corpus fetch` from the command line to the library, and its refusal on a sealed machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pincite.assembly import Parts
from pincite.cli import main
from tests.conftest import ROOT
from tests.fakes import FakeEmbedder
from tests.ingest.test_clml import ACT
from tests.ingest.test_ecfr import PART
from tests.ingest.test_fetch import FORMEX, TITLE_LIST, TITLES, UK, US, archive
from tests.publisher import PublisherServer, publishing

ACT_REF = "uk:ukpga/2031/4"


@pytest.fixture
def server() -> Iterator[PublisherServer]:
    with publishing() as state:
        state.say(UK, ACT.encode())
        state.say(TITLES, TITLE_LIST)
        state.say(US, PART.encode())
        yield state


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PINCITE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PINCITE_MODELS", str(tmp_path / "models"))
    monkeypatch.delenv("PINCITE_SEALED", raising=False)
    monkeypatch.setattr(
        Parts, "embedder", lambda parts: FakeEmbedder(sha256=parts.registry.get(parts.settings.embedder).sha256)
    )
    return tmp_path / "home"


def test_what_is_fetched_can_be_built_and_says_where_it_is_from(
    home: Path, server: PublisherServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["corpus", "fetch", ACT_REF, "us:44-612", "--from", server.url]) == 0
    out, err = capsys.readouterr()
    lines = [line.split("  ") for line in out.splitlines()]
    assert [line[:2] for line in lines] == [["uk-ukpga-2031-4", "fetched"], ["us-44-612", "fetched"]]
    assert all(Path(line[2]).parent == home / "fetched" for line in lines)
    assert f"pincite corpus add {home / 'fetched'}" in err
    assert main(["corpus", "fetch"]) == 0  # what the checkout's corpus.toml names
    capsys.readouterr()
    assert main(["corpus", "add", str(home / "fetched")]) == 0
    capsys.readouterr()
    assert main(["corpus", "list", "--json"]) == 0
    every = json.loads(capsys.readouterr().out)["documents"]
    assert "gdpr" in {row["document"] for row in every}  # what is added stands beside what was there
    listed = every[-2:]
    assert [(row["document"], row["kind"]) for row in listed] == [("uk-ukpga-2031-4", "law"), ("us-44-612", "law")]
    assert [row["provenance"]["licence"] for row in listed] == [
        "Open Government Licence v3.0",
        "Public domain (work of the United States government)",
    ]
    assert main(["corpus", "fetch", ACT_REF, "--from", server.url]) == 0
    assert "unchanged" in capsys.readouterr().out


def test_failures_are_listed_at_the_end_and_the_rest_is_there(
    home: Path, server: PublisherServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "carry"
    assert main(["corpus", "fetch", "uk:ukpga/1999/1", ACT_REF, "--from", server.url, "--to", str(to)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("uk-ukpga-2031-4  fetched  ")
    assert "not fetched: uk:ukpga/1999/1: no such act: legislation.gov.uk has none of that number" in err
    assert (to / "corpus.toml").is_file()
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gdpr"], "gdpr: no reference to an act"),
        (["uk:2018"], "uk:2018: not of the form that legislation.gov.uk uses"),
        ([ACT_REF, "--date", "soon"], "soon: not a date"),
        ([ACT_REF, "--from", "file:///etc"], "file:///etc: not the address of a server"),
    ],
)
def test_wrong_words_are_told_before_anything_happens(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["corpus", "fetch", *arguments]) == 1
    assert message in capsys.readouterr().err
    assert not home.exists()


def test_a_mirror_in_the_settings(home: Path, server: PublisherServer, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / "settings.toml").write_text(f'publisher_uk = "{server.url}/mirror"\n')
    server.say(f"/mirror{UK}", ACT.encode())
    assert main(["corpus", "fetch", ACT_REF]) == 0
    assert server.paths() == [f"/mirror{UK}"]


def test_a_format_of_its_own(home: Path, server: PublisherServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.say("/resource/celex/32031R0007", archive(**{"a.xml": "<ACT><TITLE/></ACT>"}), accept=FORMEX)
    assert main(["corpus", "fetch", "eu:32031R0007", "--from", server.url, "--format", "xhtml"]) == 1
    assert "as xhtml (HTTP 404)" in capsys.readouterr().err
    assert main(["corpus", "fetch", "eu:32031R0007", "--from", server.url, "--format", "formex"]) == 0


def test_a_machine_that_is_declared_sealed(
    home: Path, server: PublisherServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PINCITE_SEALED", "1")
    assert main(["corpus", "fetch", ACT_REF, "--from", server.url]) == 1
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0]) == (
        "",
        "This machine is sealed: PINCITE_SEALED is set: nothing is fetched here",
    )
    assert server.requests == []
    assert not home.exists()


# Denies socket(2) for this process with EACCES, then runs the command.
_SECCOMP = """
import ctypes, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
number = {number}
load, equal, back = 0x20, 0x15, 0x06
steps = [(load, 0, 0, 0), (equal, 0, 1, number), (back, 0, 0, 0x00050000 | 13), (back, 0, 0, 0x7FFF0000)]
code = b"".join(struct.pack("HBBI", *step) for step in steps)
kept = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(kept))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0
from pincite.cli import main
status = main(sys.argv[1:])
print([name for name in ("requests", "lxml", "tomlkit") if name in sys.modules])
sys.exit(status)
"""


def run(code: str, tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT / "src"), "PINCITE_HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"), reason="seccomp filters are Linux's"
)
def test_a_machine_whose_kernel_denies_sockets(server: PublisherServer, tmp_path: Path) -> None:
    code = _SECCOMP.format(number={"x86_64": 41, "aarch64": 198}[platform.machine()])
    done = run(code, tmp_path, "corpus", "fetch", ACT_REF, "--from", server.url)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("This machine is sealed: the kernel denies network access to this process")
    assert "Traceback" not in done.stderr
    assert done.stdout == "[]\n"  # it refused before it loaded anything for the fetch
    assert server.requests == []
    assert not (tmp_path / "home").exists()


def test_it_loads_no_library_and_no_model(server: PublisherServer, tmp_path: Path) -> None:
    code = (
        "import sys; from pincite.cli import main; status = main(sys.argv[1:]); "
        "print([n for n in ('faiss', 'torch', 'apsw', 'llama_cpp', 'sentence_transformers', 'pincite.library') "
        "if n in sys.modules]); sys.exit(status)"
    )
    done = run(code, tmp_path, "corpus", "fetch", ACT_REF, "--from", server.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_on_a_terminal_the_answer_still_goes_to_stdout(server: PublisherServer, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    environment = {"PYTHONPATH": str(ROOT / "src"), "PINCITE_HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "pincite", "corpus", "fetch", ACT_REF, "--from", server.url]
    done = subprocess.run(
        command, env=environment | {"TERM": "xterm"}, stdout=subprocess.PIPE, stderr=theirs, check=False, timeout=60
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 0
    assert done.stdout.startswith(b"uk-ukpga-2031-4  fetched  ")
