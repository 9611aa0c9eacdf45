"""What trained networks say of test images: their saved weights are the network, and nothing is trained for it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_runs
import torch
from safetensors.torch import load_file
from tiny_runs import NUM_TEST, make_run, run_stage

from rethinking import files
from rethinking.analysis.predictions import confident_mistakes, logits_of, predictions
from rethinking.models.registry import MODELS
from rethinking.outcomes.columns import MISTAKE, PREDICTIONS, STRIP
from rethinking.plotting.predictions import pixels
from rethinking.run import RunConfig
from rethinking.stages import predictions as stage
from rethinking.stages import train

SUMMARISE = train.summarise
NUM_SHOWN = 12
NETWORKS = {  # with batch normalisation, whose averages are weights as well; bfloat16; images brought to another size
    "resnet18": {"epochs": 2, "label_smoothing": 0.1},
    "mlp_1x512": {"epochs": 2, "precision": "bfloat16"},
    "lenet": {"epochs": 2, "resize": 16, "dropout": 0.5},
}


@pytest.fixture(scope="module")
def folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results/data/digits and the runs of `NETWORKS`, and what each network said as it was trained."""
    root = tmp_path_factory.mktemp("predictions")
    (root / "data").mkdir()
    (root / "data/digits").symlink_to(data)
    with pytest.MonkeyPatch.context() as patch, tiny_runs.torch_as_it_was():
        for model in NETWORKS:
            run = run_of(model)
            patch.setattr(train, "summarise", keeping(root / f"{model}.pt"))
            (root / "runs" / run.path).parent.mkdir(parents=True)
            run_stage(run, data, root / model).rename(root / "runs" / run.path)
    return root


def run_of(model: str) -> RunConfig:
    return make_run(model, width=1 / 4 if model == "lenet" else 1 / 32, **NETWORKS[model])


def keeping(path: Path) -> Any:
    """`summarise` that saves, at the end of training, what the network in memory says of the test set."""

    def wrapped(run: RunConfig, state: Any, sets: Any, *rest: Any) -> dict[str, Any]:
        torch.save(logits_of(state.model, sets.test.images, sets.precision, sets.resize), path)
        return SUMMARISE(run, state, sets, *rest)

    return wrapped


def options(folder: Path, model: str, out: Path, seeds: tuple[int, ...] = (0,)) -> list[str]:
    run = run_of(model)
    group = {"dataset": run.dataset, "recipe": run.recipe, "models": [run.model], "corruptions": [run.corruption]}
    network = {"factory": run.factory, "family": "mlp", "learning_rate": 0.02, "arguments": run.arguments}
    plan = {"seeds": seeds, "groups": [group], "models": {run.model: network}}
    plan |= {"recipes": {run.recipe: run.training.to_json()}}
    told = ["--plan", json.dumps(plan), "--code", json.dumps({run.code_key: "code"}), "--runs", str(folder / "runs")]
    return [*told, "--data", str(folder / "data"), "--images", str(NUM_SHOWN), "--out", str(out)]


@pytest.mark.usefixtures("torch_as_it_was")
@pytest.mark.parametrize("model", NETWORKS)
def test_a_network_that_is_loaded_again_has_identical_logits(model, folder, data):
    run = run_of(model)
    summary = files.read_json(folder / "runs" / run.path / "run.json")
    found = stage.logits_of_run(run, folder / "runs" / run.path, summary, np.load(data / "test_images.npy"))
    assert torch.equal(found, torch.load(folder / f"{model}.pt", weights_only=True))
    labels = np.load(data / "test_labels.npy")
    accuracy = 100 * (predictions(found).classes == labels).mean()
    assert accuracy == pytest.approx(summary["final"]["test"]["accuracy"]), "what it had at the end of training"


def test_names_of_saved_weights_are_the_network_s_own(folder):
    """And none begins with what a wrapper for several devices puts before it."""
    for model in NETWORKS:
        run = run_of(model)
        names = set(load_file(folder / "runs" / run.path / "weights.safetensors"))
        built = MODELS[run.factory].build(tiny_runs.SHAPE if model != "lenet" else (1, 16, 16), 10, **run.arguments)
        assert names == set(built.state_dict())
        assert not [name for name in names if name.startswith("module.")]


@pytest.mark.usefixtures("torch_as_it_was")
def test_the_frame_has_some_images_of_each_class_and_the_most_confident_mistakes(folder, data, tmp_path):
    stage.main(options(folder, "mlp_1x512", tmp_path / "predictions.csv", seeds=(0, 1)))
    table = pd.read_csv(tmp_path / "predictions.csv")
    assert list(table.columns) == list(PREDICTIONS)
    assert set(table["seed"]) == {0}, "one network is shown, that of the first seed"
    images, labels = (np.load(data / f"test_{name}.npy") for name in ("images", "labels"))
    for _, row in table.iterrows():
        np.testing.assert_array_equal(pixels(row["Image"]), images[row["Index"]])
        assert row["True"] == labels[row["Index"]]
    strip, mistakes = (table[table["Shown"] == shown] for shown in (STRIP, MISTAKE))
    assert len(strip) == NUM_SHOWN
    assert sorted(strip["True"][:10]) == list(range(10))
    assert (mistakes["True"] != mistakes["Predicted"]).all()
    assert mistakes["Confidence"].is_monotonic_decreasing
    assert mistakes["Confidence"].between(0.1, 1).all(), "the highest of ten probabilities"


@pytest.mark.usefixtures("torch_as_it_was")
def test_weights_and_images_that_are_not_the_runs_are_refused_by_name(folder, tmp_path):
    run = run_of("mlp_1x512")
    out = tmp_path / "runs" / run.path
    out.mkdir(parents=True)
    for file in (folder / "runs" / run.path).iterdir():
        (out / file.name).write_bytes(file.read_bytes())
    weights = (out / "weights.safetensors").read_bytes()
    (out / "weights.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    (tmp_path / "data").symlink_to(folder / "data")
    with pytest.raises(ValueError, match=r"weights\.safetensors: torn or edited"):
        stage.main(options(tmp_path, "mlp_1x512", tmp_path / "predictions.csv"))
    (tmp_path / "data").unlink()
    tiny_runs.prepare_digits(tmp_path / "data/digits", num_test=NUM_TEST + 1)
    told = options(folder, "mlp_1x512", tmp_path / "predictions.csv")
    told[told.index("--data") + 1] = str(tmp_path / "data")
    with pytest.raises(ValueError, match=r"test_images\.npy: not what digits/mlp_1x512/\S+ was tested on"):
        stage.main(told)
    assert not (tmp_path / "predictions.csv").exists()


def test_mistakes_come_by_confidence_and_right_ones_never():
    logits = torch.tensor([[9.0, 0, 0], [0, 4.0, 0], [0, 0, 6.0], [1.0, 0, 0]])
    said = predictions(logits)
    assert said.classes.tolist() == [0, 1, 2, 0]
    np.testing.assert_allclose(said.confidences, np.exp([9, 4, 6, 1]) / (np.exp([9, 4, 6, 1]) + 2))
    labels = np.array([1, 1, 0, 2])
    assert confident_mistakes(said, labels, 5).tolist() == [0, 2, 3]
    assert confident_mistakes(said, labels, 2).tolist() == [0, 2]
