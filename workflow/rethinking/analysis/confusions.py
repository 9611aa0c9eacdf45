"""Confusion matrices of runs as one data frame: what figures and tables of single classes are made from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rethinking.outcomes.columns import CONFUSIONS, RUN


def confusions_table(runs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> pd.DataFrame:
    """confusions.csv of runs, each by its run.json and what its confusion.pkl holds.

    A row a cell: the run's five names, Epoch (from 1), True and Predicted (names of classes, in the data set's order),
    Count (test images).
    """
    return pd.concat([cells(content).assign(**_names(summary)) for summary, content in runs], ignore_index=True)[
        list(CONFUSIONS)
    ]


def disagreement(summary: dict[str, Any], content: Any) -> str | None:
    """Where a run.json and what the run's confusion.pkl holds differ; None where they agree."""
    if not isinstance(content, dict) or not content.keys() >= {"classes", "epochs", "matrices"}:
        return "it holds no confusion matrices"
    matrices, epochs, num_classes = np.asarray(content["matrices"]), summary["epochs_done"], summary["num_classes"]
    if matrices.shape != (epochs, num_classes, num_classes) or content["epochs"] != list(range(1, epochs + 1)):
        return f"it does not hold {epochs} matrices of {num_classes} classes, as run.json says"
    if len(content["classes"]) != num_classes or (matrices.sum((1, 2)) != summary["num_test"]).any():
        return f"its matrices are not of {num_classes} classes and {summary['num_test']} test images, as run.json says"
    accuracy, said = 100 * np.trace(matrices[-1]) / summary["num_test"], summary["final"]["test"]["accuracy"]
    return None if np.isclose(accuracy, said) else f"run.json ends with a test accuracy of {said}, this with {accuracy}"


def cells(content: dict[str, Any]) -> pd.DataFrame:
    """A row a cell of one run's matrices (epochs, true classes, predicted classes)."""
    matrices, classes = content["matrices"], np.array(content["classes"], dtype=object)
    epoch, true, predicted = (index.ravel() for index in np.indices(matrices.shape))
    columns = {"Epoch": np.array(content["epochs"])[epoch], "True": classes[true], "Predicted": classes[predicted]}
    return pd.DataFrame(columns | {"Count": matrices.ravel()})


def _names(summary: dict[str, Any]) -> dict[str, Any]:
    return {key: summary[key] for key in RUN}
