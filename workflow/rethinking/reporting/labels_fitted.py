"""How many random labels fit, in numbers: a row a network and data set, and a row a network."""

from typing import Any

import pandas as pd

from rethinking.outcomes.capacity import (
    CELL,
    SIZES,
    an_output_each,
    beyond_guessing,
    num_inputs,
    of_theorem,
    rows_of_panel,
    steps_allowed,
)
from rethinking.outcomes.selection import without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence, when_fitted
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import cells, columns_of, seeds_notes
from rethinking.sections import Section


def by_size(*, runs: pd.DataFrame, section: Section) -> Table:
    """One row a network and data set: accuracy on random labels after the same steps, runs that fitted, their steps."""
    rows = rows_of_panel(runs, section, SIZES)
    numbers = pd.DataFrame(
        [
            {"model": model, "dataset": dataset, **_cell(part)}
            for (model, dataset), part in rows.groupby(CELL, sort=False)
        ]
    )
    shown = pd.DataFrame({
        "network": [section.labels[model] for model in numbers["model"]],
        "parameters": [f"{each:,}" for each in numbers["num_parameters"]],
        "images": [f"{each:,}" for each in numbers["num_train"]],
        "parameters an image": [f"{each:.3g}" for each in numbers["num_parameters"] / numbers["num_train"]],
        "training accuracy (%)": cells(numbers, "accuracy"),
        "fitted": [f"{fitted} of {ran}" for fitted, ran in zip(numbers["fitted"], numbers["runs"], strict=True)],
        "steps to fit": cells(numbers, "steps", 0),
    })  # fmt: skip
    return Table("Random labels fitted, by size", numbers, shown, _notes(rows, section))


def _cell(rows: pd.DataFrame) -> dict[str, Any]:
    """What a row of the CSV file has of one network's runs on one data set."""
    values: dict[str, Any] = {name: int(rows[name].iloc[0]) for name in ("num_parameters", "num_train")}
    values |= {"runs": len(rows), "fitted": int(rows["fitted"].sum())}
    values |= columns_of("accuracy", without_diverged(rows)["final_train_accuracy"].to_numpy(float))
    return values | columns_of("steps", rows["steps"].dropna().to_numpy(float))


def of_networks(*, runs: pd.DataFrame, architectures: pd.DataFrame, section: Section) -> Table:
    """One row a network: the largest data set that it fits, and how many labels it knows beyond guessing."""
    rows, inputs = rows_of_panel(runs, section, SIZES), num_inputs(architectures)
    rates = {model: section.settings[group.recipe][model] for group, model in section.networks(SIZES)}
    numbers = pd.DataFrame(
        [
            {"model": model, "learning_rate": rates[model]["learning_rate"], **_network(part, inputs)}
            for model, part in rows.groupby("model", sort=False)
        ]
    )
    shown = pd.DataFrame({
        "network": [section.labels[model] for model in numbers["model"]],
        "parameters p": [f"{each:,}" for each in numbers["num_parameters"]],
        "rate": [f"{each:g}" for each in numbers["learning_rate"]],
        "most images that every seed fitted": _sizes(numbers["every_seed"]),
        "that some seed fitted": _sizes(numbers["some_seed"]),
        "labels known beyond guessing": cells(numbers, "beyond_guessing", 0),
        "parameters per label known": cells(numbers, "parameters_a_label", 1),
        f"p / {rows['num_classes'].iloc[0]}": [f"{each:,.0f}" for each in numbers["an_output_each"]],
        "(p - d) / 2": [f"{each:,.0f}" for each in numbers["theorem"]],
    })  # fmt: skip
    notes = [
        *_notes(rows, section),
        "Labels known beyond guessing: n (a - 1/k) / (1 - 1/k) at accuracy a on n images of k classes, the most over"
        " the data sets, seed by seed. Theorem 1's network of p parameters holds (p - d) / 2 points,"
        f" d = {inputs:,}: another network, whose weights are computed.",
    ]
    return Table("Random labels fitted, by network", numbers, shown, notes)


def _network(rows: pd.DataFrame, inputs: int) -> dict[str, Any]:
    """What a row of the CSV file has of one network's runs on all data sets."""
    parameters = int(rows["num_parameters"].iloc[0])
    by_images = rows.groupby("num_train")["fitted"]
    known = without_diverged(rows).assign(known=beyond_guessing(rows)).groupby("seed")["known"].max().to_numpy(float)
    return {
        "num_parameters": parameters,
        "every_seed": _largest(by_images.all()),
        "some_seed": _largest(by_images.any()),
        **columns_of("beyond_guessing", known),
        **columns_of("parameters_a_label", parameters / known[known > 0]),
        "an_output_each": float(an_output_each(parameters, int(rows["num_classes"].iloc[0]))),
        "theorem": float(of_theorem(parameters, inputs)),
    }


def _largest(fitted: pd.Series) -> int:
    """The most images that were fitted, 0 where none were."""
    return int(max(fitted.index[fitted], default=0))


def _sizes(numbers: pd.Series) -> list[str]:
    return [f"{each:,}" if each else "none" for each in numbers]


def _notes(rows: pd.DataFrame, section: Section) -> list[str]:
    return [
        f"{capitalised(section.dataset_label)}, random labels, at most {steps_allowed(section, SIZES):,} steps a run."
        f" Fitted: {when_fitted(section.fit_criterion)}, where a run ends. Accuracies are of the training set, in"
        " evaluation mode.",
        *seeds_notes(section),
        diverged_sentence(rows),
        section.note,
    ]
