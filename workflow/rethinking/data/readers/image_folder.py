"""Any data set whose pictures lie in one folder a class, on disk or in a ZIP (Animal Faces, an ImageFolder of yours).

Parts `train` and `test` (or `val`) are kept as they are; pictures in no such parts are split, stratified, the same way
for every run.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rethinking import seeds
from rethinking.data.decoding import channels_and_side, decoded
from rethinking.data.folders import shown
from rethinking.data.loaded import LoadedDataset
from rethinking.data.pictures import Pictures, pictures_in
from rethinking.data.splits import stratified_subset

SPLIT_SEED = 0  # part of the data set's definition: another value is another data set


def read(
    files: Mapping[str, Path],
    *,
    path: Path | None = None,
    folder: str | None = None,
    image_size: int | None = None,
    channels: int = 3,
    test_share: float = 0.2,
) -> LoadedDataset:
    """Pictures as uint8 (n, size, size, channels), labels by the sorted names of the classes' folders.

    They come from `path`, else from the one ZIP among `files`. `image_size` cuts the central square of each and resizes
    it; without it they must all be of one size. Raises ValueError naming a file that is no picture, or another size.
    """
    if path is None and len(files) != 1:
        raise ValueError(
            f"pictures are read from one folder or ZIP, found {', '.join(map(str, files.values())) or '-'}"
        )
    pictures = pictures_in(path or next(iter(files.values())), folder)
    counts = pictures.counts(test_share)
    for part in pictures.left_out:
        print(f"{pictures.root}: {part} is left out, test is there to test on", file=sys.stderr)
    parts = [_read_part(pictures, classes, image_size, channels) for classes in pictures.parts.values()]
    train, test = parts if len(parts) == 2 else _split(*parts[0], counts["test"])
    return LoadedDataset(*train, *test, pictures.classes)


def _split(images: np.ndarray, labels: np.ndarray, num_test: int) -> list[tuple[np.ndarray, np.ndarray]]:
    held_out = np.zeros(len(labels), bool)
    held_out[stratified_subset(labels, num_test, seeds.rng(SPLIT_SEED, "split"))] = True
    return [(images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])]


def _read_part(
    pictures: Pictures, classes: Mapping[str, Sequence[str]], image_size: int | None, channels: int
) -> tuple[np.ndarray, np.ndarray]:
    names = [name for names in classes.values() for name in names]
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), [len(each) for each in classes.values()])
    images: np.ndarray | None = None
    for index, (name, data) in enumerate(zip(names, pictures.read(names), strict=True)):
        pixels = decoded(data, f"{pictures.root}: {shown(name)}", image_size, channels)
        if images is None:
            images = np.empty((len(names), *pixels.shape), np.uint8)
        if pixels.shape != images.shape[1:]:
            sizes = [f"{shape[1]}x{shape[0]}" for shape in (pixels.shape, images.shape[1:])]
            raise ValueError(
                f"{pictures.root}: {shown(name)}: {sizes[0]} pixels, but {shown(names[0])} has {sizes[1]}; "
                "image_size resizes them"
            )
        images[index] = pixels
    assert images is not None
    return images, labels


def look_at_first(pictures: Pictures) -> dict[str, int]:
    """Channels, and side in pixels where it is square, of the first picture, as what all are expected to be."""
    name = next(names[0] for classes in pictures.parts.values() for names in classes.values())
    return channels_and_side(next(pictures.read([name])), f"{pictures.root}: {shown(name)}")
