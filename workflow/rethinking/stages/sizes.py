"""The stage `sizes`: the registered networks' parameters and multiply-adds to a table."""

import argparse
import json
from pathlib import Path

import pandas as pd

from rethinking.files import atomic


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking sizes", description=__doc__)
    parser.add_argument("--models", required=True, type=json.loads, help="one mapping a network, JSON")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the table, CSV")
    args = parser.parse_args(argv)
    with atomic(args.out) as temporary:
        pd.DataFrame(args.models).to_csv(temporary, index=False)
