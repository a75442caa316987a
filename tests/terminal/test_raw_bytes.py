"""The real commands and the real chat in a pseudo-terminal, under documents that attack it: no attack gets through."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pincite.domain.text import harmless
from tests.conftest import ROOT
from tests.terminal.hostile import ATTACKS, EVIL, NAME, live, write_corpus
from tests.terminal.pty_run import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PINCITE", "TEXTUAL", "NO_COLOR"))}
    paths = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    return kept | {"PYTHONPATH": paths, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"} | more


def child(tmp_path: Path, *arguments: str, deaf: bool = False) -> Terminal:
    home = environment(HOME=str(tmp_path))
    return Terminal("tests.terminal.child", *arguments, cwd=tmp_path, environment=home, deaf=deaf)


@pytest.mark.parametrize("attack", [name for name in ATTACKS if "markup" not in name and name != "carriage return"])
def test_the_check_sees_each_attack(attack: str) -> None:
    assert live(f"words {ATTACKS[attack]} words".encode())


def test_what_is_harmless_and_what_not() -> None:
    assert not live(harmless(EVIL).encode())
    assert len(harmless(EVIL)) == len(EVIL)
    assert "\r" not in harmless(EVIL)
    plain = "Art. 33(1) “é”\u00a0\u2009— 漢字 e\u0301\n\tnext"
    assert harmless(plain) == plain


def test_no_attack_reaches_the_terminal_from_any_command(tmp_path: Path) -> None:
    with child(tmp_path, "commands", str(tmp_path / "home"), str(tmp_path / "work")) as terminal:
        assert terminal.rest() == 0
    text = terminal.data.decode()
    assert live(terminal.data) == []
    assert text.rstrip().endswith("=== the end")
    assert "Traceback" not in text
    assert "Unexpected error" not in text
    # shown literally, not interpreted
    assert "[@click=app.bell]" in text
    assert "]52;c;UFdORUQ=" in text
    # and what was meant to be seen was seen
    codes = re.findall(r"=== (\w+) (\S*) (\w+)\r", text)
    assert {name for name, _, _ in codes} >= {"corpus", "search", "ask", "doctor", "models", "batch", "evaluate"}
    for name, second, fit in (("search", "Within", "0"), ("ask", "Within", "04"), ("corpus", "show", "0")):
        assert any((n, s) == (name, second) and code in fit for n, s, code in codes), codes
    assert re.search(r"“\d\.\d+ (Lost|Badges)", text)
    check_outputs(tmp_path / "work")


def check_outputs(folder: Path) -> None:
    """Check the files that the batch has written: reports are opened in browsers, tables shown in terminals."""
    import openpyxl

    page = next(folder.glob("o*.html")).read_text(encoding="utf-8")
    assert live(page.replace("\u200b", "").encode()) == []
    assert '<a href="https://evil' not in page
    for name in ("o*.csv", "o*.md", "filled.txt", "filled.md"):
        assert live(next(folder.glob(name)).read_bytes()) == [], name
    book = openpyxl.load_workbook(next(folder.glob("o*.xlsx")))
    for sheet in book:
        for row in sheet.iter_rows(values_only=True):
            assert live("".join(str(cell or "") for cell in row).encode()) == []


def test_no_attack_reaches_pipes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.terminal.child", "commands", str(tmp_path / "home"), str(tmp_path / "work")]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment(), timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert live(done.stdout) == []
    assert live(done.stderr) == []
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\r" not in done.stdout + done.stderr


def built_home(tmp_path: Path) -> Path:
    code = (
        "import sys; from tests.terminal import child; from pathlib import Path; child.fakes()\n"
        "from pincite.cli import main; from tests.conftest import without_abstention\n"
        "main(['corpus', 'build', *sys.argv[2:], '--home', sys.argv[1]])\n"
        "without_abstention(Path(sys.argv[1]) / 'library')"
    )
    paths = map(str, write_corpus(tmp_path / "corpus"))
    home = tmp_path / "home"
    subprocess.run([sys.executable, "-c", code, str(home), *paths], check=True, env=environment(), capture_output=True)
    return home


def test_no_attack_reaches_the_terminal_from_the_chat_on_a_hostile_library(tmp_path: Path) -> None:
    home = built_home(tmp_path)
    (tmp_path / f"q{NAME}.csv").write_text(
        f'Id,Question\n"1 {EVIL}","Within how many hours must lost badges be reported {EVIL}?"\n', encoding="utf-8"
    )
    with child(tmp_path, "chat", str(home)) as terminal:
        terminal.until("2 documents")
        terminal.send("Within how many hours must lost badges be reported?\r")
        terminal.until("Badge Policy", "Evidence", "Answer")
        for keys in ("\x1b[15~", "\x1b[17~", "\x1b[18~", "\x1b[19~", "\x1bOS"):  # F5 to F8, F4
            terminal.send(keys)
            terminal.listen(0.4)
        terminal.send("\x1b[24~")  # F12: question files, with their names
        terminal.listen(1)
        terminal.send("\t\r")
        terminal.listen(1)
        terminal.send("\x11")
        assert terminal.rest() == 0
    assert live(terminal.data) == []
    assert b"@click=app.bell" in terminal.data
    assert b"Traceback" not in terminal.data


@pytest.mark.parametrize("kind", ["raw", "error", "fault"])
def test_no_attack_reaches_the_terminal_from_words_that_nobody_made_harmless(tmp_path: Path, kind: str) -> None:
    with child(tmp_path, kind) as terminal:
        if kind != "error":
            terminal.until("Ask about the corpus")
            terminal.listen(1.5)
            terminal.send("How long?\r")
        terminal.until({"raw": "Reported.", "error": "not here", "fault": "ZeroDivisionError"}[kind])
        if kind == "raw":
            terminal.send("\x1b[15~")
        terminal.listen(1)
    assert live(terminal.data) == []


def test_the_chat_ends_with_its_terminal_even_if_nobody_tells_it(tmp_path: Path) -> None:
    with child(tmp_path, "raw", deaf=True) as terminal:
        terminal.until("Ask about the corpus")
        assert terminal.hang_up() == 129
