"""Which words of a PDF page a reader can see: the page is rendered, and words that leave no trace are set apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pypdfium2

from pincite.ingest.readers.pdf.words import PageWords, Word

__all__ = ["set_hidden_apart"]

_TINY = 2.5  # points; the smallest print of a contract is about 4
_CONTRAST = 12  # of 255: less than #F3F3F3 on white
_CLEAR = 48  # of 255: in a small rendering, words that stand out at least so much need no second look
_MOST_PIXELS = 8_000_000  # of one rendering; a page larger than that in points is a plan, not a text
_MOST_IMAGE_PIXELS = 200_000_000  # of a page's images: more is not decoded for a look at the words

Pixels = Any  # a two-dimensional array of brightness


def set_hidden_apart(page: pypdfium2.PdfPage, words: PageWords) -> dict[str, list[Word]]:
    """Take the words that cannot be seen out of `words` and return them by reason.

    Words without ink over a scan stay: they are the text that recognition found in it (reason "recognised").
    """
    hidden: dict[str, list[Word]] = {}
    scan = words.image_share > 0.5
    inked: list[Word] = []
    for word in words.words + words.aside:
        reason = _without_ink(word, words)
        if reason == "without ink" and scan:
            hidden.setdefault("recognised", []).append(word)
        elif reason:
            hidden.setdefault(reason, []).append(word)
        else:
            inked.append(word)
    area = max(1.0, words.width * words.height)
    if inked and words.image_pixels <= _MOST_IMAGE_PIXELS and area <= _MOST_PIXELS:
        first = _render(page, words, 1.0)
        unclear = [word for word in inked if _range(_box(first, words, word)) < _CLEAR or _pale(word)]
        second = _render(page, words, 3.0) if unclear else first
        for word in unclear:
            if not _stands_out(second, words, word):
                hidden.setdefault("not visible on the page", []).append(word)
    gone = {id(word) for reason, group in hidden.items() if reason != "recognised" for word in group}
    words.words = [word for word in words.words if id(word) not in gone]
    words.aside = [word for word in words.aside if id(word) not in gone]
    return hidden


def _without_ink(word: Word, page: PageWords) -> str:
    if word.mode in (3, 7) or (word.mode in (0, 4) and word.colour[3] == 0):
        return "without ink"
    if word.size < _TINY:
        return "too small to read"
    left, top, right, bottom = word.box
    if right <= 0 or left >= page.width or bottom <= 0 or top >= page.height:
        return "off the page"
    return ""


def _pale(word: Word) -> bool:
    """Tell whether a word may hide behind dark ones in the same place: its own colour is nearly that of paper."""
    return word.mode in (0, 4) and min(word.colour[:3]) > 200


def _render(page: pypdfium2.PdfPage, words: PageWords, scale: float) -> Pixels:
    most = (_MOST_PIXELS / max(1.0, words.width * words.height)) ** 0.5
    bitmap = page.render(scale=min(scale, most), grayscale=True, may_draw_forms=False)
    try:
        pixels = bitmap.to_numpy()
        return np.array(pixels[..., 0] if pixels.ndim == 3 else pixels)
    finally:
        bitmap.close()


def _box(pixels: Pixels, words: PageWords, word: Word, more: int = 0) -> Pixels:
    high, wide = pixels.shape
    across, down = wide / words.width, high / words.height
    left, top, right, bottom = word.box
    rows = slice(max(0, int(top * down) - more), min(high, int(bottom * down) + 1 + more))
    return pixels[rows, max(0, int(left * across) - more) : min(wide, int(right * across) + 1 + more)]


def _range(box: Pixels) -> int:
    return int(box.max()) - int(box.min()) if box.size else 0


def _stands_out(pixels: Pixels, words: PageWords, word: Word) -> bool:
    """Tell whether a word differs from what is behind it, and not only something else in the same place."""
    box = _box(pixels, words, word)
    if _range(box) < _CONTRAST:
        return False
    if word.mode not in (0, 4):
        return True
    red, green, blue, _ = word.colour
    own = 0.299 * red + 0.587 * green + 0.114 * blue
    commonest = np.bincount(box.ravel(), minlength=256).argmax()
    frame = _box(pixels, words, word, 2)
    around = np.median(np.concatenate([frame[0], frame[-1], frame[:, 0], frame[:, -1]]))
    # heavy characters fill most of their box, so that their surroundings are asked as well
    return bool(abs(commonest - own) >= _CONTRAST or abs(around - own) >= _CONTRAST)
