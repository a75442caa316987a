"""Official EU texts against an extraction of their own, written here with plain lxml: counts, labels, paths, words."""

from __future__ import annotations

import functools
import random
import re
from collections import Counter

import pytest
from lxml import etree, html

from pincite.domain.documents import Document, Provision, ProvisionKind
from pincite.domain.text import collapse
from pincite.ingest.parse import Parsed
from pincite.ingest.readers import read_bytes
from tests.ingest.eu_extraction import FORMEX, LAYOUT, PLAIN, ROOT, expected_of, said
from tests.ingest.helpers import parse_file

K = ProvisionKind
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the official texts of ../shared are not here")


@functools.cache
def parsed(name: str) -> Parsed:
    return parse_file(ROOT / name)


def letters(text: str) -> str:
    """Leave out what differs between editions of the same words: white space, quotation marks, dashes of lists."""
    return re.sub(r"[\s—–-]|[‘’'“”\"]", "", text)


def words_of(document: Document, node: Provision) -> str:
    """Return a provision's words with those of its points, without its notes."""
    parts, at = [], node.body_start
    for other in document.provisions:
        if other.kind is K.NOTE and node.start <= other.start and other.end <= node.end and node.kind is not K.NOTE:
            parts.append(document.text[at : other.start])
            at = other.end
    return " ".join((*parts, document.text[at : node.end]))


# -- counts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "articles", "recitals", "annexes", "warnings"),
    [
        (FORMEX, 99, 173, 0, 0),
        ("gdpr-2016-679.eurlex.html", 99, 173, 0, 0),
        ("ai-act-2024-1689.eurlex.html", 113, 180, 13, 1),  # notes of quoted acts that the file does not hold
        ("nis2-2022-2555.eurlex.html", 46, 144, 3, 0),
        ("dora-2022-2554.eurlex.html", 64, 106, 0, 1),
        ("data-act-2023-2854.eurlex.html", 50, 119, 0, 0),
        ("dsa-2022-2065.eurlex.html", 93, 156, 0, 0),
        ("cra-2024-2847.eurlex.html", 71, 130, 8, 1),
        (PLAIN, 21, 49, 0, 0),
    ],
)
def test_counts(name: str, articles: int, recitals: int, annexes: int, warnings: int) -> None:
    document = parsed(name).document
    labels = [node.label for node in document.provisions]
    assert len(document.warnings) == warnings
    assert [label for label in labels if re.fullmatch(r"Art\. \d+", label)] == [
        f"Art. {n + 1}" for n in range(articles)
    ]
    assert [label for label in labels if re.fullmatch(r"Recital \d+", label)] == [
        f"Recital {n + 1}" for n in range(recitals)
    ]
    assert sum(node.kind is K.ANNEX for node in document.provisions) == annexes
    duplicates = [label for label, count in Counter(labels).items() if count > 1 and label and "fn." not in label]
    assert [label for label in duplicates if not label.startswith("Section")] == []  # sections begin anew by chapter


@pytest.mark.parametrize(
    ("name", "effective", "version"),
    [
        (FORMEX, "2018-05-25", "consolidated text of 2018-05-23"),
        ("gdpr-2016-679.eurlex.html", "2018-05-25", "OJ L 119/1, 4.5.2016"),
        ("ai-act-2024-1689.eurlex.html", "2026-08-02", "OJ L series, 2024/1689, 12.7.2024"),
        ("dora-2022-2554.eurlex.html", "2025-01-17", "OJ L 333/1, 27.12.2022"),
        ("nis2-2022-2555.eurlex.html", "", "OJ L 333/80, 27.12.2022"),
        (PLAIN, "", "OJ L 201, 31/07/2002"),
    ],
)
def test_dates(name: str, effective: str, version: str) -> None:
    provenance = parsed(name).document.provenance
    assert (provenance.effective, provenance.version) == (effective, version)


