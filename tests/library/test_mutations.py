"""Libraries changed in any way are refused before anything of them is used, and the file is named."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import numpy as np
import pytest

from pincite.answer.abstain import Policy
from pincite.errors import LibraryDamaged, PinciteError
from pincite.library import Generations, Library
from pincite.library.current import approve_policy, read_pointer
from tests.conftest import build, without_abstention
from tests.mutations import mutations

DATABASE, VECTORS, SENTENCES, MANIFEST = "passages.db", "vectors.npy", "sentences.npy", "manifest.json"


@pytest.fixture
def home(tiny_directory: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_directory, tmp_path / "library")


@pytest.fixture
def generation(home: Path) -> Path:
    return Generations(home).require_current()


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the generation of another whole library."""
    directory = tmp_path_factory.mktemp("other")
    (directory / "goats.md").write_text("# Goat Policy\n\n## 1. Goats\n\n1.1 Goats must be counted twice a day.\n")
    build(directory / "library", directory / "goats.md")
    return Generations(directory / "library").require_current()


def refused(home: Path, path: Path, what: str) -> None:
    with pytest.raises(LibraryDamaged) as caught:
        Library(home).close()
    assert str(path) in caught.value.message, what


@pytest.mark.parametrize("name", [VECTORS, DATABASE])
def test_200_mutated_files_are_refused_before_use(
    home: Path, generation: Path, other: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("opened before it was refused")

    monkeypatch.setattr("pincite.library.library.open_database", never)
    monkeypatch.setattr("pincite.library.library.read_matrix", never)
    path = generation / name
    for what, data in mutations(path.read_bytes(), (other / name).read_bytes(), 200, fields=range(100)):
        path.write_bytes(data)
        refused(home, path, what)


@pytest.mark.parametrize(("name", "count"), [(SENTENCES, 40), (MANIFEST, 60)])
def test_mutated_sentences_and_manifests(home: Path, generation: Path, other: Path, name: str, count: int) -> None:
    path = generation / name
    for what, data in mutations(path.read_bytes(), (other / name).read_bytes(), count):
        path.write_bytes(data)
        refused(home, path, what)


def test_mutated_pointers(home: Path, generation: Path) -> None:
    path = home / "CURRENT"
    whole = path.read_bytes()
    for what, data in mutations(whole, b"..", 60):
        if data.rstrip(b"\n") == whole.rstrip(b"\n"):
            continue  # the same name
        path.write_bytes(data)
        refused(home, path, what)
    for data in (b"", b"..", b"../generations", b"\xff\xfe", generation.name.upper().encode() + b"\n", bytes(9999)):
        path.write_bytes(data)
        refused(home, path, repr(data[:20]))


def test_files_of_one_generation_in_place_of_another(home: Path, generation: Path, other: Path) -> None:
    for name in (DATABASE, VECTORS, SENTENCES, MANIFEST):
        whole = (generation / name).read_bytes()
        shutil.copy(other / name, generation / name)
        refused(home, generation / name, name)
        (generation / name).write_bytes(whole)
    (generation / VECTORS).write_bytes((generation / SENTENCES).read_bytes())
    refused(home, generation / VECTORS, "sentences for vectors")


@pytest.mark.parametrize("name", ["passages.db-wal", "passages.db-journal", "vectors.pkl", ".hidden", "folder"])
def test_an_extra_file_beside_the_database_is_refused(home: Path, generation: Path, name: str) -> None:
    (generation / name).mkdir() if name == "folder" else (generation / name).write_bytes(b"x")
    refused(home, generation / name, name)


@pytest.mark.parametrize("name", [DATABASE, VECTORS, SENTENCES, MANIFEST])
def test_a_missing_file_or_a_link_is_refused(home: Path, generation: Path, name: str) -> None:
    kept = generation.parent / "kept"
    (generation / name).rename(kept)
    refused(home, generation / name, "missing")
    if name != MANIFEST:
        (generation / name).symlink_to(kept)
        refused(home, generation / name, "a link")


@pytest.mark.parametrize("name", [DATABASE, VECTORS, "."])
def test_a_change_while_it_is_being_opened(
    home: Path, generation: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = Generations.verify

    def slow(self: Generations, directory: Path) -> object:
        manifest = verify(self, directory)
        time.sleep(0.06)
        if name == ".":
            (directory / "new").touch()
        else:  # the same bytes, but nobody could know
            shutil.copy(directory / name, home / "copy")
            (home / "copy").replace(directory / name)
        return manifest

    monkeypatch.setattr(Generations, "verify", slow)
    refused(home, generation / name if name != "." else generation, "changed")


# -- whoever changes a file can also make its digest: then the form must hold -------------------------------------


def reseal(home: Path, generation: Path) -> Path:
    """Do what an attacker does who knows the format: new digests, new name, new pointer."""
    manifest = json.loads((generation / MANIFEST).read_bytes())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((generation / name).read_bytes()).hexdigest()
    content = json.dumps(manifest).encode()
    (generation / MANIFEST).write_bytes(content)
    renamed = generation.with_name(hashlib.sha256(content).hexdigest()[:16])
    generation.rename(renamed)
    (home / "CURRENT").write_text(renamed.name + "\n")
    return renamed


def npy(header: str, data: bytes = bytes(4 * 96 * 15)) -> bytes:
    raw = header.encode() + b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(raw).to_bytes(2, "little") + raw + data


def shape(rows: object, columns: object = 96, kind: str = "<f4", order: bool = False) -> str:
    return f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({rows}, {columns}), }}"


