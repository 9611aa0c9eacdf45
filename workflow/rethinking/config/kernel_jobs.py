"""What each step of a kernel gets: only what its outputs depend on, so that nothing else makes it run again."""

from rethinking.config.configuration import Configuration
from rethinking.config.datasets import label_of
from rethinking.config.inherit import Values
from rethinking.config.jobs import prepare_job

CHOICE = ("features", "bandwidths", "relative", "gabor", "choose", "precision")
GRAM = ("features", "patches", "precision", "rows", "seed")
SOLUTION = ("l2", "solved", "corruptions", "choose")
SHOWN = ("label", "dataset", "features", "published")


def _some(configuration: Configuration, kernel: str, keys: tuple[str, ...]) -> Values:
    configuration.origins.require_known("kernel", kernel, "kernel", configuration.kernels)
    return {key: configuration.kernels[kernel][key] for key in keys}


def choice_job(configuration: Configuration, kernel: str) -> Values:
    """What the choice of a kernel's parameters depends on; it is kept beside what is found."""
    return _some(configuration, kernel, CHOICE) | _data(configuration, kernel)


def gram_job(configuration: Configuration, kernel: str) -> Values:
    """What a kernel's matrix depends on, beside its choice."""
    return _some(configuration, kernel, GRAM)


def solution_job(configuration: Configuration, kernel: str) -> Values:
    """What a kernel's solutions depend on, beside its matrix; it is kept beside what is found."""
    return _some(configuration, kernel, SOLUTION) | _data(configuration, kernel)


def _data(configuration: Configuration, kernel: str) -> Values:
    """What a kernel's images are made from, by which another data set of as many is told."""
    return {"data": prepare_job(configuration, configuration.kernels[kernel]["dataset"])}


def counts(configuration: Configuration, kernel: str) -> dict[str, int]:
    """How many training and test images a kernel is of."""
    entry = configuration.datasets[configuration.kernels[kernel]["dataset"]]
    return {part: entry[part] or entry["original"][part] for part in ("train", "test")}


def shown(configuration: Configuration) -> list[Values]:
    """What is said of each kernel in tables and figures, in the configuration's order; `of`: all images there are."""
    found = []
    for name in configuration.kernels:
        values = _some(configuration, name, SHOWN)
        original = configuration.datasets[values["dataset"]]["original"]
        paper = {f"paper_{key}": number for key, number in values.pop("published").items()}
        facts = {
            "dataset_label": label_of(configuration, values["dataset"]),
            "of": {part: original[part] for part in ("train", "test")},
        }
        found.append({"kernel": name, **values, **facts, **paper})
    return found
