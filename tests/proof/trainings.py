"""Small trainings through the stage that a rule calls: everything that a recipe can say, seen in a run's files."""

import contextlib
import pickle
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from safetensors.torch import load_file
from tiny_runs import TIMES, make_run, retrained, rows
from torch import nn

from proof import Case, Facts, array_facts
from rethinking.analysis.registry import MEASURES
from rethinking.engine.loop import InterruptionError
from rethinking.files import read_json, save_array, write_json
from rethinking.models.registry import MODELS
from rethinking.registry import REGRESSION
from rethinking.stages import placement
from rethinking.stages.corrupt import corrupt
from rethinking.stages.prepare import prepare
from rethinking.stages.split import split
from rethinking.stages.train import Signals, train

SIDE, CLASSES = 10, ("a", "b", "c", "d")
BASE: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 7,  # of 24 images, so that the last batch is smaller
    "learning_rate": 0.02,
    "momentum": 0.9,
    "schedule": "constant",
    "initialisation": "kaiming",
    "crop": None,
}
NO_AUGMENTATION = {"random_crop": False, "flip": False, "rotation": 0.0}
PERCEPTRON = {"model": "mlp_1x512", "whitening": "per_channel"}  # which fits the images soon
NORMALISED = {"model": "simple_conv_net", "momentum": 0.0}
FIXED = {"mean": [0.4, 0.5, 0.6], "sd": [0.2, 0.25, 0.3]}


def data_set(folder: Path) -> Path:
    """24 training and 15 test images of 10x10 pixels in three colours, darker and brighter by class."""
    rng = np.random.default_rng(11)
    arrays: dict[str, np.ndarray] = {}
    for part, number in (("train", 24), ("test", 15)):
        labels = rng.permutation(np.arange(number) % len(CLASSES))
        bright = rng.integers(0, 120, (number, SIDE, SIDE, 3)) + 20 * labels[:, None, None, None]
        bright[..., :5, 0] += 15 * labels[:, None, None]
        arrays |= {f"{part}_images": bright.astype(np.uint8), f"{part}_labels": labels}
    manifest = {
        "dataset": "digits",
        "classes": list(CLASSES),
        "class_counts": {"train": [6] * 4, "test": [4, 4, 4, 3]},
        "arrays": {name: save_array(folder / f"{name}.npy", array) for name, array in arrays.items()},
    }
    write_json(folder / "manifest.json", manifest)
    return folder


def numbers(folder: Path) -> Path:
    """Ten points of a regression, as prepared."""
    prepare("digits", {"reader": "noisy_line", **dict.fromkeys(("image_size", "channels", "train", "test")), "seed": 0},
            None, folder)  # fmt: skip
    return folder


def _corrupted(data: Path, out: Path, corruption: str, seed: int) -> Path | None:
    if corruption == "true_labels":
        return None
    family, _, level = corruption.partition("-")
    given = {"name": corruption, "family": family, "level": float(level) if level else None, "options": {}}
    corrupt({"dataset": "digits", "corruption": given, "seed": seed}, data, out)
    return out


def _seen(dtypes: list[str], exact: bool) -> Any:
    """As `placement.make_model`: in float64 where numbers shall be exact, and the types of what goes in and out."""
    made_before = placement.make_model

    def make_model(*arguments: Any) -> nn.Module:
        model = made_before(*arguments)
        if exact:
            model.double().register_forward_pre_hook(lambda _, inputs: inputs[0].double())
        model.register_forward_hook(lambda _, inputs, outputs: dtypes.append(f"{inputs[0].dtype} {outputs.dtype}"))
        return model

    return mock.patch.object(placement, "make_model", make_model)


def _number(cell: str) -> Any:
    return (float(cell) if "." in cell or "e" in cell else int(cell)) if cell else None


def run_facts(out: Path) -> Facts:
    """What a run left, times left out: its tables by column, its confusion matrices, its weights, its summary."""
    facts: Facts = {}
    for name in ("metrics", "evaluations", "steps"):
        if (out / f"{name}.csv").exists():
            table = rows(out / f"{name}.csv")
            columns = [column for column in table[0] if column not in TIMES]
            facts[name] = {column: [_number(row[column]) for row in table] for column in columns}
    if (out / "measures.csv").exists():
        table = [row for row in rows(out / "measures.csv") if row["Layer"] in ("total", "classifier.weight")]
        facts["measures"] = {
            name: [[int(row["Epoch"]), row["Layer"], float(row["Value"])] for row in table if row["Measure"] == name]
            for name in dict.fromkeys(row["Measure"] for row in table)
        }
    if (out / "ledger.npz").exists():
        facts["ledger"] = _ledger_facts(out / "ledger.npz")
    if (out / "points.csv").exists():
        said = [[int(row["Epoch"]), row["Point"], _number(row["Prediction"])] for row in rows(out / "points.csv")]
        facts["predictions"] = [row for row in said if row[1] in ("0", "7", "39")]
    else:
        facts["confusion"] = array_facts(pickle.loads((out / "confusion.pkl").read_bytes())["matrices"])
    weights = [tensor.double().flatten() for tensor in load_file(out / "weights.safetensors").values()]
    facts["weights"] = [float(torch.cat(weights).sum()), float(torch.cat(weights).square().sum())]
    summary = read_json(out / "run.json")
    names = ("num_parameters", "num_train", "num_test", "num_classes", "precision", "epochs_done", "stopped_by")
    facts |= {name: summary[name] for name in (*names, "best_validation", "final")}
    facts["fit"] = {
        name: fit and {key: value for key, value in fit.items() if key != "seconds"}
        for name, fit in summary["fit"].items()
    }
    return facts


