"""Tables as `aggregate` writes them, of realistic shapes and made-up numbers: a figure's tests need no run."""

import math
from typing import Any

import numpy as np
import pandas as pd

from rethinking.names import split_corruption
from rethinking.outcomes.criteria import CRITERIA
from rethinking.sections import PanelRuns, Section

MODELS = {"inception": "Inception", "alexnet": "AlexNet", "mlp_1x512": "MLP 1\u00d7512"}
LEVELS = ["true_labels", "random_labels-0.2", "random_labels-0.4", "random_labels-0.6", "random_labels-0.8"]
LEVELS = [*LEVELS, "random_labels-1.0"]
SETTINGS = ["true_labels", "shuffled_pixels", "random_pixels", "gaussian_pixels", "random_labels-1.0"]
NUM_TRAIN, NUM_TEST, NUM_CLASSES, BATCH_SIZE, EPOCHS = 1437, 360, 10, 64, 80
FIRST_FIT = {"inception": 6, "alexnet": 14, "mlp_1x512": 11}  # epochs on true labels
SLOWEST = {"inception": 3.6, "alexnet": 1.6, "mlp_1x512": 2.0}  # times longer on random labels
CLEAN_ERROR = {"inception": 0.03, "alexnet": 0.12, "mlp_1x512": 0.27}
PIXELS = {"shuffled_pixels": 1.6, "random_pixels": 2.4, "gaussian_pixels": 2.2}

Key = tuple[str, str, int]  # model, corruption, seed


NAMES = {"dataset": "digits", "recipe": "small"}


def groups(panels: dict[str, dict[str, Any]], section: str = "fig1") -> tuple[PanelRuns, ...]:
    """The one group of each panel, by its data set, recipe, networks and corruptions."""
    named = {"section": section, "name": ""}
    return tuple(PanelRuns.from_json({**named, "panel": panel, **its}) for panel, its in panels.items())


PANELS = {"learning_curves": SETTINGS, "corruption_levels": LEVELS}


def section(
    seeds: list[int],
    models: dict[str, str] | None = None,
    panels: dict[str, dict[str, Any]] | None = None,
    dataset_label: str = "scikit-learn digits",
    **other: Any,
) -> Section:
    """The section of figure 1, or of `panels`."""
    models = MODELS if models is None else models
    of_panel = {"learning_curves": [next(iter(models))], "corruption_levels": list(models)}
    if panels is None:
        panels = {name: {**NAMES, "models": of_panel[name], "corruptions": PANELS[name]} for name in PANELS}
    words = {"size": (7.2, 3.0), "dataset_labels": {"digits": dataset_label}, "labels": models}
    return Section(
        configuration="digits",
        name="fig1",
        dataset="digits",
        fit_criterion="accuracy_100",
        seeds=tuple(seeds),
        groups=groups(panels),
        **words | other,
    )


