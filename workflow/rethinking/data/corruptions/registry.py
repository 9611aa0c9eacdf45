"""The corruptions: name -> module, function and what it changes (paper section 2.1)."""

from dataclasses import dataclass, field

from rethinking.registry import Entry


@dataclass(frozen=True, kw_only=True)
class Corruption(Entry):
    """One corruption. `options` maps each choice that the paper leaves open to its values, the default first.

    `named_by` is the option whose value is part of the name, as in human_labels-worse. `error_on_alike`, which every
    one must say, is what a test error becomes where the test labels are corrupted like the training ones (a name in
    EXPECTED of `rethinking.analysis.corrupted_test_labels`); None where the error and the level alone do not tell.
    `of_file` says that it takes a file of the user's, the key `path` of a configuration.
    """

    changes: tuple[str, ...]
    error_on_alike: str | None
    has_level: bool = False
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    named_by: str | None = None
    of_file: bool = False

    @property
    def is_label_noise(self) -> bool:
        return self.changes == ("train_labels",)

    @property
    def draws_labels(self) -> bool:
        """Whether another seed gives other labels."""
        return self.is_label_noise and self.has_level


HERE = "rethinking.data.corruptions"
LABELS = ("train_labels",)
IMAGES = ("train_images", "test_images")
UNIT = {"unit": ("position", "value")}
SETS = ("aggre", "random1", "random2", "random3", "worse")  # of CIFAR-10N

CORRUPTIONS = {
    "random_labels": Corruption(
        module=f"{HERE}.random_labels",
        function="random_labels",
        description="each training label is redrawn from all classes with probability P (paper: random labels)",
        changes=LABELS,
        has_level=True,
        error_on_alike="evenly_redrawn",
    ),
    "class_noise": Corruption(
        module=f"{HERE}.class_noise",
        function="class_noise",
        description="each training label is drawn, with probability P, from its class's row of a matrix",
        changes=LABELS,
        has_level=True,
        options={"matrix": ("others", "next")},  # or numbers, or measured from people's labels
        error_on_alike="one_of_the_others",  # of the matrix that this name stands for
    ),
    "shuffled_labels": Corruption(
        module=f"{HERE}.shuffled_labels",
        function="shuffled_labels",
        description="the labels of a fraction P of the training examples are permuted among themselves",
        changes=LABELS,
        has_level=True,
        error_on_alike=None,  # depends on how often each class is given and said
    ),
    "shuffled_pixels": Corruption(
        module=f"{HERE}.shuffled_pixels",
        function="shuffled_pixels",
        description="one permutation of the pixels for all training and test images",
        changes=IMAGES,
        options=UNIT,
        error_on_alike="unchanged",
    ),
    "random_pixels": Corruption(
        module=f"{HERE}.random_pixels",
        function="random_pixels",
        description="a permutation of the pixels for each image, training and test",
        changes=IMAGES,
        options=UNIT,
        error_on_alike="unchanged",
    ),
    "gaussian_pixels": Corruption(
        module=f"{HERE}.gaussian_pixels",
        function="gaussian_pixels",
        description="every image replaced by Gaussian noise with the training images' mean and standard deviation",
        changes=IMAGES,
        options={"statistics": ("per_channel", "global")},
        error_on_alike="unchanged",
    ),
    "human_labels": Corruption(
        module=f"{HERE}.human_labels",
        function="human_labels",
        description="the labels that people gave CIFAR-10's training images (CIFAR-10N, Wei et al. 2022)",
        changes=LABELS,
        options={"set": SETS},
        named_by="set",
        error_on_alike=None,  # nobody labelled the test images a second time
    ),
    "given_labels": Corruption(
        module=f"{HERE}.given_labels",
        function="given_labels",
        description="labels of your own, from a CSV or .npy file (path) with one for each training image",
        changes=LABELS,
        of_file=True,
        error_on_alike=None,  # who gave them did not label the test images
    ),
}
