"""Words of a PDF page with place, size and weight, as its reader sees the page: upright, from the top left corner."""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from pincite.errors import DocumentError

__all__ = ["PageWords", "Rule", "Word", "read_words"]

_MOST_CHARS = 200_000  # of one page: a dense broadsheet has about 30,000
_MOST_OBJECTS = 200_000  # of one page: text runs, lines, images
_MOST_PATHS = 20_000  # looked at for rules; a page with more is a drawing
_SCALE = 1000  # device units per point when asking PDFium where a point of the page is shown
_MOST_UNITS = 1e9  # of which PDFium counts no more than fit into 32 bits
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_LINE_HYPHENS = {"\x02": "-", "\ufffe": "-"}  # what PDFium makes of a hyphen that ends a line
_BOLD = re.compile(r"bold|black|heavy|demi|-medi$|medi\b|cmbx|sfbx", re.I)


@dataclass(slots=True, eq=False)
class Word:
    """Characters without a space between them; lengths in points, y downwards to the baseline.

    Attributes:
        glued: no space stands between it and the word before it.
        raised: a superscript, as the mark of a footnote.
        mode: how it is drawn, as PDF numbers it: 3 and 7 leave no trace.
        colour: red, green, blue, opacity of its filling, each 0 to 255.
        order: where it stands in the content of the file.
        angle: degrees, 0 for upright words.
        box: left, top, right, bottom on the page as shown, also where the page is read turned.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    mode: int
    colour: tuple[int, int, int, int]
    order: int
    angle: int = 0
    glued: bool = False
    raised: bool = False
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @property
    def top(self) -> float:
        """About where its capitals end."""
        return self.y - 0.75 * self.size


@dataclass(frozen=True, slots=True)
class Rule:
    """A thin line of the page, upright or level."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def level(self) -> bool:
        """Tell whether it runs from left to right."""
        return self.x1 - self.x0 > self.y1 - self.y0


@dataclass(slots=True)
class PageWords:
    """What stands on one page; `width` and `height` in points as the page is shown.

    Attributes:
        words: upright words, in the order of the file.
        aside: words at another angle: stamps, watermarks, margin notes.
        unknown: characters whose font does not say what they mean.
        image_share: share of the page that its largest image covers.
        image_pixels: pixels of all images.
    """

    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    aside: list[Word] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    unknown: int = 0
    image_share: float = 0.0
    image_pixels: int = 0


