"""RTF as a stream of tokens, and the tables at its beginning: fonts' character sets, styles, lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["CODE_PAGES", "ListLevel", "RtfTables", "Token", "tokens"]

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,40})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n\x00]+|([^\\{}\r\n\x00]+)|\\"
)

# Windows character sets of fonts -> Python's names
CODE_PAGES = {
    0: "cp1252", 128: "cp932", 129: "cp949", 134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258",
    177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A control word with its number, a brace, or bytes of text; the others are empty."""

    word: str = ""
    number: int | None = None
    brace: str = ""
    text: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    """Yield the tokens of an RTF file; bytes of embedded binaries are passed over."""
    at = 0
    while at < len(data):
        match = _TOKEN.match(data, at)
        if match is None:
            at += 1
            continue
        at = match.end()
        word, number, code, symbol, brace, text = match.groups()
        if word:
            value = int(number) if number else None
            if word == b"bin":
                at += max(0, value or 0)
            else:
                yield Token(word.decode("ascii").lower(), value)
        elif code:
            yield Token(text=bytes([int(code, 16)]))
        elif symbol:
            yield Token(word=symbol.decode("latin-1"))
        elif brace:
            yield Token(brace=brace.decode("ascii"))
        elif text:
            yield Token(text=text)


@dataclass(slots=True)
class ListLevel:
    """How a level of a list counts: Word's number of the format, and its form ("%1.%2")."""

    format: int = 0
    form: str = ""


@dataclass(slots=True)
class RtfTables:
    """What the tables of the file's beginning say; filled while it is read.

    Attributes:
        fonts: character set by font.
        styles: name by style; what it is based on by style.
        lists: levels by list, and the list of each instance (``\\lsN``).
    """

    fonts: dict[int, int] = field(default_factory=dict)
    styles: dict[int, str] = field(default_factory=dict)
    based: dict[int, int] = field(default_factory=dict)
    lists: dict[int, list[ListLevel]] = field(default_factory=dict)
    instances: dict[int, int] = field(default_factory=dict)
    _font: int = 0
    _style: int = 0
    _list: list[ListLevel] = field(default_factory=list)
    _id: int = 0

    def control(self, table: str, word: str, number: int | None) -> None:
        """Take a control word inside one of the tables."""
        value = number or 0
        if table == "fonttbl":
            if word == "f":
                self._font = value
            elif word == "fcharset":
                self.fonts[self._font] = value
        elif table == "stylesheet":
            if word in ("s", "cs", "ts"):
                self._style = value if word == "s" else -1
            elif word == "sbasedon":
                self.based[self._style] = value
        elif table == "listtable":
            if word == "list":
                self._list = []
            elif word == "listlevel":
                self._list.append(ListLevel())
            elif word in ("levelnfc", "levelnfcn") and self._list:
                self._list[-1].format = value
            elif word == "listid":
                self.lists[value] = self._list
        elif table == "listoverridetable":
            if word == "listid":
                self._id = value
            elif word == "ls":
                self.instances[value] = self._id

    def name(self, text: str) -> None:
        """Take the words of an entry of the style sheet."""
        if self._style >= 0:
            self.styles[self._style] = (self.styles.get(self._style, "") + text).split(";")[0].strip().lower()

    def level_text(self, data: bytes) -> None:
        """Take the form of a level: its length, then text in which the bytes 0 to 8 stand for numbers."""
        if self._list:
            shown = data[1:].split(b";")[0]
            self._list[-1].form = "".join(f"%{c + 1}" if c < 9 else chr(c) for c in shown)

    def level(self, style: int) -> int:
        """Return 1 to 6 if the style is a heading's, 0 otherwise."""
        seen = set()
        while style not in seen:
            seen.add(style)
            name = self.styles.get(style, "")
            match = re.fullmatch(r"heading (\d)", name)
            if match:
                return max(1, min(int(match.group(1)), 6))
            if name == "title":
                return 1
            style = self.based.get(style, style)
        return 0

    def list_levels(self, instance: int) -> list[ListLevel]:
        """Return the levels of a list's instance."""
        return self.lists.get(self.instances.get(instance, -1), [])
