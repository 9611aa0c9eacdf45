"""Arrays, exactly: every reader, what `prepare` makes of a data set, splits, and every corruption with its options."""

import gzip
import io
import itertools
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import official_layout
import picture_archives
import test_human_labels
from PIL import Image
from test_pictures_on_disk import ZIPS

from proof import Case, Facts, array_facts
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.data.loaded import LoadedDataset
from rethinking.data.readers import (
    cifar10,
    cifar10_animals,
    cifar10_cat_dog_horse,
    digits,
    fashion_mnist,
    image_folder,
    mnist,
    noisy_line,
)
from rethinking.data.splits import validation_split
from rethinking.files import read_json, sha256
from rethinking.stages.prepare import prepare
from rethinking.stages.split import split

ORIENTATION = 274  # the tag of EXIF
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


def source_facts(source: LoadedDataset) -> Facts:
    """The four arrays and the classes of a data set."""
    return {name: array_facts(getattr(source, name)) for name in ARRAYS} | {"classes": list(source.classes)}


def _written(folder: Path, files: Mapping[str, bytes]) -> dict[str, Path]:
    """Files by name, written into a folder."""
    picture_archives.in_folder(folder, dict(files))
    return {name: folder / name for name in files}


# -- readers: one case at least for each module in workflow/rethinking/data/readers, named after it --------------------


def _mnist(folder: Path, reader: Any, zipped: bool) -> Facts:
    files = official_layout.mnist_files()
    if zipped:
        files = {f"{name}.gz": gzip.compress(data, 1) for name, data in files.items()}
    return source_facts(reader.read(_written(folder, files)))


def _cifar10(folder: Path, reader: Any, zipped: bool) -> Facts:
    files = official_layout.cifar_files()
    if zipped:
        files = {cifar10.ARCHIVE: official_layout.archive(files)}
    return source_facts(reader.read(_written(folder, files)))


def _pictures(folder: Path, parts: tuple[str, ...], options: Mapping[str, Any], look: Mapping[str, Any]) -> Facts:
    root = picture_archives.in_folder(folder / "pictures", picture_archives.faces(9, parts, **look))
    return source_facts(image_folder.read({}, path=root, **options))


def _zipped_pictures(folder: Path) -> Facts:
    archive = {"faces.zip": picture_archives.zipped(picture_archives.faces(3))}
    return source_facts(image_folder.read(_written(folder, archive), folder="afhq"))


def _names_in_a_zip(folder: Path, maker: str) -> Facts:
    """Classes with letters beyond ASCII, and a Mac's folder beside them, in a ZIP as some program writes it."""
    given = {name.replace("cat", "Kätzchen"): data for name, data in picture_archives.faces(3, ("",)).items()}
    given |= {f"__MACOSX/{name}": b"" for name in given}
    archive = ZIPS[maker](given)
    return source_facts(image_folder.read(_written(folder, {"faces.zip": archive}), test_share=0.4))


def _as_a_camera_and_a_nas_leave_them(folder: Path) -> Facts:
    """Pictures that lie on their side, and thumbnails of them among them."""
    files = picture_archives.faces(5, ("",))
    for number, (name, data) in enumerate(list(files.items())):
        exif = Image.Exif()
        exif[ORIENTATION] = 1 + number % 8
        Image.open(io.BytesIO(data)).save(buffer := io.BytesIO(), "PNG", exif=exif)
        files[name] = buffer.getvalue()
        files[f"{Path(name).parent}/@eaDir/{Path(name).name}"] = data
    return source_facts(image_folder.read({}, path=picture_archives.in_folder(folder / "pictures", files)))


READERS: dict[str, Case] = {
    "digits": lambda folder: source_facts(digits.read({})),
    "noisy_line": lambda folder: source_facts(noisy_line.read({})),
    "mnist": partial(_mnist, reader=mnist, zipped=False),
    "mnist, gzipped": partial(_mnist, reader=mnist, zipped=True),
    "fashion_mnist": partial(_mnist, reader=fashion_mnist, zipped=True),
    "cifar10": partial(_cifar10, reader=cifar10, zipped=True),
    "cifar10, unpacked": partial(_cifar10, reader=cifar10, zipped=False),
    "cifar10_animals": partial(_cifar10, reader=cifar10_animals, zipped=True),
    "cifar10_cat_dog_horse": partial(_cifar10, reader=cifar10_cat_dog_horse, zipped=True),
    "image_folder": partial(_pictures, parts=("train", "val"), options={}, look={}),
    "image_folder, split": partial(_pictures, parts=("",), options={}, look={}),
    "image_folder, test_share": partial(_pictures, parts=("",), options={"test_share": 0.4}, look={}),
    "image_folder, image_size": partial(
        _pictures, parts=("train", "test"), options={"image_size": 6}, look={"size": (13, 9)}
    ),
    "image_folder, image_size, upright": partial(
        _pictures, parts=("train", "test"), options={"image_size": 6}, look={"size": (9, 14)}
    ),
    "image_folder, grey": partial(_pictures, parts=("",), options={"channels": 1}, look={"mode": "L"}),
    "image_folder, transparent": partial(_pictures, parts=("",), options={}, look={"mode": "RGBA"}),
    "image_folder, turned and with leftovers": _as_a_camera_and_a_nas_leave_them,
    "image_folder, folder": _zipped_pictures,
    **{f"image_folder, a ZIP by {maker}": partial(_names_in_a_zip, maker=maker) for maker in ZIPS},
}


