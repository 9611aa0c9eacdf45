"""Class noise: labels that become others by a matrix: a name, numbers, a file, or measured from those of people."""

import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_aggregate import summary
from test_human_labels import WHOLE, content, saved
from tiny_workflow import with_corruptions

from rethinking import files, paths
from rethinking.__main__ import main as rethinking_main
from rethinking.analysis.aggregate import runs_table
from rethinking.analysis.corrupted_test_labels import error_by_classes, error_on_alike
from rethinking.config import jobs
from rethinking.data.corruptions import people as human
from rethinking.data.corruptions.class_noise import class_noise, measured, named
from rethinking.data.corruptions.random_labels import random_labels
from rethinking.schema import ConfigurationError
from rethinking.stages.aggregate import read_transitions, with_errors_on_alike
from rethinking.stages.transitions import main, transitions

LABELS = np.random.default_rng(0).integers(0, 4, 40_000)
GIVEN_OF_TEN = np.roll(np.eye(10), 3, axis=1).tolist()
GIVEN = [[0.7, 0.3, 0, 0], [0, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], [0, 0, 0.5, 0.5]]


def noisy(level: float, matrix: Any, seed: int = 0) -> Any:
    return class_noise(LABELS, level=level, num_classes=4, seed=seed, matrix=matrix)


def shares(made: Any, labels: np.ndarray = LABELS) -> np.ndarray:
    """Of each true class, how much of it is called what."""
    return measured(labels, made.arrays["train_labels"], labels.max() + 1)


@pytest.mark.parametrize("level", [0.3, 1.0])
@pytest.mark.parametrize("matrix", ["others", "next", GIVEN], ids=["others", "next", "numbers"])
def test_each_class_becomes_what_its_row_says_with_the_level_s_probability(matrix, level):
    rows = named(matrix, 4) if isinstance(matrix, str) else np.array(matrix)
    expected = (1 - level) * np.eye(4) + level * rows
    found = shares(noisy(level, matrix))
    # Five standard deviations of a share of 10,000 labels at most.
    np.testing.assert_allclose(found, expected, atol=0.025)
    assert (found[expected == 0] == 0).all()


def test_one_of_the_others_changes_every_label_that_it_reaches_and_random_labels_do_not():
    others, random = noisy(0.5, "others"), random_labels(LABELS, level=0.5, num_classes=4, seed=0)
    assert others.changed == others.redrawn == random.redrawn
    assert random.changed == pytest.approx(0.75 * random.redrawn, abs=0.01)


def test_what_a_level_redraws_every_higher_one_redraws_to_the_same_class():
    low, high = (noisy(level, GIVEN).arrays["train_labels"] for level in (0.4, 0.9))
    assert (low[low != LABELS] == high[low != LABELS]).all()
    assert (high != LABELS).sum() > (low != LABELS).sum()


def test_another_seed_draws_others_and_the_same_one_the_same():
    one, again, other = (noisy(0.5, "others", seed).arrays["train_labels"] for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != other).any()


@pytest.mark.parametrize("chosen", ["aggre", "worse"])
def test_a_measured_matrix_has_people_s_shares_of_these_images_and_no_image_s_own_label(chosen, tmp_path):
    columns = content(4000)
    path, labels = saved(tmp_path / "human.pt", columns), columns[human.CLEAN]
    said = columns[human.COLUMNS[chosen]]
    made = class_noise(
        labels, level=1.0, num_classes=10, seed=1, matrix=f"human_labels-{chosen}", path=path, subset=WHOLE
    )
    np.testing.assert_allclose(shares(made, labels), measured(labels, said, 10), atol=0.13)
    assert made.changed == pytest.approx((said != labels).mean(), abs=0.03)
    assert (made.arrays["train_labels"] != said).any()


def test_a_class_that_no_image_is_of_stays_what_it_is():
    rows = measured(np.array([0, 0, 2]), np.array([1, 0, 2]), 3)
    assert rows.tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]


