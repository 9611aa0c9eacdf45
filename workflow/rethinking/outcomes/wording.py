"""What captions and tables say alike: settings, criteria, numbers of images, seeds, runs that diverged."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rethinking.names import split_corruption
from rethinking.outcomes.criteria import CRITERIA
from rethinking.outcomes.derived import derived

if TYPE_CHECKING:
    import pandas as pd


def setting_label(corruption: str) -> str:
    """A data setting in the paper's words: `random_labels-0.5` -> "random labels, P = 0.5"."""
    family, level = split_corruption(corruption)
    words = {"gaussian_pixels": "Gaussian"}.get(family, family.replace("_", " "))
    if family.startswith("human_labels-"):
        words = f"human labels ({family.removeprefix('human_labels-')})"
    return words if level in (None, 1.0) else f"{words}, P = {level:g}"


def when_fitted(criterion: str) -> str:
    """The moment at which a criterion is met: "the training accuracy first reaches 99 %"."""
    if later := derived(criterion):
        return f"the training loss is first within {later.margin:g} of the run's last"
    needs = CRITERIA[criterion]
    if needs.loss is not None:
        return f"the training loss first falls below {needs.loss:g}"
    return f"the training accuracy first reaches {needs.accuracy:g} %"


def seeds_sentence(seeds: Sequence[int], several: str) -> str:
    """How many seeds there are; `several` is the sentence of more than one, with {count} and {which} in it."""
    if len(seeds) == 1:
        return f"One seed ({seeds[0]})."
    return several.format(count=len(seeds), which=", ".join(map(str, seeds)))


def diverged_sentence(runs: "pd.DataFrame") -> str:
    """How many of the runs means leave out; nothing where none diverged."""
    count = int((runs["stopped_by"] == "diverged").sum())
    return f"{count} of {len(runs)} runs diverged and {'is' if count == 1 else 'are'} left out." if count else ""


def validation_sentence(runs: "pd.DataFrame") -> str:
    """By which labels of held-out images the best epochs were chosen; nothing where these have but one kind."""
    kinds = set(runs["best_validation_labels"].dropna())
    sentences = {
        "given_labels": "Held-out images have corrupted labels, as training images have, and validation is by these.",
        "true_labels": "Held-out images keep their true labels, and validation is by these.",
    }
    return " ".join(sentence for kind, sentence in sentences.items() if kind in kinds)


def ended_sentence(runs: "pd.DataFrame") -> str:
    """How many runs ended before all their epochs, and after how many; nothing where none did."""
    ended = runs[~runs["stopped_by"].isin(["epochs", "diverged"])]
    if ended.empty:
        return ""
    low, high = int(ended["epochs_done"].min()), int(ended["epochs_done"].max())
    after = f"{low}" if low == high else f"{low} to {high}"
    thin = "; thin lines: seeds that trained on after another had ended" if runs["epochs_done"].nunique() > 1 else ""
    return f"{len(ended)} of {len(runs)} runs ended early, after {after} epochs{thin}."


def images_of(label: str, num_train: int, num_test: int | None = None) -> str:
    """A data set's label and how many images it has; the number that the label says already is not said again."""
    said = re.search(rf"(?<![\d.,]){num_train:,}(?![\d]|[.,]\d)", label) is not None
    parts = [*([] if said else [f"{num_train:,} training"]), *([] if num_test is None else [f"{num_test:,} test"])]
    return f"{label}, {' and '.join(parts)} images" if parts else label


def capitalised(text: str) -> str:
    """The text as the beginning of a sentence, its other letters as they are."""
    return text[:1].upper() + text[1:]
