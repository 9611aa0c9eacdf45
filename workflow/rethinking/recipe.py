"""A recipe as one run has it: how to train, every value resolved.

Meanings, ranges and defaults stand in `workflow/schemas/config.schema.yaml`; its keys are the fields here.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self, TypedDict

from rethinking.registry import nearest

# Values that a recipe may give for each model family.
BY_FAMILY = ("epochs", "learning_rate", "weight_decay", "weight_decay_on")
# A later value of these continues a run from where it stood; everything else starts another run.
CONTINUED = ("epochs", "stop")


class WarmUp(TypedDict):
    start: float
    epochs: int


class Penalty(TypedDict):
    function: str
    weight: float


class AugmentationOptions(TypedDict):
    random_crop: bool
    flip: bool
    rotation: float


class BatchNorm(TypedDict):
    statistics: str
    momentum: float
    debiased: bool


class FixedWhitening(TypedDict):
    mean: float | Sequence[float]
    sd: float | Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a run is trained.

    A field that has a default came after the first runs: one that says nothing is left out of the recipe's JSON, so
    that runs from before stay what they are.
    """

    epochs: int
    batch_size: int
    optimiser: str
    betas: Sequence[float]  # two
    epsilon: float
    learning_rate: float
    momentum: float
    nesterov: bool
    schedule: str
    decay: float
    decay_every_steps: int | None
    warm_up: WarmUp
    weight_decay: float
    weight_decay_on: str
    penalties: Sequence[Penalty]
    dropout: float
    label_smoothing: float
    clip_gradient_norm: float | None
    augmentation: AugmentationOptions | None
    initialisation: str
    precision: str
    compile: str | None
    crop: int | None
    whitening: str | FixedWhitening
    resize: int | None
    stop: Mapping[str, Any] | None  # {criterion, extra_epochs}, {early_stopping} or {plateau}
    train_evaluation_every: int
    evaluations_per_epoch: int
    log_every_steps: int | None
    measures: Sequence[str]
    redraw_labels_after: Sequence[int] = field(default_factory=list)
    batch_norm: BatchNorm | None = None
    true_validation_labels: bool = False
    ledger: bool = False
    predictions_every: int | None = None
    steps_per_epoch: int | None = None

    @classmethod
    def of_network(cls, values: Mapping[str, Any], network: Mapping[str, Any]) -> Self:
        """A recipe of a configuration as a network of it has it, which brings a learning rate of its own.

        Raises ValueError where the recipe has no value for the network's family.
        """
        resolved, family = dict(values), network["family"]
        rate = resolved["learning_rate"]
        if rate is None or (isinstance(rate, dict) and family not in rate):
            resolved["learning_rate"] = network["learning_rate"]
        for key in BY_FAMILY:
            if isinstance(given := resolved[key], dict):
                if family not in given:
                    raise ValueError(f"{key} = {given}: has no value for the model family {family!r}")
                resolved[key] = given[family]
        return cls.from_json(resolved)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The recipe that `to_json` wrote; raises ValueError for a key that is missing or unknown."""
        known, later = {each.name for each in fields(cls)}, _later(cls)
        for key in values:
            if key not in known:
                raise ValueError(f"a recipe has no key {key!r}; {nearest(key, known)}")
        for key in sorted(known - later):
            if key not in values:
                raise ValueError(f"a recipe needs the key {key!r}")
        return cls(**{key: value for key, value in values.items() if value or key not in later})

    def to_json(self) -> dict[str, Any]:
        """Its values as JSON has them."""
        later = _later(type(self))
        return {key: value for key, value in dataclasses.asdict(self).items() if value or key not in later}


def _later(cls: type[Recipe]) -> set[str]:
    """The fields that have a default."""
    return {each.name for each in fields(cls) if (each.default, each.default_factory) != (MISSING, MISSING)}
