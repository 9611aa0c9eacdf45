"""Pictures in the layouts of Animal Faces, as files by name, in ZIPs and in folders."""

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("cat", "dog", "wild")


def picture(seed: int, size: tuple[int, int] = (8, 8), mode: str = "RGB", kind: str = "PNG") -> bytes:
    """A picture of its own for each seed; PNG keeps every value."""
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], *channels), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels, mode).save(buffer, kind)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def faces(
    num: int = 4, parts: tuple[str, ...] = ("train", "val"), suffix: str = "png", **look: object
) -> dict[str, bytes]:
    """`num` pictures of each class in each part, by name; a part "" is none."""
    names = [
        "/".join(filter(None, (part, label, f"{index:03}.{suffix}")))
        for part in parts
        for label in CLASSES
        for index in range(num)
    ]
    return {name: picture(seed, **look) for seed, name in enumerate(names)}


def zipped(files: dict[str, bytes], folder: str = "afhq", **links: str) -> bytes:
    """A ZIP with the files in `folder`, and links by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items(), reverse=True):
            archive.writestr(f"{folder}/{name}" if folder else name, data)
        for name, target in links.items():
            member = zipfile.ZipInfo(f"{folder}/{name}")
            member.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(member, target)
    return buffer.getvalue()


def in_folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root
