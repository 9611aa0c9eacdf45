"""What ledgers come to, as small files to keep beside their runs: a ledger itself is megabytes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.aggregate import curves_table
from rethinking.config import Configuration
from rethinking.config.described import entry_of
from rethinking.files import write_csv
from rethinking.paths import OF_LEDGERS
from rethinking.stages.frames import read_frame
from rethinking.stages.ledger import frames_of


def horizons_of(configuration: Configuration) -> list[int]:
    """The horizons of all figures and tables that are made from ledgers."""
    sections = configuration.sections.items()
    found = {each["horizon"] for name, each in sections if set(entry_of(configuration, name).frames) & {*OF_LEDGERS}}
    return sorted(found - {None})


def keep_ledger(configuration: Configuration, folder: Path, summary: dict[str, Any], kept: Path) -> None:
    """Write the data frames of a run that keeps a ledger to `kept`, curves to six digits; remove those of another."""
    has_one = summary["config"]["training"].get("ledger", False)
    frames = frames_of(folder, summary, *horizons_of(configuration)) if has_one else {}
    for name, frame in frames.items():
        write_csv(kept / f"{name}.csv", (frame.round(6) if name == "roc" else frame).to_dict("records"))
    for name in OF_LEDGERS if not has_one else ():
        (kept / f"{name}.csv").unlink(missing_ok=True)


def kept_frames(runs: Sequence[tuple[Path, dict[str, Any]]], horizon: int | None) -> dict[str, pd.DataFrame]:
    """The data frames of some runs, each by its kept folder and its run.json, as a section with a horizon has them.

    Raises ValueError where scores were kept by other horizons alone.
    """
    return {
        name: curves_table([(summary, _read(folder, summary, name, horizon)) for folder, summary in runs])
        for name in OF_LEDGERS
    }


def _read(folder: Path, summary: dict[str, Any], name: str, horizon: int | None) -> pd.DataFrame:
    frame, last = read_frame(file := folder / f"{name}.csv"), summary["epochs_done"]
    if name == "learned":
        return frame
    shown = {last, min(last, horizon or last)}
    if lacking := shown - {*frame["Epoch"]}:
        problem = f"has no scores by the first {min(lacking)} epochs, the horizon; record the run where its ledger is"
        raise ValueError(f"{file}: {problem}")
    return frame[frame["Epoch"].isin(shown)]
