"""Where the passages stand that other passages refer to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pincite.library import Library, PassageRow
from pincite.search import Hit, Searcher
from tests.conftest import build
from tests.fakes import FakeEmbedder

QUESTION = "Within how many hours must the keeper notify the orchard authority of fire blight?"


@pytest.fixture
def ranked(tiny_searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> list[Hit]:
    """Return what the search alone finds, best first."""
    monkeypatch.setattr(tiny_searcher, "_follow", lambda ranked, vector, scope: ranked)
    found = list(tiny_searcher.search(QUESTION, 50).hits)
    monkeypatch.undo()
    return found


def followed(
    searcher: Searcher,
    ranked: list[Hit],
    refers: Mapping[int, int | tuple[int, ...]],
    patch: pytest.MonkeyPatch,
    needed: float = -10.0,  # near enough, whatever its words
) -> list[Hit]:
    """Return the hits where the passage of each place in `refers` refers to that of another place, or to several."""
    targets = {
        ranked[a].passage.id: [ranked[b].passage for b in ((there,) if isinstance(there, int) else there)]
        for a, there in refers.items()
    }

    def referred(passage: PassageRow) -> Iterator[tuple[PassageRow, float]]:
        yield from ((target, needed) for target in targets.get(passage.id, ()))

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


@pytest.mark.parametrize(("question", "follows"), [(QUESTION, True), (f"{QUESTION} What does Article 3 say?", False)])
def test_a_search_follows_unless_the_question_names_a_provision(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch, question: str, follows: bool
) -> None:
    there = of_one_document(ranked, same=False)
    followed(tiny_searcher, ranked, {0: there}, monkeypatch)
    found = tiny_searcher.search(question, 50).hits
    assert found[0].passage == ranked[0].passage
    assert found[0].exact is not follows
    assert (found[1].passage == ranked[there].passage) is follows


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_only_the_first_three_are_followed(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    there = next(i for i in range(5, len(ranked)) if ranked[i].passage.document != ranked[place].passage.document)
    found = places(ranked, followed(tiny_searcher, ranked, {place: there}, monkeypatch))
    assert found.index(there) == (place + 1 if place < 3 else there)
    assert [one for one in found if one != there] == [i for i in range(len(ranked)) if i != there]


def test_each_brings_one_passage_only(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = [i for i, hit in enumerate(ranked) if i > 3 and hit.passage.document != ranked[0].passage.document][-2:]
    found = followed(tiny_searcher, ranked, {0: tuple(there)}, monkeypatch)
    assert places(ranked, found) == [0, there[0], *(i for i in range(1, len(ranked)) if i != there[0])]


def test_what_refers_back_moves_nothing(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert followed(tiny_searcher, ranked, {1: 0, 2: 1}, monkeypatch) == ranked


@pytest.mark.parametrize(("more", "brought"), [(-0.01, True), (0.01, False)])
def test_what_is_far_from_the_question_is_not_followed(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch, more: float, brought: bool
) -> None:
    there = of_one_document(ranked, same=False)
    share = ranked[there].sentence / ranked[0].sentence
    found = followed(tiny_searcher, ranked, {0: there}, monkeypatch, share + more)
    assert (places(ranked, found)[1] == there) is brought


def test_nothing_is_lost_or_doubled_whatever_refers_to_what(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    every = list(range(len(ranked)))
    for there in itertools.product((0, 1, 2, 3, 5, 8), repeat=3):
        found = followed(tiny_searcher, ranked, dict(enumerate(there)), monkeypatch)
        order = places(ranked, found)
        assert sorted(order) == every
        own = found[1].passage.document == found[0].passage.document
        assert order[0] == 0
        assert order[1] == 1 or not own  # what an act refers to in itself takes no second place from another


def test_what_is_brought_scores_just_less_than_what_it_follows(
    tiny_searcher: Searcher, ranked: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    spread = [replace(hit, score=0.9**place) for place, hit in enumerate(ranked)]
    for same in (True, False):
        found = followed(tiny_searcher, spread, {0: of_one_document(ranked, same=same)}, monkeypatch)
        scores = [hit.score for hit in found]
        assert scores == sorted(scores, reverse=True)
        at = 2 if same else 1
        assert scores[at] == pytest.approx(0.98 * scores[at - 1])


def test_a_reference_that_names_its_document_may_lead_further(tmp_path: Path) -> None:
    (tmp_path / "hive.md").write_text(
        "# Hive Policy\n\n## 1. Honey\n\n1.1 Honey jars are filled as section 7.1 of the Jar Policy says.\n\n"
        "## 2. Lids\n\n2.1 Lids are closed after the filling under section 1.1.\n"
    )
    (tmp_path / "jar.md").write_text("# Jar Policy\n\n## 7. Jars\n\n7.1 Honey jars are filled to the brim.\n")
    build(tmp_path / "library", tmp_path / "hive.md", tmp_path / "jar.md")
    library = Library(tmp_path / "library")
    searcher = Searcher(library, FakeEmbedder())
    hits = {hit.passage.label: hit.passage for hit in searcher.search("How are honey jars filled?").hits}
    (elsewhere,), (within,) = (list(searcher._referred(hits[label])) for label in ("1.1", "2.1"))
    library.close()
    assert (elsewhere[0].label, within[0].label) == ("7.1", "1.1")
    assert elsewhere[1] < within[1]
