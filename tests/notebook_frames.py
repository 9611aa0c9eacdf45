"""Data frames of runs with a validation set, of realistic shapes and made-up numbers, and a section about them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rethinking.sections import PanelRuns, Section

MODELS = {"mini_googlenet": "mini_GoogLeNet", "mini_googlenet_1x1": "mini_GoogLeNet 1×1"}
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
EPOCHS, OF_A_CLASS = 20, 100  # test images of a class


def section(
    seeds: Sequence[int] = (0, 1, 2), models: dict[str, str] = MODELS, dataset_label: str = "CIFAR-10", **other: Any
) -> Section:
    """The section of a figure or table with the panel `networks`."""
    group = {"section": "training", "panel": "networks", "name": "", "dataset": "cifar10", "recipe": "notebook"}
    group |= {"models": list(models), "corruptions": ["true_labels"]}
    words = {"dataset_labels": {"cifar10": dataset_label}, "groups": (PanelRuns.from_json(group),), "labels": models}
    words |= {"configuration": "notebook", "name": "training", "dataset": "cifar10", "size": (7.2, 4.6)}
    return Section(seeds=tuple(seeds), **words | other)


def frames(
    seeds: Sequence[int] = (0, 1, 2), models: dict[str, str] = MODELS, classes: Sequence[str] = CLASSES
) -> dict[str, pd.DataFrame]:
    """`runs`, `curves` and `confusions` that agree; training is scored every second epoch only."""
    rng, parts = np.random.default_rng(0), {"runs": [], "curves": [], "confusions": []}
    for place, model in enumerate(models):
        for seed in seeds:
            names = {"dataset": "cifar10", "model": model, "corruption": "true_labels", "recipe": "notebook"}
            names |= {"seed": seed}
            matrices = made_up(rng, len(classes), 0.6 - 0.1 * place)
            curves = curves_of(matrices, rng)
            parts["runs"].append(pd.DataFrame([names | run_of(curves)]))
            parts["curves"].append(curves.assign(**names))
            parts["confusions"].append(cells(matrices, classes).assign(**names))
    return {name: pd.concat(each, ignore_index=True) for name, each in parts.items()}


def made_up(rng: np.random.Generator, num_classes: int, top: float) -> np.ndarray:
    """Matrices (epochs, classes, classes) whose accuracy rises to `top`."""
    rise = top * (1 - np.exp(-np.arange(1, EPOCHS + 1) / 6))
    shares = [np.eye(num_classes) * each + (1 - each) / num_classes for each in rise]
    return np.array([[rng.multinomial(OF_A_CLASS, row / row.sum()) for row in matrix] for matrix in shares])


def curves_of(matrices: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    epoch = np.arange(1, EPOCHS + 1)
    test = 100 * matrices.trace(axis1=1, axis2=2) / matrices.sum(axis=(1, 2))
    seldom = np.where(epoch % 2 == 0, 1.0, np.nan)
    return pd.DataFrame({
        "Epoch": epoch, "TrainAccuracy": seldom * (test + 5), "TrainLoss": seldom * (2.2 - test / 50),
        "TestAccuracy": test, "TestLoss": 2.3 - test / 50, "ValidationAccuracy": test + rng.normal(0, 2, EPOCHS),
        "ValidationLoss": 2.3 - test / 50 + rng.normal(0, 0.02, EPOCHS), "EpochTime": 2.0, "Totaltime": 2.0 * epoch,
    })  # fmt: skip


def run_of(curves: pd.DataFrame) -> dict[str, Any]:
    best, last = curves.loc[curves["ValidationAccuracy"].idxmax()], curves.iloc[-1]
    return {
        "num_train": 40_000, "num_test": 1_000, "epochs_done": EPOCHS, "stopped_by": "epochs", "seconds": 2.0 * EPOCHS,
        "best_validation_epoch": int(best["Epoch"]), "best_validation_accuracy": best["ValidationAccuracy"],
        "best_validation_labels": None,
        "test_accuracy_at_best": best["TestAccuracy"], "final_test_accuracy": last["TestAccuracy"],
        "final_train_accuracy": last["TrainAccuracy"],
    }  # fmt: skip


def cells(matrices: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """A row a cell, written out one by one."""
    return pd.DataFrame([
        {"Epoch": epoch, "True": true, "Predicted": predicted, "Count": int(matrices[epoch - 1, i, j])}
        for epoch in range(1, len(matrices) + 1)
        for i, true in enumerate(classes)
        for j, predicted in enumerate(classes)
    ])  # fmt: skip
