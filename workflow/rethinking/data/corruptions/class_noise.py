"""Class noise: labels drawn with probabilities that depend on the class alone, by a matrix.

Row c of the matrix has the probabilities of every class to be what an example of class c is called. At level P it is
applied to each label with probability P: a label becomes class k with probability P * matrix[c][k], beside what stays.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import seeds
from rethinking.data.corruptions.corrupted import Corrupted
from rethinking.data.corruptions.label_draws import chosen, corrupted_labels
from rethinking.data.corruptions.people import labels_of_people

CLASS = 6  # a child of the stream "corruption"
PEOPLE = "human_labels-"
SUM = 1e-6  # how far the sum of a row may be from 1

Matrix = str | Sequence[Sequence[float]]


def class_noise(
    labels: np.ndarray,
    *,
    level: float,
    num_classes: int,
    seed: int,
    matrix: Matrix = "others",
    path: Path | None = None,
    subset: Mapping[str, Any] | None = None,
) -> Corrupted:
    """Labels int64 (n,), each with probability `level` drawn from its class's row of the matrix.

    `matrix` is `others` (one of the other classes, each as likely), `next` (the class after it, the first after the
    last), `human_labels-SET`, as often as people said what of these images (`path` and `subset` are those of
    `labels_of_people`), or numbers (classes, classes). Example i has one draw, whatever the level: what is redrawn at a
    level is redrawn, to the same class, at every higher one. Raises ValueError for numbers that are no probabilities of
    this many classes.
    """
    rows = rows_of(matrix, num_classes, labels, path, subset)
    reached = chosen(labels, level, num_classes, seed)
    draws = seeds.rng(seed, "corruption", CLASS).random(len(labels))
    drawn = (draws[:, None] >= rows.cumsum(1)[labels, :-1]).sum(1)  # the last class takes what rounding leaves
    name = matrix if isinstance(matrix, str) else "given as numbers"
    return corrupted_labels(
        labels,
        np.where(reached, drawn, labels),
        reached,
        f"each training label is, with probability {level}, drawn from its class's row of a matrix ({name})",
    )


def rows_of(
    matrix: Matrix,
    num_classes: int,
    labels: np.ndarray | None = None,
    path: Path | None = None,
    subset: Mapping[str, Any] | None = None,
) -> np.ndarray:
    """The probabilities of a matrix, float64 (classes, classes); all but the first two are for one that is measured."""
    if isinstance(matrix, str) and matrix.startswith(PEOPLE):
        assert labels is not None
        assert path is not None, f"{matrix} is measured from a file"
        assert subset is not None
        said = labels_of_people(labels, matrix.removeprefix(PEOPLE), path, subset, num_classes)
        return measured(labels, said, num_classes)
    return named(matrix, num_classes) if isinstance(matrix, str) else checked(matrix, num_classes)


def named(matrix: str, num_classes: int) -> np.ndarray:
    """The probabilities of a matrix that is the same for every data set, float64 (classes, classes), rows true."""
    if matrix == "others":
        return (1 - np.eye(num_classes)) / (num_classes - 1)
    if matrix == "next":
        return np.roll(np.eye(num_classes), 1, axis=1)
    raise ValueError(f"matrix must be others, next, {PEOPLE}SET or numbers, found {matrix!r}")


def measured(labels: np.ndarray, said: np.ndarray, num_classes: int) -> np.ndarray:
    """How often each class was called what; one that no label is of stays what it is."""
    counts = np.zeros((num_classes, num_classes))
    np.add.at(counts, (labels, said), 1)
    counts += np.diag(counts.sum(1) == 0)
    return counts / counts.sum(1, keepdims=True)


def checked(matrix: Sequence[Sequence[float]], num_classes: int) -> np.ndarray:
    """Numbers as an array; raises ValueError where they are no probabilities of this many classes."""
    if len(matrix) != num_classes or any(len(row) != num_classes for row in matrix):
        sizes = sorted({len(matrix), *map(len, matrix)})
        raise ValueError(f"needs {num_classes} rows of {num_classes} numbers, has {' and '.join(map(str, sizes))}")
    rows = np.array(matrix, float)
    for number, row in enumerate(rows):
        if not np.isfinite(row).all() or row.min() < 0 or abs(row.sum() - 1) > SUM:
            wrong = row[~(row >= 0) | np.isinf(row)]
            found = f"has {wrong[0]:g}" if len(wrong) else f"adds up to {row.sum():g}"
            raise ValueError(f"row {number + 1} is no probabilities, which are 0 or more and add up to 1: it {found}")
    return rows