def pickled(path: Path) -> None:
    np.save(path, np.array([{"a": 1}] * 15, dtype=object), allow_pickle=True)


def text(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


@pytest.mark.parametrize(
    "change",
    [
        pickled,
        text(npy(shape(15, kind="|O"))),
        text(npy(shape(15, kind="<f8"))),
        text(npy(shape(15, kind=">f4"))),
        text(npy(shape(15, order=True))),
        text(npy(shape(10**11))),
        text(npy(shape(-1))),
        text(npy(shape(14))),
        text(npy(shape(16))),
        text(npy(shape("15", "96, 1"))),
        text(npy(shape(15, 0), b"")),
        text(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (15, 96), }")),
        text(npy("__import__('os').system('true')")),
        text(npy("(" * 20000)),
        text(npy(shape(14), bytes(4 * 96 * 14))),
        text(b"\x93NUMPY\x03\x00" + (1 << 30).to_bytes(4, "little")),
        text(b"\x93NUMPY\x01\x00\xff\xff"),
        text(b"\x80\x04\x95"),
        text(b"PK\x03\x04"),
        text(b""),
    ],
)
@pytest.mark.parametrize("mapped", [False, True])
def test_vectors_of_another_form_behind_right_digests(
    home: Path, generation: Path, change: Callable[[Path], None], mapped: bool
) -> None:
    change(generation / VECTORS)
    path = reseal(home, generation) / VECTORS
    with pytest.raises(LibraryDamaged) as caught:
        Library(home, mapped=mapped)
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON passages BEGIN DELETE FROM passages; END", "trigger t"),
        ("CREATE VIEW v AS SELECT load_extension('x')", "view v"),
        ("ALTER TABLE terms RENAME TO t2; CREATE VIEW terms AS SELECT * FROM t2", "view terms"),
        ("CREATE TABLE more (a)", "table more"),
        ("CREATE INDEX i ON terms (upper(label))", "index i"),
        ("DROP INDEX terms_by_term", "index terms_by_term"),
        ("DROP TABLE terms", "table terms"),
        ("ALTER TABLE documents ADD COLUMN more TEXT DEFAULT 'x'", "table documents"),
        ("CREATE VIRTUAL TABLE f USING fts5 (a)", "table f"),
        ("DROP TABLE passages_fts; CREATE TABLE passages_fts (label, path, lead, body)", "table passages_fts"),
        ("PRAGMA user_version = 7", "written in form 7"),
        ("PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'x' WHERE name = 'terms'", "passages.db"),
        ("UPDATE documents SET provenance = '[1]'", "passages.db"),
        ("UPDATE documents SET provenance = '{\"a\": 1}'", "passages.db"),
        ("UPDATE documents SET aliases = '9'", "passages.db"),
        ("UPDATE documents SET kind = 'gospel'", "passages.db"),
        ("UPDATE passages SET id = 99 WHERE id = 3", "15 vectors, the database has 15 passages"),
        ("DELETE FROM sentences WHERE id = 0", "sentences"),
    ],
)
def test_databases_of_another_schema_behind_right_digests(home: Path, generation: Path, sql: str, named: str) -> None:
    connection = apsw.Connection(str(generation / DATABASE))
    connection.execute(sql)
    connection.close()
    reseal(home, generation)
    with pytest.raises(LibraryDamaged) as caught:
        Library(home)
    assert named in caught.value.message


