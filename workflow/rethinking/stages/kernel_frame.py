"""Stage `kernel_frame`: the solutions of all kernels to one data frame."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rethinking import files
from rethinking.outcomes.computed import KERNELS


def rows_of(said: Mapping[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    """A kernel's rows, columns `outcomes.computed.KERNELS`; `said` is what the configuration says of it."""
    choice, gram = (files.read_json(folder / f"{step}.json") for step in ("choice", "gram"))
    found = files.read_json(folder / "solution.json", rows=list, held_out=list)
    held_out = {row["l2"]: row["error"] for row in found["held_out"]}
    facts = {key: found[key] for key in ("num_train", "num_test", "best_l2")}
    facts["whole"] = {part: found[f"num_{part}"] for part in said["of"]} == said["of"]
    facts |= {"memory": max(found["memory"], gram["memory"]), "gram_seconds": gram["seconds"]}
    for row in found["rows"]:
        of_all = row["l2"] == 0
        eigenvalues = {key: found[key] if of_all else None for key in ("smallest_eigenvalue", "largest_eigenvalue")}
        more = {"bandwidth": choice["bandwidth"], "held_out_error": held_out[row["l2"]]}
        every = {**said, **facts, **row, **eigenvalues, **more}
        yield {column: every[column] for column in KERNELS}


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking kernel_frame", description=__doc__)
    parser.add_argument(
        "--kernels", required=True, type=json.loads, metavar="JSON", help="a list of what is said of each"
    )
    parser.add_argument("--solutions", required=True, type=Path, metavar="DIR", help="the folder of all kernels")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    arguments = parser.parse_args(argv)
    if not arguments.kernels:
        raise ValueError(f"--kernels = []: names no kernel, and {arguments.out} would have no rows")
    rows = [row for said in arguments.kernels for row in rows_of(said, arguments.solutions / said["kernel"])]
    files.write_csv(arguments.out, rows)
