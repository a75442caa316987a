"""EUR-Lex HTML of older acts: paragraphs without classes, in which only the words say what a line is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from lxml import etree

from pincite.domain.text import collapse
from pincite.errors import DocumentError
from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers.eu.act import ActWriter, is_annex, is_closing, is_division
from pincite.ingest.readers.eu.grid import Cell, lines_of
from pincite.ingest.readers.trees import fold_entities, html_tree, local_name, words_of

__all__ = ["read_eurlex_plain"]

_BREAKS = {"p", "br", "div", "li", "ul", "ol", "tr", "td", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "txt_te"}
_UNSEEN = {"script", "style", "head", "noscript"}
_PREAMBLE = re.compile(r"THE [A-Z ,]+,$|Having regard\b")
_ARTICLE = re.compile(r"Article (\d{1,3}[a-z]{0,2})$|(?:Sole|Single) Article$", re.I)
_RECITAL = re.compile(r"\((\d{1,3})\)\s+")
_PARAGRAPH = re.compile(r"(\d{1,3}[a-z]{0,2}\.)\s+")
_POINT = re.compile(r"(\(?(?:[a-z]{1,4}|\d{1,2})\)|[-–—])\s+")
_NOTE = re.compile(r"\((\*{0,3}\d{0,3})\)\s+(?=\S)")
# A digit or "Article" before the bracket makes it a paragraph number: "Article 15(1)", "paragraph (1)".
_NOTE_MARK = r"(?<=[^\s\d(]) ?\({0}\)|(?<=/\d\d) ?\({0}\)"
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx".split()


def read_eurlex_plain(data: bytes) -> RawDocument:
    """Read it: articles by their lines, recitals after "Whereas", points by the sequence of their letters.

    Raises:
        DocumentError: if it is nested too deeply or holds no text.
    """
    root = html_tree(data)
    entities = fold_entities(root)
    writer = ActWriter()
    body = _body(root, writer)
    reader = _Reader(writer, list(_lines(body)))
    reader.read()
    warnings = (f"{entities} entity reference(s) not expanded",) if entities else ()
    raw = writer.finish(_facts(root), warnings)
    if not raw.blocks:
        raise DocumentError("no text found in the act")
    return raw


def _body(root: Any, writer: ActWriter) -> Any:
    """Return the element that holds the act; count what the page shows around it."""
    body = root.find("body")
    body = root if body is None else body
    act = next((element for element in body.iter("div") if element.get("id") == "TexteOnly"), body)
    if act is not body:
        hidden = sum(len(words_of(element)) for element in body.iter("script", "style"))
        writer.left_out["page around the act"] += len(words_of(body)) - len(words_of(act)) - hidden
    return act


def _lines(body: Any) -> Iterator[tuple[str, bool]]:
    """Yield the lines of the act, and whether each is a row of a table."""
    buffer: list[str] = []
    skipping: Any = None
    for event, element in etree.iterwalk(body, events=("start", "end", "comment", "pi")):
        name = local_name(element)
        if skipping is not None and element is not skipping:
            continue
        if event == "start" and name == "table" and _is_data(element):
            yield collapse("".join(buffer)), False
            buffer.clear()
            for line in lines_of(_rows(element)):
                yield line, True
        if event == "start" and (name in _UNSEEN or (name == "table" and _is_data(element))):
            skipping = element
            continue
        skipping = None
        if name in _BREAKS:
            yield collapse("".join(buffer)), False
            buffer.clear()
        if event == "start":
            buffer.append(element.text or "")
        elif element is not body:
            buffer.append(element.tail or "")
    yield collapse("".join(buffer)), False


def _is_data(table: Any) -> bool:
    return any(sum(1 for cell in row if words_of(cell)) > 1 for row in table.iter("tr"))


def _rows(table: Any) -> Iterator[list[Cell]]:
    for row in table.iter("tr"):
        yield [Cell(words_of(cell), heads=local_name(cell) == "th") for cell in row if local_name(cell) in ("td", "th")]


class _Reader:
    def __init__(self, writer: ActWriter, lines: list[tuple[str, bool]]) -> None:
        self._writer = writer
        lines = [(text, row) for text, row in lines if text]
        self._notes, lines = _split_notes(lines)
        self._lines = _marked(lines, [number for number, _ in self._notes])
        self._levels: list[str] = []  # the letter or number of each open point
        self._whereas = False

    def read(self) -> None:
        """Give each line to the part of the act that it belongs to."""
        awaits_heading = False
        texts = dict(self._notes)
        for text, row, marks in self._lines:
            for mark in marks:
                self._writer.left_out["note marks"] += len(mark) + 2
            if row:
                self._writer.row(text)
            elif awaits_heading and _is_heading(text):
                self._writer.heading(text)
                awaits_heading = False
            else:
                awaits_heading = self._line(text)
            for mark in marks:
                if mark in texts:
                    self._writer.note(f"({mark})", texts.pop(mark))
        self._points(0)
        for mark, words in texts.items():
            self._writer.note(f"({mark})", words)

    def _line(self, text: str) -> bool:
        """Take a line; return whether the next one may be its heading."""
        writer = self._writer
        if writer.zone in ("title", "preamble") and not (
            _ARTICLE.match(text) or is_division(text) or (is_annex(text) and writer.zone != "title")
        ):
            self._preamble(text)
            return False
        if not writer.quoted:
            if _ARTICLE.match(text) or is_division(text) or (is_annex(text) and len(text) < 120):
                self._points(0)
                (writer.article if _ARTICLE.match(text) else writer.division if is_division(text) else writer.annex)(
                    text
                )
                return True
            if is_closing(text):
                self._points(0)
                writer.final()
        self._body(text)
        return False

    def _preamble(self, text: str) -> None:
        writer = self._writer
        if writer.zone == "title" and not _PREAMBLE.match(text):
            writer.title(text)
            return
        writer.preamble()
        recital = _RECITAL.match(text) if self._whereas else None
        if recital:
            writer.recital(recital.group().strip())
            text = text[recital.end() :]
        elif text.startswith("Whereas ") and len(text) > 20:  # before 1998: each recital begins so, without a number
            writer.recital("")
        elif re.match(r"Whereas:?$", text):
            self._whereas = True
        elif re.match(r"HA(?:S|VE) (?:ADOPTED|DECIDED)", text):
            writer.end_recital()
        writer.text(text)

    def _body(self, text: str) -> None:
        writer = self._writer
        paragraph = None if writer.quoted or writer.zone != "enacting" else _PARAGRAPH.match(text)
        point = None if paragraph or writer.zone == "final" else _POINT.match(text)
        if paragraph:
            self._points(0)
            writer.paragraph(paragraph.group(1))
            writer.text(text[paragraph.end() :])
        elif point:
            mark = point.group(1).strip("()")
            self._points(self._depth(mark))
            self._levels.append(mark)
            writer.enter(point.group(1))
            writer.text(text[point.end() :])
        else:
            self._points(0)
            writer.text(text)

    def _points(self, depth: int) -> None:
        """Leave open points until only `depth` are open."""
        while len(self._levels) > depth:
            self._levels.pop()
            self._writer.leave()

    def _depth(self, mark: str) -> int:
        """Return how many points stay open around one with this letter: it continues a list or begins one inside."""
        for depth in range(len(self._levels) - 1, -1, -1):
            if _follows(self._levels[depth], mark):
                return depth
        return len(self._levels)


def _follows(before: str, mark: str) -> bool:
    """Tell whether `mark` is the next in the list of `before`: b after a, ii after i, a dash after a dash."""
    if not mark.isalnum() or before.isdigit() != mark.isdigit():
        return not mark.isalnum() and not before.isalnum()
    if mark.isdigit():
        return int(mark) == int(before) + 1
    if before in _ROMAN and mark in _ROMAN and _ROMAN.index(mark) == _ROMAN.index(before) + 1:
        return True
    return len(before) == len(mark) == 1 and ord(mark) == ord(before) + 1


def _is_heading(text: str) -> bool:
    return len(text) <= 200 and text[-1] not in ".:;," and not _PARAGRAPH.match(text) and not _POINT.match(text)


def _split_notes(lines: list[tuple[str, bool]]) -> tuple[list[tuple[str, str]], list[tuple[str, bool]]]:
    """Return the notes, which stand at the end of these files, and the other lines."""
    at = len(lines)
    while at and _NOTE.match(lines[at - 1][0]) and not lines[at - 1][1]:
        at -= 1
    begins = max((i for i, (text, _) in enumerate(lines) if _ARTICLE.match(text)), default=-1)
    if at <= begins + 1:
        return [], lines  # numbered lines of an article, not notes
    notes = [(match.group(1), text[match.end() :]) for text, _ in lines[at:] if (match := _NOTE.match(text))]
    return notes, lines[:at]


def _marked(lines: list[tuple[str, bool]], numbers: list[str]) -> list[tuple[str, bool, list[str]]]:
    """Take the marks of the notes, which come in their order, out of the lines."""
    marked: list[tuple[str, bool, list[str]]] = []
    waiting = list(numbers)
    for text, row in lines:
        found: list[str] = []
        at = 0
        while waiting and (match := re.compile(_NOTE_MARK.format(re.escape(waiting[0]))).search(text, at)):
            text, at = text[: match.start()] + text[match.end() :], match.start()
            found.append(waiting.pop(0))
        marked.append((text, row, found))
    return marked


def _facts(root: Any) -> dict[str, str]:
    """Return what the page says of itself: CELEX number, address, issue of the Official Journal."""
    said = {str(meta.get("name")): str(meta.get("content") or "") for meta in root.iter("meta") if meta.get("name")}
    links = [unquote(link.get("href") or "") for link in root.iter("link") if link.get("rel") == "canonical"]
    celex = re.search(r"CELEX:([0-9A-Z()]+)", unquote(said.get("DC.identifier", "")))
    issue = re.match(r"Official Journal (\w+ \d+) ?, (\d\d/\d\d/\d{4})", said.get("DC.source", ""))
    return {
        "source": next(iter(links), said.get("DC.identifier", "")),
        "celex": celex.group(1) if celex else "",
        "version": f"OJ {issue.group(1)}, {issue.group(2)}" if issue else "",
    }
