"""The saved state of a run: everything its outputs are written from, so that it goes on where it stopped.

It lies outside Snakemake's outputs, which are deleted when a job fails.
"""

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rethinking.engine.optim import SGD
from rethinking.engine.records import EpochRecord
from rethinking.engine.stopping import scores_train, stopped_by
from rethinking.files import atomic

SCHEMA = 1


def as_in_one_go(records: list[EpochRecord], training: dict[str, Any]) -> list[EpochRecord] | None:
    """The records as this recipe makes them if `epochs` and `stop` were others until now; None where they cannot be.

    They cannot be where this recipe ends earlier, or ends here and the training set was not scored. Where it goes on
    from what was the end, the training set may have been scored out of turn: those scores are taken back.
    """
    *before, last = records
    if stopped_by(before, training) is not None:
        return None
    due = scores_train(last.epoch, before, training) or not math.isfinite(last.online_loss)
    if due == (last.last.train_loss is not None):
        return records
    if due:
        return None
    evaluations = [dataclasses.replace(each, train_accuracy=None, train_loss=None) for each in last.evaluations]
    return [*before, dataclasses.replace(last, evaluations=evaluations)]


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

    def resume(self, path: Path, identity: dict[str, str], training: dict[str, Any]) -> str:
        """Take over a saved state if it is one that this recipe passes through; return one line on what was done."""
        if not path.exists():
            return "starting"
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if content["schema"] != SCHEMA:
            return f"starting: {path} was written by another version"
        if content["identity"] != identity:
            other = [key for key in identity if content["identity"].get(key) != identity[key]]
            return f"starting: {path} belongs to another {' and '.join(other)}, so it is not used"
        records = as_in_one_go([EpochRecord.from_dict(record) for record in content["records"]], training)
        if records is None:
            return f"starting: {path} goes beyond this recipe's end or was not scored at it, so it is not used"
        self.model.load_state_dict(content["model"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.records = records
        self.initial_measures = content["initial_measures"]
        return f"resuming after epoch {records[-1].epoch}"
