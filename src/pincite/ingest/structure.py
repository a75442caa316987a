"""Finds the provision tree in a sequence of blocks: articles, sections, numbered paragraphs, points, recitals.

Works on content alone, so that the same rules read a regulation in HTML, a policy in Markdown and a PDF: a block's
first words say what it is, and an enumeration continues where its next letter or number says it does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pincite.domain.documents import Provision, ProvisionKind
from pincite.domain.text import collapse, normalise
from pincite.ingest.blocks import Block, Numbering
from pincite.ingest.tree import Node, TreeBuilder, add_stated

__all__ = ["build_tree"]

K = ProvisionKind

# Ranks of structural nodes: a node becomes a child of the nearest open node with a smaller rank.
_ANNEX, _PART, _CHAPTER, _SECTION, _HEADING, _ARTICLE, _NUMBERED = 10, 11, 13, 15, 18, 25, 30
_MOST_MARKERS = 8  # on one line; more is no enumeration
_ENUMERATION = 50  # enumerations nest below all structure, by their own sequence
_DEEPEST = 59
_ROW = _ENUMERATION - 1

_DASH = r"[\s.:–—-]*"
_ROMAN = r"[IVXLC]{1,7}"
_STRUCTURE: tuple[tuple[re.Pattern[str], ProvisionKind, int, str], ...] = (
    (re.compile(rf"ANNEX(?: ({_ROMAN}|\d+|[A-Z]))?(?![\w(]){_DASH}", re.I), K.ANNEX, _ANNEX, "Annex {0}"),
    (re.compile(rf"(?:PART|TITLE|SUBPART) ({_ROMAN}|\d+|[A-Z])(?![\w(]){_DASH}", re.I), K.PART, _PART, ""),
    (re.compile(rf"CHAPTER ({_ROMAN}|\d+)(?![\w(]){_DASH}", re.I), K.CHAPTER, _CHAPTER, ""),
    (re.compile(rf"Section ({_ROMAN}|\d+)(?![\w.(]){_DASH}", re.I), K.SECTION, _SECTION, ""),
    (re.compile(rf"Art(?:icle|\.) (\d+[a-z]{{0,2}})(?![\w(.]){_DASH}", re.I), K.ARTICLE, _ARTICLE, "Art. {0}"),
    (
        re.compile(r"(?:§|Sec(?:tion|\.)|\(?\d+ ILCS [\d/]+) ?(\d[\w.:-]*\d|\d+)\)?\.?(?:\s+|$)"),
        K.ARTICLE,
        _ARTICLE,
        "§ {0}",
    ),
)
_CODE_SECTION = re.compile(r"(\d{3,5}(?:\.\d{1,4})+)\.?(?:\s+|$)")
_DOTTED = re.compile(r"(?:§ ?)?(\d{1,3}(?:\.\d{1,3}){1,4})\.?(?:\s+|$)")
_NUMBER = re.compile(r"(\d{1,3})\.(?:\s+|$)")
_BARE_NUMBER = re.compile(r"(\d{1,2})\s+(?=[A-Z])")  # "5 Sub-processors", in headings only
_ROW_CODE = re.compile(
    r"(?:[^:;|]{1,30}: )?(?P<code>[A-Z]{1,4}(?:\.[A-Z]{2})?(?:[.-]?\d{1,3})(?:\.\d{1,3})*"
    r"|[A-Z]{2,12} \d{1,3}(?:\.\d{1,3}){0,2})(?=[:;]| \|| [A-Z])"
)
# an entry of a catalogue of controls: "GOVERN 1.1: …", "GV-1.3-005 …", "ID.IM-P1: …", "PR.AC-1: …"
_CATALOGUE_CODE = re.compile(
    r"\b([A-Z]{2,8}(?:\.[A-Z]{2,3})?[ -][A-Z]?\d{1,3}(?:\.\d{1,3})*(?=:)"
    r"|[A-Z]{2,4}-\d{1,2}(?:\.\d{1,2})?-\d{2,4}\b)"
)
_MARKER = re.compile(r"\(([a-z]{1,5}|[A-Z]{1,4}|\d{1,3})\)\s*|([a-z]|[ivx]{1,5})\)\s+")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def build_tree(blocks: Iterable[Block], title: str, *, stated: bool = False) -> tuple[str, tuple[Provision, ...]]:
    """Return the normalised text of all blocks and the provision tree over it, in pre-order, root first.

    Every block becomes one line of the text; nothing is left out but empty blocks. With `stated`, provisions begin
    where `Block.opens` says, and nowhere else.
    """
    builder = _Builder(title)
    for block in blocks:
        text = collapse(normalise(block.text))
        if text:
            builder.begin(block)
            if stated:
                add_stated(builder, block, text)
            else:
                builder.add(block, text)
    return builder.finish()


class _Builder(TreeBuilder):
    def __init__(self, title: str) -> None:
        super().__init__(title)
        self._awaits_heading = -1
        self._whereas = False
        self._listed: dict[int, Numbering] = {}  # by node: the number that the source counted for it

    def add(self, block: Block, text: str) -> None:
        if block.recital:
            self._recital(block, text, block.recital, 0)
        elif self._structural(block, text):
            return
        elif block.numbering and text.startswith(block.numbering.marker):
            self._numbered(block, text, block.numbering)
        elif self._takes_heading(block, text):
            return
        elif block.level:
            self._heading(block, text)
        elif block.row:
            self._row(block, text)
        else:
            self._body(block, text)

    def _structural(self, block: Block, text: str) -> bool:
        """Open a chapter, article, section or annex if the block is the line that announces one."""
        for pattern, kind, rank, form in _STRUCTURE:
            match = pattern.match(text)
            if not match or not self._announces(block, text, match, kind):
                continue
            rest = text[match.end() :]
            number = match.group(1) or ""
            if form.startswith("§"):
                number = number.rstrip(".")
            heading, body = _split_heading(rest) if kind is K.ARTICLE and not block.level else (rest, "")
            line = text[: len(text) - len(body)].rstrip()
            start = self.append(line)
            label = form.format(number).strip()
            self.push(Node(0, kind, label, heading, start, 0, start + len(line), block.page, rank))
            self._awaits_heading = -1 if heading or body else self.open[-1]
            self._whereas = False
            if body:  # "Sec. 15. (a) A private entity…" goes on with its first point on the same line
                self.add(Block(body, page=block.page), body)
            return True
        return False

    def _announces(self, block: Block, text: str, match: re.Match[str], kind: ProvisionKind) -> bool:
        """Tell a heading line ("Article 5", "§ 164.404 Notification…") from a sentence that begins alike."""
        if block.item or block.row:
            return False
        rest = text[match.end() :]
        if block.level or not rest or (block.numbering and match.end() >= len(block.numbering.marker)):
            return True
        if text.startswith("§") or re.match(r"\(?\d+ ILCS", text):
            return len(rest) > 0 and rest[0].isupper()
        if re.match(r"Sec(?:tion|\.) \d+[\w.-]*\. ", text):
            return True
        return len(text) <= 120 and rest[0].isupper() and rest[-1] not in ".;,:"

    def _takes_heading(self, block: Block, text: str) -> bool:
        """Give the line after "Article 5" to the article as its heading."""
        awaiting, self._awaits_heading = self._awaits_heading, -1
        if awaiting < 0 or awaiting != self.open[-1] or block.item or block.row:
            return False
        if len(text) > 200 or text[-1] in ".;:," or _MARKER.match(text) or _NUMBER.match(text):
            return False
        node = self.nodes[awaiting]
        node.heading = text
        start = self.append(text)
        node.body_start = start + len(text)
        return True

    def _heading(self, block: Block, text: str) -> None:
        code = _CODE_SECTION.match(text)
        if code:  # a section of a code, numbered like "1798.100."
            start = self.append(text)
            node = Node(
                0,
                K.ARTICLE,
                f"§ {code.group(1)}",
                text[code.end() :],
                start,
                0,
                start + len(text),
                block.page,
                _ARTICLE,
            )
            self.push(node)
            self._awaits_heading = -1 if node.heading else self.open[-1]
            return
        match = _DOTTED.match(text) or _NUMBER.match(text) or _BARE_NUMBER.match(text)
        if match:
            depth = match.group(1).count(".")
            start = self.append(text)
            self.push(
                Node(
                    0,
                    K.SECTION,
                    match.group(1),
                    text[match.end() :],
                    start,
                    0,
                    start + len(text),
                    block.page,
                    _NUMBERED + depth,
                )
            )
            return
        start = self.append(text)
        if block.level == 1 and len(self.nodes) == 1 and not self.nodes[0].body_start:
            self.nodes[0].heading = self.nodes[0].heading or text  # the document's title
            self.nodes[0].body_start = start + len(text)
            return
        rank = _HEADING + block.level - 1
        if any(self.nodes[i].kind is K.ARTICLE for i in self.open) and block.level > 1:
            rank = max(rank, _ARTICLE + 1)
        self.push(Node(0, K.HEADING, "", text, start, 0, start + len(text), block.page, min(rank, _NUMBERED - 1)))

    def _numbered(self, block: Block, text: str, given: Numbering) -> None:
        """Open what the source numbered itself: Word's automatic numbering and ordered lists need no guess."""
        start = self.append(text)
        at = len(given.marker) + len(text[len(given.marker) :]) - len(text[len(given.marker) :].lstrip())
        titled = bool(block.level) or (given.whole and "." not in given.number and _is_title(text[at:]))
        heading, body_start = (text[at:], start + len(text)) if titled else ("", start + at)
        kind = K.SECTION if titled else K.PARAGRAPH if given.whole else K.POINT
        if given.whole or block.level:
            rank = _NUMBERED + max(given.number.removesuffix(".0").count("."), given.level)
        else:
            rank = self._list_rank(given)
        label = given.number if given.whole else f"{self._parent_label(rank)}({given.number})"
        value = min((value for style, value in _readings(given.number) if style == given.style), default=0)
        if kind is K.POINT and given.style == "1" and rank == _ENUMERATION:
            kind = K.PARAGRAPH
        style = given.style if rank >= _ENUMERATION else ""
        self.push(Node(0, kind, label, heading, start, 0, body_start, block.page, rank, style, value))
        self._listed[self.open[-1]] = given

    def _list_rank(self, given: Numbering) -> int:
        """Return the rank of a list's entry: beside or below what is open of its list, else below other lists."""
        points = [(i, self.nodes[i]) for i in self.open if self.nodes[i].rank >= _ENUMERATION]
        own = [(self._listed[i].level, node.rank) for i, node in points if self._same_list(i, given)]
        beside = [rank for level, rank in own if level >= given.level]
        if beside:
            return min(beside)
        if own:
            return max(rank for _, rank in own) + 1
        alike = [node.rank for _, node in points if node.style == given.style]  # no list stands below one of its style
        return alike[-1] if alike else max((node.rank + 1 for _, node in points), default=_ENUMERATION)

    def _same_list(self, index: int, given: Numbering) -> bool:
        return index in self._listed and self._listed[index].sequence == given.sequence

    def _recital(self, block: Block, text: str, number: int, skip: int) -> None:
        start = self.append(text)
        self.push(Node(0, K.RECITAL, f"Recital {number}", "", start, 0, start + skip, block.page, _ARTICLE))

    def _body(self, block: Block, text: str) -> None:
        if re.match(r"Whereas\b", text, re.I) and len(text) < 20:
            self._whereas = True
        dotted = _DOTTED.match(text)
        if dotted and not block.item and self._dotted_fits(dotted.group(1)):
            start = self.append(text)
            depth = dotted.group(1).count(".")
            self.push(
                Node(0, K.PARAGRAPH, dotted.group(1), "", start, 0, start + dotted.end(), block.page, _NUMBERED + depth)
            )
            return
        marker = _MARKER.match(text)
        number = None if marker else _NUMBER.match(text)
        if self._whereas and marker and marker.group(1) and marker.group(1).isdigit():
            self._recital(block, text, int(marker.group(1)), marker.end())
            return
        if marker or number:
            self._enumerated(block, text, marker or number)
            return
        self.leaf(block, text, K.BLOCK)

    def _dotted_fits(self, number: str) -> bool:
        """Accept "4.2 The owner…" as a numbered paragraph below section 4, not "3.5 million records…" anywhere."""
        labels = [self.nodes[i].label for i in self.open]
        top = number.rpartition(".")[0]
        return any(label == top or label.rpartition(".")[0] == top for label in labels if label)

    def _enumerated(self, block: Block, text: str, match: re.Match[str] | None) -> None:
        """Open a point; "(b)(1)(ii) …" opens three."""
        start = self.append(text)
        at = rank = value = count = 0
        style = ""
        while match and count < _MOST_MARKERS:
            count += 1
            word = match.group(1) or match.group(match.re.groups)
            if at and (style, value + 1) not in _readings(word):  # "(b)(1)(ii)": below the marker before it
                rank, (style, value) = min(rank + 1, _DEEPEST), min(_readings(word), key=lambda reading: reading[1])
            else:
                rank, style, value = self._place(word)
            at = match.end()
            kind = K.PARAGRAPH if style == "1" and rank == _ENUMERATION else K.POINT
            parent_label = self._parent_label(rank)
            self.push(
                Node(0, kind, f"{parent_label}({word})", "", start, 0, start + at, block.page, rank, style, value)
            )
            match = _MARKER.match(text, at) if match.re is _MARKER or at < 6 else None
            if match and match.group(2):
                match = None

    def _place(self, word: str) -> tuple[int, str, int]:
        """Return rank, style and value of a marker, by the enumeration that it continues or begins."""
        readings = _readings(word)
        enumerations = [self.nodes[i] for i in reversed(self.open) if self.nodes[i].rank >= _ENUMERATION]
        for node in enumerations:
            for style, value in readings:
                if node.style == style and value == node.value + 1:
                    return node.rank, style, value
        deepest = min(enumerations[0].rank + 1, _DEEPEST) if enumerations else _ENUMERATION
        for style, value in readings:
            if value == 1:
                return deepest, style, value
        for node in enumerations:  # a gap in the numbering: same style, later value
            for style, value in readings:
                if node.style == style and value > node.value:
                    return node.rank, style, value
        style, value = min(readings, key=lambda reading: reading[1])
        return _ENUMERATION, style, value

    def _parent_label(self, rank: int) -> str:
        for index in reversed(self.open):
            node = self.nodes[index]
            if node.rank < rank:
                if node.label or node.parent < 0:
                    return node.label
                if node.kind in (K.HEADING, K.CHAPTER, K.PART):
                    return node.heading
        return ""

    def _row(self, block: Block, text: str) -> None:
        """Add a table row; a code that begins it ("R15"), or codes of a catalogue in it, are how it is cited."""
        codes = [(m.start(), m.group(1)) for m in _CATALOGUE_CODE.finditer(text)]
        if not codes and (code := _ROW_CODE.match(text)):
            codes = [(0, code["code"])]
        if len(codes) == 1 and text.rstrip(" :;|").endswith(codes[0][1]):  # the words stand before their code
            codes = [(0, codes[0][1])]
        cuts = [at for at, _ in codes]
        before = text[: cuts[0]].strip() if cuts else text
        if before:
            self.leaf(block, before, K.TABLE)
        for (at, label), end in zip(codes, [*cuts[1:], len(text)], strict=False):
            line = text[at:end].strip()
            start = self.append(line)
            self.nodes.append(
                Node(self.open[-1], K.TABLE, label, "", start, start + len(line), start, block.page, _ROW)
            )


