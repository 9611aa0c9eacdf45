"""Runs for a device: the networks' full width, images and batches on a GPU; on the CPU small ones."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiny_runs import DIGITS, make_run

from rethinking.models.registry import MODELS
from rethinking.run import RunConfig
from rethinking.stages import prepare as prepare_stage

PRECISIONS = ["float32", "tfloat32", "bfloat16"]


@dataclass(frozen=True)
class Size:
    """Images, batches and network widths of runs; `epochs` where bytes are compared, `repeats` of such a run."""

    image: tuple[int, int, int]  # channels, height, width
    num_train: int
    num_test: int
    batch: int
    epochs: int
    repeats: int
    is_full: bool

    def width(self, model: str) -> float:
        """The network's own on a GPU."""
        return 1.0 if self.is_full else 1 / 32 if MODELS[model].family == "mlp" else 1 / 8


SIZES = {
    # 300 steps a run; the last batch of an epoch is a smaller one.
    "cuda": Size((3, 28, 28), 1240, 397, 128, 30, 3, True),
    "cpu": Size((1, 8, 8), 40, 30, 16, 3, 2, False),
}


def prepare(folder: Path, size: Size) -> Path:
    """Real digits as images of the size: those of scikit-learn, which need no network."""
    channels, side, _ = size.image
    values = DIGITS | {"image_size": side, "channels": channels, "train": size.num_train, "test": size.num_test}
    prepare_stage.main(["--dataset", "digits", "--job", json.dumps(values), "--out", str(folder)])
    return folder


def run_of(size: Size, model: str, corruption: str = "true_labels", **changes: Any) -> RunConfig:
    """A run of the network at the size's width; `changes` are values of its recipe."""
    values = {"batch_size": size.batch, "epochs": size.epochs, "train_evaluation_every": 10} | changes
    return make_run(model, corruption, width=size.width(model), **values)


# The train stage, with its state saved after every epoch.
STAGE = """
import json, sys
from pathlib import Path
from rethinking.run import RunConfig
from rethinking.stages.train import train
run, data, folder = json.loads(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
out, state = folder / "out", folder / "state.pt"
train(RunConfig.from_json(run), code="code", data=data, out=out, state_path=state, seconds_between_saves=0)
"""


def start(run: RunConfig, data: Path, folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """A process of its own that trains the run into `folder`; its lines can be read."""
    command = [sys.executable, "-c", STAGE, run.json, str(data), str(folder)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)


def ended(processes: Iterable[subprocess.Popen[str]]) -> list[str]:
    """What each process still printed; all must end well."""
    printed = [process.communicate()[0] for process in processes]
    for process, text in zip(processes, printed, strict=True):
        assert process.returncode == 0, text
    return printed
