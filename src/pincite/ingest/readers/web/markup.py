"""Markup of no particular form through lxml: parses HTML and XML, and walks XML by its elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml import etree, html

from pincite.errors import DocumentError
from pincite.ingest.blocks import Block, RawDocument
from pincite.ingest.readers.trees import fold_entities
from pincite.ingest.readers.web.html import read_html_tree

__all__ = ["Walker", "read_markup"]

_SKIP = {
    "script",
    "style",
    "head",
    "nav",
    "noscript",
    "template",
    "svg",
    "button",
    "select",
    "iframe",
    "bib.instance",
    "note",
}
_INLINE = {
    "a", "abbr", "b", "bdo", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "label", "mark", "q", "s", "small",
    "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
    "ht", "quot.start", "quot.end", "date", "ft", "ref.doc", "ref.doc.oj", "ie", "no.doc.txt", "term",
    "citation", "emphasis",
    "addition", "substitution", "repeal", "commentaryref", "uppercase", "smallcaps", "abbreviation", "inlineamendment",
    "definition", "internallink", "externallink", "superior", "acronym",
}  # fmt: skip
# An enumeration's marker alone in its cell or element belongs to the text that follows it.
_MARKER = re.compile(r"(?:\(?(?:[a-z]{1,5}|[A-Z]{1,4}|\d{1,3}[a-z]?)\)|\d{1,3}\.)$")
_DASH = re.compile(r"[—–•-]$")
_HEADING = re.compile(r"h([1-6])$")


def read_markup(data: bytes) -> RawDocument:
    """Read HTML or XML; entities are not expanded, nothing is fetched.

    Raises:
        DocumentError: if it is not well-formed, nested too deeply or without text.
    """
    is_html = _is_html(data)
    try:
        if is_html:
            # bytes that lxml has no declared encoding for would be read as Latin-1
            encoding = None if re.search(rb"charset=|encoding=", data[:4096]) else "utf-8"
            html_parser = html.HTMLParser(encoding=encoding, huge_tree=False)
            root = html.document_fromstring(data, parser=html_parser)
            if any("xcessive depth" in entry.message for entry in html_parser.error_log):
                raise DocumentError("elements nested too deeply; what follows them cannot be read")
        else:
            parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
            root = etree.fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"not well-formed: {error}") from error
    entities = fold_entities(root)
    raw = read_html_tree(root) if is_html else _read_xml_tree(root)
    if not raw.blocks:
        raise DocumentError("no text found in the markup")
    if entities:
        raw = replace(raw, warnings=(*raw.warnings, f"{entities} entity reference(s) not expanded"))
    return raw


def _is_html(data: bytes) -> bool:
    head = data[:65536]
    if re.match(rb"[\xef\xbb\xbf\s]*<\?xml", head):
        return re.search(rb"<html|<!doctype html", head, re.I) is not None
    return re.search(rb"<html|<!doctype html|<body|<div|<p[ >]", head, re.I) is not None


def _read_xml_tree(root: Any) -> RawDocument:
    blocks = tuple(Walker().walk(root))
    notes = sum(1 for element in root.iter() if isinstance(element.tag, str) and _name(element) == "note")
    warnings: tuple[str, ...] = (f"{notes} footnote(s) not read",) if notes else ()
    uri = str(root.get("DocumentURI") or "")
    return RawDocument(blocks, "", {"uri": uri} if uri else {}, warnings)


def _name(element: Any) -> str:
    return str(etree.QName(element).localname).lower()


class Walker:
    """Turns the block elements below an element into blocks."""

    def __init__(self) -> None:
        self._buffer: list[str] = []
        self._level = 0
        self._item = False

    def walk(self, root: Any) -> Iterator[Block]:
        """Yield blocks; iterative, so that depth cannot exhaust the stack."""
        skipping: Any = None
        for action, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
            if action in ("comment", "pi"):
                if skipping is None:
                    self._buffer.append(element.tail or "")
                continue
            if not isinstance(element.tag, str):
                continue
            name = _name(element)
            if action == "start" and skipping is None:
                row = _data_row(element) if name == "tr" else ""
                if name in _SKIP or row:
                    skipping = element
                    if row:
                        yield from self._flush(force=True)
                        yield Block(row, row=True)
                    continue
                if name not in _INLINE:
                    yield from self._flush()
                    heading = _HEADING.match(name)
                    self._level = int(heading.group(1)) if heading else self._level
                    self._item = self._item or name == "li"
                if name in ("quot.start", "quot.end"):
                    self._buffer.append("‘" if name == "quot.start" else "’")
                self._buffer.append(element.text or "")
                if name == "br":
                    yield from self._flush()
            elif action == "end":
                if skipping is element:
                    skipping = None
                elif skipping is not None:
                    continue
                elif name == "pnumber":  # CLML states the number bare: 1 is "1.", a is "(a)"
                    number = "".join(self._buffer).strip(" .()")
                    if re.fullmatch(r"\d{1,3}|[a-z]{1,5}", number):
                        self._buffer[:] = [f"{number}. " if number.isdigit() else f"({number}) "]
                elif name not in _INLINE:
                    yield from self._flush()
                    if _HEADING.match(name):
                        self._level = 0
                    if name == "li":
                        self._item = False
                if element is not root:
                    self._buffer.append(element.tail or "")
        yield from self._flush(force=True)

    def _flush(self, force: bool = False) -> Iterator[Block]:
        text = " ".join("".join(self._buffer).split())
        if not text:
            self._buffer.clear()
            return
        if not force and (_MARKER.match(text) or _DASH.match(text)):
            self._buffer[:] = [text + " "]
            return
        self._buffer.clear()
        dash = re.match(r"[—–•-] ", text)
        yield Block(text[dash.end() :] if dash else text, level=self._level, item=self._item or bool(dash))


def _data_row(row: Any) -> str:
    """Return a data table's row as one line; "" for the layout tables that official HTML uses for points."""
    if next(row.iter("table", "{*}table"), None) is not None:
        return ""
    cells = [" ".join("".join(cell.itertext()).split()) for cell in row if isinstance(cell.tag, str)]
    filled = [cell for cell in cells if cell]
    if len(filled) < 2 or _MARKER.match(filled[0]) or _DASH.match(filled[0]):
        return ""
    return " | ".join(filled)