def _is_title(text: str) -> bool:
    """Tell a section's title, which is short and no sentence, from its words."""
    return 0 < len(text) <= 100 and text[-1] not in ".;:,"


def _readings(word: str) -> list[tuple[str, int]]:
    """Return the ways to read a marker: (style, value); "(i)" is the first Roman numeral or the ninth letter."""
    if word.isdigit():
        return [("1", int(word))]
    readings = []
    lower = word.lower()
    style = "a" if word.islower() else "A"
    if len(set(lower)) == 1:
        readings.append((style, (len(word) - 1) * 26 + ord(lower[0]) - 96))
    if all(char in _ROMAN_VALUES for char in lower):
        total = 0
        for char, following in zip(lower, [*lower[1:], ""], strict=True):
            value = _ROMAN_VALUES[char]
            total += -value if following and _ROMAN_VALUES[following] > value else value
        readings.insert(0, ("i" if word.islower() else "I", total))
    return readings or [(style + "?", 0)]


def _split_heading(rest: str) -> tuple[str, str]:
    """Divide "Notification to individuals. (a) Standard…" into its heading and the body that follows on the line."""
    match = re.match(r"(.{3,160}?[^.A-Z])\.\s+(?=[(A-Z])", rest)
    if match:
        return match.group(1), rest[match.end() :]
    if len(rest) <= 160:
        return rest.rstrip("."), ""
    return "", rest
