"""What the pages of a workflow's results and of recorded ones share: documents of the checkout, facts of runs."""

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from rethinking.config import CHECKOUT
from rethinking.config.described import CITATION, DEVIATIONS
from rethinking.files import read_text
from rethinking.outcomes.columns import RUN
from rethinking.sections import Section

VERSIONS = ("torch", "python")
FACTS = (*VERSIONS, "date", "folder")  # what a page says of a run beside its row of runs.csv


def documents() -> dict[str, Any]:
    """What the checkout says of its differences from the paper, and of how to cite it."""
    citation = yaml.safe_load(read_text(CHECKOUT / CITATION, CITATION))
    return {"deviations": read_text(CHECKOUT / DEVIATIONS, DEVIATIONS), "citation": citation}


def relative(folder: Path, out: Path) -> str:
    """The way from a page to a folder, as a link has it."""
    return Path(os.path.relpath(folder, out.parent)).as_posix()


def day_of(folder: Path) -> str:
    """The day of a run: that of its metrics, which nothing writes again (`accept` writes run.json)."""
    return datetime.date.fromtimestamp((folder / "metrics.csv").stat().st_mtime).isoformat()


def facts_of(summary: Mapping[str, Any], day: str, folder: str) -> dict[str, str]:
    """What a page says of a run beside its row of runs.csv."""
    versions = {name: summary["versions"].get(name, "") for name in VERSIONS}
    return {**versions, "date": day, "folder": folder}


def labels_of(sections: Iterable[Section]) -> tuple[dict[str, str], dict[str, str]]:
    """How the networks and the data sets of some sections are called."""
    networks, datasets = {}, {}
    for section in sections:
        networks |= section.labels
        datasets |= section.dataset_labels
    return networks, datasets


def together(parts: Sequence[pd.DataFrame], columns: Iterable[str]) -> pd.DataFrame:
    """The rows of several frames, each once, of no frames none of some columns.

    A run that stands behind several figures has the same rows in each.
    """
    there = [part for part in parts if len(part)]
    if not there:
        return pd.DataFrame(columns=list(columns))
    rows = pd.concat(there, ignore_index=True)
    keys = [name for name in (*RUN, "Epoch", "corruption", "column", "Step", "value") if name in rows]
    return rows.drop_duplicates(list(dict.fromkeys(keys)), ignore_index=True)