# -- prepare and split ------------------------------------------------------------------------------------------------


def _prepared(folder: Path, **changes: Any) -> Facts:
    whole = {"reader": "digits", "image_size": None, "channels": None, "train": None, "test": None, "seed": 0}
    prepare("digits", whole | changes, None, folder)
    classes = read_json(folder / "manifest.json")["classes"]
    return source_facts(
        LoadedDataset(**{name: np.load(folder / f"{name}.npy") for name in ARRAYS}, classes=tuple(classes))
    )


def _split(folder: Path, seed: int) -> Facts:
    train, validation = validation_split(50, 12, seed)
    return {"train": array_facts(train), "validation": array_facts(validation)}


def _stratified(folder: Path) -> Facts:
    _prepared(folder / "data", train=50, test=20)
    split({"dataset": "digits", "validation": 20, "seed": 3, "stratified": True}, folder / "data", folder / "split")
    return {part: array_facts(np.load(folder / f"split/{part}_indices.npy")) for part in ("train", "validation")}


PREPARED: dict[str, Case] = {
    "prepare, a subset": partial(_prepared, train=123, test=37),
    "prepare, a subset of another seed": partial(_prepared, train=123, test=37, seed=5),
    "prepare, larger": partial(_prepared, train=20, test=20, image_size=14),
    "prepare, smaller": partial(_prepared, train=20, test=20, image_size=5),
    "prepare, three channels": partial(_prepared, train=20, test=20, channels=3),
    "split, seed 0": partial(_split, seed=0),
    "split, seed 3": partial(_split, seed=3),
    "split, stratified": _stratified,
}


# -- corruptions: each with each value of each of its options ---------------------------------------------------------


def _corrupted(folder: Path, family: str, seed: int = 0, **arguments: Any) -> Facts:
    entry = CORRUPTIONS[family]
    rng = np.random.default_rng(7)
    clean: dict[str, np.ndarray] = {
        "train_images": rng.integers(0, 256, (60, 5, 6, 3), dtype=np.uint8),
        "test_images": rng.integers(50, 200, (20, 5, 6, 3), dtype=np.uint8),
        "train_labels": rng.integers(0, 10, 60),
    }
    if family == "human_labels":
        columns = test_human_labels.content(60)
        clean["train_labels"] = columns["clean_label"]
        path = test_human_labels.saved(folder / "human.pt", columns)
        arguments |= {"path": path, "subset": test_human_labels.WHOLE}
    if entry.is_label_noise:
        arguments["num_classes"] = 10
    if entry.of_file:
        path = folder / "labels.csv"
        path.write_text("label\n" + "\n".join(f"class {label}" for label in rng.integers(0, 10, 60)) + "\n")
        arguments |= {"path": path, "digest": sha256(path), "classes": [f"class {number}" for number in range(10)]}
    made = entry.load()(*(clean[name] for name in entry.changes), seed=seed, **arguments)
    arrays = {name: array_facts(array) for name, array in made.arrays.items()}
    return arrays | {"redrawn": made.redrawn, "changed": made.changed}


def _corruptions() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for family, entry in CORRUPTIONS.items():
        for values in itertools.product(*entry.options.values()):
            options = dict(zip(entry.options, values, strict=True))
            given = [{"level": level, **options} for level in (0.3, 1.0)] if entry.has_level else [options]
            for seed, arguments in itertools.product((0, 4), given):
                words = [f"{key} {value}" for key, value in arguments.items()]
                cases[", ".join([family, *words, f"seed {seed}"])] = partial(
                    _corrupted, family=family, seed=seed, **arguments
                )
    return cases


CASES: dict[str, Case] = READERS | PREPARED | _corruptions()
