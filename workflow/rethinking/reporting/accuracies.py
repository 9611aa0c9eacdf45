"""What tables 1 and 4 share: a row a group of runs, network and corruption, ours beside the paper's."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from rethinking.outcomes.selection import Frames
from rethinking.outcomes.wording import seeds_sentence
from rethinking.reporting.comparison import FAILED, deviation, ours, verdict
from rethinking.reporting.hardly import can_hardly_fail, telling
from rethinking.reporting.spread import binomial_error
from rethinking.sections import PanelRuns, Section

NOT_COMPARED = "not compared"
NOISE = (
    "Binomial se: the standard error of one network's test accuracy on so many test images, which are the same for all"
    " seeds."
)
SPREAD = {"": "", ", sd": "_sd", ", 95 % ±": "_interval"}  # what follows the name of a quantity, and its column
Digits = int | Sequence[int]
INFERRED = "The coefficients of weight decay are inferred: the paper does not state them (config/paper/README.md)."


class Row(NamedTuple):
    """What a row of a table is about: runs that differ in their seed alone."""

    group: PanelRuns
    model: str
    corruption: str


def table_rows(section: Section, panels: Sequence[str]) -> list[Row]:
    """The rows: network by network, each in the order of `panels`.

    The networks have the order of the group that has most of them.
    """
    groups = [group for panel in panels for group in section.of(panel)]
    found = [Row(group, model, name) for group in groups for model in group.models for name in group.corruptions]
    longest_first = sorted(groups, key=lambda group: -len(group.models))
    order = list(dict.fromkeys(model for group in longest_first for model in group.models))
    return sorted(found, key=lambda row: order.index(row.model))


def group_name(row: Row) -> dict[str, str]:
    """The column of a group's name, where groups have one."""
    return {"group": row.group.name} if row.group.name else {}


def network_labels(numbers: pd.DataFrame, section: Section) -> list[str]:
    """The network of each row as it is read, with the name of its group where that has one."""
    groups = numbers["group"].fillna("") if "group" in numbers else [""] * len(numbers)
    labels = [section.labels[model] for model in numbers["model"]]
    return [", ".join(filter(None, both)) for both in zip(labels, groups, strict=True)]


def published_value(
    published: pd.DataFrame | None, section: Section, row: Row, quantity: str
) -> tuple[float, str] | None:
    """The paper's number and its remark; None where there is none to compare with."""
    if published is None or row.group.dataset != section.dataset:
        return None
    wanted = [row.group.panel, section.published_as[row.model], quantity]
    found = published[(published[["panel", "model", "quantity"]] == wanted).all(axis=1)]
    return None if found.empty else (float(found["value"].iloc[0]), str(found["remark"].iloc[0]))


def compared(
    frames: Frames,
    published: pd.DataFrame | None,
    section: Section,
    row: Row,
    quantity: str,
) -> dict[str, Any]:
    """Ours, the paper's, their difference and the verdict, as columns that begin with the quantity's name."""
    found = ours(frames, *row, quantity)
    paper = published_value(published, section, row, quantity)
    value, remark = paper or (math.nan, "")
    judged, tolerance = NOT_COMPARED, section.tolerance[quantity]
    if paper is not None:
        hardly = can_hardly_fail(quantity, row.corruption, value, tolerance)
        judged = telling(verdict(remark, found, deviation(value, found.mean, tolerance)), hardly)
    return {
        **found.columns(quantity),
        **test_noise(frames, row, quantity, found.mean),
        "n": found.n,
        f"{quantity}_paper": value if remark != FAILED else remark,
        f"{quantity}_difference": found.mean - value,
        f"{quantity}_verdict": judged,
    }


def test_noise(frames: Frames, row: Row, quantity: str, mean: float) -> dict[str, float]:
    """The binomial standard error of a test accuracy, in percentage points, as a column; none of another quantity."""
    if quantity != "test_accuracy":
        return {}
    images = frames.of("runs", *row)["num_test"].max()
    return {f"{quantity}_binomial_error": 100 * binomial_error(mean / 100, images)}


def settings(section: Section, row: Row) -> dict[str, Any]:
    """What a row's runs were regularised with, from their recipe."""
    recipe = section.settings[row.group.recipe][row.model]
    augmentation = recipe["augmentation"] or {}
    return {
        "random_crop": bool(augmentation.get("random_crop")),
        "flip": bool(augmentation.get("flip")),
        "rotation": augmentation.get("rotation") or 0,
        "weight_decay": recipe["weight_decay"],
        "weight_decay_on": recipe["weight_decay_on"] if recipe["weight_decay"] else "",
        "epochs": recipe["epochs"],
    }


def columns_apart(numbers: pd.DataFrame, column: str, words: str, digits: Digits = 2) -> dict[str, list[str]]:
    """A quantity as it is read: its mean, and where a row has several seeds their sd and the mean's interval.

    `column` of `numbers` has the mean, those named like it the others; `digits` are the same for all rows or one each.
    """
    places = [digits] * len(numbers) if isinstance(digits, int) else digits
    found = {}
    for name, suffix in SPREAD.items():
        values = numbers[f"{column}{suffix}"]
        if not suffix or values.notna().any():
            found[f"{words}{name}"] = [plain(value, each) for value, each in zip(values, places, strict=True)]
    return found


def plain(value: Any, digits: int = 2) -> str:
    """A number as text, "-" where there is none, words as they are."""
    if isinstance(value, str):
        return value
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def with_difference(value: Any, difference: float, digits: int = 2) -> str:
    """ "89.05 (-1.60)": a published number and how far ours is from it."""
    return plain(value, digits) + ("" if math.isnan(difference) else f" ({difference:+.{digits}f})")


def seeds_note(section: Section) -> str:
    """How many seeds, and what stands beside a mean."""
    return seeds_sentence(
        section.seeds,
        "Means over {count} seeds or those of them that have run; sd: the standard deviation over these; 95 % ±: half"
        " the width of the t interval of the mean (three seeds: 4.30 sd/√3).",
    )


def tolerance_note(section: Section, quantities: Sequence[str]) -> str:
    """By which tolerance the verdicts are, or why there are none."""
    if not section.at_paper_size:
        return "The paper's numbers are of all of CIFAR-10; what is measured on other data is not held against them."
    words = [f"{section.tolerance[name]:g} ({name.replace('_', ' ')})" for name in quantities]
    return (
        f"Reproduced: the mean is at most {' or '.join(words)} percentage points from the paper's; can hardly fail: so"
        " it is wherever networks fit, or are at chance."
    )
