"""Stage `implicit_regularisation`: where SGD from zero and from a random start, and Adam, end among linear models."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg import qr

from rethinking import expressivity, files
from rethinking.kernels.choose import one_hot
from rethinking.kernels.implicit import Problem, adam, descend, rank, sgd
from rethinking.seeds import rng

POINTS = 60  # of a curve, evenly on a logarithmic axis
NAMED = 5  # images in a message


def problem_of(images: np.ndarray, labels: np.ndarray) -> Problem:
    """Images uint8 (n, …) in [0, 1] less the mean of all their values, and one-hot labels."""
    values = images.reshape(len(images), -1) / 255
    return Problem(values - values.mean(), one_hot(labels, int(labels.max()) + 1))


def first_distinct(images: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """The places of the first `count` images uint8 (n, …) that are equal to none before them, and how many these left.

    No linear model fits two labels of one image. Where there are fewer, all are taken.
    """
    kept = np.flatnonzero(expressivity.without_repetitions(images.reshape(len(images), -1)))[:count]
    seen = len(images) if len(kept) < count else int(kept[-1]) + 1
    return kept, seen - len(kept)


def check_independent(problem: Problem, places: np.ndarray, source: str) -> None:
    """Raise ValueError with the places in `source` of images that are combinations of others: not all labels fit."""
    found = rank(problem.images)
    if found < len(places):
        order = qr(problem.images.T, mode="r", pivoting=True)[1]
        named = ", ".join(str(place) for place in sorted(places[order[found:]])[:NAMED])
        raise ValueError(
            f"{source}: {len(places)} training images, less the mean of all their values, have rank {found}: those at"
            f" the places {named} are combinations of the others; take fewer images, or others"
        )


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


def compute(job: Mapping[str, Any], data: Path, out: Path) -> None:
    """Write the data frame of `rows_of` for the first images of a prepared data set, of equal ones the first."""
    manifest = files.read_manifest(data)
    images, labels = (files.load_array(data, f"train_{part}", manifest) for part in ("images", "labels"))
    places, left_out = first_distinct(images, job["images"])
    if len(places) < job["images"]:
        raise ValueError(
            f"{data}: {len(places)} of {len(images)} training images differ; {job['images']} are asked for"
        )
    if left_out:
        print(f"{left_out} images left out that are equal to one before them", flush=True)
    problem = problem_of(images[places], labels[places])
    check_independent(problem, places, str(data))
    rows = list(rows_of(job, problem))
    for row in rows:
        if row["epoch"] == job["epochs"]:
            print(
                f"{row['method']}, {row['steps']} steps: distance to the least norm {row['distance']:.1e}, residual"
                f" {row['residual']:.1e}, rank of the Hessian {row['hessian_rank']}",
                flush=True,
            )
    files.write_csv(out, rows)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking implicit_regularisation", description=__doc__)
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="images, epochs, seed, …")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    arguments = parser.parse_args(argv)
    compute(arguments.job, arguments.data, arguments.out)
