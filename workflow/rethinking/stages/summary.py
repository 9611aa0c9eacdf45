"""`python -m rethinking summary --model NAME`: a network layer by layer, with shapes, parameters and multiply-adds."""

import argparse
import re
from functools import partial
from typing import Any

from rethinking.config import Configuration
from rethinking.models.registry import MODELS
from rethinking.registry import nearest


def parsed_input(text: str) -> tuple[int, ...]:
    """`3x224x224` as channels, height, width. Raises ValueError for anything else."""
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){2}", text):
        raise ValueError(f"--input = {text}: must be channels, height and width, as in 3x224x224")
    return tuple(map(int, text.split("x")))


def network(model: dict[str, Any], image: str | None, num_classes: int | None) -> tuple[tuple[int, ...], int | None]:
    """Input and classes of a resolved model: those asked for, or those that its network is made for."""
    entry = MODELS[model["factory"]]
    if entry.num_classes is None:
        for option, value in (("input", image), ("classes", num_classes)):
            if value is not None:
                raise ValueError(f"--{option} = {value}: {model['factory']} takes numbers and does not classify")
    if num_classes is not None and num_classes < 1:
        raise ValueError(f"--classes = {num_classes}: must be at least 1")
    return parsed_input(image) if image is not None else entry.input_shape, num_classes or entry.num_classes


def table(rows: list[tuple[str, ...]]) -> str:
    """Text columns, the first two to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) if place < 2 else cell.rjust(width) for place, (cell, width) in enumerate(cells))
        for cells in (list(zip(row, widths, strict=True)) for row in rows)
    )
    return "\n".join(line.rstrip() for line in lines)


def summary(model: dict[str, Any], input_shape: tuple[int, ...], num_classes: int | None) -> str:
    """The table of a resolved model, its totals below."""
    from rethinking.analysis.layers import (  # and with it torch, which help and a wrong name need not wait for
        layers,
        totals,
    )

    build = partial(MODELS[model["factory"]].build, input_shape, num_classes, **model["arguments"])
    found = layers(build, input_shape)
    rows: list[tuple[str, ...]] = [
        ("layer", "kind", "output", "parameters", "multiply-adds"),
        ("", "input", written(input_shape), "", ""),
    ]
    for layer in found:
        numbers = ("", "") if layer.is_block else (counted(layer.parameters), counted(layer.multiply_adds))
        rows.append(("  " * layer.depth + layer.name, layer.kind, written(layer.shape), *numbers))
    parameters, multiply_adds, activations = totals(found)
    return (
        f"{table([*rows, ('total', '', '', f'{parameters:,}', f'{multiply_adds:,}')])}\n\n"
        f"{parameters:,} trainable parameters; for one input {multiply_adds:,} multiply-adds (convolutions and fully\n"
        f"connected layers) and {activations:,} numbers that the layers put out"
    )


def written(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def counted(number: int) -> str:
    return f"{number:,}" if number else "-"


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m rethinking summary",
        description="A network layer by layer: output shapes, parameters, multiply-adds. Nothing is computed.",
    )
    parser.add_argument("--model", required=True, help="see: python -m rethinking list models")
    parser.add_argument("--input", metavar="CxHxW", help="as in 3x224x224 (default: what the network is made for)")
    parser.add_argument("--classes", type=int, help="default: what the network is made for")
    parser.add_argument("--configfile", help="configuration with variants; config/config.yaml by default")
    args = parser.parse_args(argv)
    models = Configuration.load(args.configfile).models
    if args.model not in models:
        raise ValueError(f"--model = {args.model}: unknown model; {nearest(args.model, models)}")
    print(summary(models[args.model], *network(models[args.model], args.input, args.classes)))
