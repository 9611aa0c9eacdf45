"""What makes a run the same run: seeded generators, deterministic kernels, one thread, and a record of the machine."""

import os
import platform
import re
from pathlib import Path

import numpy as np
import torch
from torch.utils import deterministic

from rethinking import seeds


def generator(seed: int, stream: str, *keys: int) -> torch.Generator:
    """torch's generator (on the CPU, whatever the device) for a stream of the run's seed."""
    return torch.Generator().manual_seed(seeds.integer(seed, stream, *keys))


def make_deterministic(precision: str) -> None:
    """Deterministic kernels and one thread: a sum's value depends on how many threads share it."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The same switch as `use_deterministic_algorithms(True)`, which would import the compiler, two seconds a run.
    torch.set_deterministic_debug_mode("error")
    # Not part of determinism but a search aid for reads of memory that nothing wrote; a twelfth of Inception's time.
    # (a property that torch gives the module at run time)
    deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("high" if precision == "tfloat32" else "highest")
    torch.backends.cudnn.allow_tf32 = precision == "tfloat32"
    torch.set_num_threads(1)
    # Denormal numbers slow a CPU tenfold once a network has fitted and its gradients fade.
    torch.set_flush_denormal(True)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the processor is known to have instructions for bfloat16 products; of CPUs, whether it has AVX-512's."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def resolved_precision(precision: str, device: torch.device) -> str:
    """What `auto` and `tfloat32` mean on this device."""
    if precision == "auto":
        return "bfloat16" if has_fast_bfloat16(device) else "float32"
    if precision == "tfloat32" and device.type != "cuda":
        return "float32"
    return precision


def warn_of_slow(precision: str, device: torch.device) -> None:
    """Print a warning where the precision takes longer than float32 would."""
    if precision == "bfloat16" and not has_fast_bfloat16(device):
        reason = f"no instructions for bfloat16 are known of this {device.type.upper()}, and without them"
        print(f"warning: {reason} it is many times slower than float32 (precision: auto takes the faster)", flush=True)


def _processor() -> str:
    """The processor's name and generation where Linux tells them: MKL and oneDNN choose their kernels by them."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    first = cpuinfo.read_text(encoding="utf-8").split("\n\n")[0]
    facts = dict(re.findall(r"^(.*?)\s*: (.*)$", first, re.MULTILINE))
    keys = ("model name", "cpu family", "model", "CPU implementer", "CPU part")
    return " ".join(facts[key] for key in keys if key in facts)


def machine(device: torch.device) -> str:
    """The processor, as far as it can change a sum: results are promised to be equal only on the same one."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return f"{device.type}: {platform.machine()} {torch.backends.cpu.get_cpu_capability()} {_processor()}"


def versions(device: torch.device | None = None) -> dict[str, str]:
    """Versions of what computes the numbers; on a GPU also of CUDA, with which a wheel of torch brings its cuDNN."""
    found = {"python": platform.python_version(), "torch": str(torch.__version__), "numpy": np.__version__}
    if device is not None and device.type == "cuda":
        found["cuda"] = str(torch.version.cuda)
    return found
