"""Stage `kernel_gram`: the Gram matrix of training and test images, by blocks that a killed job goes on from."""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import files
from rethinking.kernels import gram
from rethinking.kernels.features import blocks as feature_blocks
from rethinking.kernels.features import num_blocks
from rethinking.kernels.progress import Progress
from rethinking.stages.kernel_data import Costs, images_of


def make(
    job: Mapping[str, Any], code: str, data: Path, choice: Path, state: Path
) -> tuple[gram.Blocks, dict[str, Any], dict[str, float]]:
    """The matrix's blocks in `state`, those made that are not there, what they are made from, and what they took."""
    started = time.perf_counter()
    chosen = {key: files.read_json(choice)[key] for key in ("gabor", "bandwidth")}
    images, num_train, manifest = images_of(data)
    sources = {name: manifest["arrays"][name]["sha256"] for name in ("train_images", "test_images")}
    identity = {"job": dict(job), "code": code, "choice": chosen, "sources": sources}
    folder = gram.claimed(state / "gram", identity)
    blocks = gram.Blocks(folder, num_train, len(images) - num_train, job["rows"])
    kernel = gram.linear if chosen["bandwidth"] is None else gram.gaussian(chosen["bandwidth"])

    def features(first: int) -> Iterator[np.ndarray]:
        return feature_blocks(job, images, num_train, chosen["gabor"], first)

    costs = Costs(folder / "costs.json", started)
    gram.build(blocks, features, num_blocks(job), kernel, costs.kept_by(Progress("Gram matrix")))
    return blocks, identity, costs.kept()


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking kernel_gram", description=__doc__)
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    write(arguments.job, arguments.code, arguments.data, arguments.choice, arguments.state, arguments.out)


def write(job: Mapping[str, Any], code: str, data: Path, choice: Path, state: Path, out: Path) -> None:
    """Make the matrix and write what it is made from and what it took; the same again is not written again."""
    blocks, identity, costs = make(job, code, data, choice, state)
    said = {"num_train": blocks.num_train, "num_test": blocks.num_test, **costs, "identity": identity}
    if not out.exists() or files.read_json(out) != said:
        files.write_json(out, said)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that the stages `kernel_gram` and `kernel_solution` share."""
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="features, rows, precision, …")
    parser.add_argument("--code", required=True, metavar="DIGEST", help="of the code that makes the matrix")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--choice", required=True, type=Path, metavar="FILE", help="what `kernel_choice` wrote")
    parser.add_argument("--state", required=True, type=Path, metavar="DIR", help="where blocks are kept")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="what was found, JSON")
