"""The manifests of a data set's arrays and of what is made from them: whether they belong together, and their names."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rethinking.data.originals import ALGORITHMS
from rethinking.files import broken, read_json, read_manifest

PREPARED = ("train_images", "train_labels", "test_images", "test_labels")


def read_prepared(folder: Path, **parts: type) -> dict[str, Any]:
    """The manifest of a prepared data set in `folder`, with further keys that it must hold.

    Raises ValueError where it is torn or that of something else.
    """
    manifest = read_manifest(folder, dataset=str, classes=list, **parts)
    _require(folder, manifest, PREPARED)
    numbers = manifest["arrays"]["train_labels"]["dtype"].startswith("float")  # which are of no class
    if bool(manifest["classes"]) == numbers or not all(isinstance(name, str) for name in manifest["classes"]):
        raise broken(folder / "manifest.json", "it does not say what the classes are")
    return manifest


def read_download(folder: Path) -> dict[str, dict[str, Any]]:
    """What original files in `folder` must be, by name; raises ValueError where its manifest does not say so."""
    path = folder / "manifest.json"
    return _with_hashes(path, read_json(path, files=dict)["files"])


def read_first_came(path: Path) -> dict[str, dict[str, Any]]:
    """What the files were that came first, of those that nothing else could tell; raises ValueError likewise."""
    return _with_hashes(path, read_json(path))


def _with_hashes(path: Path, files: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What `path` says of each file, which must be a hash at least, and of one file at least."""
    for name, values in files.items():
        hashes = [values.get(key) for key in ALGORITHMS] if isinstance(values, dict) else []
        if not any(isinstance(each, str) for each in hashes):
            raise broken(path, f"it does not say what {name} is")
    if not files:
        raise broken(path, "it names no file")
    return files


def read_corrupted(folder: Path, clean: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a corruption in `folder`.

    Raises ValueError where it was made from other arrays than those that the data set's manifest, `clean`, describes.
    """
    manifest = read_manifest(folder, sources=dict)
    if not manifest["arrays"] or not manifest["arrays"].keys() <= {*PREPARED}:
        raise broken(folder / "manifest.json", "it is not that of a corruption")
    for name, made_from in manifest["sources"].items():
        if name in clean["arrays"] and clean["arrays"][name]["sha256"] != made_from:
            message = (
                f"made from another {name} than that of {clean['dataset']} now; delete the folder to make it again"
            )
            raise ValueError(f"{folder / 'manifest.json'}: {message}")
    return manifest


def read_split(folder: Path, clean: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a validation split in `folder`; raises ValueError where it is one of more or fewer images."""
    manifest = read_manifest(folder)
    _require(folder, manifest, ("train_indices", "validation_indices"))
    num_split = sum(values["shape"][0] for values in manifest["arrays"].values())
    num_train = clean["arrays"]["train_labels"]["shape"][0]
    if num_split != num_train:
        message = (
            f"a split of {num_split} images, {clean['dataset']} has {num_train}; delete the folder to make it again"
        )
        raise ValueError(f"{folder / 'manifest.json'}: {message}")
    return manifest


def _require(folder: Path, manifest: dict[str, Any], names: Iterable[str]) -> None:
    """Raise ValueError for the first of some arrays of which a manifest says nothing."""
    for name in names:
        if name not in manifest["arrays"]:
            raise broken(folder / "manifest.json", f"it does not say what {name} is")


def place_of(manifest: dict[str, Any], name: str) -> str:
    """Where an array stands below its data set: train_images, random_labels-0.5/seed0/train_labels."""
    if manifest.get("seed") is None:
        return name
    return f"{manifest.get('corruption', 'split')}/seed{manifest['seed']}/{name}"
