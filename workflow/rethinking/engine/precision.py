"""Reduced precision: bfloat16 autocast where the recipe asks for it."""

import torch


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context of a forward pass; does nothing unless the precision is bfloat16."""
    # The cache keeps cast weights for the length of one context, which here is one forward pass.
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")
