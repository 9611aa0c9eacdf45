"""What is computed without a training, as small files to keep beside the runs: the steps of each kernel, data frames.

A kernel is kept once it is solved, be the others or not: at full size each takes hours.
"""

import shutil
import sys
from pathlib import Path

import pandas as pd

from rethinking.config import Configuration, kernel_jobs
from rethinking.config.described import entry_of
from rethinking.files import atomic, write_csv
from rethinking.stages.frames import read_frame
from rethinking.stages.kernel_frame import rows_of
from rethinking.stages.kernel_own import is_own

STEPS = ("choice.json", "gram.json", "solution.json")


def keep_computed(configuration: Configuration, results: Path, kept: Path) -> None:
    """Copy what the workflow computed under `results` of the configuration's kernels and other data frames to `kept`.

    A kernel that was solved as another configuration says is left out, and a line says so, be it kept or not.
    """
    if configuration.kernels:
        keep_kernels(configuration, results / "kernels" / configuration.name, kept)
    frames = {name: entry_of(configuration, name).computed for name in configuration.sections}
    for name in (name for name, frame in frames.items() if frame not in (None, "kernels")):
        if (file := results / "tables" / configuration.name / name / f"{frames[name]}.csv").exists():
            read_frame(file)  # what is torn must not replace what was kept
            copied(file, kept / file.name)


def keep_kernels(configuration: Configuration, solved: Path, kept: Path) -> None:
    """Copy the steps of kernels under `solved`, and make the data frame of all that are kept.

    Where another configuration made all of these, the frame and the tables of it go.
    """
    for kernel in configuration.kernels:
        folder = solved / kernel
        if all((folder / step).exists() for step in STEPS) and _own(configuration, kernel, folder):
            for step in STEPS:
                copied(folder / step, kept / "kernels" / kernel / step)
    folders = {kernel: kept / "kernels" / kernel for kernel in configuration.kernels}
    there = [said for said in kernel_jobs.shown(configuration) if folders[said["kernel"]].is_dir()]
    own = [said for said in there if _own(configuration, said["kernel"], folders[said["kernel"]])]
    if there:
        write_csv(kept / "kernels.csv", [row for said in own for row in rows_of(said, folders[said["kernel"]])])
    for name in configuration.tables if there and not own else ():
        if entry_of(configuration, name).computed == "kernels":
            for suffix in (".csv", ".md"):
                (kept / f"{name}{suffix}").unlink(missing_ok=True)


def _own(configuration: Configuration, kernel: str, folder: Path) -> bool:
    """Whether the configuration made what is in a kernel's folder; where another did, a line says so."""
    if own := is_own(configuration, kernel, folder):
        return own
    print(f"left out: {folder}, which another configuration made", file=sys.stderr)
    return False


def copied(file: Path, kept: Path) -> None:
    """Copy a file, whole or not at all."""
    with atomic(kept) as temporary:
        shutil.copyfile(file, temporary)


def computed_frames(configuration: Configuration, kept: Path) -> dict[str, pd.DataFrame]:
    """The data frames of what is kept, by name; in that of kernels those that were not solved have no rows."""
    names = {frame for name in configuration.sections if (frame := entry_of(configuration, name).computed)}
    return {name: read_frame(file) for name in sorted(names) if (file := kept / f"{name}.csv").exists()}
