"""What the figure and the tables of least squares on random features share: percent, and sentences."""

import pandas as pd

from rethinking.names import split_corruption
from rethinking.outcomes.descent import TEST, TRAIN
from rethinking.outcomes.wording import capitalised, images_of, setting_label

PERCENT = (TRAIN, TEST, "changed")


def in_percent(random_features: pd.DataFrame) -> pd.DataFrame:
    """The data frame, columns `outcomes.computed.RANDOM_FEATURES`, with errors and changed labels in percent."""
    return random_features.assign(**{name: 100 * random_features[name] for name in PERCENT})


def what_is_fitted(rows: pd.DataFrame) -> str:
    """Which images, and by what; how many were left out, where some were."""
    first = rows.iloc[0]
    data = images_of(first["dataset_label"], int(first["num_train"]), int(first["num_test"]))
    left_out = int(first["equal_images_left_out"])
    equal = f" {left_out} images that are equal to another in all pixels are left out." if left_out else ""
    return (
        f"{capitalised(data)}: least squares on N random Fourier features, in float64 and without a regulariser; of"
        f" solutions that fit the one of the least norm. Nothing is trained.{equal}"
    )


def others(corruption: str) -> str:
    """What the registered noise by class is, which a label does not say."""
    return " (one of the other classes)" if split_corruption(corruption)[0] == "class_noise" else ""


def of_labels(rows: pd.DataFrame) -> str:
    """How many training labels are wrong, and by which labels test errors are."""
    wrong = rows.groupby("corruption", sort=False)["changed"].mean().drop("true_labels", errors="ignore")
    said = ", ".join(f"{setting_label(name)}{others(name)}: {share:.1f} %" for name, share in wrong.items())
    return (f"Training labels that are not the true ones: {said}. " if said else "") + "Test labels are the true ones."
