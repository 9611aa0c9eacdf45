"""What the runs of a page took: hours, machine, versions, days."""

import pandas as pd

COLUMNS = ["machine", "precision", "torch", "Python", "runs", "hours", "first day", "last day"]


def machines(runs: pd.DataFrame) -> pd.DataFrame:
    """A row a machine and its versions: how many runs, of how many hours of one core or GPU together, on which days."""
    groups = runs.groupby(["device", "precision", "torch", "python"], sort=False)
    rows = [
        [*names, str(len(part)), f"{part['seconds'].sum() / 3600:.1f}", part["date"].min(), part["date"].max()]
        for names, part in groups
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def hours(runs: pd.DataFrame) -> str:
    """All of them together: each run has one core, or one GPU."""
    kinds = {"core": ~runs["device"].str.startswith("cuda"), "GPU": runs["device"].str.startswith("cuda")}
    spent = {kind: runs.loc[which, "seconds"].sum() / 3600 for kind, which in kinds.items() if which.any()}
    return " and ".join(f"{number:.1f} hours of a {kind}" for kind, number in spent.items())
