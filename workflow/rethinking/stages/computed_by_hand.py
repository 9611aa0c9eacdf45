"""What the commands by hand share that compute one file from a key of a configuration."""

import argparse
from pathlib import Path

from rethinking.config import CHECKOUT, Configuration
from rethinking.stages.by_hand import BY_HAND
from rethinking.stages.out import new_file


def asked(argv: list[str], key: str, study: str, description: str | None) -> tuple[Configuration, Path]:
    """The configuration, that of the file `study` where the command names none, and the file to write."""
    parser = argparse.ArgumentParser(prog=f"python -m rethinking {key}", description=description)
    parser.add_argument("--configfile", help=f"configuration with the key {key}; {study} by default")
    parser.add_argument("--out", type=new_file, default=BY_HAND / f"{key}.csv", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    return Configuration.load(arguments.configfile or CHECKOUT / study), arguments.out
