"""The figures: name -> module and function, and the panels (groups of runs) or tables that each is drawn from.

Pictures are figures of a data set: figures/samples-cifar10.pdf is the picture `samples` of `cifar10`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rethinking.outcomes.registry import (
    AT_ONE_LOSS,
    BY_STEP,
    EPOCH_BY_EPOCH,
    NOISE_KINDS,
    OF_WIDTHS,
    PAPER_FILES,
    RATES,
    SETTINGS,
    SIDE_BY_SIDE,
    SIZES,
    WITH_LEDGER,
    OfRuns,
    Panel,
)
from rethinking.registry import REGRESSION, Entry


@dataclass(frozen=True, kw_only=True)
class Figure(OfRuns):
    """One figure: its function returns it and its caption. `animation` names one of its module that animates it."""

    animation: str | None = None

    def animate(self) -> Callable[..., Any]:
        """Import the module and return the function of the animation."""
        assert self.animation is not None
        return replace(self, function=self.animation).load()


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


# A network of a regression, and the norms of its weights.
OF_NUMBERS = Panel(one_model=True, one_corruption=True, in_full=True, tasks=(REGRESSION,), measures=("frobenius_norm",))

FIGURES = {
    "fig1": Figure(
        module="rethinking.plotting.fig1",
        function="figure",
        description="fitting random labels and pixels: learning curves, convergence slowdown, generalisation error",
        panels={
            "learning_curves": Panel(one_model=True, several=True, by_corruption=True),
            "corruption_levels": Panel(by_level=True),
        },
        published=PAPER_FILES["fig1"],
        beside=True,
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
        published=PAPER_FILES["fig2"],
    ),
    "training": Figure(
        module="rethinking.plotting.training",
        function="figure",
        description="accuracy and loss on training, validation and test images, epoch by epoch, and the best epoch",
        panels={"networks": replace(EPOCH_BY_EPOCH, validation=False)},
        frames=("runs", "curves"),
    ),
    "early_stopping": Figure(
        module="rethinking.plotting.early_stopping",
        function="figure",
        description="runs that validation ends: their curves, the epoch that is kept, and its test accuracy alone",
        panels={"networks": replace(EPOCH_BY_EPOCH, early_stopping=True)},
        frames=("runs", "curves"),
        settings=("stop",),
    ),
    "memorisation": Figure(
        module="rethinking.plotting.memorisation",
        function="figure",
        description="training and validation accuracy of a network on the same images with several kinds of labels",
        panels={"settings": Panel(one_model=True, in_full=True, validation=True, true_validation=True)},
        frames=("runs", "curves"),
    ),
    "learned_first": Figure(
        module="rethinking.plotting.learned_first",
        function="figure",
        description="accuracy on examples with right and wrong labels by epoch, and what stopping early gains",
        panels={"levels": WITH_LEDGER},
        frames=("runs", "curves", "learned"),
        settings=("true_validation_labels",),
    ),
    "label_errors": Figure(
        module="rethinking.plotting.label_errors",
        function="figure",
        description="ROC curves of finding wrong labels by loss, margin, first epoch learnt and forgetting",
        panels={"levels": WITH_LEDGER},
        frames=("runs", "learned", "detection", "roc"),
        horizon=True,
    ),
    "noise_kinds": Figure(
        module="rethinking.plotting.noise_kinds",
        function="figure",
        description="time to fit and test error with people's mistakes, with the same drawn, and with uniform noise",
        panels=NOISE_KINDS,
        frames=("runs", "learned"),
    ),
    "capacity": Figure(
        module="rethinking.plotting.capacity",
        function="figure",
        description="how many random labels fit: training accuracy and steps to fit by parameters and images",
        panels=SIZES,
        frames=("runs", "architectures"),
        settings=("epochs", "steps_per_epoch"),
    ),
    "steps_to_fit": Figure(
        module="rethinking.plotting.steps_to_fit",
        function="figure",
        description="steps to fit against the number of images: true labels, random labels, random pixels",
        panels=SETTINGS,
        frames=("runs",),
        settings=("epochs", "steps_per_epoch"),
    ),
    "learning_rates": Figure(
        module="rethinking.plotting.learning_rates",
        function="figure",
        description="training accuracy on random labels by learning rate, and which rate each network is given",
        panels=RATES,
        frames=("runs",),
        settings=("learning_rate",),
    ),
    "norms": Figure(
        module="rethinking.plotting.norms",
        function="figure",
        description="Frobenius norms of a network's tensors before and after training, and by epoch",
        panels={"settings": Panel(one_model=True, measures=("frobenius_norm",))},
        frames=("runs", "measures"),
    ),
    "overfitting": Figure(
        module="rethinking.plotting.overfitting",
        function="figure",
        description="a regression on few points: training and test loss, and the norm of the weights, by epoch",
        panels={"network": OF_NUMBERS},
        frames=("runs", "curves", "measures"),
        published=("sources.yaml",),
        at_any_size=True,
    ),
    "fits": Figure(
        module="rethinking.plotting.fits",
        function="figure",
        description="what a network says between the points of a regression, after some of its epochs",
        panels={"network": replace(OF_NUMBERS, predictions=True)},
        frames=("runs", "points", "measures"),
        animation="animation",
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
        panels={"learning_curves": Panel(in_full=True, several=True)},
    ),
    "running_loss": Figure(
        module="rethinking.plotting.running_loss",
        function="figure",
        description="the training loss as it runs, a mean over every so many steps, a panel a network",
        panels={"networks": BY_STEP},
        frames=("runs", "steps"),
        published=("sources.yaml",),
        at_any_size=True,
        settings=("log_every_steps", "batch_size"),
    ),
    "class_accuracy": Figure(
        module="rethinking.plotting.class_accuracy",
        function="figure",
        description="test accuracy class by class, networks side by side, and what a source prints of them",
        panels={"networks": Panel(in_full=True, one_corruption=True, several=True)},
        frames=("runs", "confusions"),
        published=("sources.yaml",),
        at_any_size=True,
    ),
    "predictions": Figure(
        module="rethinking.plotting.predictions",
        function="figure",
        description="test images with true and predicted labels, and each network's most confident mistakes",
        panels={"networks": Panel(in_full=True, corruptions=("true_labels",), several=True)},
        frames=("runs", "predictions"),
    ),
    "learning_curves_by_step": Figure(
        module="rethinking.plotting.learning_curves",
        function="by_step",
        description="training loss step by step in several data settings, a panel a network",
        panels={"learning_curves": Panel(in_full=True, several=True, steps=True)},
        frames=("runs", "steps"),
        settings=("log_every_steps",),
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
    "architectures": Figure(
        module="rethinking.plotting.architectures",
        function="figure",
        description="networks side by side: accuracy after training, parameters, multiply-adds, seconds an epoch",
        panels={"networks": SIDE_BY_SIDE},
        frames=("runs", "architectures"),
        published=("sources.yaml",),
        at_any_size=True,
    ),
    "complexity": Figure(
        module="rethinking.plotting.complexity",
        function="figure",
        description="norms, margins and sharpness of trained networks against the level of label noise",
        panels={"levels": AT_ONE_LOSS},
        frames=("runs", "complexity"),
    ),
    "complexity_ranks": Figure(
        module="rethinking.plotting.complexity_ranks",
        function="figure",
        description="how well these order networks by test error, within a level and over levels",
        panels={"levels": replace(AT_ONE_LOSS, several=True)},
        frames=("runs", "complexity"),
    ),
    "double_descent": Figure(
        module="rethinking.plotting.double_descent",
        function="figure",
        description="test and training error against the width of a network, a line a level of label noise",
        panels=OF_WIDTHS,
        frames=("runs",),
        settings=("epochs", "steps_per_epoch"),
    ),
    "models": Figure(
        module="rethinking.plotting.models",
        function="figure",
        description="the networks: trainable parameters against multiply-adds",
        panels={},
        frames=("sizes",),
    ),
    "regularised_kernels": Figure(
        module="rethinking.plotting.regularised_kernels",
        function="figure",
        description="kernel models: test error against the norm of the solution as l2 falls to none",
        panels={},
        frames=("kernels",),
        computed="kernels",
    ),
    "implicit_regularisation": Figure(
        module="rethinking.plotting.implicit_regularisation",
        function="figure",
        description="linear models: SGD from zero ends at the least norm, from elsewhere and with Adam it does not",
        panels={},
        frames=("implicit_regularisation",),
        computed="implicit_regularisation",
    ),
    "random_features": Figure(
        module="rethinking.plotting.random_features",
        function="figure",
        description="least squares on random features: errors and norm against their number over that of images",
        panels={},
        frames=("random_features",),
        computed="random_features",
    ),
    "expressivity": Figure(
        module="rethinking.plotting.expressivity",
        function="figure",
        description="networks built for any labels (theorem 1): error, seconds and memory against the points",
        panels={},
        frames=("expressivity",),
        computed="expressivity",
    ),
}
ANIMATED = tuple(name for name, entry in FIGURES.items() if entry.animation)

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