def _ledger_facts(path: Path) -> Facts:
    """Epochs, labels and predictions exactly; losses and margins, which float16 rounds, by their type and shape."""
    with np.load(path) as ledger:
        rounded = {name: f"{ledger[name].dtype} {ledger[name].shape}" for name in ("losses", "margins")}
        exact = {name: array_facts(ledger[name]) for name in ("given", "true", "predictions")}
        return {"epochs": ledger["epochs"].tolist(), **exact, **rounded}


def _facts(
    folder: Path,
    model: str = "alexnet",
    corruption: str = "true_labels",
    validation: int = 0,
    exact: bool = True,
    resumed_at: int | None = None,
    stopped_after: int | None = None,
    seed: int = 0,
    **recipe: Any,
) -> Facts:
    """A run's facts; it may end after an epoch, or within one after so many looks for signals, and go on."""
    data = (numbers if MODELS[model].task == REGRESSION else data_set)(folder / "data")
    width = 1 / 2 if model == "simple_conv_net" else 1 / 16
    run = make_run(model, corruption, seed, width, **(BASE | recipe))
    given: dict[str, Any] = {
        "data": data,
        "corrupted": _corrupted(data, folder / "corrupted", corruption, seed),
        "redrawn": [_corrupted(data, folder / f"redrawn{each}", corruption, each) for each in run.redraws.values()],
    }
    if validation:
        split({"dataset": "digits", "validation": validation, "seed": seed}, data, folder / "split")
        given["split"] = folder / "split"
    states = {"out": folder / "out", "state_path": folder / "state.pt"}
    dtypes: list[str] = []
    with _seen(dtypes, exact):
        if resumed_at:
            train(retrained(run, epochs=resumed_at), code="", **given, **states)
        if stopped_after:
            looks = [*[None] * stopped_after, InterruptionError]
            with mock.patch.object(Signals, "__call__", side_effect=looks), contextlib.suppress(SystemExit):
                train(run, code="", **given, **states)
        train(run, code="", **given, **states)
    facts = run_facts(folder / "out")
    if not exact:  # what rounding decides is left out
        losses = [facts["metrics"][column][0] for column in ("OnlineTrainLoss", "TrainLoss", "TestLoss")]
        facts = {"losses": losses, "precision": facts["precision"]}
    return facts | {"dtypes": sorted(set(dtypes))}


def _augmented(**changes: Any) -> dict[str, Any]:
    return {"augmentation": NO_AUGMENTATION | changes}


