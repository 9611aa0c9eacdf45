"""The manifests of a data set's arrays and of what is made from them: whether they belong together, and their names."""

from pathlib import Path
from typing import Any

from rethinking.files import read_manifest


def read_corrupted(folder: Path, clean: dict[str, Any]) -> dict[str, Any]:
    """The manifest of a corruption in `folder`.

    Raises ValueError where it was made from other arrays than those that the data set's manifest, `clean`, describes.
    """
    manifest = read_manifest(folder, sources=dict)
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
    num_split = sum(values["shape"][0] for values in manifest["arrays"].values())
    num_train = clean["arrays"]["train_labels"]["shape"][0]
    if num_split != num_train:
        message = (
            f"a split of {num_split} images, {clean['dataset']} has {num_train}; delete the folder to make it again"
        )
        raise ValueError(f"{folder / 'manifest.json'}: {message}")
    return manifest


def place_of(manifest: dict[str, Any], name: str) -> str:
    """Where an array stands below its data set: train_images, random_labels-0.5/seed0/train_labels."""
    if manifest.get("seed") is None:
        return name
    return f"{manifest.get('corruption', 'split')}/seed{manifest['seed']}/{name}"
