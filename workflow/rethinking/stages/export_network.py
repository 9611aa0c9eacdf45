"""A run's network for use elsewhere: a plain state dict of torch, ONNX where it is asked for, and a model card."""

import warnings
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import torch
from torch import nn

from rethinking.config import Configuration, jobs
from rethinking.engine.batch_norm import layers
from rethinking.files import atomic, sha256
from rethinking.run import WEIGHTS
from rethinking.stages.model_card import model_card
from rethinking.stages.placement import make_model
from rethinking.stages.saved import Saved, give_weights, weights_of

STATE_DICT, ONNX, CARD = FILES = ("state_dict.pt", "network.onnx", "README.md")
NEEDS = "onnxruntime and onnxscript are not installed: pip install onnxruntime onnxscript"
TOLERANCE = 1e-4  # by which logits may differ, as a share of the largest one where that is more than 1
IMAGES = 5  # that both forms are tried on


def export_network(saved: Saved, configuration: Configuration, out: Path, onnx: bool) -> list[Path]:
    """Write a run's network to the folder `out`, in the place of what an earlier call wrote of it; all of its files.

    `configuration` has the run's data set. Raises ValueError where `out` holds anything else, where a file of the run
    is not what it left, and where the network in ONNX says something else.
    """
    check_free(saved, out)
    training = saved.run.training
    shape = jobs.seen_images(configuration.datasets[saved.run.dataset], training.crop, training.resize)
    channels, height, width = shape
    model = make_model(saved.run, (channels, height, width), saved.summary["num_classes"], torch.device("cpu"))
    model = give_weights(saved, model, f"images of {height}x{width}x{channels}").eval()
    with ExitStack() as stack:  # all of them or none
        stack.callback(remove_empty, out)
        card, weights = (stack.enter_context(atomic(out / name)) for name in (CARD, STATE_DICT))
        torch.save(weights_of(saved), weights)
        difference = None
        if onnx:
            model = model.to(memory_format=torch.contiguous_format)
            difference = write_onnx(model, shape, stack.enter_context(atomic(out / ONNX)))
        by_batch = any(not layer.track_running_stats for layer in layers(model))
        card.write_text(model_card(saved, configuration, shape, difference, by_batch), encoding="utf-8")
    if not onnx:
        (out / ONNX).unlink(missing_ok=True)
    return [out / name for name in FILES if (out / name).exists()]


def remove_empty(folder: Path) -> None:
    """Delete a folder in which nothing was left."""
    with suppress(OSError):
        folder.rmdir()


def check_free(saved: Saved, out: Path) -> None:
    """Raise ValueError where a folder holds anything but an earlier export of the same weights."""
    there = {path.name for path in out.iterdir()} if out.is_dir() else set()
    same = CARD in there and sha256(saved.folder / WEIGHTS) in (out / CARD).read_text(
        encoding="utf-8", errors="replace"
    )
    if there and not (same and there <= {*FILES}):
        raise ValueError(f"--out = {out}: holds something else already; choose another folder, or delete this one")


@torch.no_grad()
def write_onnx(model: nn.Module, shape: list[int], path: Path) -> float:
    """Write a network for images of `shape`, any number of them; by how much its logits differ from torch's.

    Raises ValueError where what writes or runs it is not installed, and where they differ by more than TOLERANCE.
    """
    try:
        import onnxruntime  # pyright: ignore[reportMissingImports]
        import onnxscript  # noqa: F401 (torch writes by it)  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError(NEEDS) from None
    images = torch.randn((IMAGES, *shape), generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about itself
        torch.onnx.export(
            model,
            (images,),
            path,
            input_names=["images"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            external_data=False,
            verbose=False,
        )
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    expected, found = model(images).numpy(), session.run(None, {"images": images.numpy()})[0]
    difference, largest = float(np.abs(found - expected).max()), float(np.abs(expected).max())
    if not difference <= TOLERANCE * max(1, largest):
        raise ValueError(f"{ONNX}: its logits differ from torch's by up to {difference:.2g}, so it was not kept")
    return difference
