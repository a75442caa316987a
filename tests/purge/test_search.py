"""The byte search finds what careless deletion leaves: old generations, logs not written back, index pages, copies."""

from __future__ import annotations

import contextlib
import json
import shutil
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.ingest.without import publish_without
from pincite.library import Generations, Library
from pincite.purge.canary import Canaries
from pincite.purge.erasure import erase, files_below, overwriting
from pincite.purge.finder import LONG, SHORT, Finder, Hits
from pincite.purge.fingerprint import TERMS, Fingerprint, phrases_of, term_remains, vector_forms
from pincite.purge.plan import make_plan
from pincite.purge.run import begin
from pincite.purge.sweep import Sweeper
from tests.purge.conftest import LIMESCALE, RULE, SECRET, Place

PHRASES = "phrases in UTF-8"


@pytest.fixture(scope="module")
def known(filled: Path) -> Fingerprint:
    return make_plan(filled / "home", [SECRET]).fingerprint


def kinds(known: Fingerprint, *paths: Path) -> Counter[str]:
    return Sweeper(known.patterns).sweep(paths).counts()


@given(
    st.lists(st.binary(min_size=SHORT, max_size=30), min_size=1, max_size=8),
    st.lists(st.one_of(st.binary(max_size=40), st.integers(0, 7)), max_size=12),
    st.integers(1, 50),
)
def test_the_finder_finds_what_a_plain_search_finds(
    patterns: list[bytes], parts: list[bytes | int], chunk: int
) -> None:
    data = b"".join(patterns[part % len(patterns)] if isinstance(part, int) else part for part in parts)
    file = BytesIO(data)
    hits = Finder({"x": set(patterns)}).search(lambda _: file.read(chunk))
    expected = {pattern for pattern in patterns if pattern in data}
    assert hits.patterns.get("x", set()) == expected
    ends = sum(data.startswith(pattern, at) for pattern in set(patterns) for at in range(len(data)))
    assert hits.counts["x"] == ends
    assert hits.first.get("x", -1) == min((data.index(pattern) for pattern in expected), default=-1)


def test_a_pattern_across_the_borders_of_chunks() -> None:
    pattern = bytes(range(40))
    finder = Finder({"long": {pattern}, "short": {b"needle"}})
    for at in ((1 << 19) - 39, (1 << 19) - 1, 1 << 19, (1 << 20) - LONG):
        data = bytearray(2 << 20)
        data[at : at + 40] = pattern
        data[-6:] = b"needle"
        hits = finder.search_bytes(bytes(data)) if at == 1 << 19 else finder.search(BytesIO(data).read)
        assert (hits.counts, hits.first["long"]) == ({"long": 1, "short": 1}, at)


def test_too_short_a_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at least {SHORT}"):
        Finder({"x": {b"word"}})


@pytest.mark.parametrize(
    ("term", "before", "left"), [("kettle", "keeper", b"ttle"), ("descal", "desc", b"al"), ("a", "", b"a")]
)
def test_what_an_index_keeps_of_a_term(term: str, before: str, left: bytes) -> None:
    assert term_remains(term, before) == left


def test_any_63_characters_of_a_line_hold_a_phrase() -> None:
    line = "".join(chr(0x4E00 + n) for n in range(107))
    phrases = set(phrases_of(f"{line}\nshort"))
    assert all(any(phrase in line[at : at + 63] for phrase in phrases) for at in range(len(line) - 62))


def test_a_generation_left_in_place_is_found(place: Place, known: Fingerprint) -> None:
    generations = Generations(place.home / "library")
    old = generations.require_current()
    new = publish_without(generations, [SECRET], place.outside / "work")
    assert new is not None
    left = kinds(known, *files_below(old))
    assert left[PHRASES] > 1000
    assert left[TERMS] > 10
    assert left["vectors in float32"] > 50
    assert left["digests of passages"] > 50
    assert kinds(known, *files_below(new)) == {}


def careless(place: Place, *, pragma: str, index: int) -> Path:
    """Delete the document's rows in a copy of the database, as an application might; return the copy."""
    copy = place.outside / "copy.db"
    shutil.copy(Generations(place.home / "library").require_current() / "passages.db", copy)
    with contextlib.closing(apsw.Connection(str(copy))) as connection:
        connection.execute(f"PRAGMA secure_delete = {pragma}").fetchall()
        connection.execute("INSERT INTO passages_fts (passages_fts, rank) VALUES ('secure-delete', ?)", (index,))
        connection.execute("BEGIN")
        inside = "(SELECT id FROM passages WHERE document = (SELECT id FROM documents WHERE slug = 'kettle'))"
        connection.execute(f"DELETE FROM passages_fts WHERE rowid IN {inside}")
        connection.execute(f"DELETE FROM sentences WHERE passage IN {inside}")
        number = "(SELECT id FROM documents WHERE slug = 'kettle')"
        for table in ("passages", "provisions", "cross_references", "mentions", "completeness", "terms"):
            connection.execute(f"DELETE FROM {table} WHERE document = {number}")
        connection.execute("DELETE FROM documents WHERE slug = 'kettle'")
        connection.execute("COMMIT")
    return copy


