"""The Cholesky factor of a Gram matrix, block row by block row: each is final when it is made, and kept on disk.

No product has more numbers than a block of rows, so that libraries whose indices have 32 bits do for any size, and
beside the lower triangle in memory there is never more than a block.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from rethinking.kernels.gram import Blocks


@dataclass(frozen=True)
class Factor:
    """L of K + shift I = L L^T: its rows by blocks, each (rows, columns up to its diagonal), and where each begins."""

    rows: list[np.ndarray]
    bounds: list[tuple[int, int]]
    shift: float

    def solve(self, right: np.ndarray) -> np.ndarray:
        """(K + shift I)^-1 times right (n, k), in the factor's precision."""
        found = right.astype(self.rows[0].dtype)
        for block, (start, stop) in zip(self.rows, self.bounds, strict=True):
            known = found[start:stop] - block[:, :start] @ found[:start]
            found[start:stop] = solve_triangular(block[:, start:], known, lower=True, check_finite=False)
        for block, (start, stop) in zip(self.rows[::-1], self.bounds[::-1], strict=True):
            own = solve_triangular(block[:, start:], found[start:stop], lower=True, trans="T", check_finite=False)
            found[start:stop] = own
            found[:start] -= block[:, :start].T @ own
        return found


def factorise(gram: Blocks, shift: float, kept: Blocks, report: Callable[[float, str], None]) -> Factor:
    """The factor of K + shift I; blocks of it that lie in `kept` are taken from there.

    `report` is told the share that is done and where that is, and before anything is made the share that lies there.
    Raises numpy.linalg.LinAlgError where the matrix is not positive definite in its precision.
    """
    done: list[np.ndarray] = []
    bounds = gram.train
    work = {start: stop**3 - start**3 for start, stop in bounds}
    there = [start for start, _ in bounds if kept.passes(start)]
    share = sum(work[start] for start in there)
    report(share / gram.num_train**3, f"{len(there)} of {len(bounds)} blocks are there")
    for place, (start, stop) in enumerate(bounds):
        if kept.passes(start):
            done.append(kept.load(start))
            continue
        block = gram.load(start)
        block[:, start:][np.diag_indices(stop - start)] += shift
        for rows, (first, last) in zip(done, bounds[:place], strict=True):
            part = block[:, first:last]
            part -= block[:, :first] @ rows[:, :first].T
            part[:] = solve_triangular(rows[:, first:], part.T, lower=True, check_finite=False).T
        own = block[:, start:] - block[:, :start] @ block[:, :start].T
        block[:, start:] = cholesky(own, lower=True, check_finite=False)
        kept.save(start, 1, block)
        done.append(block)
        share += work[start]
        report(share / gram.num_train**3, f"block {place + 1} of {len(bounds)}")
    return Factor(done, bounds, shift)


def beside(gram: Blocks, name: str) -> Blocks:
    """Where the blocks of a factor of the matrix are kept, in a folder of this name beside its own."""
    return replace(gram, folder=gram.folder.with_name(name))
