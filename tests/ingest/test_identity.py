"""Identity: what a document is called, and whether it is law or policy."""

from pathlib import Path

import pytest

from pincite.domain.documents import Document, DocumentKind
from pincite.ingest.identity import slug_of
from tests.ingest.eu_acts import ANNEX_FILE, OJ_HTML
from tests.ingest.helpers import parse_file


def document(directory: Path, content: str, name: str = "file.md", **metadata: str) -> Document:
    (directory / name).write_text(content, encoding="utf-8")
    return parse_file(directory / name, **metadata).document


ARTICLES = "\n\n".join(f"Article {n}\n\nHeading {n}\n\n1. Keepers shall act." for n in range(1, 5))


def test_gdpr_by_its_number(tmp_path: Path) -> None:
    made = document(tmp_path, f"# REGULATION (EU) 2016/679 on data\n\n{ARTICLES}")
    assert (made.kind, made.short) == (DocumentKind.LAW, "GDPR")
    assert "General Data Protection Regulation" in made.aliases


def test_uk_gdpr_is_not_the_gdpr(tmp_path: Path) -> None:
    made = document(
        tmp_path,
        f"# Regulation (EU) 2016/679 (United Kingdom General Data Protection Regulation) (UK GDPR)\n\n{ARTICLES}",
    )
    assert made.short == "UK GDPR"
    assert "GDPR" not in made.aliases


def test_policy_that_names_a_law_is_no_law(tmp_path: Path) -> None:
    made = document(
        tmp_path, "# Retention Policy\n\n## 1. Scope\n\n1.1 This policy applies Regulation (EU) 2016/679.\n"
    )
    assert (made.kind, made.short) == (DocumentKind.POLICY, "Retention Policy")
    assert "GDPR" not in made.aliases


def test_front_matter_states_title_and_provenance(tmp_path: Path) -> None:
    made = document(
        tmp_path,
        "---\ntitle: Ladder Policy (group)\nid: X-1\nowner: Head\nversion: 2.10\n"
        "effective: 2031-05-01\nlicense: CC0\n---\n# Other\n\n1.1 Climb.\n",
    )
    assert (made.title, made.short, made.kind) == ("Ladder Policy (group)", "Ladder Policy", DocumentKind.POLICY)
    assert "X-1" in made.aliases
    assert (made.provenance.owner, made.provenance.effective, made.provenance.licence) == ("Head", "2031-05-01", "CC0")


def test_corpus_toml_goes_before_the_document(tmp_path: Path) -> None:
    made = document(
        tmp_path, f"# REGULATION (EU) 2016/679\n\n{ARTICLES}", kind="policy", title="Our summary", short="Summary"
    )
    assert (made.kind, made.title, made.short) == (DocumentKind.POLICY, "Our summary", "Summary")


def test_unknown_acts_are_cited_by_number(tmp_path: Path) -> None:
    made = document(tmp_path, f"# Regulation (EU) 2031/7 on the care of orchards (Orchard Regulation)\n\n{ARTICLES}")
    assert (made.kind, made.short) == (DocumentKind.LAW, "Regulation (EU) 2031/7")
    assert "Orchard Regulation" in made.aliases
    assert "Regulation" not in made.aliases


def test_a_file_name_of_one_word_is_no_alias(tmp_path: Path) -> None:
    content = "# Retention Policy\n\n1.1 Words.\n"
    assert document(tmp_path, content, "retention.md").aliases == ("Retention Policy",)
    assert document(tmp_path, content, "02-retention.md").aliases == ("Retention Policy", "02-retention")


def test_titles_cannot_carry_control_characters(tmp_path: Path) -> None:
    made = document(tmp_path, '---\ntitle: "Evil\\u001b[2J\\u202ePolicy"\n---\n1.1 Words.\n')
    assert made.title == made.short == "Evil\ufffd[2J\ufffdPolicy"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Retention Policy (v2).docx", "retention-policy-v2"),
        ("a.b.md", "a.b"),
        ("policy.md.tmpl", "policy"),
        ("Ünï.pdf", "n"),
        ("…", "document"),
        ("-x-.txt", "x"),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_an_unknown_act_is_called_by_its_type_and_number(tmp_path: Path) -> None:
    (tmp_path / "act.html").write_text(OJ_HTML, encoding="utf-8")
    document = parse_file(tmp_path / "act.html").document
    assert (document.short, document.kind) == ("Regulation (EU) 2031/7", DocumentKind.LAW)
    assert {"2031/7", "32031R0007"} <= set(document.aliases)
    assert (document.provenance.effective, document.provenance.version) == ("2032-06-01", "OJ L 9/1, 3.5.2031")


def test_an_act_that_names_a_known_one_in_its_title_is_not_that_one(tmp_path: Path) -> None:
    title = "on forms for Regulation (EU) 2022/2554"
    act = OJ_HTML.replace("on the care of orchards", title)
    (tmp_path / "act.html").write_text(act, encoding="utf-8")
    assert parse_file(tmp_path / "act.html").document.short == "Regulation (EU) 2031/7"


def test_an_annex_that_is_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "annex.xml").write_text(ANNEX_FILE, encoding="utf-8")
    document = parse_file(tmp_path / "annex.xml").document
    assert (document.short, document.kind) == ("ANNEX II to 2031/7", DocumentKind.LAW)
    assert document.title == "ANNEX II to 2031/7 – Ladders"
