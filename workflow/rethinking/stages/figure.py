"""The stage `figure`: tables in, one figure out as PDF and SVG, its caption beside it."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rethinking.files import atomic
from rethinking.plotting.registry import FIGURES
from rethinking.registry import lookup


def main(argv: Sequence[str] | None = None) -> None:
    """Draw one registered figure from `runs.csv` and `curves.csv`."""
    parser = argparse.ArgumentParser(prog="python -m rethinking figure", description=__doc__)
    parser.add_argument("--figure", required=True, metavar="NAME", help=f"one of: {', '.join(FIGURES)}")
    parser.add_argument("--section", required=True, type=json.loads, metavar="JSON", help="its resolved configuration")
    parser.add_argument("--tables", required=True, type=Path, metavar="DIR", help="folder of runs.csv and curves.csv")
    parser.add_argument("--out", required=True, type=Path, nargs="+", metavar="FILE", help="files to write: .pdf, .svg")
    arguments = parser.parse_args(argv)
    draw = lookup(FIGURES, "figure", arguments.figure).load()

    import pandas as pd

    from rethinking.plotting.style import save

    runs, curves = (pd.read_csv(arguments.tables / name) for name in ("runs.csv", "curves.csv"))
    figure, caption = draw(runs, curves, arguments.section)
    for path in arguments.out:
        save(figure, path)
    with atomic(arguments.out[0].with_name(f"{arguments.figure}.txt")) as temporary:
        temporary.write_text(caption + "\n", encoding="utf-8")
