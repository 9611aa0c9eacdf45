"""What tables 1 and 4 share: a row a group of runs, network and corruption, ours beside the paper's."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from rethinking.outcomes.selection import Frames
from rethinking.outcomes.wording import seeds_sentence
from rethinking.reporting.comparison import FAILED, ours, verdict

NOT_COMPARED = "not compared"
INFERRED = "The coefficients of weight decay are inferred: the paper does not state them (config/paper/README.md)."


def table_rows(section: Mapping[str, Any], panels: Sequence[str]) -> list[tuple[str, str, str]]:
    """Panel, model and corruption of every row: network by network, each in the order of `panels`.

    The networks have the order of the panel that has most of them.
    """
    groups = {panel: section["panels"][panel] for panel in panels if panel in section["panels"]}
    found = [
        (panel, model, corruption)
        for panel, group in groups.items()
        for model in group["models"]
        for corruption in group["corruptions"]
    ]
    longest_first = sorted(groups.values(), key=lambda group: -len(group["models"]))
    order = list(dict.fromkeys(model for group in longest_first for model in group["models"]))
    return sorted(found, key=lambda row: order.index(row[1]))


def published_value(
    published: pd.DataFrame | None, section: Mapping[str, Any], panel: str, model: str, quantity: str
) -> tuple[float, str] | None:
    """The paper's number and its remark; None where there is none to compare with."""
    if published is None or section["panels"][panel]["dataset"] != section["dataset"]:
        return None
    wanted = [panel, section["published_as"][model], quantity]
    found = published[(published[["panel", "model", "quantity"]] == wanted).all(axis=1)]
    return None if found.empty else (float(found["value"].iloc[0]), str(found["remark"].iloc[0]))


def compared(
    frames: Frames,
    published: pd.DataFrame | None,
    section: Mapping[str, Any],
    row: tuple[str, str, str],
    quantity: str,
) -> dict[str, Any]:
    """Ours, the paper's, their difference and the verdict, as columns that begin with the quantity's name."""
    panel, model, corruption = row
    found = ours(frames, section["panels"][panel], model, corruption, quantity)
    paper = published_value(published, section, panel, model, quantity)
    value, remark = paper or (math.nan, "")
    judged = NOT_COMPARED if paper is None else verdict(value, remark, found, section["tolerance"][quantity])
    return {
        quantity: found.mean,
        f"{quantity}_sd": found.sd,
        "n": found.n,
        f"{quantity}_paper": value if remark != FAILED else remark,
        f"{quantity}_difference": found.mean - value,
        f"{quantity}_verdict": judged,
    }


def settings(section: Mapping[str, Any], panel: str, model: str) -> dict[str, Any]:
    """What a row's runs were regularised with, from their recipe."""
    recipe = section["settings"][panel][model]
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


def seeds_note(section: Mapping[str, Any]) -> str:
    """How many seeds, and what stands behind the sign."""
    return seeds_sentence(section["seeds"], "Means ± standard deviations over {count} seeds.")


def tolerance_note(section: Mapping[str, Any], quantities: Sequence[str]) -> str:
    """By which tolerance the verdicts are, or why there are none."""
    if not section["at_paper_size"]:
        return "The paper's numbers are of all of CIFAR-10; what is measured on other data is not held against them."
    words = [f"{section['tolerance'][name]:g} ({name.replace('_', ' ')})" for name in quantities]
    return f"Reproduced: the mean is at most {' or '.join(words)} percentage points from the paper's."
