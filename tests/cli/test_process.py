"""The command line as a process: what it loads, and how it fails."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

HEAVY = {"llama_cpp", "faiss", "torch", "sentence_transformers", "transformers", "textual", "apsw", "numpy"}


def run(*arguments: str, code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    base = {key: value for key, value in os.environ.items() if not key.startswith("PINCITE")}
    command = [sys.executable, *(("-c", code) if code else ("-m", "pincite")), *arguments]
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,  # a socket would be refused, and who knows what runs the tests
        capture_output=True,
        encoding="utf-8",
        env=base | {"PYTHONPATH": str(ROOT / "src")} | environment,
        timeout=60,
        check=False,
    )


PRINT_MODULES = """
import sys
from pincite.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["corpus", "build", "--help"], ["ask", "--help"], ["chat"], ["evaluate", "--help"]],
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    done = run(*arguments, code=PRINT_MODULES)
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "argparse" in loaded
    assert not loaded & HEAVY


def test_the_domain_loads_only_the_standard_library() -> None:
    code = "import sys; before = set(sys.modules); import pkgutil, importlib, pincite.domain as d\n"
    code += "for m in pkgutil.iter_modules(d.__path__): importlib.import_module('pincite.domain.' + m.name)\n"
    code += "print(*{n.partition('.')[0] for n in set(sys.modules) - before})"
    done = run(code=code)
    assert set(done.stdout.split()) - set(sys.stdlib_module_names) == {"pincite"}


def test_help_names_every_command_and_the_exit_codes() -> None:
    done = run("--help")
    assert done.returncode == 0
    for word in ("chat", "ask", "search", "corpus", "models", "doctor", "exit codes:", "PINCITE_HOME"):
        assert word in done.stdout


def assert_told(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "Unexpected error" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    "command", [["ask", "Who?"], ["search", "apples"], ["corpus", "list"], ["corpus", "show", "x"]]
)
def test_no_library(tmp_path: Path, command: list[str]) -> None:
    done = run(*command, "--home", str(tmp_path))
    assert_told(done, "No library: ", str(tmp_path), "Build one: pincite corpus build")
    assert done.stderr.count("\n") == 2  # title and message, then the hint


@pytest.mark.parametrize("command", [["corpus", "list"], ["corpus", "build", str(ROOT / "corpus")], ["search", "x"]])
def test_home_that_cannot_be_used(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_text("no directory")
    done = run(*command, "--home", str(tmp_path / "file" / "home"))
    assert_told(done, str(tmp_path / "file"), "ot a directory")
    assert "damaged" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_home_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert_told(
        run("corpus", "build", str(ROOT / "corpus" / "policies"), "--home", str(tmp_path / "home")),
        "Permission denied",
        "--home",
    )
    tmp_path.chmod(0o700)


def test_unknown_document(tiny_directory: Path) -> None:
    done = run("corpus", "show", "nothing", PINCITE_HOME=str(tiny_directory.parent))
    assert_told(done, "No such document: nothing", "There are: ladder, orchard, pesticide, tractor.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('colour = "red"\n', ["'colour'", "Known: model, embedder"]),
        ('threads = "two"\n', ["threads must be of type int, not str"]),
        ("threads = true\n", ["threads must be of type int, not bool"]),
        ("threads = \n", ["line 1", "Mend or remove the file."]),
    ],
)
def test_bad_settings(tiny_directory: Path, tmp_path: Path, content: str, words: list[str]) -> None:
    (tmp_path / "library").symlink_to(tiny_directory)
    (tmp_path / "settings.toml").write_text(content)
    assert_told(
        run("search", "apples", "--home", str(tmp_path)),
        "Settings cannot be used: ",
        str(tmp_path / "settings.toml"),
        *words,
    )


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    assert_told(
        run("corpus", "build", str(tmp_path / "none"), "--home", str(tmp_path)),
        f"{tmp_path / 'none'}: no such file or directory",
    )


def test_errors_cannot_attack_the_terminal(tmp_path: Path) -> None:
    done = run("corpus", "build", "evil\x1b]0;x\x07\x9b2J\u202e.md", "--home", str(tmp_path))
    assert_told(done, "evil")
    assert not set(done.stderr) & set("\x1b\x07\x9b\u202e")


def test_chat_needs_a_terminal() -> None:
    assert_told(run("chat"), "chat needs a terminal", "pincite ask")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_stored_text_comes_out_byte_for_byte_whatever_the_locale(
    tiny_directory: Path, tiny_library, encoding: str
) -> None:
    expected = tiny_library.document("orchard").text.encode()
    assert not expected.isascii()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "PINCITE_HOME": str(tiny_directory.parent),
        "PYTHONIOENCODING": encoding,
    }
    command = [sys.executable, "-m", "pincite", "corpus", "show", "orchard"]
    assert (
        subprocess.run([*command, "--text"], capture_output=True, env=environment, check=True, timeout=60).stdout
        == expected
    )
    shown = subprocess.run([*command, "Art. 2"], capture_output=True, env=environment, check=True, timeout=60).stdout
    assert "‘orchard’ means land".encode() in shown


def test_a_reader_that_leaves_early_is_no_error(tiny_directory: Path) -> None:
    code = (
        "import sys\nfrom subprocess import PIPE, Popen\n"
        "command = [sys.executable, '-m', 'pincite', 'corpus', 'show', 'orchard', '--text']\n"
        "p = Popen(command, stdout=PIPE, stderr=PIPE)\n"
        "p.stdout.close()\nprint(p.stderr.read().decode(), p.wait())"
    )
    done = run(code=code, PINCITE_HOME=str(tiny_directory.parent))
    assert "Traceback" not in done.stdout + done.stderr
    assert "Error" not in done.stdout + done.stderr


def test_the_version_is_the_package_s() -> None:
    import pincite

    assert run("--version").stdout == f"pincite {pincite.__version__}\n"
    assert "version" in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dynamic"]
