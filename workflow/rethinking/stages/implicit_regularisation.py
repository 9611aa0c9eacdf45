"""Stage `implicit_regularisation`: where SGD from zero and from a random start, and Adam, end among linear models."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import files
from rethinking.kernels.choose import one_hot
from rethinking.kernels.implicit import Problem, adam, descend, rank, sgd
from rethinking.seeds import rng

POINTS = 60  # of a curve, evenly on a logarithmic axis


def problem_of(images: np.ndarray, labels: np.ndarray) -> Problem:
    """Images uint8 (n, …) in [0, 1] less the mean of all their values, and one-hot labels."""
    values = images.reshape(len(images), -1) / 255
    return Problem(values - values.mean(), one_hot(labels, int(labels.max()) + 1))


def rows_of(job: Mapping[str, Any], problem: Problem) -> Iterator[dict[str, Any]]:
    """A row a method and epoch of a curve, columns `outcomes.computed.IMPLICIT_REGULARISATION`."""
    least, epochs, size = problem.least_norm(), job["epochs"], len(problem.images)
    norm, nothing = np.linalg.norm(least), np.zeros_like(least)
    drawn = rng(job["seed"], "initialisation").standard_normal(least.shape)
    started = drawn * norm / np.linalg.norm(drawn)
    methods = {
        "sgd": (nothing, sgd(1.0)),
        "sgd_random_start": (started, sgd(1.0)),
        "adam": (nothing, adam(job["adam_rate"], epochs * size)),
    }
    shown = {0, *np.unique(np.geomspace(1, epochs, POINTS).round().astype(int)).tolist()}
    facts = {"images": size, "values": problem.images.shape[1], "rank": rank(problem.images)}
    first = problem.hessian(least)
    for method, (start, rule) in methods.items():
        end = least + problem.outside(start)
        for epoch, (steps, weights) in enumerate(
            descend(problem, start, rule, epochs, rng(job["seed"], "order", len(method)))
        ):
            if epoch in shown:
                curve = {
                    "distance": float(np.linalg.norm(weights - least) / norm),
                    "distance_to_end": float(np.linalg.norm(weights - end) / norm),
                    "residual": problem.residual(weights),
                }
                hessian = hessian_facts(problem, weights, first) if epoch == epochs else {}
                nothing_yet = {"hessian_rank": None, "hessian_difference": None}
                yield {"method": method, "epoch": epoch, "steps": steps, **curve, **nothing_yet, **hessian, **facts}


def hessian_facts(problem: Problem, weights: np.ndarray, first: np.ndarray) -> dict[str, Any]:
    """The rank of the Hessian at weights, and its largest difference from the one at the least norm, relative."""
    found = problem.hessian(weights)
    difference = float(np.abs(found - first).max() / np.abs(first).max())
    return {"hessian_rank": rank(found), "hessian_difference": difference}


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking implicit_regularisation", description=__doc__)
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="images, epochs, seed, …")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    arguments = parser.parse_args(argv)
    manifest = files.read_manifest(arguments.data)
    images, labels = (
        files.load_array(arguments.data, f"train_{part}", manifest)[: arguments.job["images"]]
        for part in ("images", "labels")
    )
    files.write_csv(arguments.out, list(rows_of(arguments.job, problem_of(images, labels))))
