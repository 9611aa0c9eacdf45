"""What figures and tables are made from: data frames of their runs and, at the paper's size, the paper's numbers."""

import argparse
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rethinking.files import broken, read_csv, read_text, sha256
from rethinking.outcomes.columns import RUN, TEXT
from rethinking.outcomes.printed import numbers
from rethinking.outcomes.registry import SECTION_OF, OfRuns
from rethinking.sections import Section

if TYPE_CHECKING:
    import pandas as pd

NO_NUMBER = ["", "nan", "NaN"]  # in all columns but those of text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that the stages `figure` and `table` share."""
    parser.add_argument("--section", required=True, type=Section.read, metavar="JSON", help="what it is of")
    parser.add_argument("--frames", required=True, type=Path, metavar="DIR", help="folder of what `aggregate` wrote")
    parser.add_argument(
        "--published", type=json.loads, default={}, metavar="JSON", help="the paper's numbers: file -> its sha256"
    )
    parser.add_argument("--paper", type=Path, default=Path("config/paper"), metavar="DIR", help="the folder of them")
    parser.add_argument("--out", required=True, type=Path, nargs="+", metavar="FILE", help="files to write")


def read_frames(arguments: argparse.Namespace, entry: OfRuns) -> dict[str, Any]:
    """What the function of a figure or table gets beside its section.

    Raises ValueError where a file of the paper's numbers is not the one that was meant.
    """
    for name, expected in arguments.published.items():
        if sha256(path := arguments.paper / name) != expected:
            raise ValueError(f"{path}: changed since the job was planned; start it again")
    frames = {name: read_frame(arguments.frames / f"{name}.csv") for name in entry.frames}
    if "runs" in frames:
        check_complete(frames, arguments.section, arguments.frames)
    shown = [name for name in entry.published if name in arguments.published]
    return entry.arguments(frames, read_published(arguments.paper, shown))


def check_complete(frames: "dict[str, pd.DataFrame]", section: Section, folder: Path) -> None:
    """Raise ValueError naming a data frame in `folder` that lacks a run of the section, or the last rows of one."""
    runs = frames["runs"]
    expected = {
        (group.dataset, model, corruption, group.recipe, seed)
        for group in section.groups
        for model, corruption, seed in itertools.product(group.models, group.corruptions, section.seeds)
    }
    if lacking := expected - set(runs[RUN].itertuples(index=False, name=None)):
        raise broken(folder / "runs.csv", f"it lacks {len(lacking)} of {len(expected)} runs")
    for name, frame in frames.items():
        if name == "runs" or not {*RUN} <= {*frame}:
            continue
        by_run, wanted = frame.groupby(RUN), runs.set_index(RUN)["epochs_done"]
        if name == "steps":
            logs = [section.settings[run[3]][run[1]]["log_every_steps"] is not None for run in wanted.index]
            wanted = wanted[logs]
        if name == "predictions":  # pictures are of single networks
            wanted = wanted[wanted.index.get_level_values("seed") == section.seeds[0]]
        if name == "confusions":  # a row a cell
            wanted, found = wanted * runs.set_index(RUN)["num_classes"] ** 2, by_run.size()
        elif "Epoch" in frame:
            found = by_run["Epoch"].max()
        else:
            found = wanted[wanted.index.isin(by_run.size().index)]
        if (found.reindex(wanted.index) != wanted).any():
            raise broken(folder / f"{name}.csv", "it lacks rows of a run")


def read_frame(path: Path) -> "pd.DataFrame":
    """A data frame as `aggregate` wrote it, the names of runs and classes as text."""
    columns = read_csv(path, nrows=0).columns
    numbers = {name: NO_NUMBER for name in columns if name not in TEXT}
    text = {name: str for name in columns if name in TEXT}
    return read_csv(path, dtype=text, na_values=numbers, keep_default_na=False)


def read_published(folder: Path, names: Sequence[str]) -> "pd.DataFrame | None":
    """The numbers of some files of config/paper/, file by file; None of no file.

    Its README.md explains the columns; `section` is the figure or table that a number of the paper's is of.
    """
    import pandas as pd

    empty = {"step": [""], "value": [""], "reading_error": [""]}
    parts = [
        read_sources(folder / name)
        if name.endswith(".yaml")
        else pd.read_csv(folder / name, keep_default_na=False, na_values=empty, encoding="utf-8-sig").assign(
            section=SECTION_OF[name]
        )
        for name in names
    ]
    return pd.concat(parts, ignore_index=True) if parts else None


def read_sources(path: Path) -> "pd.DataFrame":
    """One row a number of a file like sources.yaml, what is said of its source before it; no text is an empty one."""
    import pandas as pd
    import yaml

    of_source = ("title", "address", "dataset", "images", "batch_size")
    rows = [
        {"source": name, **{key: source.get(key) or "" for key in of_source}}
        | dict.fromkeys(("corruption", "recipe", "class", "at", "step", "really"), "")
        | number
        for name, source in yaml.safe_load(read_text(path)).items()
        for result in source["results"]
        for number in numbers(result)
    ]
    return pd.DataFrame(rows).astype({"value": float})