@dataclass(frozen=True, slots=True)
class _Affine:
    """From the file's coordinates to the page as shown."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f


@dataclass(frozen=True, slots=True)
class _Style:
    size: float
    bold: bool
    mode: int
    colour: tuple[int, int, int, int]
    angle: int


def read_words(page: pypdfium2.PdfPage, number: int) -> PageWords:
    """Read one page.

    Raises:
        DocumentError: if it has more characters than any page that people read.
    """
    objects = pdfium.FPDFPage_CountObjects(page.raw)
    if objects > _MOST_OBJECTS:
        raise DocumentError(f"page {number} is drawn with {objects:,} objects; the limit is {_MOST_OBJECTS:,}")
    width, height = page.get_size()
    found = PageWords(width, height)
    shown = _affine(page, width, height)
    textpage = page.get_textpage()
    try:
        count = textpage.count_chars()
        if count > _MOST_CHARS:
            raise DocumentError(f"page {number} has {count:,} characters; the limit is {_MOST_CHARS:,}")
        words = _Assembler(textpage.raw, shown, found).run(count)
    finally:
        textpage.close()
    _turn(words, found)
    _drawings(page, shown, found)
    return found


def _affine(page: pypdfium2.PdfPage, width: float, height: float) -> _Affine:
    """Ask PDFium where three points are shown, so that rotation, crop box and user unit are all counted in."""
    scale = min(_SCALE, _MOST_UNITS / max(1.0, width, height))
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))

    def at(x: float, y: float) -> tuple[float, float]:
        left, top = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(page.raw, 0, 0, wide, high, 0, x, y, left, top)
        return left.value / scale, top.value / scale

    (e, f), (xe, xf), (ye, yf) = at(0, 0), at(100, 0), at(0, 100)
    return _Affine((xe - e) / 100, (xf - f) / 100, (ye - e) / 100, (yf - f) / 100, e, f)


class _Assembler:
    """Characters to words. The loop is the reader's hot spot: each call into PDFium costs about a microsecond."""

    def __init__(self, textpage: Any, shown: _Affine, found: PageWords) -> None:
        self._textpage = textpage
        self._shown = shown
        self._found = found
        self._words: list[Word] = []
        self._word: Word | None = None
        self._chars: list[str] = []
        self._last = 0
        self._bold = 0

    def run(self, count: int) -> list[Word]:
        textpage, shown, box = self._textpage, self._shown, pdfium.FS_RECTF()
        unicode_of, object_of = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetTextObject
        origin_of = pdfium.FPDFText_GetCharOrigin
        x, y = ctypes.c_double(), ctypes.c_double()
        at_x, at_y = ctypes.byref(x), ctypes.byref(y)
        styles: dict[bytes, _Style] = {}
        before_x = before_y = 0.0
        for index in range(count):
            code = unicode_of(textpage, index)
            char = chr(code) if 32 < code < 127 else self._char(index, code)
            if not char:
                self._end(box)
                continue
            handle = object_of(textpage, index)
            key = bytes(handle)
            style = styles.get(key)
            if style is None:
                style = styles[key] = self._style(index, handle)
            origin_of(textpage, index, at_x, at_y)
            left, base = shown(x.value, y.value)
            word = self._word
            if word is None:
                self._begin(char, left, base, style)
            else:
                along, below = left - before_x, base - before_y
                if word.angle:
                    along, below = _offset(word.angle, along, below)
                size = word.size
                near = -0.5 * size < along < 1.9 * size and style.angle == word.angle
                if near and abs(below) < 0.15 * size:
                    self._chars.append(char)
                    self._bold += style.bold
                    if style.size > size:
                        word.size = style.size  # small capitals follow a capital
                else:
                    small = near and style.size < 0.85 * size and -0.75 * size < below < 0.35 * size
                    self._end(box)
                    # super- and subscripts stay in the line of the word that they follow
                    begun = self._begin(char, left, word.y if small and word.angle == 0 else base, style)
                    begun.glued = small or (near and abs(below) < 0.6 * max(size, style.size))
                    begun.raised = small and below < 0
            self._last, before_x, before_y = index, left, base
        self._end(box)
        for word, following in pairwise(self._words):
            _raise_mark(word, following)
        return self._words

    def _char(self, index: int, code: int) -> str:
        """Return a character to keep, or nothing for white space."""
        char = chr(code) if code < 0x110000 else "\N{REPLACEMENT CHARACTER}"
        if char.isspace() or (code == 0 and pdfium.FPDFText_IsGenerated(self._textpage, index) == 1):
            return ""
        if code == 0 or 0xE000 <= code < 0xF900 or code == 0xFFFD:
            # the symbol fonts' own range holds bullets and is no loss
            self._found.unknown += not 0xF000 <= code <= 0xF0FF
            return char if code else "\N{REPLACEMENT CHARACTER}"
        return _LINE_HYPHENS.get(char) or _LIGATURES.get(char, char)

    def _begin(self, char: str, x: float, y: float, style: _Style) -> Word:
        self._chars, self._bold = [char], int(style.bold)
        order = len(self._words)
        self._word = Word("", x, x, y, style.size, False, style.mode, style.colour, order, style.angle)
        return self._word

    def _end(self, box: Any) -> None:
        word, self._word = self._word, None
        if word is None:
            return
        word.text = "".join(self._chars)
        word.bold = self._bold * 2 > len(word.text)
        pdfium.FPDFText_GetLooseCharBox(self._textpage, self._last, box)
        corners = self._shown(box.left, box.bottom), self._shown(box.right, box.top)
        word.x1 = word.x0 + max(_offset(word.angle, x - word.x0, y - word.y)[0] for x, y in corners)
        if word.angle == 0:
            word.box = word.x0, word.y - 0.8 * word.size, word.x1, word.y + 0.2 * word.size
        else:
            across, down = zip((word.x0, word.y), *corners, strict=True)
            word.box = min(across), min(down), max(across), max(down)
        self._words.append(word)

    def _style(self, index: int, handle: Any) -> _Style:
        matrix = pdfium.FS_MATRIX()
        size = pdfium.FPDFText_GetFontSize(self._textpage, index)
        shown = self._shown
        angle = 0
        if pdfium.FPDFText_GetMatrix(self._textpage, index, matrix):
            across = (shown.a * matrix.a + shown.c * matrix.b, shown.b * matrix.a + shown.d * matrix.b)
            up = (shown.a * matrix.c + shown.c * matrix.d, shown.b * matrix.c + shown.d * matrix.d)
            size *= math.hypot(*up)
            angle = round(math.degrees(math.atan2(across[1], across[0]))) % 360
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        pdfium.FPDFText_GetFillColor(self._textpage, index, red, green, blue, alpha)
        mode, bold = 0, False
        if handle:
            mode = pdfium.FPDFTextObj_GetTextRenderMode(handle)
            font = pdfium.FPDFTextObj_GetFont(handle)
            buffer = ctypes.create_string_buffer(256)
            length = min(pdfium.FPDFFont_GetBaseFontName(font, buffer, 256), 256)
            name = buffer.raw[: max(0, length - 1)].decode("utf-8", "replace")
            bold = bool(_BOLD.search(name)) or pdfium.FPDFText_GetFontWeight(self._textpage, index) >= 650
        return _Style(abs(size), bold, mode, (red.value, green.value, blue.value, alpha.value), angle)


