"""How many bytes a tensor takes in a GGUF file, by its type and shape.

Blocks and their sizes: ``type_traits`` in https://github.com/ggml-org/ggml/blob/master/src/ggml.c
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["BLOCKS", "stored_size"]

BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 16: (256, 66), 17: (256, 74), 18: (256, 98),
    19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4),
    27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
    40: (64, 36), 41: (128, 18), 42: (64, 18),
}  # fmt: skip
"""By the number of the type: values in a block, bytes of a block."""

_MOST_VALUES = 1 << 40


def stored_size(kind: int, shape: Sequence[int]) -> int | None:
    """Return the bytes of a tensor, None if there is no such type or shape.

    Args:
        kind: number of the type.
        shape: lengths of the axes, the fastest first.
    """
    if kind not in BLOCKS:
        return None
    values = 1
    for length in shape:
        values *= length
        if not 0 < values <= _MOST_VALUES:  # after each axis, so that no product grows without bound
            return None
    per_block, size = BLOCKS[kind]
    return values // per_block * size if shape[0] % per_block == 0 else None