# A recipe's values beside `BASE`, and what else a run can be given, by the name of the case.
RUNS: dict[str, Mapping[str, Any]] = {
    "plain": {},
    "seed 3": {"seed": 3},
    "epochs and batch_size": {"epochs": 2, "batch_size": 5},
    "sgd without momentum": {"momentum": 0.0},
    "nesterov": {"nesterov": True},
    "adam": {"optimiser": "adam", "betas": [0.8, 0.9], "epsilon": 1e-3, "learning_rate": 0.01},
    "adam with weight_decay": {"optimiser": "adam", "epsilon": 1e-2, "weight_decay": 0.1, "learning_rate": 0.01},
    "exponential": {"schedule": "exponential", "decay": 0.7},
    "exponential, decay_every_steps": {"schedule": "exponential", "decay": 0.8, "decay_every_steps": 3},
    "warm_up": {"epochs": 5, "schedule": "warm_up", "warm_up": {"start": 0.2, "epochs": 2}},
    "cosine": {"schedule": "cosine"},
    "weight_decay on all": {"weight_decay": 0.1},
    "weight_decay on fully_connected": {"weight_decay": 0.1, "weight_decay_on": "fully_connected"},
    "weight_decay on hidden_fully_connected": {"weight_decay": 0.1, "weight_decay_on": "hidden_fully_connected"},
    "l1": {"penalties": [{"function": "l1", "weight": 0.01}]},
    "l2 and l1": {"penalties": [{"function": "l2", "weight": 0.02}, {"function": "l1", "weight": 0.01}]},
    "dropout": {"dropout": 0.4},
    "label_smoothing": {"label_smoothing": 0.2},
    "clip_gradient_norm": {"clip_gradient_norm": 0.1},
    "clip_gradient_norm that is never reached": {"clip_gradient_norm": 1e3},
    "random_crop": {"crop": 7, **_augmented(random_crop=True)},
    "flip": _augmented(flip=True),
    "flip of a crop": {"crop": 5, **_augmented(flip=True)},
    "rotation": _augmented(rotation=40.0),
    "augmentation, all of a crop, per_channel": {
        "crop": 8,
        "whitening": "per_channel",
        **_augmented(random_crop=True, flip=True, rotation=15.0),
    },
    "augmentation, whitening none": {"whitening": "none", **_augmented(flip=True)},
    "augmentation, fixed whitening": {"whitening": FIXED, **_augmented(flip=True)},
    **{
        f"initialisation {scheme}": {"initialisation": scheme}
        for scheme in (
            "framework",
            "kaiming",
            "xavier",
            "xavier_zero_bias",
            "tensorflow_tutorial",
            "early_tensorflow_tutorial",
            "slim_alexnet",
            "xavier_half",
        )
    },
    "whitening per_channel": {"whitening": "per_channel"},
    "whitening none": {"whitening": "none"},
    "whitening by fixed numbers": {"whitening": FIXED},
    "whitening by one fixed number": {"whitening": {"mean": 0.5, "sd": 0.25}},
    "crop": {"crop": 5},
    "resize, larger": {"resize": 13},
    "resize, smaller, of a crop": {"crop": 9, "resize": 6},
    "resize, augmented": {"resize": 12, **_augmented(flip=True)},
    **{
        f"stop at {criterion}": {**PERCEPTRON, "epochs": 60, "stop": {"criterion": criterion, "extra_epochs": 1}}
        for criterion in ("accuracy_99", "accuracy_99_9", "accuracy_100", "loss_0_01")
    },
    "early_stopping": {"validation": 8, "epochs": 12, "stop": {"early_stopping": 2}},
    "plateau": {"epochs": 12, "learning_rate": 0.3, "stop": {"plateau": 1}},
    "validation": {"validation": 6, "corruption": "random_labels-0.5"},
    "redraw_labels_after": {"corruption": "random_labels-0.5", "epochs": 4, "redraw_labels_after": [1, 3]},
    "true_validation_labels": {
        "validation": 6,
        "corruption": "random_labels-0.5",
        "true_validation_labels": True,
    },
    "redraw_labels_after, validation": {
        "corruption": "random_labels-0.5",
        "validation": 6,
        "redraw_labels_after": [1],
    },
    "Gaussian pixels": {"corruption": "gaussian_pixels"},
    "train_evaluation_every": {"epochs": 5, "train_evaluation_every": 2},
    "evaluations_per_epoch": {"evaluations_per_epoch": 3},
    "log_every_steps": {"log_every_steps": 3},
    "steps_per_epoch": {"steps_per_epoch": 5, "epochs": 5, "schedule": "exponential", "decay": 0.8, "dropout": 0.2},
    "measures": {"measures": list(MEASURES)},
    "ledger": {
        "ledger": True,
        "validation": 6,
        "corruption": "random_labels-0.5",
        "epochs": 4,
        "train_evaluation_every": 2,
        "evaluations_per_epoch": 2,
    },
    "predictions_every": {
        "model": "toy_regression",
        "whitening": "none",
        "epochs": 7,
        "batch_size": 4,
        "log_every_steps": 2,
        "predictions_every": 3,
    },
    "batch norm": NORMALISED,
    "batch_norm momentum": {
        **NORMALISED,
        "batch_norm": {"statistics": "running", "momentum": 0.3, "debiased": False},
    },
    "batch_norm debiased": {
        **NORMALISED,
        "batch_norm": {"statistics": "running", "momentum": 0.2, "debiased": True},
    },
    "batch_norm statistics of the batch": {
        **NORMALISED,
        "batch_norm": {"statistics": "batch", "momentum": 0.1, "debiased": False},
    },
    "resumed": {
        "resumed_at": 2,
        "epochs": 4,
        "nesterov": True,
        "dropout": 0.3,
        "validation": 4,
        **_augmented(flip=True),
    },
    "resumed within an epoch": {"stopped_after": 14, "log_every_steps": 3, "evaluations_per_epoch": 2},
    "adam, resumed": {"resumed_at": 1, "optimiser": "adam", "epsilon": 1e-2, "learning_rate": 0.01},
    "bfloat16": {"exact": False, "epochs": 1, "precision": "bfloat16"},
    "bfloat16, resized": {"exact": False, "epochs": 1, "precision": "bfloat16", "resize": 12},
    "float32": {"exact": False, "epochs": 1},
}
CASES: dict[str, Case] = {name: partial(_facts, **given) for name, given in RUNS.items()}
INEXACT = {name for name, given in RUNS.items() if not given.get("exact", True)}
