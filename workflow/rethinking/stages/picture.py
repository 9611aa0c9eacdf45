"""The stage `picture`: what the stage `samples` wrote to one figure as PDF and SVG, its caption beside it."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rethinking.files import atomic
from rethinking.plotting.registry import PICTURES
from rethinking.registry import lookup
from rethinking.sections import Section


def main(argv: Sequence[str] | None = None) -> None:
    """Draw one registered picture of a data set."""
    parser = argparse.ArgumentParser(prog="python -m rethinking picture", description=__doc__)
    parser.add_argument("--picture", required=True, metavar="NAME", help=f"one of: {', '.join(PICTURES)}")
    parser.add_argument("--section", required=True, type=Section.read, metavar="JSON", help="what it is of")
    parser.add_argument("--samples", required=True, type=Path, metavar="DIR", help="what the stage `samples` wrote")
    parser.add_argument("--out", required=True, type=Path, nargs="+", metavar="FILE", help="files to write: .pdf, .svg")
    arguments = parser.parse_args(argv)
    draw = lookup(PICTURES, "picture", arguments.picture).load()

    from rethinking.plotting.style import save

    figure, caption = draw(arguments.samples, arguments.section)
    for path in arguments.out:
        save(figure, path)
    with atomic(arguments.out[0].with_suffix(".txt")) as temporary:
        temporary.write_text(caption + "\n", encoding="utf-8")
