"""What is computed without a training, as small files to keep beside the runs: the steps of each kernel, data frames.

A kernel is kept once it is solved, be the others or not: at full size each takes hours.
"""

import json
import shutil
import sys
from pathlib import Path

import pandas as pd

from rethinking.config import Configuration, kernel_jobs
from rethinking.config.described import entry_of
from rethinking.files import atomic, read_json, write_csv
from rethinking.stages.frames import read_frame
from rethinking.stages.kernel_frame import rows_of

STEPS = ("choice.json", "gram.json", "solution.json")


def keep_computed(configuration: Configuration, results: Path, kept: Path) -> None:
    """Copy what the workflow computed under `results` of the configuration's kernels and other data frames to `kept`.

    A kernel that was solved as another configuration says is left out, and a line says so.
    """
    for kernel in configuration.kernels:
        folder = results / "kernels" / configuration.name / kernel
        if not all((folder / step).exists() for step in STEPS):
            continue
        if not _own(configuration, kernel, folder):
            print(f"left out: {folder}, which another configuration made", file=sys.stderr)
            continue
        for step in STEPS:
            copied(folder / step, kept / "kernels" / kernel / step)
    solved = [said for said in kernel_jobs.shown(configuration) if (kept / "kernels" / said["kernel"]).is_dir()]
    if rows := [row for said in solved for row in rows_of(said, kept / "kernels" / said["kernel"])]:
        write_csv(kept / "kernels.csv", rows)
    for name in configuration.sections:
        frame = entry_of(configuration, name).computed
        if frame is None or frame == "kernels":
            continue
        if (file := results / "tables" / configuration.name / name / f"{frame}.csv").exists():
            read_frame(file)  # what is torn must not replace what was kept
            copied(file, kept / file.name)


def _own(configuration: Configuration, kernel: str, folder: Path) -> bool:
    """Whether a kernel's matrix and solutions are those that the configuration asks for."""
    asked = kernel_jobs.solution_job(configuration, kernel)
    found = read_json(folder / "solution.json", rows=list, held_out=list)
    matrix = json.loads(json.dumps(kernel_jobs.gram_job(configuration, kernel)))
    solved = {(row["corruption"], row["l2"]) for row in found["rows"]}
    levels = [l2 for l2 in asked["l2"] if asked["solved"] == "all" or l2 in (0, found["best_l2"])]
    return (
        read_json(folder / "gram.json")["identity"]["job"] == matrix
        and [row["l2"] for row in found["held_out"]] == asked["l2"]
        and solved == {(corruption, l2) for corruption in asked["corruptions"] for l2 in levels}
    )


def copied(file: Path, kept: Path) -> None:
    """Copy a file, whole or not at all."""
    with atomic(kept) as temporary:
        shutil.copyfile(file, temporary)


def computed_frames(configuration: Configuration, kept: Path) -> dict[str, pd.DataFrame]:
    """The data frames of what is kept, by name; in that of kernels those that were not solved have no rows."""
    names = {frame for name in configuration.sections if (frame := entry_of(configuration, name).computed)}
    return {name: read_frame(file) for name in sorted(names) if (file := kept / f"{name}.csv").exists()}
