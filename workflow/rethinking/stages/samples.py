"""Stage `samples`: a prepared data set and its corruptions -> the few images and labels that its pictures show.

Either those of several images, a row a corruption, or the values of one image's pixels, which need no corruption.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking.data.manifests import read_corrupted, read_prepared
from rethinking.data.samples import as_drawn, one_of_each
from rethinking.files import load_array, save_array, write_csv

COLOURS = {1: ("Grey",), 3: ("Red", "Green", "Blue")}


def samples(job: Mapping[str, Any], data: Path, out: Path) -> None:
    """Write samples.npy, uint8 (rows, columns, height, width, channels), and samples.csv, a row an image of it.

    The corruptions are read from the folders below `data`; a row of samples.npy is a corruption.
    """
    manifest = read_prepared(data)
    images, labels = _clean(data, manifest)
    chosen = one_of_each(labels, job["images"])
    rows, table = [], []
    for row, corruption in enumerate(job["corruptions"]):
        folder = data / corruption / f"seed{job['seed']}"
        its = {"arrays": {}} if corruption == "true_labels" else read_corrupted(folder, manifest)
        shown = load_array(folder, "train_images", its)[chosen] if "train_images" in its["arrays"] else images[chosen]
        given = load_array(folder, "train_labels", its) if "train_labels" in its["arrays"] else labels
        rows.append(as_drawn(shown))
        table += [
            {
                "Row": row,
                "Column": column,
                "Corruption": corruption,
                "Index": index,
                "TrueLabel": manifest["classes"][labels[index]],
                "GivenLabel": manifest["classes"][given[index]],
            }
            for column, index in enumerate(chosen.tolist())
        ]
    save_array(out / "samples.npy", np.stack(rows))
    write_csv(out / "samples.csv", table)


def values(job: Mapping[str, Any], data: Path, out: Path) -> None:
    """Write values.csv, a row a pixel of the one image that is shown by channel."""
    manifest, index = read_prepared(data), job["image"]
    images, labels = _clean(data, manifest)
    if index >= len(images):
        raise ValueError(f"samples.image = {index}: {job['dataset']!r} has {len(images):,} training images")
    write_csv(out / "values.csv", list(_values(images[index], manifest["classes"][labels[index]], index)))


def _clean(data: Path, manifest: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The training images and their true labels."""
    return load_array(data, "train_images", manifest), load_array(data, "train_labels", manifest)


def _values(image: np.ndarray, label: str, index: int) -> Iterator[dict[str, Any]]:
    """A row a pixel, from the top left."""
    colours = COLOURS[image.shape[2]]
    for (row, column), values in zip(
        np.ndindex(image.shape[:2]), image.reshape(-1, len(colours)).tolist(), strict=True
    ):
        yield {"Index": index, "Label": label, "Row": row, "Column": column, **dict(zip(colours, values, strict=True))}


def main(argv: list[str]) -> None:
    """Command line: `python -m rethinking samples --job '{"dataset": …, …}' --data DIR --out DIR`."""
    parser = argparse.ArgumentParser(prog="python -m rethinking samples", description=__doc__)
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="dataset, corruptions, seed, …")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    make = values if "image" in arguments.job else samples
    make(arguments.job, arguments.data, arguments.out)
