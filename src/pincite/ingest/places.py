"""Finds a provision of a document by the steps that lead to it: Art. 6, paragraph 1, point (f)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from pincite.domain.documents import Document, Provision, ProvisionKind, Span
from pincite.domain.references import POINT, Path

__all__ = ["Places", "label_of"]

_KINDS = "Art.|Recital|Annex|Chapter|Subchapter|Subpart|Part|Title|Section|Schedule|Appendix|§"
_STEP = re.compile(
    rf"(?:, | )?({_KINDS.replace('.', '[.]')})(?: ?(\w[\w.:/–-]*\w|\w))?(?=[ ,(]|$)"
    r"|\(([\w.]{1,8})\)| (subpara\. \d+)",
    re.I,
)
_NUMBERED = re.compile(r"(\d+(?:\.\d+)*\.?)((?:\([\w.]{1,8}\))*)$")
_ROW = re.compile(r"([A-Z]{1,3}-?\d{1,3})$")
_LINE = re.compile(
    r"(Annex|Chapter|Subpart|Part|Title|Section|Schedule|Appendix)\s+([IVXLC]+|\d+[A-Z]?|[A-Z]{1,2})(?![\w(])", re.I
)
_GROUP = re.compile(r"\(([\w.]{1,8})\)")
_STRUCTURE = {"Annex", "Chapter", "Subpart", "Part", "Title", "Section", "Schedule", "Appendix"}
# How acts of the United Kingdom are cited, and what their own words say instead.
_SHORT = (
    (re.compile(r"^s\. (?=\w)"), "Section "),
    (re.compile(r"^Sch\. (\w+) para\. (\w+)"), r"Schedule \1(\2)"),
    (re.compile(r"^Sch\. (?=\w)"), "Schedule "),
)
# What a text can stand in so that "paragraph 2" means a paragraph of that.
_BASES = {"Art.", "§", "num", "Annex", "Schedule", "Recital", "Appendix", "heading"}


class Places:
    """The provisions of one document by kind and number."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._starts = [node.start for node in document.provisions]
        self._children: dict[int, list[int]] = {}
        self._ends = list(range(1, len(document.provisions) + 1))  # one past the last descendant
        self._paths: dict[int, Path] = {}
        self._by_path: dict[Path, list[int]] = {}
        self._bases: dict[tuple[str, str], list[int]] = {}
        self.kinds: set[str] = set()
        self._extents: dict[str, tuple[list[int | str], list[int | str]] | None] = {}
        for node in document.provisions[1:]:
            self._children.setdefault(node.parent, []).append(node.index)
            path = self._path(node)
            if not path:
                continue
            self._paths[node.index] = path
            self._by_path.setdefault(path, []).append(node.index)
            kind, number = path[-1]
            if kind != POINT:
                self._bases.setdefault((kind, _key(number)), []).append(node.index)
                self.kinds.add(kind)
        for node in reversed(document.provisions[1:]):
            if node.parent >= 0:
                self._ends[node.parent] = max(self._ends[node.parent], self._ends[node.index])

    def _path(self, node: Provision) -> Path:
        steps = _steps(_spelled_out(node.label))
        if steps:
            return steps
        match = _NUMBERED.fullmatch(node.label)
        if match:
            return (("num", match.group(1).rstrip(".")), *((POINT, group) for group in _GROUP.findall(match.group(2))))
        match = _ROW.fullmatch(node.label)
        if match:
            return (("row", match.group(1)),)
        groups = _GROUP.findall(node.label)
        if groups and node.label.startswith("("):
            return (("num", groups[0]), *((POINT, group) for group in groups[1:]))
        if groups:  # below a heading without a number: "Scope(a)"
            return (("heading", node.label[: node.label.index("(")]), *((POINT, group) for group in groups))
        if not node.label and node.kind is not ProvisionKind.BLOCK:
            match = _LINE.match(self.document.text, node.start, min(node.end, node.start + 60))
            if match:
                return ((match.group(1).title(), match.group(2)),)
        return ()

    def deepest(self, span: Span) -> Provision:
        """Return the innermost provision that contains `span`, as `Document.deepest_at`, but fast."""
        provisions = self.document.provisions
        index = bisect_right(self._starts, span.start) - 1
        while index > 0 and not provisions[index].span.contains(span):
            index = provisions[index].parent
        return provisions[max(index, 0)]

    def here(self, index: int) -> Path:
        """Return the path of the nearest article, section, annex, recital or numbered provision around a place."""
        paths = (self._paths.get(i, ()) for i in self._chain(index))
        return next((path for path in paths if path and path[0][0] in _BASES), ())

    def within(self, index: int) -> range:
        """Return the indexes of a provision and all below it."""
        return range(index, self._ends[index])

    def around(self, index: int, kind: str) -> tuple[str, str] | None:
        """Return the structural step of this kind ("Chapter", …) that a place stands in, if any."""
        paths = (self._paths.get(i, ()) for i in self._chain(index))
        return next((path[0] for path in paths if len(path) == 1 and path[0][0] == kind), None)

    def find(self, path: Path, near: int = 0) -> int:
        """Return the index of the provision that `path` leads to, -1 if there is none.

        Of several with the same number ("Section 2" of each chapter) the one nearest in the tree to `near`.
        """
        exact = self._by_path.get(path, ())
        if len(exact) == 1:
            return exact[0]
        kind, number = path[0]
        candidates = self._bases.get((kind, _key(number)), [])
        if not candidates:
            return -1
        if len(candidates) > 1:
            around = set(self._chain(near))
            candidates = sorted(candidates, key=lambda index: (-len(around.intersection(self._chain(index))), index))
        for index in candidates:
            found = self._descend(index, path[1:])
            if found >= 0:
                return found
        return -1

    def coarse(self, path: Path, near: int = 0) -> int:
        """Return as `find`; or, where a source has no numbers below it, the article that `path` begins with."""
        found = self.find(path, near)
        if found >= 0 or len(path) == 1:
            return found
        whole = self.find(path[:1], near)
        if whole < 0 or any(i in self._paths for i in self.within(whole)[1:]):
            return -1
        return whole

    def between(self, first: Path, last: Path, near: int = 0) -> list[Path]:
        """Return the paths of the provisions from `first` to `last`, both included; empty if one does not exist."""
        start, stop = self.find(first, near), self.find(last, near)
        if not 0 <= start <= stop or len(first) != len(last):
            return []
        found: list[Path] = []
        provisions = self.document.provisions
        for index in range(start, stop + 1):
            path = self._paths.get(index, ())
            own_level = len(path) == len(self._paths[start]) and path[:-1] == self._paths[start][:-1]
            if path[-1:] and path[-1][0] == POINT and provisions[index].parent != provisions[start].parent:
                continue  # "4.1" is no paragraph between 4 and 5
            if own_level and path[-1][0] == self._paths[start][-1][0] and path not in found:
                found.append(path)
        return found

    def extent(self, kind: str) -> tuple[list[int | str], list[int | str]] | None:
        """Return the least and the greatest number of this kind, in natural order."""
        if kind not in self._extents:
            numbers = [_natural(number) for k, number in self._bases if k == kind]
            self._extents[kind] = (min(numbers), max(numbers)) if numbers else None
        return self._extents[kind]

    def outside(self, kind: str, number: str) -> bool:
        """Tell whether a number lies before the first or after the last of its kind: part of a code, not a mistake."""
        extent = self.extent(kind)
        return extent is None or not extent[0] <= _natural(number) <= extent[1]

    def label(self, index: int) -> str:
        """Return a provision's pin-cite; for chapters and the like that have none, kind and number."""
        node = self.document.provisions[index]
        path = self._paths.get(index, ())
        label = node.label or (label_of(path) if path else node.heading)
        if path and path[0][0] in ("Section", "Subpart") and len(self._bases[path[0][0], _key(path[0][1])]) > 1:
            outer = next((self._paths[i] for i in self._chain(node.parent) if i in self._paths), ())
            return f"{label_of(outer)}, {label}" if outer else label  # every chapter has a Section 1
        return label

    def _chain(self, index: int) -> Iterator[int]:
        while index > 0:
            yield index
            index = self.document.provisions[index].parent

    def _descend(self, index: int, steps: Sequence[tuple[str, str]]) -> int:
        for kind, number in steps:
            index = self._structural(index, kind, number) if kind else self._numbered(index, number)
            if index < 0:
                return -1
        return index

    def _structural(self, index: int, kind: str, number: str) -> int:
        for below in self._bases.get((kind, _key(number)), []):
            if below in self.within(index)[1:]:
                return below
        return -1

    def _numbered(self, index: int, number: str) -> int:
        """Return the child with this number, looking through children that have none or only divide the text."""
        level = self._children.get(index, [])
        while level:
            through: list[int] = []
            for child in level:
                path = self._paths.get(child, ())
                if path and path[-1][0] in _STRUCTURE:
                    through.append(child)
                elif path and path[-1][1] == number:
                    return child
                elif not path or number.startswith(f"{path[-1][1]}."):  # "3.2" stands below 3
                    through.append(child)
            level = [below for child in through for below in self._children.get(child, [])]
        return -1

    def bases(self, kind: str) -> Iterator[str]:
        """Yield the numbers of this kind, in lower case."""
        return (number for k, number in self._bases if k == kind)


