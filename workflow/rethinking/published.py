"""The paper's numbers (config/paper/*.csv), checked before the first job: columns, names, units, no number twice.

Who draws or tabulates them reads the files as data frames, and needs nothing of this module.
"""

import csv
from pathlib import Path
from typing import Any

from rethinking import schema
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.models.registry import MODELS
from rethinking.names import corruption_name, split_corruption
from rethinking.plotting.registry import FIGURES
from rethinking.registry import nearest
from rethinking.reporting.registry import TABLES
from rethinking.schema import ConfigurationError

PAPER = "config/paper"
PANELS = {panel for entry in (FIGURES | TABLES).values() for panel in entry.panels}
NUMBERS = ("page", "step", "value")
NAME = ("source", "panel", "model", "corruption", "quantity", "step")


def check_published(folder: Path) -> None:
    """Raise ConfigurationError for the first fault in a file of the paper's numbers: file, line, column, value."""
    names = sorted({name for entry in (FIGURES | TABLES).values() for name in entry.published})
    for name in names:
        check_file(folder / f"{name}.csv", f"{PAPER}/{name}.csv")


def check_file(path: Path, shown: str) -> None:
    """The same for one file, which messages call `shown`."""
    rows = schema.check(_rows(path, shown), "published", lambda key: shown)
    seen: dict[tuple[Any, ...], str] = {}
    for line, row in rows.items():
        for column, known in (("panel", PANELS), ("model", MODELS)):
            if row[column] not in known:
                problem = f"unknown {column}; {nearest(row[column], known)}"
                raise ConfigurationError(shown, f"{line}.{column}", row[column], problem)
        family, level = split_corruption(row["corruption"])
        known = row["corruption"] == "true_labels" or (
            family in CORRUPTIONS and corruption_name(family, level) == row["corruption"]
        )
        if not known:
            problem = f"unknown corruption; {nearest(family, ['true_labels', *CORRUPTIONS])}"
            raise ConfigurationError(shown, f"{line}.corruption", row["corruption"], problem)
        if (row["value"] is None) != (row["remark"] == "failed to converge"):
            problem = 'a number, or none and the remark "failed to converge"'
            raise ConfigurationError(shown, f"{line}.value", row["value"], problem)
        first = seen.setdefault(tuple(row[column] for column in NAME), line)
        if first != line:
            raise ConfigurationError(shown, line, ..., f"the same number as in {first}")


def _rows(path: Path, shown: str) -> dict[str, dict[str, Any]]:
    """The rows by "line 2", cells typed as far as they can be; what cannot is left for the schema to refuse."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, restkey="more cells than columns"))
    except OSError as error:
        raise ConfigurationError(shown, "", ..., f"cannot be read ({error.strerror})") from None
    return {
        f"line {number}": {key: _cell(key, text) for key, text in row.items()} for number, row in enumerate(rows, 2)
    }


def _cell(column: str, text: str | None) -> Any:
    if not text:
        return None
    if column not in NUMBERS:
        return text
    try:
        return int(text) if column == "page" else float(text)
    except ValueError:
        return text
