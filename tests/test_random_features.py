"""Least squares on random features: the least norm, its limit, the peak at as many features as images, the command."""

import json

import numpy as np
import pandas as pd
import pytest

from rethinking import files, resources
from rethinking.__main__ import main
from rethinking.config import CHECKOUT, Configuration, jobs
from rethinking.kernels.choose import one_hot
from rethinking.kernels.gram import gaussian
from rethinking.kernels.random_features import FourierFeatures, SingularError, least_norm, of_features, of_kernel
from rethinking.outcomes.computed import RANDOM_FEATURES
from rethinking.stages.random_features import Images, read, rows_of

STUDY = "config/studies/double-descent-digits.yaml"
BANDWIDTH = 0.05


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def problem(count: int, images: int = 30, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Features (images, count) of random points, and one-hot targets."""
    features = FourierFeatures.drawn(8, count, BANDWIDTH, rng()).of(rng(1).standard_normal((images, 8)))
    return features, one_hot(rng(2).integers(0, classes, images), classes)


@pytest.mark.parametrize("count", [1, 7, 29, 30, 31, 60, 300])
def test_the_solution_is_that_of_the_pseudo_inverse_for_few_and_for_many_features(count):
    features, targets = problem(count)
    slow = np.linalg.pinv(features, rcond=1e-13) @ targets
    found = least_norm(features, targets)
    np.testing.assert_allclose(found, slow, rtol=1e-6, atol=1e-6 * np.abs(slow).max())
    assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(slow), rel=1e-6)


@pytest.mark.parametrize("count", [30, 31, 60, 300])
def test_as_many_features_as_images_or_more_fit_any_labels(count):
    features, targets = problem(count)
    np.testing.assert_allclose(features @ least_norm(features, targets), targets, atol=1e-7)


@pytest.mark.parametrize("count", [10, 30, 60])
def test_features_that_take_different_images_for_one_are_refused_and_not_rounding_solved(count):
    images = rng(1).standard_normal((30, 8))
    features = FourierFeatures.drawn(8, count, 1e-20, rng()).of(images)
    with pytest.raises(SingularError, match="too small to tell all images apart"):
        least_norm(features, np.eye(30))
    with pytest.raises(SingularError):
        of_kernel(images, images, 1e-20, np.eye(30))


def test_of_all_that_fit_it_is_the_shortest():
    features, targets = problem(60)
    found = least_norm(features, targets)
    noise = rng(3).standard_normal(found.shape)
    unseen = noise - np.linalg.pinv(features) @ (features @ noise)
    np.testing.assert_allclose(features @ (found + unseen), targets, atol=1e-8)
    assert np.linalg.norm(found + unseen) > np.linalg.norm(found)
    assert (found * unseen).sum() == pytest.approx(0, abs=1e-8)


def test_fewer_features_than_images_leave_errors_that_no_feature_sees():
    features, targets = problem(12)
    rest = targets - features @ least_norm(features, targets)
    np.testing.assert_allclose(features.T @ rest, 0, atol=1e-9)
    assert np.abs(rest).max() > 0.1


def test_products_of_features_tend_to_the_kernel():
    points = rng(1).standard_normal((20, 8))
    features = FourierFeatures.drawn(8, 200_000, BANDWIDTH, rng()).of(points)
    np.testing.assert_allclose(features @ features.T / 200_000, gaussian(BANDWIDTH)(points, points), atol=0.02)


def test_solutions_and_their_norms_tend_to_the_kernel_s_as_features_grow():
    train, test = rng(1).standard_normal((2, 15, 8))
    targets = one_hot(rng(2).integers(0, 3, 15), 3)
    kernel = of_kernel(train, test, BANDWIDTH, targets)
    drawn = FourierFeatures.drawn(8, 100_000, BANDWIDTH, rng())
    features = drawn.of(train), drawn.of(test)
    distances = []
    for count in (100, 3000, 100_000):
        found = of_features(*(each[:, :count] for each in features), targets)
        np.testing.assert_allclose(found.train, targets, atol=1e-8)
        distances.append(np.abs(found.test - kernel.test).max())
    assert distances[0] > 3 * distances[1] > 6 * distances[2]
    np.testing.assert_allclose(found.norms, kernel.norms, rtol=0.05)
    np.testing.assert_allclose(kernel.train, targets, atol=1e-8)


# The job --------------------------------------------------------------------------------------------------------------


JOB = {"features": [10, 40, 400], "bandwidth": BANDWIDTH, "seeds": [0, 1]}


def points() -> tuple[Images, dict[int, dict[str, np.ndarray]]]:
    train, test = rng(1).standard_normal((2, 40, 8))
    labels, others = (each[:, 0].astype(bool).astype(int) + (each[:, 0] > 0) for each in (train, test))
    wrong = {seed: np.where(rng(seed).random(40) < 0.3, 1 + (labels % 2), labels) for seed in JOB["seeds"]}
    given = {seed: {"true_labels": labels, "random_labels-0.5": wrong[seed]} for seed in JOB["seeds"]}
    return Images(train, test, labels, others, 3), given


def test_labels_that_are_fitted_together_have_the_solutions_that_each_has_alone():
    images, given = points()
    together = pd.DataFrame(rows_of(JOB, images, given))
    assert {*together} | {"dataset_label", "equal_images_left_out"} == {*RANDOM_FEATURES}
    for name in ("true_labels", "random_labels-0.5"):
        alone = pd.DataFrame(rows_of(JOB, images, {seed: {name: each[name]} for seed, each in given.items()}))
        of_name = together[together["corruption"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, of_name, rtol=1e-6)


def test_the_norm_is_highest_where_features_are_as_many_as_images_and_training_errors_end_there():
    rows = pd.DataFrame(rows_of(JOB, *points()))
    norms = rows.groupby("features", dropna=False)["norm"].mean()
    assert norms.idxmax() == 40
    assert (rows.loc[rows["features"] != 10, "train_error"] == 0).all()
    assert (rows.loc[rows["features"] != 10, "train_squared_error"] < 1e-12).all()
    assert (rows.loc[rows["features"] == 10, "train_squared_error"] > 0.01).all()


def test_fewer_features_are_the_first_of_more():
    images, given = points()
    few, many = ({**JOB, "features": each} for each in ([10], [10, 300]))
    few, many = (pd.DataFrame(rows_of(job, images, given)) for job in (few, many))
    columns = ["seed", "corruption", "norm"]
    firsts = [each[each["features"] == 10][columns].reset_index(drop=True) for each in (few, many)]
    pd.testing.assert_frame_equal(*firsts)


# The command ----------------------------------------------------------------------------------------------------------


def test_by_hand_a_configuration_s_features_are_solved_and_noise_is_the_share_that_it_says(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    values = {"name": "mine", "recipes": {}, "figures": {"random_features": {}}}
    corruptions = ["true_labels", "random_labels-0.2222", "class_noise-0.2"]
    asked = {"dataset": "digits", "features": [400, 20], "bandwidth": 0.02, "corruptions": corruptions, "seeds": [0, 7]}
    (tmp_path / "mine.yaml").write_text(json.dumps({**values, "random_features": asked}))
    assert main(["random_features", "--configfile", "mine.yaml", "--out", "found.csv"]) == 0, capsys.readouterr().err
    rows = pd.read_csv("found.csv")
    assert list(rows) == list(RANDOM_FEATURES)
    assert len(rows) == 2 * 3 * 3
    assert sorted(set(rows["features"].dropna())) == [20, 400]
    wrong = rows.groupby("corruption")["changed"].mean()
    assert wrong["true_labels"] == 0
    assert wrong.drop("true_labels").to_numpy() == pytest.approx([0.2, 0.2], abs=0.06)
    assert "seed 7, class_noise-0.2, infinitely many features: training error 0.0000" in capsys.readouterr().out


def test_of_equal_images_the_first_is_kept_and_the_others_are_counted(tmp_path):
    images = np.repeat(rng().integers(0, 256, (6, 4, 4, 1), np.uint8), 2, axis=0)
    arrays = {"train_images": images, "train_labels": np.arange(12) % 3}
    arrays |= {"test_images": images, "test_labels": np.arange(12) % 3}
    described = {name: files.save_array(tmp_path / f"{name}.npy", array) for name, array in arrays.items()}
    files.write_json(tmp_path / "manifest.json", {"arrays": described, "classes": ["a", "b", "c"]})
    found, given, left_out = read({"corruptions": ["true_labels"], "seeds": [0]}, tmp_path, {})
    assert (len(found.train), left_out) == (6, 6)
    assert given[0]["true_labels"].tolist() == [0, 2, 1, 0, 2, 1]


ASKED = {"dataset": "digits", "features": [5], "bandwidth": 0.1}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (ASKED | {"dataset": "digit"}, "dataset = \"digit\": unknown data set; did you mean 'digits'?"),
        (ASKED | {"features": [0]}, "random_features.features[0] = 0: must be at least 1"),
        (ASKED | {"features": []}, "random_features.features = []"),
        (ASKED | {"bandwith": 1}, "random_features.bandwith = 1: unknown key; did you mean 'bandwidth'?"),
        (ASKED | {"bandwidth": 0}, "random_features.bandwidth = 0"),
        (ASKED | {"seeds": [1, 1]}, "random_features.seeds = [1, 1]"),
        (ASKED | {"corruptions": ["random_label-0.5"]}, "did you mean 'random_labels-0.5'?"),
        (ASKED | {"corruptions": ["random_pixels"]}, "is one of images; here labels are fitted"),
        (ASKED | {"dataset": "noisy_line"}, "is a regression; this is of images and their classes"),
        (None, "figures.random_features: shows what the key 'random_features' says"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_key(written, told, tmp_path):
    values = {"name": "mine", "recipes": {}, "figures": {"random_features": {}}}
    values |= {"random_features": written} if written else {}
    (tmp_path / "mine.yaml").write_text(json.dumps(values))
    with pytest.raises(ValueError, match="mine") as refused:
        Configuration.load(tmp_path / "mine.yaml")
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_job_asks_for_the_memory_of_its_features():
    """Megabytes: features of training and test images once, and the factors of the former."""
    digits, source = (Configuration.load(CHECKOUT / STUDY.replace("digits", part)) for part in ("digits", "source"))
    alone = resources.random_features_memory(Configuration.load(CHECKOUT / "config/config.yaml"))
    assert alone < resources.random_features_memory(digits) < 2 * alone
    at_least = 8 * 2 * (10_000 + 10_000) * 40_000 / 1e6
    assert at_least < resources.random_features_memory(source) < 2 * at_least
    assert 20 <= resources.random_features_minutes(digits) < resources.random_features_minutes(source)


def test_a_configuration_without_the_key_is_told_so_by_hand(capsys):
    assert main(["random_features", "--configfile", str(CHECKOUT / "config/config.yaml")]) == 1
    assert "the configuration 'digits' has no key 'random_features'" in capsys.readouterr().err


def test_the_job_of_a_study_has_its_features_in_order_and_the_data_set_s_name():
    job = jobs.random_features_job(Configuration.load(CHECKOUT / STUDY))
    assert job["features"] == sorted(job["features"])
    assert job["dataset_label"] == "handwritten digits, 8×8"
