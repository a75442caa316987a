"""The second stage: a stronger embedding model reads the best candidates once more and puts them in order.

It is too slow to read a whole library in the time that a build may take, and fast enough for the few passages that
could be first (Nogueira and Cho 2019, arXiv 1901.04085, put a stronger model second in the same way). It compares a
question with a passage whole, by the cosine of their vectors, and token by token, by late interaction (Khattab and
Zaharia 2020, arXiv 2004.12832): what a question names is said somewhere in the passage that answers it, however little
of the passage that is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pincite.embed import Embedder
from pincite.embed.protocol import Encoded
from pincite.library import Library, PassageRow

__all__ = ["READ", "Reranker"]

READ = 16
"""Candidates read once more."""
_REMEMBERED = 512
"""Passages kept in memory for questions to come, about 0.2 MB each."""


class Reranker:
    """Scores the first candidates of a question with an embedding model of its own.

    Args:
        library: the one searched.
        embedder: reads questions and passages; it need not be the one that made the library's vectors.
        cosine: weight of the cosine of question and passage, in units of the ranker.
        tokens: … and of their late interaction.
    """

    def __init__(self, library: Library, embedder: Embedder, cosine: float, tokens: float) -> None:
        self._library = library
        self._embedder = embedder
        self._weights = np.array([cosine, tokens], np.float32)
        self._passages: OrderedDict[int, Encoded] = OrderedDict()

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
            near = self.similarities(questions, [passages[i] for i in read])
            gained[read] = (near - near.min(axis=0)) @ self._weights
        return gained

    def similarities(self, questions: Sequence[str], passages: Sequence[PassageRow]) -> npt.NDArray[np.float32]:
        """Return how near passages are to the questions together, shape (passages, 2): the cosine of the questions' sum
        and the passage, and their late interaction: the mean over tokens of a question of the nearest token's cosine.
        """
        asked = self._embedder.read_questions(questions)
        vector = np.sum([question.vector for question in asked], axis=0)
        vector /= np.linalg.norm(vector)
        found = np.zeros((len(passages), 2), np.float32)
        for row, passage in zip(found, self._encoded(passages), strict=True):
            row[0] = passage.vector @ vector
            row[1] = np.mean([_late_interaction(question, passage) for question in asked])
        return found

    def _encoded(self, passages: Sequence[PassageRow]) -> list[Encoded]:
        """Return passages as the embedder sees them; those of earlier questions are not read again."""
        new = [passage for passage in passages if passage.id not in self._passages]
        if new:
            for passage, one in zip(new, self._embedder.read(self.texts(new)), strict=True):
                self._passages[passage.id] = Encoded(one.vector, one.tokens.astype(np.float16))
        for passage in passages:
            self._passages.move_to_end(passage.id)
        found = [self._passages[passage.id] for passage in passages]
        while len(self._passages) > _REMEMBERED:
            self._passages.popitem(last=False)
        return found

    def texts(self, passages: Sequence[PassageRow]) -> list[str]:
        """Return what is read of passages: where each stands, what introduces it, what it says."""
        bodies = self._library.passage_texts([passage.id for passage in passages])
        documents = self._library.documents
        return [
            f"{documents[passage.document].short} {' › '.join(passage.path)}\n{body}"
            for passage, body in zip(passages, bodies, strict=True)
        ]


def _late_interaction(question: Encoded, passage: Encoded) -> float:
    if not len(question.tokens) or not len(passage.tokens):
        return 0.0
    near = question.tokens @ passage.tokens.astype(np.float32).T
    return float(near.max(axis=1).mean())
