"""Bytes to text: UTF-8 first, then what the byte order mark says, then Windows-1252 with a warning."""

from __future__ import annotations

__all__ = ["decode"]


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text and warnings for the steward."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace"), ()
    try:
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        warning = f"not UTF-8 at byte {error.start}; read as Windows-1252"
        return data.decode("cp1252", errors="replace"), (warning,)
