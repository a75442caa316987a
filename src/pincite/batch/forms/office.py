"""What workbooks and Word documents have in common: parts parsed for editing, and a package with one part replaced."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from lxml import etree

from pincite.batch.rows import Choice, Form, QuestionFileError
from pincite.errors import DocumentError
from pincite.ingest.readers.office.archive import Archive
from pincite.ingest.readers.office.ooxml import main_part

__all__ = ["Archive", "editable", "read_office", "repacked", "serialised"]


def read_office(data: bytes, choice: Choice) -> Form:
    """Read a ZIP-based office file by what its main part is.

    Raises:
        QuestionFileError: if it is neither a workbook nor a Word document.
        DocumentError: if it is damaged or made to do harm.
    """
    archive = Archive(data)
    main = main_part(archive)
    root = etree.QName(archive.xml(main)).localname
    if root == "workbook":
        from pincite.batch.forms.xlsx import XlsxForm

        return XlsxForm(data, archive, main, choice)
    if root == "document":
        from pincite.batch.forms.docx import DocxForm

        if choice.sheet:
            raise QuestionFileError("only workbooks have sheets", hint="Leave --sheet out.")
        return DocxForm(data, archive, main, choice)
    raise QuestionFileError("neither a workbook nor a Word document", hint="Read are .xlsx and .docx.")


def editable(archive: Archive, part: str) -> Any:
    """Return the root of a part with everything that stands in it, comments too; nothing is expanded or fetched."""
    archive.xml(part)  # refuses what must not be parsed
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(archive.read(part), parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"part {part!r} is not well-formed: {error}") from error


def serialised(root: Any) -> bytes:
    """Return a part's bytes as office programs write them."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def repacked(data: bytes, changed: dict[str, bytes]) -> bytes:
    """Return a package with some parts replaced; all others keep their content, order, names and dates."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as output:
        for entry in source.infolist():
            content = changed.get(entry.filename)
            output.writestr(entry, source.read(entry) if content is None else content, entry.compress_type)
    return target.getvalue()
