"""Vectors in NumPy's file format, read without evaluating anything that stands in the file.

Only the one form that we write is taken: version 1.0, float32, rows one after the other, and exactly as many bytes as
the shape says. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["read_matrix"]

_START = b"\x93NUMPY\x01\x00"
_HEADER = re.compile(
    rb"\{'descr': '<f4', 'fortran_order': False, 'shape': \((0|[1-9][0-9]{0,11}), ([1-9][0-9]{0,4})\), \} *\n"
)
_ALIGNMENT = 64


def read_matrix(path: Path, *, mapped: bool = False) -> npt.NDArray[np.float32]:
    """Return the matrix of a file, shape (rows, dimension).

    Args:
        path: the file, its digest already compared.
        mapped: leave it on disk and read from there what is asked for.

    Raises:
        ValueError: if it is not of the one form, or of another size than its shape; names the file.
        OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(len(_START) + 2)
        length = int.from_bytes(start[len(_START) :], "little")
        header = _HEADER.fullmatch(file.read(length))
        begin = len(_START) + 2 + length
        if start[: len(_START)] != _START or header is None or begin % _ALIGNMENT:
            raise ValueError(f"{path.name} is no matrix of float32 as this program writes it")
        rows, columns = int(header[1]), int(header[2])
        size = path.stat().st_size
        if begin + rows * columns * 4 != size:
            raise ValueError(f"{path.name} has {size} bytes, its {rows} rows of {columns} need another number")
        if mapped and rows:
            return np.asarray(np.memmap(path, np.dtype("<f4"), "r", begin, (rows, columns)))
        return np.fromfile(file, np.dtype("<f4"), rows * columns).reshape(rows, columns)
