"""The stage `predictions`: what trained networks say of some test images, from their saved weights, to a data frame."""

import argparse
import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image

from rethinking.analysis.predictions import Predictions, confident_mistakes, logits_of, predictions
from rethinking.data.manifests import read_prepared
from rethinking.data.samples import one_of_each
from rethinking.engine.device import choose_device
from rethinking.engine.reproducibility import make_deterministic
from rethinking.files import atomic, load_array
from rethinking.outcomes.columns import MISTAKE, PREDICTIONS, RUN, STRIP
from rethinking.run import RunConfig
from rethinking.stages.placement import make_model, whitened
from rethinking.stages.runs import add_arguments, read_runs
from rethinking.stages.saved import Saved, give_weights


def logits_of_run(run: RunConfig, folder: Path, summary: dict[str, Any], images: np.ndarray) -> torch.Tensor:
    """Logits (n, classes) of stored images (n, height, width, channels), by the weights that a run left in `folder`.

    Raises ValueError where these are not the ones that its run.json is of.
    """
    device = choose_device()
    make_deterministic(summary["precision"])
    _, height, width, channels = images.shape
    crop, side = run.training.crop, run.training.resize
    shape = (channels, crop or height, crop or width)
    model = make_model(run, (channels, side or shape[1], side or shape[2]), summary["num_classes"], device)
    give_weights(Saved(folder, run, summary), model, f"images of {height}x{width}x{channels}")
    placed = whitened(images, run, shape, summary["precision"], model)
    return logits_of(model, placed, summary["precision"], side)


def check_same(folder: Path, manifest: dict[str, Any], summary: dict[str, Any]) -> None:
    """Raise ValueError where the test set in `folder` is not the one that a run was scored on."""
    for name in ("test_images", "test_labels"):
        if summary.get("arrays", {}).get(name) not in (None, manifest["arrays"][name]["sha256"]):
            run = "/".join(str(summary[key]) for key in RUN)
            raise ValueError(f"{folder / name}.npy: not what {run} was tested on; delete the run to train it on this")


def rows(
    run: RunConfig, said: Predictions, images: np.ndarray, labels: np.ndarray, classes: list[str], number: int
) -> Iterator[dict[str, Any]]:
    """The rows of one run: so many images, some of each class, and as many of its most confident mistakes."""
    chosen = {STRIP: one_of_each(labels, number), MISTAKE: confident_mistakes(said, labels, number)}
    for why, indices in chosen.items():
        for index in indices.tolist():
            yield {
                **{name: getattr(run, name) for name in RUN},
                "Shown": why,
                "Index": index,
                "True": classes[labels[index]],
                "Predicted": classes[said.classes[index]],
                "Confidence": said.confidences[index],
                "Image": as_text(images[index]),
            }


def as_text(image: np.ndarray) -> str:
    """An image uint8 (height, width, channels) as a PNG file in base64."""
    pixels = image[..., 0] if image.shape[2] == 1 else image
    Image.fromarray(pixels).save(buffer := io.BytesIO(), format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def table(plan: dict[str, Any], code: dict[str, str], folder: Path, data: Path, number: int) -> pd.DataFrame:
    """predictions.csv of a plan's runs, those of its first seed: pictures are of single networks."""
    made: list[dict[str, Any]] = []
    for run, summary in read_runs(plan | {"seeds": plan["seeds"][:1]}, code, folder):
        manifest = read_prepared(data / run.dataset)
        check_same(data / run.dataset, manifest, summary)
        images, labels = (load_array(data / run.dataset, f"test_{name}", manifest) for name in ("images", "labels"))
        said = predictions(logits_of_run(run, folder / run.path, summary, images))
        made += rows(run, said, images, labels, manifest["classes"], number)
    return pd.DataFrame(made, columns=list(PREDICTIONS))


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking predictions", description=__doc__)
    add_arguments(parser)
    parser.add_argument("--data", required=True, type=Path, help="folder of all prepared data sets")
    parser.add_argument("--images", required=True, type=int, metavar="N", help="how many images of each kind")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the data frame, CSV")
    args = parser.parse_args(argv)
    made = table(args.plan, args.code, args.runs, args.data, args.images)
    with atomic(args.out) as temporary:
        made.to_csv(temporary, index=False)
