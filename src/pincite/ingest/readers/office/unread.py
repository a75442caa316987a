"""What a steward should know of a text document: tracked changes, hidden words, pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

__all__ = ["unread_parts"]


def unread_parts(seen: Counter[str], left_out: Counter[str]) -> Iterator[str]:
    """Yield warnings.

    Args:
        seen: how many insertions, deletions, pictures and embedded objects there are.
        left_out: characters that were not read, by what they are.
    """
    if seen["insertion"] or seen["deletion"]:
        yield (
            f"tracked changes read as accepted: {seen['insertion']} insertion(s) in, "
            f"{seen['deletion']} deletion(s) of {left_out['tracked deletions']} characters out"
        )
    if left_out["hidden text"]:
        yield f"hidden text not read: {left_out['hidden text']} characters"
    for what in ("picture", "embedded object"):
        if seen[what]:
            yield f"{seen[what]} {what}(s) not read"