# -- a sample ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [FORMEX, *LAYOUT, PLAIN])
def test_a_sample_of_provisions_is_found_again(name: str) -> None:
    document = parsed(name).document
    expected = expected_of(name)
    by_label = {node.label: node for node in document.provisions if node.label}
    kinds = (K.RECITAL, K.ARTICLE, K.PARAGRAPH, K.POINT)
    amending = tuple(f"{label}(" for label, (heading, _, _) in expected.items() if heading.startswith("Amendment"))
    ours = {n.label for n in document.provisions if n.kind in kinds and not n.label.startswith(amending or ("\n",))}
    points_of_recitals = {label for label in ours if re.match(r"Recital \d+\(", label)}
    assert ours - points_of_recitals == {label for label in expected if not re.fullmatch(r"Annex [IVX]+", label)}
    sample = random.Random(f"{name} 2026").sample(sorted(expected), min(200, len(expected)))
    for label in sample:
        heading, path, words = expected[label]
        node = by_label[label]
        assert (label, letters(node.heading)) == (label, letters(heading))
        assert (label, [*map(letters, document.path(node))]) == (label, [*map(letters, path)])
        assert (label, letters(words_of(document, node))) == (label, letters(words))


# -- two editions ------------------------------------------------------------------------------------------

# Provisions whose words differ between the Official Journal of 2016 and the consolidated text, all by the corrigendum
# of 23 May 2018 (OJ L 127), but for the last: a consolidated text leaves place, date and signatures out.
CORRECTED = {
    *("Recital 71", "Art. 37(1)(c)", "Art. 41(3)", "Art. 41(5)", "Art. 42(7)", "Art. 43(3)", "Art. 43(6)"),
    *("Art. 57(1)(p)", "Art. 64(1)(c)", "Art. 64(6)", "Art. 64(7)", "Art. 64(8)", "Art. 65(1)(a)", "Art. 69(2)"),
    *("Art. 70(1)(l)", "Art. 70(1)(o)", "Art. 70(1)(p)", "Final part"),
}


def test_formex_and_html_agree_provision_by_provision() -> None:
    formex, page_of = parsed(FORMEX).document, parsed(LAYOUT[0]).document
    pairs = list(zip(formex.provisions[1:], page_of.provisions[1:], strict=True))
    for one, other in pairs:
        assert (one.kind, one.label, letters(one.heading)) == (other.kind, other.label, letters(other.heading))
        assert [*map(letters, formex.path(one))] == [*map(letters, page_of.path(other))]
    assert {
        one.label
        for one, other in pairs
        if letters(own_words(formex, one)) != letters(own_words(page_of, other))
    } == CORRECTED  # fmt: skip


def own_words(document: Document, node: Provision) -> str:
    parts, at = [], node.body_start
    for child in document.provisions:
        if child.parent == node.index:
            parts.append(document.text[at : child.start])
            at = child.end
    return " ".join((*parts, document.text[at : node.end]))


# -- nothing is lost ---------------------------------------------------------------------------------------


def tokens(text: str) -> Counter[str]:
    return Counter(re.findall(r"[^\W_]+|[^\w\s]", text))


@pytest.mark.parametrize("name", [*LAYOUT, PLAIN])
def test_every_word_of_the_page_is_in_the_text_or_counted(name: str) -> None:
    root = html.document_fromstring((ROOT / name).read_bytes(), parser=html.HTMLParser(encoding="utf-8"))
    body = root.find("body")
    for unseen in body.xpath(".//script|.//style"):
        unseen.drop_tree()
    around = body.xpath(
        ".//*[@id='TOC']|.//*[@id='banner']|.//h1|.//p[contains(@class, 'oj-hd')]|.//a[contains(@href, '#ntr')]"
        "|.//p[starts-with(., 'ELI: http') or starts-with(., 'ISSN ')]|.//p[./strong]"
    )
    counted = sum(len(letters(said(element))) for element in around)
    for element in around:
        element.drop_tree()
    whole = "".join(f"{'' if part.getparent().tag == 'span' else ' '}{part}" for part in body.xpath(".//text()"))
    kept = tokens(parsed(name).document.text)
    missing = tokens(whole) - kept
    if name == PLAIN:  # the marks of its ten notes stand among the words
        assert missing == Counter({"(": 10, ")": 10, **{str(n + 1): 1 for n in range(10)}})
    else:
        assert missing == Counter()
    assert sum(read_bytes((ROOT / name).read_bytes(), name).left_out.values()) >= counted
    repeated = sum((kept - tokens(whole)).values())
    assert (repeated > 20) is ("nis2" in name)  # column headings and cells over several rows, said in each row


