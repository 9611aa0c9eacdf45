"""The stage `transitions`: what the class noise of a figure's or table's runs makes of the labels of each class.

By these `aggregate` tells the error to be expected on test labels corrupted alike.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rethinking.data.corruptions.class_noise import rows_of
from rethinking.data.manifests import read_download, read_prepared
from rethinking.data.originals import verified_paths
from rethinking.files import load_array, write_json


def transitions(job: Sequence[Mapping[str, Any]], people: Sequence[tuple[Path, Path]]) -> list[dict[str, Any]]:
    """Each corruption of the job with its `probabilities` (true classes, given ones).

    `people` are folders of prepared data sets, each with that of the file of its human labels.
    """
    sources = {read_prepared(data)["dataset"]: (data, downloaded) for data, downloaded in people}
    found = []
    for each in job:
        measured: dict[str, Any] = {}
        if "subset" in each:
            data, downloaded = sources[each["dataset"]]
            ((name, expected),) = read_download(downloaded).items()
            measured = {"path": verified_paths(downloaded, name, expected)[name], "subset": each["subset"]}
            measured["labels"] = load_array(data, "train_labels", read_prepared(data))
        rows = rows_of(each["matrix"], each["classes"], **measured)
        kept = (1 - each["level"]) * np.eye(each["classes"]) + each["level"] * rows
        found.append({key: each[key] for key in ("dataset", "corruption")} | {"probabilities": kept.tolist()})
    return found


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking transitions", description=__doc__)
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="corruptions and their matrices")
    parser.add_argument(
        "--people", type=Path, nargs=2, action="append", default=[], metavar=("DATA", "DOWNLOADED"),
        help="a prepared data set, and the file of its human labels; as often as there are some",
    )  # fmt: skip
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the matrices, JSON")
    args = parser.parse_args(argv)
    write_json(args.out, {"corruptions": transitions(args.job, args.people)})
