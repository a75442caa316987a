"""The bar for abstention chosen on cases worked out by hand, written, and preferred to the shipped one."""

import tomllib
from pathlib import Path

import pytest

from pincite.answer.abstain import Policy
from pincite.errors import ConfigError, EvaluationError
from pincite.evaluate.calibrate import Point, calibrate, calibration_table, points_of, policy_text, rates
from pincite.library.current import Pointer, approve_policy, write_pointer


def points(answerable: list[float], unanswerable: list[float]) -> list[Point]:
    return [Point(score, True) for score in answerable] + [Point(score, False) for score in unanswerable]


APART = points([0.5, 0.6, 0.7, 0.8, 0.9], [0.1, 0.15, 0.2, 0.25, 0.3])
MIXED = points([0.30, 0.45, 0.50, 0.55, 0.60], [0.10, 0.20, 0.25, 0.40, 0.52])


def test_rates_count_a_score_at_the_threshold_as_answered() -> None:
    found = rates(MIXED, 0.45)
    assert (found.answered, found.unanswerable, found.abstained, found.answerable) == (1, 5, 1, 5)
    assert (found.answered_unanswerable, found.false_abstention) == (0.2, 0.2)


def test_sorts_that_lie_apart() -> None:
    found = calibrate(APART)
    assert found.chosen.threshold == pytest.approx(0.4)
    assert (found.chosen.answered, found.chosen.abstained) == (0, 0)
    # without 0.5 the threshold is (0.3 + 0.6) / 2, which 0.5 reaches; without 0.3 it is 0.375: all are judged rightly
    assert (found.honest.answered, found.honest.abstained) == (0, 0)


@pytest.mark.parametrize(
    ("bound", "threshold", "answered", "abstained"),
    [
        (0.08, 0.535, 0, 3),  # no wrong answer: above 0.52
        (0.2, 0.425, 1, 1),  # one wrong answer: above 0.40
        (0.4, 0.275, 2, 0),  # two: above 0.25; 0.275 is between 0.25 and 0.30
        (0.9, 0.275, 2, 0),  # what costs nothing is not given away
    ],
)
def test_the_bound_is_kept_with_the_least_false_abstention(
    bound: float, threshold: float, answered: int, abstained: int
) -> None:
    found = calibrate(MIXED, bound)
    assert found.chosen.threshold == pytest.approx(threshold)
    assert (found.chosen.answered, found.chosen.abstained) == (answered, abstained)


def test_leave_one_out_does_not_flatter() -> None:
    found = calibrate(MIXED, 0.08)
    # without 0.52 the threshold falls to 0.425, and 0.52 is answered; with it 0.30, 0.45 and 0.50 are not answered,
    # and neither is 0.55 without itself: the threshold is then (0.52 + 0.60) / 2
    assert (found.honest.answered, found.honest.abstained) == (1, 4)
    assert found.chosen.answered == 0


def test_the_curve_runs_from_all_answered_to_none() -> None:
    curve = calibrate(MIXED).curve
    assert (curve[0].answered_unanswerable, curve[0].false_abstention) == (1, 0)
    assert (curve[-1].answered_unanswerable, curve[-1].false_abstention) == (0, 1)
    assert [one.threshold for one in curve] == sorted(one.threshold for one in curve)
    assert len(curve) == 11


def test_too_few_questions() -> None:
    with pytest.raises(EvaluationError, match="5 questions with an answer and 4 without"):
        calibrate(MIXED[:-1])


def test_points_leave_out_what_the_threshold_does_not_decide() -> None:
    def question(answerable: bool | None, score: float, *, refused: bool = False) -> dict[str, object]:
        return {"answerable": answerable, "strength": {"score": score, "refused": refused}}

    found = points_of(
        [question(True, 0.5), question(False, 0.2, refused=True), question(None, 0.3), question(False, 0.1)]
    )
    assert found == [Point(0.5, True), Point(0.1, False)]


def test_table() -> None:
    text = calibration_table(calibrate(points([i / 100 for i in range(30, 90)], [i / 100 for i in range(5, 60)])))
    assert max(map(len, text.splitlines())) <= 80
    assert sum(line.endswith("  <") for line in text.splitlines()) == 1
    assert "bound: at most 0.08 of the unanswerable answered" in text
    assert "leave-one-out:" in text


def test_what_is_written_is_preferred(tmp_path: Path) -> None:
    shipped = Policy.load()
    assert Policy.of(tmp_path) == shipped
    path = tmp_path / "abstention.toml"
    write_pointer(tmp_path, Pointer("0" * 16))
    approve_policy(tmp_path, policy_text(calibrate(APART), "my\nset.jsonl"))
    found = Policy.of(tmp_path)
    assert (found.sufficient, found.passage, found.strong) == (0.4, shipped.passage, shipped.strong)
    assert found.doubtful == found.sufficient  # the bound is kept whatever the model makes of the evidence
    assert (found.missing_name, found.least_gain) == (shipped.missing_name, shipped.least_gain)
    assert found.sha256 != shipped.sha256
    assert "# Chosen on my set.jsonl: 5 questions with an answer, 5 without." in path.read_text()
    low, high = (
        tomllib.loads(policy_text(calibrate(points(scores, [0.01, 0.02, 0.03, 0.04, other])), ""))
        for scores, other in (([0.06] * 5, 0.05), ([0.9] * 5, 0.8))
    )
    assert low["passage"] == low["sufficient"] == 0.055
    assert high["strong"] == high["sufficient"] == 0.85


@pytest.mark.parametrize("text", ["sufficient = ", "sufficient = 0.4\n", "other = 1\n", "passage = 'x'\n"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    write_pointer(tmp_path, Pointer("0" * 16))
    approve_policy(tmp_path, text)
    with pytest.raises(ConfigError, match=r"abstention\.toml: ") as caught:
        Policy.of(tmp_path)
    assert "--calibrate" in caught.value.hint
