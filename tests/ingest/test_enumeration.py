"""Which letter or number each marker of a list is, by what goes on."""

import itertools
import random

import pytest

from pincite.ingest.enumeration import MARKER, Mark, Step, readings, resolve, successors, tradition

RULES = tradition([Mark("1"), Mark("i")])
STATUTES = tradition([Mark("1"), Mark("A")])


def levels(words: str, nesting: frozenset[tuple[str, str]] = RULES) -> list[tuple[str, int]]:
    """Depth and value of each marker of "a 1 i ii 2 b"."""
    steps = [Step(Mark(word)) for word in words.split()]
    return [(stack[-1][0], len(stack)) for stack in resolve(steps, nesting)]


def depths(words: str, nesting: frozenset[tuple[str, str]] = RULES) -> list[int]:
    return [depth for _, depth in levels(words, nesting)]


def test_the_letter_i_goes_on_after_h_and_the_numeral_begins_below() -> None:
    assert levels("h i j")[1] == ("(a)", 1)
    assert levels("h i ii iii i j")[1:4] == [("(i)", 2)] * 3
    assert depths("a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb") == [1] * 28


def test_federal_rules_nest_six_deep() -> None:
    assert depths("a 1 i A 1 i ii 2 B ii 2 b") == [1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1]


def test_statutes_have_capitals_before_numerals() -> None:
    assert depths("a 1 A i I II ii B 2 b", STATUTES) == [1, 2, 3, 4, 5, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(("words", "expected"), [("a b d e", [1] * 4), ("a 1 2 4 5 b", [1, 2, 2, 2, 2, 1])])
def test_gaps_stay_on_their_level(words: str, expected: list[int]) -> None:
    assert depths(words) == expected


def test_v_and_x_after_letters_and_numerals() -> None:
    assert depths("u v w x y")[-1] == 1
    assert depths("a 1 i ii iii iv v vi 2 b") == [1, 2, 3, 3, 3, 3, 3, 3, 2, 1]
    assert levels("t u v w")[2] == ("(a)", 1)
    assert levels("1 i ii iii iv v")[5] == ("(i)", 2)


def test_a_definition_begins_a_list_anew() -> None:
    steps = [Step(Mark("1")), Step(Mark("2")), Step(None), Step(Mark("1")), Step(Mark("i"))]
    assert [len(stack) for stack in resolve(steps, RULES)] == [1, 1, 0, 1, 2]


def test_a_range_goes_on_after_its_end() -> None:
    steps = [Step(Mark("a")), Step(Mark("b", last="d")), Step(Mark("e"))]
    assert [stack[-1] for stack in resolve(steps, RULES)] == [("(a)", 1), ("(a)", 4), ("(a)", 5)]
    assert MARKER.match("(b)-(d) [Reserved]").group(2) == "d"  # type: ignore[union-attr]
    assert MARKER.match("(b) to (d) apply")[2] is None  # type: ignore[index]


def _random_list(chance: random.Random, depth: int, most: int) -> list[tuple[str, int]]:
    styles = ("abcdefghijklmnopqrstuvwxyz", range(1, 30), "i ii iii iv v vi vii viii ix x xi xii".split(),
              "ABCDEFGHIJKLMNOPQRSTUVWXYZ", range(1, 30), "i ii iii iv v vi vii viii ix x xi xii".split())  # fmt: skip
    found = []
    for word in itertools.islice(styles[depth], chance.randint(2, (11, 9, 9, 6, 4, 3)[depth])):
        found.append((str(word), depth + 1))
        if depth + 1 < most and chance.random() < 0.3:
            found += _random_list(chance, depth + 1, most)
    return found


@pytest.mark.parametrize("seed", range(40))
def test_random_trees_are_found_again(seed: int) -> None:
    made = _random_list(random.Random(seed), 0, 4)
    assert depths(" ".join(word for word, _ in made)) == [depth for _, depth in made]


def test_words_that_are_no_numbers_and_long_rows_of_the_same_end_well() -> None:
    assert readings("the") == ()
    assert successors("h") == {"i"}
    assert successors("i") == {"ii", "j"}
    assert successors("IX") == {"X"}
    assert len(resolve([Step(Mark("a"))] * 3000, RULES)) == 3000