def test_rows_deleted_without_secure_delete_are_found(place: Place, known: Fingerprint) -> None:
    left = kinds(known, careless(place, pragma="OFF", index=0))
    assert left[PHRASES] > 100
    assert left[TERMS] > 10


def test_terms_in_an_index_without_secure_delete_are_found(place: Place, known: Fingerprint) -> None:
    careful, careless_ = (kinds(known, careless(place, pragma="ON", index=index)) for index in (1, 0))
    assert careless_[TERMS] > 10 + careful[TERMS]
    # deleting in place is not enough even so, which is why a purge writes the database anew
    assert careful[PHRASES] > 0


def test_words_in_a_log_that_was_not_written_back_are_found(place: Place, known: Fingerprint) -> None:
    path = place.outside / "chat.db"
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA journal_mode = WAL; CREATE TABLE said (words TEXT)").fetchall()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute("INSERT INTO said VALUES (?)", (RULE,))
    connection.execute("PRAGMA secure_delete = ON; DELETE FROM said").fetchall()
    assert kinds(known, path) == {}
    assert kinds(known, path.with_name("chat.db-wal"))[PHRASES] > 0
    connection.close()


def test_copies_in_other_forms_are_found(place: Place, known: Fingerprint) -> None:
    folder = place.outside / "forms"
    folder.mkdir()
    with contextlib.closing(Library(place.home / "library")) as library:
        number = library.info(SECRET).number
        row = [i for i, of in enumerate(library.passage_documents) if of == number][-1]
        vector = library.vectors[row]
    np.save(folder / "half.npy", np.stack([vector, vector]).astype(np.float16))
    (folder / "wide.txt").write_bytes(LIMESCALE.encode("utf-16-be"))
    (folder / "escaped.json").write_text(json.dumps(LIMESCALE))
    (folder / "page.html").write_text(LIMESCALE.replace("&", "&amp;"))
    with zipfile.ZipFile(folder / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f"<t>{RULE}</t>")
    found = {place.path.name: set(place.counts) for place in Sweeper(known.patterns).sweep(folder.iterdir()).found}
    assert found["half.npy"] == {"vectors in float16"}
    assert found["wide.txt"] == {"phrases in UTF-16"}
    assert "phrases in JSON" in found["escaped.json"]
    assert "phrases in HTML" in found["page.html"]
    assert found["book.xlsx"] == {PHRASES}


def test_what_stays_is_not_sought(filled: Path, known: Fingerprint) -> None:
    with contextlib.closing(Library(filled / "home" / "library")) as library:
        for info in library.documents:
            if info.slug != SECRET:
                text = library.document(info.slug).text.encode()
                assert Finder(known.patterns).search_bytes(text).counts == {}
                for row in np.flatnonzero(library.passage_documents == info.number):
                    forms = {form for _, form in vector_forms(library.vectors[row])}
                    assert not forms & known.patterns["vectors in float32"]


def test_a_fingerprint_survives_being_kept(known: Fingerprint) -> None:
    again = Fingerprint.from_bytes(known.to_bytes())
    assert again == known


# -------------------------------------------------------------------------------------------------- canaries


def test_canaries_are_found_and_go(tmp_path: Path) -> None:
    (tmp_path / ".canary-left-by-a-kill").write_text("x")
    with Canaries([tmp_path, tmp_path / "nowhere"]) as canaries:
        planted = list(tmp_path.iterdir())
        assert len(planted) == canaries.count == 7
        assert canaries.missed(Sweeper(canaries.patterns).sweep(planted)) == []
        less = planted[:-1]
        assert len(canaries.missed(Sweeper(canaries.patterns).sweep(less))) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["phrases in UTF-16", "vectors in float16", TERMS, "phrases in archives"])
def test_a_search_that_is_blind_for_one_kind_never_succeeds(
    quick: Place, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    add = Hits.add

    def blind(self: Hits, found: str, offset: int, pattern: bytes) -> None:
        if found not in (kind, f"canary {kind}"):
            add(self, found, offset, pattern)

    plan = quick.plan()
    monkeypatch.setattr(Hits, "add", blind)
    outcome = begin(quick.home, plan, reason="r", authority="a", start="")
    assert outcome.certificate is None
    assert f"the search did not find what was planted: canary {kind}" in outcome.problems


# -------------------------------------------------------------------------------------------------- erasing


def test_erasing_overwrites_the_bytes_that_other_names_lead_to(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    file = tmp_path / "folder" / "file"
    file.write_bytes(b"secret" * 1000)
    (tmp_path / "other").hardlink_to(file)
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    assert erase(tmp_path / "folder") == 1
    assert not (tmp_path / "folder").exists()
    assert (tmp_path / "other").read_bytes() == bytes(6000)
    assert (tmp_path / "kept").read_text() == "kept"
    assert erase(tmp_path / "folder") == 0


def test_what_is_replaced_is_overwritten(tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_bytes(b"secret")
    other.hardlink_to(file)
    with overwriting(file):
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").replace(file)
    assert (file.read_bytes(), other.read_bytes()) == (b"new", bytes(6))
    with overwriting(file):
        pass  # nothing took its place
    assert file.read_bytes() == b"new"
