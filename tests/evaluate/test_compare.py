"""Two runs compared: values, paired tests and the questions that changed sides, worked out by hand."""

from typing import Any

import pytest

from pincite.errors import EvaluationError
from pincite.evaluate.compare import Difference, compare, comparison_table


def run(**columns: list[Any]) -> dict[str, Any]:
    count = len(next(iter(columns.values())))
    return {
        "questions": [
            {"id": f"q{i}", "question": f"Q{i}?", "measures": {name: values[i] for name, values in columns.items()}}
            for i in range(count)
        ]
    }


def difference(first: dict[str, Any], second: dict[str, Any], name: str) -> Difference:
    return next(one for one in compare(first, second).differences if one.measure.name == name)


def test_yes_no_takes_mcnemar_and_names_the_questions() -> None:
    found = difference(run(facts=[1, 1, 0, 0, 0, 0, 0]), run(facts=[1, 0, 1, 1, 1, 1, 1]), "facts")
    assert (found.first, found.second) == (pytest.approx(2 / 7), pytest.approx(6 / 7))
    assert (found.lost, found.won) == (("q1",), ("q2", "q3", "q4", "q5", "q6"))
    assert found.p == pytest.approx(14 / 64)
    assert (found.test, found.questions) == ("exact McNemar", 7)


def test_where_lower_is_better_right_is_zero() -> None:
    found = difference(run(false_abstention=[1, 0]), run(false_abstention=[0, 0]), "false_abstention")
    assert (found.lost, found.won) == ((), ("q0",))


def test_means_take_a_paired_permutation() -> None:
    found = difference(run(map_10=[0.0, 0.0, 0.0, 0.5]), run(map_10=[0.5, 0.5, 0.5, 0.5]), "map_10")
    assert (found.first, found.second) == (0.125, 0.5)
    assert found.p == 2 / 8
    assert (found.test, found.won) == ("paired permutation", ())


def test_shares_and_quantiles() -> None:
    first, second = (
        run(verbatim=[[1, 2], [0, 0]], seconds=[1.0, 3.0]),
        run(verbatim=[[2, 2], [3, 3]], seconds=[2.0, 6.0]),
    )
    assert difference(first, second, "verbatim").first == 0.5
    assert difference(first, second, "verbatim").second == 1
    found = difference(first, second, "seconds_median")
    assert (found.first, found.second) == (2, 4)
    assert found.p == 2 / 4


def test_only_common_questions_to_which_a_measure_applies_in_both_count() -> None:
    first = run(facts=[1, None, 0, 1])
    second = run(facts=[0, 1, 0, 1])
    second["questions"][3]["question"] = "Other words?"
    found = compare(first, second)
    assert (found.common, found.only_first, found.only_second) == (3, 1, 1)
    (one,) = found.differences
    assert (one.questions, one.first, one.second) == (2, 0.5, 0)


def test_a_share_that_nothing_counts_for_is_left_out() -> None:
    assert compare(run(verbatim=[[0, 0]]), run(verbatim=[[1, 1]])).differences == ()


def test_nothing_in_common() -> None:
    with pytest.raises(EvaluationError, match="no question in common"):
        compare(run(facts=[1]), {"questions": []})


def test_table_and_json() -> None:
    found = compare(run(facts=[1] + [0] * 7), run(facts=[0] + [1] * 7))
    text = comparison_table(found, "a.json", "b.json")
    assert max(map(len, text.splitlines())) <= 80
    assert "answer has the facts               0.125     0.875    +0.750  0.0703      8\n" in text
    assert "answer has the facts, right to wrong (1): q0\n" in text
    assert "answer has the facts, wrong to right (7): q1, q2, q3, q4, q5, q6, q7\n" in text
    (row,) = found.to_json()["differences"]
    assert (row["difference"], row["p"], row["right_to_wrong"]) == (0.75, 0.070312, ["q0"])
    clear = comparison_table(compare(run(facts=[0] * 8), run(facts=[1] * 8)), "a", "b")
    assert "0.0078      8 *\n" in clear
