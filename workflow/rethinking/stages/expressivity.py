"""Networks that fit any labels of real images without a training (theorem 1, corollary 1): their errors and costs."""

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import expressivity, files
from rethinking.seeds import rng

PIXELS = 255


def rows_of(job: Mapping[str, Any], images: np.ndarray, labels: np.ndarray) -> Iterator[dict[str, Any]]:
    """A row for each size and construction, columns `outcomes.computed.EXPRESSIVITY`.

    Of images uint8 (n, …) that are equal the first is kept; labels are int64 (n,).
    """
    points = images.reshape(len(images), -1).astype(np.float64) / PIXELS
    kept = expressivity.without_repetitions(points)
    for size in job["sizes"]:
        few = np.flatnonzero(kept)[:size]
        sample, given = points[few], labels[few].astype(np.float64)
        facts = {"points": len(few), "dimensions": points.shape[1], "equal_points_left_out": int((~kept).sum())}

        def build(sample: np.ndarray = sample, given: np.ndarray = given) -> expressivity.TwoLayerNetwork:
            return expressivity.fit(sample, given, rng(job["seed"], "initialisation"))

        network, costs = measured(build)
        yield {"construction": "theorem", **facts, **costs, **found(network, len(few), sample, given)}
        deep = expressivity.DeepNetwork(network, min(job["depth"], len(few)))
        yield {"construction": "corollary", **facts, **costs, **found(deep, deep.width, sample, given)}
        naive, costs = measured(lambda s=sample, g=given, d=network.direction: expressivity.obvious(s, g, d))
        yield {"construction": "obvious", **facts, **costs, **found(naive, len(few), sample, given)}


def measured(
    build: Callable[[], expressivity.TwoLayerNetwork],
) -> tuple[expressivity.TwoLayerNetwork, dict[str, float]]:
    """What `build` makes, the megabytes that it allocates at most, and the seconds that it takes."""
    build()  # the first one also loads what Python loads late
    tracemalloc.start()
    build()
    memory = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    started = time.perf_counter()
    network = build()
    return network, {"seconds": time.perf_counter() - started, "memory": memory}


def found(
    network: expressivity.TwoLayerNetwork | expressivity.DeepNetwork, width: int, points: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    """A network's size, and how far its outputs are from the labels; one that rounds to another is lost."""
    outputs = network(points)
    return {
        "num_weights": network.num_weights,
        "width": width,
        "largest_error": float(np.abs(outputs - labels).max()),
        "labels_lost": int((np.rint(outputs) != labels).sum()),
    }


def compute(job: Mapping[str, Any], data: Path, corrupted: Path, out: Path) -> list[dict[str, Any]]:
    """Write the table of `rows_of` for a prepared data set and its random labels, and return it."""
    manifest, of_labels = files.read_manifest(data), files.read_manifest(corrupted)
    images = files.load_array(data, "train_images", manifest)
    labels = files.load_array(corrupted, "train_labels", of_labels)
    rows = []
    for row in rows_of(job, images, labels):
        rows.append(row)
        print(
            f"{row['construction']}, {row['points']} points, {row['num_weights']} weights: largest error"
            f" {row['largest_error']:.1e}, {row['labels_lost']} labels lost, {row['seconds']:.2f} s",
            flush=True,
        )
    files.write_csv(out, rows)
    return rows


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking expressivity", description=__doc__)
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="sizes, depth, seed")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--corrupted", required=True, type=Path, metavar="DIR", help="its random labels")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the table, CSV")
    arguments = parser.parse_args(argv)
    compute(arguments.job, arguments.data, arguments.corrupted, arguments.out)
