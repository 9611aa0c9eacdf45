"""The study of the notebook: that its configurations are the notebook's, and what a run by its recipe leaves."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import tiny_runs
from studies import load
from tiny_runs import NUM_TEST, make_run, rows, run_stage
from torch import nn

from rethinking import files
from rethinking.config import Configuration
from rethinking.data.preprocess import preprocess
from rethinking.data.splits import validation_split
from rethinking.models.registry import MODELS

SIZES = ("notebook", "notebook-source", "notebook-digits")
SIX = ["TrainAccuracy", "TrainLoss", "TestAccuracy", "TestLoss", "EpochTime", "Totaltime"]
HELD_OUT = 10


@pytest.fixture(scope="module")
def source() -> Configuration:
    return load("notebook-source")


@pytest.fixture(scope="module")
def trained(source: Configuration, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run by the notebook's recipe, but of a small network on few small digits."""
    recipe = source.recipes["notebook"] | {"crop": None, "precision": "float32"}
    held_out = tiny_runs.split_digits(data, data / "split", HELD_OUT)
    with tiny_runs.torch_as_it_was():
        return run_stage(make_run(**recipe), data, tmp_path_factory.mktemp("notebook"), held_out=held_out)


# The configurations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIZES)
def test_every_size_trains_both_networks_with_four_images_for_each_held_out(name):
    configuration = load(name)
    assert configuration.name == name
    assert set(configuration.figures) == {"training", "confusion"}
    assert set(configuration.tables) == {"best_epoch", "per_class", "sources"}
    runs = {section: {run.path for run in configuration.runs(section)} for section in configuration.sections}
    assert len(set(map(frozenset, runs.values()))) == 1, "every figure and table is of the same runs"
    for run in configuration.runs("training"):
        entry = configuration.datasets[run.dataset]
        assert entry["validation"] * 5 == (entry["train"] or entry["original"]["train"])
        assert run.corruption == "true_labels"
    networks = {(run.factory, tuple(run.arguments)) for run in configuration.runs("training")}
    assert networks == {("mini_googlenet", ()), ("mini_googlenet_1x1", ())}


@pytest.mark.parametrize("name", SIZES)
def test_every_size_has_the_source_s_recipe_but_for_a_larger_rate_at_the_small_ones(name, source):
    (its,), (small,) = source.recipes.values(), load(name).recipes.values()
    differing = {key for key in its if its[key] != small[key]}
    assert differing == (set() if name == source.name else {"learning_rate", "momentum"})


@pytest.mark.parametrize("name", SIZES)
def test_images_are_cropped_to_28_pixels_at_every_size(name):
    configuration = load(name)
    for run in configuration.runs("training"):
        entry = configuration.datasets[run.dataset]
        side = entry["image_size"] or entry["original"]["image_size"]
        images = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), dtype=np.uint8)
        assert entry["channels"] in (None, 3)
        shown = preprocess(images, crop=run.training.crop, whitening=run.training.whitening)
        assert shown.shape == (2, 3, 28, 28)


def test_the_source_s_size_is_all_of_cifar_10(source):
    for run in source.runs("training"):
        entry = source.datasets[run.dataset]
        assert entry["reader"] == "cifar10"
        assert (entry["train"], entry["test"], entry["image_size"]) == (None, None, None), "all of it, as it is"
        assert (entry["original"]["train"], entry["original"]["test"], entry["validation"]) == (50_000, 10_000, 10_000)


def test_the_resolved_recipe_is_the_notebook_s(source):
    expected = {
        "epochs": 20, "batch_size": 32, "optimiser": "sgd", "learning_rate": 0.001, "momentum": 0.0, "nesterov": False,
        "schedule": "warm_up", "warm_up": {"start": 1 / 3, "epochs": 5}, "initialisation": "framework", "crop": 28,
        "whitening": "per_channel", "resize": None, "stop": None,
        # nothing else is asked for: plain cross-entropy, no regulariser, every epoch scored
        "weight_decay": 0.0, "penalties": [], "dropout": 0.0, "label_smoothing": 0.0, "clip_gradient_norm": None,
        "augmentation": None, "train_evaluation_every": 1, "evaluations_per_epoch": 1,
    }  # fmt: skip
    for run in source.runs("training"):
        assert {key: getattr(run.training, key) for key in expected} == expected


