"""Hostile files, made small and quickly; every name says what the file does to a reader that trusts it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass

from reportlab.pdfgen.canvas import Canvas

MB = 1024 * 1024


@dataclass(frozen=True)
class Member:
    """A deflated file in an archive."""

    name: str
    crc: int
    size: int
    packed: bytes


def repeated(name: str, before: bytes, chunk: bytes, times: int, after: bytes) -> Member:
    """Deflate `before + chunk * times + after`, the chunk only once: a full flush lets its blocks be repeated."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = deflate.compress(before) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(chunk) + deflate.flush(zlib.Z_FULL_FLUSH)
    tail = deflate.compress(after) + deflate.flush()
    crc = zlib.crc32(before)
    for _ in range(times):
        crc = zlib.crc32(chunk, crc)
    size = len(before) + len(chunk) * times + len(after)
    return Member(name, zlib.crc32(after, crc), size, head + block * times + tail)


def member(name: str, content: bytes) -> Member:
    return repeated(name, content, b"", 0, b"")


def archive(*members: Member) -> bytes:
    """Return a ZIP file with these members."""
    out = io.BytesIO()
    directory = b""
    for one in members:
        name = one.name.encode()
        facts = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 33, one.crc, len(one.packed), min(one.size, 0xFFFFFFFF), len(name), 0
        )
        directory += b"PK\x01\x02\x14\x00" + facts + struct.pack("<HHHII", 0, 0, 0, 0, out.tell()) + name
        out.write(b"PK\x03\x04" + facts + name + one.packed)
    start = out.tell()
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), start, 0)
    return out.getvalue() + directory + b"PK\x05\x06" + end


_TYPES = b"""<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/%s" ContentType="application/vnd.openxmlformats-officedocument.%s.main+xml"/></Types>"""
_RELATIONS = b"""<?xml version="1.0"?><Relationships
xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Target="%s"
Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s"/></Relationships>"""
_WORD = b'<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'


def docx(body: Member, *more: Member) -> bytes:
    """Return a Word document whose main part is `body`."""
    return archive(
        member("[Content_Types].xml", _TYPES % (b"word/document.xml", b"wordprocessingml.document")),
        member("_rels/.rels", _RELATIONS % (b"word/document.xml", b"officeDocument")),
        body,
        *more,
    )


