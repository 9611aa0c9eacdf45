"""What a configuration computes without a training (section 5 of the paper): its keys, complete and checked."""

from collections.abc import Mapping

from rethinking import schema
from rethinking.config.entries import Entries
from rethinking.config.inherit import Values
from rethinking.outcomes.registry import OfRuns

SCHEMA = "computed"
RANDOM_LABELS = "random_labels-1.0"


def num_train(entries: Entries, dataset: str) -> int:
    """How many training images a data set has."""
    entry = entries.datasets[dataset]
    return entry["train"] or entry["original"]["train"]


def expressivity(written: Values | None, entries: Entries) -> Values | None:
    """The key `expressivity`; None where there is none."""
    if written is None:
        return None
    values = schema.fill(written, SCHEMA, "expressivity")
    entries.origins.require_known("expressivity.dataset", values["dataset"], "data set", entries.datasets)
    most = num_train(entries, values["dataset"])
    if max(values["sizes"]) > most:
        problem = f"the data set {values['dataset']!r} has {most} training images"
        raise entries.origins.error("expressivity.sizes", max(values["sizes"]), problem)
    return values


def check_computed(kind: str, name: str, entry: OfRuns, there: Mapping[str, object], entries: Entries) -> None:
    """That a figure or table whose data frame is computed is told from what; `there` are such keys and their values."""
    if entry.computed is not None and not there[entry.computed]:
        problem = f"shows what the key {entry.computed!r} says, and the configuration has no such key"
        raise entries.origins.error(f"{kind}.{name}", ..., problem)
