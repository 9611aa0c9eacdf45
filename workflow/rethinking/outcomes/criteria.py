"""When a run has fitted its training set. The paper never says what "overfit" means in figure 1b, so four are reported.

All of these are asked of one evaluation, so they can end a run and stand in its run.json. A criterion that needs the
whole curve stands in `outcomes/derived.py` and in the schema's `fit_criterion` alone: no `stop` has it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Criterion:
    """What an evaluation of the whole training set must have: at least this accuracy (percent), a loss below (nats)."""

    accuracy: float = 0.0
    loss: float | None = None

    def is_met(self, accuracy: float, loss: float) -> bool:
        """Whether an evaluation with this accuracy and loss meets it; a loss that is no number meets none."""
        return accuracy >= self.accuracy and (self.loss is None or loss < self.loss)

    def implies(self, other: "Criterion") -> bool:
        """Whether all that meets this meets the other as well."""
        lower = other.loss is None or (self.loss is not None and self.loss <= other.loss)
        return self.accuracy >= other.accuracy and lower


CRITERIA = {
    "accuracy_99": Criterion(accuracy=99),
    "accuracy_99_9": Criterion(accuracy=99.9),
    "accuracy_100": Criterion(accuracy=100),
    "loss_0_01": Criterion(loss=0.01),
}


def implied(name: str) -> tuple[str, ...]:
    """What a run has met as well once it meets a criterion, itself among them."""
    return tuple(other for other, criterion in CRITERIA.items() if CRITERIA[name].implies(criterion))
