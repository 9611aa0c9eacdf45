"""The stage `table`: data frames in, one table out as CSV, Markdown, LaTeX and HTML."""

import argparse
from collections.abc import Sequence

from rethinking.files import atomic
from rethinking.registry import lookup
from rethinking.reporting.registry import TABLES
from rethinking.stages.frames import add_arguments, read_frames


def main(argv: Sequence[str] | None = None) -> None:
    """Write one registered table, in the format of each file's suffix."""
    parser = argparse.ArgumentParser(prog="python -m rethinking table", description=__doc__)
    parser.add_argument("--table", required=True, metavar="NAME", help=f"one of: {', '.join(TABLES)}")
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    entry = lookup(TABLES, "table", arguments.table)
    make = entry.load()

    from rethinking.reporting.formats import text_of

    made = make(**read_frames(arguments, entry), section=arguments.section)
    for path in arguments.out:
        with atomic(path) as temporary:
            temporary.write_text(text_of(made, path.suffix), encoding="utf-8")
