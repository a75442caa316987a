"""The sample policies of this repository and, where they lie beside it, the official texts."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from pincite.domain.documents import DocumentKind
from pincite.ingest.parse import Parsed
from tests.conftest import ROOT
from tests.ingest.helpers import parse_file

POLICIES = ROOT / "corpus" / "policies"


@cache
def parsed(path: Path) -> Parsed:
    return parse_file(path)


def words_of(path: Path, label: str) -> str:
    document = parsed(path).document
    return " ".join(node.span.of(document.text) for node in document.provisions if node.label == label)


def test_there_are_fourteen() -> None:
    assert [path.name[:2] for path in sorted(POLICIES.iterdir())] == [f"{n:02}" for n in range(1, 15)]


@pytest.mark.parametrize("path", sorted(POLICIES.iterdir()), ids=lambda path: path.stem)
def test_sections_and_paragraphs_are_consecutive(path: Path) -> None:
    document = parsed(path).document
    assert document.kind is DocumentKind.POLICY
    numbers = [
        tuple(map(int, n.label.split("."))) for n in document.provisions if re.fullmatch(r"\d+(\.\d+)*", n.label)
    ]
    assert len(numbers) >= 40
    assert numbers == sorted(set(numbers))  # in order, none twice
    sections = [number for number in numbers if len(number) == 1]
    assert sections == [(n,) for n in range(1, len(sections) + 1)]
    for number in numbers:
        if number[-1] > 1:
            assert (*number[:-1], number[-1] - 1) in numbers
        if len(number) > 1:
            assert number[:-1] in numbers
    printed = {tuple(map(int, m.split("."))) for m in re.findall(r"^(\d+(?:\.\d+)+)\.? ", document.text, re.M)}
    assert printed <= set(numbers)  # every printed number became a pin-cite


@pytest.mark.parametrize(
    ("name", "label", "words"),
    [
        ("06-incident-and-breach-response.md", "6.2", "24 hours"),
        ("06-incident-and-breach-response.md", "3.1(c)", "becoming aware"),
        ("07-access-control.docx", "3.1", "Everything that is not expressly allowed is refused."),
        ("09-processors-and-vendors.docx", "2.2(c)", "sub-processor"),
        ("14-legal-hold.pdf", "3.1(b)", "proceedings, investigation, claim or audit"),
    ],
)
def test_pin_cites_of_the_samples(name: str, label: str, words: str) -> None:
    assert words in words_of(POLICIES / name, label)


# -- official texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "short", "articles", "recitals", "annexes"),
    [
        ("gdpr-2016-679.formex.xml", "GDPR", 99, 173, 0),
        ("gdpr-2016-679.eurlex.html", "GDPR", 99, 173, 0),
        ("ai-act-2024-1689.eurlex.html", "AI Act", 113, 180, 13),
        ("nis2-2022-2555.eurlex.html", "NIS2", 46, 144, 3),
        ("dora-2022-2554.eurlex.html", "DORA", 64, 106, 0),
    ],
)
def test_official_texts_are_complete(
    regulations: Path, name: str, short: str, articles: int, recitals: int, annexes: int
) -> None:
    document = parsed(regulations / name).document
    counts = Counter(node.kind.value for node in document.provisions)
    assert (document.short, document.kind) == (short, DocumentKind.LAW)
    assert (counts["article"], counts["recital"], counts["annex"]) == (articles, recitals, annexes)
    labels = [node.label for node in document.provisions]
    assert [label for label in labels if re.fullmatch(r"Art\. \d+", label)] == [
        f"Art. {n}" for n in range(1, articles + 1)
    ]
    assert [label for label in labels if re.fullmatch(r"Recital \d+", label)] == [
        f"Recital {n}" for n in range(1, recitals + 1)
    ]


@pytest.mark.parametrize("name", ["gdpr-2016-679.formex.xml", "gdpr-2016-679.eurlex.html"])
def test_gdpr_pin_cites(regulations: Path, name: str) -> None:
    path = regulations / name
    assert "72 hours" in words_of(path, "Art. 33(1)")
    assert "legitimate interests" in words_of(path, "Art. 6(1)(f)")
    assert "legal claims" in words_of(path, "Art. 17(3)(e)")


def test_uk_and_hipaa(regulations: Path) -> None:
    assert parsed(regulations / "uk-gdpr.clml.xml").document.short == "UK GDPR"
    hipaa = regulations / "hipaa-45cfr-160-162-164.txt"
    assert parsed(hipaa).document.short == "HIPAA"
    assert "60 calendar days" in words_of(hipaa, "§ 164.404(b)")
