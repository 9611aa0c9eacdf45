"""Before any GPU: the operations of every network and option, against those that torch has no deterministic kernel for.

They are recorded on the CPU, below autograd, where their names are those of the operations that a GPU would run.
"""

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from networks import CLASSIFIERS, PAPER, batch, build, image_of, labels
from tiny_runs import make_run, run_stage
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from rethinking.engine.evaluation import evaluate
from rethinking.engine.optim import make_optimiser
from rethinking.engine.tasks import Classification
from rethinking.models.registry import MODELS

# What torch's documentation names -> the operations that raise on a GPU under the deterministic setting.
RAISING = {
    "torch.nn.AvgPool3d": ["avg_pool3d_backward"],
    "torch.nn.AdaptiveAvgPool2d": ["_adaptive_avg_pool2d_backward"],
    "torch.nn.AdaptiveAvgPool3d": ["_adaptive_avg_pool3d_backward"],
    "torch.nn.MaxPool3d": ["max_pool3d_with_indices_backward"],
    "torch.nn.AdaptiveMaxPool2d": ["adaptive_max_pool2d_backward"],
    "torch.nn.FractionalMaxPool2d": ["fractional_max_pool2d_backward"],
    "torch.nn.FractionalMaxPool3d": ["fractional_max_pool3d_backward"],
    "torch.nn.MaxUnpool1d": ["max_unpool2d"],
    "torch.nn.MaxUnpool2d": ["max_unpool2d"],
    "torch.nn.MaxUnpool3d": ["max_unpool3d"],
    "torch.nn.functional.interpolate": [
        f"{start}upsample_{mode}_backward"
        for start in ("", "_")
        for mode in ("linear1d", "bilinear2d", "bilinear2d_aa", "bicubic2d", "bicubic2d_aa", "trilinear3d")
    ],
    "torch.nn.ReflectionPad1d": ["reflection_pad1d_backward"],
    "torch.nn.ReflectionPad2d": ["reflection_pad2d_backward"],
    "torch.nn.ReflectionPad3d": ["reflection_pad3d_backward"],
    "torch.nn.NLLLoss": ["nll_loss2d_forward", "nll_loss2d_backward"],  # of images of labels; not of one label an image
    "torch.nn.CTCLoss": ["_ctc_loss_backward"],
    "torch.nn.EmbeddingBag": ["_embedding_bag_dense_backward"],
    "torch.Tensor.put_": ["put", "put_"],
    "torch.histc": ["histc"],
    "torch.bincount": ["bincount with weights"],
    "torch.median": ["median", "nanmedian"],
    "torch.nn.functional.grid_sample": ["grid_sampler_2d_backward", "grid_sampler_3d_backward"],
    "torch.cumsum": ["cumsum", "cumsum_"],  # until torch 2.13
    "torch.Tensor.scatter_reduce": ["scatter_reduce", "scatter_reduce_"],
    "torch.Tensor.resize_": [],  # of quantised tensors, which there are none of
}
RAISE = {operation for operations in RAISING.values() for operation in operations}
POOL = torch.ops.aten.max_pool2d_with_indices_backward.default


class Operations(TorchDispatchMode):
    """The names of all operations, and which networks' max pools have windows that overlap, in channels-last."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.overlaps = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        weights = args[1] if len(args) > 1 else kwargs.get("weights")
        self.names.add(f"{name} with weights" if name == "bincount" and weights is not None else name)
        if func is POOL:
            _, image, kernel, stride, *_ = args
            last = image.is_contiguous(memory_format=torch.channels_last) and not image.is_contiguous()
            self.overlaps |= last and kernel[0] > (stride or kernel)[0]
        return func(*args, **kwargs)


@contextmanager
def recorded() -> Iterator[Operations]:
    with Operations() as operations:
        yield operations
    assert "bincount" in operations.names, "nothing was evaluated"


def of_network(name: str) -> Operations:
    """Forward, loss, backward, a step of both optimisers, an evaluation, as the engine has them."""
    network = build(name)
    network = network.to(memory_format=getattr(network, "memory_format", torch.contiguous_format))
    x, y = batch(4, *image_of(name)), labels(4)
    if hasattr(network, "memory_format"):
        x = x.contiguous(memory_format=network.memory_format)
    with recorded() as operations:
        for optimiser in ("sgd", "adam"):
            run = make_run(name, optimiser=optimiser)
            moving = make_optimiser(network.train(), run.training)
            functional.cross_entropy(network(x).float(), y).backward()
            moving.step(1e-3)
        evaluate(network, x, y, Classification(7), "float32")
    return operations


def test_every_operation_that_torch_documents_as_raising_is_known_here():
    text = inspect.getdoc(torch.use_deterministic_algorithms) or ""
    listed = text.split("operations will throw a")[1].split("In addition")[0]
    documented = set(re.findall(r"^ {4}\* :\w+:`([\w.]+)`", listed, re.MULTILINE))
    assert len(documented) > 15
    assert documented <= set(RAISING)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_no_network_needs_an_operation_without_a_deterministic_kernel(name):
    operations = of_network(name)
    assert {"_fused_sgd_", "_fused_adam_"} <= operations.names
    assert not operations.names & RAISE


def test_the_recording_finds_such_an_operation():
    """Adaptive pooling is what the networks avoid."""
    x = torch.ones(2, 3, 8, 8, requires_grad=True)
    with Operations() as operations:
        functional.adaptive_avg_pool2d(x, 3).sum().backward()
        torch.bincount(torch.arange(3), torch.ones(3))
    assert {"_adaptive_avg_pool2d_backward", "bincount with weights"} <= operations.names & RAISE


OPTIONS = {
    "logged": {"log_every_steps": 2, "weight_decay": 0.01},
    "rotated": {"crop": 6, "augmentation": {"random_crop": True, "flip": True, "rotation": 25}},
    "resized": {"resize": 16},
    "resized to fewer pixels": {"resize": 5},
    "dropout and penalties": {"dropout": 0.5, "penalties": [{"function": "l1", "weight": 0.01}]},
    "clipped, smoothed": {"clip_gradient_norm": 1.0, "label_smoothing": 0.1},
    "measured": {"measures": ["frobenius_norm"], "evaluations_per_epoch": 2},
}


@pytest.mark.parametrize("changes", OPTIONS.values(), ids=OPTIONS)
def test_no_option_of_a_recipe_needs_one_either(changes, data, tmp_path):
    with recorded() as operations:
        run_stage(make_run("alexnet", epochs=1, **changes), data, tmp_path)
    assert not operations.names & RAISE


def test_the_networks_whose_max_pools_overlap_in_channels_last_are_among_those_that_run_to_the_same_bytes():
    """Their gradient might add in any order on a GPU, which nothing raises for: tests/gpu/test_gpu_same_bytes.py."""
    families = {MODELS[name].family for name in CLASSIFIERS if of_network(name).overlaps}
    assert families == {"alexnet", "inception"}
    assert families <= {MODELS[name].family for name in PAPER}
