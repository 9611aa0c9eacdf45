"""The running loss that a source prints every so many steps, beside ours after the same share of an epoch.

Differences are given where our runs are of the source's size; nothing is judged: theirs is one run each.
"""

import math
from typing import Any

import pandas as pd

from rethinking.outcomes.printed import ALIKE, at_steps, of_its_size
from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence
from rethinking.reporting.accuracies import (
    Row,
    columns_apart,
    group_name,
    network_labels,
    plain,
    seeds_note,
    table_rows,
    with_difference,
)
from rethinking.reporting.comparison import summary
from rethinking.reporting.formats import Table
from rethinking.sections import Section

PANELS = ("networks",)
SAME = 1e-6  # epochs; two shares of an epoch that are nearer than this are one


def table(*, runs: pd.DataFrame, steps: pd.DataFrame, published: pd.DataFrame, section: Section) -> Table:
    """One row a point that we have or a source prints, network by network."""
    frames = Frames(runs=runs, steps=steps)
    rows = [row for each in table_rows(section, PANELS) for row in rows_of_network(frames, published, section, each)]
    numbers = pd.DataFrame(rows)
    notes = [
        f"{capitalised(section.dataset_label)}. Training loss as it runs (nats), the mean since the point before.",
        "Theirs stand beside ours after the same share of an epoch; differences are given where the network is whole"
        f" and the training set is of the same data and as large to {100 * ALIKE:.0f} %.",
        seeds_note(section),
        diverged_sentence(runs),
        section.note,
    ]
    return Table(f"Running loss step by step: {section.dataset_label}", numbers, shown(numbers, section), notes)


def rows_of_network(frames: Frames, published: pd.DataFrame, section: Section, row: Row) -> list[dict[str, Any]]:
    """The rows of one network in the CSV file, by epoch."""
    runs = without_diverged(frames.of("runs", *row))
    ours = by_epoch(frames.of("steps", *row), runs)
    theirs = at_steps(published, section, row.group, row.model, "online_loss")
    images = int(runs["num_train"].iloc[0]) if len(runs) else 0
    names = {**group_name(row), "model": row.model, "corruption": row.corruption}
    made = []
    for epoch in joined([*ours.index, *theirs["epoch"]]):
        its = theirs[(theirs["epoch"] - epoch).abs() < SAME].to_dict("records")
        value = its[0]["value"] if its else math.nan
        found = summary(near(ours, epoch), len(runs))
        alike = bool(its) and of_its_size(section, row.group, row.model, images, its[0])
        made.append(
            {**names, "epoch": epoch, "source_step": its[0]["step"] if its else math.nan, "source": value}
            | found.columns("ours")
            | {"n": found.n}
            | {"difference": found.mean - value if alike else math.nan}
        )
    return made


def by_epoch(steps: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The losses of the runs: a row a share of the epochs, a column a seed."""
    steps = steps[steps["seed"].isin(runs["seed"])]
    an_epoch = steps["Step"].max() / steps["Epoch"].max()  # an epoch's last step has a row
    return steps.assign(share=steps["Step"] / an_epoch).pivot(index="share", columns="seed", values="OnlineTrainLoss")


def joined(epochs: list[float]) -> list[float]:
    """The different ones among some shares of epochs, sorted."""
    found: list[float] = []
    for epoch in sorted(epochs):
        if not found or epoch - found[-1] >= SAME:
            found.append(epoch)
    return found


def near(ours: pd.DataFrame, epoch: float) -> list[float]:
    """The losses of all seeds at a share of the epochs; none where there is no such point."""
    return [loss for share, losses in ours.iterrows() if abs(float(str(share)) - epoch) < SAME for loss in losses]


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read."""
    theirs = zip(numbers["source"], numbers["difference"], strict=True)
    columns = {
        "network": network_labels(numbers, section),
        "after epochs": [f"{epoch:.3g}" for epoch in numbers["epoch"]],
        "theirs, at step": [plain(step, 0) for step in numbers["source_step"]],
        "theirs (difference)": [with_difference(*each, 3) for each in theirs],
        **columns_apart(numbers, "ours", "ours", 3),
        "n": [str(n) for n in numbers["n"]],
    }
    return pd.DataFrame(columns)
