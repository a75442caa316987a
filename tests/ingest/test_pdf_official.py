"""Official PDFs against independent extractions: the text form of HIPAA, and PDFium's plain text."""

from __future__ import annotations

import difflib
import functools
import random
import re
from collections import Counter
from pathlib import Path

import pypdfium2

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


# what the text form has otherwise: "(E) Law enforcement" lost its first bracket there; in the PDF's columns "State
# refers to …" follows the last line of the definition before it without a gap or an indent
ONLY_IN_TEXT = {"§ 160.103 “State”", "§ 160.103 “State”(1)", "§ 160.103 “State”(2)"}
ONLY_IN_PDF = {
    "§ 164.512(k)(5)(i)(E)", "§ 160.103 “Standard setting organization”(1)",
    "§ 160.103 “Standard setting organization”(2)",
}  # fmt: skip
OTHER_WORDS = {"§ 160.103 “Standard setting organization”", "§ 164.512(k)(5)(i)(D)"}


def own_words(document: Document) -> dict[str, str]:
    """Return by pin-cite what stands in a provision before the first that it contains, letters and digits only."""
    within: dict[int, int] = {}
    for node in document.provisions[1:]:
        within.setdefault(node.parent, node.start)
    return {
        node.label: "".join(words(document.text[node.start : min(node.end, within.get(node.index, node.end))]))
        for node in reversed(document.provisions)
        if node.label.startswith("§ ")
    }


def test_every_provision_of_hipaa_is_the_same_in_the_pdf_as_in_the_text(regulations: Path) -> None:
    printed = own_words(parsed(regulations / f"{HIPAA}.pdf"))
    typed = own_words(parsed(regulations / f"{HIPAA}.txt"))
    assert len(printed.keys() & typed.keys()) > 2250
    assert typed.keys() - printed.keys() == ONLY_IN_TEXT
    assert printed.keys() - typed.keys() == ONLY_IN_PDF
    assert {label for label in printed.keys() & typed.keys() if printed[label] != typed[label]} == OTHER_WORDS


def test_a_sample_of_provisions_is_found_in_the_plain_text(regulations: Path) -> None:
    name = "nist-ai-100-1.pdf"
    kinds = {ProvisionKind.TABLE, ProvisionKind.PARAGRAPH, ProvisionKind.SECTION}
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
