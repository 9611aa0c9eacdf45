"""Decisions at their borders, which few trainings come near: when a run has fitted, when it ends, when it is scored."""

from pathlib import Path

import torch

from proof import Case, Facts
from rethinking import seeds
from rethinking.engine.loop import evaluation_steps
from rethinking.engine.records import Evaluation
from rethinking.engine.reproducibility import resolved_precision
from rethinking.engine.stopping import CRITERIA, best_epoch, meets, on_plateau, out_of_patience

ACCURACIES = (98.99, 99.0, 99.89, 99.9, 99.99, 100.0)
LOSSES = (0.0101, 0.01, 0.0099)
CURVES = ([1.0, 0.9, 0.9, 0.9], [1.0, 0.99991, 0.99981, 0.9], [1.0, 0.99989, 0.9998, 0.9998], [2.0, 3.0, 1.0, 1.5])


def _fitted(folder: Path) -> Facts:
    evaluations = [Evaluation(1, 1, 0.0, each, 1.0, 0.0, 1.0) for each in ACCURACIES]
    evaluations += [Evaluation(1, 1, 0.0, 50.0, each, 0.0, 1.0) for each in LOSSES]
    return {criterion: [meets(each, criterion) for each in evaluations] for criterion in CRITERIA}


def _patience(folder: Path) -> Facts:
    return {
        str(curve): {
            "best": best_epoch(curve),
            "out_of_patience": [out_of_patience(curve, patience) for patience in range(4)],
            "on_plateau": [on_plateau(curve, patience) for patience in range(4)],
        }
        for curve in CURVES
    }


def _evaluated(folder: Path) -> Facts:
    return {f"{steps} steps": [evaluation_steps(steps, times) for times in range(1, 6)] for steps in (1, 2, 7, 10)}


def _seeds(folder: Path) -> Facts:
    streams = {stream: [seeds.integer(3, stream, *keys) for keys in ((), (1,), (1, 2))] for stream in seeds.STREAMS}
    return {stream: [str(number) for number in numbers] for stream, numbers in streams.items()}


def _precisions(folder: Path) -> Facts:
    """`auto` is left out: it is the processor's to say."""
    return {name: resolved_precision(name, torch.device("cpu")) for name in ("float32", "tfloat32", "bfloat16")}


CASES: dict[str, Case] = {
    "has fitted": _fitted,
    "ends early": _patience,
    "evaluations of an epoch": _evaluated,
    "seeds": _seeds,
    "precisions": _precisions,
}
