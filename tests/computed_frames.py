"""Made-up data frames of what is computed without a training, for figures and tables."""

from collections.abc import Iterable

import pandas as pd

from rethinking.outcomes.computed import ARCHITECTURES, EXPRESSIVITY, IMPLICIT_REGULARISATION, KERNELS, RANDOM_FEATURES


def expressivity() -> pd.DataFrame:
    """Three constructions at three sizes."""
    rows = [
        (name, size, 20, 2 * size + 20, size, error * size, size // 5000, 1e-6 * size, 1e-4 * size, 2)
        for size in (10, 1000, 50_000)
        for name, error in (("theorem", 1e-10), ("corollary", 2e-10), ("obvious", 1e-5))
    ]
    return pd.DataFrame(rows, columns=list(EXPRESSIVITY))


def kernels(label: str = "digits, none") -> pd.DataFrame:
    """Two kernels on true and on random labels, at three l2."""
    rows = [
        {
            "kernel": kernel, "label": label, "dataset": "digits", "dataset_label": "made-up digits",
            "features": "pixels", "whole": True, "corruption": corruption, "num_train": 100, "num_test": 50,
            "bandwidth": 0.1, "l2": l2, "best_l2": 0.1, "held_out_error": 0.2, "train_error": l2 / 10,
            "test_error": 0.1 + l2 / 10 if corruption == "true_labels" else 0.9, "norm": 10 / (l2 + 0.1),
            "residual": 1e-9, "jitter": 1e-7 * place, "steps": place, "smallest_eigenvalue": None if l2 else 0.01,
            "largest_eigenvalue": None if l2 else 40.0, "seconds": 2.0, "gram_seconds": 1.0, "memory": 300.0,
            "paper_error": 10.5, "paper_l2_error": 15.0, "paper_norm": 110.0,
        }
        for place, kernel in enumerate(("one", "other"))
        for corruption in ("true_labels", "random_labels-1.0")
        for l2 in (0.0, 0.1, 1.0)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(KERNELS))


def implicit_regularisation() -> pd.DataFrame:
    """Three methods, three epochs of each."""
    rows = [
        (method, epoch, 50 * epoch, max(far, near), near, near / 2, 50 if epoch == 100 else None, 0.0, 50, 64, 50)
        for method, far in (("sgd", 0.0), ("sgd_random_start", 0.9), ("adam", 0.4))
        for epoch, near in ((0, 1.0), (10, 0.1), (100, 1e-4))
    ]
    return pd.DataFrame(rows, columns=list(IMPLICIT_REGULARISATION))


def random_features() -> pd.DataFrame:
    """Two seeds, two kinds of labels, numbers of features to eight times the images and the kernel of all."""
    rows = [
        (seed, corruption, 50, 20, count, wrong, train, test + wrong + seed / 50, train, 4 * test, norm + wrong,
         "made-up digits", 1)
        for seed in (0, 1)
        for corruption, wrong in (("true_labels", 0.0), ("random_labels-0.1111", 0.1))
        for count, train, test, norm in (
            (5, 0.5, 0.6, 2.0), (25, 0.1, 0.2, 8.0), (50, 0.0, 0.8, 90.0), (400, 0.0, 0.1, 9.0), (None, 0.0, 0.1, 8.0)
        )
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(RANDOM_FEATURES))


def architectures(networks: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Sizes of networks, each by its data set, name and recipe; of all in one order of magnitude and more."""
    rows = [(*names, "3x8x8", 1000 * (place + 1), 10**5 * (place + 1), 5000) for place, names in enumerate(networks)]
    return pd.DataFrame(rows, columns=list(ARCHITECTURES))


def frames() -> dict[str, pd.DataFrame]:
    """All of them, by name."""
    made = {"expressivity": expressivity(), "kernels": kernels()}
    return {**made, "implicit_regularisation": implicit_regularisation(), "random_features": random_features()}
