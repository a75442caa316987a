"""What every reader yields: the blocks of a document in reading order, before any legal structure is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pincite.domain.documents import ProvisionKind

__all__ = ["Block", "Numbering", "Opening", "RawDocument"]


@dataclass(frozen=True, slots=True)
class Opening:
    """A provision that the source itself marks as such; the tree takes it as stated instead of guessing from words.

    Attributes:
        kind: what it is.
        number: its number or letter without brackets or dots ("33", "a", "164.404"); may be empty.
        rank: its depth: it becomes a child of the nearest open provision of a smaller rank. Ranks need only
            be consistent within one document.
        marker: the number as it stands at the beginning of the block's text ("1.", "(a)", "Article 33"), so that
            the words after it are known; empty if the text does not begin with it.
        label: the whole pin-cite, where it is not the usual one: "Art. 33", "Recital 7", "Annex III", "Chapter IV",
            "§ 164.404" by kind, and for paragraphs and points the label above with the number in brackets.
        heading: its heading, where that stands on the line before other words ("(a) Standard. A covered entity …").
    """

    kind: ProvisionKind
    number: str
    rank: int
    marker: str = ""
    label: str = ""
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Numbering:
    """A number that the source's own machinery gave to a block: Word's automatic numbering, a list in HTML or ODF.

    Attributes:
        marker: the number as it stands at the beginning of the block's text ("6.2", "(a)", "1.", "Article 5").
        number: the same without brackets and dots around it ("6.2", "a", "1", "5").
        style: how it counts: "1", "a", "A", "i", "I"; empty if in another way.
        sequence: which list it is of; the blocks of one list say the same.
        level: its depth in that list, 0 the outermost.
        whole: true if it is a place by itself ("6.2", or "6" where "6.1" may follow), false if it needs what is
            above it ("(a)" of 6.2).
    """

    marker: str
    number: str
    style: str
    sequence: str
    level: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph, list item or table row.

    Attributes:
        text: its words, the number or bullet letter included as in the source; not yet normalised.
        level: 1 to 6 for a heading, 0 for body text.
        item: true for an entry of an unnumbered list.
        row: true for a table row (cells joined).
        page: page of the source, 0 if it has none.
        line: line of the source file on which it begins, 0 if it has no lines; `last_line` is where it ends.
        recital: number of the recital that the reader knows this block to be, 0 otherwise.
        opens: provisions that begin with this block, outermost first ("(b)(1) …" opens two). Only in documents
            whose reader says `stated`.
        heads: the text, after the markers of what it opens, is the heading of the provision opened last.
        numbering: the number that the source counted for it, so that none must be guessed; only in documents that are
            not `stated`.
        within: for text that opens nothing: open provisions of this rank or a greater one end before it ("The first
            subparagraph shall not apply …" after the points of a paragraph); 0 leaves them open.
        emphasised: words in it that the source sets in italics or bold, in order, where the reader knows.
    """

    text: str
    level: int = 0
    item: bool = False
    row: bool = False
    page: int = 0
    line: int = 0
    last_line: int = 0
    recital: int = 0
    opens: tuple[Opening, ...] = ()
    heads: bool = False
    within: int = 0
    emphasised: tuple[str, ...] = ()
    numbering: Numbering | None = None


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A file as a reader understood it.

    Attributes:
        blocks: in reading order.
        title: the document's own title, empty if it states none.
        metadata: front matter or document properties, keys in lower case.
        warnings: what could not be read, in words for the steward.
        stated: true if `Block.opens` says where every provision begins, so that words alone open none.
        left_out: characters of the source that are in no block, by what they are ("navigation", "notes").
    """

    blocks: tuple[Block, ...]
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    stated: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)
