"""The scores by which wrong labels are found, in words, and over which epochs."""

import pandas as pd

SCORES = {
    "mean_loss": "mean loss",
    "area_under_margin": "mean margin (AUM)",
    "first_learned": "first learnt",
    "forgettings": "forgettings",
}
EXPLAINED = (
    "An example is the more suspect, the higher its mean loss on the label given, the lower the mean of that label's"
    " logit minus the largest other one (area under the margin), the later it was first right, the more often it was"
    " right at one evaluation and wrong at the next (never right: most of all). The scores do not see true labels,"
    " which only judge them."
)


def horizon_of(detection: pd.DataFrame) -> float:
    """The last of the epochs that were fixed beforehand; where none were, of all."""
    return float(detection["Epoch"].min())


def horizons(detection: pd.DataFrame) -> list[float]:
    """The last of the epochs that enter: those fixed beforehand, and all."""
    return sorted({horizon_of(detection), float(detection["Epoch"].max())})


def horizon_sentence(detection: pd.DataFrame) -> str:
    """Which epochs enter the scores, and who chose them."""
    first, *whole = horizons(detection)
    if not whole:
        return f"All {first:g} epochs enter the scores."
    return f"The first {first:g} of {whole[0]:g} epochs enter the scores, which was fixed before anything was trained."
