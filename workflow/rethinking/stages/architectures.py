"""The stage `architectures`: the sizes of networks at the images that they are trained on, to a data frame."""

import argparse
import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.layers import layers, totals
from rethinking.files import atomic
from rethinking.models.registry import MODELS
from rethinking.outcomes.computed import ARCHITECTURES


def row(network: dict[str, Any]) -> dict[str, Any]:
    """The row of one network: of data set, model and recipe, its input, parameters, multiply-adds, activations."""
    shape = tuple(network["input"])
    build = partial(MODELS[network["factory"]].build, shape, network["classes"], **network["arguments"])
    names = {key: network[key] for key in ("dataset", "model", "recipe")}
    return names | {"Input": "x".join(map(str, shape)), **totals(layers(build, shape))._asdict()}


def table(networks: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """architectures.csv of some networks, a row each."""
    return pd.DataFrame([row(network) for network in networks], columns=list(ARCHITECTURES))


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking architectures", description=__doc__)
    parser.add_argument("--networks", required=True, type=json.loads, help="the networks and their inputs, JSON")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    args = parser.parse_args(argv)
    made = table(args.networks)
    with atomic(args.out) as temporary:
        made.to_csv(temporary, index=False)