def test_every_word_of_the_formex_file_is_in_the_text_or_counted() -> None:
    root = etree.parse(ROOT / FORMEX).getroot()
    for mark in root.iter("QUOT.START", "QUOT.END"):
        mark.text = chr(int(mark.get("CODE"), 16))
    metadata = root.xpath("//BIB.INSTANCE[not(ancestor::FAM.COMP)]|//FAM.COMP")
    counted = sum(len(collapse("".join(element.itertext()))) for element in metadata)
    assert read_bytes((ROOT / FORMEX).read_bytes(), FORMEX).left_out == {"metadata": counted}
    for element in metadata:
        element.getparent().remove(element)
    for note in root.iter("NOTE"):
        note.tail = f" {note.tail or ''}"
        note.text = f" {note.text or ''}"
    missing = tokens("".join(root.itertext())) - tokens(parsed(FORMEX).document.text)
    assert missing == Counter()


# -- passages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [FORMEX, *LAYOUT, PLAIN])
def test_passages_carry_label_path_and_what_introduces_them(name: str) -> None:
    document, passages = parsed(name).document, parsed(name).passages
    notes = [node.start for node in document.provisions if node.kind is K.NOTE]
    for passage in passages:
        assert passage.label
        assert passage.path == document.path(document.provisions[passage.provision])
        of_notes = [start for start in notes if passage.span.start <= start < passage.span.end]
        assert not of_notes or of_notes[0] == passage.span.start  # notes never share a passage with the law's words
    points: dict[int, list[Provision]] = {}
    for node in document.provisions:
        if node.kind is K.POINT and document.provisions[node.parent].kind in (K.ARTICLE, K.PARAGRAPH, K.POINT):
            points.setdefault(node.parent, []).append(node)
    introduced = 0
    for parent, listed in sorted(points.items()):
        line = document.text[document.provisions[parent].body_start :].lstrip().partition("\n")[0]
        if not line.endswith(":") or not document.text[: listed[0].start].endswith(f"{line}\n"):
            continue
        for before, point in zip([None, *listed], listed, strict=False):
            if before and document.text[before.end : point.start].strip():
                break  # a later list of the same provision
            (holds,) = [p for p in passages if p.span.start <= point.start < p.span.end]
            lead = holds.lead_in.of(document.text) if holds.lead_in else ""
            assert line in f"{lead}\n{holds.span.of(document.text)}", point.label
            introduced += 1
    assert introduced >= 2


def test_points_of_article_5_carry_its_opening_words() -> None:
    document, passages = parsed(FORMEX).document, parsed(FORMEX).passages
    labels = []
    for passage in passages:
        if passage.path and passage.path[-1].startswith("Art. 5 ") and passage.label != "Art. 5(2)":
            labels.append(passage.label)
            lead = passage.lead_in.of(document.text) if passage.lead_in else ""
            assert "Personal data shall be:" in f"{lead} {passage.span.of(document.text)}"
    assert {"Art. 5(1)(b)", "Art. 5(1)(e)", "Art. 5(1)(f)"} <= set(labels)


def test_the_subparagraph_after_a_list_is_cited_as_the_paragraph() -> None:
    document, passages = parsed(FORMEX).document, parsed(FORMEX).passages
    (passage,) = [p for p in passages if p.span.of(document.text).startswith("Point (f) of the first")]
    assert (passage.label, passage.lead_in) == ("Art. 6(1)", None)
