"""The stages prepare and corrupt, through their command lines, into folders."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rethinking import files
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.stages import corrupt, prepare

KEYS = [
    *("schema", "dataset", "corruption", "seed", "definition", "requested", "redrawn", "changed", "options"),
    *("arrays", "sources", "class_counts", "classes"),
]
SOURCE = {"image_size": 8, "channels": 1, "train": 1400, "test": 397, "classes": 10}
DIGITS = {"reader": "digits", "source": SOURCE, "image_size": 16, "channels": 3, "train": 100, "test": 50, "seed": 0}
ALL = ["random_labels-0.4", "shuffled_labels-1.0", "shuffled_pixels", "random_pixels", "gaussian_pixels"]


def run_prepare(out: Path, **changes: Any) -> dict[str, Any]:
    prepare.main(["--dataset", "digits", "--job", json.dumps({**DIGITS, **changes}), "--out", str(out)])
    return files.read_json(out / "manifest.json")


def corruption(name: str, **options: str) -> dict[str, Any]:
    family, _, level = name.partition("-")
    return {"name": name, "family": family, "level": float(level) if level else None, "options": options}


def run_corrupt(data: Path, out: Path, given: dict[str, Any], seed: int = 0, dataset: str = "digits") -> dict[str, Any]:
    arguments = json.dumps({"dataset": dataset, "corruption": given, "seed": seed})
    corrupt.main(["--job", arguments, "--data", str(data), "--out", str(out)])
    return files.read_json(out / "manifest.json")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "digits"
    run_prepare(folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_arrays_are_as_stated(folder: Path, manifest: dict[str, Any]) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json",
        *(f"{name}.npy" for name in manifest["arrays"]),
    }
    for name, stated in manifest["arrays"].items():
        array = np.load(folder / f"{name}.npy")
        expected = {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "sha256": files.sha256(folder / f"{name}.npy"),
        }
        assert stated == expected


def test_prepare_writes_four_arrays_and_a_manifest_that_describes_them(data):
    manifest = files.read_json(data / "manifest.json")
    assert list(manifest) == KEYS
    assert_arrays_are_as_stated(data, manifest)
    arrays = manifest["arrays"]
    assert (arrays["train_images"]["shape"], arrays["train_images"]["dtype"]) == ([100, 16, 16, 3], "uint8")
    assert (arrays["test_labels"]["shape"], arrays["test_labels"]["dtype"]) == ([50], "int64")
    assert manifest["corruption"] == "true_labels"
    assert [manifest[key] for key in ("schema", "seed", "requested", "redrawn", "changed")] == [1, *[None] * 4]
    assert manifest["sources"] == {}
    assert manifest["classes"] == list("0123456789")
    for part in ("train", "test"):
        counts = np.bincount(np.load(data / f"{part}_labels.npy"), minlength=10)
        assert manifest["class_counts"][part] == counts.tolist()


@pytest.mark.parametrize("name", ALL)
def test_corrupt_writes_only_what_it_changes_and_a_manifest_that_describes_it(name, data, tmp_path):
    given = corruption(name)
    entry = CORRUPTIONS[given["family"]]
    manifest = run_corrupt(data, tmp_path / "out", given, seed=3)
    assert list(manifest) == KEYS
    assert set(manifest["arrays"]) == set(entry.changes)
    assert_arrays_are_as_stated(tmp_path / "out", manifest)
    assert (manifest["dataset"], manifest["corruption"], manifest["seed"]) == ("digits", name, 3)
    assert manifest["requested"] == given["level"]
    assert manifest["options"] == {option: values[0] for option, values in entry.options.items()}
    assert manifest["sources"] == {array: files.sha256(data / f"{array}.npy") for array in entry.changes}
    assert manifest["classes"] == list("0123456789")


@pytest.mark.parametrize("name", ALL)
def test_no_corruption_touches_the_test_labels(name, data, tmp_path):
    before = contents(data)
    manifest = run_corrupt(data, tmp_path / "out", corruption(name))
    assert not (tmp_path / "out" / "test_labels.npy").exists()
    assert contents(data) == before
    assert manifest["class_counts"]["test"] == files.read_json(data / "manifest.json")["class_counts"]["test"]


def test_the_manifest_of_label_noise_counts_the_labels_as_written(data, tmp_path):
    manifest = run_corrupt(data, tmp_path / "out", corruption("random_labels-0.4"))
    labels, true_labels = np.load(tmp_path / "out" / "train_labels.npy"), np.load(data / "train_labels.npy")
    assert manifest["class_counts"]["train"] == np.bincount(labels, minlength=10).tolist()
    assert manifest["changed"] == (labels != true_labels).mean()
    assert manifest["changed"] <= manifest["redrawn"]
    assert "uniformly from all 10 classes" in manifest["definition"]


@pytest.mark.parametrize("name", ["shuffled_pixels", "random_pixels", "gaussian_pixels"])
def test_pixel_corruptions_state_no_fractions_and_the_data_sets_class_counts(name, data, tmp_path):
    manifest = run_corrupt(data, tmp_path / "out", corruption(name))
    assert [manifest[key] for key in ("requested", "redrawn", "changed")] == [None] * 3
    assert manifest["class_counts"] == files.read_json(data / "manifest.json")["class_counts"]


def test_options_reach_the_corruption_and_the_manifest_of_a_variant(data, tmp_path):
    variant = {"name": "shuffled_values", "family": "shuffled_pixels", "level": None, "options": {"unit": "value"}}
    manifest = run_corrupt(data, tmp_path / "value", variant)
    default = run_corrupt(data, tmp_path / "position", corruption("shuffled_pixels"))
    assert (manifest["corruption"], manifest["options"]) == ("shuffled_values", {"unit": "value"})
    assert manifest["arrays"] != default["arrays"]
    assert manifest["definition"] != default["definition"]


def test_the_same_inputs_give_the_same_bytes_wherever_they_are_written(data, tmp_path):
    run_prepare(tmp_path / "elsewhere" / "digits")
    assert contents(tmp_path / "elsewhere" / "digits") == contents(data)
    for name in ALL:
        for folder in ("one", "two"):
            run_corrupt(data, tmp_path / folder / name, corruption(name))
        run_corrupt(data, tmp_path / "one" / name, corruption(name))
        assert contents(tmp_path / "one" / name) == contents(tmp_path / "two" / name)


@pytest.mark.parametrize("name", ALL)
def test_another_seed_gives_other_arrays(name, data, tmp_path):
    one, other = (run_corrupt(data, tmp_path / str(seed), corruption(name), seed)["arrays"] for seed in (0, 1))
    assert all(one[array]["sha256"] != other[array]["sha256"] for array in one)


@pytest.mark.parametrize("name", ALL)
def test_an_array_with_one_byte_changed_is_refused_by_name(name, data, tmp_path):
    shutil.copytree(data, tmp_path / "data")
    given = corruption(name)
    damaged = tmp_path / "data" / f"{CORRUPTIONS[given['family']].changes[0]}.npy"
    raw = bytearray(damaged.read_bytes())
    raw[-1] ^= 1
    damaged.write_bytes(raw)
    with pytest.raises(ValueError, match=rf"{damaged.name}: its sha256 is"):
        run_corrupt(tmp_path / "data", tmp_path / "out", given)
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": "random_label"}, "unknown corruption 'random_label'; did you mean 'random_labels'"),
        ({"level": None}, "corruption 'random_labels' needs a level, found None"),
        ({"level": 0.5}, "corruption 'random_labels-0.4' is not the name of random_labels at level 0.5"),
        ({"name": "random_labels-0.40"}, "'random_labels-0.40' is not the name of random_labels"),
        ({"name": "random_labels-0.0", "level": 0.0}, "'random_labels-0.0' is not the name of random_labels"),
        ({"options": {"unit": "value"}}, "corruption 'random_labels' has no option 'unit'"),
        (
            {"name": "random_pixels-0.4", "family": "random_pixels"},
            "corruption 'random_pixels' has no level, found 0.4",
        ),
    ],
)
def test_a_corruption_that_does_not_exist_is_refused(changes, message, data, tmp_path):
    with pytest.raises(ValueError, match=message):
        run_corrupt(data, tmp_path / "out", {**corruption("random_labels-0.4"), **changes})
    assert not (tmp_path / "out").exists()


def test_data_of_another_data_set_are_refused(data, tmp_path):
    with pytest.raises(ValueError, match=r"manifest\.json: dataset is 'digits', not 'mnist'"):
        run_corrupt(data, tmp_path / "out", corruption("random_pixels"), dataset="mnist")


def test_an_unknown_reader_is_refused_with_the_nearest_one(tmp_path):
    with pytest.raises(ValueError, match="unknown reader 'digit'; did you mean 'digits'"):
        run_prepare(tmp_path / "out", reader="digit")


def test_a_data_set_that_is_not_what_the_catalogue_says_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"original\.train = 1500: the files that were read have 1400"):
        run_prepare(tmp_path / "out", source={**SOURCE, "train": 1500})
    assert not (tmp_path / "out").exists()