@pytest.mark.parametrize("part", range(4))
def test_mutated_pages_behind_right_digests_end_in_an_error_of_ours(home: Path, generation: Path, part: int) -> None:
    """No crash and no hang: either refused, or read with whatever an attacker could have written there anyway."""
    whole = (generation / DATABASE).read_bytes()
    for what, data in mutations(whole, whole[:8192], 25, fields=range(108), seed=part):
        (generation / DATABASE).write_bytes(data)
        generation = reseal(home, generation)
        try:
            Library(home).close()
        except PinciteError as error:
            found = error.message
        else:
            continue
        assert str(generation) in found, what


@pytest.mark.parametrize(
    "files",
    [{}, [], None, {DATABASE: "0"}, {"../../x": "0"}, {DATABASE: 1, VECTORS: None, SENTENCES: []}],
    ids=str,
)
def test_manifests_of_another_form_behind_right_digests(home: Path, generation: Path, files: object) -> None:
    manifest = {**json.loads((generation / MANIFEST).read_bytes()), "files": files}
    content = json.dumps(manifest).encode()
    (generation / MANIFEST).write_bytes(content)
    renamed = generation.rename(generation.with_name(hashlib.sha256(content).hexdigest()[:16]))
    (home / "CURRENT").write_text(renamed.name + "\n")
    refused(home, renamed, str(files))


# -- thresholds of abstention --------------------------------------------------------------------------------------


def test_mutated_thresholds_are_refused(home: Path) -> None:
    without_abstention(home)
    path = home / "abstention.toml"
    for _, data in mutations(path.read_bytes(), b"sufficient = 0\n", 60):
        path.write_bytes(data)
        with pytest.raises(LibraryDamaged, match=r"abstention\.toml differs from its digest"):
            Policy.of(home)
    path.unlink()
    with pytest.raises(LibraryDamaged, match=r"abstention\.toml is missing") as caught:
        Policy.of(home)
    assert "--uncalibrate" in caught.value.hint


def test_thresholds_that_nobody_approved_are_refused(home: Path, tmp_path: Path, tiny_directory: Path) -> None:
    elsewhere = shutil.copytree(tiny_directory, tmp_path / "elsewhere")
    without_abstention(elsewhere)
    shutil.copy(elsewhere / "abstention.toml", home)
    with pytest.raises(LibraryDamaged, match=r"abstention\.toml: these thresholds were not approved"):
        Policy.of(home)
    approve_policy(home, None)
    assert Policy.of(home) == Policy.load()


@pytest.mark.parametrize(("directory", "file"), [(0o700, 0o600), (0o750, 0o640), (0o755, 0o644)])
def test_what_is_written_can_be_read_by_those_who_may_read_the_directory(home: Path, directory: int, file: int) -> None:
    home.chmod(directory)
    without_abstention(home)
    assert [(home / name).stat().st_mode & 0o777 for name in ("abstention.toml", "CURRENT")] == [file, file]


def test_a_build_keeps_what_was_approved(home: Path, tmp_path: Path) -> None:
    without_abstention(home)
    approved = Policy.of(home)
    (tmp_path / "hens.md").write_text("# Hen Policy\n\n## 1. Hens\n\n1.1 Hens must be fed at six.\n")
    build(home, tmp_path / "hens.md")
    assert Policy.of(home) == approved
    pointer = read_pointer(home)
    assert pointer is not None
    assert pointer.policy == approved.sha256
    Library(home).close()
