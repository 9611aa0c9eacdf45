"""That cost grows in proportion: seconds an epoch against images, seconds a run against epochs."""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.images import NUM_CLASSES, images
from benchmarks.processes import alternate
from benchmarks.results import Row
from benchmarks.ways import run_config
from rethinking.engine.allocation import keep_freed_memory
from rethinking.engine.loop import fit
from rethinking.engine.optim import make_optimiser
from rethinking.engine.reproducibility import make_deterministic
from rethinking.engine.state import State
from rethinking.stages.placement import place

SIZES = (5_000, 10_000, 20_000, 50_000)
EPOCHS = (2, 4, 8)


def seconds(num_images: int, epochs: int, folder: str | None) -> float:
    """Seconds of whole epochs of the MLP: training, evaluation of training and test set, saving the state."""
    run = run_config("mlp_1x512", train_evaluation_every=1)
    stored, labels = images(folder, num_images)
    arrays = {"train_images": stored, "train_labels": labels}
    # A test set of a fifth, as CIFAR-10 has.
    arrays |= {"test_images": stored[: num_images // 5], "test_labels": np.asarray(labels[: num_images // 5])}
    network, sets = place(arrays, run, NUM_CLASSES, "float32", torch.device("cpu"))
    state = State(network, make_optimiser(network, run.training))
    with tempfile.TemporaryDirectory() as temporary:
        training = fit(sets, run, state, measures={})
        next(training)  # the first allocates
        start = time.perf_counter()
        for _ in range(epochs):
            next(training)
            state.save(Path(temporary) / "state.pt", {})
        return time.perf_counter() - start


def rows(folder: str | None, repeats: int) -> Iterator[Row]:
    last = [folder] if folder else []
    sizes = alternate({size: ("scaling", str(size), "1", *last) for size in SIZES}, repeats)
    base = statistics.median(sizes[SIZES[0]]) / SIZES[0]
    for size in SIZES:
        found = statistics.median(sizes[size])
        what = f"an epoch of MLP 1×512, {size:,} images: time an image ÷ that at {SIZES[0]:,}"
        yield Row(what, found / size / base, None, f"{found:.2f} s")
    longer = alternate({epochs: ("scaling", "5000", str(epochs), *last) for epochs in EPOCHS}, repeats)
    base = statistics.median(longer[EPOCHS[0]]) / EPOCHS[0]
    for epochs in EPOCHS:
        found = statistics.median(longer[epochs])
        what = f"{epochs} epochs of MLP 1×512, 5,000 images: time an epoch ÷ that of {EPOCHS[0]} epochs"
        yield Row(what, found / epochs / base, None, f"{found:.2f} s")


if __name__ == "__main__":
    make_deterministic("float32")
    keep_freed_memory()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(seconds(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4] or [None]), flush=True)