def test_the_error_to_be_expected_on_test_labels_that_become_one_of_the_others_is_the_simulated_one():
    rng = np.random.default_rng(5)
    said = np.where(rng.random(len(LABELS)) < 0.3, (LABELS + 1) % 4, LABELS)  # whatever classes are confused
    error = (said != LABELS).mean()
    alike = noisy(0.6, "others").arrays["train_labels"]
    assert error_on_alike("class_noise", error, 0.6, 4) == pytest.approx((said != alike).mean(), abs=0.01)


def confusion_of(said: np.ndarray) -> np.ndarray:
    """How many of each true class are said to be what."""
    return np.bincount(4 * LABELS + said, minlength=16).reshape(4, 4)


# Uneven: some classes are hardly ever said, and one is mostly taken for the next.
SAID = np.where(np.random.default_rng(6).random(len(LABELS)) < 0.6, LABELS, np.array([1, 3, 1, 3])[LABELS])


@pytest.mark.parametrize("level", [0.3, 1.0])
@pytest.mark.parametrize("matrix", ["others", "next", GIVEN], ids=["others", "next", "numbers"])
def test_the_error_to_be_expected_by_classes_is_that_of_drawing_the_test_labels(matrix, level):
    alike = [noisy(level, matrix, seed).arrays["train_labels"] for seed in range(20)]
    errors = [(labels != SAID).mean() for labels in alike]
    job = {"dataset": "any", "corruption": "any", "level": level, "matrix": matrix, "classes": 4}
    (made,) = transitions([job], [])
    told = error_by_classes(confusion_of(SAID), np.array(made["probabilities"]))
    assert told == pytest.approx(np.mean(errors), abs=5 * np.std(errors) / 20**0.5 + 1e-12)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_by_classes_the_error_of_one_of_the_others_and_of_random_labels_is_that_of_their_closed_forms(level):
    confusion, error = confusion_of(SAID), float((SAID != LABELS).mean())
    for family, rows in {"class_noise": named("others", 4), "random_labels": np.full((4, 4), 1 / 4)}.items():
        kept = (1 - level) * np.eye(4) + level * rows
        assert error_by_classes(confusion, kept) == pytest.approx(error_on_alike(family, error, level, 4), abs=1e-12)


@pytest.fixture
def fitted(tmp_path: Path):
    """A run.json of a run that fitted at such an epoch of three, whose confusion matrices lie in `tmp_path`."""
    content = {"classes": list("abcd"), "epochs": [1, 2, 3]}
    content["matrices"] = np.stack([confusion_of(LABELS), confusion_of(SAID), confusion_of(LABELS)])
    (tmp_path / "confusion.pkl").write_bytes(pickle.dumps(content, protocol=4))
    ends = {"num_test": len(LABELS), "num_classes": 4, "epochs_done": 3, "final": 100.0}
    accuracy = 100 * float((SAID == LABELS).mean())
    return lambda epoch, **changes: summary(
        **{"corruption": "mine-0.3", "fitted": epoch, "test_accuracy": accuracy} | ends | changes
    )


@pytest.mark.parametrize(("epoch", "told"), [(2.0, True), (1.5, False)], ids=["after an epoch", "between two"])
def test_runs_csv_has_that_error_of_a_configuration_s_own_noise_by_the_confusion_matrix_of_the_fit(
    epoch, told, fitted, tmp_path
):
    """Of a moment between two epochs no confusion matrix is left."""
    rows = 0.7 * np.eye(4) + 0.3 * np.array(GIVEN)
    for noise in ({("digits", "mine-0.3"): rows}, {}):
        found = runs_table(with_errors_on_alike([(tmp_path, fitted(epoch))], "accuracy_100", noise), "accuracy_100")
        assert found["test_error_at_fit"].item() == pytest.approx((SAID != LABELS).mean())
        if told and noise:
            assert found["test_error_at_fit_corrupted"].item() == error_by_classes(confusion_of(SAID), rows)
        else:
            assert found["test_error_at_fit_corrupted"].isna().all()


