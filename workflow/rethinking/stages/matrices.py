"""The confusion matrices that a run left, for the stages that read them."""

from pathlib import Path
from typing import Any

from rethinking import pickles
from rethinking.analysis.confusions import disagreement
from rethinking.stages.sealing import REMEDY, left_by_run, not_the_runs


def read_matrices(folder: Path, summary: dict[str, Any]) -> dict[str, Any]:
    """What a run's confusion.pkl holds; raises ValueError naming it where it is torn or not of that run."""
    path = left_by_run(folder, summary, "confusion.pkl")
    try:
        content = pickles.load(path)
    except ValueError as error:
        raise ValueError(f"{error}; {REMEDY}") from None
    if problem := disagreement(summary, content):
        raise not_the_runs(path, problem)
    return content
