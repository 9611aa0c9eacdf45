"""Whether the files that the steps of a kernel left are those of a configuration as it says now."""

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rethinking.config import Configuration, kernel_jobs
from rethinking.config.inherit import Values
from rethinking.files import read_json
from rethinking.kernels.features import PATCHES


def is_own(configuration: Configuration, kernel: str, folder: Path) -> bool:
    """Whether parameters, matrix and solutions in `folder` are those that the configuration asks for.

    Files of before the jobs were written into them are judged by what they tried, solved and counted.
    """
    choice = read_json(folder / "choice.json", tried=list)
    gram = read_json(folder / "gram.json", identity=dict)
    solution = read_json(folder / "solution.json", rows=list, held_out=list)
    matrix = {"job": kernel_jobs.gram_job(configuration, kernel), "choice": _chosen(choice)}
    return (
        all(_counts(found) == kernel_jobs.counts(configuration, kernel) for found in (gram, solution))
        and all(_same(gram["identity"].get(key), value) for key, value in matrix.items())
        and _as_asked(choice, kernel_jobs.choice_job(configuration, kernel), _tried)
        and _as_asked(solution, kernel_jobs.solution_job(configuration, kernel), _solved)
    )


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same once they are JSON."""
    return json.loads(json.dumps(one)) == json.loads(json.dumps(other))


def _counts(found: Mapping[str, Any]) -> dict[str, Any]:
    return {part: found.get(f"num_{part}") for part in ("train", "test")}


def _chosen(choice: Mapping[str, Any]) -> dict[str, Any]:
    return {key: choice.get(key) for key in ("gabor", "bandwidth")}


def _as_asked(found: Mapping[str, Any], job: Values, shows: Callable[[Mapping[str, Any], Values], bool]) -> bool:
    """Whether a file's own job is the one asked for; where it has none, whether what it `shows` fits that."""
    return _same(found["job"], job) if "job" in found else shows(found, job)


def _tried(choice: Mapping[str, Any], job: Values) -> bool:
    """Whether the candidates are those of a job, in its order, and relative where they are to be."""
    if job["features"] == PATCHES:
        return not choice["tried"]
    asked = list(itertools.product(job["gabor"] or [None], job["bandwidths"]))
    rows = choice["tried"]
    relative = any(row["written"] != row["bandwidth"] for row in rows)
    return (
        _same([(row["gabor"], row["written"]) for row in rows], asked)
        and relative == job["relative"]
        and _of_held_out(rows, job)
    )


def _solved(solution: Mapping[str, Any], job: Values) -> bool:
    """Whether each l2 was tried, and solved where it was to be, for all labels of a job."""
    levels = [l2 for l2 in job["l2"] if job["solved"] == "all" or l2 in (0, solution.get("best_l2"))]
    solved = sorted((row["corruption"], row["l2"]) for row in solution["rows"])
    return (
        [row["l2"] for row in solution["held_out"]] == job["l2"]
        and solved == sorted(itertools.product(job["corruptions"], levels))
        and _of_held_out(solution["held_out"], job)
    )


def _of_held_out(rows: list[dict[str, Any]], job: Values) -> bool:
    """Whether errors are shares of as many images as are held out."""
    wrong = [row["error"] * job["choose"]["held_out"] for row in rows if row["error"] is not None]
    return all(abs(number - round(number)) < 1e-6 for number in wrong)
