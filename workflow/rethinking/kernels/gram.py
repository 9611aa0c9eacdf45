"""Gram matrices by blocks of rows, a file each: what is done is done when a job is killed, and is never held whole.

Of the matrix of the training images only the lower triangle is there. The rows of the test images come after it.
A block's name holds a checksum of what it holds: what a disk has altered since is told, and never computed with.
"""

import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rethinking.files import atomic, broken, read_array, read_json, remove_leftovers, write_json

FEATURES = 0.5  # of the time of a pass over one of several blocks of features, about: what making them takes

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of features of rows (a, d) and of columns (b, d): (a, b)


def linear(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Inner products."""
    return rows @ columns.T


def gaussian(bandwidth: float) -> Kernel:
    """exp(-bandwidth * squared distance)."""

    def kernel(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        found = rows @ columns.T
        found *= 2
        found -= np.einsum("ij,ij->i", rows, rows)[:, None]
        found -= np.einsum("ij,ij->i", columns, columns)
        np.minimum(found, 0, out=found)  # rounding may leave the distance of equal images below zero
        found *= np.asarray(bandwidth, found.dtype)
        return np.exp(found, out=found)

    return kernel


@dataclass(frozen=True)
class Blocks:
    """Where the blocks of rows of a matrix lie: `num_train` rows of a lower triangle, then `num_test` whole rows."""

    folder: Path
    num_train: int
    num_test: int
    rows: int

    @property
    def train(self) -> list[tuple[int, int]]:
        """First row and the one after the last, of each block of training rows."""
        return [(start, min(start + self.rows, self.num_train)) for start in range(0, self.num_train, self.rows)]

    @property
    def test(self) -> list[tuple[int, int]]:
        """The same of test rows, which go on counting."""
        end = self.num_train + self.num_test
        return [(start, min(start + self.rows, end)) for start in range(self.num_train, end, self.rows)]

    def columns(self, stop: int) -> int:
        """How many columns a block has that ends before row `stop`."""
        return min(stop, self.num_train)

    def kept(self, start: int) -> dict[int, Path]:
        """The files of the block that begins at row `start`, by the blocks of features that each is summed over."""
        pattern = re.compile(rf"{start:07}-(\d{{5}})-[0-9a-f]{{8}}\.npy")
        names = ((pattern.fullmatch(path.name), path) for path in self.folder.glob(f"{start:07}-*.npy"))
        return {int(name[1]): path for name, path in names if name}

    def passes(self, start: int) -> int:
        """Over how many blocks of features the block that begins at row `start` is summed so far."""
        return max(self.kept(start), default=0)

    def load(self, start: int) -> np.ndarray:
        """The block that begins at row `start`; raises ValueError naming its file where that is not as it was kept."""
        _, path = max(self.kept(start).items(), default=(0, self.folder / f"{start:07}.npy"))
        block = read_array(path)
        if not path.stem.endswith(f"-{checksum(block)}"):
            raise broken(path, "it is not what was written, by its checksum")
        return block

    def save(self, start: int, passes: int, block: np.ndarray) -> None:
        """Keep a block in the place of what was there of it."""
        before = self.kept(start).values()
        after = self.folder / f"{start:07}-{passes:05}-{checksum(block)}.npy"
        with atomic(after) as temporary, open(temporary, "wb") as file:
            np.save(file, block, allow_pickle=False)
        for path in before:
            if path != after:
                path.unlink(missing_ok=True)

    def times(self, vectors: np.ndarray) -> np.ndarray:
        """The matrix of the training images times vectors float64 (num_train, k), in float64 whatever it is kept in."""
        product = np.zeros(vectors.shape)
        for start, stop in self.train:
            block = self.load(start).astype(np.float64, copy=False)
            product[start:stop] += block @ vectors[:stop]
            product[:start] += block[:, :start].T @ vectors[start:stop]
        return product

    def of_test(self, vectors: np.ndarray) -> np.ndarray:
        """The rows of the test images times vectors float64 (num_train, k)."""
        return np.concatenate([self.load(start).astype(np.float64, copy=False) @ vectors for start, _ in self.test])

    def leading(self, size: int) -> np.ndarray:
        """The symmetric matrix (size, size) of the first training images."""
        whole = np.zeros((size, size))
        for start, stop in self.train:
            if start < size:
                whole[start:stop, : min(stop, size)] = self.load(start)[: size - start, :size]
        for start, stop in self.train:
            if start < size:
                whole[:start, start:stop] = whole[start:stop, :start].T
        return whole

    @cached_property
    def mean_diagonal(self) -> float:
        """The mean of the diagonal of the training images' matrix, once all of it is there."""
        return float(np.mean(np.concatenate([np.diag(self.load(start)[:, start:]) for start, _ in self.train])))


def checksum(block: np.ndarray) -> str:
    """Eight hexadecimal digits of a block's numbers, shape and precision; a fraction of a second for a gigabyte."""
    head = zlib.crc32(f"{block.shape} {block.dtype}".encode())
    return f"{zlib.crc32(np.ascontiguousarray(block).data, head):08x}"


def claimed(folder: Path, identity: dict[str, object]) -> Path:
    """A folder for blocks that are made from what `identity` says; what is there of anything else is deleted.

    So is what a job left of a block that it was killed in: a folder is one job's.
    """
    path = folder / "identity.json"
    remove_leftovers(folder / "*")
    if not path.exists() or read_json(path) != identity:
        shutil.rmtree(folder, ignore_errors=True)
        write_json(path, identity)
    return folder


def build(
    blocks: Blocks,
    features: Callable[[int], Iterator[np.ndarray]],
    num_passes: int,
    kernel: Kernel,
    report: Callable[[float, str], None],
) -> None:
    """Sum the kernel over blocks of features, every block of rows that is not done yet.

    `features(first)` yields blocks of features (all images, d) from number `first` on; `report` is told the share that
    is done and where that is, and before anything is made the share that a killed job left.
    """
    every = [*blocks.train, *blocks.test]
    work = np.array([(stop - start) * blocks.columns(stop) for start, stop in every], float)
    passes = np.array([blocks.passes(start) for start, _ in every])
    first = int(passes.min())
    if first == num_passes:
        return
    made = FEATURES if num_passes > 1 else 0

    def summed(number: int) -> float:
        return (1 - made) * work[passes >= number].sum() / work.sum()

    report((first + summed(first + 1)) / num_passes, "the first features")
    for number, block in enumerate(features(first), first + 1):
        for place, (start, stop) in enumerate(every):
            if passes[place] >= number:
                continue
            added = kernel(block[start:stop], block[: blocks.columns(stop)])
            if passes[place]:
                added += blocks.load(start)
            blocks.save(start, number, added)
            passes[place] = number
            done = (number - 1 + made + summed(number)) / num_passes
            report(done, f"block {place + 1} of {len(every)}, features {number} of {num_passes}")
