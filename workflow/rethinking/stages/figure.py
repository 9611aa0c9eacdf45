"""The stage `figure`: data frames in, one figure out as PDF and SVG, its caption beside it."""

import argparse
from collections.abc import Sequence

from rethinking.files import atomic
from rethinking.plotting.registry import FIGURES
from rethinking.registry import lookup
from rethinking.stages.frames import add_arguments, read_frames


def main(argv: Sequence[str] | None = None) -> None:
    """Draw one registered figure."""
    parser = argparse.ArgumentParser(prog="python -m rethinking figure", description=__doc__)
    parser.add_argument("--figure", required=True, metavar="NAME", help=f"one of: {', '.join(FIGURES)}")
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    entry = lookup(FIGURES, "figure", arguments.figure)
    draw = entry.load()

    from rethinking.plotting.style import save

    figure, caption = draw(**read_frames(arguments, entry), section=arguments.section)
    for path in arguments.out:
        save(figure, path)
    with atomic(arguments.out[0].with_name(f"{arguments.figure}.txt")) as temporary:
        temporary.write_text(caption + "\n", encoding="utf-8")
