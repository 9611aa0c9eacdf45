"""The tables: name -> module and function, and the panels (groups of runs) that each is made from."""

from dataclasses import replace

from rethinking.outcomes.registry import (
    AT_ONE_LOSS,
    BY_STEP,
    EPOCH_BY_EPOCH,
    NOISE_KINDS,
    OF_WIDTHS,
    PAPER_FILES,
    RATES,
    SECTION_OF,
    SETTINGS,
    SIDE_BY_SIDE,
    SIZES,
    WITH_LEDGER,
    OfRuns,
    Panel,
)


class Table(OfRuns):
    """One table: its function returns a `formats.Table`. A configuration may leave out panels that it cannot afford."""


# What tables 1 and 4 say of their rows' recipes.
REGULARISED = ("epochs", "weight_decay", "weight_decay_on", "augmentation")


def _after_training(corruption: str, *regularisers: str) -> Panel:
    """Runs that train all their epochs, on one corruption and with these regularisers."""
    return Panel(in_full=True, corruptions=(corruption,), regularisers=frozenset(regularisers))


# Table 1's groups of runs, in the paper's order.
TABLE_1 = {
    "crop_and_decay": _after_training("true_labels", "random_crop", "weight_decay"),
    "crop": _after_training("true_labels", "random_crop"),
    "decay": _after_training("true_labels", "weight_decay"),
    "plain": _after_training("true_labels"),
    "random_labels": _after_training("random_labels-1.0"),
}

