"""A walk over the registry: every corruption does its work by its command line, on data sets that are not alike.

One that is new is walked as well; what it lacks is told with the file that it belongs in.
"""

import inspect
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_human_labels

from rethinking import files
from rethinking.analysis.corrupted_test_labels import EXPECTED
from rethinking.data.corruptions import people
from rethinking.data.corruptions.registry import CORRUPTIONS, IMAGES, LABELS, Corruption
from rethinking.names import corruption_name
from rethinking.stages import corrupt

# Height, width and channels of the images, how often each class is among the training labels.
DATASETS = {
    "grey, ten even classes": ((8, 8, 1), [6] * 10),
    "wide, three uneven classes": ((5, 9, 3), [40, 9, 3]),
    "coloured, two classes": ((6, 6, 3), [25, 25]),
}


def file_of_human_labels(folder: Path, labels: np.ndarray) -> Path:
    """A file in the layout of CIFAR-10N whose clean labels are the data set's; people always say the first class."""
    columns = {people.CLEAN: labels} | dict.fromkeys(people.COLUMNS.values(), np.zeros_like(labels))
    return test_human_labels.saved(folder / "labels.pt", columns)


def file_of_labels(folder: Path, labels: np.ndarray) -> Path:
    """A file that gives every image the first class."""
    (path := folder / "labels.csv").write_text("label\n" + "class 0\n" * len(labels))
    return path


# What the corruptions that take a file (`path`) read, written for a data set's training labels.
FILES: dict[str, Callable[[Path, np.ndarray], Path]] = dict.fromkeys(
    ("human_labels", "class_noise"), file_of_human_labels
) | {"given_labels": file_of_labels}
DRAWS_NOTHING = {"human_labels", "given_labels"}  # corruptions that are the same with every seed

CASES = [
    (family, dict(zip(entry.options, values, strict=True)))
    for family, entry in CORRUPTIONS.items()
    for values in itertools.product(*entry.options.values())
]


def a_data_set(folder: Path, shape: tuple[int, ...], counts: list[int]) -> Path:
    """A prepared data set of random images; half as many test images as training images."""
    rng = np.random.default_rng(3)
    train = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    test = train[: len(train) // 2]
    images = {f"{part}_images": (len(labels), *shape) for part, labels in (("train", train), ("test", test))}
    arrays = {name: rng.integers(0, 256, whole, dtype=np.uint8) for name, whole in images.items()}
    arrays |= {"train_labels": train, "test_labels": test}
    manifest = {
        "dataset": "some",
        "classes": [f"class {number}" for number in range(len(counts))],
        "class_counts": {"train": counts, "test": np.bincount(test, minlength=len(counts)).tolist()},
        "arrays": {name: files.save_array(folder / f"{name}.npy", array) for name, array in arrays.items()},
    }
    files.write_json(folder / "manifest.json", manifest)
    return folder


def job_of(family: str, entry: Corruption, options: dict[str, str], seed: int) -> dict[str, Any]:
    level = 0.5 if entry.has_level else None
    variant = f"{family}-{options[entry.named_by]}" if entry.named_by else family
    given = {"name": corruption_name(variant, level), "family": family, "level": level, "options": options}
    return {"dataset": "some", "corruption": given, "seed": seed, "subset": {"size": None, "seed": 0}}


def file_options(family: str, data: Path) -> list[str]:
    """The option that names the file that a corruption reads, or its folder, where it reads one."""
    if "path" not in inspect.signature(CORRUPTIONS[family].load()).parameters:
        return []
    assert family in FILES, f"{family} reads a file: add one to FILES in tests/{Path(__file__).name}"
    folder = data.parent / "downloaded"
    folder.mkdir(exist_ok=True)
    path = FILES[family](folder, np.load(data / "train_labels.npy"))
    if CORRUPTIONS[family].of_file:
        return ["--labels", str(path)]
    expected = {path.name: {"bytes": path.stat().st_size, "sha256": files.sha256(path)}}
    files.write_json(folder / "manifest.json", {"files": expected})
    return ["--downloaded", str(folder)]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("shape", "counts"), DATASETS.values(), ids=DATASETS)
@pytest.mark.parametrize(("family", "options"), CASES, ids=[" ".join([name, *given.values()]) for name, given in CASES])
def test_every_corruption_writes_the_same_bytes_again_on_every_kind_of_data_set(
    family, options, shape, counts, tmp_path
):
    entry, data = CORRUPTIONS[family], a_data_set(tmp_path / "data", shape, counts)
    clean, file = contents(data), file_options(family, data)
    for name, seed in (("once", 4), ("again", 4), ("other", 5)):
        job = job_of(family, entry, options, seed)
        if entry.of_file:
            job["corruption"]["sha256"] = files.sha256(file[1])
        corrupt.main(["--job", json.dumps(job), "--data", str(data), *file, "--out", str(tmp_path / name)])
    assert contents(data) == clean
    assert contents(tmp_path / "once") == contents(tmp_path / "again")
    for name in entry.changes:
        made, before, other = (np.load(tmp_path / each / f"{name}.npy") for each in ("once", "data", "other"))
        assert made.shape == before.shape
        assert made.tobytes() != before.tobytes()
        drawn = family not in DRAWS_NOTHING
        assert (made.tobytes() != other.tobytes()) == drawn, (
            f"{family} is {'the same' if drawn else 'another'} with another seed: does it belong in DRAWS_NOTHING"
            f" of tests/{Path(__file__).name}?"
        )
        if name in LABELS:
            assert made.dtype == np.int64
            assert set(made.tolist()) <= set(range(len(counts)))
    assert {path.stem for path in (tmp_path / "once").iterdir()} == {"manifest", *entry.changes}


@pytest.mark.parametrize("family", CORRUPTIONS)
def test_every_corruption_has_a_module_of_its_own_called_like_it(family):
    """So that nothing is made again where another one is added or changed."""
    entry = CORRUPTIONS[family]
    own = f"rethinking.data.corruptions.{family}"
    assert (entry.module, entry.function) == (own, family), (
        f"{family} belongs in a module of its own: workflow/{own.replace('.', '/')}.py, a function {family}"
    )


@pytest.mark.parametrize("family", CORRUPTIONS)
def test_every_corruption_changes_what_a_rule_writes(family):
    changes = CORRUPTIONS[family].changes
    assert changes in (LABELS, IMAGES), f"no rule writes {', '.join(changes)}: add one to workflow/rules/corrupt.smk"


@pytest.mark.parametrize("family", CORRUPTIONS)
def test_every_corruption_says_what_is_expected_of_test_labels_corrupted_alike_or_that_nothing_is(family):
    expected = CORRUPTIONS[family].error_on_alike
    assert expected is None or expected in EXPECTED, (
        f"{family}: error_on_alike = {expected!r} is no name in EXPECTED: add a function to it in"
        " workflow/rethinking/analysis/corrupted_test_labels.py, or say None"
    )


def test_a_corruption_that_does_not_say_what_is_expected_cannot_be_registered():
    with pytest.raises(TypeError, match="error_on_alike"):
        Corruption(module="any", function="any", description="any", changes=LABELS)  # pyright: ignore[reportCallIssue]
