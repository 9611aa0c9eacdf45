"""Stage `kernel_solution`: a kernel model without and with a regulariser, on true and other labels, and its errors."""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import files
from rethinking.kernels.choose import held_out_error, one_hot
from rethinking.kernels.gram import Blocks, claimed
from rethinking.kernels.progress import Progress
from rethinking.kernels.solution import extreme_eigenvalues, factor_of, forget_factor, solve
from rethinking.stages.kernel_data import TRUE_LABELS, Costs, labels_of
from rethinking.stages.kernel_gram import add_arguments, make


def held_out_errors(job: Mapping[str, Any], gram: Blocks, labels: np.ndarray) -> list[dict[str, float | None]]:
    """The error of each l2 on training images that are held out from a model of fewer of them."""
    matrix = gram.leading(min(job["choose"]["images"], gram.num_train))
    errors = [held_out_error(matrix, labels[: len(matrix)], job["choose"]["held_out"], l2) for l2 in job["l2"]]
    return [{"l2": l2, "error": error} for l2, error in zip(job["l2"], errors, strict=True)]


def best_l2(rows: list[dict[str, Any]]) -> float | None:
    """The l2 of the least error but 0; None where no other was tried."""
    above = [row for row in rows if row["l2"] > 0 and row["error"] is not None]
    return min(above, key=lambda row: row["error"])["l2"] if above else None


def solved(
    gram: Blocks,
    l2: float,
    labels: Mapping[str, np.ndarray],
    test_labels: np.ndarray,
    identity: dict[str, Any],
    costs: Costs,
) -> dict[str, Any]:
    """The solution at one l2 (in mean diagonals) for labels int64 (n,) of every kind: a row each, and eigenvalues."""
    shift, classes = l2 * gram.mean_diagonal, int(test_labels.max()) + 1
    targets = np.concatenate([one_hot(each, classes) for each in labels.values()], axis=1)
    factor, jitter = factor_of(gram, shift, identity, costs.kept_by(Progress(f"factor at l2 {l2:g}")))
    found = solve(gram, shift, targets, factor, jitter, Progress(f"solution at l2 {l2:g}"))
    outputs, squared = gram.of_test(found.alpha), found.norms()
    rows = []
    for place, (corruption, given) in enumerate(labels.items()):
        own = slice(place * classes, (place + 1) * classes)
        rest = one_hot(given, classes) - found.fitted[:, own] - shift * found.alpha[:, own]
        rows.append({
            "corruption": corruption,
            "l2": l2,
            "train_error": float((found.fitted[:, own].argmax(axis=1) != given).mean()),
            "test_error": float((outputs[:, own].argmax(axis=1) != test_labels).mean()),
            "norm": float(np.sqrt(squared[own].sum())),
            "residual": float(np.linalg.norm(rest) / np.sqrt(len(given))),
            "jitter": jitter,
            "steps": found.steps,
        })  # fmt: skip
    smallest, largest = extreme_eigenvalues(gram, factor, Progress("eigenvalues")) if l2 == 0 else (None, None)
    costs.keep()
    return {"rows": rows, "smallest_eigenvalue": smallest, "largest_eigenvalue": largest, **costs.kept()}


def solve_all(
    job: Mapping[str, Any],
    solver: str,
    gram: Blocks,
    identity: dict[str, Any],
    data: Path,
    corrupted: Mapping[str, Path],
) -> dict[str, Any]:
    """Every l2 that is asked for; those that a killed job of the same code has solved are taken from the state."""
    labels = {name: labels_of(data, corrupted, name) for name in job["corruptions"]}
    test_labels = files.load_array(data, "test_labels", files.read_manifest(data))
    digests = {name: files.digest(each.tolist()) for name, each in labels.items()}
    identity = {**identity, "solver": solver, "labels": digests}
    kept = claimed(gram.folder.with_name("solved"), identity)
    tried = held_out_errors(job, gram, labels.get(TRUE_LABELS, next(iter(labels.values()))))
    best = best_l2(tried)
    asked = job["l2"] if job["solved"] == "all" else [l2 for l2 in job["l2"] if not l2 or l2 == best]
    found = []
    for l2 in asked:
        path = kept / f"l2-{l2!r}.json"
        if not path.exists():
            costs = Costs(path.with_suffix(".costs"), time.perf_counter())
            files.write_json(path, solved(gram, l2, labels, test_labels, identity, costs))
            costs.path.unlink(missing_ok=True)
        found.append(files.read_json(path, rows=list, memory=float))
        for row in found[-1]["rows"]:
            print(json.dumps(row), flush=True)
    forget_factor(gram)
    eigenvalues = {key: found[asked.index(0)][key] for key in ("smallest_eigenvalue", "largest_eigenvalue")}
    seconds = [{**row, "seconds": each["seconds"]} for each in found for row in each["rows"]]
    memory = max(each["memory"] for each in found)
    return {"best_l2": best, "held_out": tried, **eigenvalues, "rows": seconds, "memory": memory}


def write(
    job: Mapping[str, Any],
    solver: str,
    gram_job: Mapping[str, Any],
    code: str,
    data: Path,
    corrupted: Mapping[str, Path],
    choice: Path,
    state: Path,
    out: Path,
) -> dict[str, Any]:
    """Solve, and write what was found; blocks of the matrix that are gone are made again."""
    gram, identity, _ = make(gram_job, code, data, choice, state)
    found = solve_all(job, solver, gram, identity, data, corrupted)
    found |= {"num_train": gram.num_train, "num_test": gram.num_test, "job": dict(job)}
    files.write_json(out, found)
    return found


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking kernel_solution", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--solution", required=True, type=json.loads, metavar="JSON", help="l2, corruptions, …")
    parser.add_argument("--solver", required=True, metavar="DIGEST", help="of the code that solves")
    parser.add_argument(
        "--corrupted", type=Path, nargs="*", default=[], metavar="DIR", help="labels of each corruption"
    )
    arguments = parser.parse_args(argv)
    names = [name for name in arguments.solution["corruptions"] if name != TRUE_LABELS]
    corrupted = dict(zip(names, arguments.corrupted, strict=True))
    write(
        arguments.solution,
        arguments.solver,
        arguments.job,
        arguments.code,
        arguments.data,
        corrupted,
        arguments.choice,
        arguments.state,
        arguments.out,
    )