def _spelled_out(label: str) -> str:
    """Return "Section 12(3)" for "s. 12(3)", "Schedule 2(3)" for "Sch. 2 para. 3"."""
    for short, long in _SHORT:
        label = short.sub(long, label)
    return label


def _steps(label: str) -> Path:
    """Return the steps that a label names: "Annex VIII Part I(2)(c)" has four; () if it has words of another kind."""
    steps: list[tuple[str, str]] = []
    at = 0
    while match := _STEP.match(label, at):
        kind = (match.group(1) or POINT).title()
        number = match.group(2) or match.group(3) or match.group(4) or ""
        if not number and kind != "Annex":
            return ()
        steps.append((kind, number))
        at = match.end()
    return tuple(steps) if steps and steps[0][0] != POINT and at == len(label) else ()


def label_of(path: Path) -> str:
    """Return a path as a pin-cite: "Art. 6(1)(f)", "Annex I, Section A(4)", "4.2(a)"."""
    label = ""
    for kind, number in path:
        if kind == POINT:
            label += f" {number}" if number.startswith("subpara.") else f"({number})"
        elif kind in ("num", "row") or kind == "heading":
            label += number
        else:
            label += f"{', ' if label else ''}{kind} {number}".rstrip()
    return label


def _key(number: str) -> str:
    return number.casefold().replace("–", "-")


def _natural(number: str) -> list[int | str]:
    """Return a key that orders "164.99" before "164.404" and "9a" after "9"; numbers first, then letters."""
    # every odd place is a number, so that two keys are comparable place by place
    parts = re.split(r"(\d+)", _key(number))
    return [int(part) if at % 2 else part for at, part in enumerate(parts)]
