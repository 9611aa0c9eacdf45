"""`python -m benchmarks.population_statistics RUN`: what the running averages of batch norm cost a trained network.

RUN is the folder of a finished run below results/runs/. Its network is scored as it was saved, and again with averages
over N training images in place of those over its last steps (of which torch's decay of 0.9 a step remembers ten).
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from rethinking.engine.evaluation import evaluate
from rethinking.engine.loop import Split
from rethinking.engine.precision import autocast
from rethinking.files import read_json
from rethinking.run import RunConfig
from rethinking.stages.placement import place
from rethinking.stages.run_folder import load_data

BATCH = 128
DATA = Path("results/data")


def average_anew(model: nn.Module, images: torch.Tensor, precision: str) -> None:
    """Replace the running averages by those over `images`, each batch with the same weight; weights stay."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    model.train()
    with torch.no_grad(), autocast(images.device, precision):
        for batch in images.split(BATCH):
            model(batch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="a run's folder; its labels are those of results/data/<data set>")
    parser.add_argument("--images", type=int, default=16_000, help="training images, drawn at random (%(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    summary = read_json(args.run / "run.json")
    run, precision = RunConfig.from_json(summary["config"]), summary["precision"]
    if run.corruption != "true_labels":
        parser.error(f"{args.run} was trained on {run.corruption}; true_labels is what this is made for")
    arrays, manifest, _ = load_data(DATA / run.dataset, None, None)
    model, sets = place(arrays, run, len(manifest["classes"]), precision, torch.device("cpu"))
    if not any(isinstance(module, nn.BatchNorm2d) for module in model.modules()):
        parser.error(f"{run.model} has no batch normalisation")
    model.load_state_dict(load_file(args.run / "weights.safetensors"))
    picked = torch.from_numpy(np.random.default_rng(0).permutation(len(sets.train.labels))[: args.images])
    training = Split(*sets.train.batch(picked))
    for averages in ("as saved", f"over {len(picked):,} images"):
        if averages != "as saved":
            average_anew(model, training.images, precision)
        for name, part in (("training", training), ("test", sets.test)):
            score = evaluate(model, part.images, part.labels, sets.task, precision)
            print(f"averages {averages}: {name} {score.accuracy:.2f} %, loss {score.loss:.4f}", flush=True)


if __name__ == "__main__":
    main()
