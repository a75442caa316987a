"""Word documents: the numbers that Word shows, headings by style, and what stands beside the body."""

import pytest

from pincite.domain.documents import Provision
from pincite.ingest.blocks import Block
from pincite.ingest.readers import read_bytes
from pincite.ingest.structure import build_tree
from tests.ingest.office import W, abstract, docx_of, docx_parts, num, p, packed, run, style, table

LEGAL = abstract(
    1, ("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"), ("lowerRoman", "(%4)"), ("upperLetter", "%5)")
)


def blocks(body: str, numbering: str = "", styles: str = "", **parts: str) -> list[Block]:
    return list(read_bytes(docx_of(body, numbering, styles, **parts), "a.docx").blocks)


def texts(body: str, numbering: str = "", styles: str = "", **parts: str) -> list[str]:
    return [block.text for block in blocks(body, numbering, styles, **parts)]


def nodes(body: str, numbering: str = "", styles: str = "", **parts: str) -> tuple[Provision, ...]:
    return build_tree(blocks(body, numbering, styles, **parts), "T")[1][1:]


def labels(body: str, numbering: str = "", styles: str = "", **parts: str) -> list[str]:
    return [node.label for node in nodes(body, numbering, styles, **parts)]


# -- automatic numbering -----------------------------------------------------------------------------------


def test_levels_count_and_begin_anew() -> None:
    body = (
        p("Purpose", 1)
        + p("Keepers prune.", 1, 1)
        + p("Keepers note:", 1, 1)
        + p("the tree;", 1, 2)
        + p("the day:", 1, 2)
        + p("in ink;", 1, 3)
        + p("in full;", 1, 3)
        + p("the tool.", 1, 2)
        + p("Scope", 1)
        + p("All orchards.", 1, 1)
        + p("of which:", 1, 2)
    )
    got = blocks(body, LEGAL + num(1, 1))
    assert [b.text for b in got] == [
        "1. Purpose", "1.1 Keepers prune.", "1.2 Keepers note:", "(a) the tree;", "(b) the day:", "(i) in ink;",
        "(ii) in full;", "(c) the tool.", "2. Scope", "2.1 All orchards.", "(a) of which:",
    ]  # fmt: skip
    made = nodes(body, LEGAL + num(1, 1))
    assert [n.label for n in made] == [
        "1", "1.1", "1.2", "1.2(a)", "1.2(b)", "1.2(b)(i)", "1.2(b)(ii)", "1.2(c)", "2", "2.1", "2.1(a)"
    ]  # fmt: skip
    assert [n.heading for n in made if n.heading] == ["Purpose", "Scope"]


@pytest.mark.parametrize(
    ("form", "text", "shown"),
    [
        ("decimal", "%1)", ["1)", "2)", "3)"]),
        ("decimalZero", "%1.", ["01.", "02.", "03."]),
        ("lowerLetter", "%1.", ["a.", "b.", "c."]),
        ("upperLetter", "%1.", ["A.", "B.", "C."]),
        ("lowerRoman", "%1.", ["i.", "ii.", "iii."]),
        ("upperRoman", "%1 -", ["I -", "II -", "III -"]),
        ("ordinal", "%1", ["1st", "2nd", "3rd"]),
        ("ordinalText", "%1", ["First", "Second", "Third"]),
        ("cardinalText", "%1:", ["One:", "Two:", "Three:"]),
        ("decimal", "Article %1", ["Article 1", "Article 2", "Article 3"]),
    ],
)
def test_formats(form: str, text: str, shown: list[str]) -> None:
    got = texts(p("w.", 1) * 3, abstract(1, (form, text)) + num(1, 1))
    assert got == [f"{number} w." for number in shown]


def test_letters_after_z_are_doubled() -> None:
    got = texts(p("w.", 1) * 29, abstract(1, ("lowerLetter", "(%1)")) + num(1, 1))
    assert [text.split()[0] for text in got[25:]] == ["(z)", "(aa)", "(bb)", "(cc)"]


def test_an_unknown_format_is_reported() -> None:
    raw = read_bytes(docx_of(p("w.", 1), abstract(1, ("hebrew1", "%1.")) + num(1, 1)), "a.docx")
    assert [b.text for b in raw.blocks] == ["1. w."]
    assert raw.warnings == ("numbers of the format hebrew1 read as digits",)


