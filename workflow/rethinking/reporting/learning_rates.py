"""The learning rate of each network, chosen by what it learns of its training sets."""

import pandas as pd

from rethinking.outcomes.learning_rates import CHOICE, by_rate, on_images
from rethinking.outcomes.wording import capitalised, diverged_sentence, seeds_sentence
from rethinking.reporting.formats import Table
from rethinking.sections import Section


def table(*, runs: pd.DataFrame, section: Section) -> Table:
    """One row a network and rate."""
    numbers = by_rate(runs, section)
    shown = pd.DataFrame({
        "network": [section.labels[model] for model in numbers["model"]],
        "rate": [f"{rate:g}" for rate in numbers["learning_rate"]],
        "training accuracy (%)": [_text(each, 2) for each in numbers["accuracy"]],
        "training loss": [_text(each, 4) for each in numbers["loss"]],
        "diverged": [f"{ill} of {ran}" for ill, ran in zip(numbers["diverged"], numbers["runs"], strict=True)],
        "chosen": ["yes" if chosen else "" for chosen in numbers["chosen"]],
    })  # fmt: skip
    notes = [
        f"{capitalised(section.dataset_label)}, random labels, {on_images(runs)}. {CHOICE}",
        seeds_sentence(section.seeds, "Means over {count} seeds ({which})."),
        diverged_sentence(runs),
        section.note,
    ]
    return Table("Learning rates", numbers, shown, notes)


def _text(number: float, digits: int) -> str:
    return "-" if pd.isna(number) else f"{number:.{digits}f}"
