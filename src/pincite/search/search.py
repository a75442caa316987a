"""Search over passages: candidates by vectors and words, ranked by a linear model, exact hits first."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import faiss
import numpy as np
import numpy.typing as npt

from pincite.domain import validity
from pincite.domain.documents import DocumentKind, Span
from pincite.embed import Embedder
from pincite.library import Library, PassageRow
from pincite.search.features import FEATURES
from pincite.search.figures import asked_figure, gives_figure
from pincite.search.lookup import Lookup, resolve
from pincite.search.pool import Pool, Query, gather, rarity
from pincite.search.ranking import Ranker
from pincite.search.rerank import Reranker
from pincite.search.terms import content_words, expand, governed_words, products_in, stem
from pincite.search.territory import Territories

__all__ = ["Hit", "SearchResult", "Searcher", "SentenceHit"]

_FOLLOWED = 3
_FOLLOWED_EACH = 1
_OWN_FIRST = 2
"""Places kept for what the search itself found."""
_NAMED = 1.5
"""What a document gains by being named, in units of the ranker: e to the power of it, in odds."""
_TERRITORY = 2.0
"""What a document of the territory gains that the question plays in, in the same units."""
_ALL_LOOKED_AT = 0.9
"""Share of the library that must be of other territories for all that is found of this one to be looked at closely."""
_FIGURE = 1.0
"""What a passage gains that gives a figure of the kind asked for, in the same units; chosen on the development set."""
_LOOKED_AT = 40
"""Best candidates that are read for figures."""
_PLAIN, _COVERAGE = FEATURES.index("plain_sentence"), FEATURES.index("coverage")
# How near to the question, as a share of the referring passage's similarity, a passage must be to be followed. A
# reference that names its document ("row R15 of the Retention Policy") is there to be looked up; acts refer to their
# own articles all the time, and following those as freely cost 0.03 of R@10 on the development questions.
# 0.65 is a guess from one case (a log's period in a schedule's row); the development set has no reference of this kind.
_AS_NEAR_ELSEWHERE = 0.65
_AS_NEAR_WITHIN = 0.9


@dataclass(frozen=True, slots=True)
class SentenceHit:
    """A sentence of a passage: its row in the sentence vectors, its range, its similarity to the question; and its late
    interaction with it, None where the second embedder did not read it (`pincite.search.rerank`)."""

    id: int
    span: Span
    similarity: float
    tokens: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found.

    Attributes:
        passage: the passage.
        score: fused score, comparable within one search only; exact hits have 2 or more.
        dense, sentence: cosine of the question, as the question adapter changes it, with the passage and with its
            best sentence.
        lexical: BM25 score as SQLite gives it, 0 if no word matched.
        plain: cosine with the best sentence without the question adapter.
        coverage: share of the question's words, weighted by rarity, that stand in the passage.
        raw: what the ranker gave, comparable between questions.
        exact: true if the question names the provision.
    """

    passage: PassageRow
    score: float
    dense: float
    sentence: float
    lexical: float
    plain: float = 0.0
    coverage: float = 0.0
    raw: float = 0.0
    exact: bool = False


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits best first, what the question names, its vector, and its content words with their rarity.

    `as_of` is the day whose texts were searched, None for today's; `day` is today; `documents`
    are the slugs that the search was restricted to, None for all; `lacking` are the territories that the question plays
    in and that no document searched is of; `places` are the places it names, each with the numbers of the documents
    of its territory; `read` is the late interaction with each sentence that the second embedder read, by its row.
    """

    question: str
    hits: tuple[Hit, ...]
    lookup: Lookup
    vector: npt.NDArray[np.float32]
    rarity: Mapping[str, float]
    as_of: date | None
    day: date
    documents: frozenset[str] | None = None
    lacking: tuple[str, ...] = ()
    places: Mapping[str, frozenset[int]] = field(default_factory=dict)
    read: Mapping[int, float] = field(default_factory=dict)

    @property
    def words(self) -> tuple[str, ...]:
        """The question's content words."""
        return tuple(self.rarity)

    @property
    def caveats(self) -> str:
        """What a reader must know of whose law was searched and which law was not; empty if there is nothing to say."""
        notes = list(self.lookup.coarse)
        if self.lacking:
            notes.append(f"No document in the corpus is named as law or policy of: {', '.join(self.lacking)}.")
        told = " ".join(text for _, text in self.lookup.missing)
        absent = {name: also for name, also in self.lookup.absent.items() if name not in told}
        if absent:
            names = (f"{name} ({also})" if also else name for name, also in absent.items())
            notes.append(f"Not in the corpus: {', '.join(names)}.")
        return " ".join(notes)


