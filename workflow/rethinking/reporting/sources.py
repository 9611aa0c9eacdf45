"""What other sources print of their own runs (config/paper/sources.yaml), beside ours.

Theirs are single runs on other splits, so no number is judged; of another size than theirs ours are shown and marked.
Which of our runs stand beside a number is decided by their size alone, never by what came of them.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rethinking.models.registry import MODELS
from rethinking.outcomes.printed import ALIKE, of_its_size
from rethinking.outcomes.selection import Frames
from rethinking.outcomes.wording import setting_label, when_fitted
from rethinking.registry import REGRESSION
from rethinking.reporting.accuracies import columns_apart, plain, seeds_note, with_difference
from rethinking.reporting.comparison import OF_A_STEP, Ours, summary
from rethinking.reporting.formats import Table
from rethinking.sections import PanelRuns, Section

COLUMNS = {
    **OF_A_STEP,
    "validation_accuracy": ("evaluations", "ValidationAccuracy"),
    "validation_loss": ("evaluations", "ValidationLoss"),
    "test_loss": ("evaluations", "TestLoss"),
    "epoch": ("evaluations", "Epoch"),
    "seconds": ("evaluations", "Seconds"),
}
THEIRS, OTHER, NOT_RUN = "the source's", "another", "not run"
DIGITS = {"parameters": 0, "epoch": 0, "seconds": 1}
DIGITS |= dict.fromkeys(("online_loss", "train_loss", "validation_loss", "test_loss"), 3)
SQUARED = ", of a regression mean squared errors"
VARIANT = "a variant of the network"


@dataclass(frozen=True)
class Candidate:
    """Runs of ours beside a number of a source: what they have of it, and their data, size and folder.

    `related`: whether the data are the source's or a part of these.
    """

    found: Ours
    dataset: str
    images: int
    whole: bool
    theirs: bool
    run: str
    related: bool = False


NOTHING = Candidate(Ours(math.nan, math.nan, 0, 0), "", 0, whole=True, theirs=False, run="")


def table(
    *,
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    evaluations: pd.DataFrame,
    published: pd.DataFrame,
    section: Section,
) -> Table:
    """One row a number of each source that shares a network with the configuration; `section` is the table's.

    Those of a class, of a step and of weights are shown elsewhere.
    """
    frames = Frames(runs=runs, curves=curves, evaluations=evaluations)
    published = in_common(of_whole_runs(published), set(section.factories.values()))
    rows = [row_of(frames, section, result) for result in published.to_dict("records")]
    numbers = pd.DataFrame(rows)
    if not numbers["recipe"].any():
        numbers = numbers.drop(columns="recipe")
    count = numbers["size"].value_counts()
    seconds, fit = (numbers["quantity"] == "seconds").any(), (numbers["at"] == "fit").any()
    of_numbers = any(MODELS[network].task == REGRESSION for network in numbers["network"])
    notes = [
        *(f"{title}{f': {address}' if address else ''}" for title, address in sources(published)),
        f"Size: {THEIRS} where the network is whole and the training set is of the same data and as large as theirs to"
        f" {100 * ALIKE:.0f} %; differences are given there alone, and nothing is judged: theirs is one run each.",
        f"Accuracies in percent, losses in nats{SQUARED if of_numbers else ''}.",
        "Seconds are of other machines than ours, so they get no difference." if seconds else "",
        fit_note(section) if fit else "",
        seeds_note(section),
        section.note,
    ]
    title = ", ".join(f"{count.get(size, 0)} {words}" for size, words in IN_TITLE.items())
    return Table(f"Other sources' numbers and ours: {title}", numbers, shown(numbers, section), notes)


IN_TITLE = {THEIRS: "at their size", OTHER: "at another", NOT_RUN: NOT_RUN}


def fit_note(section: Section) -> str:
    """What a fit is, of ours and of theirs."""
    criterion = when_fitted(section.fit_criterion)
    return f"The fit of ours is where {criterion}, in evaluation mode on the whole set; theirs is by running ones."


def of_whole_runs(published: pd.DataFrame) -> pd.DataFrame:
    """The numbers that are of no single class or step, and not of the weights."""
    of_weights = published["quantity"] == "frobenius_norm"
    return published[(published[["class", "step"]] == "").all(axis=1) & ~of_weights]


def in_common(published: pd.DataFrame, networks: set[str]) -> pd.DataFrame:
    """The numbers of the sources that have one of `networks`, all of each; of every source where none has."""
    shared = published.groupby("source")["network"].transform(lambda names: names.isin(networks).any())
    return published[shared] if shared.any() else published


def sources(published: pd.DataFrame) -> Iterator[tuple[str, str | None]]:
    """Title and address of each source."""
    yield from published[["title", "address"]].drop_duplicates().itertuples(index=False, name=None)


def row_of(frames: Frames, section: Section, result: Mapping[str, Any]) -> dict[str, Any]:
    """A number beside ours: from runs of the source's size, else of its data and the nearest, from the most runs."""
    chosen = max(
        candidates(frames, section, result),
        key=lambda each: (each.theirs, each.related, -abs(each.images - result["images"]), each.found.ran),
        default=NOTHING,
    )
    found = chosen.found
    never = found.ran - found.n if result["at"] == "fit" else 0
    comparable = chosen.theirs and result["quantity"] != "seconds"
    return {
        **{
            key: result.get(key, "")
            for key in ("source", "network", "corruption", "recipe", "quantity", "at", "value", "says", "really")
        },
        **found.columns("ours"),
        "n": found.n,
        "not_reached": never,
        "difference": found.mean - result["value"] if comparable else math.nan,
        "size": NOT_RUN if chosen is NOTHING else THEIRS if chosen.theirs else OTHER,
        "dataset": chosen.dataset,
        "images": chosen.images or math.nan,
        "whole": chosen.whole,
        "run": chosen.run,
    }


