"""Sizes and weights of a PDF's lines: which is the body, which are headings and of what level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pincite.ingest.readers.pdf.layout import Line

__all__ = ["Styles"]

_LARGER = 1.08  # times the body's size: what is set larger is a heading
_FARTHEST = 2.6  # sizes from line to line within a paragraph, double spacing included

Style = tuple[float, bool]


class Styles:
    """What the lines of one document have in common.

    Attributes:
        body: the size of most characters, in points.
        leading: the usual distance of base lines in sizes.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        lines = list(lines)
        characters: Counter[Style] = Counter()
        for line in lines:
            characters[_style(line)] += sum(len(word.text) for word in line.words)
        self.body, self._bold_body = characters.most_common(1)[0][0] if characters else (0.0, False)
        steps = Counter(
            round(line.gap / line.size, 1)
            for line in lines
            if 0.9 * line.size < line.gap < _FARTHEST * line.size and _style(line)[0] == self.body
        )
        # the least distance that is common: in a document of short paragraphs the commonest divides them
        common = [step for step, count in steps.items() if count >= 0.2 * steps.most_common(1)[0][1]]
        self.leading = min(common, default=1.2)
        self._levels: dict[Style, int] = {}

    def stands_out(self, line: Line) -> bool:
        """Tell whether a line is larger than the body, or bold where the body is not."""
        size, bold = _style(line)
        return size > _LARGER * self.body or (bold and not self._bold_body and size >= 0.9 * self.body)

    def alike(self, line: Line, other: Line) -> bool:
        """Tell whether two lines are set alike."""
        return abs(line.size - other.size) <= 0.04 * other.size and (
            line.bold == other.bold or not (self.stands_out(line) or self.stands_out(other))
        )

    def rank(self, headings: list[list[Line]]) -> None:
        """Learn the levels from all headings: a title is the largest, on the first pages only, and level 1."""
        count = Counter(_style(heading[0]) for heading in headings)
        order = sorted(count, reverse=True)
        titled = False
        if order:
            pages = {heading[0].page for heading in headings if _style(heading[0]) == order[0]}
            larger = len(order) == 1 or order[0][0] > order[1][0] + 0.4
            titled = larger and max(pages) <= 2 and order[0][0] > _LARGER * self.body and len(order) > 1
        for level, style in enumerate(order, 1 if titled else 2):
            self._levels[style] = min(level, 6)

    def level(self, line: Line) -> int:
        """Return the level of a heading, 1 to 6."""
        return self._levels.get(_style(line), 2)


def _style(line: Line) -> Style:
    return round(line.size * 2) / 2, line.bold
