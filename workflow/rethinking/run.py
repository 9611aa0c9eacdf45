"""One run: everything that changes its numbers, and nothing else.

A figure's plan (plain JSON, made by the configuration) lists panels of models x corruptions; `runs_of` spells it out.
"""

import dataclasses
import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rethinking.files import canonical_json, digest

# A later value of these continues a run from where it stood; everything else starts another run.
CONTINUED = ("epochs", "stop")
# Values of a recipe that may be given for each model family.
BY_FAMILY = ("epochs", "learning_rate", "weight_decay", "weight_decay_on")
# Values that came after the first runs; one that says nothing is in no run's values.
LATER = ("redraw_labels_after", "batch_norm")


@dataclass(frozen=True)
class RunConfig:
    """A run's five names and the values behind them.

    `factory` and `arguments` are the registered network behind the model's name; `training` is the resolved recipe:
    the values of `workflow/schemas/config.schema.yaml`, where defaults and meanings are written.
    """

    dataset: str
    model: str
    corruption: str
    recipe: str
    seed: int
    factory: str
    arguments: dict[str, Any]
    training: dict[str, Any]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunConfig":
        return cls(**values)

    @property
    def path(self) -> str:
        """The run's folder under `results/runs/`."""
        return f"{self.dataset}/{self.model}/{self.corruption}/{self.recipe}/seed{self.seed}"

    @property
    def redraws(self) -> dict[int, int]:
        """The epochs after which training labels are redrawn, and the seed from which they are drawn then."""
        return {epoch: self.seed + i for i, epoch in enumerate(self.training.get("redraw_labels_after", ()), 1)}

    @property
    def code_key(self) -> str:
        """What decides which code the run reaches: its network's, and that of its recipe's measures."""
        return f"{self.factory}/{self.recipe}"

    @cached_property
    def json(self) -> str:
        """Canonical JSON: the run's values, a param of its job."""
        return canonical_json(dataclasses.asdict(self))

    @cached_property
    def digest(self) -> str:
        return digest(dataclasses.asdict(self))

    @property
    def state_digest(self) -> str:
        """Digest of what a saved state must share with the run that resumes from it."""
        values = dataclasses.asdict(self)
        schedule_ends = self.training["schedule"] == "cosine"  # the rate of every step depends on the last one's number
        left_out = ("stop",) if schedule_ends else CONTINUED
        values["training"] = {key: value for key, value in self.training.items() if key not in left_out}
        return digest(values)


def by_family(recipe: dict[str, Any], family: str) -> dict[str, Any]:
    """The recipe with every mapping by model family replaced by the family's own value.

    What a recipe leaves as it was before the key came is not mentioned: runs from before stay what they are.
    Raises ValueError naming the key where the family is missing.
    """
    resolved = dict(recipe)
    for key, value in recipe.items():
        if isinstance(value, dict) and key in BY_FAMILY:
            if family not in value:
                raise ValueError(f"{key} = {value}: has no value for the model family {family!r}")
            resolved[key] = value[family]
    for key in LATER:
        if not resolved.get(key):
            resolved.pop(key, None)
    return resolved


def runs_of(plan: dict[str, Any]) -> list[RunConfig]:
    """All runs of a plan, each once, in the plan's order."""
    runs: dict[str, RunConfig] = {}
    for panel in plan["panels"].values():
        recipe = plan["recipes"][panel["recipe"]]
        for model, corruption, seed in itertools.product(panel["models"], panel["corruptions"], plan["seeds"]):
            network = plan["models"][model]
            run = RunConfig(
                dataset=panel["dataset"],
                model=model,
                corruption=corruption,
                recipe=panel["recipe"],
                seed=seed,
                factory=network["factory"],
                arguments=network["arguments"],
                training=by_family(recipe, network["family"]),
            )
            runs.setdefault(run.path, run)
    return list(runs.values())
