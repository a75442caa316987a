"""Office files by content, wrong endings, and files made to do harm."""

import io
import struct
import zipfile

import pytest

from pincite.errors import DocumentError
from pincite.ingest.readers import read_bytes
from pincite.ingest.readers.office.archive import Archive
from tests.ingest.office import abstract, docx_of, docx_parts, num, odt_of, p, packed

WORDS = docx_of(p("Words."))


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.pdf", WORDS, "Word"),
        ("a.DOC.xlsx", WORDS, "Word"),
        ("a.docx", odt_of("<text:p>w</text:p>"), "OpenDocument text"),
        ("a.docx", rb"{\rtf1 w\par}", "RTF"),
        ("a.eml", b"# Title\n\nWords.\n", "text"),
        ("a.txt", b"<html><body><p>w</p></body></html>", "HTML or XML"),
        ("a.html", b"# Title\n\nWords.\n", "text"),
    ],
)  # fmt: skip
def test_a_wrong_ending_is_a_warning(name: str, data: bytes, found: str) -> None:
    ending = name[name.rindex(".") :]
    assert read_bytes(data, name).warnings == (f"named {ending} but its content is {found}; read as {found}",)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.docx", WORDS), ("a.DOTM", WORDS), ("a", WORDS), ("a.bin", WORDS), ("a.odt", odt_of("<text:p>w</text:p>")),
        ("a.md", b"# T\n\nw\n"), ("a.md.tmpl", b"# T\n\nw\n"), ("a.htm", b"<html><body><p>w</p></body></html>"),
        ("a.rtf", rb"{\rtf1 w\par}"), ("a.md", b"<div><p>w</p></div>"),
    ],
)  # fmt: skip
def test_right_and_unknown_endings_are_none(name: str, data: bytes) -> None:
    assert read_bytes(data, name).warnings == ()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        ("EncryptedPackage", "an encrypted Office document"),
        ("WordDocument", r"old binary form \(DOC\)"),
        ("Workbook", r"\(XLS\)"),
        ("PowerPoint Document", r"\(PPT\)"),
        ("__nameid_version1.0", r"\(MSG\)"),
        ("", "a compound file"),
    ],
)
def test_old_and_encrypted_documents_say_what_they_are(stream: str, message: str) -> None:
    with pytest.raises(DocumentError, match=rf"a\.doc: .*{message}") as caught:
        read_bytes(OLE + (stream or "x").encode("utf-16-le"), "a.doc")
    assert caught.value.hint


def test_the_form_is_what_the_archive_declares_not_what_its_parts_are_called() -> None:
    parts = docx_parts(p("Words."))
    moved = {name.replace("word/", "xl/"): str(content).replace("word/", "xl/") for name, content in parts.items()}
    assert [b.text for b in read_bytes(packed(moved), "a.docx").blocks] == ["Words."]
    other = {
        "[Content_Types].xml": str(parts["[Content_Types].xml"]).replace(
            "wordprocessingml.document", "presentationml.p"
        )
    }
    with pytest.raises(DocumentError, match="a PowerPoint presentation"):
        read_bytes(packed(parts | other), "a.pptx")


