"""EU law in its four forms: the tree that the file states, notes, quotations, tables, nothing lost, hostile files."""

import re
import time
from collections import Counter

import pytest

from pincite.domain.documents import Provision, ProvisionKind
from pincite.domain.text import collapse, normalise
from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers.eu.dates import applies_from, iso_date
from pincite.ingest.readers.eu.grid import Cell, lines_of
from pincite.ingest.readers.eu.quotes import Quotation
from pincite.ingest.structure import build_tree
from tests.ingest.eu_acts import ANNEX_FILE, CONSOLIDATED_HTML, FORMEX, OJ_HTML, PLAIN_HTML, REGISTER
from tests.ingest.helpers import read

K = ProvisionKind


def outline(raw: RawDocument) -> list[tuple[str, str, str, str]]:
    """Return kind, label, heading and own words of each provision."""
    text, nodes = build_tree(raw.blocks, raw.title, stated=raw.stated)
    return [(node.kind.value, node.label, node.heading, own_words(text, nodes, node)) for node in nodes[1:]]


def own_words(text: str, nodes: tuple[Provision, ...], node: Provision) -> str:
    """Return the words of a provision that are not those of a provision inside it."""
    parts, at = [], node.body_start
    for child in nodes:
        if child.parent == node.index:
            parts.append(text[at : child.start])
            at = child.end
    return collapse(" ".join((*parts, text[at : node.end])))


WHOLE = [
    ("preamble", "Preamble", "", "THE ORCHARD COUNCIL, Having regard to the opinion of the Beekeepers, Whereas: "
     "HAS ADOPTED THIS REGULATION:"),
    ("note", "Preamble fn. 1", "", "OJ C 1, 2.1.2031, p. 1."),
    ("recital", "Recital 1", "", "Orchards feed people."),
    ("recital", "Recital 2", "", "Blight, as the Council found, spreads: Tools can be cleaned."),
    ("point", "Recital 2(a)", "", "by wind;"),
    ("point", "Recital 2(b)", "", "by tools."),
    ("note", "Recital 2 fn. 2", "", "Report on blight, 2030."),
    ("chapter", "Chapter I", "General provisions", ""),
    ("article", "Art. 1", "Definitions", "For the purposes of this Regulation:"),
    ("point", "Art. 1(1)", "", "‘keeper’ means a person who prunes;"),
    ("point", "Art. 1(2)", "", "‘tree’ means:"),
    ("point", "Art. 1(2)(a)", "", "an apple tree; or"),
    ("point", "Art. 1(2)(b)", "", "a pear tree."),
    ("chapter", "Chapter II", "Duties", ""),
    ("section", "Section 1", "Notices", ""),
    ("article", "Art. 2", "Notice of blight", "This Article is without prejudice to Article 3."),
    ("paragraph", "Art. 2(1)", "", "The keeper shall: Point (b) shall not apply to pears."),
    ("point", "Art. 2(1)(a)", "", "notify the authority: unless the tree is dead;"),
    ("point", "Art. 2(1)(a)(i)", "", "in writing;"),
    ("point", "Art. 2(1)(a)(ii)", "", "within 72 hours;"),
    ("point", "Art. 2(1)(b)", "", "burn: — the wood, — the leaves."),
    ("paragraph", "Art. 2(2)", "", "The authority shall answer."),
    ("note", "Art. 2 fn. 3", "", "See Article 1."),
    ("chapter", "Chapter III", "Final provisions", ""),
    ("article", "Art. 3", "Amendment to Regulation (EU) 2029/1", "Regulation (EU) 2029/1 is amended as follows:"),
    ("point", "Art. 3(1)", "", "the following Article is inserted: ‘Article 9a Ladders 1. Ladders shall be wooden. "
     "2. They shall be short.’;"),
    ("point", "Art. 3(2)", "", "Article 10 is deleted."),
    ("article", "Art. 4", "Entry into force and application", ""),
    ("paragraph", "Art. 4(1)", "", "This Regulation shall enter into force on the day of its publication."),
    ("paragraph", "Art. 4(2)", "", "It shall apply from 1 June 2032."),
    ("block", "Final part", "", "This Regulation shall be binding in its entirety. Done at Treetown, 2 May 2031."),
    ("annex", "Annex I", "Trees and tools", ""),
    ("section", "Annex I Section A", "Trees", ""),
    ("point", "Annex I Section A(1)", "", "Apple trees:"),
    ("point", "Annex I Section A(1)(a)", "", "red ones;"),
    ("section", "Annex I Section B", "Tools", "Kind | Tool | Limit Kind: 1. Cutting; Tool: Saw; Limit: 2 kg "
     "Kind: 1. Cutting; Tool: Knife; Limit: 1 kg"),
    ("note", "Annex I fn. 4", "", "Without its case."),
]  # fmt: skip


