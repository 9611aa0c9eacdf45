"""The matrix of class noise as a configuration says it: by a name, as numbers, or in a file."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rethinking.data.corruptions.class_noise import checked
from rethinking.files import read_text
from rethinking.schema import ConfigOrigins


def complete(value: Any, names: Sequence[str], key: str, origins: ConfigOrigins) -> Any:
    """A name of a matrix, or its rows of numbers; ConfigurationError where it is neither, or no probabilities."""
    rows = value
    if isinstance(value, str):
        if not value.endswith(".csv"):
            origins.require_known(key, value, "matrix", [*names, "FILE.csv"], value)
            return value
        rows = _read(value, key, origins)
    try:
        return checked(rows, len(rows)).tolist()
    except ValueError as error:
        raise origins.error(key, value, str(error)) from None


def _read(path: str, key: str, origins: ConfigOrigins) -> list[list[float]]:
    """The numbers of a CSV file without a header."""
    try:
        return [[float(cell) for cell in row] for row in csv.reader(io.StringIO(read_text(Path(path)))) if row]
    except (OSError, ValueError) as error:
        raise origins.error(key, path, f"cannot be read as rows of numbers ({error})") from None