def test_that_error_is_of_every_seed_of_a_setting_that_fitted_or_of_none(fitted, tmp_path):
    rows = 0.7 * np.eye(4) + 0.3 * np.array(GIVEN)
    error = error_by_classes(confusion_of(SAID), rows)

    def told(*runs):
        noise = {("digits", "mine-0.3"): rows}
        found = with_errors_on_alike([(tmp_path, run) for run in runs], "accuracy_100", noise)
        return [(run["fit"]["accuracy_100"] or {}).get("test_error_corrupted") for run in found]

    assert told(fitted(2.0), fitted(None, seed=1)) == [error, None]
    assert told(fitted(2.0), fitted(1.5, seed=1)) == [None, None]
    assert told(fitted(2.0), fitted(1.5, seed=1, model="another")) == [error, None]
    assert told(fitted(2.0, corruption="random_labels-0.3"), fitted(1.5)) == [None, None]
    assert told(fitted(2.0), fitted(1.5, corruption="random_labels-0.3")) == [error, None]


def test_a_torn_file_of_matrices_is_refused_by_name(tmp_path, capsys):
    (file := tmp_path / "transitions.json").write_text('{"corruptions": [')
    given = [
        "--plan",
        '{"seeds": [], "groups": [], "models": {}, "recipes": {}}',
        "--code",
        "{}",
        "--runs",
        str(tmp_path),
    ]
    given += ["--fit-criterion", "accuracy_100", "--transitions", str(file), "--out", str(tmp_path / "out")]
    assert rethinking_main(["aggregate", *given]) == 1
    assert re.match(rf"error: {re.escape(str(file))}: .*delete it", capsys.readouterr().err)


def test_the_stage_measures_people_s_matrix_on_the_data_set_s_own_labels(tmp_path):
    columns = content(4000)
    data, downloaded = tmp_path / "data", tmp_path / "downloaded"
    downloaded.mkdir()
    file = saved(downloaded / "human.pt", columns)
    files.write_json(downloaded / "manifest.json", {"files": {"human.pt": {"sha256": files.sha256(file)}}})
    prepared(data, columns[human.CLEAN])
    job = {"dataset": "small", "corruption": "like-0.5", "level": 0.5, "matrix": "human_labels-worse", "classes": 10}
    out = tmp_path / "transitions.json"
    main(["--job", json.dumps([job | {"subset": WHOLE}]), "--people", str(data), str(downloaded), "--out", str(out)])
    ((names, rows),) = read_transitions(out).items()
    assert names == ("small", "like-0.5")
    said = columns[human.COLUMNS["worse"]]
    np.testing.assert_allclose(rows, 0.5 * np.eye(10) + 0.5 * measured(columns[human.CLEAN], said, 10))


def prepared(folder: Path, labels: np.ndarray) -> None:
    """A prepared data set of which only the training labels matter."""
    arrays = {"train_images": labels, "train_labels": labels, "test_images": labels, "test_labels": labels}
    described = {name: files.save_array(folder / f"{name}.npy", array) for name, array in arrays.items()}
    manifest = {"schema": 1, "dataset": "small", "classes": list("abcdefghij"), "arrays": described}
    files.write_json(folder / "manifest.json", manifest)


# What a configuration says --------------------------------------------------------------------------------------------


def test_numbers_of_a_file_are_part_of_the_job_so_that_other_ones_make_it_again(tmp_path):
    (tmp_path / "pairs.csv").write_text("\n".join(",".join(map(str, row)) for row in np.eye(10)) + "\n")
    made = with_corruptions({"pairs": {"family": "class_noise", "matrix": str(tmp_path / "pairs.csv")}}, "pairs-0.4")
    job = jobs.corruption_job(made, "digits-50", "pairs-0.4", 0)
    assert job["corruption"]["options"]["matrix"] == np.eye(10).tolist()
    assert job["corruption"]["level"] == 0.4
    assert jobs.corruption_download(made, "digits-50", "pairs-0.4") is None


