"""Ten points of a noisy line, y = 2x + 2 times a normal deviate, and 40 of the line itself: a regression.

Those of a tutorial on regularisation (Neuromatch W2D1), which overfits them: torch draws them at the seed 2021, x
evenly from [0, 1). They stand here as drawn, so that no version of torch gives others.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rethinking.data.loaded import LoadedDataset

X = (
    0.13043904, 0.513387, 0.7425571, 0.715889, 0.5704716,
    0.16527355, 0.04430902, 0.9627712, 0.29428095, 0.099170566,
)  # fmt: skip
Y = (
    -2.3374214, 1.412483, 2.4244783, 1.3802806, 0.9095643,
    2.470855, 5.7377815, 0.24509871, 0.066538215, -1.816611,
)  # fmt: skip
NUM_TEST = 40


def read(files: Mapping[str, Path]) -> LoadedDataset:
    """Train (10, 1, 1, 1) and test (40, 1, 1, 1), each x with its y; `files` is not used."""
    test = np.linspace(0, 1, NUM_TEST, dtype=np.float32)
    return LoadedDataset(
        train_images=np.array(X, np.float32).reshape(-1, 1, 1, 1),
        train_labels=np.array(Y, np.float32),
        test_images=test.reshape(-1, 1, 1, 1),
        test_labels=2 * test,
        classes=(),
    )
