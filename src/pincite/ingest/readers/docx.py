"""Word documents through python-docx: headings, paragraphs, lists and tables in body order."""

from __future__ import annotations

import io
import re
import zipfile

import docx
from docx.document import Document as DocxDocument
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph

from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.readers.text import split_numbered_lines, table_row

__all__ = ["read_docx"]

_MOST_BYTES = 256 * 1024 * 1024  # of the uncompressed parts; a policy is far smaller, a ZIP bomb is not


def read_docx(data: bytes) -> RawDocument:
    """Read a Word document; text boxes, comments and tracked deletions are not part of its body and are reported."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > _MOST_BYTES:
                raise DocumentError(f"its parts take {size:,} bytes when unpacked; the limit is {_MOST_BYTES:,}")
        document = docx.Document(io.BytesIO(data))
    except (PackageNotFoundError, zipfile.BadZipFile) as error:
        raise DocumentError(f"not a whole Word document: {error}") from error
    blocks: list[Block] = []
    control: dict[str, str] = {}
    for part in document.iter_inner_content():
        # tables before the first heading below the title state owner, version and the like, a pair to a row
        opening = not any(block.level for block in blocks[1:])
        if opening and not control and isinstance(part, Table):
            control = _pairs(part)
        blocks += _blocks(part, opening=opening)
    properties = document.core_properties
    title = next((block.text for block in blocks if block.level == 1), "") or properties.title or ""
    return RawDocument(tuple(blocks), title, control, _warnings(document))


def _blocks(part: Paragraph | Table, *, opening: bool) -> list[Block]:
    if isinstance(part, Paragraph):
        style = str(part.style.name if part.style is not None else "")
        match = re.fullmatch(r"[Hh]eading (\d)", style)
        level = min(int(match.group(1)), 6) if match else int(style == "Title")
        item = style.startswith("List")
        if level:
            return [Block(part.text.replace("\n", " "), level=level)]
        return [Block(line, item=item) for line in split_numbered_lines(part.text.split("\n"))]
    rows = [[" ".join(cell.text.split()) for cell in row.cells] for row in part.rows]
    if len(rows) < 2 or (len(rows[0]) <= 2 and (opening or not rows[0][0].istitle())):
        return [Block(table_row([], row), row=True) for row in rows]
    return [Block(table_row([], rows[0]), row=True), *(Block(table_row(rows[0], row), row=True) for row in rows[1:])]


def _pairs(table: Table) -> dict[str, str]:
    """Return a table's two-column pairs ("Owner | CISO") as metadata: intranet documents state it there."""
    pairs = {}
    for row in table.rows:
        cells = [" ".join(cell.text.split()) for cell in row.cells]
        for key, value in zip(cells[::2], cells[1::2], strict=False):
            pairs[key.lower().rstrip(":")] = value
    return pairs


def _warnings(document: DocxDocument) -> tuple[str, ...]:
    body = document.element.body
    found = []
    for name, tag in (("text box", "txbxContent"), ("tracked deletion", "del"), ("footnote", "footnoteReference")):
        count = len(body.xpath(f".//*[local-name()='{tag}']"))
        if count:
            found.append(f"{count} {name}(s) not read")
    return tuple(found)
