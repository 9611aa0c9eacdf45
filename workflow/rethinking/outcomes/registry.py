"""What the registries of figures and of tables share: the panels, data frames and published numbers of each."""

from collections.abc import Mapping
from dataclasses import dataclass

from rethinking.registry import Entry


@dataclass(frozen=True)
class Panel:
    """What a group of runs must be, so that what is drawn or said of it is true.

    `one_model`, `one_corruption`: of one only. `by_level`: one corruption a level, true labels among them, until they
    are fitted. `in_full`: no run ends early. `validation`: images are held out. `corruptions`, `regularisers`: these
    and no other, where it says; "augmentation" stands for any kind of it. `part`: panels of the same part may be left
    out of a figure, all of them together. `redraws`: whether labels are drawn again on the way (`redraw_labels_after`).
    `differs_only_in_recipe_from`: the panel from which this one differs in the recipe alone.
    """

    one_model: bool = False
    one_corruption: bool = False
    by_level: bool = False
    in_full: bool = False
    validation: bool = False
    corruptions: tuple[str, ...] | None = None
    regularisers: frozenset[str] | None = None
    part: str | None = None
    redraws: bool | None = None
    differs_only_in_recipe_from: str | None = None


@dataclass(frozen=True, kw_only=True)
class OfRuns(Entry):
    """A figure or table. `panels` names the groups of runs that its section of the configuration must hold.

    Its function takes the data frames that `frames` names, as keyword arguments, and its section; where `published`
    names files of config/paper/, it gets their numbers as one more, `published`, or None where the runs are not of the
    paper's size. One that is made from no runs has no panels. `settings` names keys of its panels' recipes that its
    section is to hold.
    """

    panels: Mapping[str, Panel]
    frames: tuple[str, ...] = ("runs", "curves")
    published: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


# Networks on one corruption, all their epochs, and images held out that the best of these is chosen by.
EPOCH_BY_EPOCH = Panel(one_corruption=True, in_full=True, validation=True)
