"""What tests of studies and of scripts beside the package share: a configuration by its name, a script as a module."""

import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pandas as pd

from rethinking.config import CHECKOUT, Configuration
from rethinking.stages.record import KEPT


def load(name: str) -> Configuration:
    """A study's configuration."""
    return Configuration.load(CHECKOUT / f"config/studies/{name}.yaml")


def script(file: Path) -> ModuleType:
    """A Python file that lies in no package."""
    spec = importlib.util.spec_from_file_location(f"{file.parent.name}_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tables_of_results(page: str, recorded: list[str], further: Sequence[pd.DataFrame] = ()) -> list[pd.DataFrame]:
    """The tables in the sections "What it shows: …" of a study's page, each of rows of one of the recorded tables.

    `further` are recorded numbers in another form, as they are read.
    """
    sections = (CHECKOUT / f"docs/studies/{page}.md").read_text(encoding="utf-8").split("\n## ")
    results = [section for section in sections if section.startswith("What it shows: ")]
    shown = [pipe_table(lines) for part in results for lines in re.findall(r"(?:^\|.*\|\n)+", part, re.M)]
    kept = [pipe_table(file.read_text("utf-8")) for name in recorded for file in (CHECKOUT / KEPT / name).glob("*.md")]
    for table in shown:
        candidates = [each[list(table)] for each in [*kept, *further] if {*table} <= {*each}]
        assert any({*_rows(table)} <= {*_rows(each)} for each in candidates), table
    return shown


def pipe_table(text: str) -> pd.DataFrame:
    """The pipe table in a Markdown text; its cells as they are read."""
    lines = [line for line in text.replace("\\", "").splitlines() if line.startswith("|")]
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return pd.DataFrame(rows, columns=head)


def _rows(table: pd.DataFrame) -> list[tuple[str, ...]]:
    return [tuple(row) for row in table.to_numpy().tolist()]