def test_two_instances_of_one_definition_count_on_and_an_override_begins_anew() -> None:
    lists = abstract(1, ("decimal", "%1.")) + num(1, 1) + num(2, 1)
    restart = num(3, 1, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride>')
    body = p("a", 1) + p("b", 2) + p("c", 3) + p("d", 3) + p("e", 1)
    assert texts(body, lists + restart) == ["1. a", "2. b", "7. c", "8. d", "9. e"]


def test_an_override_may_replace_a_level() -> None:
    own = (
        '<w:lvlOverride w:ilvl="0"><w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="upperRoman"/>'
        '<w:lvlText w:val="%1)"/></w:lvl></w:lvlOverride>'
    )
    assert texts(p("a", 1) + p("b", 1), abstract(1, ("decimal", "%1.")) + num(1, 1, own)) == ["III) a", "IV) b"]


def test_start_restart_and_legal_numbering() -> None:
    never = ("decimal", "%2.", '<w:lvlRestart w:val="0"/>')
    body = p("a", 1) + p("b", 1, 1) + p("c", 1) + p("d", 1, 1)
    assert texts(body, abstract(1, ("decimal", "%1)", '<w:start w:val="4"/>'), never) + num(1, 1)) == [
        "4) a", "1. b", "5) c", "2. d"
    ]  # fmt: skip
    legal = ("decimal", "%1.%2", "<w:isLgl/>")
    assert texts(body, abstract(1, ("upperRoman", "%1."), legal) + num(1, 1)) == ["I. a", "1.1 b", "II. c", "2.1 d"]


def test_a_level_restarts_only_after_the_level_it_names() -> None:
    third = ("lowerLetter", "(%3)", '<w:lvlRestart w:val="1"/>')
    levels = abstract(1, ("decimal", "%1."), ("decimal", "%1.%2"), third) + num(1, 1)
    body = p("A", 1) + p("b", 1, 1) + p("c", 1, 2) + p("d", 1, 1) + p("e", 1, 2) + p("F", 1) + p("g", 1, 2)
    assert texts(body, levels) == ["1. A", "1.1 b", "(a) c", "1.2 d", "(b) e", "2. F", "(a) g"]


def test_numbers_come_through_styles_and_zero_takes_them_away() -> None:
    styles = (
        style("N", "Normal", default=True)
        + style("H1", "heading 1", "N", '<w:numPr><w:numId w:val="1"/></w:numPr>')
        + style("H2", "heading 2", "H1", '<w:numPr><w:ilvl w:val="1"/></w:numPr>')
        + style("Custom", "House clause", "H2")
        + style("Para", "Numbered para", "N", '<w:numPr><w:ilvl w:val="2"/><w:numId w:val="1"/></w:numPr>')
    )
    levels = abstract(
        1, ("decimal", "%1", '<w:pStyle w:val="H1"/>'), ("decimal", "%1.%2"), ("lowerLetter", "(%3)")
    ) + num(1, 1)
    body = (
        p("One", style="H1")
        + p("Two", style="H2")
        + p("Three", style="Custom")
        + p("words.", style="Para")
        + p("Bare", 0, style="H2")
        + p("Four", style="H2")
    )
    got = blocks(body, levels, styles)
    assert [(b.text, b.level) for b in got] == [
        ("1 One", 1), ("1.1 Two", 2), ("1.2 Three", 2), ("(a) words.", 0), ("Bare", 2), ("1.3 Four", 2)
    ]  # fmt: skip
    assert labels(body, levels, styles)[:4] == ["1", "1.1", "1.2", "1.2(a)"]


def test_the_level_of_a_style_is_the_one_that_names_it() -> None:
    styles = style("A", "Clause", "", '<w:numPr><w:numId w:val="1"/></w:numPr>') + style(
        "B", "Sub clause", "", '<w:numPr><w:numId w:val="1"/></w:numPr>'
    )
    levels = abstract(
        1, ("decimal", "%1.", '<w:pStyle w:val="A"/>'), ("decimal", "%1.%2.", '<w:pStyle w:val="B"/>')
    ) + num(1, 1)
    assert texts(p("x", style="A") + p("y", style="B"), levels, styles) == ["1. x", "1.1. y"]


def test_a_link_to_a_numbering_style_is_followed() -> None:
    numbering_style = (
        '<w:style w:type="numbering" w:styleId="L"><w:name w:val="House list"/><w:pPr><w:numPr><w:numId w:val="9"/>'
        "</w:numPr></w:pPr></w:style>"
    )
    lists = (
        abstract(1, head='<w:numStyleLink w:val="L"/>')
        + abstract(2, ("upperLetter", "%1."), head='<w:styleLink w:val="L"/>')
        + num(1, 1)
        + num(9, 2)
    )
    assert texts(p("x", 1) + p("y", 1), lists, numbering_style) == ["A. x", "B. y"]


def test_bullets_are_items_and_lists_of_one_style_stand_beside_each_other() -> None:
    lists = (
        abstract(1, ("bullet", "\uf0b7")) + abstract(2, ("lowerLetter", "(%1)")) + abstract(3, ("lowerLetter", "%1."))
    )
    body = p("1.1 Tools:") + p("saw", 1) + p("oil", 2) + p("cloth", 2) + p("Then:") + p("clean", 3) + p("dry", 3)
    got = blocks(body, lists + num(1, 1) + num(2, 2) + num(3, 3))
    assert [(b.text, b.item) for b in got][1:3] == [("saw", True), ("(a) oil", False)]
    made = build_tree([Block("1. Care", level=1), *got], "T")[1]
    assert [n.label for n in made[2:]] == ["1.1", "1.1(a)", "1.1(b)", "1.1(a)", "1.1(b)"]


def test_an_entry_above_which_nothing_stands_counts_as_if_it_did() -> None:
    body = p("deep", 1, 1) + p("next", 1) + p("deep", 1, 1)
    assert texts(body, LEGAL + num(1, 1)) == ["1.1 deep", "2. next", "2.1 deep"]


def test_empty_numbered_paragraphs_count_as_word_counts_them() -> None:
    assert texts(p("a", 1) + p("", 1) + p("c", 1), abstract(1, ("decimal", "%1.")) + num(1, 1)) == ["1. a", "3. c"]


def test_automatic_articles() -> None:
    lists = abstract(1, ("decimal", "Article %1"), ("decimal", "%2.")) + num(1, 1)
    styles = style("H1", "heading 1")
    body = p("Scope", 1, style="H1") + p("Orchards.", 1, 1) + p("Notice", 1, style="H1") + p("At once.", 1, 1)
    assert labels(body, lists, styles) == ["Art. 1", "Art. 1(1)", "Art. 2", "Art. 2(1)"]


# -- headings ----------------------------------------------------------------------------------------------


def test_headings_by_style_its_base_or_outline_level() -> None:
    styles = (
        style("berschrift1", "heading 1")
        + style("Haus", "Hausüberschrift", "berschrift1")
        + style("O", "Abschnitt", "", '<w:outlineLvl w:val="2"/>')
        + style("T", "Title")
    )
    outline = '<w:outlineLvl w:val="1"/>'
    body = (
        p("Obst", style="T")
        + p("Eins", style="berschrift1")
        + p("Zwei", style="Haus")
        + p("Drei", style="O")
        + p("Vier", properties=outline)
        + p("Text.", properties='<w:outlineLvl w:val="9"/>', style="Haus")
    )
    got = read_bytes(docx_of(body, "", styles), "a.docx")
    assert [(b.text, b.level) for b in got.blocks] == [
        ("Obst", 1), ("Eins", 1), ("Zwei", 1), ("Drei", 3), ("Vier", 2), ("Text.", 0)
    ]  # fmt: skip
    assert got.title == "Obst"


def test_only_the_first_heading_is_the_title() -> None:
    styles = style("T", "Title") + style("H1", "heading 1")
    body = p("Ladders", style="T") + p("Purpose", style="H1") + p("Climb with care.")
    made = nodes(body, "", styles)
    assert [(n.kind.value, n.heading) for n in made] == [("heading", "Purpose")]


# -- runs --------------------------------------------------------------------------------------------------


def test_characters_that_are_elements() -> None:
    body = p(
        "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:noBreakHyphen/><w:t>c</w:t><w:softHyphen/><w:t>d</w:t>"
        '<w:sym w:font="Wingdings" w:char="F0FE"/><w:sym w:font="Symbol" w:char="F0B3"/><w:t>5</w:t></w:r>'
    )
    assert [text.split() for text in texts(body)] == [["a", "b-cd☑≥5"]]


def test_line_breaks_part_only_what_begins_with_a_number() -> None:
    assert texts(p("<w:r><w:t>Keep:</w:t><w:br/><w:t>(a) oil;</w:t><w:br/><w:t>and rags</w:t></w:r>")) == [
        "Keep:", "(a) oil; and rags"
    ]  # fmt: skip


def test_an_unknown_symbol_is_reported() -> None:
    raw = read_bytes(docx_of(p('<w:r><w:t>x </w:t><w:sym w:font="Webdings" w:char="F021"/></w:r>')), "a.docx")
    assert [b.text for b in raw.blocks] == ["x \ufffd"]
    assert raw.warnings == ("1 symbol without a known character(s) not read",)


def field(instruction: str, result: str) -> str:
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f"<w:r><w:instrText>{instruction}</w:instrText></w:r>"
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run(result)}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def test_results_of_fields_are_text_and_instructions_are_not() -> None:
    simple = f'<w:fldSimple w:instr="REF x">{run("6.2")}</w:fldSimple>'
    inner = field("REF _Ref1 \\h", "4.1")
    outer = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>IF </w:instrText></w:r>'
        + field("DOCVARIABLE secret", "never")
        + '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        + run("yes")
        + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    assert texts(p(run("See ") + inner + run(" and ") + simple + run(" or ") + outer)) == ["See 4.1 and 6.2 or yes"]


