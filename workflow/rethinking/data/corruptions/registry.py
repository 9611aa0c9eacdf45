"""The corruptions: name -> module, function and what it changes (paper section 2.1)."""

from dataclasses import dataclass

from rethinking.registry import Entry


@dataclass(frozen=True, kw_only=True)
class Corruption(Entry):
    """One corruption. `options` maps each choice that the paper leaves open to its values, the default first.

    `named_by` is the option whose value is part of the name, as in human_labels-worse. `error_on_alike` says what a
    test error becomes where the test labels are corrupted like the training ones (a name in
    `rethinking.analysis.corrupted_test_labels`); None where the error and the level alone do not tell.
    """

    changes: tuple[str, ...]
    has_level: bool = False
    options: dict[str, tuple[str, ...]]
    named_by: str | None = None
    error_on_alike: str | None = None

    @property
    def is_label_noise(self) -> bool:
        return self.changes == ("train_labels",)

    @property
    def draws_labels(self) -> bool:
        """Whether another seed gives other labels."""
        return self.is_label_noise and self.has_level


LABELS = {
    "module": "rethinking.data.corruptions.labels",
    "changes": ("train_labels",),
    "has_level": True,
    "options": {},
}
PIXELS = {
    "module": "rethinking.data.corruptions.pixels",
    "changes": ("train_images", "test_images"),
    "error_on_alike": "unchanged",
}
UNIT = {"unit": ("position", "value")}

CORRUPTIONS = {
    "random_labels": Corruption(
        function="random_labels",
        description="each training label is redrawn from all classes with probability P (paper: random labels)",
        error_on_alike="evenly_redrawn",
        **LABELS,
    ),
    "shuffled_labels": Corruption(
        function="shuffled_labels",
        description="the labels of a fraction P of the training examples are permuted among themselves",
        **LABELS,
    ),
    "shuffled_pixels": Corruption(
        function="shuffled_pixels",
        description="one permutation of the pixels for all training and test images",
        options=UNIT,
        **PIXELS,
    ),
    "random_pixels": Corruption(
        function="random_pixels",
        description="a permutation of the pixels for each image, training and test",
        options=UNIT,
        **PIXELS,
    ),
    "gaussian_pixels": Corruption(
        function="gaussian_pixels",
        description="every image replaced by Gaussian noise with the training images' mean and standard deviation",
        options={"statistics": ("per_channel", "global")},
        **PIXELS,
    ),
    "human_labels": Corruption(
        module="rethinking.data.corruptions.human",
        function="human_labels",
        description="the labels that people gave CIFAR-10's training images (CIFAR-10N, Wei et al. 2022)",
        changes=("train_labels",),
        options={"set": ("aggre", "random1", "random2", "random3", "worse")},
        named_by="set",
    ),
}
