"""Gold snippets compared with stored text: white space and the shapes of quotation marks and dashes do not count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["covered", "straighten"]

_STRAIGHT = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-"),
        **dict.fromkeys("\u00ad\u200b\ufeff", None),
    }
)


def straighten(text: str) -> str:
    """Return `text` with white space collapsed and quotation marks and dashes straightened."""
    return " ".join(text.translate(_STRAIGHT).split())


def covered(groups: Iterable[Sequence[str]], texts: Iterable[str]) -> bool:
    """Tell whether every group has a snippet in some text."""
    straight = [straighten(text) for text in texts]
    return all(any(straighten(snippet) in text for snippet in group for text in straight) for group in groups)
