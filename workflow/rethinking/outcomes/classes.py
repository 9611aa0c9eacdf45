"""Test images by class: how many of each a network gives the right label, seed by seed, and what a source prints."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from rethinking.outcomes.printed import stands_for
from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.sections import PanelRuns, Section

ALL = "all classes"


def held_out(runs: pd.DataFrame) -> bool:
    """Whether every run, if there is one, has an epoch that validation chose."""
    return len(runs) > 0 and bool(runs["best_validation_epoch"].notna().all())


def by_seed(frames: Frames, group: PanelRuns, model: str, corruption: str) -> pd.DataFrame:
    """Rows seed, class, correct, total of the runs that did not diverge, in the data set's order of classes.

    At the best epoch by validation where images are held out, else after the last. `frames`: runs and confusions.
    Of no run there is a row a class of 0 images.
    """
    runs, cells = (frames.of(name, group, model, corruption) for name in ("runs", "confusions"))
    runs = without_diverged(runs)
    chosen = runs.set_index("seed")["best_validation_epoch" if held_out(runs) else "epochs_done"]
    total = cells["Count"].where(cells["Epoch"] == cells["seed"].map(chosen), 0)
    correct = total.where(cells["True"] == cells["Predicted"], 0)
    counts = cells.assign(correct=correct, total=total).groupby(["seed", "True"], sort=False)[["correct", "total"]]
    return counts.sum().rename_axis(["seed", "class"]).reset_index()


def printed(
    published: pd.DataFrame | None, section: Section, group: PanelRuns, model: str, corruption: str
) -> Mapping[str, float]:
    """What a source prints of a network by class, in percent, `ALL` among them; empty where it prints nothing of it."""
    if published is None:
        return {}
    network = section.factories[model]
    wanted: dict[str, Any] = {"network": network, "corruption": corruption, "quantity": "test_accuracy", "at": "end"}
    rows = published[(published[list(wanted)] == list(wanted.values())).all(axis=1)]
    rows = rows[rows["recipe"].isin(["", group.recipe])]
    if not (rows["class"] != "").any() or stands_for(section, group, network) != model:
        return {}
    return {name or ALL: float(value) for name, value in zip(rows["class"], rows["value"], strict=True)}
