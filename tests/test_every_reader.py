"""A walk over the readers: each reads the same files again to the same bytes, and the stage `prepare` writes them so.

One that is new is walked as well, once it has a case in tests/proof/data.py.
"""

import pkgutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import proof
import pytest
from proof import data

from rethinking.config import CATALOGUE, CHECKOUT
from rethinking.data import readers
from rethinking.data.loaded import LoadedDataset
from rethinking.schema import load_yaml
from rethinking.stages import prepare

NAMES = [module.name for module in pkgutil.iter_modules(readers.__path__)]


@pytest.mark.parametrize("reader", NAMES)
def test_every_reader_reads_some_small_files_of_a_test(reader):
    cases = [name for name in data.READERS if name.split(",")[0] == reader]
    assert cases, (
        f"nothing reads with workflow/rethinking/data/readers/{reader}.py: add a case {reader!r} with a few small files"
        " to READERS in tests/proof/data.py, then make golden"
    )


@pytest.mark.parametrize("name", data.READERS)
def test_every_reader_reads_the_same_files_again_to_the_same_bytes(name, tmp_path):
    once, again = (proof.facts_of(data.READERS[name]) for _ in range(2))
    different = proof.differences(once, again, 0)
    reader = name.split(",")[0]
    assert not different, (
        f"workflow/rethinking/data/readers/{reader}.py reads the same files otherwise a second time ({different[0]}):"
        " draw with seeds.rng, sort what a folder lists"
    )


def read_by(reader: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[LoadedDataset]:
    """The data sets that a reader's cases come to."""
    found: list[LoadedDataset] = []
    facts_of = data.source_facts
    monkeypatch.setattr(data, "source_facts", lambda source: found.append(source) or facts_of(source))
    for place, (name, case) in enumerate(data.READERS.items()):
        if name.split(",")[0] == reader:
            (inside := folder / str(place)).mkdir()
            case(inside)
    yield from found


@pytest.mark.parametrize("reader", NAMES)
def test_what_every_reader_reads_is_written_and_found_again_byte_for_byte(reader, tmp_path, monkeypatch):
    """Whatever its images and labels look like, by the stage `prepare`, twice."""
    for place, source in enumerate(read_by(reader, monkeypatch, tmp_path)):

        class Module:
            """A reader that has read already."""

            read = staticmethod(lambda files, source=source, **options: source)

        monkeypatch.setattr(prepare, "_reader", lambda name, module=Module: module)
        job = {"reader": reader, "image_size": None, "channels": None, "train": None, "test": None, "seed": 0}
        folders = [tmp_path / f"{place}-{time}" for time in ("once", "again")]
        for folder in folders:
            prepare.prepare("some", job, None, folder)
        once, again = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
        assert once == again
        for array in data.ARRAYS:
            assert np.array_equal(np.load(folders[0] / f"{array}.npy"), getattr(source, array))


CATALOGUED = {name: entry for name, entry in load_yaml(CHECKOUT / CATALOGUE).items() if "class_names" in entry}


@pytest.mark.parametrize("dataset", [name for name, entry in CATALOGUED.items() if entry["reader"] != "image_folder"])
def test_the_catalogue_has_the_names_of_the_classes_that_are_read(dataset, tmp_path, monkeypatch):
    entry = CATALOGUED[dataset]
    found = {source.classes for source in read_by(entry["reader"], monkeypatch, tmp_path)}
    assert found == {tuple(entry["class_names"])}
