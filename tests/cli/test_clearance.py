"""Two OS users of one home: who has no clearance for a document meets no trace of it, by program or by file."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pincite.assembly as assembly
from pincite.assembly import Parts
from pincite.clearance import Person
from pincite.config import Home
from pincite.errors import LibraryError
from pincite.library import Library
from tests.conftest import ROOT, without_abstention, write_corpus
from tests.fakes import FakeEmbedder

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="becoming other OS users needs root")

STAFF, BOARD, GUEST = 65534, 65533, 65532
INTERNAL, CONFIDENTIAL, RESTRICTED = 64001, 64002, 64003

CLEARANCE = f"""
[[label]]
name = "public"
[[label]]
name = "internal"
group = {INTERNAL}
also = ["internal use only"]
[[label]]
name = "confidential"
group = {CONFIDENTIAL}
[[label]]
name = "restricted"
group = {RESTRICTED}
"""

VAULT = """---
title: Vault Policy
classification: Restricted
---

# Vault Policy

## 1. Keys

1.1 Three zephyrine keys are kept in the vault, see section 2.1 of the Ladder Policy and Article 3 of the Orchard
Regulation. “Zephyrine” means a key of the vault.

1.2 A fall in the vault must be reported to the Warden within 2 hours.
"""

COMMANDS = [
    ["search", "How many zephyrine keys are kept?", "--json"],
    ["search", "Within how many hours must a fall be reported?", "--json"],
    ["search", "section 1.1 of the Vault Policy"],
    ["ask", "How many zephyrine keys are kept in the vault?", "--json"],
    ["ask", "What does section 9.9 of the Vault Policy say?", "--json"],
    ["ask", "What does section 1.1 of the Merger Policy say?", "--json"],
    ["ask", "Within how many hours must a fall be reported?", "--json"],
    ["corpus", "list"],
    ["corpus", "list", "--json"],
    ["corpus", "show", "vault"],
    ["corpus", "show", "vault", "1.1"],
    ["corpus", "show", "ladder", "--json"],
    ["corpus", "show", "ladder", "2.1"],
    ["corpus", "refs", "ladder", "--json"],
    ["corpus", "refs", "orchard", "Art. 3", "--terms"],
    ["corpus", "diff", "vault", "ladder"],
    ["corpus", "verify"],
    ["doctor", "--quick", "--json"],
]


def write_home(home: Path, corpus: Path, *, secrets: bool) -> None:
    """Write a home's configuration: orchard public, ladder and tractor internal, and with `secrets` three more."""
    home.mkdir()
    entries = {"orchard": ("orchard.json", "Public"), "ladder": ("ladder.md", "Internal")}
    entries |= {"tractor": ("tractor.docx", "internal use  only")}
    if secrets:
        entries |= {"vault": ("vault.md", ""), "merger": ("merger.docx", "Restricted"), "unmarked": ("unmarked.md", "")}
    words = [
        f'[[source]]\nslug = "{slug}"\npath = "{corpus / file}"\n' + (f'classification = "{label}"\n' if label else "")
        for slug, (file, label) in entries.items()
    ]
    (home / "corpus.toml").write_text("\n".join(words))
    (home / "clearance.toml").write_text(CLEARANCE)
    (home / "settings.toml").write_text("threads = 1\n")


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """Return a directory with two built homes that everyone may enter: one with secrets, and one that never had any."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    corpus = write_corpus(place / "corpus")
    (corpus / "vault.md").write_text(VAULT)
    (corpus / "unmarked.md").write_text("# Unmarked Plan\n\n1.1 Zephyrine keys are counted on the merger's eve.\n")
    (corpus / "merger.docx").write_bytes(b"PK\x03\x04")  # cannot be read, which is told to stewards only
    (place / "models").mkdir()
    patch = pytest.MonkeyPatch()
    patch.setenv("PINCITE_MODELS", str(place / "models"))
    patch.setattr(
        Parts, "embedder", lambda parts: FakeEmbedder(sha256=parts.registry.get(parts.settings.embedder).sha256)
    )
    for name, secrets in (("home", True), ("bare", False)):
        write_home(place / name, corpus, secrets=secrets)
        assembly.build_corpus(Home(place / name))
        for library in Home(place / name).libraries:
            without_abstention(library)
        assembly.build_corpus(Home(place / name))  # a build also mends permissions
    corpus.chmod(0o700)
    patch.undo()
    yield place
    shutil.rmtree(place)


def environment(place: Path) -> dict[str, str]:
    return {**os.environ, "PINCITE_MODELS": str(place / "models"), "PYTHONPATH": str(ROOT / "src")}


def act(place: Path, user: int, groups: list[int], commands: list[list[str]], homes: tuple[str, ...]) -> Any:
    """Run commands as another user; return what came of it by home."""
    for name in homes:
        below = sorted(path.relative_to(place / name).as_posix() for path in (place / name).rglob("*"))
        (place / f"{name}.paths").write_text(json.dumps(below))
    plan = {
        "user": user,
        "groups": groups,
        "commands": commands,
        "warm": str(place / "bare"),
        "homes": [str(place / name) for name in homes],
        "session": bool(groups),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.person"], cwd=ROOT, input=json.dumps(plan), capture_output=True, text=True,
        check=False, timeout=120, env=environment(place),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return tuple(found[str(place / name)] for name in homes)


@pytest.fixture(scope="module")
def batch_file(place: Path) -> Path:
    """Return a form that anybody may answer in a folder that anybody may write to."""
    folder = place / "forms"
    folder.mkdir()
    folder.chmod(0o1777)
    path = folder / "form.csv"
    path.write_text(
        "Id,Question,Label,Documents\n"
        "1,How many zephyrine keys are kept in the vault?,,\n"
        "2,How many keys are kept?,Restricted,\n"
        "3,How many keys are kept?,,vault\n"
        "4,Within how many hours must a fall be reported?,Internal,\n"
    )
    path.chmod(0o644)
    return path


@pytest.fixture(scope="module")
def staff(place: Path, batch_file: Path) -> Any:
    """Act as one who is cleared for internal documents, on the home with secrets and on the bare one."""
    output = f"{batch_file.parent}/staff-out.jsonl"
    batch = ["batch", str(batch_file), "-o", output, "--overwrite", "--json"]
    return act(place, STAFF, [INTERNAL], [*COMMANDS, batch], ("home", "bare"))


@pytest.fixture(scope="module")
def board(place: Path, batch_file: Path) -> Any:
    """Act as one who is cleared for everything."""
    batch = ["batch", str(batch_file), "-o", f"{batch_file.parent}/board-out.jsonl", "--json"]
    return act(place, BOARD, [RESTRICTED], [*COMMANDS, batch], ("home",))[0]


def without_times(command: dict[str, Any]) -> str:
    """Return all that a command said, less seconds."""
    try:
        said = json.loads(command["out"])
    except ValueError:
        return json.dumps(command)
    for name in ("timings", "seconds", "questions_per_hour"):
        said.pop(name, None)
    words = json.dumps({**command, "out": said}).replace("staff-bare.", "staff-home.")
    return re.sub(r"[\d.,]+ a minute", "", words)


def test_a_library_is_byte_for_byte_that_of_a_home_that_never_had_the_documents_above(place: Path) -> None:
    for label in ("public", "internal", "confidential"):
        with_secrets, bare = (Library(Home(place / name).library_of(label)) for name in ("home", "bare"))
        assert with_secrets.generation == bare.generation  # the digest over all files
        with_secrets.close()
        bare.close()
    top = Library(Home(place / "home").library_of("restricted"))
    assert {info.slug for info in top.documents} == {"orchard", "ladder", "tractor", "vault", "unmarked"}
    top.close()


def test_every_command_says_the_same_as_in_a_home_that_never_had_the_documents_above(staff: Any) -> None:
    home, bare = staff
    for number, (one, other) in enumerate(zip(home["commands"], bare["commands"], strict=True)):
        assert without_times(one) == without_times(other), number
    assert home["session"]["documents"] == bare["session"]["documents"] == 3
    said = json.dumps([home["commands"], home["session"]]).casefold()
    for secret in ("three zephyrine", "warden", "within 2 hours", "merger.docx", "unmarked"):
        assert secret not in said
    codes = [command["code"] for command in home["commands"]]
    assert codes[:9] == [0, 0, 0, codes[3], 3, 3, codes[6], 0, 0]
    assert codes[9:12] == [1, 1, 0]


def test_one_with_clearance_sees_what_the_other_does_not(board: Any) -> None:
    said = [command["out"] for command in board["commands"]]
    assert "Three zephyrine keys" in said[0]
    assert "Three zephyrine keys" in json.loads(said[3])["answer"]
    assert json.loads(said[3])["label"] == "restricted"
    assert [row["document"] for row in json.loads(said[8])["documents"]] == [
        "orchard", "ladder", "tractor", "vault", "unmarked",
    ]  # fmt: skip
    assert board["commands"][8]["code"] == 0
    assert "merger.docx" in said[8]
    assert "Three zephyrine keys" in said[10]
    assert any(edge["from"] == "vault" for edge in json.loads(said[13])["referred_to_by"])
    assert board["session"]["documents"] == 5
    assert board["session"]["text"].splitlines()[2] == "**Label: restricted**"


def test_the_files_above_cannot_be_read(place: Path, staff: Any, board: Any) -> None:
    def libraries(person: Any) -> set[str]:
        return {name.split("/")[1] for name in person["readable"] if name.startswith("libraries/")}

    assert libraries(staff[0]) == {"public", "internal"}
    assert libraries(board) == {"public", "restricted"}
    for person in (staff[0], board):
        tops = {name.split("/")[0] for name in person["readable"]} - {"libraries"}
        assert tops == {"clearance.toml", "settings.toml"}  # not corpus.toml, and nobody else's part of `people`
    assert (place / "home").stat().st_mode & 0o777 == 0o711


def test_sessions_are_each_person_s_own(place: Path, staff: Any, board: Any) -> None:
    for user, person in ((STAFF, staff[0]), (BOARD, board)):
        path = Path(person["session"]["file"])
        assert path.parent == place / "home" / "people" / str(user) / "sessions"
        assert person["session"]["mode"] == 0o600
        assert (place / "home" / "people" / str(user)).stat().st_mode & 0o777 == 0o700
    (other,) = act(place, STAFF, [INTERNAL], [["corpus", "list"]], ("home",))
    assert not [name for name in other["readable"] if name.startswith(f"people/{BOARD}")]
    assert [name for name in other["readable"] if name.startswith(f"people/{STAFF}/sessions/")]


def test_a_batch_does_not_show_what_was_answered_under_a_clearance_that_is_lost(
    place: Path, batch_file: Path, board: Any
) -> None:
    output = batch_file.parent / "board-home.jsonl"
    before = [json.loads(line) for line in output.read_text().splitlines()]
    assert "Three zephyrine keys" in before[0]["answer"]
    assert [line["answer_label"] for line in before] == ["restricted", "restricted", "restricted", "internal"]
    assert json.loads(board["commands"][-1]["out"])["label"] == "restricted"
    again = ["batch", str(batch_file), "-o", f"{batch_file.parent}/board-out.jsonl"]
    act(place, BOARD, [INTERNAL], [again], ("home",))
    after = output.read_text()
    assert "zephyrine keys are" not in after.replace("How many zephyrine keys are", "")
    assert "restricted" not in {json.loads(line)["answer_label"] for line in after.splitlines()}


def test_only_those_who_keep_a_home_change_it(place: Path) -> None:
    commands = [["corpus", "build"], ["corpus", "build", __file__], ["corpus", "add", __file__]]
    commands += [["corpus", "remove", "ladder"], ["corpus", "verify", "--sources"]]
    before = (place / "home" / "corpus.toml").read_bytes()
    # the warm-up as root needs no such commands: they are refused before anything is imported
    (person,) = act_cold(place, STAFF, [INTERNAL], commands)
    for command in person["commands"][:4]:
        assert command["code"] == 1
        assert "only its owner changes what this home holds" in command["err"]
    assert person["commands"][4]["code"] == 1
    assert "corpus.toml: " in person["commands"][4]["err"]
    assert (place / "home" / "corpus.toml").read_bytes() == before


def act_cold(place: Path, user: int, groups: list[int], commands: list[list[str]]) -> Any:
    """Run commands as another user that must not be run as root."""
    warm = [["corpus", "list"], ["corpus", "verify", "--sources"]]
    script = f"""
