"""Least squares on random features, from few to many times the images: training and test error, and the norm."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import expressivity, files
from rethinking.kernels.choose import one_hot
from rethinking.kernels.features import pixels
from rethinking.kernels.random_features import FourierFeatures, SingularError, Solution, of_features, of_kernel
from rethinking.seeds import rng
from rethinking.stages.kernel_data import TRUE_LABELS, images_of, labels_of

Labels = Mapping[str, np.ndarray]  # by corruption, int64 (n,)


@dataclass(frozen=True)
class Images:
    """Training and test images float64 (n, d) in [0, 1], and the labels int64 (n,) that both truly have."""

    train: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray
    test_labels: np.ndarray
    classes: int


def rows_of(job: Mapping[str, Any], images: Images, given: Mapping[int, Labels]) -> Iterator[dict[str, Any]]:
    """A row a seed, number of features and corruption, columns `outcomes.computed.RANDOM_FEATURES`.

    `given` are the training labels by seed. A row without a number of features is the kernel's, of infinitely many.
    """
    for seed in job["seeds"]:
        drawn = FourierFeatures.drawn(
            images.train.shape[1], max(job["features"]), job["bandwidth"], rng(seed, "initialisation")
        )
        train, test = np.asfortranarray(drawn.of(images.train)), np.asfortranarray(drawn.of(images.test))
        targets = np.hstack([one_hot(labels, images.classes) for labels in given[seed].values()])
        for count in job["features"]:
            found = of_features(train[:, :count], test[:, :count], targets)
            yield from rows_of_solution(seed, count, found, images, given[seed])
        kernel = of_kernel(images.train, images.test, job["bandwidth"], targets)
        yield from rows_of_solution(seed, None, kernel, images, given[seed])


def rows_of_solution(
    seed: int, count: int | None, found: Solution, images: Images, given: Labels
) -> Iterator[dict[str, Any]]:
    """A row for each corruption, whose outputs stand side by side in the solution."""
    truth = one_hot(images.test_labels, images.classes)
    for place, (corruption, labels) in enumerate(given.items()):
        own = slice(place * images.classes, (place + 1) * images.classes)
        train, test = found.train[:, own], found.test[:, own]
        yield {
            "seed": seed,
            "corruption": corruption,
            "num_train": len(labels),
            "num_test": len(truth),
            "features": count,
            "changed": float((labels != images.train_labels).mean()),
            "train_error": float((train.argmax(axis=1) != labels).mean()),
            "test_error": float((test.argmax(axis=1) != images.test_labels).mean()),
            "train_squared_error": squared(train - one_hot(labels, images.classes)),
            "test_squared_error": squared(test - truth),
            "norm": float(found.norms[own].sum() ** 0.5),
        }


def squared(errors: np.ndarray) -> float:
    """The mean over images of the sum of squares of (n, classes)."""
    return float((errors**2).sum() / len(errors))


def read(
    job: Mapping[str, Any], data: Path, corrupted: Mapping[tuple[int, str], Path]
) -> tuple[Images, dict[int, Labels], int]:
    """The images of a prepared data set, the labels by seed and corruption, and how many images were left out.

    Of training images that are equal the first is kept: no solution fits two labels of one image.
    """
    both, count, manifest = images_of(data)
    values = pixels(both, "float64")
    kept = expressivity.without_repetitions(values[:count])
    true, test = (files.load_array(data, f"{part}_labels", manifest) for part in ("train", "test"))
    given: dict[int, Labels] = {
        seed: {
            name: labels_of(data, {name: corrupted[seed, name]} if name != TRUE_LABELS else {}, name)[kept]
            for name in job["corruptions"]
        }
        for seed in job["seeds"]
    }
    images = Images(values[:count][kept], values[count:], true[kept], test, len(manifest["classes"]))
    return images, given, int((~kept).sum())


def compute(
    job: Mapping[str, Any], data: Path, corrupted: Mapping[tuple[int, str], Path], out: Path
) -> list[dict[str, Any]]:
    """Write the data frame of `rows_of` for a prepared data set and its corruptions, and return it."""
    images, given, left_out = read(job, data, corrupted)
    facts = {"dataset_label": job["dataset_label"], "equal_images_left_out": left_out}
    rows = []
    try:
        for row in rows_of(job, images, given):
            rows.append({**row, **facts})
            print(told(row), flush=True)
    except SingularError as error:
        raise ValueError(f"random_features.bandwidth = {job['bandwidth']:g}: {error}") from None
    files.write_csv(out, rows)
    return rows


def told(row: Mapping[str, Any]) -> str:
    """What is said of a row once it is computed."""
    return (
        f"seed {row['seed']}, {row['corruption']}, {row['features'] or 'infinitely many'} features: training error"
        f" {row['train_error']:.4f}, test error {row['test_error']:.4f}, norm {row['norm']:.4g}"
    )


def corrupted_of(job: Mapping[str, Any]) -> Sequence[tuple[int, str]]:
    """The seeds and names of the corruptions that are read, in the order of their folders."""
    return [each for each in product(job["seeds"], job["corruptions"]) if each[1] != TRUE_LABELS]


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking random_features", description=__doc__)
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="features, corruptions, seeds, …")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument(
        "--corrupted", type=Path, nargs="*", default=[], metavar="DIR", help="labels of each seed and corruption"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    arguments = parser.parse_args(argv)
    corrupted = dict(zip(corrupted_of(arguments.job), arguments.corrupted, strict=True))
    compute(arguments.job, arguments.data, corrupted, arguments.out)
