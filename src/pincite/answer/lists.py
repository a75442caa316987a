"""Enumerations of a provision, complete: the words that introduce the points and every point, however they were cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pincite.answer.checks import asks_for_provision
from pincite.answer.evidence import Selected
from pincite.answer.measures import objects_of
from pincite.domain.documents import Document, ProvisionKind, Span
from pincite.search.figures import asked_figure

__all__ = ["PointList", "asks_for_list", "asks_openly", "lists_of", "names_some_only"]

_ASKS = re.compile(
    r"\b(?:what (?:must|should|does|do|has to|have to|needs? to|information)\b[^?.]*"
    r"\b(?:contain|include|state|record|say|cover|set out|written|recorded|documented|listed|mentioned)"
    r"|which \w+s\b|what are\b|what(?: is|['’]s)\b[^?.]*\blist\b"
    r"|what (?:\w+ )?(?:grounds|conditions|points|steps|things|items|measures|rights|exemptions|exceptions|cases|duties"
    r"|obligations|requirements|criteria|elements|principles|categories|safeguards|tasks|bases|circumstances|situations"
    r"|reasons|purposes|factors)\b)"
    r"|(?:^|[.:!?] )(?:please )?(?:list|name|enumerate)\b|\b(?:give|show|send) (?:me|us) (?:a|the) (?:\w+ ){0,3}list\b",
    re.I,
)
_OPEN = re.compile(r"(?:^|[.:!?,] )(?:in|on|under|for|to|and|so|but)? ?(?:what|which|when|how)\b[^.?]*\?", re.I)
_DEFINES = re.compile(r"[”\"’'] means\b")
_INTRODUCES = (":", "—")
_POINT = re.compile(r"(?:[-–•*] ?|\(?[a-z0-9]{1,4}[.)] )?[a-z(“‘\"]")
_HEDGED = re.compile(
    r"\b(?:includ\w*|such as|for example|among (?:others|other things)|in particular|at least|e\.g\.|some of)", re.I
)
_NAMED = 0.5
"""Share of a point's words from which a sentence names the point."""


@dataclass(frozen=True, slots=True)
class PointList:
    """`span` reaches from the beginning of `lead`, which introduces the list, to the end of the last of `points`."""

    lead: Span
    points: tuple[Span, ...]

    @property
    def span(self) -> Span:
        """The whole list."""
        return Span(self.lead.start, self.points[-1].end)


def asks_for_list(question: str) -> bool:
    """Tell whether a question wants several points ("What must the record contain?")."""
    return _ASKS.search(question) is not None


def asks_openly(question: str) -> bool:
    """Tell whether a question wants more than a yes, a figure or a place ("In which cases …?", "How does …?")."""
    return _OPEN.search(question) is not None and not asked_figure(question) and not asks_for_provision(question)


def lists_of(document: Document, selected: Selected) -> list[PointList]:
    """Return the complete lists that a passage belongs to or introduces, in order; no definitions."""
    leads = [selected.hit.passage.lead_in] if selected.hit.passage.lead_in else []
    leads += [s.span for s in selected.sentences if s.span.of(document.text).endswith(_INTRODUCES)]
    found: list[PointList] = []
    for lead in leads:
        points = tuple(_children(document, lead)) or tuple(_lines(document, lead))
        if any(points == other.points for other in found):
            continue
        if len(points) > 1 and not _DEFINES.search(Span(lead.start, points[-1].end).of(document.text)):
            found.append(PointList(lead, points))
    return found


def _children(document: Document, lead: Span) -> Iterator[Span]:
    """Yield the points that the document's own tree has below the provision that the lead-in stands in."""
    node = document.deepest_at(lead)
    at = lead.end
    for child in document.provisions[node.index + 1 :]:
        if child.start >= node.end:
            return
        if child.parent != node.index or child.start < lead.end:
            continue
        if child.kind is not ProvisionKind.POINT or document.text[at : child.start].strip():
            return  # other words stand between: the list has ended
        yield _trimmed(document.text, child.start, child.end)
        at = child.end


def _lines(document: Document, lead: Span) -> Iterator[Span]:
    """Yield the points of a text whose source has no marks for them: the lines that go on with a small letter until
    one ends with a full stop."""
    text, end = document.text, document.deepest_at(lead).end
    at = text.find("\n", lead.end, end)
    if text[lead.end : at].strip():
        return
    while 0 <= at < end:
        stop = text.find("\n", at + 1, end)
        stop = end if stop < 0 else stop
        line = _trimmed(text, at + 1, stop)
        words = line.of(text)
        if words and not _POINT.match(words):
            return
        if words:
            yield line
            if words.endswith("."):
                return
        at = stop


def names_some_only(sentence: str, points: PointList, text: str) -> bool:
    """Tell whether a sentence names some points of a list, but not all, and does not say that there are more."""
    listed = points.span.of(text).lower()
    if any(hedge.lower() not in listed for hedge in _HEDGED.findall(sentence)):
        return False  # "including" may be a point's own word
    introduced = objects_of(points.lead.of(text))
    said = objects_of(sentence)
    named = 0
    for point in points.points:
        words = objects_of(point.of(text)) - introduced
        named += bool(words) and len(words & said) >= max(1, _NAMED * min(len(words), 4))
    return 0 < named < len(points.points)


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end)
