"""The saved state of a run: everything its outputs are written from, so that it goes on where it stopped.

It lies outside Snakemake's outputs, which are deleted when a job fails.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rethinking.engine.optim import SGD
from rethinking.engine.records import EpochRecord
from rethinking.files import atomic

SCHEMA = 1


@dataclass
class State:
    """A network, its optimiser and the records so far; `initial_measures` were taken before the first step."""

    model: nn.Module
    optimiser: SGD
    records: list[EpochRecord] = field(default_factory=list)
    initial_measures: dict[str, dict[str, float]] | None = None

    def save(self, path: Path, identity: dict[str, str]) -> None:
        """Write the state; `identity` says to which configuration, code and data it belongs."""
        content = {
            "schema": SCHEMA,
            "identity": identity,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "records": [dataclasses.asdict(record) for record in self.records],
            "initial_measures": self.initial_measures,
        }
        with atomic(path) as temporary:
            torch.save(content, temporary)

    def resume(self, path: Path, identity: dict[str, str]) -> str:
        """Take over a saved state if there is one of the same identity; return one line on what was done."""
        if not path.exists():
            return "starting"
        content: dict[str, Any] = torch.load(path, weights_only=True)
        if content["schema"] != SCHEMA:
            return f"starting: {path} was written by another version"
        if content["identity"] != identity:
            other = [key for key in identity if content["identity"].get(key) != identity[key]]
            return f"starting: {path} belongs to another {' and '.join(other)}, so it is not used"
        self.model.load_state_dict(content["model"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.records = [EpochRecord.from_dict(record) for record in content["records"]]
        self.initial_measures = content["initial_measures"]
        return f"resuming after epoch {self.records[-1].epoch}"
