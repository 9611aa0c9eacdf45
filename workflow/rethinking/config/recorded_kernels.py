"""Table 3 of the paper beside what is recorded of it: kernel models of all images, which take hours and are no runs.

What is recorded is checked before the first job, as the paper's own numbers are: line, column, value.
"""

import contextlib
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from rethinking.checkout import CHECKOUT
from rethinking.config import kernel_jobs
from rethinking.config.configuration import Configuration
from rethinking.files import read_csv
from rethinking.outcomes.computed import PAPER_ERRORS
from rethinking.paths import kernel_file
from rethinking.registry import nearest
from rethinking.schema import ConfigurationError
from rethinking.sections import KernelError

KERNELS_FILE = "config/studies/kernels-source.yaml"
RECORDED = "docs/results/kernels-source/kernels.csv"
NAME = ("kernel", "corruption", "l2")  # of a row
Row = Mapping[str, Any]


def recorded_kernels() -> tuple[KernelError, ...]:
    """Every number of table 3 with ours as far as it is recorded; ValueError for the first fault of the record."""
    configuration = Configuration.load(CHECKOUT / KERNELS_FILE)
    found = _recorded(configuration)
    return tuple(
        KernelError(
            kernel=said["label"],
            regulariser=regulariser,
            paper=said[column],
            ours=100 * row["test_error"] if row else None,
            num_test=row["num_test"] if row else 0,
            configfile=KERNELS_FILE,
            solution=kernel_file(configuration, said["kernel"], "solution"),
        )
        for said in kernel_jobs.shown(configuration)
        for regulariser, column in PAPER_ERRORS.items()
        if said.get(column) is not None
        for row in [found.get((said["kernel"], regulariser))]
    )


def _recorded(configuration: Configuration) -> dict[tuple[str, str], Row]:
    """The recorded rows on true labels of all images, by kernel and regulariser; none where no record is shipped."""
    return {
        (row["kernel"], "best" if row["l2"] else "none"): row
        for row in _rows(configuration)
        if row["corruption"] == "true_labels" and row["whole"] and row["l2"] in (0, row["best_l2"])
    }


def _rows(configuration: Configuration) -> Iterator[Row]:
    """Every row of the record, what is read of it as numbers, and checked."""
    if not (path := CHECKOUT / RECORDED).exists():
        return
    try:
        table = read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False)
    except IsADirectoryError as error:
        raise ConfigurationError(RECORDED, "", ..., f"cannot be read ({error.strerror})") from None
    read = _readers(configuration)
    if missing := [column for column in read if column not in table]:
        raise ConfigurationError(RECORDED, "line 1", ..., f"the column {missing[0]!r} is missing")
    if table.empty:
        raise ConfigurationError(RECORDED, "", ..., "holds no row")
    seen: dict[tuple[Any, ...], str] = {}
    best: dict[str, tuple[float | None, str]] = {}
    for number, cells in enumerate(table.to_dict("records"), 2):
        line = f"line {number}"
        row = {column: _cell(f"{line}.{column}", cells[column], reader) for column, reader in read.items()}
        first = seen.setdefault(tuple(row[column] for column in NAME), line)
        if first != line:
            raise ConfigurationError(RECORDED, line, ..., f"the same kernel, labels and l2 as in {first}")
        best_l2, first = best.setdefault(row["kernel"], (row["best_l2"], line))
        if best_l2 != row["best_l2"]:
            problem = f"another than in {first}, of the same kernel"
            raise ConfigurationError(RECORDED, f"{line}.best_l2", cells["best_l2"], problem)
        yield row


def _readers(configuration: Configuration) -> dict[str, Callable[[str], Any]]:
    """How a cell is read, by its column: ValueError says what is wrong with it."""
    labels = {name for values in configuration.kernels.values() for name in values["corruptions"]}
    return {
        "kernel": lambda text: _known(text, configuration.kernels, "kernel"),
        "corruption": lambda text: _known(text, labels, "corruption"),
        "whole": lambda text: _known(text, ("True", "False"), "value") == "True",
        "l2": lambda text: _number(text, lambda l2: l2 >= 0, "from 0"),
        "best_l2": lambda text: _number(text, lambda l2: l2 > 0, "above 0") if text else None,  # none where 0 alone is
        "test_error": lambda text: _number(text, lambda error: 0 <= error <= 1, "from 0 to 1"),
        "num_test": _count,
    }


def _cell(key: str, text: Any, reader: Callable[[str], Any]) -> Any:
    """What a cell says; one that a short row lacks is an empty one."""
    text = text if isinstance(text, str) else ""
    try:
        return reader(text)
    except ValueError as error:
        raise ConfigurationError(RECORDED, key, text or None, str(error)) from None


def _known(text: str, names: Collection[str], kind: str) -> str:
    if text not in names:
        raise ValueError(f"unknown {kind}; {nearest(text, names)}")
    return text


def _number(text: str, right: Callable[[float], bool], words: str) -> float:
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)) and right(number):
            return number
    raise ValueError(f"must be a number {words}")


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise ValueError("must be a whole number from 1")
    return int(text)
