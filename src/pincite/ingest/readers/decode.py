"""Bytes to text: by the byte order mark, as UTF-8, by the zero bytes of UTF-16, else by detection with a warning."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

__all__ = ["as_utf8", "decode"]

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What office files are written in; a detection among all of Python's encodings would find stranger ones.
_CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "mac_roman", "cp932", "euc_jp", "gb18030", "big5",
    "euc_kr", "utf_16_le", "utf_16_be",
]  # fmt: skip
_SAMPLE = 262_144  # bytes that the detection looks at
_NAMES = {"cp1252": "Windows-1252", "cp932": "Shift-JIS"}


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text and, where its encoding was assumed and not stated, a warning for the steward."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decoded(data, encoding, ())
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
    else:
        encoding = _utf16(data)
        if not encoding:
            return text, ()
        return _decoded(data, encoding, (f"no byte order mark; read as {encoding.upper()}",))
    encoding = _utf16(data) or _detected(data)
    return _decoded(data, encoding, (f"not UTF-8 at byte {at}; read as {_NAMES.get(encoding, encoding.upper())}",))


def _decoded(data: bytes, encoding: str, warnings: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    text = data.decode(encoding, errors="replace")
    lost = text.count("\N{REPLACEMENT CHARACTER}")
    return text, (*warnings, f"{lost} character(s) could not be decoded") if lost else warnings


def _utf16(data: bytes) -> str:
    """Return the byte order of UTF-16 without a mark: in European text every other byte is zero."""
    sample = data[:4096]
    half = len(sample) // 2
    if half < 2:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.6 * half and even < 0.05 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 * half and odd < 0.05 * half else ""


def _detected(data: bytes) -> str:
    """Return Windows-1252 where that gives plausible words, else what the bytes are likeliest in."""
    sample = data[:_SAMPLE]
    if _is_western(sample.decode("cp1252", errors="replace")):
        return "cp1252"  # a few accented letters tell no Western encoding from its neighbours
    best = from_bytes(sample, cp_isolation=_CANDIDATES).best()
    return best.encoding if best else "cp1252"


def _is_western(text: str) -> bool:
    """Tell whether accented letters are few among letters, and signs such as "³" or "¿" not inside of words."""
    high = [at for at, char in enumerate(text) if char > "\x7f"]
    letters = sum(char.isalpha() for char in text)
    accented = sum(text[at].isalpha() for at in high)
    inside = sum(
        not text[at].isalpha()
        and text[at] not in "’‘–—·"
        and text[at - 1 : at].isalpha()
        and text[at + 1 : at + 2].isalpha()
        for at in high
    )
    return inside * 20 <= len(high) and accented * 3 <= letters


def as_utf8(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return text in UTF-16 or UTF-32 as UTF-8, without a declaration of the old encoding; all else as it is."""
    if not (any(data.startswith(mark) for mark, _ in _MARKS) or _utf16(data)):
        return data, ()
    text, warnings = decode(data)
    text = re.sub(r"""(?:encoding|charset)=["']?utf-(?:16|32)(?:[lb]e)?["']?""", "", text, count=1, flags=re.I)
    return text.encode("utf-8", "replace"), warnings
