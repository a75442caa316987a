"""What every reader yields: the blocks of a document in reading order, before any legal structure is seen."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Block", "RawDocument"]


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph, list item or table row.

    Attributes:
        text: its words, the number or bullet letter included as in the source; not yet normalised.
        level: 1 to 6 for a heading, 0 for body text.
        item: true for an entry of an unnumbered list.
        row: true for a table row (cells joined).
        page: page of the source, 0 if it has none.
        recital: number of the recital that the reader knows this block to be, 0 otherwise.
    """

    text: str
    level: int = 0
    item: bool = False
    row: bool = False
    page: int = 0
    recital: int = 0


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A file as a reader understood it.

    Attributes:
        blocks: in reading order.
        title: the document's own title, empty if it states none.
        metadata: front matter or document properties, keys in lower case.
        warnings: what could not be read, in words for the steward.
    """

    blocks: tuple[Block, ...]
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
