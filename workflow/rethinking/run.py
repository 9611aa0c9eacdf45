"""One run: everything that changes its numbers, and nothing else.

A figure's plan (plain JSON, made by the configuration) lists groups of models x corruptions; `runs_of` spells it out.
"""

import dataclasses
import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rethinking.files import canonical_json, digest
from rethinking.recipe import CONTINUED, Recipe

WEIGHTS = "weights.safetensors"  # the network that a run leaves


@dataclass(frozen=True)
class RunConfig:
    """A run's five names and the values behind them.

    `factory` and `arguments` are the registered network behind the model's name, `training` what is behind the
    recipe's.
    """

    dataset: str
    model: str
    corruption: str
    recipe: str
    seed: int
    factory: str
    arguments: dict[str, Any]
    training: Recipe

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "RunConfig":
        """The run that `to_json` wrote; raises ValueError where its recipe is none of this version."""
        recipe: dict[str, Any] = {"training": Recipe.from_json(values["training"])}
        return cls(**values | recipe)

    def to_json(self) -> dict[str, Any]:
        """Its values as JSON has them."""
        return dataclasses.asdict(self) | {"training": self.training.to_json()}

    @property
    def path(self) -> str:
        """The run's folder under `results/runs/`."""
        return f"{self.dataset}/{self.model}/{self.corruption}/{self.recipe}/seed{self.seed}"

    @property
    def redraws(self) -> dict[int, int]:
        """The epochs after which training labels are redrawn, and the seed from which they are drawn then."""
        return {epoch: self.seed + i for i, epoch in enumerate(self.training.redraw_labels_after, 1)}

    @property
    def code_key(self) -> str:
        """What decides which code the run reaches: its network's, and that of its recipe's measures."""
        return f"{self.factory}/{self.recipe}"

    @cached_property
    def json(self) -> str:
        """Canonical JSON: the run's values, a param of its job."""
        return canonical_json(self.to_json())

    @cached_property
    def digest(self) -> str:
        return digest(self.to_json())

    @property
    def state_digest(self) -> str:
        """Digest of what a saved state must share with the run that resumes from it."""
        values = self.to_json()
        schedule_ends = self.training.schedule == "cosine"  # the rate of every step depends on the last one's number
        left_out = ("stop",) if schedule_ends else CONTINUED
        values["training"] = {key: value for key, value in values["training"].items() if key not in left_out}
        return digest(values)


def runs_of(plan: dict[str, Any]) -> list[RunConfig]:
    """All runs of a plan, each once, in the plan's order."""
    runs: dict[str, RunConfig] = {}
    for group in plan["groups"]:
        recipe = plan["recipes"][group["recipe"]]
        for model, corruption, seed in itertools.product(group["models"], group["corruptions"], plan["seeds"]):
            network = plan["models"][model]
            run = RunConfig(
                dataset=group["dataset"],
                model=model,
                corruption=corruption,
                recipe=group["recipe"],
                seed=seed,
                factory=network["factory"],
                arguments=network["arguments"],
                training=Recipe.of_network(recipe, network),
            )
            runs.setdefault(run.path, run)
    return list(runs.values())
