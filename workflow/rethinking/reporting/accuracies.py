"""What tables 1 and 4 share: a row a group of runs, network and corruption, ours beside the paper's."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from rethinking.outcomes.selection import Frames
from rethinking.outcomes.wording import seeds_sentence
from rethinking.reporting.comparison import FAILED, ours, verdict
from rethinking.sections import PanelRuns, Section

NOT_COMPARED = "not compared"
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
    judged = NOT_COMPARED if paper is None else verdict(value, remark, found, section.tolerance[quantity])
    return {
        quantity: found.mean,
        f"{quantity}_sd": found.sd,
        "n": found.n,
        f"{quantity}_paper": value if remark != FAILED else remark,
        f"{quantity}_difference": found.mean - value,
        f"{quantity}_verdict": judged,
    }


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


def with_spread(mean: float, sd: float, digits: int = 2) -> str:
    """ "97.31 ± 0.20", without the spread of a single seed."""
    if math.isnan(mean):
        return "-"
    return f"{mean:.{digits}f}" if math.isnan(sd) else f"{mean:.{digits}f} ± {sd:.{digits}f}"


def plain(value: Any, digits: int = 2) -> str:
    """A number as text, "-" where there is none, words as they are."""
    if isinstance(value, str):
        return value
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def with_difference(value: Any, difference: float, digits: int = 2) -> str:
    """ "89.05 (-1.60)": a published number and how far ours is from it."""
    return plain(value, digits) + ("" if math.isnan(difference) else f" ({difference:+.{digits}f})")


def seeds_note(section: Section) -> str:
    """How many seeds, and what stands behind the sign."""
    return seeds_sentence(section.seeds, "Means ± standard deviations over {count} seeds.")


def tolerance_note(section: Section, quantities: Sequence[str]) -> str:
    """By which tolerance the verdicts are, or why there are none."""
    if not section.at_paper_size:
        return "The paper's numbers are of all of CIFAR-10; what is measured on other data is not held against them."
    words = [f"{section.tolerance[name]:g} ({name.replace('_', ' ')})" for name in quantities]
    return f"Reproduced: the mean is at most {' or '.join(words)} percentage points from the paper's."
