"""Theorem 1: any labels of any points are fitted by a network of 2n + d weights that nobody trains."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rethinking.__main__ import main
from rethinking.config import CHECKOUT, Configuration
from rethinking.expressivity import DeepNetwork, fit, obvious
from rethinking.outcomes.computed import EXPRESSIVITY
from rethinking.stages.expressivity import rows_of

sizes = st.tuples(st.integers(1, 60), st.integers(1, 20))
images = sizes.flatmap(lambda shape: arrays.arrays(np.uint8, shape))


def points_of(n: int, d: int = 784) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return rng.integers(0, 256, (n, d)) / 255, rng.integers(0, 10, n)


@settings(max_examples=150, deadline=None)
@given(images, st.data())
def test_any_labels_of_any_distinct_points_are_fitted_by_2n_plus_d_weights(drawn, data):
    points = np.unique(drawn, axis=0) / 255
    labels = np.array(data.draw(st.lists(st.integers(-5, 9), min_size=len(points), max_size=len(points))))
    network = fit(points, labels, np.random.default_rng(data.draw(st.integers(0, 9))))
    assert network.num_weights == 2 * len(points) + points.shape[1]
    assert (np.rint(network(points)) == labels).all()
    assert np.abs(network(points) - labels).max() < 0.25
    depth = data.draw(st.integers(1, len(points)))
    deep = DeepNetwork(network, depth)
    assert deep.width <= len(points) / depth + 4
    assert deep.num_weights <= network.num_weights + 3 * depth + 1
    np.testing.assert_allclose(deep(points), labels, atol=0.25)


def test_labels_may_be_any_numbers():
    points, _ = points_of(50)
    labels = np.random.default_rng(0).standard_normal(50) * 1e6
    np.testing.assert_allclose(fit(points, labels, np.random.default_rng(0))(points), labels, rtol=1e-6, atol=1e-3)


@settings(max_examples=50, deadline=None)
@given(images.filter(lambda drawn: len(drawn) > 1), st.data())
def test_two_equal_points_with_different_labels_are_refused_by_their_places(drawn, data):
    points = np.unique(drawn, axis=0) / 255
    place = data.draw(st.integers(0, len(points) - 1))
    twice = np.concatenate([points, points[[place]]])
    labels = np.arange(len(twice))
    with pytest.raises(ValueError, match=rf"points {place} and {len(points)} are equal and have the labels"):
        fit(twice, labels, np.random.default_rng(0))
    labels[-1] = place
    assert (np.rint(fit(twice, labels, np.random.default_rng(0))(twice)) == labels).all()


class Directions:
    """A generator that first draws a direction in which two points fall together."""

    def __init__(self) -> None:
        self.drawn = [np.array([1.0, 0.0]), np.array([0.3, 1.0])]

    def standard_normal(self, size: int) -> np.ndarray:
        assert size == 2
        return self.drawn.pop(0)


def test_a_direction_in_which_two_points_fall_together_is_replaced_by_another():
    points = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    network = fit(points, np.array([3, 1, 2]), Directions())
    assert network.direction.tolist() == [0.3, 1.0]
    np.testing.assert_allclose(network(points), [3, 1, 2])


def test_points_that_float64_cannot_tell_apart_are_refused():
    points = np.array([[1.0], [1.0 + 4e-16]])
    with pytest.raises(ValueError, match="20 random directions leave two of 2 points too close"):
        fit(points, np.array([0, 1]), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("points", "labels", "told"),
    [
        (np.zeros((2, 3)), np.zeros(3), r"points \(2, 3\) and labels \(3,\)"),
        (np.zeros((0, 3)), np.zeros(0), "n at least 1"),
        (np.full((1, 1), np.nan), np.zeros(1), "finite"),
    ],
)
def test_what_are_no_points_and_labels_is_refused(points, labels, told):
    with pytest.raises(ValueError, match=told):
        fit(points, labels, np.random.default_rng(0))


@pytest.mark.parametrize("position", [1.0, 0.6, -0.1, np.nan, np.inf])
def test_a_position_by_which_rounding_errors_grow_is_refused(position):
    points, labels = points_of(20)
    with pytest.raises(ValueError, match=f"position = {position}: must be from 0 to 0.5"):
        fit(points, labels, np.random.default_rng(0), position)


@pytest.mark.parametrize("position", [0.0, 0.5])
def test_any_position_until_the_middle_of_a_gap_fits(position):
    points, labels = points_of(200)
    network = fit(points, labels, np.random.default_rng(0), position)
    np.testing.assert_allclose(network(points), labels, atol=1e-6)


def test_units_start_between_the_points_and_the_smallest_eigenvalue_is_the_smallest_distance_to_one():
    points, labels = points_of(40)
    network = fit(points, labels, np.random.default_rng(0))
    projected = np.sort(points @ network.direction)
    activities = np.maximum(projected[:, None] - network.biases, 0)
    assert (np.triu(activities, 1) == 0).all()
    assert np.diag(activities).min() == pytest.approx(np.linalg.eigvals(activities).real.min())


def test_the_obvious_construction_errs_a_hundredfold_more():
    points, labels = points_of(5000)
    network = fit(points, labels, np.random.default_rng(0))
    naive = obvious(points, labels, network.direction)
    ours, theirs = (np.abs(each(points) - labels).max() for each in (network, naive))
    assert ours < 1e-4
    assert theirs > 100 * ours


# The command --------------------------------------------------------------------------------------------------------


def test_equal_images_are_left_out_and_counted():
    images = np.repeat(np.random.default_rng(0).integers(0, 256, (20, 3, 3, 1), np.uint8), 2, axis=0)
    rows = list(rows_of({"sizes": [5, 20], "depth": 3, "seed": 0}, images, np.arange(40) % 10))
    assert [row["construction"] for row in rows] == ["theorem", "corollary", "obvious"] * 2
    assert all(row.keys() == EXPRESSIVITY.keys() for row in rows)
    assert {row["equal_points_left_out"] for row in rows} == {20}
    assert {row["labels_lost"] for row in rows} == {0}
    assert [row["points"] for row in rows[::3]] == [5, 20]


def test_by_hand_the_digits_of_the_study_are_fitted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["expressivity", "--out", "found.csv"]) == 0, capsys.readouterr().err
    rows = pd.read_csv("found.csv")
    sizes = Configuration.load(CHECKOUT / "config/studies/kernels-digits.yaml").expressivity["sizes"]
    assert sorted(set(rows["points"])) == sizes
    assert (rows["labels_lost"] == 0).all()
    assert "theorem, 1390 points, 2844 weights" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"dataset": "digit", "sizes": [5]}, "dataset = \"digit\": unknown data set; did you mean 'digits'?"),
        ({"dataset": "digits", "sizes": [321]}, "sizes = 321: the data set 'digits' has 320 training images"),
        ({"dataset": "digits", "sices": [5]}, "expressivity.sices = [5]: unknown key; did you mean 'sizes'?"),
        (None, "figures.expressivity: shows what the key 'expressivity' says, and the configuration has no such key"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_key(written, told, tmp_path):
    values = {"name": "mine", "recipes": {}, "figures": {"expressivity": {}}}
    values |= {"expressivity": written} if written else {}
    (tmp_path / "mine.yaml").write_text(json.dumps(values))
    with pytest.raises(ValueError, match="mine") as refused:
        Configuration.load(tmp_path / "mine.yaml")
    assert told in str(refused.value)


def test_a_configuration_without_the_key_is_told_so_by_hand(capsys):
    file = str(CHECKOUT / "config/config.yaml")
    for key in ("expressivity", "implicit_regularisation", "random_features"):
        assert main([key, "--configfile", file]) == 1
        assert f"error: {file}: the configuration 'digits' has no key {key!r}" in capsys.readouterr().err
