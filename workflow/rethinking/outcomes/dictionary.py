"""The data dictionary, workflow/schemas/columns.yaml: what each column of every CSV file of the workflow's is."""

from functools import cache
from typing import Any, NamedTuple

import yaml

from rethinking.checkout import SCHEMAS
from rethinking.files import read_text

FILE = "columns.yaml"
SAME = "same"  # unit of a suffix: that of the column whose name it follows


class Column(NamedTuple):
    """The unit of a column's numbers, "" where they are names, counts or ratios, and what they are."""

    unit: str
    meaning: str


@cache
def dictionary() -> dict[str, Any]:
    """The file as it is: `columns`, `suffixes`, `files`."""
    return yaml.safe_load(read_text(SCHEMAS / FILE, FILE))


def column(file: str, name: str) -> Column | None:
    """What a column of the CSV file of that name (without suffix) is; None where nobody has said so."""
    known = dictionary()
    own = known["files"].get(file, {})
    if (found := own.get(name) or known["columns"].get(name)) is not None:
        return Column(found.get("unit", ""), found["meaning"])
    for pattern, found in own.items():
        if pattern.endswith("*") and name.startswith(pattern[:-1]):
            return Column(found.get("unit", ""), found["meaning"])
    for suffix, found in known["suffixes"].items():
        if name.endswith(suffix) and (base := column(file, name.removesuffix(suffix))) is not None:
            unit = base.unit if found.get("unit") == SAME else found.get("unit", "")
            return Column(unit, f"{found['meaning']} of `{name.removesuffix(suffix)}`")
    return None
