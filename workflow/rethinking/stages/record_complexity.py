"""Measures of saved weights as small files to keep beside their runs: weights themselves are megabytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.files import read_json
from rethinking.outcomes.columns import COMPLEXITY
from rethinking.paths import complexity_file
from rethinking.run import RunConfig
from rethinking.stages.complexity import complexity_table, is_of_run, read_measured
from rethinking.stages.record_computed import copied

FILE = "complexity.json"


def keep_measured(run: RunConfig, summary: dict[str, Any], folder: Path, kept: Path) -> None:
    """Copy the measures of a run, where it was measured, to its folder `kept`; `folder` is that of all results.

    Those of other weights are removed there.
    """
    file = folder / Path(complexity_file(run)).relative_to("results")
    if file.exists():
        read_measured(file, summary)  # what is not the run's must not replace what was kept
        copied(file, kept / FILE)
    elif (kept / FILE).exists() and not is_of_run(read_json(kept / FILE), summary):
        (kept / FILE).unlink()


def kept_complexity(runs: Sequence[tuple[Path, dict[str, Any]]]) -> pd.DataFrame:
    """The data frame of some runs, each by its kept folder and its run.json; those that were not measured lack."""
    there = [(folder / FILE, summary) for folder, summary in runs if (folder / FILE).exists()]
    return complexity_table(there) if there else pd.DataFrame(columns=list(COMPLEXITY))