TABLES = {
    "table1": Table(
        module="rethinking.reporting.table1",
        function="table",
        description="training and test accuracy with random crop, weight decay, random labels",
        panels=TABLE_1,
        frames=("runs",),
        published=PAPER_FILES["table1"],
        settings=REGULARISED,
    ),
    "effects": Table(
        module="rethinking.reporting.effects",
        function="table",
        description="what weight decay and random crop change of the test accuracies, seed by seed",
        panels={
            name: replace(panel, counts_as_one_of="table1")
            for name, panel in TABLE_1.items()
            if name != "random_labels"
        },
        frames=("runs",),
        published=PAPER_FILES["table1"],
        of_sections=("table1",),
    ),
    "table4": Table(
        module="rethinking.reporting.table4",
        function="table",
        description="fitting random labels under weight decay, random crop, augmentation",
        panels={
            "random_labels_decay": _after_training("random_labels-1.0", "weight_decay"),
            "random_labels_crop": _after_training("random_labels-1.0", "random_crop"),
            "random_labels_augmentation": _after_training("random_labels-1.0", "flip", "rotation"),
        },
        published=PAPER_FILES["table4"],
        settings=REGULARISED,
    ),
    "table3": Table(
        module="rethinking.reporting.table3",
        function="table",
        description="kernel models that interpolate, and with l2: errors, norms, how exact they are",
        panels={},
        frames=("kernels",),
        computed="kernels",
    ),
    "errors_by_width": Table(
        module="rethinking.reporting.double_descent",
        function="by_width",
        description="training and test error by the width of a network and level of label noise",
        panels=OF_WIDTHS,
        frames=("runs",),
        settings=("epochs", "steps_per_epoch"),
    ),
    "width_peaks": Table(
        module="rethinking.reporting.double_descent",
        function="of_peaks",
        description="where the test error peaks over the width of a network, and how high",
        panels=OF_WIDTHS,
        frames=("runs",),
        settings=("epochs", "steps_per_epoch"),
    ),
    "features_by_number": Table(
        module="rethinking.reporting.random_features",
        function="by_number",
        description="least squares on random features: errors and norm by their number",
        panels={},
        frames=("random_features",),
        computed="random_features",
    ),
    "features_peaks": Table(
        module="rethinking.reporting.random_features",
        function="of_peaks",
        description="least squares on random features: where the test error peaks, and how high",
        panels={},
        frames=("random_features",),
        computed="random_features",
    ),
    "best_epoch": Table(
        module="rethinking.reporting.best_epoch",
        function="table",
        description="the best epoch by validation, the test accuracy there and at the end, seconds",
        panels={"networks": EPOCH_BY_EPOCH},
        frames=("runs",),
    ),
    "early_learning": Table(
        module="rethinking.reporting.early_learning",
        function="table",
        description="when right and wrong labels are learnt, what is said of wrong ones first, the gain of stopping",
        panels={"levels": WITH_LEDGER},
        frames=("runs", "curves", "learned"),
        settings=("true_validation_labels",),
    ),
    "label_error_scores": Table(
        module="rethinking.reporting.label_error_scores",
        function="table",
        description="finding wrong labels by loss, margin, first epoch learnt and forgetting: areas under ROC curves",
        panels={"levels": WITH_LEDGER},
        frames=("runs", "learned", "detection"),
        horizon=True,
    ),
    "noise_by_kind": Table(
        module="rethinking.reporting.noise_by_kind",
        function="table",
        description="time to fit and test error with people's mistakes, with the same drawn, and with uniform noise",
        panels=NOISE_KINDS,
        frames=("runs", "learned"),
    ),
    "capacity_by_size": Table(
        module="rethinking.reporting.labels_fitted",
        function="by_size",
        description="random labels: training accuracy and steps to fit by network and number of images",
        panels=SIZES,
        frames=("runs",),
        settings=("epochs", "steps_per_epoch"),
    ),
    "capacity_of_networks": Table(
        module="rethinking.reporting.labels_fitted",
        function="of_networks",
        description="random labels: the most images that each network fits, and the labels that it knows",
        panels=SIZES,
        frames=("runs", "architectures"),
        settings=("epochs", "steps_per_epoch", "learning_rate"),
    ),
    "steps_by_setting": Table(
        module="rethinking.reporting.steps_by_setting",
        function="table",
        description="steps to fit by data and number of images, beside true labels and the size before",
        panels=SETTINGS,
        frames=("runs",),
        settings=("epochs", "steps_per_epoch"),
    ),
    "chosen_rates": Table(
        module="rethinking.reporting.learning_rates",
        function="table",
        description="training accuracy on random labels by learning rate, and which rate each network is given",
        panels=RATES,
        frames=("runs",),
        settings=("learning_rate",),
    ),
    "complexity_by_level": Table(
        module="rethinking.reporting.complexity_by_level",
        function="table",
        description="norms, margins and sharpness of trained networks at each level of label noise",
        panels={"levels": AT_ONE_LOSS},
        frames=("runs", "complexity"),
    ),
    "rank_correlations": Table(
        module="rethinking.reporting.rank_correlations",
        function="table",
        description="Kendall's rank correlations of these with test error, within a level and over levels",
        panels={"levels": replace(AT_ONE_LOSS, several=True)},
        frames=("runs", "complexity"),
    ),
    "per_class": Table(
        module="rethinking.reporting.per_class",
        function="table",
        description="test accuracy class by class, at the best epoch by validation or after the last",
        panels={"networks": Panel(in_full=True, several=True)},
        frames=("runs", "confusions"),
        published=("sources.yaml",),
        at_any_size=True,
    ),
    "loss_by_step": Table(
        module="rethinking.reporting.loss_by_step",
        function="table",
        description="the running loss that a source prints step by step, beside ours",
        panels={"networks": BY_STEP},
        frames=("runs", "steps"),
        settings=("log_every_steps",),
        published=("sources.yaml",),
        at_any_size=True,
    ),
    "paper_vs_ours": Table(
        module="rethinking.reporting.paper_vs_ours",
        function="table",
        description="the paper's numbers beside ours: tables 1, 3 and 4, figures 1 and 2b, and what it has on ImageNet",
        panels={name: Panel(counts_as_one_of="fig1") for name in ("learning_curves", "corruption_levels")},
        frames=("runs", "curves", "evaluations", "steps"),
        settings=("log_every_steps",),
        published=tuple(SECTION_OF),
        of_sections=("fig1", "fig2", "table1", "table4"),
    ),
    "networks": Table(
        module="rethinking.reporting.networks",
        function="table",
        description="networks side by side: sizes, accuracy after training, seconds an epoch, a source's numbers",
        panels={"networks": SIDE_BY_SIDE},
        frames=("runs", "architectures"),
        published=("sources.yaml",),
        at_any_size=True,
    ),
    "zero_loss": Table(
        module="rethinking.reporting.zero_loss",
        function="table",
        description="when each network had fitted its training set: epoch, steps, seconds, test accuracy",
        panels={
            "corruption_levels": Panel(by_level=True, several=True),
            "learning_curves": Panel(several=True),
            "capacity": Panel(several=True),
        },
        frames=("runs",),
    ),
    "overfitted": Table(
        module="rethinking.reporting.overfitted",
        function="table",
        description="what may have counted as overfitted: epochs to fit by many criteria against those of figure 1b",
        panels={"corruption_levels": Panel(by_level=True, in_full=True, several=True, whole_curves=True)},
        published=("fig1b.csv",),
    ),
    "sources": Table(
        module="rethinking.reporting.sources",
        function="table",
        description="what other sources print of their own runs, beside ours",
        panels={"runs": Panel(several=True)},
        frames=("runs", "curves", "evaluations"),
        published=("sources.yaml",),
        at_any_size=True,
        of_sections=("fig1", "fig2", "learning_curves", "training", "best_epoch", "zero_loss", "overfitting"),
    ),
}
