"""A fit criterion that needs the whole curve of a run: it can end none, and stands in no run.json.

`within_of_last-0.0465`: a network counts as having overfitted at the first evaluation whose training loss is at most
0.0465 above that of the run's last (docs/deviations.md says where it comes from, and what it does not explain).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rethinking.names import level_text, split_corruption

NAME = "within_of_last"
WHOLE = 100  # epochs of the paper's recipe, after which its learning rate is 0.6 % of the first
LEVELLED = 0.002  # nats; more epochs lower a loss that is below this by no more than that


@dataclass(frozen=True)
class WithinOfLast:
    """How far above the run's last training loss an evaluation may be: `margin`, in nats."""

    margin: float

    def is_defined(self, losses: Sequence[float], whole: int = WHOLE) -> bool:
        """Whether the last of a run's losses is where it ends: it has all of `whole` epochs or is below `LEVELLED`."""
        return len(losses) >= whole or losses[-1] < LEVELLED or not math.isfinite(losses[-1])

    def first(self, losses: Sequence[float], whole: int = WHOLE) -> int | None:
        """The index of the first that meets it, among a run's training losses, one an epoch, in evaluation mode.

        None for a run that diverged. Raises ValueError where the criterion is not defined.
        """
        last = losses[-1]
        if not self.is_defined(losses, whole):
            raise ValueError(
                f"{NAME} is defined for runs of {whole} epochs, or whose last training loss is under {LEVELLED:g};"
                f" this one has {len(losses)} epochs and ends at {last:.3g}"
            )
        if not math.isfinite(last):
            return None
        return next(index for index, loss in enumerate(losses) if loss <= last + self.margin)


def spelled(margin: float) -> str:
    """The one spelling of the criterion with its margin."""
    return f"{NAME}-{level_text(margin)}"


def derived(criterion: str) -> WithinOfLast | None:
    """The derived criterion of this spelling; None for those that are asked of one evaluation."""
    name, margin = split_corruption(criterion)
    return WithinOfLast(margin) if name == NAME and margin is not None else None
