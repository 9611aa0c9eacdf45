"""Linear models of fewer images than they have values: where SGD and Adam end, and the Hessian there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rethinking import files
from rethinking.__main__ import main
from rethinking.kernels.implicit import Problem, adam, descend, rank, sgd
from rethinking.outcomes.computed import IMPLICIT_REGULARISATION
from rethinking.stages.implicit_regularisation import compute, first_distinct, problem_of, rows_of

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


# The command --------------------------------------------------------------------------------------------------------


def prepared(folder: Path, images: np.ndarray) -> Path:
    labels = np.arange(len(images), dtype=np.int64) % 3
    arrays = {
        f"train_{part}": files.save_array(folder / f"train_{part}.npy", array)
        for part, array in (("images", images), ("labels", labels))
    }
    files.write_json(folder / "manifest.json", {"arrays": arrays})
    return folder


def test_of_equal_images_the_first_is_taken_and_the_next_ones_fill_up(tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (12, 5, 5, 1), np.uint8)
    images[[3, 4]] = images[1]
    assert first_distinct(images, 6)[0].tolist() == [0, 1, 2, 5, 6, 7]
    assert first_distinct(images, 3) == (pytest.approx([0, 1, 2]), 0)
    compute(JOB | {"images": 6}, prepared(tmp_path / "equal", images), tmp_path / "found.csv")
    assert "2 images left out that are equal to one before them" in capsys.readouterr().out
    kept = images[[0, 1, 2, 5, 6, 7]]
    expected = list(rows_of(JOB, problem_of(kept, np.array([0, 1, 2, 5, 6, 7]) % 3)))
    found = pd.read_csv(tmp_path / "found.csv")
    assert found["distance"].tolist() == [row["distance"] for row in expected]
    assert set(found["rank"]) == {6}


def test_fewer_images_that_differ_than_are_asked_for_are_refused_and_all_equal_ones_are_counted(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (12, 5, 5, 1), np.uint8)
    images[10:] = images[0]
    places, left_out = first_distinct(images, 30)
    assert (places.tolist(), left_out) == (list(range(10)), 2)
    folder = prepared(tmp_path / "equal", images)
    with pytest.raises(ValueError, match="10 of 12 training images differ; 11 are asked for"):
        compute(JOB | {"images": 11}, folder, tmp_path / "found.csv")


def test_images_that_are_combinations_of_others_are_refused_by_their_places(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (8, 5, 5, 1), np.uint8)
    images[2], images[6] = 0, 255
    data = prepared(tmp_path / "plain", images)
    with pytest.raises(ValueError, match=r"plain: 8 training images, .* have rank 7: those at the places [26] are"):
        compute(JOB | {"images": 8}, data, tmp_path / "found.csv")
    data = prepared(tmp_path / "black", np.zeros_like(images))
    with pytest.raises(ValueError, match=r"black: 1 training images, less .* have rank 0: those at the places 0 are"):
        compute(JOB | {"images": 1}, data, tmp_path / "found.csv")
    assert not (tmp_path / "found.csv").exists()


def test_by_hand_the_digits_of_the_study_are_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["implicit_regularisation", "--out", "found.csv"]) == 0, capsys.readouterr().err
    ends = pd.read_csv("found.csv").groupby("method").tail(1).set_index("method")
    assert set(ends["images"]) == set(ends["hessian_rank"]) == {20}
    assert ends.loc["sgd", "distance"] < 1e-2 < ends.loc["sgd_random_start", "distance"]
    assert "sgd_random_start, " in capsys.readouterr().out
