"""Comparing versions: what was added, removed, changed and moved, whatever the numbers say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pincite.domain.documents import Document
from pincite.ingest.compare import Change, Kind, compare
from tests.ingest.helpers import parse_file

OLD = """# Kite Policy

## 1. Purpose

1.1 This policy says who may fly a kite and when.

## 2. Weather

2.1 Kites must come down within ten minutes when the wind exceeds 40 km/h:

(a) paper kites first;

(b) silk kites after them.

2.2 Nobody flies a kite under a power line, whatever the weather may be.

2.3 The flying field is closed in December unless the mayor opens it.

## 3. Records

3.1 Repealed.
"""


def document(directory: Path, text: str) -> Document:
    (directory / "kite.md").write_text(text, encoding="utf-8")
    return parse_file(directory / "kite.md").document


def changes(directory: Path, new: str, old: str = OLD) -> list[Change]:
    return list(compare(document(directory, old), document(directory, new)).changes)


def told(found: list[Change]) -> list[tuple[str, str, str]]:
    return [(change.kind.value, change.old, change.new) for change in found]


def test_a_document_is_the_same_as_itself(tmp_path: Path) -> None:
    found = compare(document(tmp_path, OLD), document(tmp_path, OLD))
    assert found.changes == ()
    assert found.counts() == {
        "added": 0, "removed": 0, "changed": 0, "moved": 0, "heading changed": 0, "unchanged": found.same
    }  # fmt: skip
    assert found.same == 10  # 3 sections, 5 paragraphs, 2 points


def test_changed_words(tmp_path: Path) -> None:
    (change,) = changes(tmp_path, OLD.replace("ten minutes", "five minutes").replace("km/h:", "km/h at the field:"))
    assert (change.kind, change.old, change.new) == (Kind.CHANGED, "2.1", "2.1")
    assert [(run.mark, run.text) for run in change.words if run.mark != "="] == [
        ("-", "ten"),
        ("+", "five"),
        ("-", "km/h:"),
        ("+", "km/h at the field:"),
    ]


def test_a_point_changes_without_its_paragraph(tmp_path: Path) -> None:
    assert told(changes(tmp_path, OLD.replace("paper kites", "plastic kites"))) == [("changed", "2.1(a)", "2.1(a)")]


def test_a_new_provision_renumbers_the_others(tmp_path: Path) -> None:
    new = OLD.replace("2.3 The", "2.4 The").replace("2.2 Nobody", "2.3 Nobody")
    new = new.replace("2.3 Nobody", "2.2 Children fly kites with an adult beside them.\n\n2.3 Nobody")
    assert told(changes(tmp_path, new)) == [("added", "", "2.2"), ("moved", "2.2", "2.3"), ("moved", "2.3", "2.4")]


def test_renumbered_and_changed_at_once(tmp_path: Path) -> None:
    new = OLD.replace("2.1 Kites", "2.0 Whoever arrives first chooses a place.\n\n2.1 Kites")
    new = new.replace("2.3 The flying field is closed in December", "2.5 The flying field is closed in January")
    found = changes(tmp_path, new)
    assert ("changed", "2.3", "2.5") in told(found)
    assert ("added", "", "2.0") in told(found)
    assert len(found) == 2


def test_a_removed_provision_stands_where_it_stood(tmp_path: Path) -> None:
    new = OLD.replace("2.2 Nobody flies a kite under a power line, whatever the weather may be.\n\n", "")
    new = new.replace("3.1 Repealed.", "3.1 Losses are written down.")
    found = told(changes(tmp_path, new))
    assert found[0] == ("removed", "2.2", "")
    assert sorted(found[1:]) == [("added", "", "3.1"), ("removed", "3.1", "")]


def test_other_words_under_an_old_label_are_another_provision(tmp_path: Path) -> None:
    new = OLD.replace(
        "2.2 Nobody flies a kite under a power line, whatever the weather may be.", "2.2 Fees are due yearly."
    )
    assert sorted(told(changes(tmp_path, new))) == [("added", "", "2.2"), ("removed", "2.2", "")]


def test_headings(tmp_path: Path) -> None:
    (change,) = changes(tmp_path, OLD.replace("## 2. Weather", "## 2. Wind and weather"))
    assert (change.kind, change.old_heading, change.new_heading) == (Kind.HEADING, "Weather", "Wind and weather")
    assert change.words == ()


def test_equal_short_words_elsewhere_are_no_move(tmp_path: Path) -> None:
    old = OLD + "\n3.2 Losses are written down in the book of losses.\n"
    new = old.replace("3.1 Repealed.\n\n", "").replace("2.2 Nobody flies a kite under a power line", "2.2 Repealed.")
    assert ("moved", "3.1", "2.2") not in told(changes(tmp_path, new, old))


def test_documents_without_numbers(tmp_path: Path) -> None:
    old = "# Memo\n\n## Wind\n\nKites come down in a storm.\n\n## Sun\n\nWear a hat in the sun.\n"
    new = old.replace("a storm", "strong wind") + "\n## Rain\n\nStay at home when it rains.\n"
    assert told(changes(tmp_path, new, old)) == [("changed", "Wind", "Wind"), ("added", "", "Rain")]


LINES = st.lists(
    st.sampled_from(["Kites fly high.", "Hats are worn.", "Fees are due in May.", "Nobody swims in the pond."]),
    max_size=6,
)


@given(LINES, LINES)
def test_every_provision_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]
) -> None:
    directory = tmp_path_factory.getbasetemp()

    def policy(lines: list[str]) -> Document:
        body = "\n\n".join(f"1.{n} {line}" for n, line in enumerate(["Always here.", *lines], 1))
        return document(directory, f"# T\n\n## 1. All\n\n{body}\n")

    before, after = policy(old), policy(new)
    found = compare(before, after)
    counts = found.counts()
    stayed = counts["changed"] + counts["moved"] + counts["unchanged"]
    assert stayed + counts["removed"] == len(old) + 2
    assert stayed + counts["added"] == len(new) + 2
    back = compare(after, before).counts()
    assert (back["added"], back["removed"]) == (counts["removed"], counts["added"])
    for change in found.changes:
        words = [run.text for run in change.words if run.mark != "+"]
        assert not change.old or " ".join(words) in " ".join(before.text.split())
