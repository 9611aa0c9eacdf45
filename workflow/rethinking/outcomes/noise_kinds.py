"""Kinds of label noise beside one another, at the share of labels that each really changed."""

import pandas as pd

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.early_learning import share_of_wrong
from rethinking.outcomes.selection import rows_of_network
from rethinking.sections import Section

KINDS = {
    "people": "people's mistakes",
    "class_noise": "drawn class by class",
    "uniform": "drawn evenly",
}


def by_kind(runs: pd.DataFrame, learned: pd.DataFrame, section: Section) -> pd.DataFrame:
    """A row a run of each kind that the section has: that of runs.csv, its `kind` and the `share` of wrong labels.

    Runs on true labels stand in every kind that lists them.
    """
    shares = share_of_wrong(learned).rename("share").reset_index()
    tables = [
        rows_of_network(runs, group, model).assign(kind=kind)
        for kind in KINDS
        for group, model in section.networks(kind)
    ]
    return pd.concat(tables, ignore_index=True).merge(shares, on=RUN)
