"""The saved state of a run: everything its outputs are written from, so that it goes on where it stopped.

It lies outside Snakemake's outputs, which are deleted when a job fails. A file begins with the sha256 of the rest, and
the file before it is kept until the next one: a torn one is found out and the one before it used.
"""

import contextlib
import copy
import dataclasses
import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rethinking.engine.ledger import Pages, from_state, to_state
from rethinking.engine.optim import Optimiser
from rethinking.engine.records import EpochRecord, Evaluation, Progress
from rethinking.engine.stopping import scores_train, stopped_by
from rethinking.files import atomic, remove_leftovers
from rethinking.recipe import Recipe

SCHEMA = 3
DIGEST = hashlib.sha256().digest_size


def previous(path: Path) -> Path:
    """Where the state before the one at `path` lies."""
    return path.with_name(f"{path.name}.previous")


def adapted_to_recipe(
    records: list[EpochRecord], progress: Progress | None, recipe: Recipe
) -> tuple[list[EpochRecord], Progress | None] | None:
    """Records and unfinished epoch as this recipe makes them if `epochs` and `stop` were others until now.

    None where they cannot be: where this recipe ends earlier, or misses scores of the training set that it asks for.
    Where it goes on from what was the end, the training set may have been scored out of turn: that is taken back.
    """
    if any(stopped_by(records[:number], recipe) for number in range(1, len(records))):
        return None  # all of them: what ends a run may have passed again, as when patience had run out
    if records:
        *before, last = records
        turn = scores_train(last.epoch, before, recipe)
        as_foreseen = _scored(last.evaluations, [turn] * len(last.evaluations))
        if as_foreseen is None:
            return None
        foreseen = dataclasses.replace(last, evaluations=as_foreseen)
        if not turn and stopped_by([*before, foreseen], recipe):
            evaluations = _scored(last.evaluations, [False] * (len(last.evaluations) - 1) + [True])
            if evaluations is None:
                return None
            foreseen = dataclasses.replace(last, evaluations=evaluations)
        records = [*before, foreseen]
    if progress:
        if stopped_by(records, recipe):
            return None  # the network is already some steps beyond this recipe's end
        turn = scores_train(len(records) + 1, records, recipe)
        evaluations = _scored(progress.evaluations, [turn] * len(progress.evaluations))
        if evaluations is None:
            return None
        progress = dataclasses.replace(progress, evaluations=evaluations)
    return records, progress


def _scored(evaluations: list[Evaluation], wanted: list[bool]) -> list[Evaluation] | None:
    """The evaluations with scores of the training set only where they are wanted; None where one is missing."""
    if any(want and each.train_loss is None for each, want in zip(evaluations, wanted, strict=True)):
        return None
    return [
        each if want else dataclasses.replace(each, train_accuracy=None, train_loss=None)
        for each, want in zip(evaluations, wanted, strict=True)
    ]


@dataclass
class Best:
    """The network as it was after the epoch with the highest validation accuracy (percent), the first of equals."""

    epoch: int
    accuracy: float
    weights: dict[str, torch.Tensor]


