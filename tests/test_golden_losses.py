"""Five tiny runs, one for each network of the paper; a refactor leaves the losses in tests/golden identical.

After a change that is meant to alter numbers: python tests/test_golden_losses.py --write
"""

import sys
import tempfile
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))  # as pytest does by pyproject.toml

import tiny_runs
import torch
from networks import PAPER

from rethinking.engine.reproducibility import machine
from rethinking.models.registry import MODELS

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

GOLDEN = Path(__file__).parent / "golden"
CORRUPTION = "random_labels-0.5"
RECIPE = {
    "epochs": 3,
    "batch_size": 16,
    "momentum": 0.9,
    "nesterov": True,
    "weight_decay": 1e-3,
    "schedule": "exponential",
    "decay": 0.9,
    "decay_every_steps": 2,
    "log_every_steps": 1,
}
RATES = {"mlp": 0.05, "alexnet": 0.02, "inception": 0.02}
WIDTHS = {"mlp": 1 / 16, "alexnet": 1 / 8, "inception": 1 / 4}


# Elsewhere, relative: the first losses only, for a training is chaotic. Processors' kernels differ by rounding, up to
# 7e-7 in the first loss (one forward pass; tried with AVX-512, AVX2 and SSE in torch, oneDNN and MKL). An activation
# within rounding of zero then falls on the other side of a ReLU, which changes Inception's gradients by 1 % and its
# second and third loss by up to 4e-4 and 1e-2.
TOLERANCES = (1e-5, 5e-3, 5e-2)


def header() -> list[str]:
    """Where equal bits are promised: the same processor, the same torch."""
    return [f"# machine: {machine(torch.device('cpu'))}", f"# torch: {torch.__version__}"]


def losses(model: str, data: Path, folder: Path) -> list[str]:
    """The online loss of each step as Python writes the number, so that no bit is lost."""
    family = MODELS[model].family
    run = tiny_runs.make_run(model, CORRUPTION, width=WIDTHS[family], learning_rate=RATES[family], **RECIPE)
    corrupted = tiny_runs.corrupt_digits(data, folder / "corrupted", CORRUPTION)
    return [
        row["OnlineTrainLoss"]
        for row in tiny_runs.rows(tiny_runs.run_stage(run, data, folder, corrupted) / "steps.csv")
    ]


@pytest.mark.parametrize("model", PAPER)
def test_losses_are_the_golden_ones(model, data, tmp_path):
    lines = (GOLDEN / f"{model}.txt").read_text().splitlines()
    expected, found = [line for line in lines if not line.startswith("#")], losses(model, data, tmp_path)
    assert len(expected) == len(found) == 9
    if lines[:2] == header():
        assert found == expected
    for one, other, tolerance in zip(found, expected, TOLERANCES, strict=False):
        assert float(one) == pytest.approx(float(other), rel=tolerance)


def test_every_network_of_the_paper_and_nothing_else_has_golden_losses():
    assert {path.name for path in GOLDEN.glob("*.txt")} == {f"{model}.txt" for model in PAPER}


def main() -> None:
    """Write the losses of this machine."""
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = tiny_runs.prepare_digits(Path(folder) / "data")
        for model in PAPER:
            lines = header() + losses(model, data, Path(folder) / model)
            (GOLDEN / f"{model}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    main()