def forged(entries: list[tuple[str, bytes, int]]) -> bytes:
    """Return a ZIP whose directory declares sizes that are not those of the content."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, _ in entries:
            archive.writestr(name, content)
    data = bytearray(made.getvalue())
    at = 0
    for _, _, declared in entries:
        at = data.index(b"PK\x01\x02", at)
        data[at + 24 : at + 28] = struct.pack("<I", declared)
        at += 4
    return bytes(data)


def test_a_body_of_two_gigabytes_that_is_only_declared() -> None:
    with pytest.raises(DocumentError, match="the limit is"):
        Archive(forged([("word/document.xml", b"<x/>", 2 * 1024**3)]))


def test_a_body_larger_than_declared_is_not_read_on() -> None:
    archive = Archive(forged([("a.xml", bytes(8 * 1024 * 1024), 100)]))
    with pytest.raises(DocumentError, match=r"'a\.xml' is damaged"):
        archive.read("a.xml")


def test_a_part_that_grows_a_thousandfold() -> None:
    with pytest.raises(DocumentError, match=r"grows [0-9,]+-fold"):
        Archive(packed({"word/document.xml": bytes(16 * 1024 * 1024)}))


def test_a_part_over_the_limit_is_read_no_further() -> None:
    with pytest.raises(DocumentError, match="more than 1,000 bytes"):
        Archive(packed({"a": b"x" * 2000})).read("a", most=1000)


def test_more_parts_than_any_document_has() -> None:
    with pytest.raises(DocumentError, match="10,001 parts"):
        Archive(packed({f"{n}": b"" for n in range(10_001)}))


def test_a_part_that_is_loaded_whole_may_not_be_huge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pincite.ingest.readers.office.archive._MOST_XML", 1000)
    big = f"<x>{'y' * 2000}</x>"
    Archive(packed({"xl/worksheets/sheet1.xml": big})).check_for_others(streamed="xl/worksheets/")
    with pytest.raises(DocumentError, match=r"'xl/sharedStrings\.xml' holds more than 1,000 bytes"):
        Archive(packed({"xl/sharedStrings.xml": big})).check_for_others(streamed="xl/worksheets/")


def test_two_parts_of_one_name() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
        archive.writestr("Word/document.XML", "<b/>")
    with pytest.raises(DocumentError, match=r"2 parts of the same name 'word/document\.xml'"):
        Archive(made.getvalue())


def test_parts_that_overlap() -> None:
    data = bytearray(packed({"a": b"1234567890", "b": b"1234567890"}, zipfile.ZIP_STORED))
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[at + 42 : at + 46] = struct.pack("<I", 4)
    with pytest.raises(DocumentError, match=r"overlaps|not a whole"):
        Archive(bytes(data))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_office_documents_never_use(method: int) -> None:
    with pytest.raises(DocumentError, match="never use"):
        Archive(packed({"a": b"x" * 100}, method))


def test_an_encrypted_part() -> None:
    data = bytearray(packed({"a": b"x"}))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    with pytest.raises(DocumentError, match="is encrypted"):
        Archive(bytes(data))


def test_archives_within_archives_are_never_opened() -> None:
    inner = packed({"x": bytes(1024 * 1024)})
    parts = docx_parts(p("Words.")) | {"word/embeddings/a.zip": inner}
    assert [b.text for b in read_bytes(packed(parts), "a.docx").blocks] == ["Words."]


@pytest.mark.parametrize("entity", ['<!ENTITY e "lol">', '<!ENTITY e SYSTEM "file:///etc/hostname">'])
@pytest.mark.parametrize("part", ["word/document.xml", "word/_rels/document.xml.rels", "[Content_Types].xml"])
def test_document_types_in_parts_are_refused(entity: str, part: str) -> None:
    parts = docx_parts(p("&e;") if part == "word/document.xml" else p("w"))
    parts[part] = f"<!DOCTYPE x [{entity}]>{parts[part]}"
    with pytest.raises(DocumentError, match="declares a document type"):
        read_bytes(packed(parts), "a.docx")


def test_names_and_targets_cannot_lead_out_of_the_archive() -> None:
    parts = docx_parts(p("Words."))
    relations = "word/_rels/document.xml.rels"
    parts[relations] = str(parts[relations]).replace('"styles.xml"', '"../../../../etc/passwd"')
    parts["../../../../tmp/evil"] = "x"
    parts["/etc/passwd"] = "x"
    assert [b.text for b in read_bytes(packed(parts), "a.docx").blocks] == ["Words."]


@pytest.mark.parametrize("target", ["numbering.xml", "http://127.0.0.1:9/numbering.xml"])
def test_what_lies_outside_is_never_fetched(target: str) -> None:
    parts = docx_parts(p("Words.", 1), abstract(1, ("decimal", "%1.")) + num(1, 1))
    assert [b.text for b in read_bytes(packed(parts), "a.docx").blocks] == ["1. Words."]
    relations = "word/_rels/document.xml.rels"
    outside = f'Target="{target}" TargetMode="External"'
    parts[relations] = str(parts[relations]).replace('Target="numbering.xml"', outside)
    assert [b.text for b in read_bytes(packed(parts), "a.docx").blocks] == ["Words."]


def test_deep_nesting_in_a_part_ends_as_an_error() -> None:
    with pytest.raises(DocumentError, match=r"a\.docx"):
        read_bytes(docx_of("<w:sdt><w:sdtContent>" * 50_000), "a.docx")
    nested = "<w:tbl><w:tr><w:tc>" * 80 + p("Deep.") + "</w:tc></w:tr></w:tbl>" * 80
    assert [b.text for b in read_bytes(docx_of(nested), "a.docx").blocks] == ["Deep."]
