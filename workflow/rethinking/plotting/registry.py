"""The figures: name -> module and function, and the panels (groups of runs) or tables that each is drawn from.

Pictures are figures of a data set: figures/samples-cifar10.pdf is the picture `samples` of `cifar10`.
"""

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
class Figure(Entry):
    """One figure. `panels` names the groups of runs that its section of the configuration must hold.

    Its function takes the data frames that `frames` names, as keyword arguments, and its section; `published` names the
    files of config/paper/ that it gets as one more, `published`, where the runs are of the paper's size. One that is
    drawn from no runs has no panels. `settings` names keys of its panels' recipes that its section is to hold.
    """

    panels: Mapping[str, Panel]
    frames: tuple[str, ...] = ("runs", "curves")
    published: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Picture(Entry):
    """One picture of a data set. Its function takes the folder that holds `files`, and its section."""

    files: tuple[str, ...]


def _early_stopping(*regularisers: str) -> Panel:
    """One network on true labels with images held out, and these regularisers."""
    return Panel(
        one_model=True,
        in_full=True,
        validation=True,
        corruptions=("true_labels",),
        regularisers=frozenset(regularisers),
        part="early stopping",
    )


# Networks on one corruption, all their epochs, and images held out that the best of these is chosen by.
EPOCH_BY_EPOCH = Panel(one_corruption=True, in_full=True, validation=True)

FIGURES = {
    "fig1": Figure(
        module="rethinking.plotting.fig1",
        function="figure",
        description="fitting random labels and pixels: learning curves, convergence slowdown, generalisation error",
        panels={"learning_curves": Panel(one_model=True), "corruption_levels": Panel(by_level=True)},
        published=("fig1a.csv", "fig1b.csv", "fig1c.csv"),
    ),
    "fig2": Figure(
        module="rethinking.plotting.fig2",
        function="figure",
        description="what implicit regularisers do: early stopping (may be left out), batch normalisation",
        panels={
            "all_regularisers": _early_stopping("augmentation", "weight_decay", "dropout"),
            "weight_decay": _early_stopping("weight_decay"),
            "no_regulariser": _early_stopping(),
            "batch_norm": Panel(in_full=True, corruptions=("true_labels",), regularisers=frozenset()),
        },
        frames=("runs", "evaluations"),
        published=("fig2b.csv",),
    ),
    "training": Figure(
        module="rethinking.plotting.training",
        function="figure",
        description="accuracy and loss on training, validation and test images, epoch by epoch, and the best epoch",
        panels={"networks": EPOCH_BY_EPOCH},
        frames=("runs", "curves"),
    ),
    "confusion": Figure(
        module="rethinking.plotting.confusion",
        function="figure",
        description="confusion matrices of the test set after the first, the best and the last epoch",
        panels={"networks": EPOCH_BY_EPOCH},
        frames=("runs", "confusions"),
    ),
    "learning_curves": Figure(
        module="rethinking.plotting.learning_curves",
        function="figure",
        description="training loss in several data settings, a panel a network",
        panels={"learning_curves": Panel(in_full=True)},
    ),
    "importance_of_seed": Figure(
        module="rethinking.plotting.importance_of_seed",
        function="figure",
        description="a network on random labels that stay the same, and that are drawn again on the way",
        panels={
            "fixed": Panel(one_model=True, in_full=True, corruptions=("random_labels-1.0",), redraws=False),
            "redrawn": Panel(
                one_model=True,
                in_full=True,
                corruptions=("random_labels-1.0",),
                redraws=True,
                differs_only_in_recipe_from="fixed",
            ),
        },
        settings=("redraw_labels_after",),
    ),
    "models": Figure(
        module="rethinking.plotting.models",
        function="figure",
        description="the networks: trainable parameters against multiply-adds",
        panels={},
        frames=("sizes",),
    ),
}

PICTURES = {
    "samples": Picture(
        module="rethinking.plotting.samples",
        function="figure",
        description="images of a data set, a row a corruption, with the label that is given and the true one",
        files=("samples.npy", "samples.csv"),
    ),
    "channels": Picture(
        module="rethinking.plotting.channels",
        function="figure",
        description="one image and the values of its pixels, channel by channel",
        files=("values.csv",),
    ),
}
