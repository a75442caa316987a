"""Hybrid search over passages: BM25 and dense similarity fused by score, exact hits first."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import faiss
import numpy as np
import numpy.typing as npt

from pincite.domain import validity
from pincite.domain.documents import Span
from pincite.embed import Embedder
from pincite.library import Library, PassageRow
from pincite.search.lookup import Lookup, resolve
from pincite.search.terms import content_words, expand_abbreviations, fts_expression

__all__ = ["Hit", "SearchResult", "Searcher", "SentenceHit"]

# Staff ask in their own words: there dense similarity finds more, and BM25 at equal weight hurts. Measured with
# `make bench-retrieval`; see docs/measurements.md.
LEXICAL_WEIGHT = 0.25
SENTENCE_WEIGHT = 0.45
FIELD_WEIGHTS = (2.0, 2.0, 0.5, 1.0)
_POOL = 200
_FOLLOWED = 3
# How near to the question, as a share of the referring passage's similarity, a passage must be to be followed. A
# reference that names its document ("row R15 of the Retention Policy") is there to be looked up; acts refer to their
# own articles all the time, and following those as freely cost 0.03 of R@10 on the development questions.
# 0.65 is a guess from one case (a log's period in a schedule's row); the development set has no reference of this kind.
_AS_NEAR_ELSEWHERE = 0.65
_AS_NEAR_WITHIN = 0.9


@dataclass(frozen=True, slots=True)
class SentenceHit:
    """A sentence of a passage: its row in the sentence vectors, its range, its similarity to the question."""

    id: int
    span: Span
    similarity: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found.

    Attributes:
        passage: the passage.
        score: fused score, comparable within one search only; exact hits have 2 or more.
        dense, sentence: cosine of the question with the passage and with its best sentence.
        lexical: BM25 score as SQLite gives it, 0 if no word matched.
        exact: true if the question names the provision.
    """

    passage: PassageRow
    score: float
    dense: float
    sentence: float
    lexical: float
    exact: bool = False


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits best first, what the question names, its vector and its content words.

    `as_of` is the day whose texts were searched, None for today's; `day` is today.
    """

    question: str
    hits: tuple[Hit, ...]
    lookup: Lookup
    vector: npt.NDArray[np.float32]
    words: tuple[str, ...]
    as_of: date | None
    day: date


class Searcher:
    """Searches one library with the embedder that made its vectors.

    Args:
        library: what is searched.
        embedder: the one that made the library's vectors.
        today: gives the day on which texts must be in force when a question names no other.
    """

    def __init__(self, library: Library, embedder: Embedder, today: Callable[[], date] | None = None) -> None:
        self._library = library
        self._today = today or validity.today
        self._embedder = embedder
        self._passages = _flat_index(library.vectors)
        self._sentences = _flat_index(library.sentence_vectors)

    @property
    def library(self) -> Library:
        """The library searched."""
        return self._library

    @functools.lru_cache(maxsize=8)  # noqa: B019 - one searcher lives as long as the process
    def _scope(self, as_of: date | None, day: date) -> _Scope:
        slugs = self._library.versions.searched(as_of, day)
        return _Scope.of(self._library, [info.number for info in self._library.documents if info.slug in slugs])

    def remark(self, slug: str, result: SearchResult) -> str:
        """Return what a reader of `result` must know about the dates of a document; empty if it is in force."""
        return self._library.versions.remark(slug, result.as_of, result.day)

    def search(self, question: str, count: int = 10, *, follow_up: str = "", as_of: date | None = None) -> SearchResult:
        """Return the `count` best passages for `question`, exact hits before all others.

        Superseded texts are left out; with `as_of`, every text that was not in force on that day.

        `follow_up` is the part of a self-contained question that is new; it weighs as much as the whole, since a
        long first question would drown it.
        """
        day = self._today()
        scope = self._scope(as_of, day)
        lookup = resolve(question, self._library, scope.documents, as_of, day)
        expanded = expand_abbreviations(question)
        words = content_words(expanded)
        vector = self._embedder.encode([expanded])
        if follow_up:
            vector = vector + self._embedder.encode([expand_abbreviations(follow_up)])
            vector /= np.linalg.norm(vector)
        hits = self._hybrid(vector, words, lookup, scope) if scope.passages else []
        exact = self._exact(lookup, hits, vector)
        taken = {hit.passage.id for hit in exact}
        ranked = [*exact, *(hit for hit in hits if hit.passage.id not in taken)]
        if not exact:
            ranked = self._follow(ranked, vector, scope)
        return SearchResult(question, tuple(ranked[:count]), lookup, vector[0], tuple(words), as_of, day)

    def sentences(self, passage: PassageRow, vector: npt.NDArray[np.float32]) -> list[SentenceHit]:
        """Return the sentences of a passage in order, with their similarity to a question's vector."""
        rows = self._library.sentences(passage.id)
        return [SentenceHit(i, span, float(self._library.sentence_vectors[i] @ vector)) for i, span in rows]

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors of texts, made by the library's embedder."""
        return self._embedder.encode(texts)

    def _hybrid(
        self, vector: npt.NDArray[np.float32], words: Sequence[str], lookup: Lookup, scope: _Scope
    ) -> list[Hit]:
        library = self._library
        pool = min(_POOL, scope.passages)
        _, near = self._passages.search(vector, pool, params=scope.passage_selector)
        similarities, rows = self._sentences.search(
            vector, min(2 * _POOL, scope.sentences), params=scope.sentence_selector
        )
        best: dict[int, float] = {}
        for row, similarity in zip(rows[0], similarities[0], strict=True):
            best.setdefault(int(library.sentence_passages[row]), float(similarity))
        within = None if scope.whole else scope.documents
        lexical = dict(library.match(fts_expression(list(words)), pool, FIELD_WEIGHTS, within)) if words else {}
        candidates = {int(i) for i in near[0]} | set(best) | set(lexical)
        if lookup.named:  # the question says which documents it is about
            numbers = {document.number for document in lookup.documents}
            inside = {i for i in candidates if int(library.passage_documents[i]) in numbers}
            candidates = inside or candidates
        ids = sorted(candidates)
        dense = library.vectors[ids] @ vector[0] if ids else np.zeros(0, np.float32)
        sentence = np.array([best.get(i, 0.0) for i in ids], np.float32)
        # a passage whose sentences are all outside the sentence pool is at most as similar as the pool's last
        sentence = np.maximum(sentence, np.minimum(dense, float(similarities[0][-1])))
        words_score = np.array([lexical.get(i, 0.0) for i in ids], np.float32)
        semantic = (1 - SENTENCE_WEIGHT) * _scaled(dense) + SENTENCE_WEIGHT * _scaled(sentence)
        score = (1 - LEXICAL_WEIGHT) * semantic + LEXICAL_WEIGHT * _scaled(words_score)
        order = np.argsort(-score, kind="stable")
        rows_of = library.passages(ids[i] for i in order[:_POOL])
        return [
            Hit(passage, float(score[i]), float(dense[i]), float(sentence[i]), float(words_score[i]))
            for passage, i in zip(rows_of, order, strict=False)
        ]

    def _follow(self, ranked: list[Hit], vector: npt.NDArray[np.float32], scope: _Scope) -> list[Hit]:
        """Put what the best passages refer to ("the period in row R15 of the … Policy") right behind them.

        One step only, and only where the passage referred to is about as near to the question itself.
        """
        library = self._library
        known = {hit.passage.id: hit for hit in ranked}
        placed: list[Hit] = []
        moved: set[int] = set()
        for position, hit in enumerate(ranked):
            if hit.passage.id in moved:
                continue
            placed.append(hit)
            if position >= _FOLLOWED:
                continue
            for passage, needed in self._referred(hit.passage):
                if passage.document not in scope.documents:
                    continue
                best = max((s.similarity for s in self.sentences(passage, vector[0])), default=0.0)
                if passage.id in {one.passage.id for one in placed} or best < needed * hit.sentence:
                    continue
                dense = float(library.vectors[passage.id] @ vector[0])
                lexical = known[passage.id].lexical if passage.id in known else 0.0
                placed.append(Hit(passage, 0.98 * hit.score, dense, best, lexical))
                moved.add(passage.id)
        return placed

    def _referred(self, passage: PassageRow) -> Iterator[tuple[PassageRow, float]]:
        """Yield the passages of the provisions that a passage refers to, and how near they must be."""
        library = self._library
        for reference in library.references_within(passage.document, passage.span):
            if reference.provision <= 0:  # not in the library, or a document as a whole
                continue
            document = library.info(reference.document).number
            needed = _AS_NEAR_WITHIN if document == passage.document else _AS_NEAR_ELSEWHERE
            for found in library.passages_within(document, library.span_of(reference.document, reference.provision)):
                if found.id != passage.id:
                    yield found, needed

    def _exact(self, lookup: Lookup, hits: Sequence[Hit], vector: npt.NDArray[np.float32]) -> list[Hit]:
        """Return the passages of the provisions that the question names, the most similar of each first."""
        library = self._library
        scores = {hit.passage.id: hit for hit in hits}
        exact: dict[int, Hit] = {}
        for place in lookup.found:
            for passage in library.passages_within(place.document, place.span):
                dense = float(library.vectors[passage.id] @ vector[0])
                known = scores.get(passage.id)
                sentence = max((hit.similarity for hit in self.sentences(passage, vector[0])), default=dense)
                exact[passage.id] = Hit(passage, 2 + dense, dense, sentence, known.lexical if known else 0.0, True)
        return sorted(exact.values(), key=lambda hit: -hit.score)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The documents searched, and selectors that keep both indexes exact within them; None selects everything."""

    documents: frozenset[int]
    whole: bool
    passages: int
    sentences: int
    passage_selector: faiss.SearchParameters | None
    sentence_selector: faiss.SearchParameters | None

    @classmethod
    def of(cls, library: Library, numbers: Sequence[int]) -> _Scope:
        if len(numbers) == len(library.documents):
            sizes = len(library.vectors), len(library.sentence_vectors)
            return cls(frozenset(numbers), True, *sizes, None, None)
        passages = np.isin(library.passage_documents, numbers)
        sentences = passages[library.sentence_passages]
        return cls(
            frozenset(numbers),
            False,
            int(passages.sum()),
            int(sentences.sum()),
            _selector(passages),
            _selector(sentences),
        )


def _selector(mask: npt.NDArray[np.bool_]) -> faiss.SearchParameters:
    return faiss.SearchParameters(sel=faiss.IDSelectorBatch(np.flatnonzero(mask).astype(np.int64)))  # type: ignore[call-arg]


def _flat_index(vectors: npt.NDArray[np.float32]) -> faiss.IndexFlatIP:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return index


def _scaled(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return values scaled to [0, 1] over the candidates (min-max score fusion)."""
    if values.size == 0 or float(values.max()) == float(values.min()):
        return np.zeros_like(values)
    low, high = values.min(), values.max()
    return np.asarray((values - low) / (high - low), dtype=np.float32)
