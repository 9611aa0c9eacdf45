"""Stage `split`: which training images a seed holds out for validation."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import files, seeds
from rethinking.data.manifests import read_prepared
from rethinking.data.splits import VALIDATION, stratified_subset, validation_split


def split(job: Mapping[str, Any], data: Path, out: Path, made_by: Mapping[str, Any] | None = None) -> None:
    """Write `train_indices.npy`, `validation_indices.npy` and, last, `manifest.json` into `out`.

    The held-out images keep the labels that a corruption gives them: whoever chooses by them knows no better ones.
    `made_by` goes into the manifest (rethinking.owners).
    """
    clean = read_prepared(data)
    num_train = clean["arrays"]["train_labels"]["shape"][0]
    stratified = job.get("stratified", False)
    if stratified:
        labels = files.load_array(data, "train_labels", clean)
        validation = stratified_subset(labels, job["validation"], seeds.rng(job["seed"], "split", VALIDATION))
        train = np.setdiff1d(np.arange(num_train), validation)
    else:
        train, validation = validation_split(num_train, job["validation"], job["seed"])
    drawn = "every class by its share" if stratified else "drawn without regard to class"
    manifest = {
        "schema": 1,
        "dataset": job["dataset"],
        "seed": job["seed"],
        "definition": f"{len(validation)} of {num_train} training images, {drawn}, are held out",
        "arrays": {
            "train_indices": files.save_array(out / "train_indices.npy", train),
            "validation_indices": files.save_array(out / "validation_indices.npy", validation),
        },
        **({"made_by": made_by} if made_by else {}),
    }
    files.write_json(out / "manifest.json", manifest)


def main(argv: list[str]) -> None:
    """Command line: `python -m rethinking split --job '{"dataset": …, …}' --data DIR --out DIR`."""
    parser = argparse.ArgumentParser(prog="python -m rethinking split", description=__doc__)
    parser.add_argument(
        "--job", required=True, type=json.loads, metavar="JSON", help="dataset, validation, seed, stratified"
    )
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--made-by", type=json.loads, metavar="JSON", help="whose this is, for other configurations")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    split(arguments.job, arguments.data, arguments.out, arguments.made_by)
