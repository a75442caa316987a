"""Official PDFs against independent extractions: the text form of HIPAA, and PDFium's plain text."""

from __future__ import annotations

import difflib
import functools
import random
import re
from collections import Counter
from pathlib import Path

import pypdfium2
import pytest

from pincite.domain.documents import Document, ProvisionKind
from tests.ingest.helpers import parse_file

HIPAA = "hipaa-45cfr-160-162-164"
_SECTION = re.compile(r"§ ?(\d{3}\.\d+)")


@functools.cache
def parsed(path: Path) -> Document:
    return parse_file(path).document


@functools.cache
def plain(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def words(text: str) -> list[str]:
    """Return words and numbers, without the marks of a conversion to Markdown and LaTeX."""
    text = re.sub(r"\\mathrm\{(.*?)\}", r"\1", text)
    text = re.sub(r"\\[a-zA-Z]+", " ", text)
    text = re.sub(r"\[\d+ FR.*?\]", " ", text, flags=re.S)  # the text form lacks some of these histories
    return re.findall(r"[a-z]+|\d+", re.sub(r"[-–—\ufffe\x02]", "", text).lower())


def sections_of_text(path: Path) -> dict[str, str]:
    """Return the sections of the text form, cut at lines that open one, a part, a subpart or an appendix."""
    opens = (
        r"(?m)^(?:#+ *)?(?=(?:§ ?\d{3}\.\d+ +(?:[A-Z][^.]{3,}\.? *$|\[Reserved)|(?:PART|Subpart|Appendix|SUBPART) ))"
    )
    found: dict[str, str] = {}
    for part in re.split(opens, path.read_text(encoding="utf-8")):
        if number := _SECTION.match(part):
            found[number.group(1)] = found.get(number.group(1), "") + part
    return found


def test_hipaa_has_the_same_words_in_the_pdf_as_in_the_text(regulations: Path) -> None:
    document = parsed(regulations / f"{HIPAA}.pdf")
    articles = [node for node in document.provisions if node.kind is ProvisionKind.ARTICLE]
    sections = {match.group(1): node for node in articles if (match := _SECTION.match(node.label.split("CFR ")[-1]))}
    assert Counter(number[:3] for number in sections) == {"160": 61, "162": 51, "164": 39}
    assert len(articles) == len(sections)
    text = sections_of_text(regulations / f"{HIPAA}.txt")
    assert len(text) == 151
    equal = total = 0
    for number, node in sections.items():
        own = re.split(r"\nAppendix [A-Z] to |\nSubparts? [A-Z]", document.text[node.start : node.end])[0]
        ours, theirs = words(own), words(text[number])
        blocks = difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
        equal += sum(block.size for block in blocks)
        total += max(len(ours), len(theirs))
    assert equal / total > 0.999


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        (f"{HIPAA}.pdf", {ProvisionKind.PARAGRAPH, ProvisionKind.POINT}),
        ("nist-ai-100-1.pdf", {ProvisionKind.TABLE, ProvisionKind.PARAGRAPH, ProvisionKind.SECTION}),
    ],
)
def test_a_sample_of_provisions_is_found_in_the_plain_text(
    regulations: Path, name: str, kinds: set[ProvisionKind]
) -> None:
    document = parsed(regulations / name)
    flat = " ".join(words(plain(regulations / name)))
    parents = {node.parent for node in document.provisions}
    leaves = [node for node in document.provisions if node.kind in kinds and node.index not in parents and node.label]
    for node in random.Random(11).sample(leaves, min(200, len(leaves))):
        text = document.text[node.start : node.end].partition("\n")[0]
        text = re.sub(r"^(?:Sub)?[Cc]ategories: ", "", text)
        sought = words(text)
        mark = node.label.split("(")[-1].rstrip(")").lower()
        assert re.match(r"[\W]*" + re.escape(mark), text.lower()) or f"({mark})" in text[:40].lower(), node.label
        # running heads stand between pages in the plain text, so that long provisions are sought in pieces
        pieces = [" ".join(sought[at : at + 8]) for at in range(0, len(sought), 8)]
        missing = sum(piece not in flat for piece in pieces)
        assert missing <= max(2, len(pieces) // 6), (node.label, text[:80])
        for ancestor in document.ancestors(node):
            assert ancestor.start <= node.start <= node.end <= ancestor.end
            if ancestor.heading:
                assert not Counter(words(ancestor.heading)) - Counter(flat.split()), ancestor.heading


def test_nist_headings_and_subcategories(regulations: Path) -> None:
    document = parsed(regulations / "nist-ai-100-1.pdf")
    text = plain(regulations / "nist-ai-100-1.pdf")
    codes = set(re.findall(r"(?m)^((?:GOVERN|MAP|MEASURE|MANAGE) \d+(?:\.\d+)?):", text))
    assert len([code for code in codes if "." in code]) == 72
    labels = Counter(node.label for node in document.provisions)
    assert {code: labels[code] for code in codes} == dict.fromkeys(codes, 1)
    contents = text[text.index("Table of Contents") : text.index("List of Tables")]
    numbered = dict(re.findall(r"(?m)^(\d(?:\.\d)*) (.+?) \d+\r?$", contents))
    found = {node.label: node.heading for node in document.provisions if node.kind is ProvisionKind.SECTION}
    assert found == numbered
    assert len(numbered) == 23
