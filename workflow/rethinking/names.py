"""How things are called: tasks, corruptions with their level, and experiments as the corruption repository has them."""

import re
from decimal import Decimal

# What the corruption repository does to images, by its names.
DATA_TYPES = {"shuff_pix": "shuffled_pixels", "rand_pix": "random_pixels", "gauss_pix": "gaussian_pixels"}


def level_text(level: float) -> str:
    """A level in its shortest decimal form with at least one decimal: 0.5, 1.0, 0.05, never 5e-02."""
    text = format(Decimal(repr(float(level))), "f")
    return text if "." in text else f"{text}.0"


def corruption_name(family: str, level: float | None) -> str:
    """The name of a corruption in paths: `random_labels-0.5`, `random_pixels`; level 0 of any is `true_labels`."""
    if level is None:
        return family
    return f"{family}-{level_text(level)}" if level > 0 else "true_labels"


def split_corruption(name: str) -> tuple[str, float | None]:
    """`random_labels-0.5` -> ("random_labels", 0.5); `random_pixels` -> ("random_pixels", None)."""
    match = re.fullmatch(r"(?P<family>.+)-(?P<level>[0-9]+(\.[0-9]*)?|\.[0-9]+)", name)
    return (match["family"], float(match["level"])) if match else (name, None)


def level_of(name: str) -> float | None:
    """The level of a corruption, 0 of true labels, None of those that have none."""
    return 0.0 if name == "true_labels" else split_corruption(name)[1]


def experiment_name(model: str, corruption: str) -> str | None:
    """`AlexNet`, `random_labels-0.5` -> `AlexNet_0.5_none`, the corruption repository's MODEL_LABELPROB_DATATYPE.

    None for corruptions that it does not have.
    """
    for data_type, pixels in DATA_TYPES.items():
        if corruption == pixels:
            return f"{model}_0.0_{data_type}"
    family, level = split_corruption(corruption)
    if level is None:
        return f"{model}_0.0_none" if corruption == "true_labels" else None
    return f"{model}_{level_text(level)}_none" if family == "random_labels" else None
