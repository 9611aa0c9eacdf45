"""What makes a published number that has no counterpart yet: runs, and what they cost."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rethinking.outcomes.selection import Frames
from rethinking.sections import PaperRun, Section

Number = Mapping[str, Any]
# What stands before the targets of a configuration's own runs: a table does not know by which file it was asked for.
OWN = "snakemake --cores all, with this configuration"


def would_take(frames: Frames, section: Section, number: Number) -> str:
    """The command that makes a missing number, and its cost a seed, without the runs that are there.

    The configuration's own runs come first, then the paper's; of a curve those that go on to the number's step.
    """
    of_time = number["quantity"] == "relative_time"
    needed = dict.fromkeys((number["corruption"], *(("true_labels",) if of_time else ())))
    place, step = (number["section"], number["panel"], number["model"]), number["step"]
    its = [run for run in section.would_take if (run.section, run.panel, run.model) == place]
    for configfile in dict.fromkeys(run.configfile for run in its):
        found = [first(its, configfile, corruption, step) for corruption in needed]
        runs = [run for run in found if run is not None and not frames.has_runs(run.folder)]
        if runs and None not in found:
            return in_words(runs, section.seeds[0])
    return "runs that no configuration here has"


def first(runs: Sequence[PaperRun], configfile: str, corruption: str, step: float) -> PaperRun | None:
    """The first of a configuration's runs with a corruption that has a step; one without a step is any."""
    its = (run for run in runs if (run.configfile, run.corruption) == (configfile, corruption))
    return next((run for run in its if math.isnan(step) or run.steps >= step), None)


def in_words(runs: Sequence[PaperRun], seed: int) -> str:
    """How to make some runs of one configuration, and what they cost."""
    command = f"snakemake --cores all --configfile {file}" if (file := runs[0].configfile) else OWN
    targets = " ".join(f"results/runs/{run.folder}/seed{seed}/run.json" for run in runs)
    cost = f"{sum(run.epochs for run in runs)} epochs of {runs[0].num_train:,} images a seed"
    return f"{command} -- {targets}: {cost}"
