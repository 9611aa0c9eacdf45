"""Stage `split`: which training images a seed holds out for validation."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rethinking import files
from rethinking.data.manifests import read_prepared
from rethinking.data.splits import validation_split


def split(job: Mapping[str, Any], data: Path, out: Path, made_by: Mapping[str, Any] | None = None) -> None:
    """Write `train_indices.npy`, `validation_indices.npy` and, last, `manifest.json` into `out`.

    The held-out images keep the labels that a corruption gives them: whoever chooses by them knows no better ones.
    `made_by` goes into the manifest (rethinking.owners).
    """
    clean = read_prepared(data)
    num_train = clean["arrays"]["train_labels"]["shape"][0]
    train, validation = validation_split(num_train, job["validation"], job["seed"])
    manifest = {
        "schema": 1,
        "dataset": job["dataset"],
        "seed": job["seed"],
        "definition": f"{len(validation)} of {num_train} training images, drawn without regard to class, are held out",
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
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="dataset, validation, seed")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--made-by", type=json.loads, metavar="JSON", help="whose this is, for other configurations")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    split(arguments.job, arguments.data, arguments.out, arguments.made_by)
