"""The data dictionary: every column of every CSV file that the workflow writes is described, and nothing else is."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import test_study_blog
from studies import script
from test_every_section import made, section_of

from rethinking.config import CHECKOUT
from rethinking.models.registry import sizes
from rethinking.outcomes import columns, computed
from rethinking.outcomes.dictionary import column, dictionary
from rethinking.published import PAPER
from rethinking.reporting import per_class
from rethinking.reporting.registry import TABLES
from rethinking.stages.frames import read_published

FRAMES = columns.FRAMES | {
    "expressivity": computed.EXPRESSIVITY,
    "architectures": computed.ARCHITECTURES,
    "kernels": computed.KERNELS,
    "implicit_regularisation": computed.IMPLICIT_REGULARISATION,
    "random_features": computed.RANDOM_FEATURES,
}
# What rules write that is made from no registry's frame or table: tests/test_every_rule.py walks these files.
OF_PICTURES = {"samples", "values"}


def unknown(file: str, names: Iterable[str]) -> list[str]:
    return [f"{file}.csv: {name}" for name in names if column(file, name) is None]


@cache
def tables() -> dict[str, set[str]]:
    """The columns of every table, made of runs of two seeds in groups with names, with published numbers or without."""
    found: dict[str, set[str]] = {}
    for name, entry in TABLES.items():
        for with_published in (True, False) if not entry.at_any_size else (True,):
            for count in (1, 2):
                table = made(name, section_of(name, entry, (0, 1), count), with_published=with_published)
                found.setdefault(name, set()).update(table.numbers.columns)
    found["per_class"] |= beside_the_blog()
    return found


def beside_the_blog() -> set[str]:
    """The columns of accuracies by class where a source prints them, which is of CIFAR-10's classes."""
    section, frames = test_study_blog.made("class_accuracy")
    frames = {name: frames[name] for name in ("runs", "confusions")}
    published = read_published(CHECKOUT / PAPER, TABLES["per_class"].published)
    return set(per_class.table(**frames, published=published, section=section).numbers.columns)


def recorded() -> list[Path]:
    return sorted((CHECKOUT / "docs/results").rglob("*.csv"))


@pytest.mark.parametrize("frame", FRAMES)
def test_every_column_of_a_data_frame_is_described_in_its_unit(frame):
    assert not unknown(frame, FRAMES[frame])
    units = {name: unit for name, unit in FRAMES[frame].items() if unit not in ("epochs", "")}
    found = {name: described.unit for name in units if (described := column(frame, name)) is not None}
    assert found == units


def test_every_column_of_a_table_is_described():
    assert not [each for name, names in tables().items() for each in unknown(name, sorted(names))]


def test_every_column_of_the_networks_sizes_is_described():
    assert not unknown("sizes", pd.DataFrame(sizes()).columns)


def test_every_column_of_what_is_recorded_is_described():
    files = recorded()
    assert len(files) > 100
    assert not [each for file in files for each in unknown(file.stem, pd.read_csv(file, nrows=0).columns)]


def test_a_column_that_nobody_has_described_is_missed():
    assert unknown("table1", ["model", "train_accuracy_sd", "colour", "colour_sd"]) == [
        "table1.csv: colour",
        "table1.csv: colour_sd",
    ]
    assert column("overfitted", "epoch_0.3") is not None
    assert column("table1", "epoch_0.3") is None


def test_a_column_of_a_mean_s_spread_has_the_unit_of_the_mean():
    assert column("noise_by_kind", "test_error_low") == (
        "%",
        "lower end of the 95 % t interval of the mean over seeds of `test_error`",
    )
    found = column("table1", "test_accuracy_verdict")
    assert found is not None
    assert found.unit == ""


def test_nothing_is_described_that_no_file_has():
    """What a column was called before, say."""
    there = {name: set(names) for name, names in FRAMES.items()} | {"sizes": set(pd.DataFrame(sizes()).columns)}
    for name, names in tables().items():
        there.setdefault(name, set()).update(names)
    for file in recorded():
        there.setdefault(file.stem, set()).update(pd.read_csv(file, nrows=0).columns)
    known = dictionary()
    every = set().union(*there.values())
    assert set(known["columns"]) - every == set()
    for file, own in known["files"].items():
        exact = {name for name in own if not name.endswith("*")}
        assert file in OF_PICTURES or exact - there[file] == set(), file
    assert all(any(name.endswith(suffix) for name in every) for suffix in known["suffixes"])


def test_the_page_of_columns_is_made_of_the_dictionary():
    make = script(CHECKOUT / "workflow/schemas/make.py")
    assert (CHECKOUT / "docs/columns.md").read_text(encoding="utf-8") == make.columns(), "make schemas"


def test_no_meaning_would_break_the_table_that_it_stands_in():
    known = dictionary()
    meanings = [
        each["meaning"]
        for part in (known["columns"], known["suffixes"], *known["files"].values())
        for each in part.values()
    ]
    assert not [each for each in meanings if re.search(r"[|\n]|\.$", each)]
