"""Completeness: what is counted, which numbers are missed, and that no character is."""

from pathlib import Path

import pytest
from hypothesis import given

from pincite.domain.completeness import Completeness
from pincite.domain.documents import Document, DocumentKind, Passage, Span
from pincite.ingest.completeness import measure
from pincite.ingest.numbering import value_of
from pincite.ingest.passages import cut_passages
from tests.conftest import ROOT
from tests.ingest.helpers import parse_file
from tests.ingest.test_structure import LINES, tree

LAW = """# Regulation (EU) 2031/7 on orchards

Whereas:

(1) Trees are old.

(3) Trees are tall.

Article 1

Scope

1. One.

3. Three:

(a) apples;

(c) cherries.

Article 2

Reserved

Article 3 is repealed.

Article 4

Rest

1. One.

2. Two.

Article 6

End

1. Nothing \x07 more.
"""


def account(document: Document) -> Completeness:
    return measure(document, cut_passages(document), {})


@pytest.fixture
def law(tmp_path: Path) -> Completeness:
    (tmp_path / "law.md").write_text(LAW, encoding="utf-8")
    return parse_file(tmp_path / "law.md").completeness


def test_gaps_and_duplicates(law: Completeness) -> None:
    assert law.gaps == (
        "Recital 1 is followed by Recital 3",
        "Art. 4 is followed by Art. 6",  # Art. 3 is said to be repealed
        "Art. 1(2) missing",
        "Art. 1(3)(b) missing",
    )
    assert law.duplicates == ()


def test_numbers_that_stand_twice() -> None:
    text, nodes = tree(
        "Article 1", "Rest", "1. One.", "2. Two.", "2. Two again.", "Article 2", "End", "Article 2", "No."
    )
    found = account(Document("d", "Title", "Title", (), DocumentKind.LAW, text, nodes))
    assert found.duplicates == ("Art. 2 stands twice", "Art. 1(2) stands twice")
    assert found.gaps == ()


def test_counts_and_characters(law: Completeness) -> None:
    assert (law.counts["article"], law.counts["recital"]) == (4, 2)
    assert law.unreached == 0
    assert law.characters == law.in_passages + law.in_headings
    assert law.replaced == 1


def test_warnings_are_on_the_document(tmp_path: Path) -> None:
    (tmp_path / "law.md").write_text(LAW, encoding="utf-8")
    warnings = parse_file(tmp_path / "law.md").document.warnings
    assert "numbering: Art. 1(2) missing" in warnings
    assert "numbering: Art. 4 is followed by Art. 6" in warnings
    assert "1 characters could not be read and are shown as \N{REPLACEMENT CHARACTER}" in warnings


def test_sections_of_a_code_need_not_follow_each_other(tmp_path: Path) -> None:
    sections = "\n\n".join(f"## § 904.{n} Rule.\n\nText {n}." for n in (400, 402, 404, 408, 410, 424))
    (tmp_path / "code.md").write_text(f"# 45 CFR Part 904\n\n{sections}\n", encoding="utf-8")
    assert parse_file(tmp_path / "code.md").completeness.gaps == ()


def test_what_no_passage_holds_is_found(tmp_path: Path) -> None:
    (tmp_path / "law.md").write_text(LAW, encoding="utf-8")
    parsed = parse_file(tmp_path / "law.md")
    text = parsed.document.text
    lost = next(p for p in parsed.passages if "apples" in p.span.of(text))
    found = measure(parsed.document, [p for p in parsed.passages if p != lost], {"navigation": 7})
    # its heading has lost what it stood above
    start = parsed.document.provisions[lost.provision].start
    assert found.unreached == sum(not char.isspace() for char in text[start : lost.span.end])
    assert found.unreached_at[0].startswith("Art. 1: “Article 1 Scope 1. One.")
    assert any("reach no passage" in warning for warning in found.warnings())
    assert found.left_out == {"navigation": 7}


def test_a_heading_with_nothing_below_it_is_a_passage(tmp_path: Path) -> None:
    (tmp_path / "code.md").write_text(
        "# 45 CFR Part 904\n\n## § 904.402 [Reserved]\n\n## § 904.404 Notice.\n\nNotify.\n", encoding="utf-8"
    )
    parsed = parse_file(tmp_path / "code.md")
    assert "§ 904.402 [Reserved]" in [p.span.of(parsed.document.text) for p in parsed.passages]
    assert parsed.completeness.unreached == 0


@given(LINES)
def test_every_character_of_any_document_is_reached(lines: list[object]) -> None:
    text, nodes = tree(*lines)  # type: ignore[arg-type]
    found = account(Document("d", "Title", "Title", (), DocumentKind.POLICY, text, nodes))
    assert found.unreached == 0, found.unreached_at
    assert found.characters == found.in_passages + found.in_headings == sum(not char.isspace() for char in text)


@pytest.mark.parametrize("path", sorted((ROOT / "corpus" / "policies").iterdir()), ids=lambda path: path.stem)
def test_the_sample_policies_are_complete(path: Path) -> None:
    found = parse_file(path).completeness
    assert (found.gaps, found.duplicates, found.unreached, found.replaced) == ((), (), 0, 0)


@pytest.mark.parametrize(
    ("number", "first", "second", "value"),
    [("7", "1", [], 7), ("c", "a", [], 3), ("i", "a", [], 9), ("iv", "i", ["ii"], 4), ("j", "i", ["j"], 10),
     ("IX", "I", [], 9), ("aa", "a", [], 27), ("2a", "1", [], 0), ("za", "a", [], 0)],
)  # fmt: skip
def test_values(number: str, first: str, second: list[str], value: int) -> None:
    assert value_of(number, first, second) == value


def test_passages_outside_count_once() -> None:
    text, nodes = tree("One.", "Two.")  # type: ignore[arg-type]
    document = Document("d", "T", "T", (), DocumentKind.POLICY, text, nodes)
    passage = Passage("d", 0, 0, "", (), Span(0, len(text)), None, (Span(0, 4),))
    assert measure(document, [passage, passage], {}).in_passages == len("One.Two.")
