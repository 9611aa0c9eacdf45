"""How things are called: corruptions with their level, and a run's path."""

import re
from decimal import Decimal


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