@pytest.mark.parametrize("own", ["next", "others", GIVEN_OF_TEN], ids=["next", "others", "numbers"])
def test_what_comes_of_noise_of_one_s_own_is_asked_of_its_runs_matrices_and_of_the_registered_name_s_not(own):
    made = with_corruptions({"mine": {"family": "class_noise", "matrix": own}}, "mine-0.4")
    (asked,) = jobs.transitions_job(made, "fig1")
    assert asked == {"dataset": "digits-50", "corruption": "mine-0.4", "level": 0.4, "matrix": own, "classes": 10}
    assert [Path(file).parts[4] for file in paths.confusions_of_noise(made, "fig1")] == ["mine-0.4"]
    assert len(paths.transitions_files(made, "fig1")) == 1
    registered = with_corruptions({}, "class_noise-0.4")
    assert jobs.transitions_job(registered, "fig1") == paths.transitions_files(registered, "fig1") == []


def test_a_measured_matrix_needs_the_file_of_people_s_labels():
    made = with_corruptions({"like_people": {"family": "class_noise", "matrix": "human_labels-worse"}})
    assert jobs.corruption_download(made, "cifar10", "like_people-1.0") == "cifar10/human_labels"
    assert jobs.corruption_job(made, "cifar10", "like_people-1.0", 0)["subset"] == {"size": None, "seed": 0}


@pytest.mark.parametrize(
    ("variants", "corruption", "message"),
    [
        ({"mine": {"family": "class_noise", "matrix": "other"}}, "true_labels",
         "corruptions.mine.matrix = \"other\": unknown matrix; did you mean 'others'?"),
        ({"mine": {"family": "class_noise", "matrix": [[0.5, 0.5], [0.5, 0.6]]}}, "true_labels",
         "corruptions.mine.matrix = [[0.5, 0.5], [0.5, 0.6]]: row 2 is no probabilities, which are 0 or more and add up"
         " to 1: it adds up to 1.1"),
        ({"mine": {"family": "class_noise", "matrix": [[1.2, -0.2], [0.5, 0.5]]}}, "true_labels",
         "corruptions.mine.matrix = [[1.2, -0.2], [0.5, 0.5]]: row 1 is no probabilities, which are 0 or more and add"
         " up to 1: it has -0.2"),
        ({"mine": {"family": "class_noise", "matrix": [[0.5, 0.5], [1]]}}, "true_labels",
         "corruptions.mine.matrix = [[0.5, 0.5], [1.0]]: needs 2 rows of 2 numbers, has 1 and 2"),
        ({"mine": {"family": "class_noise", "matrix": "lacking.csv"}}, "true_labels",
         "corruptions.mine.matrix = \"lacking.csv\": cannot be read as rows of numbers ([Errno 2]"),
        ({"mine": {"family": "class_noise", "matrix": [[1, 0], [0, 1]]}}, "mine-0.5",
         "figures.fig1.panels.learning_curves.corruptions[1] = \"mine-0.5\": its matrix is of 2 classes, 'digits-50'"
         " has 10"),
        ({"mine": {"family": "class_noise", "matrix": "human_labels-worse"}}, "mine-1.0",
         "figures.fig1.panels.learning_curves.corruptions[1] = \"mine-1.0\": 'digits-50' has no human labels"),
        ({"class_noise": {"family": "class_noise", "matrix": "next"}}, "true_labels",
         "corruptions.class_noise.matrix = \"next\": class_noise is the name of a registered corruption, which has"
         " 'others' here; give it another"),
        ({}, "class_noise", "figures.fig1.panels.learning_curves.corruptions[1] = \"class_noise\": needs a level"),
    ],
)  # fmt: skip
def test_a_matrix_that_cannot_be_is_refused_with_its_key(variants, corruption, message):
    with pytest.raises(ConfigurationError) as refused:
        with_corruptions(variants, corruption)
    assert str(refused.value).startswith(f"mine.yaml: {message}")


def test_a_torn_line_of_a_file_is_refused_with_the_file(tmp_path):
    path: Path = tmp_path / "noise.csv"
    path.write_text("0.5,0.5\n0.5,half\n")
    with pytest.raises(ConfigurationError, match=r"noise\.csv.*cannot be read as rows of numbers"):
        with_corruptions({"mine": {"family": "class_noise", "matrix": str(path)}})
