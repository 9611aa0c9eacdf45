"""Linear models of fewer images than they have values: where SGD and Adam end, and the Hessian there."""

import numpy as np
import pytest

from rethinking.kernels.implicit import Problem, adam, descend, rank, sgd
from rethinking.outcomes.computed import IMPLICIT_REGULARISATION
from rethinking.stages.implicit_regularisation import problem_of, rows_of

JOB = {"epochs": 200, "adam_rate": 0.001, "seed": 0}


def problem(count: int = 8) -> Problem:
    rng = np.random.default_rng(0)
    return problem_of(rng.integers(0, 256, (count, 5, 5, 1), np.uint8), np.arange(count) % 3)


def end_of(problem: Problem, start: np.ndarray, rule: object, epochs: int = 200) -> np.ndarray:
    *_, (_, weights) = descend(problem, start, rule, epochs, np.random.default_rng(1))
    return weights


def test_the_least_norm_is_numpy_s():
    given = problem()
    expected = np.linalg.lstsq(given.images, given.targets, rcond=None)[0]
    np.testing.assert_allclose(given.least_norm(), expected, atol=1e-10)


def test_sgd_from_zero_ends_at_the_least_norm():
    given, least = problem(), problem().least_norm()
    found = end_of(given, np.zeros_like(least), sgd(1.0))
    assert np.linalg.norm(found - least) < 1e-3 * np.linalg.norm(least)


def test_from_a_random_start_sgd_ends_elsewhere_by_the_part_outside_the_span():
    given, least = problem(), problem().least_norm()
    start = np.random.default_rng(2).standard_normal(least.shape)
    found = end_of(given, start, sgd(1.0))
    outside = given.outside(start)
    np.testing.assert_allclose(given.images @ outside, 0, atol=1e-10)
    assert np.linalg.norm(found - least) > 0.5 * np.linalg.norm(least)
    np.testing.assert_allclose(found, least + outside, atol=1e-3 * np.linalg.norm(least))


def test_adam_fits_as_well_and_ends_elsewhere():
    given, least = problem(), problem().least_norm()
    found = end_of(given, np.zeros_like(least), adam(0.003, 8 * 2000), 2000)
    assert given.residual(found) < 1e-3
    assert np.linalg.norm(found - least) > 0.05 * np.linalg.norm(least)


@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0])
def test_the_hessian_is_that_of_the_images_whatever_the_weights(scale):
    given = problem()
    weights = scale * np.random.default_rng(0).standard_normal(given.least_norm().shape)
    np.testing.assert_allclose(given.hessian(weights), given.images.T @ given.images, atol=1e-8 * max(1, scale))
    assert rank(given.images) == 8
    assert rank(given.hessian(given.least_norm())) == 8


def test_a_curve_has_its_columns_and_the_hessian_at_its_end():
    rows = list(rows_of(JOB, problem()))
    assert all(set(row) == set(IMPLICIT_REGULARISATION) for row in rows)
    last = {row["method"]: row for row in rows if row["epoch"] == JOB["epochs"]}
    assert {row["hessian_rank"] for row in last.values()} == {8}
    assert last["sgd"]["distance"] < 1e-3 < last["sgd_random_start"]["distance"]
    assert last["sgd_random_start"]["distance_to_end"] < 1e-3
