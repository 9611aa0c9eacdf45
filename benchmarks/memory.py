"""Peak memory of a training on all 50,000 images: `python -m benchmarks.memory MODEL PRECISION`."""

import contextlib
import re
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch


def most() -> float:
    """Peak memory of this process so far, MB. Linux's `ru_maxrss` would begin with that of the process before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"^VmHWM:\s*(\d+) kB", status.read_text(), re.MULTILINE)[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes, on macOS


IMPORTED = most()  # before anything else is imported: the zero of the scale

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
    run = run_config(model, RESIZED.get(model))
    if run.training.resize is None:
        keep_freed_memory()
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

    state = State(network, make_optimiser(network, run.training))
    with contextlib.suppress(InterruptionError):
        next(fit(sets, run, state, measures={}, watch=watch))
    images, labels = sets.test.images[:1000], sets.test.labels[:1000]
    evaluate(network, images, labels, sets.task, precision, resize=sets.resize)
    with tempfile.TemporaryDirectory() as folder:
        state.save(Path(folder) / "state.pt", {})
    return most() - IMPORTED


def rows() -> Iterator[Row]:
    for (model, precision), allowed in ALLOWED.items():
        found = alternate({model: ("memory", model, precision)}, 1)[model][0]
        what = f"peak memory above `import torch`, 50,000 images, {MODELS[model].label}, {precision}: MB"
        yield Row.of(precision, what, found, allowed, "one process", at_most=True)


if __name__ == "__main__":
    result = peak(*sys.argv[1:])
    print("ready", flush=True)
    for _ in sys.stdin:
        print(result, flush=True)
