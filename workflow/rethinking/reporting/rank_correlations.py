"""Rank correlations of measures of complexity with test error (Jiang et al. 2020), within levels of label noise."""

import pandas as pd

from rethinking.outcomes.complexity import COMPETITORS, MEASURES, left_out_sentence, measured, networks_of
from rethinking.outcomes.complexity_ranks import ALL, EQUAL, GRANULATED, LEVEL, NETWORK, RECIPE, WITHIN, correlations
from rethinking.outcomes.selection import runs_of_panel
from rethinking.outcomes.wording import (
    capitalised,
    diverged_sentence,
    images_of,
    seeds_sentence,
    setting_label,
    when_fitted,
)
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import with_interval
from rethinking.sections import Section

KINDS = {
    WITHIN: "within levels",
    EQUAL: "equal networks",
    NETWORK: "networks alone",
    RECIPE: "recipes alone",
    GRANULATED: "mean of these two",
    LEVEL: "levels alone",
    ALL: "all pairs",
}


def table(*, runs: pd.DataFrame, complexity: pd.DataFrame, section: Section) -> Table:
    """One row a registered network and measure; the CSV file has one for each kind of pairs."""
    numbers = correlations(measured(runs, complexity, section))
    panel = runs_of_panel(runs, section, "levels")
    notes = [
        f"{capitalised(images_of(section.dataset_label, int(panel['num_train'].iloc[0])))}: {networks(section)}. Every"
        f" run ends when {when_fitted(section.fit_criterion)}.",
        "Kendall's τ (τ-b) of a measure with the error on clean test labels, over pairs of runs: of one level (in each,"
        " and in all of them together), and of these of equal networks; of those that differ in the network or in the"
        " recipe alone, as in the granulated τ of Jiang et al. (2020); that differ in the level alone; and over all."
        " The level itself has no rank within a level, and stands for what a measure over levels must be better than.",
        "Pairs of equal values are left out of one factor of τ-b's denominator: where networks are equal, the number of"
        " parameters gains by that beside measures that have none.",
        seeds_sentence(section.seeds, "{count} seeds; in brackets: 95 % intervals by bootstrap over seeds."),
        left_out_sentence(panel),
        diverged_sentence(panel),
        section.note,
    ]
    return Table("Measures of complexity and test error", numbers, shown(numbers, section), notes)


def networks(section: Section) -> str:
    """All networks, each with its recipe where there are several."""
    return "; ".join(section.label(group, model) for group, model in section.networks("levels"))


def shown(numbers: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The rows as they are read: a column a kind of pairs."""
    corruptions = {name: setting_label(name) for name in section.corruptions("levels")}
    kinds = KINDS | corruptions
    keys = zip(numbers["factory"], numbers["measure"], numbers["over"], strict=True)
    ends = zip(numbers["tau"], numbers["tau_low"], numbers["tau_high"], strict=True)
    words = {key: with_interval(*each, 2) for key, each in zip(keys, ends, strict=True)}
    rows = list(dict.fromkeys(zip(numbers["factory"], numbers["measure"], strict=True)))
    columns = {
        "networks": [networks_of(section, factory) for factory, _ in rows],
        "measure": [{**MEASURES, **COMPETITORS}[measure] for _, measure in rows],
    }
    for kind, name in kinds.items():
        columns[name] = [words.get((*row, kind), "-") for row in rows]
    return pd.DataFrame(columns)
