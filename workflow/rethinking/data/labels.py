"""What every array of labels must be, wherever it comes from."""

import numpy as np


def check_range(where: str, labels: np.ndarray, num_classes: int) -> None:
    """Raise ValueError, with `where` for the file, unless every label (n,) names one of the classes."""
    if len(labels) and (labels.min() < 0 or labels.max() >= num_classes):
        raise ValueError(f"{where} must lie in 0..{num_classes - 1}, found {labels.min()}..{labels.max()}")
