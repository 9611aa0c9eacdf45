"""What somebody asks Snakemake for: a target that nothing makes is refused with what it may have been meant as."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path, PurePosixPath

from rethinking.config import Configuration
from rethinking.paths import run_outputs, seed_of, table_files
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.registry import closest, nearest
from rethinking.reporting.registry import TABLES

RUN_PARTS = 5  # data set, network, corruption, recipe, seed, the folders of a run


def check_targets(
    targets: Iterable[str], configuration: Configuration, named: Collection[str], is_made: Callable[[str], bool]
) -> None:
    """Raise ValueError for the first target that is no rule's name or file, nor a file that is there.

    `named` are the names of rules of one job, among them files that are targets of their own; `is_made` says whether
    some rule makes a file.
    """
    for target in targets:
        if target in named or Path(target).is_file():
            continue
        # Rules take any names of runs, and find out late that the configuration has none of them.
        problem = reason_of_run(target, configuration)
        if problem or not is_made(target):
            raise ValueError(f"nothing makes {target!r}: {problem or reason(target, configuration, named)}")


def reason(target: str, configuration: Configuration, named: Collection[str]) -> str:
    """Why a target cannot be made, and what can."""
    path = PurePosixPath(target)
    for kind, registry, there in (("figure", FIGURES, configuration.figures), ("table", TABLES, configuration.tables)):
        if path.stem in registry and path.stem not in there:
            have = ", ".join(there) or "none"
            return f"the configuration {configuration.name!r} has no {kind} {path.stem}, it has: {have}"
    if path.stem in configuration.sections:
        return f"did you mean {made_of(path.stem, configuration)!r}?"
    if path.parts[:2] == ("results", "data") and len(path.parts) > 2 and path.parts[2] not in configuration.datasets:
        return f"unknown data set {path.parts[2]!r}; {nearest(path.parts[2], configuration.datasets)}"
    pictures = [f"figures/{picture}-{dataset}.pdf" for picture in PICTURES for dataset in configuration.datasets]
    if (near := closest(target, {*named, *pictures})) is not None:
        return f"did you mean {near!r}?"
    have = ", ".join(made_of(section, configuration) for section in configuration.sections)
    return f"the configuration {configuration.name!r} makes, all of it by the word all: {have}"


def made_of(section: str, configuration: Configuration) -> str:
    """What a figure or table is asked for by."""
    in_tables = section in configuration.tables
    return table_files(configuration, section)[0] if in_tables else f"figures/{section}.pdf"


def reason_of_run(target: str, configuration: Configuration) -> str | None:
    """What is wrong with the names of a run that a file is asked of; None where nothing is, or it is none of a run."""
    parts = PurePosixPath(target).parts
    if parts[:2] != ("results", "runs") or len(parts) != 2 + RUN_PARTS + 1:
        return None
    dataset, model, corruption, recipe, seed, file = parts[2:]
    if (number := seed_of(seed)) is None:
        digits = seed.removeprefix("seed")
        return f"{seed!r} is no seed, as in seed{int(digits) if digits.isdecimal() else 0}"
    try:
        run = configuration.run(dataset, model, corruption, recipe, number)
    except ValueError as error:
        return str(error).removeprefix("command line: ")
    if corruption != run.corruption:
        return f"the corruption {corruption!r} is spelled {run.corruption!r} in paths"
    left = [PurePosixPath(each).name for each in run_outputs(run)]
    return None if file in left else f"a run leaves {', '.join(left)}"
