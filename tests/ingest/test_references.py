"""Cross-references and defined terms."""

from pathlib import Path

import pytest

from tests.ingest.helpers import parse_file

LAW = """# Regulation (EU) 2031/7 on orchards

Article 1

Scope

1. The data referred to in Articles 9(1) and 10 shall be kept under Article 6(4)(a).

2. This does not touch Article 13 of Regulation (EU) 2016/679 or Article 12 of this Regulation.

Article 2

Definitions

1. For the purposes of this Regulation:

(a) ‘orchard’ means land with trees;

(b) ‘keeper of bees’ shall mean a person.

Article 3

Rest

1. Nothing.
"""

POLICY = """# Ladder Policy

## 3. Use

3.1 See section 4.2(a) and section 6 of the Retention and Deletion Policy.

3.2 "Ladder" means a thing with rungs.
"""


@pytest.fixture
def law(tmp_path: Path):
    (tmp_path / "law.md").write_text(LAW, encoding="utf-8")
    return parse_file(tmp_path / "law.md")


@pytest.fixture
def policy(tmp_path: Path):
    (tmp_path / "policy.md").write_text(POLICY, encoding="utf-8")
    return parse_file(tmp_path / "policy.md")


def test_references_of_a_law_stay_inside_it(law) -> None:
    text = law.document.text
    line = text.index("1. The data")
    end = text.index("Article 2\n")
    labels = [reference.label for reference in law.references if line <= reference.span.start < end]
    assert labels == ["Art. 9(1)", "Art. 10", "Art. 6(4)(a)", "Art. 12"]
    assert all(reference.document == "" for reference in law.references)


def test_references_of_a_policy_name_the_other_policy(policy) -> None:
    found = [(r.label, r.document, r.span.of(policy.document.text)) for r in policy.references]
    assert found == [
        ("4.2(a)", "", "section 4.2(a)"),
        ("6", "Retention and Deletion Policy", "section 6 of the Retention and Deletion Policy"),
    ]


def test_terms_point_at_their_definitions(law, policy) -> None:
    assert [(t.term, t.span.of(law.document.text)) for t in law.terms] == [
        ("orchard", "‘orchard’ means land with trees;"),
        ("keeper of bees", "‘keeper of bees’ shall mean a person."),
    ]
    assert ("ladder", '"Ladder" means a thing with rungs.') in [
        (t.term, t.span.of(policy.document.text)) for t in policy.terms
    ]
