"""The second stage: a stronger embedding model reads the best candidates once more and puts them in order.

It is too slow to read a whole library in the time that a build may take, and fast enough for the few passages that
could be first (Nogueira and Cho 2019, arXiv 1901.04085, put a stronger model second in the same way). It compares a
question with a passage whole, by the cosine of their vectors, and token by token, by late interaction (Khattab and
Zaharia 2020, arXiv 2004.12832): what a question names is said somewhere in the passage that answers it, however little
of the passage that is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pincite.embed import Embedder
from pincite.embed.protocol import Encoded
from pincite.library import Library, PassageRow

__all__ = ["READ", "Compared", "Reranker", "Reread"]

READ = 16
"""Candidates read once more."""
_REMEMBERED = 512
"""Passages kept in memory for questions to come, about 0.2 MB each."""


@dataclass(frozen=True, slots=True)
class Compared:
    """How near a passage is to a question.

    Attributes:
        cosine: of the vectors of both.
        tokens: late interaction: the mean over the question's tokens of the cosine of the nearest token.
        sentences: the same with each sentence of the passage alone, by its row in the sentence vectors; without those
            behind the end of what the embedder reads.
    """

    cosine: float
    tokens: float
    sentences: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Reread:
    """What came of reading candidates: what each gains, shape (candidates,), and `Compared.sentences` of those read."""

    gained: npt.NDArray[np.float32]
    sentences: Mapping[int, float]


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

    def read(self, questions: Sequence[str], passages: Sequence[PassageRow], scores: npt.NDArray[np.float32]) -> Reread:
        """Read the best candidates.

        Args:
            questions: the question, and what is new in it if it is a follow-up; they weigh the same.
            passages: all candidates.
            scores: of the first stage; the best of them are read, and none of the others passes them.
        """
        gained = np.zeros(len(scores), np.float32)
        best = np.argsort(-scores, kind="stable")[:READ]
        compared = self.compare(questions, [passages[i] for i in best])
        if compared:
            near = np.array([(one.cosine, one.tokens) for one in compared], np.float32)
            gained[best] = (near - near.min(axis=0)) @ self._weights
        return Reread(gained, {row: near for one in compared for row, near in one.sentences.items()})

    def compare(self, questions: Sequence[str], passages: Sequence[PassageRow]) -> list[Compared]:
        """Return how near each passage is to the questions: to their sum, and to their tokens in the mean of them."""
        asked = self._embedder.read_questions(questions)
        vector = np.sum([question.vector for question in asked], axis=0)
        vector /= np.linalg.norm(vector)
        found, texts = [], self.texts(passages)
        for passage, text, read in zip(passages, texts, self._encoded(passages, texts), strict=True):
            near = [question.tokens @ read.tokens.astype(np.float32).T for question in asked]
            sentences = {}
            for row, within in self._sentences(passage, text, read):
                sentences[row] = _late_interaction([one[:, within] for one in near])
            found.append(Compared(float(read.vector @ vector), _late_interaction(near), sentences))
        return found

    def _sentences(self, passage: PassageRow, text: str, read: Encoded) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
        """Yield the row of each sentence that was read to its end, and which tokens are its own."""
        moved = len(text) - passage.span.end  # a passage's own words are the last of what is read
        end = int(read.spans[-1, 1]) if len(read.spans) else 0
        for row, span in self._library.sentences(passage.id):
            within = (read.spans[:, 0] >= span.start + moved) & (read.spans[:, 1] <= span.end + moved)
            if within.any() and end >= span.end + moved - 1:
                yield row, within

    def _encoded(self, passages: Sequence[PassageRow], texts: Sequence[str]) -> list[Encoded]:
        """Return passages as the embedder sees them; those of earlier questions are not read again."""
        new = {
            passage.id: text for passage, text in zip(passages, texts, strict=True) if passage.id not in self._passages
        }
        if new:
            for number, one in zip(new, self._embedder.read(list(new.values())), strict=True):
                self._passages[number] = Encoded(one.vector, one.tokens.astype(np.float16), one.spans)
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


def _late_interaction(near: Sequence[npt.NDArray[np.float32]]) -> float:
    """Return the mean over questions of the mean over their tokens of the nearest token's cosine.

    Args:
        near: for each question the cosines of its tokens and another text's, shape (tokens, tokens).
    """
    return float(np.mean([one.max(axis=1).mean() if one.size else 0.0 for one in near]))
