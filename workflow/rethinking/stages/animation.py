"""The stage `animation`: data frames in, the animation of a figure out as GIF."""

import argparse
from collections.abc import Sequence

from rethinking.plotting.registry import ANIMATED, FIGURES
from rethinking.stages.frames import add_arguments, read_frames


def main(argv: Sequence[str] | None = None) -> None:
    """Animate one registered figure."""
    parser = argparse.ArgumentParser(prog="python -m rethinking animation", description=__doc__)
    parser.add_argument("--figure", required=True, choices=ANIMATED, help="which of these figures")
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    entry = FIGURES[arguments.figure]
    animate = entry.animate()

    from rethinking.plotting.style import save_animation

    for path in arguments.out:
        save_animation(animate(**read_frames(arguments, entry), section=arguments.section), path)
