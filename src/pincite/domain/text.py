"""Normalised text: the one place where untrusted characters are made harmless and offsets get their meaning."""

from __future__ import annotations

import hashlib
import re
import unicodedata

__all__ = ["collapse", "harmless", "normalise", "printable", "printable_path", "sha256_text"]

# C0/C1 controls except line feed, bidi controls, zero-width and other format characters,
# surrogates, private use, variation selectors and tag characters: none of them is ever needed to
# read a law or a policy, and each of them can forge what a terminal or a reader sees.
_KEEP = {"\n"}
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_SPACES = re.compile(r"[^\S\n]+")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_INVISIBLE = {"\u00ad", "\u200b", "\u2060", "\ufeff"}  # soft hyphen, zero-width space, word joiner, BOM


def normalise(text: str) -> str:
    """Return `text` as it is stored and cited: NFC, plain spaces, no control or invisible characters.

    Line feeds stay; carriage returns, form feeds and Unicode line separators become line feeds; every
    other white space becomes one space, none of it at the ends of lines. Soft hyphens, zero-width spaces
    and byte-order marks vanish; all other control, bidi, surrogate, private-use and tag characters become
    U+FFFD, so that nothing is dropped in silence. Idempotent.
    """
    if text.isascii() and text.isprintable():  # most lines, and nothing of what follows is in them but spaces
        return _SPACES.sub(" ", text).strip(" ")
    text = text.replace("\r\n", "\n")
    text = re.sub("[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    # surrogates first: unicodedata.normalize accepts them, but nothing may be stored with them
    text = "".join(_harmless(char) for char in unicodedata.normalize("NFC", text))
    text = _VARIATION.sub("", text)
    text = unicodedata.normalize("NFC", text)
    text = _SPACES.sub(" ", text)
    return re.sub(r" *\n *", "\n", text).strip(" ")


def _harmless(char: str) -> str:
    if char in _KEEP or (" " <= char <= "~"):
        return char
    if char in _INVISIBLE:
        return ""
    category = unicodedata.category(char)
    if category == "Zs" or char == "\t":
        return " "
    if category in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return _REPLACEMENT
    return char


def printable(text: str) -> str:
    """Return `text` fit for a terminal: as `normalise`, for file names, errors and model output."""
    return normalise(text)


def harmless(text: str) -> str:
    """Return `text` with everything that could steer a terminal replaced by U+FFFD, character for character.

    What `printable` returns stays as it is, and so do line ends and tabs; offsets still hold. For the last step
    before a terminal, where it is no longer known what is a name, a quotation or a line of ours.
    """
    if text.isascii() and text.isprintable():
        return text
    return "\r\n".join("".join(map(_steady, part)) for part in text.split("\r\n"))


def _steady(char: str) -> str:
    # other spaces than the plain one count as not printable, and are none the worse for it
    safe = char.isprintable() or char in "\n\t" or unicodedata.category(char) == "Zs"
    return char if safe else _REPLACEMENT


def printable_path(path: object) -> str:
    """Return a file's name or path on one line, fit for a terminal: what a name hides shows as U+FFFD."""
    return normalise(str(path).replace("\n", _REPLACEMENT).replace("\r", _REPLACEMENT))


def collapse(text: str) -> str:
    """Return `text` on one line, white space runs as one space (for headings, previews, labels)."""
    return " ".join(text.split())


def sha256_text(text: str) -> str:
    """Return the hex SHA-256 of the UTF-8 bytes of `text`."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
