"""What other sources print of their own runs (config/paper/sources.yaml): one mapping a number, and whose it is."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rethinking.sections import PanelRuns, Section

if TYPE_CHECKING:
    import pandas as pd

LISTS = ("by_epoch", "by_step", "by_class")  # how a result holds several numbers in the place of one `value`
ALIKE = 0.1  # a training set that is this much larger or smaller, as a fraction, is of the source's size


def numbers(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A result of the file as one mapping a number, each with its `value` and where it stands."""
    shared = {key: value for key, value in result.items() if key not in LISTS}
    if "by_epoch" in result:
        return [shared | {"at": epoch, "value": value} for epoch, value in enumerate(result["by_epoch"], 1)]
    if "by_step" in result:
        every, values = result["by_step"]["every"], result["by_step"]["values"]
        return [shared | {"step": every * place, "value": value} for place, value in enumerate(values, 1)]
    if "by_class" in result:
        return [shared | {"class": name, "value": value} for name, value in result["by_class"].items()]
    return [shared]


def stands_for(section: Section, group: PanelRuns, network: str) -> str | None:
    """The network of a group that the numbers of a registered one stand beside: itself, else the first variant of it.

    None where the group has neither.
    """
    whole = [model for model in group.models if section.published_as[model] == network]
    variants = [model for model in group.models if section.factories[model] == network]
    return next(iter([*whole, *variants]), None)


def of_its_size(section: Section, group: PanelRuns, model: str, images: int, result: Mapping[str, Any]) -> bool:
    """Whether runs on so many training images are of a source's size: the whole network, its data, as many to 10 %."""
    whole = section.published_as[model] == result["network"]
    alike = result["quantity"] == "parameters" or abs(images - result["images"]) <= ALIKE * result["images"]
    return whole and alike and result["dataset"] in section.lineages[group.dataset]


def at_steps(
    published: "pd.DataFrame", section: Section, group: PanelRuns, model: str, quantity: str
) -> "pd.DataFrame":
    """The numbers that stand at a step, of the network that a group's `model` stands for, with that recipe; else none.

    `epoch` is the share of an epoch that a step is there.
    """
    network = section.factories[model]
    of_network = (published["network"] == network) & published["corruption"].isin(group.corruptions)
    rows = published[of_network & (published["quantity"] == quantity) & (published["step"] != "")]
    rows = rows[rows["recipe"].isin(["", group.recipe])]
    if stands_for(section, group, network) != model:
        rows = rows.iloc[:0]
    seen = rows["step"].astype(float) * rows["batch_size"].astype(float)
    return rows.assign(epoch=seen / rows["images"].astype(float))


def after_epochs(
    published: "pd.DataFrame", section: Section, group: PanelRuns, model: str, quantity: str, epochs: int
) -> float:
    """What a source prints of the network that `model` stands for, after so many epochs; NaN where it prints nothing.

    Of a source of other data it is nothing.
    """
    network = section.factories[model]
    if stands_for(section, group, network) != model:
        return math.nan
    related = published["dataset"].isin(section.lineages[group.dataset]) & published["recipe"].isin(["", group.recipe])
    of_network = (published["network"] == network) & published["corruption"].isin(group.corruptions)
    at = (published["quantity"] == quantity) & (published["at"] == epochs) & (published["class"] == "")
    rows = published[related & of_network & at]
    return float(rows["value"].iloc[0]) if len(rows) else math.nan
