"""Cuts the provision tree into passages: a provision, short siblings together, or part of a long one."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from pincite.domain.documents import Document, Passage, Provision, ProvisionKind, Span
from pincite.ingest.sentences import split_sentences

__all__ = ["HEADED", "cut_passages"]

K = ProvisionKind

_MOST = 1000
"""Characters above which a provision is divided; MiniLM reads about 1,100 characters of English."""

_JOIN = 500
"""Characters up to which short siblings share a passage."""

# Nodes whose first line is a heading line: it is in the path, not in the passage.
HEADED = {K.ARTICLE, K.SECTION, K.HEADING, K.CHAPTER, K.PART, K.ANNEX, K.DOCUMENT}
# Nodes whose children are provisions in their own right and never share a passage.
_CONTAINERS = {K.DOCUMENT, K.PREAMBLE, K.PART, K.CHAPTER}
# Nodes that stand for themselves: no words before them introduce them.
_NOT_INTRODUCED = {K.RECITAL, K.NOTE}


def _stands_alone(node: Provision) -> bool:
    """Tell recitals and rows of a register, which are cited one by one, from short neighbours that share a passage."""
    return node.kind is K.RECITAL or (node.kind is K.TABLE and node.label != "" and "¶" not in node.label)


@dataclass(frozen=True, slots=True)
class _Part:
    """A child of a node, or the words between its children."""

    span: Span
    node: Provision | None


def cut_passages(document: Document) -> tuple[Passage, ...]:
    """Return the passages in order; every line of text is in exactly one of them, or is a heading above one."""
    cutter = _Cutter(document)
    passages = list(cutter.cut(document.provisions[0], None))
    return tuple(replace(passage, ordinal=i) for i, passage in enumerate(passages))


class _Cutter:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._text = document.text
        self._children: dict[int, list[Provision]] = {}
        self._body_starts: dict[int, int] = {}
        for node in document.provisions[1:]:
            self._children.setdefault(node.parent, []).append(node)
            # the innermost node that begins at a place says where its words begin ("(b)(1) The …")
            self._body_starts[node.start] = max(node.body_start, self._body_starts.get(node.start, 0))

    def cut(self, node: Provision, lead: Span | None) -> Iterator[Passage]:
        """Yield the passages of one node."""
        children = self._children.get(node.index, [])
        notes = next((i for i in range(len(children), 0, -1) if children[i - 1].kind is not K.NOTE), 0)
        if notes < len(children):  # footnotes follow the words, and are no part of them
            yield from self._cut(node, children[:notes], children[notes].start, lead)
            yield from self._group(node, [_Part(note.span, note) for note in children[notes:]], None)
        else:
            yield from self._cut(node, children, node.end, lead)

    def _cut(self, node: Provision, children: Sequence[Provision], end: int, lead: Span | None) -> Iterator[Passage]:
        start = node.body_start if node.kind in HEADED else node.start
        whole = self._trim(start, end)
        grouped = node.kind in _CONTAINERS or any(child.kind in HEADED or _stands_alone(child) for child in children)
        if whole is None:
            heading = self._trim(node.start, end) if node.index and node.kind in HEADED else None
            if heading:  # "§ 160.302 [Reserved]": a heading with nothing below it is all that the provision says
                yield self._passage(heading, node, lead)
            return
        if not grouped and whole.end - whole.start <= _MOST:
            yield self._passage(whole, node, lead)
            return
        parts = list(self._parts(start, end, children))
        if not children:
            yield from self._split(parts, node, lead)
            return
        yield from self._group(node, parts, lead)

    def _parts(self, start: int, end: int, children: Sequence[Provision]) -> Iterator[_Part]:
        at = start
        for child in children:
            yield from self._lines(at, child.start)
            yield _Part(child.span, child)
            at = child.end
        yield from self._lines(at, end)

    def _lines(self, start: int, end: int) -> Iterator[_Part]:
        at = start
        while at < end:
            stop = self._text.find("\n", at, end)
            stop = end if stop < 0 else stop
            span = self._trim(at, stop)
            if span:
                yield _Part(span, None)
            at = stop + 1

    def _group(self, node: Provision, parts: Sequence[_Part], lead: Span | None) -> Iterator[Passage]:
        """Join short neighbours; go into long ones; give points the words that introduce them."""
        held: list[_Part] = []
        own_lead: Span | None = None
        before: Provision | None = None
        for part in parts:
            child = part.node
            # a sentence after an enumeration is no part of it, nor of its last point
            apart = _is_note(child) != _is_note(before) or (
                child is None and before is not None and self._text[part.span.start].isupper()
            )
            before = child
            too_long = part.span.end - part.span.start > _JOIN
            alone = child is not None and (too_long or child.kind in HEADED or _stands_alone(child))
            if held and (alone or apart or part.span.end - held[0].span.start > _JOIN):
                # an introduction with nothing but itself in hand goes with what it introduces
                only_lead = len(held) == 1 and held[0].span == own_lead
                if not (only_lead and not alone and not apart):
                    yield from self._flush(held, node, self._lead_for(held, own_lead, lead))
                    held = []
            if child is None and self._text[part.span.end - 1] in ":—":
                own_lead = part.span
            elif child is None and apart:
                own_lead = None
            if alone and child is not None:
                yield from self.cut(child, None if child.kind in _NOT_INTRODUCED else own_lead or lead)
            else:
                held.append(part)
        if held:
            yield from self._flush(held, node, self._lead_for(held, own_lead, lead))

    @staticmethod
    def _lead_for(held: Sequence[_Part], own: Span | None, outer: Span | None) -> Span | None:
        if own is not None and own.end <= held[0].span.start:
            return own
        return outer

    def _flush(self, held: Sequence[_Part], node: Provision, lead: Span | None) -> Iterator[Passage]:
        if len(held) == 1 and held[0].node is not None:
            yield from self.cut(held[0].node, None if held[0].node.kind in _NOT_INTRODUCED else lead)
        elif held[-1].span.end - held[0].span.start <= _MOST:
            yield self._passage(Span(held[0].span.start, held[-1].span.end), node, lead)
        else:
            yield from self._split(held, node, lead)

    def _split(self, parts: Sequence[_Part], node: Provision, lead: Span | None) -> Iterator[Passage]:
        """Divide long text at sentence ends."""
        sentences = [s for part in parts for s in self._sentences(part.span)]
        begin = 0
        for i in range(1, len(sentences) + 1):
            if i == len(sentences) or sentences[i].end - sentences[begin].start > _MOST:
                # with the number or letter before its first sentence
                start = parts[0].span.start if begin == 0 else self._after(sentences[begin - 1].end)
                yield self._passage(Span(start, sentences[i - 1].end), node, lead)
                begin = i

    def _after(self, at: int) -> int:
        while self._text[at].isspace():
            at += 1
        return at

    def _passage(self, span: Span, node: Provision, lead: Span | None) -> Passage:
        document = self._document
        sentences = tuple(self._sentences(span))
        children = self._children.get(node.index, [])
        begin = bisect_left(children, span.start, key=attrgetter("start"))
        end = bisect_right(children, span.end, lo=begin, key=attrgetter("start"))
        inner = [n for n in children[begin:end] if n.end <= span.end and n.label]
        label = node.label or (node.heading if node.kind is K.HEADING else "")
        if inner and self._first_line_is(inner[0], span):
            first, last = inner[0].label, inner[-1].label
            suffix = last.removeprefix(node.label).lstrip() if re.search(r"\(|fn\. ", last) else last
            label = first if first == last else f"{first}–{suffix}"
        if not label:
            label = document.pin_cite(span)
        return Passage(document.slug, 0, node.index, label, document.path(node), span, lead, sentences)

    @staticmethod
    def _first_line_is(node: Provision, span: Span) -> bool:
        return node.start <= span.start

    def _sentences(self, span: Span) -> Iterator[Span]:
        """Yield the sentences of each line, without the number or letter that opens it."""
        at = span.start
        while at < span.end:
            stop = self._text.find("\n", at, span.end)
            stop = span.end if stop < 0 else stop
            found = split_sentences(self._text, min(self._body_starts.get(at, at), stop), stop)
            yield from found or split_sentences(self._text, at, stop)  # "(t)" alone is all that the line says
            at = stop + 1

    def _trim(self, start: int, end: int) -> Span | None:
        text = self._text
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        return Span(start, end) if start < end else None


def _is_note(node: Provision | None) -> bool:
    return node is not None and node.kind is K.NOTE
