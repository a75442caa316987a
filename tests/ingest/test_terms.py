"""Defined terms: the forms in which laws, policies and glossaries define them, and what only looks like one."""

from pathlib import Path

import pytest

from tests.ingest.helpers import parse_file

LAW = """# Regulation (EU) 2031/7 on orchards

Article 1

Scope

1. The Commission shall, by means of acts, through technical means, lay down rules (the ‘Orchard Rules’).

Article 2

Definitions

1. For the purposes of this Regulation:

(a) ‘orchard’ means land with trees;

(b) ‘keeper of bees’, in relation to hives, shall mean a person;

(c) ‘old tree’, ‘very old tree’ and ‘dead tree’ mean trees of that age;

(d) ‘consent’ of the keeper means a nod;

(e) ‘blight’ means:

(i) rot;

(ii) rust;

(f) open orchard’ means one without a fence;

Article 3

Rest

1. Where ‘rest’ is needed, this means that keepers rest.
"""

CODE = """# 45 CFR Part 904 - Tree Rules

## § 904.103 Definitions.

As used in this part:

Act means the Tree Act.

Covered keeper means:

(1) A keeper of ten trees.

Tree house: (1) Except as provided in § 904.104, a house in a tree.

The term “branch” has the meaning given in § 904.104.

## § 904.104 Duties.

Keepers provide an electronic means to opt out.
"""

POLICY = """# Leavers Policy

## 2. Definitions

Leaver means a person who leaves.

**Sweep**: the deletion tracker.

*Vault* is the locked room.

| Term | Definition |
|---|---|
| Hold | A stop to deletion |

## 3. Duties

3.1 Our duty is to the leaver, which means that we wait for the Head of People ("HoP") and say ("Wait!") to all.

3.2 Remember, don't be mean.
"""


@pytest.fixture(params=["law", "code", "policy"])
def found(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, list[tuple[str, str]]]:
    (tmp_path / "one.md").write_text({"law": LAW, "code": CODE, "policy": POLICY}[request.param], encoding="utf-8")
    parsed = parse_file(tmp_path / "one.md")
    return request.param, [(t.term, t.span.of(parsed.document.text)) for t in parsed.terms]


EXPECTED = {
    "law": [
        "orchard rules", "orchard", "keeper of bees", "old tree", "very old tree", "dead tree", "consent", "blight",
        "open orchard",
    ],
    "code": ["act", "covered keeper", "tree house", "branch"],
    "policy": ["leaver", "sweep", "vault", "hold", "hop"],
}  # fmt: skip


def test_all_that_are_defined_and_nothing_else(found) -> None:
    kind, terms = found
    assert [term for term, _ in terms] == EXPECTED[kind]


def test_a_definition_goes_to_the_end_of_its_list(tmp_path: Path) -> None:
    (tmp_path / "law.md").write_text(LAW, encoding="utf-8")
    parsed = parse_file(tmp_path / "law.md")
    blight = next(term for term in parsed.terms if term.term == "blight")
    assert blight.span.of(parsed.document.text).split("\n")[-1] == "(ii) rust;"
    assert blight.label == "Art. 2(1)(e)"


@pytest.mark.parametrize(
    ("name", "article", "count"),
    [
        ("gdpr-2016-679.eurlex.html", "Art. 4", 26),
        ("dora-2022-2554.eurlex.html", "Art. 3", 65),
        ("data-act-2023-2854.eurlex.html", "Art. 2", 43),
    ],
)
def test_every_definition_of_the_official_texts(regulations: Path, name: str, article: str, count: int) -> None:
    parsed = parse_file(regulations / name)
    document = parsed.document
    (node,) = (n for n in document.provisions if n.label == article)
    points = [n for n in document.provisions if n.parent == node.index and n.label.startswith(f"{article}(")]
    assert len(points) == count
    without = [p.label for p in points if not any(p.span.contains(term.span) for term in parsed.terms)]
    assert without == []
