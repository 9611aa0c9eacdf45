"""What every corruption returns."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Corrupted:
    """The arrays that a corruption changes, by name, and what the manifest says of it.

    `redrawn` is the realised fraction of training labels that were drawn anew, `changed` of those that now differ from
    the true ones; both None where labels stay.
    """

    arrays: dict[str, np.ndarray]
    definition: str
    redrawn: float | None = None
    changed: float | None = None
