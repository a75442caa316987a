"""Where the passages stand that other passages refer to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from pincite.library import PassageRow
from pincite.search import Hit, Searcher

QUESTION = "Within how many hours must the keeper notify the orchard authority of fire blight?"


@pytest.fixture
def ranked(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> list[Hit]:
    """Return what the search alone finds, best first."""
    monkeypatch.setattr(tiny_searcher, "_follow", lambda ranked, vector, scope: ranked)
    found = list(tiny_searcher.search(QUESTION, 50).hits)
    monkeypatch.undo()
    return found


def followed(searcher: Searcher, ranked: list[Hit], refers: dict[int, int], patch: pytest.MonkeyPatch) -> list[Hit]:
    """Return the hits where the passage of each place in `refers` refers to that of another place."""
    target = {ranked[a].passage.id: ranked[b].passage for a, b in refers.items()}

    def referred(passage: PassageRow) -> Iterator[tuple[PassageRow, float]]:
        if passage.id in target:
            yield target[passage.id], -10.0  # near enough, whatever its words

    patch.setattr(searcher, "_referred", referred)
    vector = searcher.query(QUESTION).vector
    return searcher._follow(ranked, vector, searcher._scope(None, date(2031, 6, 1)))


def places(ranked: list[Hit], hits: list[Hit]) -> list[int]:
    ids = [hit.passage.id for hit in ranked]
    return [ids.index(hit.passage.id) for hit in hits]


def of_one_document(ranked: list[Hit], *, same: bool) -> int:
    """Return the first place from the fifth on whose passage stands in the document of the best, or in another."""
    return next(
        i for i, hit in enumerate(ranked) if i > 3 and (hit.passage.document == ranked[0].passage.document) is same
    )


def test_what_an_act_refers_to_in_itself_comes_third(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = of_one_document(ranked, same=True)
    found = followed(tiny_searcher, ranked, {0: there}, monkeypatch)
    assert places(ranked, found)[:4] == [0, 1, there, 2]
    assert sorted(places(ranked, found)) == list(range(len(ranked)))
    assert [hit.score for hit in found[:3]] == sorted((hit.score for hit in found[:3]), reverse=True)


def test_what_stands_second_by_itself_stays_there(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [hit for hit in ranked if hit.passage.document == ranked[0].passage.document]
    found = followed(tiny_searcher, own, {0: 1}, monkeypatch)
    assert found == own


def test_what_another_document_is_pointed_at_for_comes_right_behind(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = of_one_document(ranked, same=False)
    found = followed(tiny_searcher, ranked, {0: there}, monkeypatch)
    assert places(ranked, found)[:3] == [0, there, 1]
    assert sorted(places(ranked, found)) == list(range(len(ranked)))


def test_a_single_passage_is_followed_too(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = of_one_document(ranked, same=True)
    target = ranked[there].passage
    monkeypatch.setattr(
        tiny_searcher, "_referred", lambda passage: iter([(target, -10.0)] if passage.id != target.id else [])
    )
    scope = tiny_searcher._scope(None, date(2031, 6, 1))
    found = tiny_searcher._follow(ranked[:1], tiny_searcher.query(QUESTION).vector, scope)
    assert [hit.passage.id for hit in found] == [ranked[0].passage.id, target.id]
