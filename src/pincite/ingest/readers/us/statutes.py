"""A state's code as its legislature publishes it in HTML: the part of the page that holds the sections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lxml import etree, html

from pincite.ingest.blocks import RawDocument
from pincite.ingest.readers.web.markup import Walker, read_markup

__all__ = ["read_statute"]

_SECTION = re.compile(r"§\s*\d[\w.:–-]*\.(?:\s|$)|\d{3,5}(?:\.\d{1,4})+\.$")
_DIVISION = re.compile(r"(?:SUBTITLE|TITLE|DIVISION|SUBCHAPTER|CHAPTER|SUBPART|PART|ARTICLE) [\dIVXLC]", re.I)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_MOST_HEADINGS = 1500  # characters of the headings of divisions above the sections
_UNSEEN = {"script", "style", "head", "template", "noscript"}


def read_statute(data: bytes) -> RawDocument:
    """Read the sections of a statute; menus, forms and notices around them are counted as navigation."""
    encoding = None if re.search(rb"charset=|encoding=", data[:4096]) else "utf-8"
    root = html.document_fromstring(data, parser=html.HTMLParser(encoding=encoding, huge_tree=False))
    lines = [element for element in root.iter(*_HEADINGS, "b", "strong") if _SECTION.match(_text(element))]
    if not lines:
        return read_markup(data)
    body = _body(lines)
    blocks = tuple(Walker().walk(body))
    kept = sum(len("".join(block.text.split())) for block in blocks)
    seen = sum(len("".join(part.split())) for part in _visible(root))
    left_out = {"navigation": seen - kept} if seen > kept else {}
    return RawDocument(blocks, left_out=left_out)


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _visible(root: Any) -> list[str]:
    parts: list[str] = []
    skipping: Any = None
    for action, element in etree.iterwalk(root, events=("start", "end")):
        if skipping is None and action == "start":
            if not isinstance(element.tag, str) or element.tag in _UNSEEN:
                skipping = element
            else:
                parts.append(element.text or "")
        elif action == "end":
            if skipping is element:
                skipping = None
            if skipping is None and element is not root:
                parts.append(element.tail or "")
    return parts


def _body(lines: Sequence[Any]) -> Any:
    """Return the smallest element around all section lines, their words and the headings of their divisions."""
    above = [[*line.iterancestors()][::-1] for line in lines]
    body = above[0][0]
    for level in zip(*above, strict=False):
        if any(element is not level[0] for element in level):
            break
        body = level[0]
    for parent in body.iterancestors():
        if parent.tag == "body":
            break
        lacks_words = len(_text(body)) < len(_text(lines[-1])) + 40
        added = len(_text(parent)) - len(_text(body))
        has_heading = added < _MOST_HEADINGS and any(
            _DIVISION.match(_text(heading)) and body not in heading.iterancestors()
            for heading in parent.iter(*_HEADINGS)
        )
        if lacks_words or has_heading:
            body = parent
    return body