def test_a_field_that_never_ends_is_reported() -> None:
    raw = read_bytes(docx_of(p("Seen.") + p('<w:r><w:fldChar w:fldCharType="begin"/></w:r>' + run("lost"))), "a.docx")
    assert [b.text for b in raw.blocks] == ["Seen."]
    assert raw.warnings == ("a field never ends: 4 characters not read",)


def test_links_content_controls_and_formulas_are_text() -> None:
    body = (
        f"<w:sdt><w:sdtContent>{p('In a control.')}</w:sdtContent></w:sdt>"
        + p(
            f'<w:hyperlink r:id="x">{run("A link")}</w:hyperlink>'
            f"<w:sdt><w:sdtContent>{run(' here')}</w:sdtContent></w:sdt>"
        )
        + p(
            "<m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath>"
        )
    )
    assert texts(body) == ["In a control.", "A link here", "ab"]


def test_tracked_changes_are_read_as_accepted_and_reported() -> None:
    deleted = "<w:del><w:r><w:delText>twelve</w:delText></w:r></w:del>"
    body = p(run("Keep for ") + deleted + f"<w:ins>{run('six')}</w:ins>" + run(" years."))
    body += "<w:tbl><w:tr><w:tc><w:p/></w:tc><w:tc><w:p/></w:tc></w:tr><w:tr><w:trPr><w:del/></w:trPr><w:tc>"
    body += p("gone row") + "</w:tc><w:tc><w:p/></w:tc></w:tr></w:tbl>"
    raw = read_bytes(docx_of(body), "a.docx")
    assert [b.text for b in raw.blocks] == ["Keep for six years."]
    assert raw.warnings == ("tracked changes read as accepted: 1 insertion(s) in, 2 deletion(s) of 14 characters out",)
    assert raw.left_out == {"tracked deletions": 14}


