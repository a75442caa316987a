"""A searcher that brings an attacking passage before the model, wherever retrieval would have put it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from pincite.embed import Embedder
from pincite.library import Library, PassageRow
from pincite.search import Hit, Searcher
from pincite.search.search import SearchResult
from tests.injection.attack_set import Attack

__all__ = ["ForcedSearcher", "attacking_passage"]


class ForcedSearcher(Searcher):
    """Puts the passage that holds the attack before all others: an upper bound for any wording of the question."""

    def __init__(self, library: Library, embedder: Embedder, attack: Attack) -> None:
        super().__init__(library, embedder)
        self._attack = attack

    def search(
        self,
        question: str,
        count: int = 10,
        *,
        follow_up: str = "",
        as_of: date | None = None,
        documents: frozenset[str] | None = None,
    ) -> SearchResult:
        """Search as usual, then move or put the attacking passage to the first place."""
        result = super().search(question, count, follow_up=follow_up, as_of=as_of, documents=documents)
        passage = attacking_passage(self.library, self._attack)
        similarities = [hit.similarity for hit in self.sentences(passage, result.vector)]
        dense = float(self.library.vectors[passage.id] @ result.vector)
        best = max((hit.score for hit in result.hits), default=0.0)
        nearest = max(similarities, default=dense)
        raw = max((hit.raw for hit in result.hits), default=0.0)
        first = Hit(passage, best + 0.01, dense, nearest, 0.0, plain=nearest, coverage=1.0, raw=raw)
        others = [hit for hit in result.hits if hit.passage.id != passage.id]
        return replace(result, hits=(first, *others[: count - 1]))


def attacking_passage(library: Library, attack: Attack) -> PassageRow:
    """Return the passage that holds the attack's words, else the document's first."""
    info = library.info(attack.slug)
    text = library.document(attack.slug).text
    passages = [passage for passage, _ in library.passages_of(info.number)]
    return next((p for p in passages if attack.reads in " ".join(p.span.of(text).split())), passages[0])
