"""The second descent (Belkin et al. 2019, Nakkiran et al. 2020): where test error rises with size, and where it falls.

A size is a network's width or a number of features. Places are chosen on the mean over seeds; how high a peak stands is
then measured seed by seed at these places, so that an interval may hold zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

import pandas as pd

from rethinking.names import split_corruption
from rethinking.outcomes.capacity import steps_allowed
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import capitalised, images_of
from rethinking.sections import Section

TRAIN, TEST = "train_error", "test_error"  # percent
HEIGHTS = ("rise", "fall", "gain")


@dataclass(frozen=True)
class Rise:
    """The size of the lowest error before a peak, and that of the peak."""

    lowest: float
    peak: float


def by_size(rows: pd.DataFrame, size: str, value: str) -> pd.DataFrame:
    """A row a seed and a column a size, ascending, of rows that are of one kind of labels."""
    return rows.pivot_table(index="seed", columns=size, values=value).sort_index(axis=1)


def largest_rise(means: pd.Series) -> Rise | None:
    """From which size to which a curve over ascending sizes rises most; None where it never rises."""
    climbed = means - means.cummin()
    peak = climbed.idxmax()
    return Rise(means.loc[:peak].idxmin(), peak) if climbed[peak] > 0 else None


def first_fitted(errors: pd.DataFrame) -> float | None:
    """The first size from which on no seed has a training error, of a row a seed and a column a size."""
    fitted = (errors == 0).all()[::-1].cummin()[::-1]
    return fitted.idxmax() if fitted.any() else None


def heights(errors: pd.DataFrame, rise: Rise) -> pd.DataFrame:
    """Of each seed, from `by_size`: the peak over the minimum before it, over the last size, and that over the last.

    `gain` is how much lower the error ends than it was before the peak; below zero it ends higher.
    """
    low, peak, last = errors[rise.lowest], errors[rise.peak], errors.iloc[:, -1]
    return pd.DataFrame(dict(zip(HEIGHTS, (peak - low, peak - last, low - last), strict=True)))


# Networks of growing width --------------------------------------------------------------------------------------------

WIDTHS = "widths"  # the panel
SIZE = "num_parameters"


def rows_of_widths(runs: pd.DataFrame, section: Section) -> pd.DataFrame:
    """The runs of the panel that did not diverge, the network of the fewest parameters first, errors in percent."""
    rows = without_diverged(runs_of_panel(runs, section, WIDTHS)).sort_values(SIZE, kind="stable")
    errors = {TRAIN: 100 - rows["final_train_accuracy"], TEST: 100 - rows["final_test_accuracy"]}
    return rows.assign(**errors)


def settings_of(section: Section) -> list[str]:
    """The corruptions of the panel in the order of the configuration."""
    return list(section.only(WIDTHS).corruptions)


def ticks(rows: pd.DataFrame, section: Section) -> tuple[str, dict[int, str]]:
    """What the networks' names begin with alike, and by number of parameters what each goes on with: its width."""
    names = {int(size): section.labels[model] for size, model in zip(rows[SIZE], rows["model"], strict=True)}
    letters = takewhile(lambda each: len({*each}) == 1, zip(*names.values(), strict=False)) if len(names) > 1 else ()
    alike = "".join(each[0] for each in letters).rstrip("0123456789.")
    return alike, {size: name.removeprefix(alike) for size, name in names.items()}


def trained_on(rows: pd.DataFrame, section: Section) -> str:
    """The images, the networks and for how long each is trained."""
    data = images_of(section.dataset_label, int(rows["num_train"].iloc[0]), int(rows["num_test"].iloc[0]))
    names = list(dict.fromkeys(section.labels[model] for model in rows["model"]))
    steps = steps_allowed(section, WIDTHS)
    return (
        f"{capitalised(data)}: {', '.join(names)}, each trained for {steps:,} steps, whether it fits or not, without"
        " a regulariser. Errors are those after the last step; test labels are the true ones."
    )


def drawn_evenly(corruptions: Iterable[str]) -> str:
    """What is said of the share of wrong labels, where labels are drawn over all classes; nothing where none are."""
    drawn = any(split_corruption(name)[0] == "random_labels" for name in corruptions)
    return "Of labels that are drawn over all k classes with probability P, a share of P (1 - 1/k) changes." * drawn
