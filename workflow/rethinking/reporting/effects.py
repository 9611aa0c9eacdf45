"""What weight decay and random crop change of table 1's test accuracies, seed by seed, beside the paper's differences.

Networks that share a seed begin alike and see the images in the same order, so that the difference of two such runs
varies less than either. The paper's differences are of single runs, as far as it says, and are judged by nothing here.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence
from rethinking.reporting.accuracies import Row, columns_apart, plain, published_value, seeds_note
from rethinking.reporting.comparison import summary
from rethinking.reporting.formats import NOT_RUN, Table
from rethinking.sections import PanelRuns, Section

CORRUPTION, QUANTITY = "true_labels", "test_accuracy"
# The panel of table 1 with a regulariser and the one that is like it but for that.
EFFECTS = {
    "weight decay": ("decay", "plain"),
    "weight decay beside random crop": ("crop_and_decay", "crop"),
    "random crop": ("crop", "plain"),
    "random crop beside weight decay": ("crop_and_decay", "decay"),
}


def table(*, runs: pd.DataFrame, published: pd.DataFrame | None, section: Section) -> Table:
    """One row an effect and network: the test accuracy with the regulariser minus that without, percentage points."""
    frames = Frames(runs=runs)
    columns = ["effect", "model", "recipe", "without", "n", "difference", "paper", "inside"]
    rows = [row_of(frames, published, section, *pair) for pair in pairs(section)]
    numbers = pd.DataFrame(rows, columns=None if rows else columns)
    dataset = section.dataset_label
    notes = [
        f"{capitalised(dataset)}, true labels: test accuracy after the last epoch, in percent, with the regulariser"
        " minus without.",
        "Each difference is of two runs of one seed, n of them; a seed of which one is missing or diverged has none.",
        "The paper's are of single runs, as far as it says, so that they have at least the noise of one seed."
        if published is not None
        else "",
        seeds_note(section),
        diverged_sentence(runs),
        section.note,
    ]
    return Table(f"What regularisers change: {dataset}", numbers, shown(numbers, section), notes)


def pairs(section: Section) -> Iterator[tuple[str, Row, Row]]:
    """Each effect with the rows of table 1 that it is the difference of, each pair of groups once."""
    seen: list[tuple[PanelRuns, PanelRuns, str]] = []
    for effect, (panel, other) in EFFECTS.items():
        for group in section.of(panel):
            for base in section.of(other):
                for model in group.models if group.dataset == base.dataset else ():
                    if model in base.models and (group, base, model) not in seen:
                        seen.append((group, base, model))
                        yield effect, Row(group, model, CORRUPTION), Row(base, model, CORRUPTION)


def row_of(
    frames: Frames, published: pd.DataFrame | None, section: Section, effect: str, row: Row, base: Row
) -> dict[str, Any]:
    """A row of the CSV file; `inside` says whether the paper's difference is in the interval of ours."""
    by_seed, without = (accuracies(frames, each) for each in (row, base))
    found = summary((by_seed - without).dropna().to_numpy(float), len(by_seed))
    values = [published_value(published, section, each, QUANTITY) for each in (row, base)]
    paper = float("nan") if None in values else values[0][0] - values[1][0]  # pyright: ignore[reportOptionalSubscript]
    return {
        "effect": effect,
        "model": row.model,
        "corruption": CORRUPTION,
        "panel": row.group.panel,
        "recipe": row.group.recipe,
        "without": base.group.recipe,
        **found.columns("difference"),
        "n": found.n,
        "paper": paper,
        "inside": holds(found.mean, found.interval, paper),
    }


def holds(mean: float, interval: float, value: float) -> str:
    """Whether a value is in the interval around a mean, "" where that cannot be said."""
    away = abs(mean - value)
    return "" if pd.isna(away) or pd.isna(interval) else "yes" if away <= interval else "no"


def accuracies(frames: Frames, row: Row) -> pd.Series:
    """The test accuracies of a row's runs by seed, percent."""
    return without_diverged(frames.of("runs", *row)).set_index("seed")["final_test_accuracy"].astype(float)


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read."""
    if numbers.empty:
        return pd.DataFrame(columns=["effect", "network", "difference", "n"])
    columns = {
        "effect": list(numbers["effect"]),
        "network": [section.labels[model] for model in numbers["model"]],
        **columns_apart(numbers, "difference", "difference"),
        "n": [str(n) for n in numbers["n"]],
    }
    columns["difference"] = [
        cell if n else NOT_RUN for cell, n in zip(columns["difference"], numbers["n"], strict=True)
    ]
    if numbers["paper"].notna().any():
        columns["the paper's"] = [plain(value) for value in numbers["paper"]]
        columns["the paper's in the interval"] = [word or "-" for word in numbers["inside"]]
    found = zip(numbers["difference"], numbers["difference_interval"], strict=True)
    columns["zero in the interval"] = [holds(mean, interval, 0.0) or "-" for mean, interval in found]
    return pd.DataFrame(columns)
