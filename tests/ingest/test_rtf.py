"""RTF: characters, list numbers, headings, tables, notes, what is hidden; files that were cut off."""

import pytest

from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers import read_bytes

HEAD = (
    r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}"
    r"{\stylesheet{\s1 heading 1;}{\s2\sbasedon1 House;}{\s3 Title;}{\s0 Normal;}}"
)


def read(body: str, head: str = HEAD) -> RawDocument:
    return read_bytes((head + body + "}").encode("latin-1"), "a.rtf")


def texts(body: str) -> list[str]:
    return [block.text for block in read(body).blocks]


def test_characters() -> None:
    assert texts(r"Z\'fcge \u8211? \lquote a\rquote\~b\_c\-d \{x\} \u-10179?\u-8704?\par") == ["Züge – ‘a’ b-cd {x} 😀"]
    assert texts(r"{\f1 \'c4\'e0}{\uc2\u1071 ab}\u1071?c\par") == ["ДаЯЯc"]


def test_headings_by_style_or_outline() -> None:
    raw = read(
        r"\pard\s3 Ladders\par\pard\s1 One\par\pard\s2 Two\par\pard\outlinelevel1 Three\par\pard\s0 Words\line on\par"
    )
    assert [(b.text, b.level) for b in raw.blocks] == [
        ("Ladders", 1), ("One", 1), ("Two", 1), ("Three", 2), ("Words on", 0)
    ]  # fmt: skip
    assert raw.title == "Ladders"


def test_list_numbers_are_those_in_the_file() -> None:
    raw = read(
        r"\pard{\listtext\'b7\tab}dot\par\pard{\pntext 3.\tab}three\par\pard{\listtext (i)\tab}\ls9\ilvl1 deep\par"
    )
    assert [(b.text, b.item) for b in raw.blocks] == [("dot", True), ("3. three", False), ("(i) deep", False)]


def test_tables() -> None:
    row = r"\trowd\pard\intbl {}\cell {}\cell {}\cell\row "
    body = (
        row.format("Tree", "Who", "When") + row.format("Apple", r"Ada\par\intbl and Bea", "March") + r"\pard After\par"
    )
    assert texts(rf"\pard\s1 A\par\pard\s1 B\par{body}")[2:] == [
        "Tree | Who | When", "Tree: Apple; Who: Ada and Bea; When: March", "After"
    ]  # fmt: skip


def test_control_table_properties_and_margins_are_metadata() -> None:
    info = r"{\info{\title Ladders}{\author Ada}}{\*\userprops{\propname Version}\proptype30{\staticval 2.1}}"
    body = info + r"{\header Orchard\par Internal\par}\trowd\intbl Owner\cell Head\cell\row\pard w\par"
    raw = read(body)
    assert raw.metadata == {"version": "2.1", "owner": "Head", "classification": "Internal"}
    assert (raw.title, [b.text for b in raw.blocks]) == ("Ladders", ["Owner | Head", "w"])
    assert raw.left_out == {"headers and footers": 15}


def test_notes_fields_and_boxes() -> None:
    body = (
        r"Within 72 hours{\super\chftn}{\footnote\pard {\super\chftn} Of working days.}, see "
        r"{\field{\*\fldinst REF x}{\fldrslt 6.2}}.{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt Boxed.\par}}"
        r"{\shprslt twice}}\par"
    )
    assert texts(body) == ["Within 72 hours[1], see 6.2.", "[1] Of working days.", "Boxed."]


def test_hidden_and_deleted_text_comments_and_pictures() -> None:
    body = (
        r"Keep {\v secret}{\deleted ten}{\revised six}\v x\v0  years{\*\annotation Really?}{\pict 00ff}"
        r"{\*\unknown what}{\bin3 }}}}.\par"
    )
    raw = read(body)
    assert [b.text for b in raw.blocks] == ["Keep six years."]
    assert raw.left_out == {"hidden text": 7, "tracked deletions": 3, "comments": 7}
    assert raw.warnings == (
        "tracked changes read as accepted: 1 insertion(s) in, 1 deletion(s) of 3 characters out",
        "hidden text not read: 7 characters",
        "1 picture(s) not read",
    )


@pytest.mark.parametrize("body", [r"Words.\par{", r"Words.\par}"])
def test_braces_that_do_not_match(body: str) -> None:
    with pytest.raises(DocumentError, match=r"a\.rtf: its braces do not match"):
        read(body)


def test_many_braces_do_no_harm() -> None:
    assert texts("{" * 20_000 + "Deep." + "}" * 20_000 + r"\par") == ["Deep."]
