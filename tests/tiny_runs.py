"""Runs small enough for tests: real digits of 8x8 pixels, narrow networks, few steps."""

import contextlib
import csv
import dataclasses
import hashlib
import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import nn
from torch.utils import deterministic

from rethinking import files
from rethinking.models.registry import MODELS
from rethinking.names import split_corruption
from rethinking.recipe import Recipe
from rethinking.run import RunConfig
from rethinking.schema import SCHEMAS, fill
from rethinking.stages import corrupt, prepare, split
from rethinking.stages.train import train

NUM_TRAIN, NUM_TEST, NUM_CLASSES = 40, 30, 10
SHAPE = (1, 8, 8)
SOURCE = {"image_size": 8, "channels": 1, "train": 1400, "test": 397, "classes": 10}
DIGITS = {"reader": "digits", "source": SOURCE, "image_size": None, "channels": None, "seed": 0}
TIMES = ("EpochTime", "Totaltime", "Seconds")
WITH_TIMES = ("metrics.csv", "evaluations.csv")


def prepare_digits(folder: Path, num_train: int = NUM_TRAIN, num_test: int = NUM_TEST) -> Path:
    """A prepared data set of few digits."""
    values = json.dumps(DIGITS | {"train": num_train, "test": num_test})
    prepare.main(["--dataset", "digits", "--job", values, "--out", str(folder)])
    return folder


def corrupt_digits(data: Path, folder: Path, name: str, seed: int = 0) -> Path | None:
    """The folder of a corruption of `data`, None for true labels."""
    if name == "true_labels":
        return None
    family, level = split_corruption(name)
    given = {"name": name, "family": family, "level": level, "options": {}}
    values = json.dumps({"dataset": "digits", "corruption": given, "seed": seed})
    corrupt.main(["--job", values, "--data", str(data), "--out", str(folder)])
    return folder


def recipe(family: str = "mlp", **changes: Any) -> Recipe:
    """The schema's defaults, but made for few small images, and `changes`, as a model family has them."""
    small = {"epochs": 3, "batch_size": 16, "learning_rate": 0.02, "schedule": "constant", "crop": None}
    values = fill(small | {"initialisation": "kaiming"} | changes, "config", "recipe")
    return Recipe.of_network(values, {"family": family, "learning_rate": 0.02})


def schema_of(key: str) -> dict[str, Any]:
    """What the schema says of a recipe's key."""
    path = SCHEMAS / "config.schema.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["$defs"]["recipe"]["properties"][key]


def make_run(
    model: str = "mlp_1x512", corruption: str = "true_labels", seed: int = 0, width: float = 1 / 32, **changes: Any
) -> RunConfig:
    """A run of a narrow network; `changes` are values of its recipe."""
    return RunConfig(
        dataset="digits",
        model=model,
        corruption=corruption,
        recipe="tiny",
        seed=seed,
        factory=model,
        arguments={"width": width},
        training=recipe(MODELS[model].family, **changes),
    )


def retrained(run: RunConfig, **changes: Any) -> RunConfig:
    """The same run with other values in its recipe."""
    return dataclasses.replace(run, training=dataclasses.replace(run.training, **changes))


def split_digits(data: Path, folder: Path, validation: int, seed: int = 0, **further: Any) -> Path:
    """The folder of a validation split of `data`."""
    split.split({"dataset": "digits", "validation": validation, "seed": seed, **further}, data, folder)
    return folder


def run_stage(
    run: RunConfig,
    data: Path,
    folder: Path,
    corrupted: Path | None = None,
    code: str = "code",
    held_out: Path | None = None,
) -> Path:
    """Train a run into `folder`/out with its state in `folder`/state.pt; return the former."""
    out = folder / "out"
    parts = {"data": data, "corrupted": corrupted, "split": held_out}
    train(run, code=code, **parts, out=out, state_path=folder / "state.pt", seconds_between_saves=0)
    return out


def saved(path: Path) -> dict[str, Any]:
    """What a saved state holds; its checksum must be right."""
    data = path.read_bytes()
    assert hashlib.sha256(data[32:]).digest() == data[:32]
    return torch.load(io.BytesIO(data[32:]), weights_only=True)


def save_as(path: Path, content: dict[str, Any]) -> None:
    """Write a state with the right checksum."""
    torch.save(content, buffer := io.BytesIO())
    path.write_bytes(hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file's rows, every cell as the text that it holds."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def comparable(out: Path) -> dict[str, Any]:
    """Everything that a run left, times left out: what must be equal where runs are called equal."""
    found: dict[str, Any] = {}
    for path in out.iterdir():
        if path.suffix == ".csv":
            found[path.name] = [{k: v for k, v in row.items() if k not in TIMES} for row in rows(path)]
        elif path.suffix != ".json":
            found[path.name] = path.read_bytes()
    summary = files.read_json(out / "run.json")
    del summary["seconds"], summary["own_digest"]
    summary["files"] = {name: digest for name, digest in summary["files"].items() if name not in WITH_TIMES}
    for fit in summary["fit"].values():
        if fit is not None:
            del fit["seconds"]
    return found | {"run.json": summary}


def load_model(run: RunConfig, weights: dict[str, torch.Tensor]) -> nn.Module:
    """A fresh network of the run with these weights, in evaluation mode."""
    model = MODELS[run.factory].load()(num_classes=NUM_CLASSES, input_shape=SHAPE, **run.arguments)
    model.load_state_dict(weights)
    return model.eval()


def whitened(images: np.ndarray) -> torch.Tensor:
    """Images (n, height, width, channels) whitened by the formula of the paper's appendix A, channels first."""
    scaled = images.astype(np.float64) / 255
    mean, deviation = (f(scaled, axis=(1, 2, 3), keepdims=True) for f in (np.mean, np.std))
    white = (scaled - mean) / np.maximum(deviation, images[0].size ** -0.5)
    return torch.from_numpy(white.transpose(0, 3, 1, 2).astype(np.float32))


@contextlib.contextmanager
def torch_as_it_was() -> Iterator[None]:
    """Take back the settings that training makes for its whole process."""
    threads, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    fill = deterministic.fill_uninitialized_memory
    precision, tf32 = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(mode)
        torch.set_float32_matmul_precision(precision)
        torch.backends.cudnn.allow_tf32 = tf32
        deterministic.fill_uninitialized_memory = fill
        torch.set_flush_denormal(False)


def fail_saves(monkeypatch: pytest.MonkeyPatch, numbers: set[int], error: BaseException) -> list[int]:
    """Let the saves of a state that have these numbers, from 1, end in an error after some bytes; those that did."""
    opened, saves, failed = Path.open, itertools.count(1), []

    class Failing(io.FileIO):
        def write(self, content: Any) -> int:
            super().write(content[:16])
            raise error

    def opening(path: Path, *rest: Any, **options: Any) -> Any:
        if path.name.startswith(".state.pt.") and (number := next(saves)) in numbers:
            failed.append(number)
            return Failing(path, *rest)
        return opened(path, *rest, **options)

    monkeypatch.setattr(Path, "open", opening)
    return failed