def test_10_000_images_are_held_out_of_the_50_000_by_the_seed_alone():
    train, held_out = validation_split(50_000, 10_000, seed=0)
    assert (len(set(train)), len(set(held_out))) == (40_000, 10_000)
    assert sorted([*train, *held_out]) == list(range(50_000)), "no image is in both"
    again, other = validation_split(50_000, 10_000, seed=0), validation_split(50_000, 10_000, seed=1)
    assert all(np.array_equal(*pair) for pair in zip((train, held_out), again, strict=True))
    assert not np.array_equal(held_out, other[1])


@pytest.mark.parametrize("name", ["mini_googlenet", "mini_googlenet_1x1"])
def test_dropout_before_the_last_layer_can_be_asked_for(name):
    build = MODELS[name].load()
    layers = list(build(num_classes=10, input_shape=(3, 28, 28), width=1 / 8, dropout=0.5).modules())
    (place,) = (place for place, layer in enumerate(layers) if isinstance(layer, nn.Dropout))
    assert layers[place].p == 0.5
    assert isinstance(layers[place + 1], nn.Linear)


def test_the_jobs_of_the_study_are_planned(fresh_checkout):
    """Two networks, two seeds: their trainings, and of both a figure and a table that need confusion matrices."""
    called = fresh_checkout.jobs("--configfile", "config/studies/notebook-digits.yaml", target="all")
    count = {rule: sum(job == rule for job, _ in called) for rule in ("split", "train", "aggregate", "confusions")}
    assert count == {"split": 2, "train": 4, "aggregate": 5, "confusions": 2}


# A run --------------------------------------------------------------------------------------------------------------


def test_the_rate_rises_from_a_third_to_the_whole_at_the_sixth_epoch(trained):
    rates = [float(row["LearningRate"]) for row in rows(trained / "metrics.csv")]
    assert rates[0] == pytest.approx(0.000333, abs=5e-7)
    assert rates[:6] == sorted(set(rates))
    assert rates[5:] == [0.001] * 15


def test_metrics_begin_with_the_notebook_s_columns_and_have_its_20_rows(trained):
    table = rows(trained / "metrics.csv")
    assert list(table[0])[:6] == SIX
    assert len(table) == 20
    assert all(row[column] for row in table for column in SIX), "no cell is empty"


def test_seconds_are_positive_and_add_up(trained):
    epochs, total = (np.array([float(row[key]) for row in rows(trained / "metrics.csv")]) for key in SIX[4:])
    assert (epochs > 0).all()
    assert total == pytest.approx(np.cumsum(epochs))


def test_20_filled_matrices_agree_with_the_test_accuracies(trained):
    with open(trained / "confusion.pkl", "rb") as file:
        content = pickle.load(file)
    assert content["matrices"].shape == (20, 10, 10)
    assert content["set"] == "test"
    assert (content["matrices"].sum(axis=(1, 2)) == NUM_TEST).all()
    accuracies = [float(row["TestAccuracy"]) for row in rows(trained / "metrics.csv")]
    assert 100 * content["matrices"].trace(axis1=1, axis2=2) / NUM_TEST == pytest.approx(accuracies)


def test_the_summary_names_the_best_epoch_by_validation(trained):
    accuracies = [float(row["ValidationAccuracy"]) for row in rows(trained / "metrics.csv")]
    best = files.read_json(trained / "run.json")["best_validation"]
    assert best == {"epoch": accuracies.index(max(accuracies)) + 1, "accuracy": max(accuracies)}
