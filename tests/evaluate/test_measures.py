"""Measures on cases worked out by hand."""

import math
from typing import Any

import pytest

from pincite.evaluate.measures import MEASURES, by_group, evaluate, ranking


def question(measures: dict[str, Any], kind: str = "", source: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> Any:
    return {"measures": measures, "kind": kind, "source": list(source), "tags": list(tags)}


def test_names_are_unique_and_all_are_defined() -> None:
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    for measure in MEASURES:
        assert measure.form in ("yes-no", "share", "mean", "median", "p95")
        assert measure.better in ("higher", "lower")
        assert len(measure.title) <= 30
        assert len(measure.definition) > 10


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ([1], {"recall_1": 1, "map_10": 1, "ndcg_10": 1, "evidence_in_10": 1}),
        ([3], {"recall_1": 0, "recall_5": 1, "map_10": 1 / 3, "ndcg_10": 0.5}),
        ([None], {"recall_50": 0, "map_10": 0, "ndcg_10": 0, "evidence_in_10": 0}),
        # two passages at ranks 1 and 4: (1/1 + 2/4) / 2
        (
            [4, 1],
            {
                "recall_1": 0.5,
                "recall_5": 1,
                "map_10": 0.75,
                "ndcg_10": (1 + 1 / math.log2(5)) / (1 + 1 / math.log2(3)),
                "evidence_in_10": 1,
            },
        ),
        # one beyond the tenth
        ([2, 11], {"recall_10": 0.5, "recall_50": 1, "map_10": 0.25, "evidence_in_10": 0}),
        # one passage that covers both groups could not be better
        ([1, 1], {"recall_1": 1, "map_10": 1, "ndcg_10": 1}),
        ([50, 51], {"recall_50": 0.5, "recall_10": 0}),
    ],
)
def test_ranking(ranks: list[int | None], expected: dict[str, float]) -> None:
    found = ranking(ranks)
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_yes_no_takes_wilson_and_leaves_out_what_does_not_apply() -> None:
    found = evaluate([question({"facts": 1.0}), question({"facts": 0.0}), question({})])["facts"]
    assert (found.value, found.questions) == (0.5, 2)
    assert (found.low, found.high) == pytest.approx((0.0945, 0.9055), abs=1e-4)


def test_shares_are_pooled() -> None:
    found = evaluate([question({"citation_precision": pair}) for pair in ([1, 1], [0, 3], [0, 0])])
    assert found["citation_precision"].value == 0.25
    assert found["citation_precision"].questions == 2


def test_a_share_without_a_fault_takes_wilson_with_the_questions() -> None:
    found = evaluate([question({"verbatim": [3, 3]})] * 10)["verbatim"]
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.7225, abs=1e-4)


def test_f1_is_the_harmonic_mean() -> None:
    # 3 right abstentions, 1 false one, 2 questions answered that should not be, 4 rightly answered
    pairs = [[2, 2]] * 3 + [[0, 1]] * 3 + [[0, 0]] * 4
    precision, recall = 3 / 4, 3 / 5
    expected = 2 * precision * recall / (precision + recall)
    assert evaluate([question({"abstention_f1": pair}) for pair in pairs])["abstention_f1"].value == pytest.approx(
        expected
    )


def test_quantiles_share_one_number() -> None:
    found = evaluate([question({"seconds": float(value)}) for value in range(101)])
    assert found["seconds_median"].value == 50
    assert found["seconds_p95"].value == 95
    assert found["seconds_median"].low < 50 < found["seconds_median"].high


def test_nothing_to_measure() -> None:
    assert evaluate([]) == {}
    assert evaluate([question({"verbatim": [0, 0]})]) == {}


def test_groups() -> None:
    groups = by_group(
        [
            question({"facts": 1.0}, "deadline", ("gdpr", "nis2"), ("scenario",)),
            question({"facts": 0.0}, "deadline", ("gdpr",)),
            question({}, ""),
        ]
    )
    assert set(groups["kind"]) == {"deadline"}
    assert groups["source"]["gdpr"]["facts"].value == 0.5
    assert groups["source"]["nis2"]["facts"].value == 1
    assert set(groups["tags"]) == {"scenario"}
