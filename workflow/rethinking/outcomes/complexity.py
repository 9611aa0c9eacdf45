"""Measures of a network's complexity: what they are called, and a row a run of those that ended at the same loss."""

import numpy as np
import pandas as pd

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.measured import MEASURED
from rethinking.outcomes.selection import on_true_labels, runs_of_panel, without_diverged
from rethinking.sections import Section

# What is shown: each is to be larger where a network generalises worse.
MEASURES = {
    "frobenius_norm": "Frobenius norm",
    "distance_from_initialisation": "distance from initialisation",
    "spectral_product": "product of spectral norms",
    "path_norm": "path norm",
    "inverse_margin": "1 / margin",
    "product_over_margin": "(product / margin)²",
    "hessian_eigenvalue": "largest Hessian eigenvalue",
}
# What a measure must be better than; the loss, which runs pass by a step or a few, is to have no rank.
COMPETITORS = {
    "num_parameters": "parameters",
    "time_to_fit": "epochs to the loss",
    "final_train_loss": "training loss at the end",
    "level": "level itself",
}
ERROR = "final_test_error"


def measured(runs: pd.DataFrame, complexity: pd.DataFrame, section: Section) -> pd.DataFrame:
    """A row a run of the section's panel that ended at the loss: that of runs.csv, and its measures as columns."""
    shown = without_diverged(runs_of_panel(runs, section, "levels"))
    wide = complexity.pivot(index=RUN, columns="Measure", values="Value").reindex(columns=[*MEASURED]).reset_index()
    found = shown[~shown["censored"].astype(bool)].merge(wide, on=RUN, how="left")
    margin = found["margin"].where(found["margin"] > 0)  # a bound by the margin needs one
    return found.assign(
        inverse_margin=1 / margin,
        product_over_margin=(found["spectral_product"] / margin) ** 2,
        factory=[section.factories[model] for model in found["model"]],
    )


def over_true_labels(found: pd.DataFrame) -> pd.DataFrame:
    """The measures (columns) of each run, divided by those of the run of the same seed on true labels."""
    parts = {name: found[name].to_numpy() / on_true_labels(found, found[name]) for name in MEASURES}
    return pd.DataFrame(parts, index=found.index)


def networks_of(section: Section, factory: str) -> str:
    """The networks that are ranked together, by their names in legends: those of one registered network."""
    models = dict.fromkeys(model for group in section.of("levels") for model in group.models)
    return ", ".join(section.labels[model] for model in models if section.factories[model] == factory)


def left_out(runs: pd.DataFrame) -> int:
    """How many runs that did not diverge never came to the loss."""
    return int((without_diverged(runs)["censored"].astype(bool)).sum())


def left_out_sentence(runs: pd.DataFrame) -> str:
    """The same in words; nothing where there is none."""
    count = left_out(runs)
    return f"{count} of {len(runs)} runs did not come to that loss and are left out." if count else ""


def geometric_mean(values: pd.Series) -> float:
    """Of positive numbers; NaN of none, and where one is not positive."""
    return float(np.exp(np.log(values.where(values > 0)).mean(skipna=False))) if len(values) else np.nan