@dataclass
class State:
    """A network, its optimiser, the records so far and where the epoch after them stands.

    `initial_measures` were taken before the first step; `best` is None where there is no validation set, `ledger` where
    none is kept. `machines` are those that computed some of it, each with its version of torch, in their order.
    """

    model: nn.Module
    optimiser: Optimiser
    records: list[EpochRecord] = field(default_factory=list)
    progress: Progress | None = None
    initial_measures: dict[str, dict[str, float]] | None = None
    best: Best | None = None
    ledger: Pages | None = None
    machines: list[str] = field(default_factory=list)

    def add(self, record: EpochRecord) -> None:
        """Take in the record of the epoch that just ended."""
        self.records.append(record)
        self.progress = None
        accuracy = record.last.validation_accuracy
        if accuracy is not None and (self.best is None or accuracy > self.best.accuracy):
            self.best = Best(record.epoch, accuracy, copy.deepcopy(self.model.state_dict()))

    def save(self, path: Path, identity: dict[str, str]) -> None:
        """Write the state; `identity` says to which configuration, code, data and precision it belongs.

        Raises OSError where it cannot be written; what was there before is then still there.
        """
        content = {
            "schema": SCHEMA,
            "identity": identity,
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "records": [record.to_dict() for record in self.records],
            # Of a regression predictions. One tensor: each of its own would be a member of the file's archive, a
            # millisecond an epoch at every save.
            "confusions": torch.stack([record.found for record in self.records]) if self.records else None,
            "progress": self.progress and self.progress.to_dict(),
            "initial_measures": self.initial_measures,
            "best": self.best and dataclasses.asdict(self.best),
            "machines": self.machines,
            **({} if self.ledger is None else {"ledger": to_state(self.ledger)}),
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        with buffer.getbuffer() as data, atomic(path) as temporary:
            with temporary.open("wb") as file:  # `write_bytes` would hold a view of the buffer in what it raises
                file.write(hashlib.sha256(data).digest())
                file.write(data)
            if path.exists():
                path.replace(previous(path))

    def resume(self, path: Path, identity: dict[str, str], recipe: Recipe) -> str:
        """Take over a saved state if it is one that this recipe passes through; return one line on what was done."""
        content, torn = _newest(path)
        with contextlib.suppress(OSError):  # a folder that cannot be written; `save` says so
            remove_leftovers(path)
            if torn:
                previous(path).replace(path)  # or the next save would put the torn one in its place
        if content is None:
            return f"starting: {path} is torn, so it is not used" if torn else "starting"
        told = f"; {path} was torn, so the state before it is used" if torn else ""
        if content["schema"] != SCHEMA:
            return f"starting: {path} was written by another version"
        if content["identity"] != identity:
            other = [key for key in identity if content["identity"].get(key) != identity[key]]
            return f"starting: {path} belongs to another {' and '.join(other)}, so it is not used"
        device = next(self.model.parameters()).device
        progress = content["progress"] and Progress.from_dict(content["progress"], device)
        found = () if content["confusions"] is None else content["confusions"].unbind()
        records = [EpochRecord.from_dict(*each) for each in zip(content["records"], found, strict=True)]
        adapted = adapted_to_recipe(records, progress, recipe)
        if adapted is None:
            return f"starting: {path} goes beyond this recipe's end or was not scored at it, so it is not used"
        self.model.load_state_dict(content["model"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.records, self.progress = adapted
        self.initial_measures = content["initial_measures"]
        self.machines = content.get("machines", [])  # which earlier versions did not note
        self.best = content["best"] and Best(**content["best"])
        if self.ledger is not None:
            self.ledger = from_state(content["ledger"], scored_steps(*adapted))
        within = f", {self.progress.batch} steps into the next" if self.progress else ""
        return f"resuming after epoch {len(self.records)}{within}{told}"


def scored_steps(records: list[EpochRecord], progress: Progress | None) -> set[int]:
    """After how many steps the training set was scored."""
    every = [record.evaluations for record in records] + ([progress.evaluations] if progress else [])
    return {each.step for evaluations in every for each in evaluations if each.train_loss is not None}


def identity_of(path: Path) -> dict[str, str]:
    """To which configuration, code, data and precision the state at `path` belongs; empty where it cannot be read."""
    content, _ = _newest(path)
    return content["identity"] if content else {}


def _newest(path: Path) -> tuple[dict[str, Any] | None, bool]:
    """The content of the newest whole state, and whether a torn one had to be passed over."""
    torn = False
    for each in (path, previous(path)):
        if not each.exists():
            continue
        data = each.read_bytes()
        if hashlib.sha256(data[DIGEST:]).digest() == data[:DIGEST]:
            return torch.load(io.BytesIO(data[DIGEST:]), map_location="cpu", weights_only=True), torn
        torn = True
    return None, torn
