"""What is recorded as an RO-Crate, read back by the library that wrote it."""

import hashlib
import importlib.util
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from rethinking.config import CHECKOUT
from rethinking.outcomes.dictionary import column
from rethinking.stages import crate, export

RESULTS = CHECKOUT / "docs/results"
needs_rocrate = pytest.mark.skipif(not importlib.util.find_spec("rocrate"), reason="the extra `crate` is not installed")


def entities(folder: Path) -> dict[str, dict[str, Any]]:
    """Everything that a crate says, by its name there."""
    from rocrate.rocrate import ROCrate

    return {entity.id: entity.as_jsonld() for entity in ROCrate(folder).get_entities()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crate") / "whole"
    crate.write(RESULTS, folder)
    return folder


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """What is recorded of a configuration with one run."""
    folder = tmp_path / "recorded"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine/runs.csv").write_text("dataset,model,date\ndigits,mlp,2026-01-02\n")
    return folder


@needs_rocrate
def test_every_recorded_file_is_in_the_crate_with_its_sha256(written):
    found = entities(written)
    recorded = {file.relative_to(RESULTS).as_posix(): file for file in RESULTS.rglob("*") if file.is_file()}
    assert len(recorded) > 400
    for name, file in (recorded | {"columns.yaml": CHECKOUT / "workflow/schemas/columns.yaml"}).items():
        assert found[name]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert (written / name).read_bytes() == file.read_bytes()
    listed = {each["@id"] for each in found["./"]["hasPart"]}
    assert listed == recorded.keys() | {"columns.yaml"}


@needs_rocrate
def test_every_column_of_every_csv_file_is_a_variable_with_unit_and_meaning(written):
    found = entities(written)
    for file in written.rglob("*.csv"):
        said = [found[each["@id"]] for each in found[file.relative_to(written).as_posix()]["variableMeasured"]]
        assert [each["name"] for each in said] == list(pd.read_csv(file, nrows=0).columns)
        assert [(each.get("unitText", ""), each["description"]) for each in said] == [
            tuple(column(file.stem, each["name"]) or ()) for each in said
        ]


@needs_rocrate
def test_the_crate_says_whose_it_is_of_what_day_and_of_which_paper(written):
    found, citation = entities(written), yaml.safe_load((CHECKOUT / "CITATION.cff").read_text())
    root = found["./"]
    assert root["datePublished"] == max(pd.concat(map(pd.read_csv, RESULTS.glob("*/runs.csv")))["date"])
    assert root["license"] == {"@id": f"https://spdx.org/licenses/{citation['license']}"}
    assert found[root["citation"]["@id"]]["name"] == citation["references"][0]["title"]
    assert found["#program"]["version"] == citation["version"]


@needs_rocrate
def test_a_doi_of_the_citation_identifies_the_crate_and_without_one_nothing_does(few, tmp_path, monkeypatch):
    assert "identifier" not in crate.crate_of(few).root_dataset.as_jsonld()
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text()) | {"doi": "10.1234/some.5"}
    (tmp_path / "CITATION.cff").write_text(yaml.safe_dump(citation))
    monkeypatch.setattr(crate, "CHECKOUT", tmp_path)
    assert crate.crate_of(few).root_dataset.as_jsonld()["identifier"] == "https://doi.org/10.1234/some.5"


@needs_rocrate
def test_export_writes_an_archive_and_replaces_nothing(few, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("rethinking.stages.record.KEPT", few)
    export.main(["crate", "--out", str(tmp_path / "deep/crate.zip")])
    assert "2 files, an RO-Crate" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "deep/crate.zip") as archive:
        assert {"ro-crate-metadata.json", "columns.yaml", "mine/runs.csv"} <= set(archive.namelist())
    with pytest.raises(ValueError, match=r"crate.zip: is there already"):
        export.main(["crate", "--out", str(tmp_path / "deep/crate.zip")])


@needs_rocrate
def test_a_column_that_nobody_has_described_is_refused_by_file_and_name(few):
    (few / "mine/table1.csv").write_text("model,colour\nmlp,red\n")
    with pytest.raises(ValueError, match=r"table1.csv: nobody has said what its column 'colour' is"):
        crate.crate_of(few)


@needs_rocrate
def test_a_folder_in_which_nothing_is_recorded_is_refused(tmp_path):
    with pytest.raises(ValueError, match="nothing is recorded here"):
        crate.crate_of(tmp_path)


def test_without_the_library_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rocrate", None)
    monkeypatch.setitem(sys.modules, "rocrate.rocrate", None)
    with pytest.raises(ValueError, match=r'pip install "rocrate>=0.13,<1"'):
        export.main(["crate", "--out", str(tmp_path / "crate")])
    assert not (tmp_path / "crate").exists()