def candidates(frames: Frames, section: Section, result: Mapping[str, Any]) -> Iterator[Candidate]:
    """Each group of runs of the network and corruption that has the quantity."""
    for group in section.groups:
        if result.get("recipe", "") not in ("", group.recipe):
            continue
        for model in group.models:
            if section.factories[model] != result["network"]:
                continue
            for corruption in group.corruptions:
                if result["corruption"] not in ("", corruption):
                    continue
                runs = frames.of("runs", group, model, corruption)
                if (found := measured(frames, section, group, model, corruption, result)) is None:
                    continue
                whole = section.published_as[model] == result["network"]
                images, dataset = int(runs["num_train"].iloc[0]), group.dataset
                theirs = of_its_size(section, group, model, images, result)
                run = f"{dataset}/{model}/{corruption}/{group.recipe}"
                related = result["dataset"] in section.lineages[dataset]
                yield Candidate(found, dataset, images, whole, theirs, run, related)


def measured(
    frames: Frames,
    section: Section,
    group: PanelRuns,
    model: str,
    corruption: str,
    result: Mapping[str, Any],
) -> Ours | None:
    """A quantity of a group's runs where the result has it; None where no run has it and it is not a fit's."""
    runs = frames.of("runs", group, model, corruption)
    if result["quantity"] == "parameters":
        values = runs["num_parameters"].astype(float).tolist()
    else:
        frame, column = COLUMNS[result["quantity"]]
        parts = {name: frames.of(name, group, model, corruption) for name in ("evaluations", frame)}
        steps = {
            run["seed"]: step_of(run, parts["evaluations"], result["at"], section.fit_criterion)
            for run in runs.to_dict("records")
        }
        values = [value_at(parts[frame], column, seed, step) for seed, step in steps.items()]
    found = summary(values, len(runs))
    return found if found.n or (found.ran and result["at"] == "fit") else None


def step_of(run: Mapping[str, Any], evaluations: pd.DataFrame, at: Any, criterion: str) -> float:
    """The step of a run at which a result stands: at an epoch, its best by validation, its fit or its end."""
    if at == "fit":
        return run[f"{criterion}_step"]
    rows = evaluations[evaluations["seed"] == run["seed"]]
    if at == "best":
        measured = rows.dropna(subset=["ValidationAccuracy"]) if "ValidationAccuracy" in rows else rows.iloc[:0]
        return measured.loc[measured["ValidationAccuracy"].idxmax(), "Step"] if len(measured) else math.nan
    return rows["Step"].max() if at == "end" else rows[rows["Epoch"] == at]["Step"].max()


def value_at(rows: pd.DataFrame, column: str, seed: int, step: float) -> float:
    """A run's value at a step; NaN where it was not measured."""
    found = rows[(rows["seed"] == seed) & (rows["Step"] == step)]
    return float(found[column].iloc[0]) if len(found) and column in found else math.nan


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read."""
    digits = [decimals(row["quantity"], row["value"]) for row in numbers.to_dict("records")]
    ours = columns_apart(numbers, "ours", "ours", digits)
    never = (numbers["not_reached"] > 0) & (numbers["n"] == 0)
    ours["ours"] = ["not reached" if not_met else mean for not_met, mean in zip(never, ours["ours"], strict=True)]
    theirs = zip(numbers["value"], numbers["difference"], digits, strict=True)
    columns = {
        "source": list(numbers["source"]),
        "of": [
            ", ".join(filter(None, (network, corruption and setting_label(corruption), recipe)))
            for network, corruption, recipe in zip(
                numbers["network"], numbers["corruption"], numbers.get("recipe", [""] * len(numbers)), strict=True
            )
        ],
        "quantity": [
            f"{quantity.replace('_', ' ')}{in_words(at)}"
            for quantity, at in zip(numbers["quantity"], numbers["at"], strict=True)
        ],
        "theirs (difference)": ["never reached" if math.isnan(row[0]) else with_difference(*row) for row in theirs],
        **ours,
        "n": [plain(n, 0) for n in numbers["n"]],
        "our data": [section.dataset_labels[name] if name else "-" for name in numbers["dataset"]],
        "size": [size_of(row) for row in numbers.to_dict("records")],
        "what theirs is": [
            "; ".join(filter(None, both)) for both in zip(numbers["says"], numbers["really"], strict=True)
        ],
    }
    return pd.DataFrame(columns)


def decimals(quantity: str, value: float) -> int:
    """How many decimals of a quantity are shown: more of a number that would be none."""
    places = DIGITS.get(quantity, 2)
    return max(places, 1 + math.ceil(-math.log10(value))) if 0 < value < 10**-places else places


def size_of(row: Mapping[str, Any]) -> str:
    """The size of our runs beside the source's."""
    if row["size"] != OTHER:
        return row["size"]
    return f"{row['images']:,.0f} images{'' if row['whole'] else f', {VARIANT}'}"


def in_words(at: Any) -> str:
    """Where a number stands, after its quantity."""
    return {"": "", "best": ", best by validation", "fit": ", at the fit", "end": ", at the end"}.get(
        at, f", epoch {at}"
    )
