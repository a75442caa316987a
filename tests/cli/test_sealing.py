"""The launcher: every way to start the program seals it; without a seal nothing is loaded unless that is asked for."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pincite.cli import _parser
from pincite.cli.sealing import Needs, is_own_folder
from tests.cli.test_process import HEAVY
from tests.conftest import ROOT
from tests.seal.sealed import DENIED_BEFORE, HELPERS, kernel


def start(*arguments: str | Path, code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["-c", HELPERS + code] if code else ["-m", "pincite"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PINCITE")}
    return subprocess.run(
        [sys.executable, *command, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=kept | {"PYTHONPATH": str(ROOT / "src")} | environment, timeout=60, check=False,
    )  # fmt: skip


def leaves(parser: argparse.ArgumentParser, *names: str):
    """Yield every command with its parser."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for name, child in group.choices.items():
            yield from leaves(child, *names, name)
    if not groups:
        yield " ".join(names), parser


COMMANDS = dict(leaves(_parser()))
FETCHING = {"models fetch", "corpus fetch"}


def test_only_commands_that_fetch_run_without_a_seal() -> None:
    open_ones = {name for name, parser in COMMANDS.items() if (parser.get_default("needs") or Needs()).network}
    assert open_ones == FETCHING | {name for name in open_ones if name.startswith("bundle")}
    assert {"chat", "ask", "search", "batch", "evaluate", "doctor", "corpus build", "corpus show"} <= set(COMMANDS)


@pytest.mark.parametrize("name", sorted(name for name in COMMANDS if name not in FETCHING))
def test_every_command_can_be_asked_to_do_without(name: str) -> None:
    if not (COMMANDS[name].get_default("needs") or Needs()).network:
        assert "--unsealed" in COMMANDS[name].format_help()


@kernel
def test_python_m_pincite_is_sealed(tmp_path: Path) -> None:
    done = start("doctor", "--seal", "--json", "--home", tmp_path)
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert found["sealed"] is True
    assert all(probe["good"] for probe in found["probes"])
    assert str(tmp_path) in found["landlock"]["writable"] or not found["landlock"]["enforced"]
    names = {probe["name"] for probe in found["probes"]}
    assert {"AF_INET", "AF_VSOCK", "MPTCP", "TCP Fast Open", "io_uring", "child process", "write outside"} <= names


@kernel
@pytest.mark.parametrize("entry", [None, "pincite.cli:main"])
def test_the_installed_command_is_sealed(tmp_path: Path, entry: str | None) -> None:
    """The function that pip's script calls is the one that pyproject.toml names; old scripts call `main`."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["pincite"]
    assert named == "pincite.cli.entry:entry"
    module, function = (named if entry is None else entry).split(":")
    script = f"import sys\nfrom {module} import {function}\nsys.exit({function}())"
    done = start("doctor", "--seal", "--home", tmp_path, code=script)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SEALED: ")


@kernel
@pytest.mark.parametrize("name", ["PINCITE_UNSEALED", "PINCITE_SEALED", "UNSEALED", "PINCITE_DEBUG"])
def test_no_variable_of_the_environment_undoes_the_seal(tmp_path: Path, name: str) -> None:
    done = start("doctor", "--seal", "--home", tmp_path, **{name: "0" if name == "PINCITE_SEALED" else "1"})
    assert done.stdout.startswith("SEALED: ")


UNAVAILABLE = (
    DENIED_BEFORE.format(call="seccomp", error="ENOSYS")
    + """
from pincite.cli.entry import entry
code = entry()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""
)


@kernel
@pytest.mark.parametrize("command", [["ask", "Who?"], ["search", "x"], ["corpus", "build"], ["batch", "q.csv"]])
def test_seccomp_unavailable_exits_and_nothing_is_loaded(tmp_path: Path, command: list[str]) -> None:
    done = start(*command, "--home", tmp_path, code=UNAVAILABLE)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "Not sealed: seccomp: Function not implemented"
    assert "Nothing was loaded. --unsealed" in done.stderr.splitlines()[1]
    assert not set(json.loads(done.stdout)) & HEAVY


@kernel
def test_an_inherited_socket_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    code = """
ours, theirs = socket.socketpair()
from pincite.cli.entry import entry
code = entry()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""
    done = start("search", "x", "--home", tmp_path, code=code)
    assert done.returncode == 1
    assert done.stderr.startswith("Not sealed: an open network is inherited: descriptor ")
    assert not set(json.loads(done.stdout)) & HEAVY


def test_unsealed_is_loud_and_the_state_says_so(tmp_path: Path) -> None:
    done = start("doctor", "--seal", "--json", "--unsealed", "--home", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("NOT SEALED: --unsealed was given.")
    found = json.loads(done.stdout)
    assert (found["sealed"], found["reason"]) == (False, "--unsealed was given")
    assert not all(probe["good"] for probe in found["probes"])


@kernel
def test_unsealed_runs_where_there_is_no_seal(tiny_directory: Path) -> None:
    done = start("corpus", "list", "--unsealed", "--home", tiny_directory.parent, code=UNAVAILABLE)
    assert done.returncode == 0
    assert done.stderr.startswith("NOT SEALED: ")
    assert "Ladder Policy" in done.stdout


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_on_other_systems_only_unsealed_runs(tiny_directory: Path, system: str) -> None:
    code = f"""
from pincite.cli.entry import entry
from pincite.seal import seccomp
seccomp.sys = type("sys", (), {{"platform": {system!r}}})
sys.exit(entry())
"""
    done = start("corpus", "list", "--home", tiny_directory.parent, code=code)
    assert done.returncode == 1
    assert done.stderr.startswith("Not sealed: the network cannot be denied here: ")
    assert start("corpus", "list", "--unsealed", "--home", tiny_directory.parent, code=code).returncode == 0


@kernel
def test_a_sealed_command_makes_nothing_in_a_folder_that_is_no_home(tmp_path: Path) -> None:
    done = start("corpus", "list", "--home", tmp_path)
    assert done.stderr.startswith("No library: ")
    assert list(tmp_path.iterdir()) == []


@kernel
def test_home_is_made_before_the_seal_where_a_command_begins_one(tmp_path: Path) -> None:
    """And a home that leads elsewhere is written to where it leads."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    (tmp_path / "note.md").write_text("# Note\n\n1.1 Apples must be picked by hand.\n")
    done = start("corpus", "add", tmp_path / "note.md", "--no-build", "--home", tmp_path / "link" / "home")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "disk" / "home" / "corpus.toml").is_file()


def test_the_program_s_own_folder_and_a_whole_home_are_not_opened_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", classmethod(lambda cls: tmp_path / "people" / "me"))
    folders = (ROOT, ROOT / "corpus" / "questions", tmp_path, tmp_path / "other")
    assert [is_own_folder(folder) for folder in folders] == [False, True, False, True]
    assert not is_own_folder(tmp_path / "people" / "me")
