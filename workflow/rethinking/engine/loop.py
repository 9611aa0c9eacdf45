"""The training loop (paper appendix A). It knows no data set and no network by name.

The data are tensors on the device; an epoch is a permutation and slices, and both depend on (seed, epoch) alone.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from rethinking import seeds
from rethinking.engine.evaluation import evaluate
from rethinking.engine.optim import learning_rate
from rethinking.engine.precision import autocast
from rethinking.engine.records import EpochRecord, Evaluation
from rethinking.engine.state import State
from rethinking.engine.stopping import scores_train, stopped_by
from rethinking.run import RunConfig

Measure = Callable[[nn.Module], dict[str, float]]


class Split(NamedTuple):
    """Whitened images float32 (n, channels, height, width) and labels int64 (n), on the device."""

    images: torch.Tensor
    labels: torch.Tensor


class Online:
    """Loss and accuracy in training mode, summed on the device so that no step waits for it."""

    def __init__(self, device: torch.device) -> None:
        self.loss = torch.zeros((), dtype=torch.float64, device=device)
        self.correct = torch.zeros((), dtype=torch.int64, device=device)
        self.images = 0

    def add(self, loss: torch.Tensor, logits: torch.Tensor, labels: torch.Tensor) -> None:
        self.loss += loss.detach().double() * len(labels)
        self.correct += (logits.detach().argmax(1) == labels).sum()
        self.images += len(labels)

    def mean(self) -> tuple[float, float]:
        """Mean loss in nats and accuracy in percent."""
        return float(self.loss) / self.images, 100 * int(self.correct) / self.images


def evaluation_steps(num_steps: int, evaluations: int) -> set[int]:
    """After which steps of an epoch (from 1) to evaluate, besides its last."""
    return {round(num_steps * k / evaluations) for k in range(1, evaluations)} - {0, num_steps}


def _evaluation(
    model: nn.Module, train: Split | None, test: Split, num_classes: int, precision: str, **when: float
) -> tuple[Evaluation, torch.Tensor]:
    """Score the test set, and the training set where it is given; `when` is the epoch, step and seconds."""
    on_train = evaluate(model, *train, num_classes, precision) if train else None
    on_test = evaluate(model, *test, num_classes, precision)
    scores = {
        "train_accuracy": on_train.accuracy if on_train else None,
        "train_loss": on_train.loss if on_train else None,
        "test_accuracy": on_test.accuracy,
        "test_loss": on_test.loss,
    }
    return Evaluation(**when, **scores), on_test.confusion


def fit(
    train: Split,
    test: Split,
    config: RunConfig,
    state: State,
    *,
    num_classes: int,
    precision: str,
    measures: Mapping[str, Measure],
) -> Iterator[EpochRecord]:
    """Train from where `state` stands until the recipe's end; yield each epoch's record once `state` holds it."""
    training, model = config.training, state.model
    device = train.labels.device
    num_steps = -(-len(train.labels) // training["batch_size"])
    extra = evaluation_steps(num_steps, training["evaluations_per_epoch"])
    log_every = training["log_every_steps"]
    if state.initial_measures is None:
        state.initial_measures = {name: measure(model) for name, measure in measures.items()}

    while stopped_by(state.records, training) is None:
        epoch, step = len(state.records) + 1, len(state.records) * num_steps
        seconds_before = state.records[-1].total_seconds if state.records else 0.0
        started = time.perf_counter()
        order = torch.from_numpy(seeds.rng(config.seed, "order", epoch).permutation(len(train.labels))).to(device)
        online, since, rows, evaluations = Online(device), Online(device), [], []
        scored = train if scores_train(epoch, state.records, training) else None
        model.train()
        for batch, indices in enumerate(order.split(training["batch_size"]), start=1):
            rate = learning_rate(step, num_steps, training)
            x, y = train.images[indices], train.labels[indices]
            with autocast(device, precision):
                logits = model(x)
            loss = functional.cross_entropy(logits.float(), y)
            loss.backward()
            state.optimiser.step(rate)
            step += 1
            online.add(loss, logits, y)
            if log_every is not None:
                since.add(loss, logits, y)
                if batch % log_every == 0 or batch == num_steps:
                    rows.append((step, *since.mean()))
                    since = Online(device)
            if batch in extra:
                when = {"epoch": epoch - 1 + batch / num_steps, "step": step}
                seconds = seconds_before + time.perf_counter() - started
                evaluations.append(_evaluation(model, scored, test, num_classes, precision, seconds=seconds, **when)[0])
                model.train()

        online_loss, online_accuracy = online.mean()
        if not math.isfinite(online_loss):
            scored = train  # the run ends here, and a last epoch is always scored on the training set
        seconds = seconds_before + time.perf_counter() - started
        last, confusion = _evaluation(
            model, scored, test, num_classes, precision, epoch=epoch, step=step, seconds=seconds
        )
        seconds = time.perf_counter() - started
        record = EpochRecord(
            epoch=epoch,
            step=step,
            learning_rate=learning_rate(step - 1, num_steps, training),
            online_loss=online_loss,
            online_accuracy=online_accuracy,
            seconds=seconds,
            total_seconds=seconds_before + seconds,
            evaluations=[*evaluations, last],
            confusion=confusion,
            measures={name: measure(model) for name, measure in measures.items()},
            steps=rows,
        )
        state.records.append(record)
        yield record
