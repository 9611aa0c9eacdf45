"""A GPU that is none: tensors that say they are on `cuda:0` and compute on the CPU, and a record of what moves.

The mode stands between torch and its kernels. Like a real device it refuses to compute with tensors of two devices,
and more strictly: a CPU tensor of no dimensions, which torch would take along in silence, is refused as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing

DEVICE = torch.device("cuda", 0)
CPU = torch.device("cpu")
META = torch.device("meta")  # where torch's kernels take the stand-in's tensors to be
NAME = "stand-in"
aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default)
READ = aten._local_scalar_dense.default  # float(tensor), int(tensor), tensor.item()


class Placed(torch.Tensor):
    """A tensor of the stand-in. `held` is where its numbers are."""

    __torch_function__ = torch._C._disabled_torch_function_impl
    held: torch.Tensor
    # The device of torch's kernels needs no driver; Python code sees a GPU.
    device = property(lambda self: DEVICE)  # type: ignore[assignment]
    is_cuda, is_meta = True, False  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> "Placed":
        layout = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        placed = torch.Tensor._make_wrapper_subclass(cls, held.size(), device=META, **layout)
        placed.held = held
        return placed

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Saved like its numbers, as a tensor of a GPU is when it is loaded for the CPU."""
        return self.held.__reduce_ex__(protocol)

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{func} outside of the stand-in")


@dataclass
class Record(TorchDispatchMode):
    """What was moved to the device and from it, as (shape, dtype), and how many numbers were read from it."""

    to_device: list[tuple[tuple[int, ...], torch.dtype]] = field(default_factory=list)
    to_host: list[tuple[tuple[int, ...], torch.dtype]] = field(default_factory=list)
    num_reads: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        here = [isinstance(tensor, Placed) for tensor in tensors]
        if any(here) and not all(here) and func not in COPIES:
            raise RuntimeError(f"{func}: tensors of two devices")
        asked = kwargs.get("device")
        if func is aten.copy_.default:
            placed = here[0]
        else:
            placed = any(here) if asked is None else torch.device(asked) in (DEVICE, META)
        self.note(func, tensors, here, placed)

        values, options = pytree.tree_map(lambda leaf: leaf.held if isinstance(leaf, Placed) else leaf, (args, kwargs))
        options |= {} if asked is None else {"device": CPU}
        result = func(*values, **options)
        if placed:
            result = pytree.tree_map(lambda leaf: Placed(leaf) if isinstance(leaf, torch.Tensor) else leaf, result)
        return return_and_correct_aliasing(func, args, kwargs, result) if any(here) and placed else result

    def note(self, func: Any, tensors: list[torch.Tensor], here: list[bool], placed: bool) -> None:
        """Count what crosses between host and device."""
        if func is READ and here[0]:
            self.num_reads += 1
        if func in COPIES and here[-1] != placed:
            source = tensors[-1]
            (self.to_device if placed else self.to_host).append((tuple(source.shape), source.dtype))


@contextmanager
def stand_in() -> Iterator[Record]:
    """torch with one GPU, as far as training asks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "_lazy_init", lambda: None)
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
        patch.setattr(torch.cuda, "get_device_name", lambda device=None: NAME)
        # Without it, Module.to would put the stand-in's tensors into the parameters and lose what they hold.
        overwrites = torch.__future__.get_overwrite_module_params_on_conversion()
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        try:
            with Record() as record:
                yield record
        finally:
            torch.__future__.set_overwrite_module_params_on_conversion(overwrites)
