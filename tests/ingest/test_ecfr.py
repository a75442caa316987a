"""The Code of Federal Regulations as eCFR XML, on an invented part: sections as stated, paragraphs by their markers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pincite.domain.documents import Document, DocumentKind, ProvisionKind
from pincite.errors import DocumentError
from pincite.ingest.readers.us.markers import Levels, leading_marker
from tests.ingest.helpers import parse_file, read

K = ProvisionKind

PART = """<?xml version="1.0" encoding="UTF-8"?>
<DIV5 N="612" NODE="99:2.0.1.1.4" TYPE="PART">
<HEAD>PART 612—CARE OF ORCHARDS</HEAD>
<AUTH><HED>Authority:</HED><PSPACE>99 U.S.C. 7(a).</PSPACE></AUTH>
<SOURCE><HED>Source:</HED><PSPACE>90 FR 1, Jan. 2, 2031.</PSPACE></SOURCE>
<DIV6 N="A" NODE="99:2.0.1.1.4.1" TYPE="SUBPART"><HEAD>Subpart A—General</HEAD>
<DIV8 N="§ 612.103" NODE="99:2.0.1.1.4.1.1" TYPE="SECTION"><HEAD>§ 612.103   Definitions.</HEAD>
<P>As used in this part:</P>
<P><I>Blight</I> means a disease that is:</P>
<P>(1) Caused by bacteria; or</P>
<P>(2) Seen in:</P>
<P>(i) Leaves; or</P>
<P>(ii) Wood.</P>
<P><I>Keeper:</I> (1) Except as provided in paragraph (2), a person who prunes.</P>
<P>(2) A keeper is no visitor.</P>
<CITA TYPE="N">[90 FR 1, Jan. 2, 2031, as amended at 91 FR 4, Mar. 3, 2032]</CITA></DIV8>
<DIV8 N="§ 612.105" TYPE="SECTION"><HEAD>§§ 612.105-612.109   [Reserved]</HEAD></DIV8></DIV6>
<DIV6 N="D" TYPE="SUBPART"><HEAD>Subpart D—Notice of Blight</HEAD>
<DIV7 N="1" TYPE="SUBJGRP"><HEAD>Timeliness</HEAD>
<DIV8 N="§ 612.404" NODE="99:2.0.1.1.4.4.1" TYPE="SECTION"><HEAD>§ 612.404   Notice to neighbors.</HEAD>
<P>(a) <I>Standard</I>—(1) <I>General rule.</I> A keeper shall tell each neighbor.</P>
<P>(2) <I>Seen.</I> Blight is seen when a branch is black.</P>
<P>(b) <I>Implementation specification: Timeliness.</I> (1) Within 60 days, except:</P>
<P>(i) On islands; and</P>
<P>(ii) In winter, when:</P>
<P>(A) Snow lies; or</P>
<P>(B) Ice covers the:</P>
<P>(<I>1</I>) Roads; or</P>
<P>(<I>2</I>) Rivers that are:</P>
<P>(<I>i</I>) Wide; or</P>
<P>(<I>ii</I>) Deep.</P>
<P>(2)(i) The keeper keeps a list.</P>
<P>(ii) The list is:</P>
<EXTRACT><HD1>List of trees</HD1><P>(a) Apple.</P><P>(b) Pear.</P></EXTRACT>
<DIV width="100%"><DIV class="gpotbl_div"><TABLE><TR><TH>Tree</TH><TH>Days</TH></TR>
<TR><TD>Apple</TD><TD>60</TD></TR></TABLE></DIV></DIV>
<P>(c) Third.</P><P>(d) Fourth.</P><P>(e) Fifth.</P><P>(f) Sixth.</P><P>(g) Seventh.</P>
<P>(h) Eighth: (1) not a marker of its own.</P>
<P>(1) One.</P>
<P>(i) Roman one.</P>
<P>(ii) Roman two.</P>
<P>(i) The letter i.</P>
<P>(j) The letter j.</P>
<FTNT><P><SU>1</SU> See the Ladder Rule.</P></FTNT>
<CITA TYPE="N">[90 FR 2, Jan. 2, 2031]</CITA></DIV8></DIV7></DIV6>
<DIV9 N="Appendix A to Part 612" TYPE="APPENDIX"><HEAD>Appendix A to Part 612—Model notice</HEAD>
<HD1>I. Words</HD1><P>(a) Dear neighbor, <E T="03">blight</E> was seen.</P><HD2>A. Signature</HD2><P>Sign it.</P>
<img src="/graphics/er1.gif"/></DIV9>
</DIV5>
"""


@pytest.fixture
def part(tmp_path: Path) -> Document:
    path = tmp_path / "part.xml"
    path.write_text(PART, encoding="utf-8")
    return parse_file(path).document


def words(document: Document, label: str) -> str:
    (node,) = [node for node in document.provisions if node.label == label]
    return document.text[node.body_start : node.end].strip()


def test_parts_subparts_and_sections(part: Document) -> None:
    named = {K.PART, K.ARTICLE, K.ANNEX, K.HEADING, K.NOTE}
    assert [(n.kind, n.label, n.heading) for n in part.provisions[1:] if n.kind in named] == [
        (K.PART, "Part 612", "CARE OF ORCHARDS"),
        (K.NOTE, "Part 612 authority", ""),
        (K.NOTE, "Part 612 source", ""),
        (K.PART, "Subpart A", "General"),
        (K.ARTICLE, "§ 612.103", "Definitions"),
        (K.NOTE, "§ 612.103 history", ""),
        (K.ARTICLE, "§ 612.105", "[Reserved]"),
        (K.PART, "Subpart D", "Notice of Blight"),
        (K.HEADING, "", "Timeliness"),
        (K.ARTICLE, "§ 612.404", "Notice to neighbors"),
        (K.NOTE, "§ 612.404 footnote", ""),
        (K.NOTE, "§ 612.404 history", ""),
        (K.ANNEX, "Appendix A to Part 612", "Appendix A to Part 612—Model notice"),
        (K.HEADING, "", "I. Words"),
        (K.HEADING, "", "A. Signature"),
    ]
    node = next(node for node in part.provisions if node.label == "§ 612.404(b)(1)(ii)(B)(2)(ii)")
    assert part.path(node) == (
        "Part 612 CARE OF ORCHARDS", "Subpart D Notice of Blight", "Timeliness", "§ 612.404 Notice to neighbors",
    )  # fmt: skip


def test_paragraphs_of_all_six_levels(part: Document) -> None:
    labels = [n.label for n in part.provisions if n.label.startswith("§ 612.404(")]
    assert [label.removeprefix("§ 612.404") for label in labels] == [
        "(a)", "(a)(1)", "(a)(2)", "(b)", "(b)(1)", "(b)(1)(i)", "(b)(1)(ii)", "(b)(1)(ii)(A)", "(b)(1)(ii)(B)",
        "(b)(1)(ii)(B)(1)", "(b)(1)(ii)(B)(2)", "(b)(1)(ii)(B)(2)(i)", "(b)(1)(ii)(B)(2)(ii)", "(b)(2)", "(b)(2)(i)",
        "(b)(2)(ii)", "(c)", "(d)", "(e)", "(f)", "(g)", "(h)", "(h)(1)", "(h)(1)(i)", "(h)(1)(ii)", "(i)", "(j)",
    ]  # fmt: skip
    assert words(part, "§ 612.404(a)(1)") == "General rule. A keeper shall tell each neighbor."
    assert words(part, "§ 612.404(b)(2)(i)") == "The keeper keeps a list."
    assert part.text.count("(a) Standard—\n(1) General rule.") == 1


def test_quotations_and_tables_open_nothing(part: Document) -> None:
    # announced by a colon, the list belongs to its paragraph; of the table nobody says to which one
    assert words(part, "§ 612.404(b)(2)(ii)") == "The list is:\nList of trees\n(a) Apple.\n(b) Pear."
    assert "(b) Pear.\nTree | Days\nApple | 60\n(c) Third." in words(part, "§ 612.404")
    assert "Tree" not in words(part, "§ 612.404(b)")


def test_terms_are_cited_by_their_name(part: Document) -> None:
    assert [n.label.removeprefix("§ 612.103") for n in part.provisions if n.label.startswith("§ 612.103 “")] == [
        " “Blight”", " “Blight”(1)", " “Blight”(2)", " “Blight”(2)(i)", " “Blight”(2)(ii)",
        " “Keeper”", " “Keeper”(1)", " “Keeper”(2)",
    ]  # fmt: skip
    assert words(part, "§ 612.103 “Blight”(2)(ii)") == "Wood."
    assert words(part, "§ 612.103 “Keeper”(2)") == "A keeper is no visitor."


def test_a_definition_within_a_paragraph_does_not_end_the_section_s_numbering() -> None:
    paragraphs = "(a) Definitions.|<I>Tree</I> means:|(1) A plant.|(2) No bush.|(b) Scope.|(1) Here."
    inner = "".join(f"<P>{text}</P>" for text in paragraphs.split("|"))
    raw = read(f'<DIV8 N="§ 1.2" TYPE="SECTION"><HEAD>§ 1.2 Scope.</HEAD>{inner}</DIV8>')
    assert [opening.label for block in raw.blocks for opening in block.opens][1:] == [
        "§ 1.2(a)", "§ 1.2(a) “Tree”", "§ 1.2(a) “Tree”(1)", "§ 1.2(a) “Tree”(2)", "§ 1.2(b)", "§ 1.2(b)(1)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("markers", "paths"),
    [
        ("a 1 i", ["(a)", "(a)(1)", "(a)(1)(i)"]),
        ("h i j", ["(h)", "(i)", "(j)"]),
        ("h 1 i j", ["(h)", "(h)(1)", "(i)", "(j)"]),
        ("h 1 i ii", ["(h)", "(h)(1)", "(h)(1)(i)", "(h)(1)(ii)"]),
        ("a 1 i A *1* 2", ["(a)", "(a)(1)", "(a)(1)(i)", "(a)(1)(i)(A)", "(a)(1)(i)(A)(1)", "(a)(2)"]),
        ("a 1 i A *1* *2*", ["(a)", "(a)(1)", "(a)(1)(i)", "(a)(1)(i)(A)", "(a)(1)(i)(A)(1)", "(a)(1)(i)(A)(2)"]),
        ("a 1 i A 1 *2*", ["(a)", "(a)(1)", "(a)(1)(i)", "(a)(1)(i)(A)", "(a)(1)(i)(A)(1)", "(a)(1)(i)(A)(2)"]),
        ("a i ii b", ["(a)", "(a)(i)", "(a)(ii)", "(b)"]),
        ("a 1 2 b 1", ["(a)", "(a)(1)", "(a)(2)", "(b)", "(b)(1)"]),
        ("1 2 i ii 3", ["(1)", "(2)", "(2)(i)", "(2)(ii)", "(3)"]),
        ("a c", ["(a)", "(c)"]),
        ("z aa bb", ["(z)", "(aa)", "(bb)"]),
        ("u v w", ["(u)", "(v)", "(w)"]),
    ],
)
def test_levels(markers: str, paths: list[str]) -> None:
    numbers = markers.split()
    levels = Levels()
    # *1* stands for a number in italics
    marked = [f"({number})".replace("(*", "(\ue000").replace("*)", "\ue001)") for number in numbers]
    found = [leading_marker(text) for text in marked]
    assert [levels.place(m, numbers[at:])[1] for at, m in enumerate(found, 1) if m] == paths


@pytest.mark.parametrize("text", ["(see § 3) words", "(the) words", "words (a)", "(1996) words", "(Ab) words"])
def test_brackets_that_are_no_markers(text: str) -> None:
    assert leading_marker(text) is None


def test_no_word_is_lost(part: Document) -> None:
    def squash(text: str) -> str:
        return re.sub(r"[\W_]+", "", text)

    source = re.sub(r"<[^>]+>", " ", PART.partition("?>")[2])
    assert squash(part.text) == squash(source)
    assert part.warnings == ("1 picture(s) not read",)


def test_notes_of_the_editors_are_no_words_of_the_rule(part: Document) -> None:
    by_label = {node.label: node for node in part.provisions}
    parents = {
        label: part.provisions[by_label[label].parent].label
        for label in ("Part 612 authority", "Part 612 source", "Subpart A", "§ 612.404 history", "§ 612.404 footnote")
    }
    assert parents == {
        "Part 612 authority": "Part 612",
        "Part 612 source": "Part 612",
        "Subpart A": "Part 612",
        "§ 612.404 history": "§ 612.404",
        "§ 612.404 footnote": "§ 612.404",
    }
    assert words(part, "§ 612.404(j)") == "The letter j."


def test_it_is_known_by_what_it_is(part: Document) -> None:
    assert (part.title, part.kind) == ("99 CFR PART 612—CARE OF ORCHARDS", DocumentKind.LAW)


def test_the_form_of_the_interface_and_of_the_bulk_files() -> None:
    citation = "{&quot;path&quot;:&quot;/x&quot;,&quot;citation&quot;:&quot;99 CFR {}&quot;}"
    raw = read(
        f'<DIV5 N="1" TYPE="PART" hierarchy_metadata="{citation.replace("{}", "Part 1")}"><HEAD>PART 1—TAXES</HEAD>'
        '<DIV8 N="1.263(a)-3" TYPE="SECTION"><HEAD>§ 1.263(a)-3 Trees.</HEAD>'
        "<XREF>Link to an amendment published at 91 FR 5, July 1, 2033.</XREF><P>(a) Words.</P></DIV8></DIV5>"
    )
    assert raw.title == "99 CFR PART 1—TAXES"
    labels = [opening.label for block in raw.blocks for opening in block.opens]
    assert labels == ["Part 1", "§ 1.263(a)-3", "§ 1.263(a)-3(a)", "§ 1.263(a)-3 amendment to come"]
    assert raw.warnings == ("amendments are published that this text does not have yet: § 1.263(a)-3",)
    raw = read(
        "<DLPSTEXTCLASS><HEADER><TITLE>Title 99: Fruit</TITLE></HEADER><TEXT><BODY><ECFRBRWS>"
        '<DIV1 N="1" NODE="99:1" TYPE="TITLE"><HEAD>Title 99—Fruit--Volume 1</HEAD><CFRTOC><PG>1</PG></CFRTOC>'
        '<DIV3 N="I" NODE="99:1.0.1" TYPE="CHAPTER"><HEAD> CHAPTER I—ORCHARD AGENCY</HEAD>'
        '<DIV5 N="1" NODE="99:1.0.1.1.1" TYPE="PART"><HEAD>PART 1—GENERAL</HEAD>'
        '<DIV8 N="§ 1.1" TYPE="SECTION"><HEAD>§ 1.1   Scope.</HEAD><P>All fruit.</P></DIV8></DIV5></DIV3></DIV1>'
        "</ECFRBRWS></BODY></TEXT></DLPSTEXTCLASS>"
    )
    labels = [opening.label for block in raw.blocks for opening in block.opens]
    assert labels == ["Title 99", "Chapter I", "Part 1", "§ 1.1"]
    assert raw.left_out == {"file header": 15, "table of contents": 1}


def test_words_in_odd_places_are_not_lost() -> None:
    inner = (
        "Loose <EXTRACT>quoted <HEAD>Form</HEAD>words</EXTRACT> tail <NOTE><HED>Note:</HED>plain</NOTE><!-- no -->end"
    )
    raw = read(f'<DIV8 N="1.1" TYPE="SECTION"><HEAD>§ 1.1 Scope.</HEAD>{inner}<HEAD>Second</HEAD></DIV8>')
    assert " ".join(block.text for block in raw.blocks[1:]) == "Loose quoted Form words tail Note: plain end Second"


def test_a_file_without_sections_is_refused() -> None:
    with pytest.raises(DocumentError, match="not well-formed"):
        read(PART[:2000])