def test_a_deleted_paragraph_mark_joins_and_is_not_counted() -> None:
    gone = "<w:rPr><w:del/></w:rPr>"
    lists = abstract(1, ("decimal", "%1.")) + num(1, 1)
    body = p("a", 1) + p("first half, ", 1, properties=gone) + p("second half", 1) + p("c", 1)
    assert texts(body, lists) == ["1. a", "2. first half, second half", "3. c"]


def test_hidden_text_is_left_out_and_reported() -> None:
    styles = style("Secret", "Secret", run="<w:vanish/>")
    body = (
        p(run("Seen") + run(" unseen", "<w:vanish/>") + run(" again", '<w:vanish w:val="0"/>'))
        + p("hidden by its style", style="Secret")
        + p(run("but", '<w:vanish w:val="false"/>'), style="Secret")
    )
    raw = read_bytes(docx_of(body, "", styles), "a.docx")
    assert [b.text for b in raw.blocks] == ["Seen again", "but"]
    assert raw.warnings == ("hidden text not read: 26 characters",)
    assert raw.left_out == {"hidden text": 26}


# -- beside the body -----------------------------------------------------------------------------------------


def test_notes_stand_behind_the_paragraph_that_refers_to_them() -> None:
    refers = '<w:r><w:footnoteReference w:id="{}"/></w:r>'
    notes = "".join(
        f'<w:footnote w:id="{key}">{p(run(text))}</w:footnote>' for key, text in ((1, "Of trees."), (2, "Of tools."))
    )
    ends = f'<w:endnote w:id="1">{p("See the annex.")}</w:endnote>'
    body = (
        p(run("Prune") + refers.format(2) + run(" and note") + refers.format(1) + run("."))
        + p(run("After.") + '<w:r><w:endnoteReference w:id="1"/></w:r>')
        + p("Last.")
    )
    assert texts(body, footnotes=notes, endnotes=ends) == [
        "Prune[1] and note[2].", "[1] Of tools.", "[2] Of trees.", "After.[i]", "[i] See the annex.", "Last.",
    ]  # fmt: skip