def without_spaces(rows: list[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    """A closing quotation mark that is an element of its own stands apart in Formex."""
    return [
        (kind, label, heading, re.sub(r"\s+(?=[’,;.])|(?<=‘)\s+", "", words)) for kind, label, heading, words in rows
    ]


@pytest.mark.parametrize("source", [FORMEX, OJ_HTML], ids=["formex", "official-journal"])
def test_every_provision(source: str) -> None:
    raw = read(source)
    assert raw.stated
    assert raw.title == "Regulation (EU) 2031/7 of the Orchard Council of 2 May 2031 on the care of orchards"
    assert raw.warnings == ()
    assert raw.metadata["effective"] == "2032-06-01"
    assert without_spaces(outline(raw)) == WHOLE


def test_a_consolidated_text_reads_like_the_official_journal() -> None:
    raw = read(CONSOLIDATED_HTML)
    given = [
        row
        for row in WHOLE
        if not re.match(r"Preamble|Recital|Art\. [34]|Chapter III|Final|Annex I (?:Sec.*B|fn)", row[1])
    ]
    assert outline(raw) == given
    assert raw.metadata == {"celex": "02031R0007", "version": "consolidated text of 2033-03-01", "kind": "law"}
    assert raw.left_out["amendment mark"] > 0


def test_pages_from_before_the_newer_layout_have_classes_but_no_ids() -> None:
    page = re.sub(r' id="(?!nt)[^"]*"|(?<=[" ])oj-(?=\w)', "", OJ_HTML).replace('class="table"', 'class="oj-table"')
    moved = {"Art. 2": "", "Art. 2(2)": "The authority shall answer. This Article is without prejudice to Article 3."}
    assert outline(read(page)) == [(*row[:3], moved.get(row[1], row[3])) for row in WHOLE]


def test_what_the_files_say_of_themselves() -> None:
    assert read(FORMEX).metadata == {
        "kind": "law",
        "celex": "32031R0007",
        "version": "consolidated text of 2033-03-01",
        "effective": "2032-06-01",
    }
    assert read(OJ_HTML).metadata == {
        "source": "https://law.example/legal-content/EN/TXT/HTML/?uri=CELEX:32031R0007",
        "kind": "law",
        "celex": "32031R0007",
        "version": "OJ L 9/1, 3.5.2031",
        "effective": "2032-06-01",
    }
    assert read(PLAIN_HTML).metadata == {
        "source": "http://law.example/LexUriServ.do?uri=CELEX:32031L0007:EN:HTML",
        "kind": "law",
        "celex": "32031L0007",
        "version": "OJ L 9, 03/05/2031",
    }


def test_old_html_is_read_by_its_words() -> None:
    raw = read(PLAIN_HTML)
    assert raw.title == "Directive 2031/7/EC of the Orchard Council of 2 May 2031 on ladders"
    assert outline(raw) == [
        ("preamble", "Preamble", "", "THE ORCHARD COUNCIL, Having regard to the proposal from the Beekeepers, Whereas: "
         "HAS ADOPTED THIS DIRECTIVE:"),
        ("note", "Preamble fn. 1", "", "OJ C 1, 2.1.2031, p. 1."),
        ("recital", "Recital 1", "", "Directive 2029/1/EC allows ladders, see Article 3(2)."),
        ("note", "Recital 1 fn. 2", "", "OJ L 2, 3.1.2029, p. 7."),
        ("recital", "Recital 2", "", "Ladders are short."),
        ("chapter", "Chapter I", "General", ""),
        ("article", "Art. 1", "Scope", ""),
        ("paragraph", "Art. 1(1)", "", "This Directive applies to ladders."),
        ("paragraph", "Art. 1(2)", "", "It does not apply to: Ropes are ladders within the meaning of Article 3(3) of "
         "Decision 5/2030."),
        ("point", "Art. 1(2)(a)", "", "stairs:"),
        ("point", "Art. 1(2)(a)(i)", "", "of stone;"),
        ("point", "Art. 1(2)(a)(ii)", "", "of wood;"),
        ("point", "Art. 1(2)(b)", "", "ropes."),
        ("article", "Art. 2", "", "This Directive is addressed to the keepers."),
        ("block", "Final part", "", "Done at Treetown, 2 May 2031. For the Council A. Keeper"),
    ]  # fmt: skip


def test_unnumbered_recitals_of_old_acts_are_counted() -> None:
    recitals = "<p>Whereas apples are heavy;</p><p>Whereas pears are soft,</p><p>HAS"
    old = re.sub(r"<p>Whereas:</p>.*?<p>HAS", recitals, PLAIN_HTML, flags=re.S)
    assert [row[1::2] for row in outline(read(old)) if row[0] == "recital"] == [
        ("Recital 1", "Whereas apples are heavy;"),
        ("Recital 2", "Whereas pears are soft,"),
    ]


def test_an_annex_with_groups_and_tables() -> None:
    assert outline(read(ANNEX_FILE)) == [
        ("annex", "Annex II", "Ladders", "Ladders are: short: up to 2 m"),
        ("section", "Annex II(1)", "Wood", ""),
        ("point", "Annex II(1.1)", "", "Ash or oak."),
        ("heading", "", "Class I", ""),
        ("point", "Annex II Class I(1)", "", "Steps."),
        ("heading", "", "Class II", "Table of loads Loads are measured at rest. Ladder | Load Ladder: Wooden ladders "
         "Ladder: Ash; Load: 90 kg"),
        ("point", "Annex II Class II(1)", "", "Rungs."),
        ("note", "Annex II fn. 1", "", "Dry."),
    ]  # fmt: skip


def test_a_formex_register_is_no_act() -> None:
    with pytest.raises(DocumentError, match="register") as caught:
        read(REGISTER)
    assert "L_2031.01.xml" in caught.value.hint


@pytest.mark.parametrize(("letter", "label"), [("(c)", "Art. 2(1)(c)"), ("(a)", "Art. 2(1) subpara. 3(a)")])
def test_a_second_list_in_one_paragraph_is_cited_by_its_subparagraph(letter: str, label: str) -> None:
    row = f"<tr><td><p>{letter}</p></td><td><p>prune;</p></td></tr><tr><td><p>(x)</p></td><td><p>burn.</p></td></tr>"
    ends = 'not apply to pears.</p></div>\n<div id="002.002">'
    assert ends in OJ_HTML
    second = f"not apply to pears.</p><p>The authority shall not:</p><table>{row}</table></div>\n<div id='002.002'>"
    labels = [row[1] for row in outline(read(OJ_HTML.replace(ends, second)))]
    at = labels.index("Art. 2(1)(b)")
    assert labels[at + 1 : at + 4] == [label, label.replace(letter, "(x)"), "Art. 2(2)"]


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", normalise(text)))


@pytest.mark.parametrize("source", [FORMEX, OJ_HTML, CONSOLIDATED_HTML, PLAIN_HTML])
def test_no_word_is_lost(source: str) -> None:
    raw = read(source)
    body = source.partition("</head>")[2] or source
    visible = re.sub(
        r"<[^>]*>", lambda tag: "" if re.match(r"</?(?:span|a|HT|DATE|QUOT)\b", tag.group()) else " ", body
    )
    kept = words(" ".join(block.text for block in raw.blocks))
    missing = words(visible) - kept
    assert sum(len(word) * count for word, count in missing.items()) <= sum(raw.left_out.values())
    # of numbers: notes' marks, dates, the issue; of words: running heads, the page around the act, its identifiers
    around = (
        "EN M1 Official Journal L Article Not the title ELI http law example eli reg oj ISSN electronic edition This "
        "text has no legal effect OJ p Amended by Important notice Directive EC 32031R0007 02031R0007 32031L0007"
    )
    assert {word for word in missing if not word.isdigit()} <= set(around.split())


@pytest.mark.parametrize("name", ["div", "span", "table"])
def test_html_nested_too_deeply_is_refused(name: str) -> None:
    deep = f'<html><body><p class="oj-ti-art">Article 1</p>{f"<{name}>" * 100_000}Words'
    started = time.process_time()
    with pytest.raises(DocumentError, match="deep"):
        read(deep)
    assert time.process_time() - started < 30


def test_xml_nested_too_deeply_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"[Dd]epth|deep"):
        read(f"<ACT><BIB.INSTANCE/>{'<DIVISION>' * 100_000}{'</DIVISION>' * 100_000}</ACT>")


def test_points_nested_as_deeply_as_the_parser_allows() -> None:
    inner = "".join(f"<LIST><ITEM><NP><NO.P>({n})</NO.P><TXT>words {n}</TXT>" for n in range(1, 60))
    closing = "</NP></ITEM></LIST>" * 59
    raw = read(
        f"<ACT><BIB.INSTANCE/><ARTICLE><TI.ART>Article 1</TI.ART><ALINEA>{inner}{closing}</ALINEA></ARTICLE></ACT>"
    )
    assert outline(raw)[-1][1] == "Art. 1" + "".join(f"({n})" for n in range(1, 60))


@pytest.mark.parametrize("form", [FORMEX, OJ_HTML], ids=["formex", "html"])
def test_entities_are_neither_expanded_nor_fetched(form: str) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    body = (
        re.sub(r"<!DOCTYPE[^>]*>", "", form)
        .replace("?>", f"?>{bomb}", 1)
        .replace("Orchards feed", "Orchards &b;&c; feed")
    )
    raw = read(body)
    text = " ".join(block.text for block in raw.blocks)
    assert "aaaaaaaa" not in text
    assert "root:" not in text
    assert "feed people" in text


# -- parts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "quoted"),
    [
        (["the following point is added:", "‘5. The keeper shall:"], True),
        (["the following point is added:", "‘5. The keeper shall:", "(a) burn the wood;", "and the leaves.’."], False),
        (["the following definitions apply:", "‘keeper’ means a person"], False),
        (["paragraph 2 is replaced by the following:", "‘The keepers’ duties are:"], True),
        (["paragraph 2 is replaced by the following:", "‘The keeper’s duties are:", "to prune ‘trees’; and"], True),
        (["paragraph 2 is replaced by the following:", "‘The keeper shall prune.’;"], False),
    ],
)
def test_quotations_of_other_acts(lines: list[str], quoted: bool) -> None:
    quotation = Quotation()
    for line in lines:
        quotation.words(line)
    assert quotation.open is quoted


