"""What somebody asks Snakemake for: a target that nothing makes is refused with what it may have been meant as."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path, PurePosixPath

from rethinking.config import Configuration
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.registry import nearest
from rethinking.reporting.registry import TABLES

RUN_PARTS = 5  # data set, network, corruption, recipe, seed, the folders of a run


def check_targets(
    targets: Iterable[str], configuration: Configuration, named: Collection[str], is_made: Callable[[str], bool]
) -> None:
    """Raise ValueError for the first target that is no rule's name or file, nor a file that is there.

    `named` are the rules' names, among them files that are targets of their own; `is_made` says whether some rule makes
    a file.
    """
    for target in targets:
        if target not in named and not is_made(target) and not Path(target).exists():
            raise ValueError(f"nothing makes {target!r}: {reason(target, configuration, named)}")


def reason(target: str, configuration: Configuration, named: Collection[str]) -> str:
    """Why a target cannot be made, and what can."""
    path = PurePosixPath(target)
    if path.parts[:2] == ("results", "runs") and len(path.parts) > RUN_PARTS + 2:
        return reason_of_run(path.parts[2 : RUN_PARTS + 2], configuration)
    for kind, registry, there in (("figure", FIGURES, configuration.figures), ("table", TABLES, configuration.tables)):
        if path.stem in registry and path.stem not in there:
            have = ", ".join(there) or "none"
            return f"the configuration {configuration.name!r} has no {kind} {path.stem}, it has: {have}"
    pictures = [f"figures/{picture}-{dataset}.pdf" for picture in PICTURES for dataset in configuration.datasets]
    return nearest(target, {*named, *pictures})


def reason_of_run(parts: tuple[str, ...], configuration: Configuration) -> str:
    """What is wrong with the names of a run."""
    dataset, model, corruption, recipe, seed = parts
    if not seed.removeprefix("seed").isdecimal():
        return f"{seed!r} is no seed, as in seed0"
    try:
        run = configuration.run(dataset, model, corruption, recipe, int(seed.removeprefix("seed")))
    except ValueError as error:
        return str(error).removeprefix("command line: ")
    return f"a run leaves run.json, metrics.csv, confusion.pkl and weights.safetensors in results/runs/{run.path}"
