"""What the steps of a kernel read and say alike: prepared images and labels, the memory that a step took."""

import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import files

TRUE_LABELS = "true_labels"


def images_of(data: Path) -> tuple[np.ndarray, int, dict[str, Any]]:
    """Training and then test images uint8 (n, …) of a prepared data set, how many of the first, and its manifest."""
    manifest = files.read_manifest(data, classes=list)
    train, test = (files.load_array(data, f"{part}_images", manifest) for part in ("train", "test"))
    return np.concatenate([train, test]), len(train), manifest


def labels_of(data: Path, corrupted: Mapping[str, Path], corruption: str) -> np.ndarray:
    """Training labels int64 (n,), true ones or those of a corruption, by its folder."""
    folder = data if corruption == TRUE_LABELS else corrupted[corruption]
    return files.load_array(folder, "train_labels", files.read_manifest(folder))


def peak_memory() -> float:
    """The most memory that this process has held, MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


class Costs:
    """The seconds and the most memory (MB) that a piece of work took, over all calls of a job that was killed.

    They are kept in a file, so that a call which finds the work done says what it took; this call began at `started`.
    """

    def __init__(self, path: Path, started: float) -> None:
        self.path, self.started = path, started
        self.before = self.kept() if path.exists() else {"seconds": 0.0, "memory": 0.0}

    def kept(self) -> dict[str, float]:
        """What is kept; where nothing is, what this call took."""
        if not self.path.exists():
            self.keep()
        found = files.read_json(self.path, seconds=float, memory=float)
        return {key: found[key] for key in ("seconds", "memory")}

    def keep(self) -> None:
        """Keep what the work took until now."""
        seconds = self.before["seconds"] + time.perf_counter() - self.started
        files.write_json(self.path, {"seconds": seconds, "memory": max(self.before["memory"], peak_memory())})

    def kept_by(self, report: Callable[[float, str], None]) -> Callable[[float, str], None]:
        """The same report, each time kept: it is made where something is done that a kill leaves."""

        def reported(done: float, where: str) -> None:
            self.keep()
            report(done, where)

        return reported