def docx_of_two_gigabytes() -> bytes:
    opening = _WORD + b"<w:body><w:p><w:r><w:t>"
    chunk = b"all work and no play " * (16 * MB // 21)
    return docx(repeated("word/document.xml", opening, chunk, 128, b"</w:t></w:r></w:p></w:body></w:document>"))


def docx_with_a_gigabyte_of_types() -> bytes:
    body = member("word/document.xml", _WORD + b"<w:body/></w:document>")
    return archive(repeated("[Content_Types].xml", _TYPES[:22], b" " * (16 * MB), 64, b"<Types/>"), body)


def docx_nested() -> bytes:
    tables = b"<w:tbl><w:tr><w:tc>" * 40_000
    return docx(member("word/document.xml", _WORD + b"<w:body>" + tables + b"</w:body></w:document>"))


def docx_entities() -> bytes:
    declared = entities(b"lol").replace(b"<doc>", b"<doc xmlns='urn:x'>")
    return docx(member("word/document.xml", declared))


def zip_in_zips() -> bytes:
    inner = archive(repeated("zeros", b"", bytes(16 * MB), 4, b""))
    for depth in range(5):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
            for number in range(4):
                file.writestr(f"{depth}-{number}.zip", inner)
        inner = packed.getvalue()
    return inner


def xlsx(sheet: bytes) -> bytes:
    """Return a workbook with one sheet."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    workbook = b"""<?xml version="1.0"?><workbook xmlns="%s" xmlns:r="%s"><sheets>
        <sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>""" % (main, office)
    return archive(
        member("[Content_Types].xml", _TYPES % (b"xl/workbook.xml", b"spreadsheetml.sheet")),
        member("_rels/.rels", _RELATIONS % (b"xl/workbook.xml", b"officeDocument")),
        member("xl/workbook.xml", workbook),
        member("xl/_rels/workbook.xml.rels", _RELATIONS % (b"worksheets/sheet1.xml", b"worksheet")),
        member(
            "xl/worksheets/sheet1.xml", b'<?xml version="1.0"?><worksheet xmlns="%s">%s</worksheet>' % (main, sheet)
        ),
    )


def xlsx_huge_dimension() -> bytes:
    cells = b"".join(
        b'<row r="%d"><c r="%s%d" t="inlineStr"><is><t>Words in a far corner</t></is></c></row>' % (row, column, row)
        for row, column in ((1, b"A"), (1048576, b"XFD"))
    )
    return xlsx(b'<dimension ref="A1:XFD1048576"/><sheetData>' + cells + b"</sheetData>")


def entities(word: bytes) -> bytes:
    """Return XML whose one entity stands for a thousand million words."""
    lines = [b'<!ENTITY e0 "%s">' % word]
    lines += [b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10)]
    return b'<?xml version="1.0"?><!DOCTYPE doc [' + b"".join(lines) + b"]><doc><p>&e9;</p></doc>"


def entities_quadratic() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE doc [<!ENTITY a "' + b"a" * 100_000 + b'">]><doc><p>'
        + b"&a;" * 100_000 + b"</p></doc>"
    )  # fmt: skip


def external_entities(*addresses: str) -> bytes:
    declared = "".join(f'<!ENTITY x{n} SYSTEM "{address}">' for n, address in enumerate(addresses))
    used = "".join(f"<p>Words before &x{n}; and after.</p>" for n in range(len(addresses)))
    return f'<?xml version="1.0"?><!DOCTYPE doc SYSTEM "{addresses[-1]}" [{declared}]><doc>{used}</doc>'.encode()


def pdf(*objects: bytes) -> bytes:
    """Return a PDF of numbered objects, the first being the catalogue."""
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()


_CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"
_PAGE = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>"


def pdf_claiming_a_million_pages() -> bytes:
    return pdf(_CATALOGUE, b"<< /Type /Pages /Count 1000000 /Kids [3 0 R] >>", _PAGE)


def pdf_of_a_million_pages() -> bytes:
    return pdf(_CATALOGUE, b"<< /Type /Pages /Count 1000000 /Kids [" + b"3 0 R " * 1_000_000 + b"] >>", _PAGE)


def pdf_flate_bomb() -> bytes:
    """A page whose content takes two gigabytes when it is inflated."""
    chunk, check = bytes(16 * MB), 1
    for _ in range(128):
        check = zlib.adler32(chunk, check)
    packed = b"\x78\xda" + repeated("", b"", chunk, 128, b"").packed + struct.pack(">I", check)
    stream = b"<< /Filter /FlateDecode /Length %d >> stream\n%s\nendstream" % (len(packed), packed)
    page = _PAGE[:-3] + b" /Contents 4 0 R >>"
    return pdf(_CATALOGUE, b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page, stream)


def pdf_of_forms_in_forms() -> bytes:
    """A page that draws a form which draws the next one sixteen times, eight deep: four thousand million drawings."""
    forms = []
    for depth in range(8):
        draw = b"/F Do " * 16 if depth < 7 else b"BT /T 9 Tf (words) Tj ET"
        inner = b" /Resources << /XObject << /F %d 0 R >> >>" % (5 + depth) if depth < 7 else b""
        forms.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 99 99]%s /Length %d >> stream\n%s\nendstream"
            % (inner, len(draw), draw)
        )
    page = _PAGE[:-3] + b" /Resources << /XObject << /F 4 0 R >> >> /Contents %d 0 R >>" % (4 + len(forms))
    content = b"<< /Length 5 >> stream\n/F Do\nendstream"
    return pdf(_CATALOGUE, b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>", page, *forms, content)


def pdf_encrypted() -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt="secret")
    canvas.drawString(60, 700, "1.1 Words behind a password.")
    canvas.save()
    return out.getvalue()


def eml_nested(depth: int) -> bytes:
    lines = ["From: a@example.org", "Subject: Nested", "MIME-Version: 1.0"]
    for level in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="b{level}"', "", f"--b{level}"]
    lines += ["Content-Type: text/plain", "", "Words in the middle of it all."]
    lines += [f"--b{level}--" for level in reversed(range(depth))]
    return "\r\n".join(lines).encode()


def yaml_bomb() -> bytes:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return ("---\ntitle: *a9\n" + "\n".join(lines) + "\n---\n\n# T\n\n1.1 Words.\n").encode()
