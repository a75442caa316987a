"""Vectors by digest of their text: those of the current generation, and new ones, kept as they are made."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import apsw
import numpy as np

from pincite.domain.progress import Progress
from pincite.embed import Embedder
from pincite.embed.protocol import Vectors
from pincite.errors import ModelError
from pincite.library.generations import DATABASE, SENTENCES, VECTORS
from pincite.library.matrix import read_matrix

__all__ = ["VectorStore", "vector_key"]

_BATCH = 64
_ROWS = 4096


def vector_key(model: str, text: str) -> str:
    """Return the name under which the vector is kept that the model with the digest `model` makes of `text`."""
    return hashlib.sha256(f"{model}\n{text}".encode()).hexdigest()


class VectorStore:
    """Vectors for one build; none is held in memory that lies in a file.

    Args:
        work: directory for new vectors; what a killed build left there is taken over.
        model: digest of the embedding model.

    Attributes:
        dimension: length of a vector, 0 until one is known.
        embedded: texts that got a vector now.
    """

    def __init__(self, work: Path, model: str) -> None:
        self._model = model
        self._rows: dict[str, tuple[int, int]] = {}  # key to (which file, row)
        self._old: list[Vectors] = []
        self._made: set[str] = set()
        self.dimension = 0
        self.embedded = 0
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = work / f"vectors-{model[:16]}.db"
        try:
            self._open(path)
        except (apsw.CorruptError, apsw.NotADBError, ValueError):
            # what a killed build left is a saving, never a condition
            self._connection.close()
            path.unlink()
            self._made.clear()
            self._open(path)

    def _open(self, path: Path) -> None:
        self._connection = apsw.Connection(str(path))
        self._connection.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL)")
        for key, size in self._connection.execute("SELECT key, length(vector) FROM vectors"):
            self.dimension = self.dimension or size // 4
            if size != 4 * self.dimension:
                raise ValueError("vectors of different lengths")
            self._made.add(key)

    def key(self, text: str) -> str:
        """Return the name under which the vector of `text` is kept."""
        return vector_key(self._model, text)

    def take_from(self, generation: Path) -> None:
        """Take over the vectors of a generation, whose files were verified and whose model is the same."""
        connection = apsw.Connection(
            f"file:{generation / DATABASE}?mode=ro&immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
        for table, name in (("passages", VECTORS), ("sentences", SENTENCES)):
            matrix = read_matrix(generation / name, mapped=True)
            rows = connection.execute(f"SELECT vector_key, id FROM {table} ORDER BY id")  # noqa: S608 - two words of ours
            number = len(self._old)
            self._rows.update((key, (number, row)) for key, row in rows)
            self._old.append(matrix)
            self.dimension = matrix.shape[1]
        connection.close()

    def fill(self, texts: Mapping[str, str], load: Callable[[], Embedder], progress: Progress) -> None:
        """Embed the texts (by key) that have no vector yet, longest first so that batches hold texts of equal length.

        Raises:
            ModelError: if the embedder gives something else than unit vectors.
        """
        new = {key: text for key, text in texts.items() if key not in self._rows and key not in self._made}
        self.embedded = len(new)
        if not new:
            return
        embedder = load()
        self.dimension = embedder.dimension
        done, total = 0, sum(map(len, new.values()))
        progress("Embedding", 0, total, "characters")
        for keys in _batches(sorted(new, key=lambda key: -len(new[key]))):
            vectors = self._checked(embedder.encode([new[key] for key in keys]), len(keys))
            with self._connection:
                self._connection.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                    ((key, vector.tobytes()) for key, vector in zip(keys, vectors, strict=True)),
                )
            self._made.update(keys)
            done += sum(len(new[key]) for key in keys)
            progress("Embedding", done, total, "characters")

    def _checked(self, vectors: Vectors, count: int) -> Vectors:
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        if vectors.shape != (count, self.dimension) or not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
            raise ModelError(
                f"the embedder gave no unit vectors of length {self.dimension}",
                hint="Check it with `pincite models verify`.",
            )
        return vectors

    def write(self, path: Path, keys: Sequence[str]) -> None:
        """Write the vectors of `keys` in this order as a matrix in NumPy's form, a few thousand rows at a time."""
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(keys), self.dimension)}
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for at in range(0, len(keys), _ROWS):
                file.write(self._matrix(keys[at : at + _ROWS]).tobytes())

    def _matrix(self, keys: Sequence[str]) -> Vectors:
        matrix = np.empty((len(keys), self.dimension), np.float32)
        places: dict[int, list[tuple[int, int]]] = {}
        for place, key in enumerate(keys):
            if key in self._rows:
                number, row = self._rows[key]
                places.setdefault(number, []).append((place, row))
            else:
                ((blob,),) = self._connection.execute("SELECT vector FROM vectors WHERE key = ?", (key,))
                matrix[place] = np.frombuffer(blob, np.float32)
        for number, pairs in places.items():
            here, there = np.array(pairs).T
            matrix[here] = self._old[number][there]
        return matrix

    def holds(self, keys: Iterable[str]) -> bool:
        """Tell whether every key has a vector already."""
        return all(key in self._rows or key in self._made for key in keys)

    def close(self) -> None:
        """Close what is open; the new vectors stay in the work directory."""
        self._connection.close()
        self._old.clear()


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[at : at + _BATCH] for at in range(0, len(keys), _BATCH))