def test_table_rows_say_their_column_headings_and_the_cells_that_reach_into_them() -> None:
    head = [Cell("Tree", heads=True), Cell("Use", columns=2, heads=True)]
    sub = [Cell("", heads=True), Cell("Fruit", heads=True), Cell("Wood", heads=True)]
    body = [[Cell("Apple", rows=3), Cell("eaten"), Cell("burnt")], [Cell("pressed"), Cell("")], [Cell("sold")]]
    assert lines_of([head, sub, *body]) == [
        "Tree | Use",
        "Fruit | Wood",
        "Tree: Apple; Fruit: eaten; Wood: burnt",
        "Tree: Apple; Fruit: pressed",
        "Tree: Apple; Fruit: sold",
    ]
    assert lines_of([[Cell("a"), Cell("b")], [Cell("", rows=9)], []]) == ["a | b"]
    assert lines_of([[Cell("a", columns=10**9, rows=10**9)], [Cell("b")]]) == ["a", "a"]


def test_dates() -> None:
    assert applies_from("It shall apply from 25 May 2032.") == "2032-05-25"
    assert (
        applies_from("This Regulation shall apply as from 1 June 2032. However, Article 2 shall not.") == "2032-06-01"
    )
    assert applies_from("Article 3 shall apply from 1 June 2032.") == ""
    assert applies_from("It shall apply from 31 June 2032.") == ""
    assert [iso_date(text) for text in ("20320501", "1.5.2032", "01/05/2032", "2032-13-01", "May")] == [
        "2032-05-01", "2032-05-01", "2032-05-01", "", "",
    ]  # fmt: skip
