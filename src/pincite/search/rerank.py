"""The second stage: a stronger embedding model reads the best candidates once more and puts them in order.

It is too slow to read a whole library in the time that a build may take, and fast enough for the few passages that
could be first (Nogueira and Cho 2019, arXiv 1901.04085, put a stronger model second in the same way).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pincite.embed import Embedder
from pincite.library import Library, PassageRow

__all__ = ["READ", "Reranker"]

READ = 16
"""Candidates read once more."""
_REMEMBERED = 4096
"""Vectors kept in memory for questions to come, 3 kB each."""


class Reranker:
    """Scores the first candidates of a question with an embedding model of its own.

    Args:
        library: the one searched.
        embedder: reads questions and passages; it need not be the one that made the library's vectors.
        weight: of its cosine, in units of the ranker.
    """

    def __init__(self, library: Library, embedder: Embedder, weight: float) -> None:
        self._library = library
        self._embedder = embedder
        self._weight = weight
        self._vectors: OrderedDict[int, npt.NDArray[np.float32]] = OrderedDict()

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of the embedding model, and of its question adapter if it has one."""
        adapter = self._embedder.adapter_sha256
        return {"reranker": self._embedder.sha256} | ({"reranker_adapter": adapter} if adapter else {})

    def gains(
        self, questions: Sequence[str], passages: Sequence[PassageRow], scores: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Return what each candidate gains, shape (candidates,).

        Args:
            questions: the question, and what is new in it if it is a follow-up; they weigh the same.
            passages: all candidates.
            scores: of the first stage; the best of them are read, and none of the others passes them.
        """
        gained = np.zeros(len(scores), np.float32)
        read = np.argsort(-scores, kind="stable")[:READ]
        if len(read) > 1:
            similarities = self.similarities(questions, [passages[i] for i in read])
            gained[read] = self._weight * (similarities - similarities.min())
        return gained

    def similarities(self, questions: Sequence[str], passages: Sequence[PassageRow]) -> npt.NDArray[np.float32]:
        """Return the cosine of the questions' sum and each passage, shape (passages,)."""
        vector = self._embedder.encode_questions(questions).sum(axis=0)
        return np.asarray(self._encoded(passages) @ (vector / np.linalg.norm(vector)), dtype=np.float32)

    def _encoded(self, passages: Sequence[PassageRow]) -> npt.NDArray[np.float32]:
        """Return the vectors of passages, shape (passages, dimension)."""
        new = [passage for passage in passages if passage.id not in self._vectors]
        if new:
            vectors = self._embedder.encode(self.texts(new))
            self._vectors.update(zip((passage.id for passage in new), vectors, strict=True))
        for passage in passages:
            self._vectors.move_to_end(passage.id)
        found = np.stack([self._vectors[passage.id] for passage in passages])
        while len(self._vectors) > _REMEMBERED:
            self._vectors.popitem(last=False)
        return found

    def texts(self, passages: Sequence[PassageRow]) -> list[str]:
        """Return what is read of passages: where each stands, what introduces it, what it says."""
        bodies = self._library.passage_texts([passage.id for passage in passages])
        documents = self._library.documents
        return [
            f"{documents[passage.document].short} {' › '.join(passage.path)}\n{body}"
            for passage, body in zip(passages, bodies, strict=True)
        ]