def _raise_mark(word: Word, following: Word) -> None:
    """Put a small mark that stands high before the words of its note into their line."""
    size = following.size
    near = -0.2 * size < following.x0 - word.x1 < size and not (word.angle or following.angle)
    if near and word.size < 0.85 * size and 0.1 * size < following.y - word.y < 0.75 * size:
        word.y, word.raised = following.y, True


def _offset(angle: int, across: float, down: float) -> tuple[float, float]:
    """Return how far along and how far below a line of this angle a step leads."""
    if angle == 0:
        return across, down
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return across * cos + down * sin, down * cos - across * sin


def _turn(words: list[Word], found: PageWords) -> None:
    """Divide the words by angle; a page whose words mostly run sideways is read turned."""
    angles: Counter[int] = Counter()
    for word in words:
        angles[word.angle] += len(word.text)
    main = max(angles, key=lambda angle: (angles[angle], angle == 0), default=0)
    found.words = [word for word in words if word.angle == main]
    found.aside = [word for word in words if word.angle != main]
    if main == 0:
        return
    radians = math.radians(main)
    cos, sin = math.cos(radians), math.sin(radians)
    for word in found.words:
        x, y = word.x0, word.y
        length = word.x1 - word.x0
        word.x0, word.y = x * cos + y * sin, y * cos - x * sin
        word.x1 = word.x0 + length


def _drawings(page: pypdfium2.PdfPage, shown: _Affine, found: PageWords) -> None:
    """Collect rules for tables and footnotes, and how much of the page is an image."""
    area = found.width * found.height or 1.0
    kinds = (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE)
    for at, item in enumerate(page.get_objects(filter=kinds, max_depth=2)):
        if at > _MOST_PATHS:
            break
        try:
            left, bottom, right, top = item.get_bounds()
        except pypdfium2.PdfiumError:
            continue
        (ax, ay), (bx, by) = shown(left, bottom), shown(right, top)
        x0, x1, y0, y1 = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
        if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            found.image_share = max(found.image_share, (x1 - x0) * (y1 - y0) / area)
            wide, high = ctypes.c_uint(), ctypes.c_uint()
            if pdfium.FPDFImageObj_GetImagePixelSize(item.raw, wide, high):
                found.image_pixels += wide.value * high.value
        elif min(x1 - x0, y1 - y0) <= 3 and max(x1 - x0, y1 - y0) >= 12:
            found.rules.append(Rule(x0, y0, x1, y1))
        elif 12 <= x1 - x0 < 0.95 * found.width and 6 <= y1 - y0 < 0.95 * found.height:  # a box may rule a table
            found.rules += [Rule(x0, y, x1, y) for y in (y0, y1)] + [Rule(x, y0, x, y1) for x in (x0, x1)]
