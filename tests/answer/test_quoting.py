"""What is quoted beside a draft: the best passage, the one that fits as well, the list that two passages share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pincite.answer.beside import list_asked_for
from pincite.answer.compose import Composer
from pincite.answer.drafting import DraftSentence
from pincite.answer.evidence import Selected, rough_tokens, select_evidence, select_passage
from pincite.answer.lists import asks_for_list, asks_openly, lists_of
from pincite.answer.quoting import add_governing, asks_broadly, lacks_figure, quotable
from pincite.domain.documents import Span
from pincite.search import Searcher
from pincite.search.search import SearchResult
from tests.answer.test_beside import searcher_of
from tests.answer.test_compose import BLIGHT, NOTIFY
from tests.answer.test_lists import LONG, POINTS

LADDER = "What must not be carried on a ladder?"
ASKS = "What must the register of trees contain?"


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


@pytest.mark.parametrize(
    ("question", "broad"),
    [
        ("How does the orchard law handle ladders?", True),
        ("How do ladders and tractors relate?", True),
        ("What is the relationship between ladders and tractors?", True),
        ("What are the differences between ladders and tractors?", True),
        ("What are the main duties of a keeper?", True),
        ("Please explain the rules on ladders.", True),
        ("Compare ladders with tractors.", True),
        ("How do I report a fall?", False),
        ("How long may a ladder be?", False),
        ("What is the longest ladder?", False),
        ("Must the duties of a keeper be explained?", False),
        ("We handle ladders. How high may they be?", False),
    ],
)
def test_questions_about_a_matter_as_a_whole(question: str, broad: bool) -> None:
    assert asks_broadly(question) is broad


@pytest.mark.parametrize(
    ("question", "quoted"),
    [("How does the policy handle ladders?", [1, 2, 4, 5, 6, 7]), ("May a ladder be climbed?", [1])],
)
def test_a_broad_question_has_several_provisions_quoted(
    tiny_searcher: Searcher, question: str, quoted: list[int]
) -> None:
    evidence = evidence_of(tiny_searcher, question, 1.0, 0.92, 0.74, 0.8, 0.75, 0.75, 0.75, 0.75)
    made = Composer(tiny_searcher, evidence, question)
    add_governing(made, evidence, question, None, None)
    assert [one.item.n for one in made.cited()] == quoted


def test_passages_of_one_list_are_quoted_as_that_list_once(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, register=LONG)
    question = "What are the main requirements for the register of trees?"
    assert asks_broadly(question)
    evidence = evidence_of(searcher, question, 1.0, 0.95)
    assert len(evidence) == 2
    made = Composer(searcher, evidence, question)
    add_governing(made, evidence, question, None, None)
    assert [claim.text.count("in full;") for claim in made.claims] == [len(POINTS)]


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("How does the policy handle ladders?", True),
        ("May a ladder be climbed?", True),
        ("How long may a ladder be?", False),
    ],
)
def test_what_the_model_did_not_read_may_be_quoted_unless_a_figure_is_asked_for(
    tiny_searcher: Searcher, question: str, more: bool
) -> None:
    evidence = evidence_of(tiny_searcher, question, 1.0, 1.0)
    result = tiny_searcher.search(question)
    found = quotable(tiny_searcher, result, evidence, None)
    assert list(found[:2]) == evidence
    ids = [one.hit.passage.id for one in found]
    assert sorted(ids) == sorted({hit.passage.id for hit in result.hits} if more else ids[:2])
    made = Composer(tiny_searcher, evidence, question)
    made.add_quotation(found[-1])
    assert made.citations[0].quote in found[-1].item.text


@pytest.mark.parametrize(
    ("other", "quoted"),
    [("Late grafts may be told to the grower until 2030.", ["4.1", "4.2"]), ("Paint the shed white.", ["4.1"])],
)
def test_a_sentence_that_fits_nearly_as_well_as_the_governing_one_is_quoted_too(
    tmp_path: Path, other: str, quoted: list[str]
) -> None:
    text = (
        f"# Graft Policy\n\n## 4. Grafts\n\n4.1 Late grafts must be told to the grower from 2031 on.\n\n4.2 {other}\n"
    )
    searcher = searcher_of(tmp_path, grafts=text)
    question = "Must late grafts be told to the grower?"
    best = select_evidence(searcher, searcher.search(question), 2000, rough_tokens)[0]
    assert other in best.item.text
    made = Composer(searcher, [best], question)
    add_governing(made, [best], question, None, None)
    assert sorted(citation.label for citation in made.citations) == quoted


@pytest.mark.parametrize(
    ("question", "lacks"),
    [
        ("Within how many hours must a fall be reported?", True),
        ("What rate must be paid for a fall?", True),
        ("Must a fall be reported?", False),
        ("What penalties are there for a fall?", False),
        ("How soon must a ladder be checked?", False),  # "before they climb it" is an answer
        ("After how many hours must a ladder be checked?", True),
        ("Within how many hours, under section 2.1 of the Ladder Policy, must a ladder be checked?", False),
    ],
)
def test_who_asks_for_a_figure_is_shown_one_or_has_no_answer(
    tiny_searcher: Searcher, question: str, lacks: bool
) -> None:
    result = tiny_searcher.search(question)
    evidence = [select_passage(tiny_searcher, hit.passage, result) for hit in result.hits]
    evidence = [replace(one, item=replace(one.item, n=n)) for n, one in enumerate(evidence, 1)]
    checks = next(one for one in evidence if "must check a ladder" in one.item.text)
    start = checks.item.passage.start + checks.item.text.index("Staff must check")
    made = Composer(tiny_searcher, evidence, question)
    made.add_quotation(checks, Span(start, start + len("Staff must check a ladder before they climb it.")))
    assert lacks_figure(made, result) is lacks
    made.add_quotation(next(one for one in evidence if "within 24 hours" in one.item.text))
    assert lacks_figure(made, result) is ("rate" in question)


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


def test_what_a_claim_cites_is_not_quoted_as_what_fits_as_well(tiny_searcher: Searcher) -> None:
    notify, other = evidence_of(tiny_searcher, BLIGHT, 0.99, 1.0)
    made = Composer(tiny_searcher, [other, notify], "What must the keeper do about fire blight?")
    assert made.add(DraftSentence(NOTIFY, (1,))) == ""
    add_governing(made, [other, notify], "What must the keeper do about fire blight?", None, None)
    assert [claim.quoted for claim in made.claims] == [False, True]
    assert [citation.label for citation in made.citations] == ["Art. 3", other.item.label]


@pytest.mark.parametrize(
    ("question", "quoted"),
    [(BLIGHT, ["Art. 3", "3.1"]), ("What must the keeper do about fire blight?", ["Recital 2"])],
)
def test_what_gives_the_figure_asked_for_is_preferred(
    tiny_searcher: Searcher, question: str, quoted: list[str]
) -> None:
    notify, recital, _, fall = evidence_of(tiny_searcher, BLIGHT, 0.9, 1.0, 0.0, 0.85)
    assert ("72 hours" in notify.item.text, "24 hours" in fall.item.text) == (True, True)
    evidence = [recital, notify, fall]
    made = Composer(tiny_searcher, evidence, question)
    add_governing(made, evidence, question, None, None)
    assert [citation.label for citation in made.citations] == quoted


def test_where_nothing_gives_the_figure_asked_for_the_best_is_quoted(tiny_searcher: Searcher) -> None:
    _, *recitals = evidence_of(tiny_searcher, BLIGHT, 0.0, 1.0, 0.5)
    made = Composer(tiny_searcher, recitals, BLIGHT)
    add_governing(made, recitals, BLIGHT, None, None)
    assert [citation.label for citation in made.citations] == ["Recital 2"]


def test_a_provision_that_is_named_is_quoted_without_the_figure_asked_for(tiny_searcher: Searcher) -> None:
    notify, recital = evidence_of(tiny_searcher, BLIGHT, 0.5, 1.0)
    evidence = [replace(recital, hit=replace(recital.hit, exact=True)), notify]
    made = Composer(tiny_searcher, evidence, BLIGHT)
    add_governing(made, evidence, BLIGHT, None, None)
    assert [citation.label for citation in made.citations] == ["Recital 2"]


def test_a_provision_that_is_named_is_quoted_before_what_is_stronger(tiny_searcher: Searcher) -> None:
    notify, recital, _, fall = evidence_of(tiny_searcher, BLIGHT, 0.9, 0.1, 0.0, 0.1)
    named = replace(recital, hit=replace(recital.hit, exact=True), strength=0.5)
    evidence = [replace(notify, strength=0.3), fall, named]
    made = Composer(tiny_searcher, evidence, BLIGHT)
    add_governing(made, evidence, BLIGHT, None, None)
    assert made.citations[0].label == "Recital 2"


@pytest.mark.parametrize(("strength", "quoted"), [(0.8, "Art. 3"), (0.79, "Recital 2")])
def test_what_is_much_stronger_than_the_first_is_quoted_in_its_place(
    tiny_searcher: Searcher, strength: float, quoted: str
) -> None:
    first, second = evidence_of(tiny_searcher, BLIGHT, 1.0, 0.5)
    evidence = [replace(first, strength=strength), second]
    question = "What must the keeper do about fire blight?"
    made = Composer(tiny_searcher, evidence, question)
    add_governing(made, evidence, question, None, None)
    assert made.citations[0].label == quoted


@pytest.mark.parametrize(("score", "failed"), [(0.8, ""), (0.79, "governing")])
def test_a_yes_rests_on_what_fits(tiny_searcher: Searcher, score: float, failed: str) -> None:
    question = "Must the keeper notify the orchard authority of fire blight within 72 hours?"
    evidence = evidence_of(tiny_searcher, question, score, 1.0)
    assert "72 hours" in evidence[0].item.text
    made = Composer(tiny_searcher, evidence, question)
    assert made.add(DraftSentence(f"Yes, {NOTIFY[0].lower()}{NOTIFY[1:]}", (1,))) == failed
    assert Composer(tiny_searcher, evidence, question).add(DraftSentence(NOTIFY, (1,))) == ""


@pytest.mark.parametrize(
    ("sentence", "failed"),
    [
        ("No, a tractor must not leave the farm after 22:00.", "governing"),
        ("No: a tractor must not leave the farm after 22:00.", "governing"),
        ("Nope, a tractor must not leave the farm after 22:00.", "governing"),
        ("No tractor leaves the farm after 22:00.", ""),
        ("A tractor must not leave the farm after 22:00, no, never.", ""),
    ],
)
def test_a_no_rests_on_what_fits_and_what_is_no_verdict_on_any(
    tiny_searcher: Searcher, sentence: str, failed: str
) -> None:
    question = "May a tractor leave after 22:00?"
    evidence = evidence_of(tiny_searcher, question, 0.79, 1.0)
    assert "22:00" in evidence[0].item.text
    assert Composer(tiny_searcher, evidence, question).add(DraftSentence(sentence, (1,))) == failed


def test_a_yes_that_rests_on_two_needs_one_that_fits(tiny_searcher: Searcher) -> None:
    question = "Must the keeper notify the orchard authority of fire blight within 72 hours?"
    evidence = evidence_of(tiny_searcher, question, 1.0, 0.1)
    made = Composer(tiny_searcher, evidence, question)
    assert made.add(DraftSentence(f"Yes, {NOTIFY[0].lower()}{NOTIFY[1:]}", (1, 2))) == ""
    assert [one.item.n for one in made.cited()] == [1, 2]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("I was asked for an overview. What has to be written down for each tree as a minimum?", True),
        ("what's the bare minimum list of measures that they want to see?", True),
        ("What must be listed for each tree?", True),
        ("What needs to be documented?", True),
        ("What has to be mentioned in a notice?", True),
        ("What is the shortest list that will do?", True),
        ("What’s on the list of tools?", True),
        ("List the duties of a keeper.", True),
        ("We keep pears only. List the duties of a keeper.", True),
        ("Enumerate the duties of a keeper.", True),
        ("Please name all keepers. Thank you.", True),
        ("Give us a short list of the keepers.", True),
        ("What specific obligations has a keeper?", True),
        ("We bought a list of contacts. By when must they be told?", False),
        ("Can we keep him on the list?", False),
        ("What must we do? They include pears in their offer.", False),
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


def evidence_with_a_list(searcher: Searcher) -> tuple[SearchResult, Selected, Selected]:
    """Return a search, the passage that introduces a list and one that fits the question best and has no list."""
    result = searcher.search(ASKS)
    holds = replace(select_evidence(searcher, result, 2000, rough_tokens)[0], strength=1.0)
    plain = replace(holds.hit, score=1.0, passage=replace(holds.hit.passage, lead_in=None))
    return result, holds, replace(holds, sentences=(), hit=plain)


@pytest.mark.parametrize(
    ("score", "strength", "exact", "found"),
    [
        (0.9, 1.0, False, True),
        (0.89, 1.0, False, False),
        (0.89, 1.0, True, True),
        (0.9, 0.7, False, True),
        (0.9, 0.69, False, False),
    ],
)
def test_the_list_asked_for_stands_in_what_fits_about_as_well_or_is_named(
    tmp_path: Path, score: float, strength: float, exact: bool, found: bool
) -> None:
    searcher = searcher_of(tmp_path, trees=LONG)
    result, holds, best = evidence_with_a_list(searcher)
    holds = replace(holds, strength=strength, hit=replace(holds.hit, score=score, exact=exact))
    assert (list_asked_for(searcher, result, [best, holds]) is not None) is found


@pytest.mark.parametrize(
    ("likeness", "score", "found"),
    [(0.41, 1.0, True), (0.39, 1.0, False), (0.51, 0.95, True), (0.49, 0.95, False)],
)
def test_the_list_of_what_was_found_first_need_be_less_like_the_question(
    tmp_path: Path, likeness: float, score: float, found: bool
) -> None:
    searcher = searcher_of(tmp_path, trees=LONG)
    result, holds, best = evidence_with_a_list(searcher)
    document = searcher.library.document("trees")
    (points,) = lists_of(document, holds)
    lead = searcher.encode([points.lead.of(document.text)])[0]
    other = result.vector - (result.vector @ lead) * lead
    vector = likeness * lead + np.sqrt(1 - likeness**2) * other / np.linalg.norm(other)
    asked = replace(result, vector=vector.astype(np.float32), rarity={})  # no shared words: the vector decides
    holds = replace(holds, hit=replace(holds.hit, score=score))
    evidence = [holds] if score == 1.0 else [best, holds]
    assert (list_asked_for(searcher, asked, evidence) is not None) is found


@pytest.mark.parametrize(
    ("length", "question", "whole"),
    [
        (1000, "Is the graft in it?", True),
        (1001, "Is the graft in it?", False),
        (2000, ASKS, True),
        (2001, ASKS, False),
    ],
)
def test_a_point_brings_its_list_up_to_a_length(tmp_path: Path, length: int, question: str, whole: bool) -> None:
    first, last = "The register of trees must contain:\n\n(a) the age of each tree;", "(c) the graft of each tree."
    filler = "(b) the " + "x" * (length - len(first) - len(last) - 10) + ";"
    text = f"# Tree Register Policy\n\n## 4. Register\n\n{first}\n\n{filler}\n\n{last}"
    searcher = searcher_of(tmp_path, trees=text)
    evidence = select_evidence(searcher, searcher.search(question), 2000, rough_tokens)
    holds = next(one for one in evidence if "graft" in one.item.text)
    (found,) = lists_of(searcher.library.document("trees"), holds)
    assert found.span.end - found.span.start == length
    made = Composer(searcher, [holds], question)
    made.add_quotation(holds)
    assert ("(a) the age" in made.citations[0].quote and last in made.citations[0].quote) is whole


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


@pytest.mark.parametrize(
    ("question", "said", "lacks"),
    [
        ("How long may records of apples be kept?", "Records of apples are kept no longer than is necessary.", False),
        ("How long may records of apples be kept?", "Records of apples are kept in the shed.", True),
        ("How many years may records of apples be kept?", "Records of apples are kept as long as needed.", True),
        ("How often are records of apples checked?", "Records of apples are checked regularly.", False),
        ("How soon must records of apples be shown?", "Records of apples are shown promptly.", False),
        ("How high can the fine for apples be?", "The fine for apples is regularly proportionate.", True),
        ("Which fees are there for apples?", "Fees for apples are set by the owner.", False),
    ],
)
def test_how_long_is_answered_without_a_figure_and_how_many_is_not(
    tmp_path: Path, question: str, said: str, lacks: bool
) -> None:
    searcher = searcher_of(tmp_path, apples=f"# Apple Policy\n\n## 1. Apples\n\n1.1 {said}\n")
    result = searcher.search(question)
    evidence = select_evidence(searcher, result, 2000, rough_tokens)
    made = Composer(searcher, evidence, question)
    made.add_quotation(evidence[0])
    assert lacks_figure(made, result) is lacks
