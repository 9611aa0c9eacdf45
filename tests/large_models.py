"""Every network at its full width, on images of the size that it is made for: `make test-large`.

    python tests/large_models.py [NAME …]

Each one in a process of its own, with a line of what was found, how long it took and its peak memory.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

from rethinking.engine.initialisation import initialise
from rethinking.models.registry import MODELS, Model

BATCH = 4
ROW = "{:<29} {:>10} {:>12} {:>15} {:>8} {:>9} {:>9} {:>6}"
HEADER = ROW.format("network", "input", "parameters", "multiply-adds", "outputs", "loss", "after", "s / MB")


def built(entry: Model, seed: int) -> nn.Module:
    """With weights from the seed, and without dropout, so that a step can be compared with the one before."""
    model = entry.build(**({"dropout": 0.0} if "dropout" in entry.arguments else {}))
    initialise(model, "kaiming", torch.Generator().manual_seed(seed))
    return model


def walk(name: str) -> None:
    """Check one network and print its line; an AssertionError says what it does not do."""
    started, entry = time.perf_counter(), MODELS[name]
    generator = torch.Generator().manual_seed(0)
    x, model = torch.randn(BATCH, *entry.input_shape, generator=generator), built(entry, seed=0)
    if entry.num_classes is None:
        y, loss_of = torch.randn(BATCH, 1, generator=generator), functional.mse_loss
    else:
        y, loss_of = torch.arange(BATCH) % entry.num_classes, functional.cross_entropy

    assert sum(each.numel() for each in model.parameters() if each.requires_grad) == entry.parameters
    outputs = model(x)
    assert outputs.shape == (BATCH, entry.num_classes or 1)
    before = loss_of(outputs, y)
    assert before.isfinite()
    before.backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.any(), key
    # As long a step as takes a hundredth off a loss that is straight along its gradient.
    slope = sum(each.grad.square().sum().item() for each in model.parameters() if each.grad is not None)
    torch.optim.SGD(model.parameters(), lr=0.01 * before.item() / slope).step()
    model.zero_grad()
    with torch.no_grad():
        after = loss_of(model(x), y)
        assert after < before
        logits = model.eval()(x)
        with tempfile.TemporaryDirectory() as folder:
            save_file(model.state_dict(), Path(folder) / "weights.safetensors")
            del model
            reloaded = built(entry, seed=1).eval()
            reloaded.load_state_dict(load_file(Path(folder) / "weights.safetensors"))
        assert torch.equal(reloaded(x), logits)
        if x.ndim == 4:
            found = reloaded.to(memory_format=torch.channels_last)(x.contiguous(memory_format=torch.channels_last))
            torch.testing.assert_close(found, logits, rtol=1e-3, atol=1e-3 * float(logits.abs().max()))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    shown = f"{time.perf_counter() - started:.1f} / {memory}"
    counts = (f"{entry.parameters:,}", f"{entry.multiply_adds:,}", f"{BATCH}x{outputs.shape[1]}")
    print(ROW.format(name, entry.input, *counts, f"{before.item():.4f}", f"{after.item():.4f}", shown), flush=True)


def main(names: list[str]) -> int:
    """Each network in a process of its own, so that its peak memory is its own; the exit code."""
    print(HEADER, flush=True)
    failed = [
        name for name in names if subprocess.run([sys.executable, __file__, "--one", name], check=False).returncode
    ]
    print(f"{len(names) - len(failed)} of {len(names)} networks pass{': not ' * bool(failed)}{', '.join(failed)}")
    return min(len(failed), 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        walk(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:] or list(MODELS)))
