"""What a ledger's curves come to, a number a run: who is learned first, and what stopping early would give.

The curves are of Arpit et al. 2017 and Liu et al. 2020: what examples share is learnt before wrong labels are.
"""

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from rethinking.outcomes.columns import RUN

HALF = 50.0  # percent of labels, by when they are learnt two groups of examples are compared


def share_of_wrong(learned: pd.DataFrame) -> pd.Series:
    """The fraction of wrong labels of each run, by its five names."""
    last = learned.groupby([*RUN, "Part"])["Examples"].last().unstack(fill_value=0)
    return last.reindex(columns=["corrupted"], fill_value=0)["corrupted"] / last.sum(axis=1)


def early_learning(runs: pd.DataFrame, curves: pd.DataFrame, learned: pd.DataFrame) -> pd.DataFrame:
    """A row a run of `runs`: its five names and what `of_run` finds; NaN where there is nothing to be found."""
    return pd.DataFrame(_rows(runs, curves, learned), columns=[*RUN, *of_run(runs.iloc[:0], curves, learned)])


def _rows(runs: pd.DataFrame, curves: pd.DataFrame, learned: pd.DataFrame) -> Iterator[dict[str, Any]]:
    of_ledger, of_test = (dict(list(frame.groupby(RUN))) for frame in (learned, curves))
    for place, name in enumerate(runs[RUN].itertuples(index=False, name=None)):
        found = of_run(runs.iloc[[place]], of_test[name], of_ledger[name])
        yield dict(zip(RUN, name, strict=True)) | found


def of_run(run: pd.DataFrame, curve: pd.DataFrame, ledger: pd.DataFrame) -> dict[str, float]:
    """Of one run, by its row of runs.csv, its rows of curves.csv and of learned.csv.

    `share` of labels that are wrong (fraction); epochs at which half of each part's given labels are right; where the
    corrupted examples are most often right on their true labels, and what of both labels is right then and at the end;
    test accuracy where it is best, where validation has chosen, at the end, and how much the first two are above that
    (percent, percentage points).
    """
    right, wrong = (ledger[ledger["Part"] == part].sort_values("Epoch") for part in ("uncorrupted", "corrupted"))
    peak = wrong.iloc[_where_best(wrong["TrueAccuracy"])]
    test = curve.sort_values("Epoch")
    best = test.iloc[_where_best(test["TestAccuracy"])]
    last, chosen = _last(test, "TestAccuracy"), _last(run, "test_accuracy_at_best")
    return {
        "share": float(share_of_wrong(ledger).mean()),
        "uncorrupted_half": _first(right, "GivenAccuracy"),
        "corrupted_half": _first(wrong, "GivenAccuracy"),
        "true_peak_epoch": _last(peak, "Epoch"),
        "true_peak": _last(peak, "TrueAccuracy"),
        "given_at_peak": _last(peak, "GivenAccuracy"),
        "true_final": _last(wrong, "TrueAccuracy"),
        "given_final": _last(wrong, "GivenAccuracy"),
        "uncorrupted_final": _last(right, "GivenAccuracy"),
        "test_best_epoch": _last(best, "Epoch"),
        "test_best": _last(best, "TestAccuracy"),
        "test_chosen": chosen,
        "test_final": last,
        "gain_best": _last(best, "TestAccuracy") - last,
        "gain_chosen": chosen - last,
    }


def _where_best(values: pd.Series) -> list[int]:
    """The place of the first of the largest values; none of none."""
    return [] if values.isna().all() else [int(values.argmax())]


def _first(rows: pd.DataFrame, column: str) -> float:
    """The first epoch at which a column has reached `HALF`."""
    reached = rows[rows[column] >= HALF]
    return float(reached["Epoch"].iloc[0]) if len(reached) else math.nan


def _last(rows: pd.DataFrame, column: str) -> float:
    return float(rows[column].iloc[-1]) if len(rows) else math.nan
