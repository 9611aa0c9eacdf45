"""Trained networks again, from the weights that their runs left."""

from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from rethinking.engine.results import keeps_best
from rethinking.models.registry import MODELS
from rethinking.registry import lookup
from rethinking.run import WEIGHTS, RunConfig
from rethinking.stages.sealing import left_by_run, not_the_runs, read_run

SHOWN = 3  # runs below a folder that is none itself


class Saved(NamedTuple):
    """A finished run: its folder, what it is, what its run.json holds."""

    folder: Path
    run: RunConfig
    summary: dict[str, Any]

    @property
    def epoch(self) -> int:
        """The epoch after which the weights that it left were the network's."""
        best = self.summary["best_validation"]
        return best["epoch"] if best and keeps_best(self.run.training) else self.summary["epochs_done"]


def read_saved(folder: Path) -> Saved:
    """The run in `folder`; ValueError where there is none, or one of another version or without its network."""
    if not (folder / "run.json").exists():
        raise ValueError(f"{folder}: {_no_run(folder)}")
    summary = read_run(folder)
    try:
        run = RunConfig.from_json(summary["config"])
        lookup(MODELS, "model", run.factory)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{folder / 'run.json'}: a run of another version ({error})") from None
    return Saved(folder, run, summary)


def _no_run(folder: Path) -> str:
    """What there is in the place of a finished run."""
    if not folder.is_dir():
        return "is a file, not the folder of a run" if folder.exists() else "there is no such folder"
    below = [str(file.parent) for file in islice(sorted(folder.rglob("run.json")), SHOWN)]
    return f"holds no finished run (run.json){'; there is one in ' + ', '.join(below) if below else ''}"


def weights_of(saved: Saved) -> dict[str, torch.Tensor]:
    """The run's weights by name, on the CPU; ValueError where the file is not the one that it left."""
    path = left_by_run(saved.folder, saved.summary, WEIGHTS)
    try:
        return load(path.read_bytes())
    except SafetensorError as error:
        raise not_the_runs(path, f"torn, or no safetensors ({error})") from None


def give_weights(saved: Saved, model: nn.Module, images: str) -> nn.Module:
    """The network `model` of the run, made for `images`, with its weights.

    Raises ValueError for the first weight that has another shape: it is of another network, or for other images.
    """
    weights, expected = weights_of(saved), model.state_dict()
    for name in [*expected, *(name for name in weights if name not in expected)]:
        there, wanted = (_shape(tensors, name) for tensors in (weights, expected))
        if there != wanted:
            told = f"{name} is {there}, and for {images} {saved.run.model} has {wanted}"
            raise ValueError(f"{saved.folder / WEIGHTS}: {told}")
    model.load_state_dict(weights)
    return model


def _shape(tensors: dict[str, torch.Tensor], name: str) -> str:
    return "x".join(map(str, tensors[name].shape)) or "one number" if name in tensors else "not there"
