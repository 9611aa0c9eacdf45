"""Images at another size, a batch at a time (CIFAR-10 at 224 pixels, as the lecture's networks take it).

50,000 images of 224x224 are 30 GB as float32; a batch of 128 is 77 MB.
"""

import torch
from torch.nn import functional


def resized(images: torch.Tensor, side: int | None) -> torch.Tensor:
    """Float images (n, channels, height, width) -> (n, channels, side, side), memory format kept; None leaves them.

    Bilinear with the corners at the pixels' edges. Where it shrinks it is antialiased: a pixel is a mean over all that
    it covers, weighted by a triangle twice as wide as the step, as Pillow does it. Growing needs no such thing.
    """
    if side is None or images.shape[2:] == (side, side):
        return images
    shrinks = side < max(images.shape[2:])
    made = functional.interpolate(images.float(), (side, side), mode="bilinear", align_corners=False, antialias=shrinks)
    return made.to(images.dtype)
