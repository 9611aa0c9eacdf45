"""The rule by which ours is the paper's: by difference and by ratio, read with an error; by row, point and curve."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rethinking.reporting.comparison import Ours, deviation, verdict
from rethinking.reporting.hardly import CAN_HARDLY_FAIL
from rethinking.reporting.spread import binomial_error, half_width
from rethinking.reporting.units import kind_of, of_curve, of_row, units, verdicts

LOSS = {"tolerance": 0.1, "reading_error": 0.0025, "ratio": 1.25}


def near(paper: float, ours: float, **rule: float) -> bool:
    return verdict("", Ours(ours, math.nan, 1, 1), deviation(paper, ours, **rule)) == "reproduced"


# A number


def test_a_small_loss_of_twice_the_size_differs_though_it_is_within_the_tolerance():
    assert near(0.0467, 0.095, tolerance=0.1)  # the rule before
    assert not near(0.0467, 0.095, **LOSS)
    assert near(0.0467, 0.0467 * 1.25, **LOSS)
    assert not near(0.095, 0.0467, **LOSS)


def test_a_large_loss_is_within_the_tolerance_and_not_only_within_the_ratio():
    assert near(2.3, 2.395, **LOSS)
    assert not near(2.3, 2.5, **LOSS)


def test_what_a_number_was_read_with_counts_on_both_sides_of_it():
    assert not near(0.5, 0.521, tolerance=0.02)
    assert near(0.5, 0.521, tolerance=0.02, reading_error=0.001)
    assert near(0.5, 0.479, tolerance=0.02, reading_error=0.001)
    assert not near(0.5, 0.522, tolerance=0.02, reading_error=0.001)


def test_a_loss_that_was_read_as_next_to_none_may_be_any_that_would_be_read_so():
    assert near(0.0003, 0.0, **LOSS)
    assert near(0.0003, 0.0034, **LOSS)
    assert not near(0.0003, 0.0036, **LOSS)
    assert deviation(0.05, 0.0, **LOSS) == math.inf


def test_without_a_value_the_deviation_is_infinite():
    assert deviation(0.5, math.nan, 0.1) == deviation(0.5, math.nan, **LOSS) == math.inf


LOSSES = st.floats(1e-4, 3)


@given(LOSSES, LOSSES, st.floats(0, 0.01))
def test_by_ratio_nothing_is_near_that_is_not_by_difference_and_reading_errors_bring_all_nearer(paper, ours, error):
    alone = deviation(paper, ours, 0.1)
    assert deviation(paper, ours, 0.1, ratio=1.25) >= alone
    assert deviation(paper, ours, 0.1, error) <= alone
    assert deviation(paper, ours, 0.1, error, 1.25) <= deviation(paper, ours, 0.1, 0.0, 1.25) + 1e-12
    assert near(paper, ours, tolerance=0.1) == (abs(paper - ours) <= 0.1 * (1 + 1e-9))


# A row, a point, a curve


@pytest.mark.parametrize(
    ("words", "verdict_of_row"),
    [
        ([CAN_HARDLY_FAIL, "reproduced"], "reproduced"),
        ([CAN_HARDLY_FAIL, "differs"], "differs"),
        ([CAN_HARDLY_FAIL, CAN_HARDLY_FAIL], CAN_HARDLY_FAIL),
        (["reproduced", "differs"], "differs"),
        (["not run", "not run"], "not run"),
        (["not run: ImageNet"] * 4, "not run: ImageNet"),
        (["no target"], "no target"),
    ],
)
def test_a_row_is_what_the_worst_of_its_numbers_is(words, verdict_of_row):
    assert of_row(words) == verdict_of_row


def curve(near: int = 0, far: int = 0, hardly: int = 0, missing: int = 0, away: float = 0.5) -> str:
    """The verdict of a curve of so many points that are near, are not, can hardly fail, were not measured."""
    words = ["reproduced"] * near + ["differs"] * far + [CAN_HARDLY_FAIL] * hardly + ["not run"] * missing
    return of_curve(words, [away] * near + [1.5] * far + [0.0] * hardly + [math.nan] * missing,
                    [False] * (near + far) + [True] * hardly + [False] * missing)  # fmt: skip


@pytest.mark.parametrize(
    ("points", "judged"),
    [
        ({"near": 20}, "reproduced"),
        ({"near": 18, "far": 2}, "reproduced"),
        ({"near": 17, "far": 3}, "differs"),
        ({"far": 3, "missing": 17}, "differs"),  # what is left cannot make up for it
        ({"far": 2, "missing": 18}, "not run"),
        ({"near": 17, "missing": 3}, "not run"),
        ({"near": 18, "missing": 2}, "reproduced"),
        ({"missing": 20}, "not run"),
        ({"near": 2, "far": 1, "hardly": 97}, "differs"),  # the end of a curve outvotes its beginning no more
        ({"near": 3, "hardly": 97}, "reproduced"),
        ({"hardly": 20}, CAN_HARDLY_FAIL),
        ({"far": 20}, "differs"),
    ],
)
def test_a_curve_is_what_nine_tenths_of_its_points_that_can_fail_are(points, judged):
    assert curve(**points) == judged


def test_a_curve_of_which_some_points_are_very_far_is_not_reproduced_by_the_others():
    words, away = ["reproduced"] * 19 + ["differs"], [0.2] * 19
    assert of_curve(words, [*away, 1.5], [False] * 20) == "reproduced"
    assert of_curve(words, [*away, 40.0], [False] * 20) == "differs"


def test_a_point_that_can_hardly_fail_and_does_counts_against_its_curve():
    words = ["reproduced"] * 8 + ["differs"]
    assert of_curve(words, [0.1] * 8 + [2.0], [False] * 8 + [True]) == "differs"


def test_curves_that_were_not_measured_but_in_what_can_hardly_fail_were_not_run():
    words = [CAN_HARDLY_FAIL] * 4 + ["not run"] * 6
    assert of_curve(words, [0.1] * 4 + [math.nan] * 6, [True] * 10) == "not run"


def numbers(*rows: dict[str, Any]) -> pd.DataFrame:
    names = {"panel": "plain", "model": "m", "corruption": "true_labels", "step": math.nan, "away": 0.1}
    table = pd.DataFrame([names | {"judged": "reproduced"} | row for row in rows])
    kinds = [kind_of(source, step) for source, step in zip(table["source"], table["step"], strict=True)]
    return table.assign(kind=kinds)


def test_both_numbers_of_a_row_and_all_points_of_a_curve_have_one_verdict_and_a_point_has_its_own():
    table = numbers(
        {"source": "table 1", "quantity": "train_accuracy"},
        {"source": "table 1", "quantity": "test_accuracy", "judged": "differs", "away": 2.0},
        {"source": "figure 1b", "quantity": "relative_time"},
        {"source": "figure 1c", "quantity": "test_error_at_fit", "judged": "differs"},
        *({"source": "figure 2b", "quantity": "test_accuracy", "step": step} for step in range(1, 11)),
        {"source": "figure 2b", "quantity": "train_accuracy", "step": 1, "judged": "not run"},
    )
    assert table["kind"].tolist() == ["row"] * 2 + ["point"] * 2 + ["curve"] * 11
    assert units(table).nunique() == 5
    found = verdicts(table, "judged", "away", pd.Series(data=False, index=table.index))
    expected = ["differs", "differs", "reproduced", "differs", *["reproduced"] * 10, "not run"]
    assert found.tolist() == expected


# How sure a mean is


@given(st.lists(st.floats(0, 100), min_size=2, max_size=6))
def test_the_interval_is_scipy_s(values):
    sd = float(np.std(values, ddof=1))
    if sd > 1e-6:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert half_width(sd, len(values)) == pytest.approx((high - low) / 2)


def test_three_seeds_have_an_interval_of_4_30_standard_errors_and_one_has_none():
    assert half_width(1.0, 3) == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert math.isnan(half_width(math.nan, 1))


def test_at_chance_ten_thousand_images_are_sure_to_three_tenths_of_a_percent():
    assert 100 * binomial_error(0.1, 10_000) == pytest.approx(0.3)
    assert binomial_error(1.0, 10_000) == 0
    assert math.isnan(binomial_error(math.nan, 10_000))
    assert math.isnan(binomial_error(0.5, math.nan))
