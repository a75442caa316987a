"""Adding, updating and removing: files, entries, and nothing half-done."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pincite.errors import ConfigError, DocumentError, UnknownDocument
from pincite.ingest import corpus_file
from pincite.ingest.corpus_file import HEADER, Entries, entry_of, with_absolute_paths, write_corpus
from pincite.ingest.parse import parse
from pincite.ingest.register import Facts, Registry
from pincite.ingest.sources import Source, load_corpus_file
from tests.conftest import ROOT

HAND = """# ours
[[source]]
slug = "kite"   # the first
path = "kite.md"
# below the first

# above the second
[[source]]
slug = "wind"
wheel = { package = "p", version = "1", member = "a/wind.json", sha256 = "SHA" }
expect = { article = 3 }
# the end
""".replace("SHA", "ab" * 32)


def policy(
    path: Path, words: str = "Kites must not fly in a storm.", front: str = "", title: str = "# Kite Policy\n\n"
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f"---\n{front}\n---\n" if front else ""
    path.write_text(f"{head}{title}## 1. Wind\n\n1.1 {words}\n", encoding="utf-8")
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def registry(home: Path, start: str = HEADER) -> Registry:
    return Registry(home, start, lambda source: parse(source).document)


def sources(home: Path) -> dict[str, Source]:
    return {source.slug: source for source in load_corpus_file(home / "corpus.toml", home / "sources")}


def test_add_copies_the_file_and_keeps_what_is_said(home: Path, tmp_path: Path) -> None:
    file = policy(tmp_path / "Kite Rules.md")
    facts = Facts(
        {"title": "Kites\x1b[2J", "effective": "2031-01-01", "kind": "policy"}, "kite", ("K-1",), "2031-02-03", "me"
    )
    assert registry(home).add([file], facts) == ["added kite"]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    source = sources(home)["kite"]
    assert source.path == home / "sources" / f"kite-{digest[:12]}.md"
    assert source.path.read_bytes() == file.read_bytes()
    assert source.metadata == {
        "title": "Kites\ufffd[2J",
        "effective": "2031-01-01",
        "kind": "policy",
        "retrieved": "2031-02-03",
        "retrieved_by": "me",
        "sha256": digest,
        "file": "Kite Rules.md",
    }
    assert source.aliases == ("K-1",)
    assert source.path.stat().st_mode & 0o077 == 0


def test_a_file_without_title_keeps_its_own_name(home: Path, tmp_path: Path) -> None:
    from pincite.ingest.parse import parse

    file = tmp_path / "flying-rules.md"
    file.write_text("1.1 Kites must not fly in a storm.\n\n1.2 Kites must be red.\n")
    registry(home).add([file], Facts())
    found = parse(sources(home)["flying-rules"]).document
    assert (found.title, found.provenance.source) == ("flying-rules", "flying-rules.md")


def test_what_a_document_states_is_not_written_over_by_defaults(home: Path, tmp_path: Path) -> None:
    file = policy(tmp_path / "kite.md", front="retrieved: 2030-01-01\nretrieved by: Ann")
    registry(home).add([file], Facts(retrieved="2031-02-03", retrieved_by="me"))
    assert not {"retrieved", "retrieved_by"} & set(sources(home)["kite"].metadata)


def test_one_unreadable_file_and_nothing_is_registered(home: Path, tmp_path: Path) -> None:
    good, bad = policy(tmp_path / "a.md"), tmp_path / "b.docx"
    bad.write_bytes(b"PK\x03\x04")
    with pytest.raises(DocumentError, match=r"b\.docx"):
        registry(home).add([good, bad], Facts())
    assert not (home / "corpus.toml").exists()
    assert list(home.glob("sources/*")) == []


@pytest.mark.parametrize(
    ("facts", "what"),
    [
        (Facts({"title": "T"}), "--title names one document, but 2"),
        (Facts(slug="x"), "--slug names one document, but 2"),
    ],
)
def test_facts_of_one_document_are_refused_for_two(home: Path, tmp_path: Path, facts: Facts, what: str) -> None:
    files = [policy(tmp_path / name) for name in ("a.md", "b.md")]
    with pytest.raises(ConfigError, match=what):
        registry(home).add(files, facts)


@pytest.mark.parametrize("slug", ["Kite", "k/../x", "@", "a@b@c", "k\x1b"])
def test_names_that_are_none(home: Path, tmp_path: Path, slug: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a document"):
        registry(home).add([policy(tmp_path / "a.md")], Facts(slug=slug))
    assert not (home / "corpus.toml").exists()


def test_a_taken_name_is_refused(home: Path, tmp_path: Path) -> None:
    file = policy(tmp_path / "kite.md")
    registry(home).add([file], Facts())
    before = (home / "corpus.toml").read_bytes()
    with pytest.raises(ConfigError, match="already has a document called 'kite'"):
        registry(home).add([file], Facts())
    assert (home / "corpus.toml").read_bytes() == before


def test_the_entries_of_a_corpus_file_are_taken_over(home: Path, tmp_path: Path) -> None:
    policy(tmp_path / "staged" / "files" / "kite.md")
    (tmp_path / "staged" / "corpus.toml").write_text(
        '[[source]]\nslug = "kites"\npath = "files/kite.md"\nsource = "Gazette"\nretrieved = 2031-01-01\n'
        'aliases = ["K"]\nexpect = { section = 1 }\n'
    )
    for given in (tmp_path / "staged", tmp_path / "staged" / "corpus.toml"):
        (home / "corpus.toml").unlink(missing_ok=True)
        registry(home).add([given], Facts({"authority": "Public"}, retrieved="2032-01-01"))
        source = sources(home)["kites"]
        assert (source.metadata["source"], source.metadata["retrieved"]) == ("Gazette", "2031-01-01")
        assert source.metadata["authority"] == "Public"
        assert (source.aliases, source.expect) == (("K",), {"section": 1})
        assert source.path.parent == home / "sources"


def test_update_keeps_the_old_version_under_its_date(home: Path, tmp_path: Path) -> None:
    first = policy(tmp_path / "kite.md", front="effective: 2030-01-01\nowner: Ann")
    facts = Facts(
        {"title": "Kites", "classification": "Internal", "version": "1", "effective": "2030-02-01"}, aliases=("K",)
    )
    registry(home).add([first], facts)
    second = policy(tmp_path / "kite-2.md", "Kites must be green.", front="effective: 2031-01-01\nowner: Ben")
    notes = registry(home).update("kite", second, Facts({"version": "2"}, retrieved="2031-02-03"))
    assert notes == ["updated kite; the earlier version stays as kite@2030-02-01"]
    new, old = sources(home)["kite"], sources(home)["kite@2030-02-01"]
    assert (new.metadata["title"], new.aliases, new.metadata["classification"]) == ("Kites", ("K",), "Internal")
    assert (new.metadata["version"], new.metadata["file"]) == ("2", "kite-2.md")
    assert not {"effective", "owner", "superseded_by"} & set(new.metadata)
    assert (old.metadata["superseded_by"], old.metadata["effective"], old.aliases) == ("kite", "2030-02-01", ("K",))
    assert old.path.read_bytes() == first.read_bytes()
    third = policy(tmp_path / "kite-3.md", "Kites must be blue.")
    notes = registry(home).update("kite", third, Facts({"effective": "2032-01-01"}))
    assert notes == ["updated kite; the earlier version stays as kite@2031-01-01"]
    assert {slug: source.metadata.get("superseded_by", "") for slug, source in sources(home).items()} == {
        "kite@2030-02-01": "kite@2031-01-01",
        "kite@2031-01-01": "kite",
        "kite": "",
    }


def test_update_says_when_the_order_of_versions_is_not_known(home: Path, tmp_path: Path) -> None:
    registry(home).add([policy(tmp_path / "kite.md", front="version: 3.1")], Facts())
    (_, note) = registry(home).update("kite", policy(tmp_path / "new.md", "Kites are gone."), Facts())
    assert note == "kite states no effective date: kite@3.1 counts as superseded on every day (--effective DATE)"
    registry(home).update("kite", policy(tmp_path / "new.md", "Green.", front="effective: 2031-01-01"), Facts())
    (_, note) = registry(home).update("kite", policy(tmp_path / "new.md", "Red."), Facts({"effective": "2030-01-01"}))
    assert note.startswith("kite is effective 2030-01-01, not later than kite@2031-01-01 (2031-01-01)")


def test_update_refuses_the_same_file_and_an_unknown_name(home: Path, tmp_path: Path) -> None:
    file = policy(tmp_path / "kite.md")
    registry(home).add([file], Facts())
    before = (home / "corpus.toml").read_bytes()
    with pytest.raises(ConfigError, match="the version of kite that the corpus has"):
        registry(home).update("kite", file, Facts())
    with pytest.raises(UnknownDocument, match="kites: no document of this name"):
        registry(home).update("kites", file, Facts())
    assert (home / "corpus.toml").read_bytes() == before


def test_update_in_place_of_the_old_version(home: Path, tmp_path: Path) -> None:
    registry(home).add([policy(tmp_path / "kite.md")], Facts())
    old = sources(home)["kite"].path
    notes = registry(home).update("kite", policy(tmp_path / "b.md", "New."), Facts(), replace=True)
    assert notes == ["updated kite; the earlier version is no longer in the corpus", f"deleted {old}"]
    assert list(sources(home)) == ["kite"]
    assert list((home / "sources").iterdir()) == [sources(home)["kite"].path]


def test_remove_deletes_our_copies_and_names_other_files(home: Path, tmp_path: Path) -> None:
    outside = policy(tmp_path / "outside.md")
    registry(home).add([policy(tmp_path / "kite.md"), policy(tmp_path / "wind.md")], Facts())
    with (home / "corpus.toml").open("a") as file:
        file.write(f'\n[[source]]\nslug = "outside"\npath = "{outside}"\nsuperseded_by = "wind"\n')
    copy = sources(home)["kite"].path
    notes = registry(home).remove(["kite"])
    assert notes == ["removed kite", f"deleted {copy}"]
    assert not copy.exists()
    assert registry(home).remove(["wind"])[1] == "outside says that wind supersedes it and is still not searched"
    with pytest.raises(ConfigError, match="a library without documents"):
        registry(home).remove(["outside"])
    registry(home).add([policy(tmp_path / "other.md")], Facts())
    assert registry(home).remove(["outside"]) == ["removed outside", f"not deleted, outside of the home: {outside}"]
    assert outside.exists()


def test_removing_a_middle_version_joins_its_neighbours(home: Path, tmp_path: Path) -> None:
    (home / "corpus.toml").write_text(
        "".join(
            f'[[source]]\nslug = "{slug}"\npath = "x.md"\nsuperseded_by = "{following}"\n'
            for slug, following in (("k@1", "k@2"), ("k@2", "k"), ("k", ""))
        )
    )
    registry(home).remove(["k@2"])
    assert sources(home)["k@1"].metadata["superseded_by"] == "k"


def test_a_removal_that_was_stopped_is_completed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry(home).add([policy(tmp_path / "kite.md"), policy(tmp_path / "kite-flying.md")], Facts())
    kept = sources(home)["kite-flying"].path
    monkeypatch.setattr(Registry, "_delete_copies", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        registry(home).remove(["kite"])
    monkeypatch.undo()
    assert len(list((home / "sources").iterdir())) == 2
    (note,) = registry(home).remove(["kite"])
    assert note.startswith("deleted ")
    assert list((home / "sources").iterdir()) == [kept]
    with pytest.raises(UnknownDocument):
        registry(home).remove(["kite"])


def test_an_edit_that_is_stopped_leaves_the_old_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry(home).add([policy(tmp_path / "kite.md")], Facts())
    before = (home / "corpus.toml").read_bytes()
    monkeypatch.setattr(corpus_file.os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        registry(home).add([policy(tmp_path / "wind.md")], Facts())
    assert (home / "corpus.toml").read_bytes() == before
    monkeypatch.undo()
    registry(home).add([tmp_path / "wind.md"], Facts())
    assert set(sources(home)) == {"kite", "wind"}


# -- the file itself -----------------------------------------------------------------------------------------


def test_comments_and_order_of_a_file_written_by_hand_stay() -> None:
    entries = Entries(HAND, Path("x"))
    assert entries.text == HAND
    entries.append({"expect": {"article": 1}, "slug": "new", "title": 'a "quoted"\ttitle', "path": "n.md"})
    added = '\n[[source]]\nslug = "new"\npath = "n.md"\ntitle = "a \\"quoted\\"\\ttitle"\nexpect = {article = 1}\n'
    assert entries.text == HAND + added
    entries.change("kite", {"superseded_by": "wind", "path": None})
    assert 'slug = "kite"   # the first\nsuperseded_by = "wind"\n# below the first\n' in entries.text


@pytest.mark.parametrize("slug", ["kite", "wind"])
def test_removing_an_entry_keeps_every_comment(slug: str) -> None:
    entries = Entries(HAND, Path("x"))
    entries.remove(slug)
    (other,) = {"kite", "wind"} - {slug}
    assert entries.slugs() == [other]
    kept = ["# ours", "# below the first", "# above the second", "# the end"]
    assert [line for line in entries.text.splitlines() if line.startswith("#")] == kept
    assert Entries(entries.text, Path("x")).slugs() == [other]


def test_the_shipped_file_survives_every_single_removal() -> None:
    text = (ROOT / "corpus" / "corpus.toml").read_text(encoding="utf-8")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    for slug in Entries(text, Path("x")).slugs():
        entries = Entries(text, Path("x"))
        entries.remove(slug)
        again = Entries(entries.text, Path("x"))
        assert again.slugs() == [other for other in Entries(text, Path("x")).slugs() if other != slug]
        assert [line for line in entries.text.splitlines() if line.startswith("#")] == comments


def test_a_corpus_file_stands_for_the_same_documents_elsewhere(home: Path) -> None:
    shipped = ROOT / "corpus" / "corpus.toml"
    (home / "corpus.toml").write_text(with_absolute_paths(shipped), encoding="utf-8")
    before = load_corpus_file(shipped, home / "sources")
    assert list(sources(home).values()) == before
    assert write_corpus(home / "corpus.toml", before) == home / "corpus.toml.previous"
    assert list(sources(home).values()) == before
    assert entry_of(before[1], ROOT)["path"] == "corpus/policies/01-data-classification-and-handling.md"


def test_every_earlier_corpus_file_is_kept(home: Path, tmp_path: Path) -> None:
    one, two = (Source(policy(tmp_path / name), name[0], None, {}, (), {}) for name in ("a.md", "b.md"))
    (home / "corpus.toml").write_text(HAND)
    assert write_corpus(home / "corpus.toml", [one]) == home / "corpus.toml.previous"
    assert write_corpus(home / "corpus.toml", [one]) is None
    assert write_corpus(home / "corpus.toml", [two]) == home / "corpus.toml.previous-2"
    assert (home / "corpus.toml.previous").read_text() == HAND
    assert list(sources(home)) == ["b"]
