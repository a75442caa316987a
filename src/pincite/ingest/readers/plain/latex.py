"""Signs that text recognition writes as LaTeX ("$\\S 164.504(\\mathrm{f})$") as the signs they stand for."""

from __future__ import annotations

import re

__all__ = ["plain_signs"]

_INLINE = re.compile(r"(?<!\\)\$((?:\\.|[^$\\\n]){1,200})\$")
_KNOWN = {r"\S": "§ ", r"\$": "$", r"\&": "&", r"\%": "%", r"\#": "#", r"\_": "_", r"\{": "{", r"\}": "}"}
_WRAPPED = re.compile(r"\\(?:mathrm|text|textbf|textit|mathbf|operatorname)\s*\{([^{}\\]*)\}")
_PIECE = re.compile(r"\\[A-Za-z]+|\\.|\s+|.")


def plain_signs(text: str) -> tuple[str, int]:
    """Return the text and how many formulas were turned into plain signs; a real formula stays as it is."""
    count = 0

    def plain(match: re.Match[str]) -> str:
        nonlocal count
        body = match.group(1)
        if "\\" not in body:
            return match.group()
        inner = _WRAPPED.sub(lambda m: re.sub(r"~", " ", m.group(1)).strip(), body)
        parts = []
        for piece in _PIECE.findall(inner):
            if piece.startswith("\\"):
                if piece not in _KNOWN:
                    return match.group()
                parts.append(_KNOWN[piece])
            elif not piece.isspace():  # spaces mean nothing in a formula
                parts.append(" " if piece == "~" else piece)
        count += 1
        return "".join(parts).replace("§ §", "§§").strip()

    return _INLINE.sub(plain, text), count
