"""Lists come out whole, whatever passages they were cut into, and a draft does not shorten them."""

from __future__ import annotations

import pytest

from pincite.answer.evidence import rough_tokens, select_evidence, select_passage
from pincite.answer.lists import PointList, asks_for_list, lists_of, names_some_only
from pincite.domain.documents import Span
from pincite.library import Library
from pincite.search import Searcher
from tests.answer.test_beside import QUESTION, searcher_of

POINTS = tuple(f"({letter}) the {noun} of each tree in a walled garden of the estate, in full;" for letter, noun in
               zip("abcdefghijklmnop", "age height width owner soil slope colour fruit bark root leaf shade frost pest graft yield".split(), strict=True))  # fmt: skip  # noqa: E501
LONG = "# Tree Register Policy\n\n## 4. Register\n\n4.1 The register of trees must contain:\n\n" + "\n\n".join(POINTS)
FLAT = """# Tree Rules

## Register

The register of trees must contain:

the name of the tree;

the year of planting; and

the owner.

Each owner shall read it.
"""


def all_lists(searcher: Searcher) -> list[PointList]:
    """Return the lists of all passages, those of the same points once."""
    library: Library = searcher.library
    result = searcher.search(QUESTION)
    document = library.document(library.documents[0].slug)
    passages = library.passages_within(0, Span(0, len(document.text)))
    found = [one for p in passages for one in lists_of(document, select_passage(searcher, p, result))]
    return list({one.points: one for one in found}.values())


def test_a_list_over_several_passages_is_one_list(tmp_path) -> None:
    searcher = searcher_of(tmp_path, trees=LONG)
    text = searcher.library.document("trees").text
    assert len(searcher.library.passages_within(0, Span(0, len(text)))) > 1
    (found,) = all_lists(searcher)
    assert found.lead.of(text).endswith("must contain:")
    assert [span.of(text) for span in found.points] == list(POINTS)
    assert found.span.end - found.span.start > 1000


def test_points_without_marks_end_with_the_full_stop(tmp_path) -> None:
    searcher = searcher_of(tmp_path, trees=FLAT)
    text = searcher.library.document("trees").text
    (found,) = all_lists(searcher)
    assert [span.of(text) for span in found.points] == [
        "the name of the tree;",
        "the year of planting; and",
        "the owner.",
    ]
    assert "Each owner" not in found.span.of(text)


@pytest.mark.parametrize(
    "text",
    [
        "# T\n\n1.1 The following holds: nothing at all.\n",
        "# T\n\n1.1 It must contain:\n\nEach owner shall read it.\n\nNobody else.\n",
        '# T\n\n1.1 In this policy:\n\n(a) "tree" means a plant;\n\n(b) "owner" means a person.\n',
    ],
)
def test_what_is_no_list(tmp_path, text: str) -> None:
    assert all_lists(searcher_of(tmp_path, trees=text)) == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What must the register contain?", True),
        ("What grounds are there?", True),
        ("Which trees count?", True),
        ("How long are apples kept?", False),
        ("Under what circumstances may a tree be felled?", True),
        ("Who keeps the register?", False),
    ],
)
def test_questions_for_a_list(question: str, expected: bool) -> None:
    assert asks_for_list(question) is expected


LIST = "The register must contain:\nthe owner of the tree;\nthe year of planting;\nthe kind of soil."
SPANS = [Span(LIST.index(words), LIST.index(words) + len(words)) for words in LIST.split("\n")]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The register must contain the owner and the year of planting.", True),
        ("The register must contain the owner, the year of planting and the kind of soil.", False),
        ("The register must contain, among other things, the owner.", False),
        ("The register must contain what follows.", False),
    ],
)
def test_a_sentence_that_names_some_points_as_if_all(sentence: str, expected: bool) -> None:
    assert names_some_only(sentence, PointList(SPANS[0], tuple(SPANS[1:])), LIST) is expected


def test_including_is_no_hedge_where_a_point_itself_says_it() -> None:
    text = "The register must contain:\nthe owner of the tree, including his heirs;\nthe kind of soil."
    spans = [Span(text.index(words), text.index(words) + len(words)) for words in text.split("\n")]
    points = PointList(spans[0], tuple(spans[1:]))
    assert names_some_only("The register must contain the owner of the tree, including his heirs.", points, text)
    assert not names_some_only("The register must contain details, such as the owner of the tree.", points, text)


def test_evidence_of_a_part_gives_the_whole_list(tmp_path) -> None:
    searcher = searcher_of(tmp_path, trees=LONG)
    result = searcher.search("graft yield pest of each tree in the walled garden")
    evidence = select_evidence(searcher, result, 2000, rough_tokens)
    last = next(one for one in evidence if "graft" in one.item.text)
    assert "(a)" not in last.item.text
    assert [len(one.points) for one in lists_of(searcher.library.document("trees"), last)] == [len(POINTS)]
