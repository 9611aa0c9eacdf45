"""A user's photographs: two kinds, a folder each, of many sizes, some taken with the camera on its side."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

ORIENTATION = 0x0112
AS_TAKEN = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
CLASSES = ("buildings", "flowers")


def views(num: int) -> Iterator[tuple[str, Image.Image]]:
    """`num` photographs of each class as they are seen: parts of the two photographs that scikit-learn ships."""
    rng = np.random.default_rng(0)
    for label, photograph in zip(CLASSES, load_sample_images().images, strict=True):
        for _ in range(num):
            height, width = rng.integers(120, 260, 2)
            top, left = (rng.integers(whole - part) for whole, part in zip((427, 640), (height, width), strict=True))
            yield label, Image.fromarray(photograph[top : top + height, left : left + width])


def photographs(root: Path, num: int = 25) -> Path:
    """Write `num` JPEGs of each class below `root`, every other one turned, with the EXIF that says so."""
    for index, (label, view) in enumerate(views(num)):
        orientation = list(AS_TAKEN)[index // 2 % 4] if index % 2 else 1
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        turn = AS_TAKEN[orientation]
        (root / label).mkdir(parents=True, exist_ok=True)
        taken = view if turn is None else view.transpose(turn)
        taken.save(root / label / f"IMG_{index:04}.JPG", "JPEG", quality=95, exif=exif)
    return root
