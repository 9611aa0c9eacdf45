"""The training loop (paper appendix A). It knows no data set and no network by name.

The data are tensors on the device; a pass over them is a permutation and slices. Order, augmentation and dropout
depend on (seed, pass) alone, so a run that was stopped between any two steps goes on as if it had not been. An epoch is
a pass, or as many steps as the recipe counts as one; the steps are the same either way.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import nn

from rethinking import seeds
from rethinking.engine.augmentation import Augmentation
from rethinking.engine.batch_norm import before_step
from rethinking.engine.compiled import faults_by_key, for_steps
from rethinking.engine.evaluation import Score, evaluate_by
from rethinking.engine.ledger import Writer
from rethinking.engine.optim import learning_rate
from rethinking.engine.precision import autocast
from rethinking.engine.records import EpochRecord, Evaluation, Progress, Sums
from rethinking.engine.regularisation import clip_gradients, drops_units, objective
from rethinking.engine.resize import resized
from rethinking.engine.state import State
from rethinking.engine.stopping import scores_train, stopped_by
from rethinking.engine.tasks import Task
from rethinking.run import RunConfig

Measure = Callable[[nn.Module], dict[str, float]]


class InterruptionError(Exception):
    """The process was asked to end; the state is complete and can be saved."""


class Split(NamedTuple):
    """Whitened images (n, channels, height, width), float32 or bfloat16, and labels int64 (n), on the device.

    Of a regression the images are numbers (n, inputs, 1, 1) as they are, and the labels float32.

    The images are dense in one of two layouts: channels first, or `torch.channels_last`.
    """

    images: torch.Tensor
    labels: torch.Tensor

    def batch(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and labels at `indices` (batch), the images in the layout of the set."""
        last = not self.images.is_contiguous()
        # Whole rows of memory: on an image's three dimensions, indexing takes twice as long.
        stored = self.images.permute(0, 2, 3, 1) if last else self.images
        rows = stored.flatten(1).index_select(0, indices).view(-1, *stored.shape[1:])
        return rows.permute(0, 3, 1, 2) if last else rows, self.labels[indices]


@dataclass(frozen=True)
class Sets:
    """What a run is trained and scored on; `augmentation`, where there is one, gives the images of the steps.

    `validation` has the labels by which the recipe chooses; where its labels were corrupted, `other_labels` are the
    others, true ones or those that were given. `resize` is the side to which each batch is brought before the network
    sees it; None where they are as they are. `redrawn` are other labels of the training set, by the epoch after which
    they are given.
    """

    train: Split
    test: Split
    task: Task
    precision: str
    validation: Split | None = None
    augmentation: Augmentation | None = None
    resize: int | None = None
    redrawn: Mapping[int, torch.Tensor] = field(default_factory=dict)
    other_labels: torch.Tensor | None = None

    def in_epoch(self, number: int) -> "Sets":
        """The sets as they are in an epoch (from 1), steps and evaluations alike: with the labels given last."""
        past = [epoch for epoch in self.redrawn if epoch < number]
        return replace(self, train=self.train._replace(labels=self.redrawn[max(past)])) if past else self

    def score(
        self, model: nn.Module, with_train: bool, watch: Callable[[], None], writer: Writer | None = None
    ) -> dict[str, Score]:
        """Scores of the test set, of the validation set where there is one, and of the training set if asked.

        `other` is that of the validation set by its other labels, where it has any. `writer`, where there is one, is
        told what the network says of each training example.
        """
        found: dict[str, Score] = {}
        notes = {"train": writer}
        how = (self.task, self.precision, watch, self.resize)
        for name, part in {"train": self.train, "validation": self.validation, "test": self.test}.items():
            if part is None or (name == "train" and not with_train):
                continue
            labels = {name: part.labels}
            if name == "validation" and self.other_labels is not None:
                labels["other"] = self.other_labels
            found |= zip(
                labels, evaluate_by(model, part.images, list(labels.values()), *how, notes.get(name)), strict=True
            )
        return found


def evaluation_steps(num_steps: int, evaluations: int) -> list[int]:
    """After which steps of an epoch (from 1) to evaluate, besides its last."""
    return sorted({round(num_steps * k / evaluations) for k in range(1, evaluations)} - {0, num_steps})


def fit(
    sets: Sets,
    run: RunConfig,
    state: State,
    *,
    measures: Mapping[str, Measure],
    watch: Callable[[], None] = lambda: None,
) -> Iterator[EpochRecord]:
    """Train from where `state` stands until the recipe's end; yield each epoch's record once `state` holds it.

    `watch` is called between steps and may raise InterruptionError; `state` can then be saved; a later call goes on.
    Raises ValueError where the recipe asks for a compiled network and none can be made.
    """
    if state.initial_measures is None:
        state.initial_measures = {name: measure(state.model) for name, measure in measures.items()}
    # Of the steps only: what is scored are the weights as anybody else computes with them.
    network = for_steps(state.model, run)
    while stopped_by(state.records, run.training) is None:
        with faults_by_key(run):
            record = _Epoch(sets.in_epoch(len(state.records) + 1), run, state, watch, network).run(measures)
        state.add(record)
        yield record


