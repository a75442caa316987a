"""OpenDocument texts: list numbers, headings, tables, notes, what is hidden or tracked."""

import pytest

from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers import read_bytes
from tests.ingest.office import ODF, list_style, odt_of, packed

TEN = list_style("L", ("1", 'style:num-suffix="."'), ("a", 'style:num-suffix=")"'))


def read(body: str, automatic: str = "", styles: str = "", **parts: str) -> RawDocument:
    return read_bytes(odt_of(body, automatic, styles, **parts), "a.odt")


def texts(body: str, automatic: str = "", styles: str = "") -> list[str]:
    return [block.text for block in read(body, automatic, styles).blocks]


def item(words: str, attributes: str = "", inner: str = "") -> str:
    return f"<text:list-item {attributes}><text:p>{words}</text:p>{inner}</text:list-item>"


def listed(inner: str, attributes: str = "") -> str:
    return f'<text:list text:style-name="L" {attributes}>{inner}</text:list>'


def test_lists_count_nest_continue_and_begin_anew() -> None:
    deep = f"<text:list>{item('deep')}</text:list>"
    bare = "<text:list-header><text:p>bare</text:p></text:list-header>"
    body = (
        listed(item("one", inner=deep) + item("two<text:line-break/>(a) more") + bare, 'xml:id="x"')
        + "<text:p>between</text:p>"
        + listed(item("three"), 'text:continue-list="x"')
        + listed(item("first"))
        + listed(item("second") + item("ninth", 'text:start-value="9"'), 'text:continue-numbering="true"')
    )
    assert texts(body, TEN) == [
        "1. one", "a) deep", "2. two", "(a) more", "bare", "between", "3. three", "1. first", "2. second", "9. ninth"
    ]  # fmt: skip


def test_only_the_first_paragraph_of_an_entry_has_its_number() -> None:
    body = listed("<text:list-item><text:p>a</text:p><text:p>b</text:p></text:list-item>")
    assert texts(body, TEN) == ["1. a", "b"]


def test_forms_of_later_versions_and_bullets() -> None:
    styles = list_style("N", ("1", 'style:num-list-format="§ %1%"'), ("", 'text:bullet-char="•"'))
    inner = f"<text:list>{item('dot')}</text:list>"
    raw = read(f'<text:list text:style-name="N">{item("w", inner=inner)}</text:list>', styles)
    assert [(b.text, b.item) for b in raw.blocks] == [("§ 1 w", False), ("dot", True)]


def test_headings_are_numbered_by_the_outline() -> None:
    outline = (
        '<text:outline-style><text:outline-level-style text:level="1" style:num-format="1"/>'
        '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>'
    )
    title = '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
    heads = "".join(f'<text:h text:outline-level="{level}">h{level}</text:h>' for level in (1, 2, 2, 1))
    bare = '<text:h text:outline-level="1" text:is-list-header="true">bare</text:h>'
    raw = read(f'<text:p text:style-name="P1">Ladders</text:p>{heads}{bare}', title, outline)
    assert [(b.text, b.level) for b in raw.blocks] == [
        ("Ladders", 1), ("1 h1", 1), ("1.1 h2", 2), ("1.2 h2", 2), ("2 h1", 1), ("bare", 1)
    ]  # fmt: skip
    assert raw.title == "Ladders"


def test_spaces_tabs_notes_links_and_boxes() -> None:
    body = (
        "<text:p>One<text:s/>two<text:tab/><text:a>three</text:a><text:note><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>A note.</text:p></text:note-body></text:note><text:span>four</text:span>"
        "<draw:frame><draw:text-box><text:p>Boxed.</text:p></draw:text-box></draw:frame>"
        "<draw:frame><draw:image/></draw:frame></text:p>"
    )
    raw = read(body)
    assert [b.text for b in raw.blocks] == ["One two three[1]four", "[1] A note.", "Boxed."]
    assert raw.warnings == ("1 picture(s) not read",)


def test_hidden_and_deleted_text_comments_and_contents_are_left_out_and_counted() -> None:
    hidden = (
        '<style:style style:name="T1" style:family="text"><style:text-properties text:display="none"/></style:style>'
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><office:change-info/><text:p>twelve</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        "<text:table-of-content><text:p>Contents</text:p></text:table-of-content>"
        '<text:p>Keep six<text:span text:style-name="T1">secret</text:span> years'
        "<office:annotation><text:p>Really?</text:p></office:annotation>.</text:p>"
        '<text:section text:display="none"><text:p>gone</text:p></text:section>'
    )
    raw = read(body, hidden)
    assert [b.text for b in raw.blocks] == ["Keep six years."]
    assert raw.left_out == {"tracked deletions": 6, "table of contents": 8, "hidden text": 10, "comments": 7}
    assert raw.warnings == (
        "tracked changes read as accepted: 0 insertion(s) in, 1 deletion(s) of 6 characters out",
        "hidden text not read: 10 characters",
    )


def cell(words: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{words}</text:p></table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def test_tables() -> None:
    covered = "<table:covered-table-cell/>"
    head = row(cell("Tree"), cell("Work", 'table:number-columns-spanned="2"'), covered)
    body = (
        '<text:h text:outline-level="1">One</text:h><text:h text:outline-level="2">Two</text:h><table:table>'
        + f"<table:table-header-rows>{head}</table:table-header-rows>"
        + row(cell("Apple", 'table:number-rows-spanned="2"'), cell("Ada"), cell("March"))
        + row(covered, cell("Bea"), cell("May"))
        + row(cell("", 'table:number-columns-repeated="16384"'), attributes='table:number-rows-repeated="99999999"')
        + "</table:table>"
    )
    assert texts(body)[2:] == [
        "Tree | Work",
        "Tree: Apple; Work: Ada; Work: March",
        "Tree: Apple; Work: Bea; Work: May",
    ]


def test_control_table_properties_and_margins_are_metadata() -> None:
    meta = (
        f'<office:document-meta {ODF}><office:meta><meta:user-defined meta:name="Version">2.1</meta:user-defined>'
        "</office:meta></office:document-meta>"
    )
    margin = "<style:header><text:p>Orchard | Confidential</text:p></style:header>"
    table = f"<table:table><table:table-row>{cell('Owner')}{cell('Head')}</table:table-row></table:table>"
    raw = read(f"{table}<text:p>w</text:p>", "", margin, meta=meta)
    assert raw.metadata == {"version": "2.1", "owner": "Head", "classification": "Confidential"}
    assert raw.left_out == {"headers and footers": 22}


def test_encrypted_and_other_kinds_say_what_they_are() -> None:
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": b"\x01",
        "META-INF/manifest.xml": manifest,
    }
    with pytest.raises(DocumentError, match=r"a\.odt: an encrypted document"):
        read_bytes(packed(parts), "a.odt")
    with pytest.raises(DocumentError, match=r"a\.odt: an OpenDocument file of the kind .*spreadsheet"):
        read_bytes(packed({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "a.odt")
