"""The provision tree while it grows: text line by line, a stack of open provisions, and what a source itself states."""

from __future__ import annotations

from dataclasses import dataclass

from pincite.domain.documents import Provision, ProvisionKind
from pincite.ingest.blocks import Block, Opening

__all__ = ["Node", "TreeBuilder", "add_stated"]

K = ProvisionKind

_LABELS = {
    K.ARTICLE: "Art. {0}",
    K.RECITAL: "Recital {0}",
    K.ANNEX: "Annex {0}",
    K.PART: "Part {0}",
    K.CHAPTER: "Chapter {0}",
    K.SECTION: "Section {0}",
}
# What a paragraph or point is never cited by: "Art. 33(1)", not "Chapter IV(1)".
_NOT_CITED = {K.DOCUMENT, K.PREAMBLE, K.PART, K.CHAPTER}


@dataclass(slots=True)
class Node:
    """A provision whose end is not known yet; `rank` places it, `style` and `value` say what continues it."""

    parent: int
    kind: ProvisionKind
    label: str
    heading: str
    start: int
    end: int
    body_start: int
    page: int
    rank: int
    style: str = ""
    value: int = 0


class TreeBuilder:
    """Text and nodes so far; every block becomes one line of the text."""

    def __init__(self, title: str) -> None:
        self.nodes = [Node(-1, K.DOCUMENT, "", title, 0, 0, 0, 0, 0)]
        self.open = [0]
        self._lines: list[str] = []
        self._length = 0
        self._plain = 0
        self._page = 0
        self._ordinal_on_page = 0

    def append(self, text: str) -> int:
        """Add a line and return where it starts."""
        start = self._length
        self._lines.append(text)
        self._length += len(text) + 1
        return start

    @property
    def top(self) -> Node:
        """The innermost open node."""
        return self.nodes[self.open[-1]]

    def push(self, node: Node) -> None:
        """Open a node below the nearest open one of a smaller rank."""
        self.close_from(node.rank, node.start - 1)
        node.parent = self.open[-1]
        self.nodes.append(node)
        self.open.append(len(self.nodes) - 1)

    def close_from(self, rank: int, end: int | None = None) -> None:
        """End open nodes of `rank` or greater, at `end` or where the text ends now."""
        while len(self.open) > 1 and self.top.rank >= rank:
            self._close(self._length - 1 if end is None else end)

    def _close(self, end: int) -> None:
        node = self.nodes[self.open.pop()]
        node.end = max(node.start, end)  # "(5) (6)" on one line opens and ends the first at one place

    def begin(self, block: Block) -> None:
        """Note on which page the next block stands."""
        if block.page != self._page:
            self._page, self._ordinal_on_page = block.page, 0

    def leaf(self, block: Block, text: str, kind: ProvisionKind) -> None:
        """Add a paragraph without a number: to the open provision, or, where there is none, as one of its own."""
        start = self.append(text)
        if self.open[-1] == 0:
            self._plain += 1
            self._ordinal_on_page += 1
            label = _place(block, self._ordinal_on_page, self._plain)
            self.nodes.append(Node(0, kind, label, "", start, start + len(text), start, block.page, 99))

    def finish(self) -> tuple[str, tuple[Provision, ...]]:
        """Close what is open and return text and provisions."""
        while self.open:
            self._close(self._length - 1)
        text = "\n".join(self._lines)
        most = len(text)
        nodes = tuple(
            Provision(
                i,
                n.parent,
                n.kind,
                n.label.strip(),
                n.heading,
                n.start,
                min(n.end, most),
                min(n.body_start, most),
                n.page,
            )
            for i, n in enumerate(self.nodes)
        )
        return text, nodes


def _place(block: Block, ordinal_on_page: int, ordinal: int) -> str:
    """Return a pin-cite that finds an unnumbered paragraph in the source: its page, its lines or, failing both, ¶."""
    if block.page:
        return f"p. {block.page} ¶ {ordinal_on_page}"
    if block.line:
        return f"l. {block.line}–{block.last_line}" if block.last_line > block.line else f"l. {block.line}"
    return f"¶ {ordinal}"


def add_stated(tree: TreeBuilder, block: Block, text: str) -> None:
    """Add a block of a document whose reader says where provisions begin."""
    if not block.opens:
        if block.within:
            tree.close_from(block.within)
        if block.heads:
            tree.top.heading = tree.top.heading or text
            tree.top.body_start = tree.append(text) + len(text)
        else:
            tree.leaf(block, text, K.TABLE if block.row else K.BLOCK)
        return
    start = tree.append(text)
    at = 0
    for opening in block.opens:
        marker = " ".join(opening.marker.split())
        if marker and text.startswith(marker, at):
            at += len(marker)
            at += len(text) - at - len(text[at:].lstrip())
        label = opening.label or _label(tree, opening)
        tree.push(Node(0, opening.kind, label, opening.heading, start, 0, start + at, block.page, opening.rank))
    if block.heads:
        tree.top.heading = text[at:].strip(" .—–-")
        tree.top.body_start = start + len(text)


def _label(tree: TreeBuilder, opening: Opening) -> str:
    form = _LABELS.get(opening.kind)
    if form:
        return form.format(opening.number).strip()
    if not opening.number:
        return ""
    for index in reversed(tree.open):
        node = tree.nodes[index]
        if node.rank < opening.rank and node.label and node.kind not in _NOT_CITED:
            return f"{node.label}({opening.number})"
    return f"({opening.number})"
