"""What trainings asked of a cluster, beside what they used by Snakemake's benchmark files: `status --resources`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from rethinking import paths, resources
from rethinking.config import Configuration
from rethinking.files import read_csv
from rethinking.run import RunConfig

COLUMNS = {"s": "seconds", "max_rss": "megabytes"}  # of a benchmark file, whose empty cells are "-" or "NA"
NONE = "no training of this configuration has left its benchmark file yet: those that rules call do"


class Used(NamedTuple):
    """What one training used: megabytes at most, NaN of one too short to be looked at, and minutes."""

    megabytes: float
    minutes: float


def used(run: RunConfig) -> Used | None:
    """What a run's last job used, which may have gone on from a saved state; None where nothing says so.

    Raises ValueError naming a file that is torn or no benchmark of Snakemake's.
    """
    file = Path(paths.benchmark_file(run))
    if not file.exists():
        return None
    rows = read_csv(file, sep="\t", na_values=["-", "NA"])
    if len(rows) != 1 or not set(COLUMNS) <= set(rows):
        raise ValueError(f"{file}: is no benchmark file of one job; delete it, nothing runs again for that")
    return Used(float(rows["max_rss"].iloc[0]), float(rows["s"].iloc[0]) / 60)


def rows_of(configuration: Configuration, runs: Iterable[RunConfig]) -> Iterator[dict[str, Any]]:
    """A row a measured run: its kind, what it asks for at the first try, what it used."""
    for run in runs:
        if (found := used(run)) is not None:
            yield {
                "training": f"{run.dataset}/{run.model}/{run.recipe}",
                "MB asked": resources.train_memory(configuration, run),
                "MB used": found.megabytes,
                "minutes asked": resources.train_minutes(configuration, run),
                "minutes used": found.minutes,
            }


def report(configuration: Configuration, runs: Iterable[RunConfig]) -> str:
    """A line a kind of training: the most that its runs asked for and used."""
    rows = pd.DataFrame(rows_of(configuration, runs))
    if rows.empty:
        return NONE
    kinds = rows.groupby("training", sort=False)
    shown = kinds.max().assign(runs=kinds.size()).reset_index()
    formats = {"MB used": "{:.0f}".format, "minutes used": "{:.1f}".format}
    return shown.to_string(index=False, formatters=formats, na_rep="-")
