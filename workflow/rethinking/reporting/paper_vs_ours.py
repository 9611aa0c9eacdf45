"""Every number that the paper reports of CIFAR-10 beside ours; at another size, what its figures say without them."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rethinking.reporting.accuracies import plain, seeds_note, with_spread
from rethinking.reporting.comparison import Frames, Ours, find, ours, verdict
from rethinking.reporting.formats import Table
from rethinking.reporting.signs import signs

ERROR, CORRUPTED = "test_error_at_fit", "test_error_at_fit_corrupted"
NOTHING = Ours(math.nan, math.nan, 0, 0)
DIGITS = {"online_loss": 4, "relative_time": 3, "test_error_at_fit": 4}
VERDICTS = ("reproduced", "differs", "not run")


def table(
    *,
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    evaluations: pd.DataFrame,
    published: pd.DataFrame | None,
    section: dict[str, Any],
) -> Table:
    """One row a published number, or a row a claim where `published` is None.

    `section` is the table's slice of the resolved configuration, its panels those of every figure and table.
    """
    frames = Frames(runs=runs, curves=curves, evaluations=evaluations)
    if published is None:
        return table_of_signs(frames, section)
    rows = [row_of(frames, section, number) for number in published.to_dict("records")]
    numbers = pd.DataFrame(rows)
    notes = [
        *(f"{source.capitalize()}: {counts(part)}." for source, part in numbers.groupby("source", sort=False)),
        "Reproduced: the mean over seeds is within the tolerance of the paper's number. Accuracies in percent, losses"
        " in nats, errors as fractions, relative times as ratios.",
        "Suspect numbers are probably a run that the paper plots twice; they are no targets.",
        corrupted_note(numbers),
        seeds_note(section),
        section["recipe_note"],
    ]
    title = f"The paper's numbers and ours: {counts(numbers)}"
    return Table(title, numbers, shown(numbers), notes)


def row_of(frames: Frames, section: Mapping[str, Any], number: dict[str, Any]) -> dict[str, Any]:
    """A published number beside ours, from the group of runs that has it of most seeds."""
    names = (number["corruption"], number["quantity"], number["step"])
    candidates = [
        (ours(frames, group, model, *names), corrupted(frames, group, model, number), group["recipe"])
        for group, model in find(section, number["panel"], number["model"])
        if number["corruption"] in group["corruptions"]
    ]
    found, alike, recipe = max(candidates, key=lambda each: (each[0].n, each[0].ran), default=(NOTHING, math.nan, ""))
    # A curve that ends before the number's step has no value there, and nothing is wrong with that.
    ended = found.n == 0 and not math.isnan(number["step"])
    tolerance = section["tolerance"][number["quantity"]]
    judged = "not run" if ended else verdict(number["value"], number["remark"], found, tolerance)
    return {
        **{key: number[key] for key in ("source", "page", "panel", "model", "corruption", "quantity", "step")},
        "paper": number["value"],
        "ours": found.mean,
        "sd": found.sd,
        "n": found.n,
        "difference": found.mean - number["value"],
        "on_corrupted_labels": alike,
        "tolerance": tolerance,
        "verdict": judged,
        "remark": "; ".join(filter(None, [number["remark"], unfit(found, judged), on_corrupted(alike)])),
        "recipe": recipe,
        "would_take": would_take(section, number) if judged == "not run" else "",
    }


def corrupted(frames: Frames, group: Mapping[str, Any], model: str, number: Mapping[str, Any]) -> float:
    """What a test error of ours would be on test labels corrupted like the training ones; NaN of other quantities."""
    if number["quantity"] != ERROR or number["corruption"] == "true_labels":
        return math.nan
    return ours(frames, group, model, number["corruption"], CORRUPTED).mean


def on_corrupted(alike: float) -> str:
    """The same as a remark."""
    return "" if math.isnan(alike) else f"{alike:.4f} on test labels corrupted alike"


def corrupted_note(numbers: pd.DataFrame) -> str:
    """How near the paper's test errors are to ours on test labels corrupted alike, and to ours."""
    rows = numbers.dropna(subset=["on_corrupted_labels"])
    if rows.empty:
        return ""
    within = ((rows["on_corrupted_labels"] - rows["paper"]).abs() <= rows["tolerance"]).sum()
    clean = (rows["verdict"] == VERDICTS[0]).sum()
    return (
        "Test errors of networks trained on corrupted labels: ours are of clean test labels, and"
        f" {clean} of {len(rows)} are within the tolerance of the paper's; on test labels corrupted alike, as the"
        f" authors' published code has them, {within} would be (docs/deviations.md)."
    )


def unfit(found: Ours, judged: str) -> str:
    """What to say of runs that have no such value."""
    if judged == "not run" or found.n == found.ran:
        return ""
    return f"{found.ran - found.n} of {found.ran} of our runs did not fit"


def would_take(section: Mapping[str, Any], number: Mapping[str, Any]) -> str:
    """The target that makes a missing number, and its cost."""
    for run in section["would_take"]:
        if all(run[key] == number[key] for key in ("panel", "model", "corruption")):
            return (
                f"--configfile {run['configfile']} -- results/runs/{run['folder']}/seed0/run.json:"
                f" {run['epochs']} epochs of {run['num_train']:,} images a seed"
            )
    return "runs that no configuration here has"


def counts(numbers: pd.DataFrame) -> str:
    """How many of them were reproduced."""
    found = numbers["verdict"].value_counts()
    return ", ".join(f"{found.get(name, 0)} {name}" for name in VERDICTS)


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """The rows as they are read."""
    digits = [DIGITS.get(quantity, 2) for quantity in numbers["quantity"]]
    columns = {
        "where": [f"{source}, p. {page}" for source, page in zip(numbers["source"], numbers["page"], strict=True)],
        "of": [
            f"{model}, {panel.replace('_', ' ')}, {corruption}{'' if math.isnan(step) else f', step {step:.0f}'}"
            for panel, model, corruption, step in numbers[["panel", "model", "corruption", "step"]].to_numpy()
        ],
        "quantity": [quantity.replace("_", " ") for quantity in numbers["quantity"]],
        "paper": [plain(value, places) for value, places in zip(numbers["paper"], digits, strict=True)],
        "ours": [
            with_spread(mean, sd, places)
            for mean, sd, places in zip(numbers["ours"], numbers["sd"], digits, strict=True)
        ],
        "n": [str(n) for n in numbers["n"]],
        "verdict": list(numbers["verdict"]),
        "remark": [remark or more for remark, more in zip(numbers["remark"], numbers["would_take"], strict=True)],
    }
    return pd.DataFrame(columns)


def table_of_signs(frames: Frames, section: dict[str, Any]) -> Table:
    """The claims of the paper's figures, asked of data of another size."""
    columns = ["source", "claim", "found", "n", "verdict"]
    numbers = pd.DataFrame(signs(frames, section), columns=columns)
    found = numbers["verdict"].value_counts()
    title = f"What the paper shows, on {section['dataset_label']}: " + ", ".join(
        f"{found.get(name, 0)} {name}" for name in ("holds", "fails", "not run")
    )
    notes = [
        "The paper's numbers are of all of CIFAR-10, so what is asked here is what they say without their values.",
        f"Rising: no mean is below that of the level before by more than {section['tolerance']['relative_time']:g}"
        f" (time to fit, relative) or {section['tolerance']['test_error_at_fit']:g} (test error).",
        seeds_note(section),
    ]
    return Table(title, numbers, numbers.astype(str), notes)
