"""Manifests that are none, or of something else, are refused by name by every command that reads them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from rethinking.__main__ import main
from rethinking.config import Configuration
from rethinking.stages.download import hold_to_first

LABELS = {"family": "random_labels", "level": 0.5, "name": "random_labels-0.5", "options": {}}
PIXELS = {"family": "shuffled_pixels", "level": None, "name": "shuffled_pixels", "options": {"unit": "position"}}
SHA = "0" * 64


@pytest.fixture
def folder(completed: Path, tmp_path: Path) -> Path:
    """The prepared data of the small workflow and its corruptions."""
    return Path(shutil.copytree(completed / "results/data/digits-50", tmp_path / "digits-50"))


def forged(manifest: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Ways in which a manifest may be none."""
    of_arrays = manifest["arrays"]
    return {
        "nothing": {},
        "a list": [],
        "that of another folder": other,
        "of no array": manifest | {"arrays": {}},
        "of arrays of other names": manifest | {"arrays": {f"x{name}": each for name, each in of_arrays.items()}},
        "of arrays of no shape": manifest
        | {"arrays": {name: each | {"shape": []} for name, each in of_arrays.items()}},
        "of arrays of other kinds": manifest | {"arrays": dict.fromkeys(of_arrays, 3)},
        "of arrays without a hash": manifest
        | {"arrays": {name: each | {"sha256": 3} for name, each in of_arrays.items()}},
    }


def refusals(file: Path, values: dict[str, Any], command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for kind, value in values.items():
        file.write_text(json.dumps(value))
        assert main(command) == 1, kind
        told = capsys.readouterr().err
        assert told.startswith(f"error: {file}: "), (kind, told)
        assert told.count("\n") == 1, (kind, told)


@pytest.mark.parametrize("command", ["corrupt labels", "corrupt pixels", "split", "samples", "values"])
def test_a_forged_manifest_of_a_data_set_is_refused_by_name(command, folder, tmp_path, capsys):
    job = {
        "corrupt labels": {"dataset": "digits-50", "corruption": LABELS, "seed": 0},
        "corrupt pixels": {"dataset": "digits-50", "corruption": PIXELS, "seed": 0},
        "split": {"dataset": "digits-50", "validation": 10, "seed": 0},
        "samples": {"dataset": "digits-50", "corruptions": ["true_labels"], "images": 10, "seed": 0},
        "values": {"dataset": "digits-50", "image": 0},
    }[command]
    stage = {"corrupt": "corrupt", "values": "samples"}.get(command.split()[0], command)
    arguments = [stage, "--job", json.dumps(job), "--data", str(folder), "--out", str(tmp_path / "out")]
    manifest = json.loads((folder / "manifest.json").read_text())
    of_labels = json.loads((folder / "random_labels-0.5/seed0/manifest.json").read_text())
    values = forged(manifest, of_labels) | {
        "without classes": manifest | {"classes": []},
        "of classes that are no names": manifest | {"classes": [3]},
    }
    assert main(arguments) == 0
    refusals(folder / "manifest.json", values, arguments, capsys)


@pytest.mark.parametrize("part", [".", "random_labels-0.5/seed0", "split/seed0"])
def test_a_forged_manifest_of_what_a_run_reads_is_refused_by_name(part, folder, completed, tmp_path, capsys):
    job = json.dumps({"dataset": "digits-50", "validation": 10, "seed": 0})
    assert main(["split", "--job", job, "--data", str(folder), "--out", str(folder / "split/seed0")]) == 0
    names = ("digits-50", "mlp-w0.05", "random_labels-0.5", "quick", 0)
    run = Configuration.load(completed / "config/config.yaml").run(*names)
    arguments = ["train", "--run", run.json, "--code", "any", "--data", str(folder)]
    arguments += ["--corrupted", str(folder / "random_labels-0.5/seed0"), "--split", str(folder / "split/seed0")]
    arguments += ["--out", str(tmp_path / "out"), "--state", str(tmp_path / "state.pt")]
    other = "random_labels-0.5/seed0" if part != "random_labels-0.5/seed0" else "split/seed0"
    manifest, its = (json.loads((folder / each / "manifest.json").read_text()) for each in (part, other))
    refusals(folder / part / "manifest.json", forged(manifest, its), arguments, capsys)


FILES = [{}, {"files": {}}, {"files": {"file": 3}}, {"files": {"file": {"bytes": 3}}}, {"files": {"file": {"md5": 3}}}]


@pytest.mark.parametrize("value", FILES)
@pytest.mark.parametrize("stage", ["prepare", "corrupt"])
def test_a_forged_manifest_of_downloads_is_refused_by_name(stage, value, folder, tmp_path, capsys):
    people = {"family": "human_labels", "level": None, "name": "human_labels-worse", "options": {"set": "worse"}}
    job = {
        "prepare": {"reader": "mnist", "image_size": None, "channels": None, "train": None, "test": None, "seed": 0},
        "corrupt": {"dataset": "digits-50", "corruption": people, "seed": 0, "subset": {"size": None, "seed": 0}},
    }[stage]
    place = ["--dataset", "mnist"] if stage == "prepare" else ["--data", str(folder)]
    (tmp_path / "downloads").mkdir()
    arguments = [stage, *place, "--job", json.dumps(job), "--downloaded", str(tmp_path / "downloads")]
    arguments += ["--out", str(tmp_path / "out")]
    refusals(tmp_path / "downloads/manifest.json", {"forged": value}, arguments, capsys)


@pytest.mark.parametrize("value", [{}, [], {"file": 3}, {"file": {}}, {"other": {"bytes": 3}}])
def test_a_forged_record_of_what_first_came_is_refused_by_name(value, tmp_path):
    (tmp_path / "first-came.json").write_text(json.dumps(value))
    with pytest.raises(ValueError, match=r"first-came\.json: it (does not say|names no|holds no)"):
        hold_to_first(tmp_path, {"file": {"bytes": 3, "sha256": SHA}})
    assert json.loads((tmp_path / "first-came.json").read_text()) == value
