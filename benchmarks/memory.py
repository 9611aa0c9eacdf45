"""Peak memory of a training on all 50,000 images: `python -m benchmarks.memory MODEL PRECISION`."""

import contextlib
import resource
import sys
from collections.abc import Iterator

import torch

# Before anything else is imported: the zero of the scale. ru_maxrss counts in KB on Linux and in bytes on macOS.
UNIT = 1e6 if sys.platform == "darwin" else 1e3
IMPORTED = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT

import numpy as np  # noqa: E402

from benchmarks.images import NUM_CLASSES, SHAPE  # noqa: E402
from benchmarks.processes import alternate  # noqa: E402
from benchmarks.results import Row  # noqa: E402
from benchmarks.ways import run_config  # noqa: E402
from rethinking.engine.allocation import keep_freed_memory  # noqa: E402
from rethinking.engine.evaluation import evaluate  # noqa: E402
from rethinking.engine.loop import InterruptionError, fit  # noqa: E402
from rethinking.engine.optim import make_optimiser  # noqa: E402
from rethinking.engine.reproducibility import make_deterministic  # noqa: E402
from rethinking.engine.state import State  # noqa: E402
from rethinking.models.registry import MODELS  # noqa: E402
from rethinking.stages.placement import place  # noqa: E402

RESIZED = {"alexnet_224": 224}  # never the whole set: 50,000 images of 224x224 would be 30 GB
ALLOWED = {
    ("mlp_1x512", "float32"): 800,
    ("alexnet", "float32"): 1100,
    ("inception", "float32"): 1600,
    ("inception", "bfloat16"): 1300,
    ("alexnet_224", "float32"): 3000,
}


def peak(model: str, precision: str) -> float:
    """MB above `import torch` of what the train stage does: place all images, train some steps, evaluate a while."""
    make_deterministic(precision)
    keep_freed_memory()
    run = run_config(model, RESIZED.get(model))
    arrays = {}
    for part, num in (("train", 50_000), ("test", 10_000)):
        arrays[f"{part}_images"] = np.zeros((num, *SHAPE), np.uint8)
        arrays[f"{part}_images"][...] = np.arange(SHAPE[1], dtype=np.uint8)[:, None]  # so that memory is really there
        arrays[f"{part}_labels"] = np.arange(num) % NUM_CLASSES
    network, sets = place(arrays, run, NUM_CLASSES, precision, torch.device("cpu"))
    steps = 0

    def watch() -> None:
        nonlocal steps
        steps += 1
        if steps > 6:
            raise InterruptionError

    with contextlib.suppress(InterruptionError):
        next(fit(sets, run, State(network, make_optimiser(network, run.training)), measures={}, watch=watch))
    images, labels = sets.test.images[:1000], sets.test.labels[:1000]
    evaluate(network, images, labels, NUM_CLASSES, precision, resize=sets.resize)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT - IMPORTED


def rows() -> Iterator[Row]:
    for (model, precision), allowed in ALLOWED.items():
        found = alternate({model: ("memory", model, precision)}, 1)[model][0]
        what = f"peak memory above `import torch`, 50,000 images, {MODELS[model].label}, {precision}: MB"
        yield Row(what, found, allowed, "one process", at_most=True)


if __name__ == "__main__":
    result = peak(*sys.argv[1:])
    print("ready", flush=True)
    for _ in sys.stdin:
        print(result, flush=True)
