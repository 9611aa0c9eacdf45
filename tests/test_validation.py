"""The validation set: held out of training, never the test set, and the only one that anything is chosen by."""

import math
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_runs
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from tiny_runs import NUM_TEST, NUM_TRAIN, comparable, make_run, rows, run_stage

from rethinking import files
from rethinking.data.preprocess import preprocess
from rethinking.data.splits import validation_split
from rethinking.outcomes.wording import validation_sentence
from rethinking.run import RunConfig
from rethinking.stages.placement import place
from rethinking.stages.run_folder import load_data

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

HELD_OUT = 10
EARLY = {"stop": {"early_stopping": 2}, "epochs": 40, "learning_rate": 0.1, "width": 0.25}


@pytest.fixture(scope="module")
def held_out(data: Path) -> Path:
    return tiny_runs.split_digits(data, data / "split", HELD_OUT)


@pytest.fixture(scope="module")
def stopped(data: Path, held_out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that early stopping ends before its epochs are over."""
    with tiny_runs.torch_as_it_was():
        return run_stage(make_run(**EARLY), data, tmp_path_factory.mktemp("stopped"), held_out=held_out)


def with_array(folder: Path, copy: Path, name: str, change: Any) -> Path:
    """A copy of a data folder, one of its arrays changed and its manifest with it."""
    shutil.copytree(folder, copy)
    manifest = files.read_json(copy / "manifest.json")
    array = np.load(copy / f"{name}.npy")
    manifest["arrays"][name] = files.save_array(copy / f"{name}.npy", change(array))
    files.write_json(copy / "manifest.json", manifest)
    return copy


# The split ----------------------------------------------------------------------------------------------------------


def test_forty_thousand_to_train_and_ten_thousand_held_out_the_same_for_the_same_seed_only():
    train, validation = validation_split(50_000, 10_000, seed=0)
    assert (len(train), len(validation)) == (40_000, 10_000)
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(50_000))
    again, other = (validation_split(50_000, 10_000, seed)[1] for seed in (0, 1))
    assert np.array_equal(validation, again)
    shared = len(np.intersect1d(validation, other))
    assert abs(shared - 2000) < 5 * np.sqrt(2000 * 0.8 * 0.8)  # a fifth of a fifth, as two draws by chance share


@given(num_train=st.integers(2, 300), seed=st.integers(0, 2**40), data=st.data())
def test_any_split_divides_the_images(num_train, seed, data):
    held = data.draw(st.integers(1, num_train - 1))
    train, validation = validation_split(num_train, held, seed)
    assert len(validation) == held
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(num_train))


@settings(deadline=None)
@given(seed=st.integers(0, 2**40), data=st.data())
def test_a_stratified_split_holds_out_every_class_by_its_share(seed, data, tmp_path_factory):
    prepared = tmp_path_factory.getbasetemp() / "stratified"
    if not prepared.exists():
        tiny_runs.prepare_digits(prepared, num_train=200)
    held = data.draw(st.sampled_from([50, 100, 150]))
    folder = tiny_runs.split_digits(prepared, tmp_path_factory.mktemp("split"), held, seed, stratified=True)
    train, validation = (np.load(folder / f"{part}_indices.npy") for part in ("train", "validation"))
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(200))
    labels = np.load(prepared / "train_labels.npy")
    for part in (train, validation):
        share = len(part) * np.bincount(labels) / 200
        assert (np.abs(np.bincount(labels[part], minlength=10) - share) < 1).all()
    definition = files.read_json(folder / "manifest.json")["definition"]
    assert definition == f"{held} of 200 training images, every class by its share, are held out"


@pytest.mark.parametrize("true", [True, False])
def test_held_out_images_have_their_true_labels_where_the_recipe_says_so(true, data, held_out, tmp_path):
    noise = tiny_runs.corrupt_digits(data, tmp_path / "corrupted", "random_labels-1.0")
    assert noise is not None
    arrays, manifest, of_data = load_data(data, noise, held_out)
    run = make_run(corruption="random_labels-1.0", true_validation_labels=true)
    _, sets = place(arrays, run, len(manifest["classes"]), "float32", torch.device("cpu"))
    assert not arrays
    held = np.load(held_out / "validation_indices.npy")
    clean, given = (np.load(folder / "train_labels.npy") for folder in (data, noise))
    assert sets.validation is not None
    assert np.array_equal(sets.validation.labels.numpy(), (clean if true else given)[held])
    assert np.array_equal(sets.train.labels.numpy(), given[np.load(held_out / "train_indices.npy")])
    assert (clean[held] != given[held]).any()
    assert len(of_data["arrays"]) == 7


BOTH = [f"Validation{quantity}{labels}" for labels in ("Given", "True") for quantity in ("Accuracy", "Loss")]


@pytest.fixture(scope="module")
def on_random_labels(data, held_out, tmp_path_factory) -> dict[bool, Path]:
    """A run on random labels that chooses by the true labels of its held-out images, and one by those given."""
    folder = tmp_path_factory.mktemp("random")
    noise = tiny_runs.corrupt_digits(data, folder / "corrupted", "random_labels-1.0")
    found = {}
    with tiny_runs.torch_as_it_was():
        for true in (True, False):
            recipe = {"epochs": 6, "evaluations_per_epoch": 2, "true_validation_labels": true}
            run = make_run(corruption="random_labels-1.0", **recipe)
            (folder / str(true)).mkdir()
            found[true] = run_stage(run, data, folder / str(true), noise, held_out=held_out)
    return found


@pytest.mark.parametrize("file", ["metrics.csv", "evaluations.csv"])
def test_validation_is_by_both_labels_and_the_recipe_says_which_is_the_one_that_chooses(file, on_random_labels):
    by_true, by_given = (rows(on_random_labels[true] / file) for true in (True, False))
    for one, other in zip(by_true, by_given, strict=True):
        names = [name for name in one if name.startswith("Validation")]
        assert names == ["ValidationAccuracy", "ValidationLoss", *BOTH] == [n for n in other if n.startswith("Valid")]
        assert [one[name] for name in BOTH] == [other[name] for name in BOTH]
        for quantity in ("Accuracy", "Loss"):
            assert one[f"Validation{quantity}"] == one[f"Validation{quantity}True"]
            assert other[f"Validation{quantity}"] == other[f"Validation{quantity}Given"]
        same = ("TrainAccuracy", "TrainLoss", "TestAccuracy", "TestLoss")
        assert [one[key] for key in same] == [other[key] for key in same]
    assert any(one["ValidationLossTrue"] != one["ValidationLossGiven"] for one in by_true)


def test_each_kind_of_validation_is_the_networks_accuracy_on_those_labels(data, on_random_labels, held_out):
    """Scored by itself, after the last epoch, by a network that is built from the weights that are left."""
    folder = on_random_labels[False]
    run = RunConfig.from_json(files.read_json(folder / "run.json")["config"])
    noise = folder.parents[1] / "corrupted"
    arrays, manifest, _ = load_data(data, noise, held_out)
    held = np.load(held_out / "validation_indices.npy")
    labels = {"Given": arrays["train_labels"][held], "True": np.load(data / "train_labels.npy")[held]}
    model, sets = place(arrays, run, len(manifest["classes"]), "float32", torch.device("cpu"))
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    assert sets.validation is not None
    last = rows(folder / "metrics.csv")[-1]
    with torch.no_grad():
        said = model.eval()(sets.validation.images).argmax(1).numpy()
    for kind, its in labels.items():
        assert float(last[f"ValidationAccuracy{kind}"]) == pytest.approx(100 * (said == its).mean())


def test_the_best_epoch_is_the_one_by_the_labels_that_choose_and_run_json_says_which(on_random_labels):
    for true, labels in ((True, "true_labels"), (False, "given_labels")):
        out = on_random_labels[true]
        accuracies = [float(row["ValidationAccuracy"]) for row in rows(out / "metrics.csv")]
        best = files.read_json(out / "run.json")["best_validation"]
        expected = {"epoch": accuracies.index(max(accuracies)) + 1, "accuracy": max(accuracies), "labels": labels}
        assert best == expected


@pytest.mark.parametrize("corruption", ["true_labels", "shuffled_pixels"])
def test_where_labels_are_not_corrupted_validation_has_but_one_kind(corruption, data, held_out, tmp_path):
    changed = tiny_runs.corrupt_digits(data, tmp_path / "corrupted", corruption)
    run = make_run(corruption=corruption, epochs=1, true_validation_labels=True)
    out = run_stage(run, data, tmp_path, changed, held_out=held_out)
    assert not set(BOTH) & set(rows(out / "metrics.csv")[0])
    assert "labels" not in files.read_json(out / "run.json")["best_validation"]


def test_tables_and_captions_say_by_which_labels_was_chosen():
    sentences = {
        "given_labels": "Held-out images have corrupted labels, as training images have, and validation is by these.",
        "true_labels": "Held-out images keep their true labels, and validation is by these.",
    }
    for labels, sentence in sentences.items():
        assert validation_sentence(pd.DataFrame({"best_validation_labels": [labels, None]})) == sentence
    assert validation_sentence(pd.DataFrame({"best_validation_labels": [None, math.nan]})) == ""


def test_the_split_folder_says_what_it_holds(data, held_out):
    manifest = files.read_json(held_out / "manifest.json")
    assert manifest["definition"] == "10 of 40 training images, drawn without regard to class, are held out"
    train, validation = (files.load_array(held_out, f"{part}_indices", manifest) for part in ("train", "validation"))
    expected = validation_split(NUM_TRAIN, HELD_OUT, 0)
    assert np.array_equal(train, expected[0])
    assert np.array_equal(validation, expected[1])


def test_a_split_of_another_number_of_images_is_refused_by_name(data, held_out, tmp_path):
    fewer = tiny_runs.prepare_digits(tmp_path / "fewer", num_train=30)
    message = f"{held_out / 'manifest.json'}: a split of 40 images, digits has 30; delete the folder to make it again"
    with pytest.raises(ValueError, match=re.escape(message)):
        run_stage(make_run(), fewer, tmp_path, held_out=held_out)
    assert not (tmp_path / "out").exists()


# Kept apart ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corruption", ["true_labels", "random_labels-0.5", "gaussian_pixels"])
def test_the_three_sets_are_what_their_indices_say(corruption, data, held_out, tmp_path):
    corrupted = tiny_runs.corrupt_digits(data, tmp_path / "corrupted", corruption)
    arrays, manifest, _ = load_data(data, corrupted, held_out)
    stored = dict(arrays)
    run = make_run(corruption=corruption, augmentation={"random_crop": False, "flip": True, "rotation": 0})
    _, sets = place(arrays, run, len(manifest["classes"]), "float32", torch.device("cpu"))
    assert not arrays
    assert sets.validation is not None
    for part, indices in zip((sets.train, sets.validation), validation_split(NUM_TRAIN, HELD_OUT, 0), strict=True):
        images = preprocess(stored["train_images"][indices], crop=None, whitening="per_image")
        assert np.array_equal(part.images.numpy(), images)
        assert np.array_equal(part.labels.numpy(), stored["train_labels"][indices])
    assert np.array_equal(sets.test.labels.numpy(), np.load(data / "test_labels.npy"))
    assert len(sets.test.images) == NUM_TEST
    assert sets.augmentation is not None
    assert len(sets.augmentation.images) == NUM_TRAIN - HELD_OUT


def test_without_a_split_all_images_train_and_nothing_is_called_validation(data, tmp_path):
    out = run_stage(make_run(), data, tmp_path)
    summary = files.read_json(out / "run.json")
    assert summary["num_train"] == NUM_TRAIN
    assert (summary["best_validation"], summary["final"]["validation"]) == (None, None)
    assert not [name for name in rows(out / "metrics.csv")[0] if name.startswith("Validation")]


def test_a_split_adds_its_two_columns_and_its_numbers_to_the_summary(data, held_out, tmp_path):
    out = run_stage(make_run(evaluations_per_epoch=2), data, tmp_path, held_out=held_out)
    table, summary = rows(out / "metrics.csv"), files.read_json(out / "run.json")
    assert list(table[0])[-2:] == ["ValidationAccuracy", "ValidationLoss"]
    assert {"ValidationAccuracy", "ValidationLoss"} <= set(rows(out / "evaluations.csv")[0])
    last = table[-1]
    expected = {"accuracy": float(last["ValidationAccuracy"]), "loss": float(last["ValidationLoss"])}
    assert summary["final"]["validation"] == expected
    assert (summary["num_train"], summary["num_test"]) == (NUM_TRAIN - HELD_OUT, NUM_TEST)


def test_held_out_images_and_labels_teach_the_network_nothing(data, held_out, tmp_path):
    held = validation_split(NUM_TRAIN, HELD_OUT, 0)[1]

    def other_labels(labels: np.ndarray) -> np.ndarray:
        labels[held] = (labels[held] + 1) % 10
        return labels

    def other_images(images: np.ndarray) -> np.ndarray:
        images[held] = 255 - images[held]
        return images

    expected = comparable(run_stage(make_run(), data, tmp_path / "as it is", held_out=held_out))
    for name, change in {"train_labels": other_labels, "train_images": other_images}.items():
        changed = with_array(data, tmp_path / name, name, change)
        found = comparable(run_stage(make_run(), changed, tmp_path / f"on {name}", held_out=held_out))
        assert found["weights.safetensors"] == expected["weights.safetensors"]
        assert found["confusion.pkl"] == expected["confusion.pkl"]
        assert found["metrics.csv"] != expected["metrics.csv"]  # its own two columns


# Choosing -----------------------------------------------------------------------------------------------------------


def test_early_stopping_ends_after_its_patience_and_says_which_epoch_was_best(stopped):
    summary, table = files.read_json(stopped / "run.json"), rows(stopped / "metrics.csv")
    accuracies = [float(row["ValidationAccuracy"]) for row in table]
    best = accuracies.index(max(accuracies)) + 1
    assert summary["stopped_by"] == "early_stopping"
    assert summary["best_validation"] == {"epoch": best, "accuracy": max(accuracies)}
    assert summary["epochs_done"] == len(table) == best + 3 < 40
    assert summary["final"]["train"]["accuracy"] is not None


def test_the_best_epochs_weights_are_the_ones_that_are_left(stopped, data, held_out, tmp_path):
    best = files.read_json(stopped / "run.json")["best_validation"]["epoch"]
    run = make_run(**EARLY | {"stop": None, "epochs": best})
    there = run_stage(run, data, tmp_path, held_out=held_out)
    found, expected = (load_file(out / "weights.safetensors") for out in (stopped, there))
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    longer = make_run(**EARLY | {"stop": None, "epochs": best + 3})
    last = load_file(run_stage(longer, data, tmp_path, held_out=held_out) / "weights.safetensors")
    assert not all(torch.equal(found[name], last[name]) for name in last)


def test_a_run_without_early_stopping_leaves_its_last_weights_and_still_names_its_best_epoch(data, held_out, tmp_path):
    run = make_run(**EARLY | {"stop": None, "epochs": 6})
    out = run_stage(run, data, tmp_path, held_out=held_out)
    weights, state = load_file(out / "weights.safetensors"), tiny_runs.saved(tmp_path / "state.pt")
    assert all(torch.equal(weights[name], state["model"][name]) for name in weights)
    accuracies = [float(row["ValidationAccuracy"]) for row in rows(out / "metrics.csv")]
    assert files.read_json(out / "run.json")["best_validation"]["epoch"] == accuracies.index(max(accuracies)) + 1


def test_nothing_of_the_test_set_has_a_say(stopped, data, held_out, tmp_path):
    """Other test labels: the same end, the same epoch chosen, the same weights."""
    changed = with_array(data, tmp_path / "data", "test_labels", lambda labels: (labels + 1) % 10)
    found = run_stage(make_run(**EARLY), changed, tmp_path / "run", held_out=held_out)
    assert (found / "weights.safetensors").read_bytes() == (stopped / "weights.safetensors").read_bytes()
    one, other = (files.read_json(out / "run.json") for out in (stopped, found))
    for key in ("epochs_done", "stopped_by", "best_validation"):
        assert one[key] == other[key]
    assert one["final"]["train"] == other["final"]["train"]
    assert one["final"]["test"] != other["final"]["test"]


def test_the_state_of_another_split_is_not_used(data, held_out, tmp_path, capsys):
    run_stage(make_run(), data, tmp_path, held_out=held_out)
    other = tiny_runs.split_digits(data, tmp_path / "split", HELD_OUT, seed=1)
    run_stage(make_run(), data, tmp_path, held_out=other)
    assert "belongs to another data, so it is not used" in capsys.readouterr().out


def test_a_plateau_of_the_training_loss_ends_a_run(data, tmp_path):
    """Every step is almost of no length, so no epoch lowers the loss."""
    out = run_stage(make_run(epochs=30, learning_rate=1e-12, stop={"plateau": 4}), data, tmp_path)
    summary = files.read_json(out / "run.json")
    assert (summary["stopped_by"], summary["epochs_done"]) == ("plateau", 6)
    assert summary["final"]["train"]["loss"] is not None