class Searcher:
    """Searches one library with the embedder that made its vectors.

    Args:
        library: what is searched.
        embedder: the one that made the library's vectors.
        today: gives the day on which texts must be in force when a question names no other.
        ranker: orders the candidates; by default the one that ships.
        second: an embedder that reads the best candidates once more; by default none does.
    """

    def __init__(
        self,
        library: Library,
        embedder: Embedder,
        today: Callable[[], date] | None = None,
        ranker: Ranker | None = None,
        second: Embedder | None = None,
    ) -> None:
        self._library = library
        self._today = today or validity.today
        self._embedder = embedder
        self._second = second
        self._ranker = ranker or Ranker.load()
        self._reranker = Reranker(library, second, *self._ranker.second) if second else None
        self._territories = Territories(library)
        self._passages = _flat_index(library.vectors)
        self._sentences = _flat_index(library.sentence_vectors)

    @property
    def library(self) -> Library:
        """The library searched."""
        return self._library

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of what decides the order of hits beside the library: question adapter, ranker, second embedder."""
        second = self._reranker.digests if self._reranker else {}
        return {"adapter": self._embedder.adapter_sha256, "ranking": self._ranker.sha256, **second}

    @property
    def second(self) -> Embedder | None:
        """The embedder that reads the best candidates once more."""
        return self._second

    @property
    def embedder(self) -> Embedder:
        """The embedder that questions are encoded with."""
        return self._embedder

    @functools.lru_cache(maxsize=8)  # noqa: B019 - one searcher lives as long as the process
    def _scope(
        self,
        as_of: date | None,
        day: date,
        documents: frozenset[str] | None = None,
        without: frozenset[int] = frozenset(),
    ) -> _Scope:
        """Return what is searched: the texts of a day, of these documents if given, without those of these numbers."""
        slugs = self._library.versions.searched(as_of, day)
        slugs = slugs if documents is None else slugs & documents
        documents_searched = (info for info in self._library.documents if info.slug in slugs)
        return _Scope.of(self._library, [info.number for info in documents_searched if info.number not in without])

    def remark(self, slug: str, result: SearchResult) -> str:
        """Return what a reader of `result` must know about the dates of a document; empty if it is in force."""
        return self._library.versions.remark(slug, result.as_of, result.day)

    def search(
        self,
        question: str,
        count: int = 10,
        *,
        follow_up: str = "",
        as_of: date | None = None,
        documents: frozenset[str] | None = None,
    ) -> SearchResult:
        """Return the `count` best passages for `question`, exact hits before all others.

        Superseded texts are left out; with `as_of`, every text that was not in force on that day; with `documents`,
        every document whose slug is not among them.

        `follow_up` is the part of a self-contained question that is new; it weighs as much as the whole, since a
        long first question would drown it.
        """
        day = self._today()
        scope = self._scope(as_of, day, documents)
        lookup = resolve(question, self._library, scope.documents, as_of, day)
        if not lookup.named:
            scope = self._scope(as_of, day, documents, self._territories.elsewhere(question))
        query = self.query(question, follow_up, lookup.absent)
        vector = query.vector
        hits, read = self._ranked(query, lookup, scope) if scope.passages else ([], {})
        exact = self._exact(lookup, hits, vector)
        taken = {hit.passage.id for hit in exact}
        ranked = [*exact, *(hit for hit in hits if hit.passage.id not in taken)]
        if not exact:
            ranked = self._follow(ranked, vector, scope)
        lacking = () if lookup.named else self._territories.without_law(question, scope.documents)
        found, places = tuple(ranked[:count]), self.places(question)
        return SearchResult(question, found, lookup, vector, query.rarity, as_of, day, documents, lacking, places, read)

    def places(self, question: str) -> dict[str, frozenset[int]]:
        """Return the places that a question names, each with the numbers of the documents of its territory."""
        return self._territories.places(question)

    def sentences(self, passage: PassageRow, vector: npt.NDArray[np.float32]) -> list[SentenceHit]:
        """Return the sentences of a passage in order, with their similarity to a question's vector."""
        rows = self._library.sentences(passage.id)
        return [SentenceHit(i, span, float(self._library.sentence_vectors[i] @ vector)) for i, span in rows]

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return unit vectors of texts, made by the library's embedder."""
        return self._embedder.encode(texts)

    def nearest_of(
        self, documents: Iterable[int], vector: npt.NDArray[np.float32], count: int
    ) -> list[tuple[PassageRow, SentenceHit]]:
        """Return the `count` sentences nearest to a unit vector in documents given by number, each with its passage."""
        library = self._library
        rows = np.flatnonzero(np.isin(library.passage_documents, list(documents))[library.sentence_passages])
        similarities = library.sentence_vectors[rows] @ vector
        found: list[tuple[PassageRow, SentenceHit]] = []
        for i in np.argsort(-similarities, kind="stable")[:count]:
            passage = library.passages([library.sentence_passages[rows[i]]])[0]
            span = dict(library.sentences(passage.id))[int(rows[i])]
            found.append((passage, SentenceHit(int(rows[i]), span, float(similarities[i]))))
        return found

    def _ranked(self, query: Query, lookup: Lookup, scope: _Scope) -> tuple[list[Hit], Mapping[int, float]]:
        """Return the candidates, best first, and how near their sentences are that were read once more."""
        named = frozenset(document.number for document in lookup.documents) if lookup.named else frozenset()
        names_law = any(document.kind is DocumentKind.LAW for document in lookup.documents if lookup.named)
        of_there = {} if names_law else self._territories.asked(query.text)
        pool = self.pool(query, scope, named | {number for number, tells in of_there.items() if tells > _ALL_LOOKED_AT})
        scores = self._ranker.scores(pool.features)
        # a document that the question names comes first, but does not shut out the others: "our retention policy"
        # may be the title of one of several, and whoever names the policy may ask what the law says of it
        scores += _NAMED * np.array([passage.document in named for passage in pool.passages], np.float32)
        own = self._ranker.uses_own_words(pool.features, len({stem(word) for word in query.words}))
        placed = scores + self.figures(query.text, pool, scores) + self._ranker.shift(pool.features, own)
        # that a law applies there does not tell that it answers: it comes sooner, and is no likelier to
        placed += _TERRITORY * np.array([of_there.get(passage.document, 0.0) for passage in pool.passages], np.float32)
        sentences: Mapping[int, float] = {}
        if self._reranker and own < 1:
            again = self._reranker.read(query.encoded, pool.passages, placed)
            placed += (1 - own) * again.gained
            sentences = again.sentences
        low, high = float(placed.min()), float(placed.max())
        scaled = (placed - low) / ((high - low) or 1.0)
        hits = [
            Hit(
                pool.passages[i],
                float(scaled[i]),
                float(pool.dense[i]),
                float(pool.sentence[i]),
                float(pool.lexical[i]),
                float(pool.features[i, _PLAIN]),
                float(pool.features[i, _COVERAGE]),
                float(scores[i]),
            )
            for i in np.argsort(-placed, kind="stable")
        ]
        return hits, sentences

    def figures(self, question: str, pool: Pool, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return what each candidate gains for giving a figure of the kind asked for, shape (candidates,)."""
        gained = np.zeros(len(scores), np.float32)
        kind = asked_figure(question)
        if kind:
            for i in np.argsort(-scores)[:_LOOKED_AT]:
                passage = pool.passages[i]
                document = self._library.document(self._library.documents[passage.document].slug)
                gained[i] = _FIGURE * gives_figure(passage.span.of(document.text), kind)
        return gained

    def pool(self, query: Query, scope: _Scope | None = None, named: frozenset[int] = frozenset()) -> Pool:
        """Return the candidates of a query with their features, in no order; those of all documents without `scope`."""
        scope = scope or self._scope(None, self._today())
        return gather(
            self._library,
            query,
            self._passages,
            self._sentences,
            parameters=(scope.passage_selector, scope.sentence_selector),
            sizes=(scope.passages, scope.sentences),
            within=None if scope.whole else scope.documents,
            named=named,
        )

    def query(self, question: str, follow_up: str = "", absent: Mapping[str, str] | None = None) -> Query:
        """Return a question ready to be searched; `follow_up` as for `search`, `absent` as in `Lookup`."""
        cited = {name: also for name, also in (absent or {}).items() if also}
        texts = tuple(expand(text, cited.values()) for text in (question, *([follow_up] if follow_up else [])))
        vectors = [self._embedder.encode_questions(texts), self._embedder.encode(texts)]
        vector, plain = (_unit(found.sum(axis=0)) for found in vectors)
        words, governed = content_words(texts[0]), governed_words(question)
        # rules seldom name a product, and cite laws by their number: a name that no document has is not missed
        names = set(content_words(" ".join((*products_in(question), *cited))))
        words = [word for word in words if word not in names or self._library.document_frequency(word)]
        return Query(question, texts, vector, plain, rarity(self._library, words), rarity(self._library, governed))

    def _follow(self, ranked: list[Hit], vector: npt.NDArray[np.float32], scope: _Scope) -> list[Hit]:
        """Put what the best passages refer to right behind them ("the period in row R15 of the … Policy"), and what
        an act refers to in itself not before the third place: only rarely is that the answer.

        One step only, and only where the passage referred to is about as near to the question itself.
        """
        placed: list[Hit] = []
        moved: set[int] = set()
        waiting: dict[int, Hit] = {}
        for position, hit in enumerate(ranked):
            if hit.passage.id in moved:
                continue
            waiting.pop(hit.passage.id, None)  # it stands here on its own merit
            placed.append(hit)
            if position < _FOLLOWED:
                for one in itertools.islice(self._brought(hit, ranked, placed, vector, scope), _FOLLOWED_EACH):
                    waiting[one.passage.id] = one
            for one in list(waiting.values()):
                if len(placed) >= _OWN_FIRST or one.passage.document != hit.passage.document:
                    placed.append(replace(one, score=0.98 * placed[-1].score))
                    moved.add(one.passage.id)
                    del waiting[one.passage.id]
        return [*placed, *waiting.values()]

    def _brought(
        self, hit: Hit, ranked: list[Hit], placed: list[Hit], vector: npt.NDArray[np.float32], scope: _Scope
    ) -> Iterator[Hit]:
        """Yield the passages that `hit` refers to and that are near enough to the question, in their order."""
        known = {one.passage.id: one for one in ranked}
        taken = {one.passage.id for one in placed}
        for passage, needed in self._referred(hit.passage):
            if passage.document not in scope.documents or passage.id in taken:
                continue
            best = max((s.similarity for s in self.sentences(passage, vector)), default=0.0)
            if best < needed * hit.sentence:
                continue
            dense = float(self._library.vectors[passage.id] @ vector)
            was = known.get(passage.id)
            lexical, like = (was.lexical, was) if was else (0.0, hit)
            yield Hit(passage, 0.98 * hit.score, dense, best, lexical, like.plain, like.coverage, hit.raw)

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
                dense = float(library.vectors[passage.id] @ vector)
                known = scores.get(passage.id)
                sentence = max((hit.similarity for hit in self.sentences(passage, vector)), default=dense)
                exact[passage.id] = Hit(
                    passage, 2 + dense, dense, sentence, known.lexical if known else 0.0, exact=True
                )
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


def _unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
