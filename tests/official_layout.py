"""Small data sets in the layout of the official files, with hashes of their own."""

import gzip
import hashlib
import io
import struct
import tarfile
from typing import Any

import numpy as np

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
FOLDER = "cifar-10-batches-py"
BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def python2_pickle(value: Any) -> bytes:
    """Protocol 2 as Python 2 wrote it: strings are bytes, arrays refer to numpy.core and give 0 for false."""
    return b"\x80\x02" + _opcodes(value) + b"."


def _opcodes(value: Any) -> bytes:
    match value:
        case dict():
            return b"}(" + b"".join(_opcodes(key) + _opcodes(each) for key, each in value.items()) + b"u"
        case list():
            return b"](" + b"".join(map(_opcodes, value)) + b"e"
        case int():
            return b"J" + struct.pack("<i", value)
        case str():
            return b"T" + struct.pack("<i", len(value)) + value.encode("latin1")
        case np.ndarray():
            return _array(value)
    raise TypeError(type(value))


def _array(array: np.ndarray) -> bytes:
    shape = b"(" + b"".join(map(_opcodes, array.shape)) + b"t"
    empty = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
    dtype = b"cnumpy\ndtype\n(" + _opcodes(array.dtype.str[1:]) + b"K\x00K\x01tR"
    dtype += b"(K\x03" + _opcodes(array.dtype.str[:1]) + b"NNN" + _opcodes(-1) * 2 + b"K\x00tb"
    content = _opcodes(array.tobytes().decode("latin1"))
    return empty + b"(K\x01" + shape + dtype + b"\x89" + content + b"tb"


def cifar_arrays(num_images: int = 20, distinct: int | None = None) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images (n, 3, 32, 32) and labels of every batch, all different, or `distinct` ones again and again."""
    rng = np.random.default_rng(0)
    num = distinct or num_images
    labels = np.arange(num) % 10
    batches = {
        name: (rng.integers(0, 256, (num, 3, 32, 32), dtype=np.uint8), rng.permutation(labels)) for name in BATCHES
    }
    return {
        name: (np.resize(images, (num_images, 3, 32, 32)), np.resize(labels, num_images))
        for name, (images, labels) in batches.items()
    }


def cifar_files(num_images: int = 20, distinct: int | None = None) -> dict[str, bytes]:
    """The seven pickles by name."""
    files = {}
    for name, (images, labels) in cifar_arrays(num_images, distinct).items():
        content = {"batch_label": name, "labels": labels.tolist(), "data": images.reshape(num_images, -1)}
        files[name] = python2_pickle(content | {"filenames": [f"{label}.png" for label in labels]})
    files["batches.meta"] = python2_pickle({"num_cases_per_batch": num_images, "label_names": CLASSES, "num_vis": 3072})
    return files


def archive(files: dict[str, bytes], folder: str = FOLDER) -> bytes:
    """A .tar.gz of a folder with the files, in another order than the reader wants them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        top = tarfile.TarInfo(folder)
        top.type, top.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(top)
        for name, data in sorted(files.items(), reverse=True):
            add(tar, f"{folder}/{name}", data)
    return buffer.getvalue()


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def mnist_files(train: int = 30, test: int = 30) -> dict[str, bytes]:
    """The four idx files by name, not compressed; of more than 30 images the first 30 come again and again."""
    rng = np.random.default_rng(1)
    files = {}
    for part, num_images in (("train", train), ("t10k", test)):
        images = rng.integers(0, 256, (30, 28, 28), dtype=np.uint8)
        labels = rng.permutation(np.arange(30) % 10).astype(np.uint8)
        files[f"{part}-images-idx3-ubyte"] = idx(np.resize(images, (num_images, 28, 28)))
        files[f"{part}-labels-idx1-ubyte"] = idx(np.resize(labels, num_images))
    return files


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def expected(data: bytes, unpacked: dict[str, bytes] | None = None) -> dict[str, Any]:
    """What a catalogue says of a file."""
    entry: dict[str, Any] = {
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "md5": hashlib.md5(data).hexdigest(),
    }
    if unpacked:
        entry["unpacked"] = {name: hashlib.md5(content).hexdigest() for name, content in unpacked.items()}
    return entry
