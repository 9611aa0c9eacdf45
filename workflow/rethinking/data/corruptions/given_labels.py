"""Labels of one's own for the training images, from a file: one for each image, in the order of `train_labels.npy`.

A CSV of one column, with or without the heading `label`, or a one-dimensional .npy. Either holds names of the data
set's classes or their numbers, which count from 0 in the classes' order.
"""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rethinking.data.corruptions.corrupted import Corrupted
from rethinking.files import read_text, sha256
from rethinking.registry import nearest

HEADINGS = ("label", "labels")
WHOLE = re.compile(r"[0-9]{1,18}")


def given_labels(
    labels: np.ndarray, *, path: Path, digest: str, classes: Sequence[str], num_classes: int, seed: int
) -> Corrupted:
    """Labels int64 (n,) of the file at `path`, whose sha256 is `digest`, in the place of `labels`.

    Nothing is drawn, so every seed has the same. Raises ValueError naming the file where it is another, holds more or
    fewer labels, or one that is no class.
    """
    if (found := sha256(path)) != digest:
        raise ValueError(f"{path}: has changed since it was first read (its sha256 is {found}); start again")
    new_labels = numbers(read(path), classes, path)
    if len(new_labels) != len(labels):
        raise ValueError(f"{path}: holds {len(new_labels):,} labels for {len(labels):,} training images")
    return Corrupted(
        arrays={"train_labels": new_labels},
        definition=f"each training label is that of a file (sha256 {digest})",
        changed=float((new_labels != labels).mean()),
    )


def numbers(labels: np.ndarray, classes: Sequence[str], path: Path) -> np.ndarray:
    """What `read` found at `path`, (n,), as numbers of the classes, int64; ValueError where one is none of these."""
    if labels.dtype.kind == "i":
        if path.suffix.lower() != ".npy":
            _check_names(classes, path)
        if len(outside := np.flatnonzero((labels < 0) | (labels >= len(classes)))):
            problem = f"{labels[outside[0]]} is the number of no class; they are 0..{len(classes) - 1}"
            raise ValueError(f"{path}: label {outside[0] + 1}: {problem}")
        return labels
    number_of = {name: number for number, name in enumerate(classes)}
    for place, name in enumerate(labels.tolist(), 1):
        if name not in number_of:
            raise ValueError(f"{path}: label {place}: unknown class {name!r}; {nearest(name, classes)}")
    return np.array([number_of[name] for name in labels.tolist()], np.int64)


def _check_names(classes: Sequence[str], path: Path) -> None:
    """That a number in a CSV cannot mean one class by its name and another by its place."""
    for number, name in enumerate(classes):
        if WHOLE.fullmatch(name) and int(name) != number:
            problem = f"holds numbers, and class {number} is called {name!r}: which is meant? Save places as a .npy"
            raise ValueError(f"{path}: {problem}")


def read(path: Path) -> np.ndarray:
    """What a file holds, (n,): int64, all 0 or more, where all are whole numbers, else text of which none is a number.

    Raises ValueError naming the file, and the label, counted from 1, for anything else.
    """
    if (kind := path.suffix.lower()) not in (".csv", ".npy"):
        raise ValueError(f"{path}: must be a .csv or a .npy file")
    labels = _array(path) if kind == ".npy" else _column(path)
    if not len(labels):
        raise ValueError(f"{path}: holds no label")
    if isinstance(labels, np.ndarray) and labels.dtype.kind != "U":
        if labels.min() < 0 or labels.max() >= 2**63:
            raise ValueError(f"{path}: classes are numbered from 0, found {labels.min()}..{labels.max()}")
        return labels.astype(np.int64)
    return _of_text([str(cell) for cell in labels], path)


def _of_text(cells: list[str], path: Path) -> np.ndarray:
    """Cells of text as `read` has them."""
    not_whole = [WHOLE.fullmatch(cell) is None for cell in cells]
    if not any(not_whole):
        return np.array([int(cell) for cell in cells], np.int64)
    wrong, problem = [_is_no_name(cell) for cell in cells], "is no class's name, nor its number, whole from 0 on"
    if not all(not_whole):
        wrong, problem = not_whole, f"is no whole number from 0 on, as label {not_whole.index(False) + 1} is"
    if any(wrong):
        place = wrong.index(True)
        raise ValueError(f"{path}: label {place + 1}: {cells[place]!r} {problem}")
    return np.array(cells)


def _is_no_name(text: str) -> bool:
    """Whether text is empty, or a number elsewhere: -1, 2.0, nan."""
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def _array(path: Path) -> np.ndarray:
    """A one-dimensional array of whole numbers or text; nothing is unpickled."""
    try:
        labels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: is no array of numbers or text in NumPy's format ({error})") from None
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or labels.dtype.kind not in "iuU":
        what = f"{labels.dtype} of shape {labels.shape}" if isinstance(labels, np.ndarray) else "several arrays"
        raise ValueError(f"{path}: holds {what}; needs whole numbers or text, one an image")
    return labels


def _column(path: Path) -> list[str]:
    """The cells of a CSV's only column, its heading left out; empty lines at its end are none."""
    try:
        rows = list(csv.reader(io.StringIO(read_text(path), newline=""), strict=True))
    except csv.Error as error:
        raise ValueError(f"{path}: is no CSV ({error})") from None
    while rows and not "".join(rows[-1]).strip():
        rows.pop()
    for line, row in enumerate(rows, 1):
        if len(row) > 1:
            raise ValueError(f"{path}:{line}: has {len(row)} columns; needs one, a label for each image")
    cells = ["".join(row).strip() for row in rows]
    return cells[1:] if cells and cells[0].lower() in HEADINGS else cells