def test_text_boxes_are_read_once() -> None:
    inner = f"<w:txbxContent>{p('In the box.')}</w:txbxContent>"
    drawn = (
        f"<mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>{inner}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{inner}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent>"
    )
    old = f"<w:pict><v:textbox>{inner}</v:textbox></w:pict>"
    assert texts(p(f"{run('Before.')}<w:r>{drawn}</w:r>") + p(f"<w:r>{old}</w:r>")) == [
        "Before.", "In the box.", "In the box."
    ]  # fmt: skip


def test_margins_and_comments_are_counted_and_a_classification_there_is_kept() -> None:
    header = p("Orchard Ltd - Strictly Confidential")
    comments = f'<w:comment w:id="1">{p("Really?")}</w:comment>'
    raw = read_bytes(docx_of(p("Words."), header1=header, footer1=p("Page 1"), comments=comments), "a.docx")
    assert [b.text for b in raw.blocks] == ["Words."]
    assert raw.metadata == {"classification": "Strictly Confidential"}
    assert raw.left_out == {"headers and footers": 41, "comments": 7}


def test_the_control_table_goes_before_the_margins() -> None:
    control = table(("Owner", "Head"), ("Classification", "Internal"))
    raw = read_bytes(docx_of(control + p("Words."), header1=p("PUBLIC")), "a.docx")
    assert raw.metadata == {"owner": "Head", "classification": "Internal"}


def test_a_history_of_versions_is_no_control_table() -> None:
    history = table(("Version", "Date", "Author"), ("1.0", "2031-01-01", "Ada"), ("2.0", "2032-01-01", "Bea"))
    raw = read_bytes(docx_of(history + p("Words.")), "a.docx")
    assert raw.metadata == {}
    assert [b.text for b in raw.blocks][2] == "Version: 2.0; Date: 2032-01-01; Author: Bea"


def test_a_row_of_values_below_headings_is_a_control_table() -> None:
    raw = read_bytes(docx_of(table(("Owner", "Version", "Effective date"), ("Head", "2.1", "2031-05-01"))), "a.docx")
    assert raw.metadata == {"owner": "Head", "version": "2.1", "effective date": "2031-05-01"}


def test_pairs_side_by_side_are_no_column_headings() -> None:
    raw = read_bytes(
        docx_of(table(("Owner", "Head", "Version", "2"), ("Status", "Final", "Title", "Ladders"))), "a.docx"
    )
    assert [b.text for b in raw.blocks] == ["Owner | Head | Version | 2", "Status | Final | Title | Ladders"]
    assert raw.metadata == {"owner": "Head", "version": "2", "status": "Final", "title": "Ladders"}


