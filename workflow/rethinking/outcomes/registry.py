"""What the registries of figures and of tables share: the panels, data frames and published numbers of each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rethinking.registry import CLASSIFICATION, Entry

# The files of config/paper/ by the figure or table of the paper whose numbers they hold, which the registries have by
# the same name. A number is of its section's panel; whatever else shows it names the file.
PAPER_FILES = {
    "table1": ("table1.csv",),
    "table4": ("table4.csv",),
    "fig1": ("fig1a.csv", "fig1b.csv", "fig1c.csv"),
    "fig2": ("fig2b.csv",),
}
# What the paper measured on ImageNet, which nothing here is trained on: no section has these.
IMAGENET, IMAGENET_FILES = "imagenet", ("table2.csv", "fig2a.csv")
SECTION_OF = {file: section for section, files in PAPER_FILES.items() for file in files}
SECTION_OF |= dict.fromkeys(IMAGENET_FILES, IMAGENET)


@dataclass(frozen=True)
class Panel:
    """What a group of runs must be, so that what is drawn or said of it is true.

    `one_model`, `one_corruption`: of one only. `by_level`: one corruption a level, true labels among them, until they
    are fitted. `until_fit`: no run ends before it meets the section's criterion. `in_full`: no run ends early.
    `validation`: images are held out. `corruptions`, `regularisers`: these and no other, where it says; "augmentation"
    stands for any kind of it. `part`: panels of the same part may be left out of a figure, all of them together.
    `redraws`: whether labels are drawn again on the way (`redraw_labels_after`). `differs_only_in_recipe_from`: the
    panel from which this one differs in the recipe alone. `several`: it may hold several groups, each with a name.
    `by_corruption`: they are of one network and data set, and share no corruption, which their lines are named by.
    `counts_as_one_of`: the section whose panel of this name its runs count as.
    `families`: its corruptions are variants of these, beside true labels.
    `whole_curves`: the training set is scored after every epoch.
    `same_loss`: its runs end as soon as they meet a criterion of the training loss. `foldable`: batch normalisation,
    where there is any, has running averages in evaluation mode.
    `measures`: its recipes take these, after each epoch. `steps`: they log every so many steps. `ledger`: they keep
    one. `early_stopping`: they end runs by validation. `true_validation`: held-out images keep their true labels,
    whatever the corruption.
    `tasks`: what the networks learn. `predictions`: their recipes keep some. `lists`: those of "datasets" and "recipes"
    of which it may list several, each with all of its networks. `same_steps`: its recipes take equally many steps,
    whatever the data set (`steps_per_epoch`).
    """

    one_model: bool = False
    one_corruption: bool = False
    by_level: bool = False
    until_fit: bool = False
    in_full: bool = False
    validation: bool = False
    corruptions: tuple[str, ...] | None = None
    regularisers: frozenset[str] | None = None
    part: str | None = None
    redraws: bool | None = None
    several: bool = False
    by_corruption: bool = False
    counts_as_one_of: str | None = None
    differs_only_in_recipe_from: str | None = None
    families: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    steps: bool = False
    ledger: bool = False
    early_stopping: bool = False
    true_validation: bool = False
    tasks: tuple[str, ...] = (CLASSIFICATION,)
    predictions: bool = False
    lists: tuple[str, ...] = ()
    same_steps: bool = False
    whole_curves: bool = False
    same_loss: bool = False
    foldable: bool = False


@dataclass(frozen=True, kw_only=True)
class OfRuns(Entry):
    """A figure or table. `panels` names the groups of runs that its section of the configuration must hold.

    Its function takes the data frames that `frames` names, as keyword arguments, and its section; where `published`
    names files of config/paper/, it gets their numbers as one more, `published`, or None where the runs are not of the
    paper's size, which `at_any_size` does not ask for. One that is made from no runs has no panels. `settings` names
    keys of its panels' recipes that its section is to hold. `of_sections` names figures and tables from whose groups of
    runs it is made as well, as far as a configuration has them and in this order; `panels` are then what its own
    section may add to them, runs that stand in no other. `computed` names the key of a configuration that says what its
    data frame, of the same name, is computed from without a training. `beside` says that it shows the times of a second
    criterion (the key of that name), `horizon` that some of what it shows is of the first epochs alone.
    """

    panels: Mapping[str, Panel]
    frames: tuple[str, ...] = ("runs", "curves")
    published: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    of_sections: tuple[str, ...] = ()
    at_any_size: bool = False
    computed: str | None = None
    beside: bool = False
    horizon: bool = False

    def arguments(self, frames: Mapping[str, Any], published: Any) -> dict[str, Any]:
        """What its function gets beside the section: of the data frames those that it names, `published` if it does."""
        return {name: frames[name] for name in self.frames} | ({"published": published} if self.published else {})


# Networks on one corruption, and images held out that the best of their epochs is chosen by, or the last.
EPOCH_BY_EPOCH = Panel(one_corruption=True, validation=True, several=True)

# Networks on one corruption whose recipes log every so many steps.
BY_STEP = Panel(one_corruption=True, several=True, steps=True)

# Networks on one corruption after all their epochs.
SIDE_BY_SIDE = Panel(in_full=True, one_corruption=True, several=True)

# One network under several corruptions of labels, what it said of each example kept, and images held out.
WITH_LEDGER = Panel(one_model=True, in_full=True, validation=True, ledger=True)
# Networks on data sets of several sizes for the same number of steps; the first two until they fit.
BY_SIZE = Panel(lists=("datasets",), same_steps=True, until_fit=True)
RANDOM = ("random_labels-1.0",)
SIZES = {"sizes": replace(BY_SIZE, corruptions=RANDOM)}
SETTINGS = {"settings": replace(BY_SIZE, one_model=True)}
RATES = {"rates": Panel(lists=("datasets", "recipes"), same_steps=True, in_full=True, corruptions=RANDOM)}

# Networks of growing width under label noise, all trained for equally many steps, whether they fit or not.
OF_WIDTHS = {"widths": Panel(in_full=True, same_steps=True, redraws=False, regularisers=frozenset())}

# Networks at several levels of noise, all trained until the same loss, whose weights are measured.
AT_ONE_LOSS = Panel(by_level=True, same_loss=True, foldable=True, redraws=False)

# Label noise by where it comes from; that of people may be left out, where a data set has none.
NOISE_KINDS = {
    "people": Panel(ledger=True, families=("human_labels",), part="people"),
    "class_noise": Panel(ledger=True, families=("class_noise",)),
    "uniform": Panel(ledger=True, families=("random_labels",)),
}
