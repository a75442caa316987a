"""A claim about one of the things that a long sentence says."""

from collections.abc import Sequence

import numpy as np

from pincite.answer.checks import Support
from pincite.answer.clauses import check_by_clause
from pincite.embed.protocol import Vectors

LONG = (
    "The board shall ensure that members of the crew are trained in the use of the ladders, that they are told who "
    "keeps the keys, and that the register is brought up to date"
)
CLAIM = "Members of the crew must be trained in the use of ladders."


def encode(near: str) -> tuple[list[list[str]], object]:
    asked: list[list[str]] = []

    def vectors(texts: Sequence[str]) -> Vectors:
        asked.append(list(texts))
        return np.array([[1.0, 0.0] if near in text else [0.0, 1.0] for text in texts], np.float32)

    return asked, vectors


def support(similarity: float) -> Support:
    return Support(LONG, "Ladders", LONG, similarity, "")


def check(near: str, similarity: float) -> tuple[str, list[list[str]]]:
    asked, vectors = encode(near)
    return check_by_clause(CLAIM, support(similarity), np.array([1.0, 0.0], np.float32), vectors), asked  # type: ignore[arg-type]


def test_a_clause_that_is_near_supports_the_claim() -> None:
    failed, asked = check("trained", 0.2)
    assert failed == ""
    assert all(len(clause.split()) >= 5 for clause in asked[0])


def test_no_clause_that_is_near() -> None:
    assert check("pruning", 0.2)[0] == "similarity"


def test_clauses_are_read_only_where_the_sentence_is_unlike() -> None:
    assert check("trained", 0.9) == ("", [])


def test_other_checks_are_not_softened() -> None:
    _, vectors = encode("trained")
    claim = "Members of the crew must be trained in the use of ladders within 12 days."
    assert check_by_clause(claim, support(0.2), np.array([1.0, 0.0], np.float32), vectors) == "numbers"  # type: ignore[arg-type]
