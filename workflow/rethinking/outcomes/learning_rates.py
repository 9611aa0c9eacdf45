"""Which learning rate each network is given: the one with which it learns most of its training set.

What is asked is training accuracy alone, over all data sets of the panel; of equal ones the lower training loss.
"""

import pandas as pd

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.selection import rows_of_network, without_diverged
from rethinking.sections import Section

PANEL = "rates"
SCORES = {"accuracy": "final_train_accuracy", "loss": "final_train_loss"}
CHOICE = (
    "Chosen is the rate with the highest training accuracy, of equal ones the one with the lowest training loss; no"
    " test image is looked at."
)


def by_rate(runs: pd.DataFrame, section: Section) -> pd.DataFrame:
    """A row a network and rate: `model`, `learning_rate`, `runs`, `diverged`, means of `SCORES`, `chosen`.

    Seed by seed the mean is over data sets. A rate with which a run diverged has no scores, and is not chosen.
    """
    found = pd.DataFrame([
        {"model": model, "learning_rate": rate, **_scores(rows)}
        for (model, rate), rows in _rows(runs, section).groupby(["model", "learning_rate"], sort=False)
    ])  # fmt: skip
    best = found.sort_values(["accuracy", "loss"], ascending=[False, True], kind="stable").dropna(subset=["accuracy"])
    return found.assign(chosen=found.index.isin(best.drop_duplicates("model").index))


def on_images(runs: pd.DataFrame) -> str:
    """The data sets by their sizes: "on 3,200 images", "means over sets of 200 and 1,400 images"."""
    sizes = [f"{images:,}" for images in sorted(set(runs["num_train"]))]
    return f"on {sizes[0]} images" if len(sizes) == 1 else f"means over sets of {' and '.join(sizes)} images"


def _rows(runs: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows of the panel with the rate of each."""
    tables = [
        rows_of_network(runs, group, model).assign(learning_rate=section.settings[group.recipe][model]["learning_rate"])
        for group, model in section.networks(PANEL)
    ]
    return pd.concat(tables, ignore_index=True).drop_duplicates(RUN)


def _scores(rows: pd.DataFrame) -> dict[str, float]:
    kept = without_diverged(rows)
    means = {name: kept[column].mean() if len(kept) == len(rows) else float("nan") for name, column in SCORES.items()}
    return {"runs": len(rows), "diverged": len(rows) - len(kept), **means}