def tables(
    seeds: list[int],
    unfit: set[Key] = frozenset(),
    diverged: set[Key] = frozenset(),
    models: dict[str, str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`runs` and `curves` of all runs of the figure and of some that it must leave out.

    The runs in `unfit` end without having fitted, those in `diverged` after a fifth of the epochs with a NaN loss.
    """
    names = list(MODELS if models is None else models)
    keys = [(model, corruption, seed) for model in names for corruption in {*LEVELS, *SETTINGS} for seed in seeds]
    keys = sorted([*keys, (names[0], "random_labels-0.5", 0), (names[0], "true_labels", 99)])
    runs = [run_row(key, key in unfit, key in diverged, names) for key in keys]
    table = pd.DataFrame(runs)
    curves = pd.concat([curve(row, fit) for row, fit in zip(runs, table.pop("true_fit"), strict=True)])
    return add_relative_times(table), curves.reset_index(drop=True)


def run_row(key: Key, unfit: bool, diverged: bool, names: list[str]) -> dict[str, Any]:
    """One row of runs.csv, and the epoch at which the run fits or would have."""
    model, corruption, seed = key
    family, level = split_corruption(corruption)
    level = 0.0 if family == "true_labels" else level
    kind = list(MODELS)[names.index(model) % len(MODELS)]
    slower = PIXELS[family] if level is None else 1 + (SLOWEST[kind] - 1) * level**0.7
    fit = round(FIRST_FIT[kind] * slower * (1 + 0.06 * math.sin(7 * seed + 5 * slower)))
    error = 0.9 if level is None else CLEAN_ERROR[kind] + (0.9 - CLEAN_ERROR[kind]) * math.sin(level * math.pi / 2)
    error = round((error + 0.012 * math.sin(3 * seed + 9 * slower)) * NUM_TEST) / NUM_TEST
    redrawn = level or 0.0
    corrupted = (1 - redrawn) * error + redrawn * (1 - 1 / NUM_CLASSES)
    censored = unfit or diverged
    epochs = EPOCHS // 5 if diverged else EPOCHS - 4 * seed if unfit else min(EPOCHS, 2 * fit + 3 * seed)
    row: dict[str, Any] = {
        "dataset": "digits", "model": model, "corruption": corruption, "recipe": "small", "seed": seed,
        "corruption_family": family, "level": level, "num_parameters": 123_456, "num_train": NUM_TRAIN,
        "num_test": NUM_TEST, "num_classes": NUM_CLASSES, "epochs_done": epochs,
        "stopped_by": "diverged" if diverged else "epochs" if unfit else "accuracy_100",
    }  # fmt: skip
    for criterion in CRITERIA:
        row[f"{criterion}_epoch"] = np.nan if censored else fit
        row[f"{criterion}_step"] = np.nan if censored else fit * math.ceil(NUM_TRAIN / BATCH_SIZE)
        row[f"{criterion}_seconds"] = np.nan if censored else 0.4 * fit
        row[f"{criterion}_test_error"] = np.nan if censored else error
    return row | {
        "final_train_accuracy": 97.0 if censored else 100.0, "final_train_loss": 0.1 if censored else 1e-3,
        "final_test_accuracy": 100 * (1 - error), "final_test_loss": 1.0 + error,
        "time_to_fit": np.nan if censored else fit, "test_error_at_fit": np.nan if censored else error,
        "test_error_at_fit_corrupted": np.nan if censored else corrupted,
        "final_test_error": error + 0.01, "censored": censored, "true_fit": fit,
    }  # fmt: skip


def add_relative_times(table: pd.DataFrame) -> pd.DataFrame:
    """The two columns that need the same seed's run on true labels."""
    true = table[table["level"] == 0].set_index(["model", "seed"])["time_to_fit"]
    own = true.reindex(pd.MultiIndex.from_frame(table[["model", "seed"]])).to_numpy()
    bound = (table["epochs_done"] / own).where(table["censored"])
    return table.assign(relative_time=table["time_to_fit"] / own, relative_time_bound=bound)


def curve(row: dict[str, Any], fit: int) -> pd.DataFrame:
    """One run's rows of curves.csv; train accuracy is measured every second epoch only."""
    epoch = np.arange(1, row["epochs_done"] + 1)
    start = math.log(NUM_CLASSES) * (1 if row["level"] is None or row["level"] > 0.5 else 0.5)
    loss = start / (1 + np.exp(9 * (epoch / fit - 0.6))) + 0.004
    online = loss * (1 + 0.05 * np.sin(epoch + 4 * row["seed"]))
    if row["stopped_by"] == "diverged":
        online = online * np.exp(np.maximum(0, epoch - epoch[-1] + 5))
        online[-1] = np.nan
    seldom = np.where(epoch % 2 == 0, 1.0, np.nan)
    name = {key: row[key] for key in ("dataset", "model", "corruption", "recipe", "seed")}
    return pd.DataFrame(
        name
        | {
            "TrainAccuracy": 100 * seldom * np.exp(-loss), "TrainLoss": seldom * loss, "TestAccuracy": 50.0,
            "TestLoss": 1.5, "EpochTime": 0.4, "Totaltime": 0.4 * epoch, "Epoch": epoch,
            "Step": epoch * math.ceil(NUM_TRAIN / BATCH_SIZE), "LearningRate": 0.1,
            "OnlineTrainLoss": online, "OnlineTrainAccuracy": 90.0,
        }
    )  # fmt: skip
