"""Readers: bytes in, blocks out; which reader takes a file is decided by its content, never by its name."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers.decode import as_utf8
from pincite.ingest.readers.office.forms import ending_warning, office_form

__all__ = ["form_of", "read_bytes"]

Reader = Callable[[bytes], RawDocument]


def read_bytes(data: bytes, name: str) -> RawDocument:
    """Read the file `name` with the content `data`.

    Raises:
        DocumentError: if it is empty, of no known form or cannot be parsed; names the file.
    """
    if not data.strip():
        raise DocumentError(f"{name}: the file is empty")
    try:
        data, assumed = as_utf8(data)
        form, reader = _reader_for(data)
        raw = reader(data)
        return replace(raw, warnings=(*ending_warning(name, form), *assumed, *raw.warnings))
    except DocumentError as error:
        raise DocumentError(f"{name}: {error.message}", hint=error.hint) from error
    except Exception as error:
        # parsers of foreign files fail in as many ways as files can be broken: zlib.error, XMLSyntaxError, PdfiumError…
        raise DocumentError(f"{name}: {type(error).__name__}: {error}") from error


def form_of(data: bytes) -> str:
    """Return the name of the form that a file's content has ("pdf", "eurlex").

    Raises:
        DocumentError: if it is of no known form.
    """
    return _reader_for(as_utf8(data)[0])[0]


def _reader_for(data: bytes) -> tuple[str, Reader]:
    """Return the first form that knows the content, and its reader, which is imported only now."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    office = office_form(data)
    if office:
        return office, _load(f"office.{office}", f"read_{office}")
    for is_form, form, module, name in _FORMS:
        if is_form(data, head):
            return form, _load(module, name)
    if data[:4] == b"PK\x03\x04":
        raise DocumentError("a ZIP archive, but no known document", hint=_READABLE)
    if b"\x00" in data[:65536]:
        raise DocumentError("not a text, and no known document format", hint=_READABLE)
    return "text", _load("plain.text", "read_text")


def _load(module: str, name: str) -> Reader:
    return cast(Reader, getattr(importlib.import_module(f"pincite.ingest.readers.{module}"), name))


_READABLE = "Readable: DOCX, XLSX, ODT, RTF, PDF, Markdown, HTML, XML, EML, text."


def _is_pdf(data: bytes, head: bytes) -> bool:
    return b"%PDF-" in data[:1024]


def _is_articles_json(data: bytes, head: bytes) -> bool:
    return head[:1] == b"{" and b'"chapters"' in data and b'"articles"' in data


def _is_clml(data: bytes, head: bytes) -> bool:
    return b"<Legislation" in head and b"www.legislation.gov.uk/namespaces/legislation" in head


def _is_ecfr(data: bytes, head: bytes) -> bool:
    opens = re.search(
        rb"<DIV[1-9]\s[^>]*\bTYPE=[\"'](?:TITLE|SUBTITLE|CHAPTER|SUBCHAP|PART|SUBPART|SECTION)", data[:65536]
    )
    return opens is not None and b"<html" not in head.lower()


def _is_markup(data: bytes, head: bytes) -> bool:
    if b"\x00" in data[:65536]:
        return False
    head = re.sub(rb"\A(?:<!--.*?-->\s*)+", b"", head, flags=re.S)  # Markdown may begin with a comment, too
    opens = re.match(rb"<\?xml|<!doctype|<html|<[A-Za-z.]+[\s>]", head, re.I)
    return opens is not None or b"<body" in data[:65536].lower()


def _is_formex(data: bytes, head: bytes) -> bool:
    start = data[:4096]
    root = re.search(rb"<([A-Z][A-Z.]*)[\s>]", start)
    if root is None or b"<html" in start.lower() or not _is_markup(data, head):
        return False
    return b"formex" in start.lower() or (root.group(1) in _FORMEX_ROOTS and b"<BIB.INSTANCE" in data)


_FORMEX_ROOTS = {b"ACT", b"ANNEX", b"CONS.ACT", b"CONS.ANNEX", b"CONS.DOC"}
_EURLEX = re.compile(
    rb"""class=["'](?:oj-)?(?:doc-ti|ti-art)["']|class=["'](?:eli-subdivision|title-article-norm|title-doc-first)["']"""
)


def _is_eurlex(data: bytes, head: bytes) -> bool:
    return _is_markup(data, head) and _EURLEX.search(data) is not None


def _is_eurlex_plain(data: bytes, head: bytes) -> bool:
    return _is_markup(data, head) and re.search(rb"""<txt_te>|id=["']TexteOnly["']""", data, re.I) is not None


# a section's line in HTML: "<b>§ 59.1-576. Scope.</b>", "<h6>1798.100.</h6>"
_SECTION_LINE = re.compile(
    rb"<(?:h[1-6]|b|strong)\b[^<>]*>(?:\s|<[^<>]*>)*"
    rb"(?:(?:\xc2\xa7|&sect;|&#167;|&#xa7;)(?:\s|&nbsp;|&#160;)*\d[\w.:-]*\.\s|\d{3,5}(?:\.\d{1,4})+\.\s*<)",
    re.I,
)


def _is_statute(data: bytes, head: bytes) -> bool:
    return _is_markup(data, head) and _SECTION_LINE.search(data) is not None


# The first that says yes takes the file: the particular forms stand before the general ones.
_FORMS: tuple[tuple[Callable[[bytes, bytes], bool], str, str, str], ...] = (
    (_is_pdf, "pdf", "pdf.reader", "read_pdf"),
    (_is_articles_json, "articles_json", "eu.articles_json", "read_articles_json"),
    (_is_formex, "formex", "eu.formex", "read_formex"),
    (_is_eurlex, "eurlex", "eu.eurlex", "read_eurlex"),
    (_is_eurlex_plain, "eurlex_plain", "eu.plain", "read_eurlex_plain"),
    (_is_clml, "clml", "uk.clml", "read_clml"),
    (_is_ecfr, "ecfr", "us.ecfr", "read_ecfr"),
    (_is_statute, "statutes", "us.statutes", "read_statute"),
    (_is_markup, "markup", "web.markup", "read_markup"),
)
