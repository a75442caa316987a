"""The candidates of one question, from both indexes and the words, and what the ranker is told of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from pincite.library import Library, PassageRow
from pincite.search.features import Asked, Candidates, features
from pincite.search.terms import fts_expression

__all__ = ["FIELD_WEIGHTS", "Pool", "Query", "gather", "rarity"]

FIELD_WEIGHTS = (2.0, 2.0, 0.5, 1.0)
_NEAR = 200
"""Passages taken from each source."""
_KEPT = 150
"""Candidates that are looked at closely."""
_LEXICAL_WEIGHT = 0.25
_SENTENCE_WEIGHT = 0.45
_FULL_SCORE = 2.2
"""The most that BM25 (k1 = 1.2) gives a word, in units of its rarity."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question ready to be searched: what is encoded of it (the question, abbreviations written out, and what is new
    in it), vectors with and without the question adapter, words with their rarity (BM25's inverse document frequency),
    and the governed words of the thesaurus."""

    text: str
    encoded: tuple[str, ...]
    vector: npt.NDArray[np.float32]
    plain: npt.NDArray[np.float32]
    rarity: Mapping[str, float]
    governed: Mapping[str, float]

    @property
    def words(self) -> tuple[str, ...]:
        """The question's content words."""
        return tuple(self.rarity)


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates in no order: passages, features, shape (n, len(FEATURES)), and what the answer needs of each."""

    passages: tuple[PassageRow, ...]
    features: npt.NDArray[np.float32]
    dense: npt.NDArray[np.float32]
    sentence: npt.NDArray[np.float32]
    lexical: npt.NDArray[np.float32]


def gather(
    library: Library,
    query: Query,
    passages: faiss.Index,
    sentences: faiss.Index,
    *,
    parameters: tuple[Any, Any] = (None, None),
    sizes: tuple[int, int],
    within: Iterable[int] | None = None,
    named: frozenset[int] = frozenset(),
) -> Pool:
    """Return the candidates of a question.

    Args:
        library: searched.
        query: the question.
        passages, sentences: indexes over the library's vectors.
        parameters: FAISS search parameters of both that keep the search within the documents searched.
        sizes: how many passages and sentences these documents have.
        within: their numbers, None for all documents.
        named: documents that the question names; their candidates are kept before others.
    """
    _, near = passages.search(query.vector[None], min(_NEAR, sizes[0]), params=parameters[0])
    _, rows = sentences.search(query.vector[None], min(2 * _NEAR, sizes[1]), params=parameters[1])

    def match(words: Sequence[str]) -> dict[int, float]:
        if not words:
            return {}
        return dict(library.match(fts_expression(list(words)), _NEAR, FIELD_WEIGHTS, within))

    lexical, governed = match(query.words), match(tuple(query.governed))
    found = {int(i) for i in near[0]} | {int(library.sentence_passages[row]) for row in rows[0]} | set(lexical)
    found |= set(list(governed)[: _NEAR // 4])
    ids = np.array(sorted(found), np.int64)
    dense = library.vectors[ids] @ query.vector
    best = _best_sentences(library, ids, query.vector, dense)
    words = np.array([lexical.get(int(i), 0.0) for i in ids], np.float32)
    semantic = (1 - _SENTENCE_WEIGHT) * _scaled(dense) + _SENTENCE_WEIGHT * _scaled(best)
    first = (1 - _LEXICAL_WEIGHT) * semantic + _LEXICAL_WEIGHT * _scaled(words)
    if named:
        first += np.isin(library.passage_documents[ids], list(named))  # no candidate of a named document is cut off
    kept = np.sort(np.argsort(-first, kind="stable")[:_KEPT])
    ids, dense, best, words = ids[kept], dense[kept], best[kept], words[kept]
    rows_of = tuple(library.passages(ids))
    plain = library.vectors[ids] @ query.plain
    full = _FULL_SCORE * sum(query.rarity.values()) or 1.0
    other = _FULL_SCORE * sum(query.governed.values()) or 1.0
    documents = [library.documents[row.document] for row in rows_of]
    texts = library.passage_texts(ids)
    candidates = Candidates(
        {
            "passage": dense,
            "sentence": best,
            "plain_passage": plain,
            "plain_sentence": _best_sentences(library, ids, query.plain, plain),
            "lexical": words / full,
            "thesaurus": np.array([governed.get(int(i), 0.0) for i in ids], np.float32) / other,
            "document": _best_of_group([row.document for row in rows_of], best, 3),
            "provision": _best_of_group([(row.document, row.path) for row in rows_of], best, 1),
        },
        labels=[row.label for row in rows_of],
        headings=[" ".join(row.path) for row in rows_of],
        bodies=texts,
        titles=[f"{info.title} {info.short}" for info in documents],
        kinds=[info.kind for info in documents],
    )
    return Pool(rows_of, features(Asked.of(query.text, query.rarity), candidates), dense, best, words)


def _best_sentences(
    library: Library, ids: npt.NDArray[np.int64], vector: npt.NDArray[np.float32], dense: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return the similarity of each passage's best sentence; the passage's own, `dense`, where it has none."""
    owners = library.sentence_passages
    starts, ends = np.searchsorted(owners, ids), np.searchsorted(owners, ids, side="right")
    best = dense.copy()
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end > start:
            best[place] = (library.sentence_vectors[start:end] @ vector).max()
    return best


def _best_of_group(groups: Sequence[object], values: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float32]:
    """Return for each candidate the mean of the `count` best values of its group."""
    members: dict[object, list[float]] = {}
    for group, value in zip(groups, values, strict=True):
        members.setdefault(group, []).append(float(value))
    means: Mapping[object, float] = {
        group: sum(sorted(found, reverse=True)[:count]) / min(count, len(found)) for group, found in members.items()
    }
    return np.array([means[group] for group in groups], np.float32)


def rarity(library: Library, words: Sequence[str]) -> dict[str, float]:
    """Return BM25's inverse document frequency of each word."""
    size = len(library.vectors)
    seen = {word: library.document_frequency(word) for word in words}
    return {word: math.log(1 + (size - count + 0.5) / (count + 0.5)) for word, count in seen.items()}


def _scaled(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return values scaled to [0, 1] over the candidates (min-max score fusion)."""
    if values.size == 0 or float(values.max()) == float(values.min()):
        return np.zeros_like(values)
    low, high = values.min(), values.max()
    return np.asarray((values - low) / (high - low), dtype=np.float32)
