"""What is quoted beside a draft: the best passage, the one that fits as well, the list that two passages share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pincite.answer.beside import list_asked_for
from pincite.answer.compose import Composer
from pincite.answer.drafting import DraftSentence
from pincite.answer.evidence import Selected, rough_tokens, select_evidence, select_passage
from pincite.answer.lists import asks_for_list, asks_openly, lists_of
from pincite.answer.quoting import add_governing
from pincite.search import Searcher
from tests.answer.test_beside import searcher_of
from tests.answer.test_compose import BLIGHT, NOTIFY
from tests.answer.test_lists import LONG, POINTS

LADDER = "What must not be carried on a ladder?"


def evidence_of(searcher: Searcher, question: str, *scores: float) -> list[Selected]:
    """Return the best passages for a question as evidence, as many as there are scores, with these scores."""
    result = searcher.search(question)
    found = [select_passage(searcher, hit.passage, result) for hit in result.hits[: len(scores)]]
    return [
        replace(one, item=replace(one.item, n=n), hit=replace(one.hit, score=score), strength=1.0)
        for n, (one, score) in enumerate(zip(found, scores, strict=True), 1)
    ]


@pytest.mark.parametrize(("score", "quoted"), [(0.93, [1, 2]), (0.92, [1])])
def test_what_fits_about_as_well_is_quoted_too(tiny_searcher: Searcher, score: float, quoted: list[int]) -> None:
    evidence = evidence_of(tiny_searcher, LADDER, 1.0, score)
    made = Composer(tiny_searcher, evidence, LADDER)
    add_governing(made, evidence, LADDER, None, None)
    assert [one.item.n for one in made.cited()] == quoted
    assert all(claim.quoted for claim in made.claims)


def test_only_one_more_is_quoted(tiny_searcher: Searcher) -> None:
    evidence = evidence_of(tiny_searcher, LADDER, 1.0, 0.95, 0.97)
    made = Composer(tiny_searcher, evidence, LADDER)
    add_governing(made, evidence, LADDER, None, None)
    assert [one.item.n for one in made.cited()] == [1, 3]


def test_what_a_claim_shows_is_not_quoted_again(tiny_searcher: Searcher) -> None:
    evidence = evidence_of(tiny_searcher, BLIGHT, 1.0)
    made = Composer(tiny_searcher, evidence, BLIGHT)
    assert made.add(DraftSentence(NOTIFY, (1,))) == ""
    add_governing(made, evidence, BLIGHT, None, None)
    assert [claim.quoted for claim in made.claims] == [False]


def test_a_claim_from_another_sentence_of_the_best_passage_has_the_governing_one_beside_it(
    tiny_searcher: Searcher,
) -> None:
    evidence = evidence_of(tiny_searcher, BLIGHT, 1.0)
    made = Composer(tiny_searcher, evidence, BLIGHT)
    assert made.add(DraftSentence("The keeper shall mark the tree, burn the wood and disinfect the tools.", (1,))) == ""
    assert "72 hours" not in made.citations[0].quote
    add_governing(made, evidence, BLIGHT, None, None)
    assert "72 hours" in made.citations[1].quote


@pytest.mark.parametrize(("score", "failed"), [(0.8, ""), (0.79, "governing")])
def test_a_yes_rests_on_what_fits(tiny_searcher: Searcher, score: float, failed: str) -> None:
    question = "Must the keeper notify the orchard authority of fire blight within 72 hours?"
    evidence = evidence_of(tiny_searcher, question, score, 1.0)
    assert "72 hours" in evidence[0].item.text
    made = Composer(tiny_searcher, evidence, question)
    assert made.add(DraftSentence(f"Yes, {NOTIFY[0].lower()}{NOTIFY[1:]}", (1,))) == failed
    assert Composer(tiny_searcher, evidence, question).add(DraftSentence(NOTIFY, (1,))) == ""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("I was asked for an overview. What has to be written down for each tree as a minimum?", True),
        ("what's the bare minimum list of measures that they want to see?", True),
        ("List the duties of a keeper.", True),
        ("Please name all keepers. Thank you.", True),
        ("Give us a short list of the keepers.", True),
        ("What specific obligations has a keeper?", True),
        ("We bought a list of contacts. By when must they be told?", False),
        ("Can we keep him on the list?", False),
        ("Is the orchard on the list of walled gardens?", False),
    ],
)
def test_lists_that_are_asked_for_and_lists_that_are_spoken_of(question: str, expected: bool) -> None:
    assert asks_for_list(question) is expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("We keep trees. What do we need to have in place?", True),
        ("In which cases may a tree be cut?", True),
        ("How does a keeper treat blight?", True),
        ("May a tree be cut?", False),
        ("How many days does a keeper have?", False),
        ("Which article is about blight?", False),
    ],
)
def test_questions_that_want_more_than_a_yes_or_a_figure(question: str, expected: bool) -> None:
    assert asks_openly(question) is expected


@pytest.mark.parametrize(
    ("question", "points"),
    [
        ("In what way are graft and yield, age and height dealt with?", len(POINTS)),
        ("Are graft, yield, age and height there?", 0),
    ],
)
def test_two_points_of_one_list_bring_the_list(tmp_path: Path, question: str, points: int) -> None:
    searcher = searcher_of(tmp_path, trees=LONG)
    result = searcher.search(question)
    evidence = select_evidence(searcher, result, 2000, rough_tokens)
    assert len(evidence) > 1
    near = [replace(one, hit=replace(one.hit, score=1.0), strength=1.0) for one in evidence]
    found = list_asked_for(searcher, result, near)
    assert (len(found[1].points) if found else 0) == points


def test_a_list_is_not_taken_from_a_passage_that_fits_much_less(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, trees=LONG)
    question = "What must the register of trees contain?"
    result = searcher.search(question)
    first = select_evidence(searcher, result, 2000, rough_tokens)[0]
    assert list_asked_for(searcher, result, [replace(first, hit=replace(first.hit, score=1.0))]) is not None
    far = replace(first, hit=replace(first.hit, score=0.5))
    best = replace(
        first, sentences=(), hit=replace(first.hit, score=1.0, passage=replace(first.hit.passage, lead_in=None))
    )
    assert list_asked_for(searcher, result, [best, far]) is None


@pytest.mark.parametrize(
    ("question", "whole"), [("What must the register of trees contain?", True), ("Is the graft in it?", False)]
)
def test_a_point_is_quoted_with_a_long_list_only_if_a_list_is_asked_for(
    tmp_path: Path, question: str, whole: bool
) -> None:
    searcher = searcher_of(tmp_path, trees=LONG)
    evidence = select_evidence(searcher, searcher.search(question), 2000, rough_tokens)
    (points,) = lists_of(searcher.library.document("trees"), evidence[0])
    assert 1000 < points.span.end - points.span.start < 2000
    made = Composer(searcher, evidence, question)
    made.add_quotation(evidence[0])
    assert (POINTS[0] in made.citations[0].quote and POINTS[-1] in made.citations[0].quote) is whole
