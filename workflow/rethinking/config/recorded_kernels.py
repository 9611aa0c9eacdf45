"""Table 3 of the paper beside what is recorded of it: kernel models of all images, which take hours and are no runs."""

import csv
import io
from collections.abc import Mapping

from rethinking.checkout import CHECKOUT
from rethinking.config import kernel_jobs
from rethinking.config.configuration import Configuration
from rethinking.files import read_text
from rethinking.outcomes.computed import PAPER_ERRORS
from rethinking.sections import KernelError

KERNELS_FILE = "config/studies/kernels-source.yaml"
RECORDED = "docs/results/kernels-source/kernels.csv"


def recorded_kernels() -> tuple[KernelError, ...]:
    """Every number of table 3 with ours as far as it is recorded."""
    found = _recorded()
    return tuple(
        KernelError(
            kernel=said["label"],
            regulariser=regulariser,
            paper=said[column],
            ours=100 * float(row["test_error"]) if row else None,
            num_test=int(row["num_test"]) if row else 0,
            configfile=KERNELS_FILE,
        )
        for said in kernel_jobs.shown(Configuration.load(CHECKOUT / KERNELS_FILE))
        for regulariser, column in PAPER_ERRORS.items()
        if said.get(column) is not None
        for row in [found.get((said["kernel"], regulariser))]
    )


def _recorded() -> dict[tuple[str, str], Mapping[str, str]]:
    """The recorded rows on true labels of all images, by kernel and regulariser; none where no record is shipped."""
    if not (file := CHECKOUT / RECORDED).exists():
        return {}
    return {
        (row["kernel"], "best" if float(row["l2"]) else "none"): row
        for row in csv.DictReader(io.StringIO(read_text(file), newline=""))
        if row["corruption"] == "true_labels" and row["whole"] == "True"
        if float(row["l2"]) in (0, float(row["best_l2"]))
    }
