"""What each step of a kernel gets: only what its outputs depend on, so that nothing else makes it run again."""

from rethinking.config.configuration import Configuration
from rethinking.config.datasets import label_of
from rethinking.config.inherit import Values

CHOICE = ("features", "bandwidths", "relative", "gabor", "choose", "precision")
GRAM = ("features", "patches", "precision", "rows", "seed")
SOLUTION = ("l2", "solved", "corruptions", "choose")
SHOWN = ("label", "dataset", "features", "published")


def _some(configuration: Configuration, kernel: str, keys: tuple[str, ...]) -> Values:
    configuration.origins.require_known("kernel", kernel, "kernel", configuration.kernels)
    return {key: configuration.kernels[kernel][key] for key in keys}


def choice_job(configuration: Configuration, kernel: str) -> Values:
    """What the choice of a kernel's parameters depends on."""
    return _some(configuration, kernel, CHOICE)


def gram_job(configuration: Configuration, kernel: str) -> Values:
    """What a kernel's matrix depends on, beside its choice."""
    return _some(configuration, kernel, GRAM)


def solution_job(configuration: Configuration, kernel: str) -> Values:
    """What a kernel's solutions depend on, beside its matrix."""
    return _some(configuration, kernel, SOLUTION)


def shown(configuration: Configuration) -> list[Values]:
    """What is said of each kernel in tables and figures, in the configuration's order."""
    found = []
    for name in configuration.kernels:
        values = _some(configuration, name, SHOWN)
        entry = configuration.datasets[values["dataset"]]
        whole = all(entry[part] in (None, entry["original"][part]) for part in ("train", "test"))
        paper = {f"paper_{key}": number for key, number in values.pop("published").items()}
        facts = {"dataset_label": label_of(configuration, values["dataset"]), "whole": whole}
        found.append({"kernel": name, **values, **facts, **paper})
    return found
