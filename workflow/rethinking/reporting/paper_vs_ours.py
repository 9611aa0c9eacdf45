"""The paper's numbers of tables 1 and 4 and figures 1 and 2b beside ours; at another size, what its figures say."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from rethinking.outcomes.selection import Frames
from rethinking.outcomes.wording import diverged_sentence
from rethinking.reporting.accuracies import plain, seeds_note, with_spread
from rethinking.reporting.claims import claims
from rethinking.reporting.comparison import SUSPECT, Ours, find, ours, verdict
from rethinking.reporting.formats import Table
from rethinking.sections import PanelRuns, Section

ERROR, CORRUPTED = "test_error_at_fit", "test_error_at_fit_corrupted"
NOTHING = Ours(math.nan, math.nan, 0, 0)
DIGITS = {"train_loss": 4, "relative_time": 3, "test_error_at_fit": 4}
NO_TARGET = "no target"
VERDICTS = ("reproduced", "differs", "not run", NO_TARGET)
UNITS = {"train_loss": ", nats", "relative_time": "", "test_error_at_fit": ""}


def table(
    *,
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    evaluations: pd.DataFrame,
    published: pd.DataFrame | None,
    section: Section,
) -> Table:
    """One row a published number, or a row a claim where `published` is None.

    `section` has the groups of the figures and tables that the paper's numbers are of.
    """
    frames = Frames(runs=runs, curves=curves, evaluations=evaluations)
    if published is None:
        return table_of_claims(frames, section)
    rows = [row_of(frames, section, number) for number in published.to_dict("records")]
    numbers = pd.DataFrame(rows)
    notes = [
        *(f"{source.capitalize()}: {counts(part)}." for source, part in numbers.groupby("source", sort=False)),
        tolerance_note(numbers),
        "No target: what is suspect, probably a run that the paper plots twice, and the time on true labels relative to"
        " itself.",
        corrupted_note(numbers),
        seeds_note(section),
        diverged_sentence(runs),
        section.note,
    ]
    title = f"The paper's numbers and ours: {counts(numbers)}"
    parts = shown_rows(numbers)
    places = tuple(tuple(int(place) for place in part.index) for part, _ in parts)
    return Table(title, numbers, pd.DataFrame([shown_together(*part) for part in parts]), notes, places)


def row_of(frames: Frames, section: Section, number: dict[str, Any]) -> dict[str, Any]:
    """A published number beside ours, from the group of runs that has it of most seeds."""
    names = (number["corruption"], number["quantity"], number["step"])
    candidates = [
        (ours(frames, group, model, *names), corrupted(frames, group, model, number), group.recipe)
        for group, model in find(section, (number["section"], number["panel"]), number["model"])
        if number["corruption"] in group.corruptions
    ]
    found, alike, recipe = max(candidates, key=lambda each: (each[0].n, each[0].ran), default=(NOTHING, math.nan, ""))
    tolerance = section.tolerance[number["quantity"]]
    # A curve that ends before the number's step or was not measured at it has no value, and nothing is wrong with that.
    unmeasured = found.n == 0 and not math.isnan(number["step"]) and found.diverged < found.ran
    by_definition = number["quantity"] == "relative_time" and number["corruption"] == "true_labels"
    if number["remark"] == SUSPECT or by_definition:
        judged = NO_TARGET
    else:
        judged = "not run" if unmeasured else verdict(number["value"], number["remark"], found, tolerance)
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
        "remark": "; ".join(
            filter(None, [number["remark"], missing(found, judged, number["step"]), on_corrupted(alike)])
        ),
        "recipe": recipe if found.ran else "",
        "would_take": would_take(section, number) if unmeasured or not found.ran else "",
    }


def corrupted(frames: Frames, group: PanelRuns, model: str, number: Mapping[str, Any]) -> float:
    """What a test error of ours would be on test labels corrupted like the training ones; NaN of other quantities."""
    if number["quantity"] != ERROR or number["corruption"] == "true_labels":
        return math.nan
    return ours(frames, group, model, number["corruption"], CORRUPTED).mean


def on_corrupted(alike: float) -> str:
    """The same as a remark."""
    return "" if math.isnan(alike) else f"{alike:.4f} on test labels corrupted alike"


def tolerance_note(numbers: pd.DataFrame) -> str:
    """By which tolerance the verdicts are, and where it says little: losses that are all next to nothing."""
    words = [
        f"{tolerance:g} ({quantity.replace('_', ' ')}{UNITS.get(quantity, ', percentage points')})"
        for quantity, tolerance in numbers[["quantity", "tolerance"]].drop_duplicates().to_numpy()
    ]
    losses = numbers[numbers["quantity"] == "train_loss"]
    small = int((losses["paper"] <= losses["tolerance"]).sum())
    return (
        f"Reproduced: the mean over seeds is at most {', '.join(words)} from the paper's number. Accuracies are in"
        " percent, losses in nats, errors fractions, relative times ratios."
        f" {small} of the {len(losses)} losses are not above the tolerance themselves: the early ones tell more."
    )


def corrupted_note(numbers: pd.DataFrame) -> str:
    """How near the paper's test errors are to ours on test labels corrupted alike, and to ours.

    Labels that are all random say nothing: on such test labels every network is at chance.
    """
    telling = ~numbers["corruption"].isin(["random_labels-1.0"]) & (numbers["verdict"] != NO_TARGET)
    rows = numbers[telling].dropna(subset=["on_corrupted_labels"])
    if rows.empty:
        return ""
    within = ((rows["on_corrupted_labels"] - rows["paper"]).abs() <= rows["tolerance"]).sum()
    clean = (rows["verdict"] == VERDICTS[0]).sum()
    return (
        "Test errors of networks trained on partly random labels: ours are of clean test labels, and"
        f" {clean} of {len(rows)} are within the tolerance of the paper's; on test labels corrupted alike, as the"
        f" authors' published code has them, {within} would be (docs/deviations.md)."
    )


def missing(found: Ours, judged: str, step: float) -> str:
    """What to say of runs that have no such value."""
    if judged == "not run":
        return ""
    lacking = found.ran - found.n - found.diverged
    counts = [(lacking, "did not fit" if math.isnan(step) else "were not measured there"), (found.diverged, "diverged")]
    return "; ".join(f"{count} of {found.ran} of our runs {what}" for count, what in counts if count)


def would_take(section: Section, number: Mapping[str, Any]) -> str:
    """The command that makes a missing number, and its cost."""
    needed = [number["corruption"], *(["true_labels"] if number["quantity"] == "relative_time" else [])]
    there = {
        run.corruption: run
        for run in section.would_take
        if (run.section, run.panel, run.model) == (number["section"], number["panel"], number["model"])
    }
    runs = [there[corruption] for corruption in dict.fromkeys(needed) if corruption in there]
    if not there.keys() >= set(needed):
        return "runs that no configuration here has"
    targets = " ".join(f"results/runs/{run.folder}/seed0/run.json" for run in runs)
    epochs, images = sum(run.epochs for run in runs), runs[0].num_train
    return (
        f"snakemake --cores all --configfile {runs[0].configfile} -- {targets}: {epochs} epochs of {images:,}"
        " images a seed"
    )


def counts(numbers: pd.DataFrame) -> str:
    """How many of them were reproduced."""
    found = numbers["verdict"].value_counts()
    return ", ".join(f"{found.get(name, 0)} {name}" for name in VERDICTS)


def shown_rows(numbers: pd.DataFrame) -> list[tuple[pd.DataFrame, int]]:
    """What stands in a row as it is read, and of how many points; those of a curve that were not run share one."""
    curve = numbers[["source", "panel", "model", "corruption", "quantity"]].agg("/".join, axis=1)
    together = (numbers["verdict"] == "not run") & numbers["step"].notna()
    parts = numbers.groupby(curve.where(together, numbers.index.astype(str)), sort=False)
    points = curve.value_counts()
    return [(part, points[curve[part.index[0]]]) for _, part in parts]


def shown_together(part: pd.DataFrame, points: int) -> dict[str, str]:
    """One row of one number, or of several of a curve's `points`, those that were not run."""
    row, last = part.iloc[0], part.iloc[-1]
    places = DIGITS.get(row["quantity"], 2)
    steps = f"steps {row['step']:.0f} to {last['step']:.0f}" if len(part) > 1 else f"step {row['step']:.0f}"
    names = [row["model"], row["panel"].replace("_", " "), row["corruption"]]
    return {
        "where": f"{row['source']}, p. {row['page']}",
        "of": ", ".join([*names, *([] if math.isnan(row["step"]) else [steps])]),
        "quantity": row["quantity"].replace("_", " "),
        "paper": f"{len(part)} of {points} points" if len(part) > 1 else plain(row["paper"], places),
        "ours": with_spread(row["ours"], row["sd"], places),
        "n": str(row["n"]),
        "verdict": row["verdict"],
        "remark": row["remark"] or row["would_take"],
    }


def table_of_claims(frames: Frames, section: Section) -> Table:
    """The claims of the paper's figures, asked of data of another size."""
    columns = ["source", "claim", "found", "n", "verdict"]
    numbers = pd.DataFrame(claims(frames, section), columns=columns)
    found = numbers["verdict"].value_counts()
    title = f"What the paper shows, on {section.dataset_label}: " + ", ".join(
        f"{found.get(name, 0)} {name}" for name in ("holds", "fails", "not run")
    )
    notes = [
        "The paper's numbers are of all of CIFAR-10, so what is asked here is what they say without their values.",
        f"Rising: no mean is below that of the level before by more than {section.tolerance['relative_time']:g}"
        f" (time to fit, relative) or {section.tolerance['test_error_at_fit']:g} (test error).",
        seeds_note(section),
    ]
    return Table(title, numbers, numbers.astype(str), notes)