def test_merged_cells_and_two_rows_of_headings() -> None:
    wide = '<w:tcPr><w:gridSpan w:val="2"/></w:tcPr>'
    down, goes_on = '<w:tcPr><w:vMerge w:val="restart"/></w:tcPr>', "<w:tcPr><w:vMerge/></w:tcPr>"
    made = table(
        (f"{down}Tree", f"{wide}Work"), (goes_on, "Who", "When"), (f"{down}Apple", "Ada", "March"),
        (goes_on, "Bea", "May"), ("Pear", f"{wide}never"),
    ).replace("<w:tr>", "<w:tr><w:trPr><w:tblHeader/></w:trPr>", 2)  # fmt: skip
    body = p("Care", properties='<w:outlineLvl w:val="0"/>') + p("Now", properties='<w:outlineLvl w:val="1"/>') + made
    assert texts(body)[2:] == [
        "Tree | Work", "Tree | Who | When", "Tree: Apple; Work Who: Ada; Work When: March",
        "Tree: Apple; Work Who: Bea; Work When: May", "Tree: Pear; Work Who / Work When: never",
    ]  # fmt: skip


def test_numbers_in_cells_nested_tables_and_frames_of_one_cell() -> None:
    lists = abstract(1, ("decimal", "%1.")) + num(1, 1)
    nested = f"<w:tbl><w:tr><w:tc>{p('in')}</w:tc><w:tc>{p('side')}</w:tc></w:tr></w:tbl>"
    cell = p("first", 1) + p("second", 1) + nested + "<w:p/>"
    body = table(("Left", cell)) + table((p("third", 1) + p("fourth", 1),))
    assert texts(body, lists) == ["Left | 1. first 2. second in | side", "3. third", "4. fourth"]


def test_a_table_of_contents_is_left_out() -> None:
    styles = style("TOC1", "toc 1")
    control = (
        '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
        f"<w:sdtContent>{p('Contents')}</w:sdtContent></w:sdt>"
    )
    raw = read_bytes(docx_of(control + p("1. Purpose 3", style="TOC1") + p("Words."), "", styles), "a.docx")
    assert [b.text for b in raw.blocks] == ["Words."]
    assert raw.left_out == {"table of contents": 20}


def test_pictures_objects_and_embedded_documents_are_reported() -> None:
    body = p(run("Words.") + "<w:r><w:pict><v:imagedata/></w:pict></w:r>")
    raw = read_bytes(docx_of(body + '<w:altChunk r:id="x"/>'), "a.docx")
    assert raw.warnings == ("1 embedded document(s) (altChunk) not read", "1 picture(s) not read")


def test_strict_documents_and_templates_are_documents() -> None:
    parts = docx_parts(p("Words."))
    strict = {
        name: str(content)
        .replace(W, "http://purl.oclc.org/ooxml/wordprocessingml/main")
        .replace("http://schemas.openxmlformats.org/officeDocument/2006", "http://purl.oclc.org/ooxml/officeDocument")
        .replace("document.main+xml", "template.main+xml")
        for name, content in parts.items()
    }
    assert [b.text for b in read_bytes(packed(strict), "a.dotx").blocks] == ["Words."]


def test_properties_state_version_and_custom_fields() -> None:
    parts = docx_parts(p("Words."))
    parts["_rels/.rels"] = str(parts["_rels/.rels"]).replace(
        "</Relationships>",
        '<Relationship Id="c" Type="x/custom-properties" Target="docProps/custom.xml"/>'
        '<Relationship Id="k" Type="x/core-properties" Target="docProps/core.xml"/></Relationships>',
    )
    parts["docProps/core.xml"] = "<c><title>Ladders</title><version>3.2</version><creator>Ada</creator></c>"
    parts["docProps/custom.xml"] = '<p><property name="Effective Date"><v>2031-05-01</v></property></p>'
    raw = read_bytes(packed(parts), "a.docx")
    assert (raw.title, raw.metadata) == ("Ladders", {"version": "3.2", "effective date": "2031-05-01"})
