"""The stage `figure`: tables in, one figure out as PDF and SVG, its caption beside it."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rethinking.files import atomic
from rethinking.plotting.registry import FIGURES
from rethinking.registry import lookup


def main(argv: Sequence[str] | None = None) -> None:
    """Draw one registered figure from its tables."""
    parser = argparse.ArgumentParser(prog="python -m rethinking figure", description=__doc__)
    parser.add_argument("--figure", required=True, metavar="NAME", help=f"one of: {', '.join(FIGURES)}")
    parser.add_argument("--section", required=True, type=json.loads, metavar="JSON", help="its resolved configuration")
    parser.add_argument("--tables", required=True, type=Path, metavar="DIR", help="folder of its tables")
    parser.add_argument("--out", required=True, type=Path, nargs="+", metavar="FILE", help="files to write: .pdf, .svg")
    arguments = parser.parse_args(argv)
    entry = lookup(FIGURES, "figure", arguments.figure)
    draw = entry.load()

    import pandas as pd

    from rethinking.plotting.style import save

    tables = {name: pd.read_csv(arguments.tables / f"{name}.csv") for name in entry.tables}
    figure, caption = draw(**tables, section=arguments.section)
    for path in arguments.out:
        save(figure, path)
    with atomic(arguments.out[0].with_name(f"{arguments.figure}.txt")) as temporary:
        temporary.write_text(caption + "\n", encoding="utf-8")
