"""Whether the host waits for the device: torch's own debug mode on a GPU; on the CPU, reads of single numbers."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

READ = torch.ops.aten._local_scalar_dense.default  # float(tensor), int(tensor), tensor.item()


class Reads(TorchDispatchMode):
    """What takes the debug mode's place on the CPU, where every operation has ended when it returns."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden, self.num = False, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is READ:
            if self.forbidden:
                raise RuntimeError("a number is read, for which a GPU would have to be waited for")
            self.num += 1
        return func(*args, **(kwargs or {}))


class Steps:
    """Forbids to wait from the first step of an epoch on, except within what `pausing` wraps."""

    def __init__(self, device: torch.device, reads: Reads) -> None:
        self.device, self.reads, self.paused, self.num_steps = device, reads, 0, 0

    def _forbid(self, forbidden: bool) -> None:
        if self.device.type == "cuda":
            torch.cuda.set_sync_debug_mode("error" if forbidden else "default")
        else:
            self.reads.forbidden = forbidden

    def watch(self) -> None:
        """What the loop calls before each step, and before each batch of an evaluation."""
        if not self.paused:
            self.num_steps += 1
            self._forbid(True)

    def pausing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, within which waiting is allowed."""

        def paused(*args: Any, **kwargs: Any) -> Any:
            self._forbid(False)
            self.paused += 1
            try:
                return method(*args, **kwargs)
            finally:
                self.paused -= 1

        return paused


@contextmanager
def steps(device: torch.device) -> Iterator[Steps]:
    """Training within it may wait for the device in no step."""
    with Reads() as reads:
        watched = Steps(device, reads)
        try:
            yield watched
        finally:
            watched._forbid(False)


def counted(device: torch.device, compute: Callable[[], Any]) -> int:
    """How often the host waits for the device while it computes."""
    if device.type == "cpu":
        with Reads() as reads:
            compute()
        return reads.num
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            compute()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchronizing" in str(each.message) for each in caught)
