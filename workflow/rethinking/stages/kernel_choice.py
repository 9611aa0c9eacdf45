"""Stage `kernel_choice`: bandwidth and parameters of features, by the error on training images that are held out."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rethinking import files
from rethinking.kernels.choose import best, tried
from rethinking.kernels.features import PATCHES


def choose(job: Mapping[str, Any], data: Path, out: Path) -> None:
    """Write the job, `tried`, a row a candidate, and of the best one `gabor` and `bandwidth`; of patches nothing is."""
    rows: list[dict[str, Any]] = []
    if job["features"] != PATCHES:
        manifest = files.read_manifest(data)
        images, labels = (
            files.load_array(data, f"train_{part}", manifest)[: job["choose"]["images"]]
            for part in ("images", "labels")
        )
        for row in tried(job, images, labels, str(data)):
            rows.append(row)
            print(json.dumps(row), flush=True)
    chosen = best(rows) if rows else {"gabor": None, "bandwidth": None}
    best_one = {key: chosen[key] for key in ("gabor", "bandwidth")}
    files.write_json(out, {**best_one, "tried": rows, "job": dict(job)})


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking kernel_choice", description=__doc__)
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="features, bandwidths, …")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="what is chosen, JSON")
    arguments = parser.parse_args(argv)
    choose(arguments.job, arguments.data, arguments.out)
