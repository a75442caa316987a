"""Readers: bytes in, blocks out; which reader takes a file is decided by its content, never by its name."""

from __future__ import annotations

import re
from collections.abc import Callable

from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument

__all__ = ["read_bytes"]

Reader = Callable[[bytes], RawDocument]


def read_bytes(data: bytes, name: str) -> RawDocument:
    """Read the file `name` with the content `data`.

    Raises:
        DocumentError: if it is empty, of no known form or cannot be parsed; names the file.
    """
    if not data.strip():
        raise DocumentError(f"{name}: the file is empty")
    try:
        data = _as_utf8(data)
        return _reader_for(data)(data)
    except DocumentError as error:
        raise DocumentError(f"{name}: {error.message}", hint=error.hint) from error
    except Exception as error:
        # parsers of foreign files fail in as many ways as files can be broken: zlib.error, XMLSyntaxError, PdfiumError…
        raise DocumentError(f"{name}: {type(error).__name__}: {error}") from error


def _as_utf8(data: bytes) -> bytes:
    """Return text in UTF-16 as UTF-8, without a declaration of the old encoding; everything else as it is."""
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return data
    text = data.decode("utf-16", errors="replace")
    return re.sub(r"""(?:encoding|charset)=["']?utf-16["']?""", "", text, count=1, flags=re.I).encode(
        "utf-8", "replace"
    )


def _reader_for(data: bytes) -> Reader:
    # each parser is imported only when a file needs it
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"%PDF-" in data[:1024]:
        from pincite.ingest.readers.pdf import read_pdf

        return read_pdf
    if data[:4] == b"PK\x03\x04":
        if b"word/" not in data:
            raise DocumentError(
                "a ZIP archive, but not a Word document", hint="Readable: DOCX, PDF, Markdown, HTML, XML, text."
            )
        from pincite.ingest.readers.docx import read_docx

        return read_docx
    if head[:1] == b"{" and b'"chapters"' in data and b'"articles"' in data:
        from pincite.ingest.readers.articles_json import read_articles_json

        return read_articles_json
    if b"\x00" in data[:65536]:
        raise DocumentError(
            "not a text, and no known document format", hint="Readable: DOCX, PDF, Markdown, HTML, XML, text."
        )
    if re.match(rb"<\?xml|<!--|<!doctype|<html|<[A-Za-z.]+[\s>]", head, re.I) or b"<body" in data[:65536].lower():
        from pincite.ingest.readers.markup import read_markup

        return read_markup
    from pincite.ingest.readers.text import read_text

    return read_text
