"""Labels that are drawn anew in the middle of a run: what a resume does where nobody fixed the seed."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_runs
import torch
from safetensors.torch import load_file
from tiny_runs import comparable, corrupt_digits, load_model, make_run, retrained, rows, whitened

from rethinking.files import read_json
from rethinking.run import RunConfig, runs_of
from rethinking.stages import train as stage
from rethinking.stages.placement import place
from rethinking.stages.run_folder import load_data

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

NOISE = "random_labels-1.0"
FITS = {"corruption": NOISE, "width": 0.25, "learning_rate": 0.1}  # fits 40 labels in a few epochs
LABELS = [0, 1, 2]  # seeds


@pytest.fixture(scope="module")
def drawn(data: Path) -> list[Path]:
    """The folders of three draws of random labels."""
    folders = [corrupt_digits(data, data / NOISE / f"seed{seed}", NOISE, seed) for seed in LABELS]
    return [folder for folder in folders if folder]


def labels_in(folder: Path) -> np.ndarray:
    return np.load(folder / "train_labels.npy")


def trained(run: RunConfig, data: Path, drawn: list[Path], folder: Path, **options: Any) -> Path:
    """The results of the run, which finds its redraws in `drawn` after its own labels."""
    own, *later = drawn[: len(run.redraws) + 1]
    paths = {"out": folder / "out", "state_path": folder / "state.pt"}
    stage.train(run, code="code", data=data, corrupted=own, redrawn=later, **paths, seconds_between_saves=0, **options)
    return folder / "out"


def losses(out: Path) -> list[float]:
    return [float(row["TrainLoss"]) for row in rows(out / "metrics.csv")]


@pytest.mark.parametrize("held_out", [0, 10])
def test_each_epoch_has_the_labels_given_last(held_out, data, drawn, tmp_path):
    split = tiny_runs.split_digits(data, tmp_path / "split", held_out) if held_out else None
    arrays, manifest, _ = load_data(data, drawn[0], split, drawn[1:])
    indices = arrays["train_indices"] if held_out else slice(None)
    run = make_run(redraw_labels_after=[2, 5], epochs=9, corruption=NOISE)
    _, sets = place(arrays, run, len(manifest["classes"]), "float32", torch.device("cpu"))
    assert arrays == {}
    for epoch in range(1, 10):
        given = labels_in(drawn[0 if epoch <= 2 else 1 if epoch <= 5 else 2])
        found = sets.in_epoch(epoch)
        assert np.array_equal(found.train.labels, given[indices]), epoch
        assert found.train.images is sets.train.images
        assert found.validation is sets.validation, "what is held out keeps its labels"
    assert len({tuple(labels_in(folder)) for folder in drawn}) == 3


def test_a_run_that_redraws_nothing_has_the_same_sets_in_every_epoch(data, drawn):
    arrays, manifest, _ = load_data(data, drawn[0], None)
    _, sets = place(arrays, make_run(corruption=NOISE), len(manifest["classes"]), "float32", torch.device("cpu"))
    assert all(sets.in_epoch(epoch) is sets for epoch in (1, 2, 100))


def test_the_training_loss_jumps_at_a_redraw_and_nowhere_without_one(data, drawn, tmp_path):
    plain = make_run(epochs=12, **FITS)
    redrawing = make_run(epochs=12, redraw_labels_after=[8], **FITS)
    without, jumping = (
        losses(trained(run, data, drawn, tmp_path / str(number))) for number, run in enumerate((plain, redrawing))
    )
    assert jumping[:8] == without[:8], "to the redraw they are one run"
    assert jumping[8] > jumping[7] + 1.0, "what was learnt is of no use for other labels"
    assert without[8] < without[7]


def test_training_accuracy_is_that_on_the_labels_given_at_that_time(data, drawn, tmp_path):
    run = make_run(epochs=9, redraw_labels_after=[8], **FITS)
    out = trained(run, data, drawn, tmp_path)
    logits = load_model(run, load_file(out / "weights.safetensors"))(whitened(np.load(data / "train_images.npy")))
    predicted = logits.argmax(dim=1).numpy()
    accuracies = [100 * float((predicted == labels_in(folder)).mean()) for folder in drawn[:2]]
    final = read_json(out / "run.json")["final"]["train"]["accuracy"]
    assert final == pytest.approx(accuracies[1])
    assert final != pytest.approx(accuracies[0])


def test_a_fit_before_a_redraw_is_one_of_the_first_labels(data, drawn, tmp_path):
    straight = trained(make_run(epochs=20, **FITS), data, drawn, tmp_path / "straight")
    epoch = read_json(straight / "run.json")["fit"]["accuracy_100"]["epoch"]
    run = make_run(epochs=20, redraw_labels_after=[epoch], **FITS)
    assert read_json(trained(run, data, drawn, tmp_path) / "run.json")["fit"]["accuracy_100"]["epoch"] == epoch


@pytest.mark.parametrize("stops", [[3], [4], [6, 9], [1, 5, 9, 13]], ids=str)
def test_a_run_that_is_killed_around_its_redraws_ends_with_the_same_bytes(stops, data, drawn, tmp_path, monkeypatch):
    run = make_run(epochs=3, redraw_labels_after=[1, 2], corruption=NOISE)
    whole = comparable(trained(run, data, drawn, tmp_path / "whole"))
    calls = 0

    class Sending(stage.Signals):
        def __call__(self) -> None:
            nonlocal calls
            calls += 1
            if calls in stops:
                os.kill(os.getpid(), signal.SIGTERM)
            super().__call__()

    monkeypatch.setattr(stage, "Signals", Sending)
    for _ in stops:
        with pytest.raises(SystemExit):
            trained(run, data, drawn, tmp_path / "stopped")
    assert comparable(trained(run, data, drawn, tmp_path / "stopped")) == whole


def test_more_epochs_go_on_across_a_redraw_as_in_one_go(data, drawn, tmp_path, capsys):
    run = make_run(epochs=6, redraw_labels_after=[3, 5], **FITS)
    whole = comparable(trained(run, data, drawn, tmp_path / "whole"))
    for epochs in (3, 4, 6):
        started = retrained(run, epochs=epochs)
        out = trained(started, data, drawn, tmp_path / "continued")
    assert "resuming after epoch 4" in capsys.readouterr().out
    assert comparable(out) == whole


def test_the_labels_given_later_are_part_of_what_a_run_was_made_from(data, drawn, tmp_path, capsys):
    run = make_run(epochs=3, redraw_labels_after=[1], corruption=NOISE)
    one = read_json(trained(run, data, drawn, tmp_path) / "run.json")["data_sha256"]
    capsys.readouterr()
    other = read_json(trained(run, data, [drawn[0], drawn[2]], tmp_path) / "run.json")["data_sha256"]
    assert "belongs to another data, so it is not used" in capsys.readouterr().out
    assert one != other


def test_a_redraw_is_another_run_and_a_recipe_without_one_says_nothing_of_it():
    panel = {"dataset": "digits", "recipe": "plain", "models": ["mlp_1x512"], "corruptions": [NOISE]}
    network = {"mlp_1x512": {"factory": "mlp_1x512", "family": "mlp", "arguments": {}}}
    recipe = tiny_runs.recipe(epochs=9).to_json()
    plain, none, some = (
        runs_of({"seeds": [4], "groups": [panel], "models": network, "recipes": {"plain": recipe | redraws}})[0]
        for redraws in ({}, {"redraw_labels_after": []}, {"redraw_labels_after": [2, 7]})
    )
    assert (none.json, none.redraws) == (plain.json, {})
    assert some.redraws == {2: 5, 7: 6}
    assert some.state_digest != plain.state_digest