class _Epoch:
    """One epoch, from where `state.progress` stands in it to its end."""

    def __init__(
        self,
        sets: Sets,
        run: RunConfig,
        state: State,
        watch: Callable[[], None],
        network: Callable[[torch.Tensor], torch.Tensor],
    ) -> None:
        self.sets, self.state, self.watch, self.network = sets, state, watch, network
        self.seed, self.recipe = run.seed, run.training
        self.number = len(state.records) + 1
        self.device = sets.train.labels.device
        self.steps_a_pass = -(-len(sets.train.labels) // self.recipe.batch_size)
        self.num_steps = self.recipe.steps_per_epoch or self.steps_a_pass
        self.scored = scores_train(self.number, state.records, self.recipe)
        if state.progress is None:
            since = None if self.recipe.log_every_steps is None else Sums(self.device)
            state.progress = Progress(Sums(self.device), since)
        self.progress = state.progress
        self.started = time.perf_counter() - self.progress.seconds

    @property
    def step(self) -> int:
        """Steps since the run's beginning."""
        return (self.number - 1) * self.num_steps + self.progress.batch

    @property
    def seconds_before(self) -> float:
        return self.state.records[-1].total_seconds if self.state.records else 0.0

    def run(self, measures: Mapping[str, Measure]) -> EpochRecord:
        try:
            self._train()
            record = self._record(measures, self.scored)
            if not self.scored and stopped_by([*self.state.records, record], self.recipe) is not None:
                record = self._record(measures, with_train=True)  # a run's last epoch always is
        except InterruptionError:
            self.progress.seconds = self._seconds()
            raise
        return record

    def _record(self, measures: Mapping[str, Measure], with_train: bool) -> EpochRecord:
        loss, accuracy = self.progress.online.mean()
        last, scores = self._evaluate(with_train)
        seconds = self._seconds()
        return EpochRecord(
            epoch=self.number,
            step=self.step,
            learning_rate=learning_rate(self.step - 1, self.num_steps, self.recipe),
            online_loss=loss,
            online_accuracy=accuracy,
            seconds=seconds,
            total_seconds=self.seconds_before + seconds,
            evaluations=[*self.progress.evaluations, last],
            found=scores["test"].found,
            measures={name: measure(self.state.model) for name, measure in measures.items()},
            steps=self.progress.rows,
        )

    def _train(self) -> None:
        """The steps that are left of the epoch, and the evaluations between them."""
        recipe, progress, model = self.recipe, self.progress, self.state.model
        augmentation = self.sets.augmentation
        number, batches, draws = 0, (), None
        loss_of = objective(model, recipe, self.sets.task)
        drops = drops_units(model, recipe)
        set_running_weight = before_step(model, recipe.batch_norm)
        between = evaluation_steps(self.num_steps, recipe.evaluations_per_epoch)
        model.train()
        while True:
            if len(progress.evaluations) < sum(batch <= progress.batch for batch in between):
                progress.evaluations.append(self._evaluate(self.scored)[0])
                model.train()
            if progress.batch == self.num_steps:
                return
            self.watch()
            passed, place = divmod(self.step, self.steps_a_pass)
            if passed >= number:
                number = passed + 1
                batches, draws = self._batches(number), augmentation.draw(number) if augmentation else None
            indices = batches[place]
            if augmentation and draws:
                x, y = augmentation(indices, draws), self.sets.train.labels[indices]
            else:
                x, y = self.sets.train.batch(indices)
            x = resized(x, self.sets.resize)
            if drops:
                # torch's dropout draws from the global generator only.
                torch.manual_seed(seeds.integer(self.seed, "dropout", number, place))
            set_running_weight(self.step)
            with autocast(self.device, self.sets.precision):
                outputs = self.network(x)
            total, loss = loss_of(outputs.float(), y)
            total.backward()
            if recipe.clip_gradient_norm is not None:
                clip_gradients(model.parameters(), recipe.clip_gradient_norm)
            self.state.optimiser.step(learning_rate(self.step, self.num_steps, recipe))
            progress.batch += 1
            progress.add(loss, self.sets.task.num_right(outputs.detach(), y), len(y))
            every = recipe.log_every_steps
            if every and progress.since and (progress.batch % every == 0 or progress.batch == self.num_steps):
                progress.rows.append((self.step, *progress.since.mean()))
                progress.since = Sums(self.device)

    def _batches(self, number: int) -> tuple[torch.Tensor, ...]:
        """The batches of a pass over the training set (from 1), each the indices (batch) of its images."""
        order = torch.from_numpy(seeds.rng(self.seed, "order", number).permutation(len(self.sets.train.labels)))
        return order.to(self.device).split(self.recipe.batch_size)

    def _evaluate(self, with_train: bool) -> tuple[Evaluation, dict[str, Score]]:
        """Score the network as it is after the epoch's steps so far."""
        seconds = self._seconds()
        writer = Writer() if with_train and self.state.ledger is not None else None
        scores = self.sets.score(self.state.model, with_train, self.watch, writer)
        train, validation, other = (scores.get(name) for name in ("train", "validation", "other"))
        test = scores["test"]
        whole = self.progress.batch == self.num_steps
        epoch = self.number if whole else self.number - 1 + self.progress.batch / self.num_steps
        if writer and self.state.ledger is not None:
            self.state.ledger[self.step] = writer.page(epoch)
        evaluation = Evaluation(
            epoch=epoch,
            step=self.step,
            seconds=self.seconds_before + seconds,
            train_accuracy=train and train.accuracy,
            train_loss=train and train.loss,
            test_accuracy=test.accuracy,
            test_loss=test.loss,
            validation_accuracy=validation and validation.accuracy,
            validation_loss=validation and validation.loss,
            other_validation_accuracy=other and other.accuracy,
            other_validation_loss=other and other.loss,
        )
        return evaluation, scores

    def _seconds(self) -> float:
        return time.perf_counter() - self.started
