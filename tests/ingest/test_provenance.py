"""Provenance from front matter and from corpus.toml: spellings, dates, digests, harmless characters."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pincite.domain.documents import Document
from pincite.errors import ConfigError, DocumentError
from pincite.ingest.parse import parse
from pincite.ingest.sources import load_corpus_file

BODY = "# Kite Policy\n\n## 1. Wind\n\n1.1 Kites must not fly in a storm.\n"


def document(directory: Path, front: str, entry: str = "") -> Document:
    (directory / "kite.md").write_text(f"---\n{front}\n---\n{BODY}" if front else BODY, encoding="utf-8")
    (directory / "corpus.toml").write_text(f'[[source]]\nslug = "kite"\npath = "kite.md"\n{entry}', encoding="utf-8")
    (source,) = load_corpus_file(directory / "corpus.toml", directory)
    return parse(source).document


def test_usual_spellings(tmp_path: Path) -> None:
    own = document(
        tmp_path,
        "Effective Date: 1 January 2031\nvalid_until: 31/12/2033\nDocument-Owner: Head of Kites\nPolicy Version: 7\n"
        "License: CC0\nApproved By: The Board\nReplaced by: Wind Policy\nretrieved on: 2031-02-03\n"
        "Information Classification: Public",
    ).provenance
    assert (own.effective, own.until, own.retrieved) == ("2031-01-01", "2033-12-31", "2031-02-03")
    assert (own.owner, own.version, own.licence, own.authority) == ("Head of Kites", "7", "CC0", "The Board")
    assert (own.superseded_by, own.classification, own.source) == ("Wind Policy", "Public", "kite.md")


@pytest.mark.parametrize("text", ["01/02/2031", "upon signature", "2031-02-30"])
def test_a_date_that_cannot_be_read_is_a_warning_and_not_guessed(tmp_path: Path, text: str) -> None:
    found = document(tmp_path, f'effective: "{text}"')
    assert found.provenance.effective == ""
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith(f"effective date not taken over: {text!r}")


def test_dates_in_the_wrong_order_are_a_warning(tmp_path: Path) -> None:
    found = document(tmp_path, "effective: 2031-02-01\nuntil: 2031-01-31")
    assert found.warnings == ("in force until 2031-01-31, but effective only from 2031-02-01",)


def test_corpus_toml_goes_before_the_document(tmp_path: Path) -> None:
    own = document(tmp_path, "effective-date: 2031-02-01\nowner: A", 'effective = 2031-03-01\nowner = "B"\n').provenance
    assert (own.effective, own.owner) == ("2031-03-01", "B")


@pytest.mark.parametrize("key", ["effective", "until", "retrieved"])
@pytest.mark.parametrize("value", ['"1 January 2031"', '"2031-02-30"', "20310101", "2031-01-01T00:00:00"])
def test_a_date_in_corpus_toml_is_iso(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf"corpus\.toml: source 1 \(kite\): `{key}`"):
        document(tmp_path, "", f"{key} = {value}\n")


def test_the_digest_is_compared(tmp_path: Path) -> None:
    digest = hashlib.sha256(BODY.encode()).hexdigest()
    assert document(tmp_path, "", f'sha256 = "{digest}"\n').provenance.sha256 == digest
    with pytest.raises(DocumentError, match=f"its SHA-256 is {digest}, corpus.toml states {'0' * 64}"):
        document(tmp_path, "", f'sha256 = "{"0" * 64}"\n')
    with pytest.raises(ConfigError, match="`sha256` must be 64 hexadecimal digits"):
        document(tmp_path, "", 'sha256 = "abc"\n')


def test_nothing_in_corpus_toml_reaches_the_terminal_as_a_control(tmp_path: Path) -> None:
    evil = r"\u001b[31mred\u0007\u202e\nline"
    keys = ("title", "short", "owner", "classification", "source", "authority", "licence", "version", "superseded_by")
    entry = "".join(f'{key} = "{evil}"\n' for key in keys) + f'aliases = ["{evil}"]\n'
    found = document(tmp_path, "", entry)
    own = found.provenance
    for text in (found.title, found.short, *found.aliases, own.owner, own.classification, own.source, own.authority):
        assert not any(char < " " or char == "\u202e" for char in text), text
    assert own.owner == "\ufffd[31mred\ufffd\ufffd line"


@pytest.mark.parametrize(
    ("second", "what"),
    [('superseded_by = "x"', "'x' back to itself"), ('superseded_by = "y"', "back to itself")],
)
def test_versions_that_supersede_each_other_are_refused(tmp_path: Path, second: str, what: str) -> None:
    path = tmp_path / "corpus.toml"
    path.write_text(
        f'[[source]]\nslug = "x"\npath = "x"\nsuperseded_by = "y"\n[[source]]\nslug = "y"\npath = "y"\n{second}\n'
    )
    with pytest.raises(ConfigError, match=what):
        load_corpus_file(path, tmp_path)


@pytest.mark.parametrize("slug", ["retention@2024-01-01", "retention@3.4", "r@v2"])
def test_versions_have_names(tmp_path: Path, slug: str) -> None:
    (tmp_path / "c.toml").write_text(f'[[source]]\nslug = "{slug}"\npath = "x"\n')
    assert [source.slug for source in load_corpus_file(tmp_path / "c.toml", tmp_path)] == [slug]


@pytest.mark.parametrize("slug", ["@x", "x@", "x@y@z", "x@Y", "x/y", ""])
def test_names_that_are_none(tmp_path: Path, slug: str) -> None:
    (tmp_path / "c.toml").write_text(f'[[source]]\nslug = "{slug}"\npath = "x"\n')
    with pytest.raises(ConfigError, match="`slug` must be"):
        load_corpus_file(tmp_path / "c.toml", tmp_path)