import json, secrets, sys
from tests.cli import person
person.use_fakes()
import pincite.ingest.build, pincite.ingest.labelled, pincite.ingest.register, pincite.cli.progress, rich.console
for one in {warm!r}:
    person.run({str(place / "bare")!r}, one)
person.drop({user}, {groups!r})
print(json.dumps({{"commands": [person.run({str(place / "home")!r}, one) for one in {commands!r}]}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        env=environment(place),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return (json.loads(done.stdout),)


def test_who_is_in_no_group_reads_what_is_open_to_everyone(place: Path) -> None:
    commands = [["corpus", "list", "--json"], ["doctor", "--quick", "--json"]]
    (guest,) = act(place, GUEST, [], commands, ("home",))
    assert [row["document"] for row in json.loads(guest["commands"][0]["out"])["documents"]] == ["orchard"]
    told = json.loads(guest["commands"][1]["out"])["clearance"]
    assert told == {"cleared_for": "public", "by": "open to everyone"}
    assert not [name for name in guest["readable"] if name.startswith(("libraries/internal", "libraries/restricted"))]


def test_a_mode_that_is_too_open_still_opens_nothing_by_program_and_the_steward_is_told(place: Path) -> None:
    home = Home(place / "home")
    restricted = home.library_of("restricted")
    restricted.chmod(0o2755)
    try:
        (staff,) = act(place, STAFF, [INTERNAL], [["corpus", "list", "--json"]], ("home",))
        assert "vault" not in staff["commands"][0]["out"]
        from pincite.library.sharing import check_home

        clearance = home.clearance
        assert clearance is not None
        assert any("its mode is 2755, not 2750" in finding for finding in check_home(home, clearance))
    finally:
        restricted.chmod(0o2750)
    assert list(check_home(home, clearance)) == []


def test_a_library_built_under_another_order_of_labels_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(place / "bare")
    monkeypatch.setattr(Person, "current", classmethod(lambda cls: cls(GUEST, frozenset({CONFIDENTIAL}))))
    library = assembly.open_library(home)
    assert library.directory == home.library_of("confidential")
    assert len(library.documents) == 3
    library.close()
    before = (home.path / "clearance.toml").read_text()
    public, internal, confidential, restricted = before.split("[[label]]")[1:]
    changed = "[[label]]".join(["", public, confidential, internal, restricted])
    try:
        (home.path / "clearance.toml").write_text(changed)
        with pytest.raises(LibraryError, match="not built under the present clearance"):
            assembly.open_library(home)
        with pytest.raises(LibraryError, match="not built under the present clearance"):
            assembly.batch_ground(home)
    finally:
        (home.path / "clearance.toml").write_text(before)
