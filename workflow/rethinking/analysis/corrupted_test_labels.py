"""What a test error becomes where the test labels are corrupted like the training ones, as each corruption says.

The authors' published code corrupts the test labels as it does the training ones, and the test errors of figure 1c are
such ones as it seems (docs/deviations.md); ours are of clean labels.
"""

from collections.abc import Callable

import numpy as np

from rethinking.data.corruptions.registry import CORRUPTIONS


def unchanged(error: float, level: float | None, num_classes: int) -> float:
    """Where labels stay what they are."""
    return error


def evenly_redrawn(error: float, level: float | None, num_classes: int) -> float:
    """Expected where a fraction `level` of the labels is drawn anew, evenly from all classes, the true one included.

    Whatever the network says then, it is right once in `num_classes`. Of labels that are permuted among themselves this
    does not hold: there it depends on how often each class is given and said.
    """
    assert level is not None
    return (1 - level) * error + level * (1 - 1 / num_classes)


def one_of_the_others(error: float, level: float | None, num_classes: int) -> float:
    """Expected where a fraction `level` of the labels becomes one of the other classes, each as likely.

    Of such a label the network is right where it was wrong before, once in `num_classes` - 1.
    """
    assert level is not None
    return (1 - level) * error + level * (1 - error / (num_classes - 1))


EXPECTED: dict[str, Callable[[float, float | None, int], float]] = {
    "unchanged": unchanged,
    "evenly_redrawn": evenly_redrawn,
    "one_of_the_others": one_of_the_others,
}


def error_on_alike(family: str, error: float, level: float | None, num_classes: int) -> float | None:
    """The test error (a fraction) to be expected on test labels corrupted alike, None where nothing says it.

    `family` is a registered corruption or true_labels; of any other name, as a configuration's own, nothing is known by
    the error alone.
    """
    known = "unchanged" if family == "true_labels" else None
    if family in CORRUPTIONS:
        known = CORRUPTIONS[family].error_on_alike
    return None if known is None else EXPECTED[known](error, level, num_classes)


def error_by_classes(confusion: np.ndarray, probabilities: np.ndarray) -> float:
    """The same of any class noise, which hits the classes that are confused anyway or others.

    `confusion` counts test images, `probabilities` are those of becoming, both (true classes, said or given ones).
    """
    return float(1 - (confusion * probabilities).sum() / confusion.sum())
