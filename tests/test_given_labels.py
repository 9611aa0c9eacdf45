"""Labels of one's own in the place of the true ones: read from a CSV or .npy, checked, an input of what needs them."""

import csv
import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from picture_archives import picture
from test_reruns import MLP, corrupt, train
from tiny_workflow import TINY, Checkout, with_corruptions

from rethinking import files, owners
from rethinking.__main__ import main
from rethinking.config import Configuration, jobs
from rethinking.data.corruptions.given_labels import given_labels, read
from rethinking.schema import ConfigurationError

CLASSES = ["cat", "dog", "wild"]
TRUE = np.array([0, 1, 2, 2, 1, 0])
GIVEN = np.array([0, 2, 2, 1, 1, 0])  # two of the six are others
NAMES = [CLASSES[label] for label in GIVEN]


def saved(folder: Path, content: Any, name: str = "labels.csv") -> Path:
    """A file of text, bytes, or what NumPy writes."""
    path = folder / name
    if isinstance(content, str):
        path.write_bytes(content.encode())
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)
    return path


def lines(values: Any, end: str = "\n") -> str:
    return "".join(f"{value}{end}" for value in values)


def made(path: Path, classes: list[str] = CLASSES) -> Any:
    digest = files.sha256(path)
    return given_labels(TRUE, path=path, digest=digest, classes=classes, num_classes=len(classes), seed=3)


# -- what a file may be ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (lines(GIVEN), "labels.csv"),
        (lines(NAMES), "labels.csv"),
        (lines(["label", *NAMES]), "with a heading.csv"),
        (lines(["Labels", *GIVEN]), "labels.CSV"),
        ("\ufeff" + lines(["label", *NAMES]), "labels.csv"),
        (lines(NAMES, "\r\n"), "labels.csv"),
        (lines(NAMES).strip(), "labels.csv"),
        (lines(NAMES) + "\n\r\n", "labels.csv"),
        (lines(f'"{name}"' for name in NAMES), "labels.csv"),
        (lines(f" {name}\t" for name in NAMES), "labels.csv"),
        (GIVEN, "labels.npy"),
        (GIVEN.astype(np.uint8), "labels.npy"),
        (GIVEN.astype(">i4"), "labels.npy"),
        (np.array(NAMES), "labels.npy"),
    ],
)  # fmt: skip
def test_names_and_numbers_in_either_form_are_the_labels_and_their_share_is_counted(content, name, tmp_path):
    corrupted = made(saved(tmp_path, content, name))
    labels = corrupted.arrays["train_labels"]
    assert labels.dtype == np.int64
    assert labels.tolist() == GIVEN.tolist()
    assert (corrupted.changed, corrupted.redrawn) == (2 / 6, None)


def test_names_with_commas_quotes_and_accents_are_read_as_a_spreadsheet_writes_them(tmp_path):
    classes = ["T-shirt, top", 'the "other"', "Krähe"]
    with open(tmp_path / "labels.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["label"], *([classes[label]] for label in GIVEN)])
    assert made(tmp_path / "labels.csv", classes).arrays["train_labels"].tolist() == GIVEN.tolist()


def test_numbers_are_those_of_the_classes_where_these_are_called_by_them(tmp_path):
    path = saved(tmp_path, lines(GIVEN))
    assert made(path, ["0", "1", "2"]).arrays["train_labels"].tolist() == GIVEN.tolist()
    with pytest.raises(ValueError, match=r"holds numbers, and class 0 is called '1': which is meant\? Save places as"):
        made(path, ["1", "2", "3"])
    assert made(saved(tmp_path, GIVEN, "labels.npy"), ["1", "2", "3"]).arrays["train_labels"].tolist() == GIVEN.tolist()


# -- what it may not be ------------------------------------------------------------------------------------------------


class Anything:
    """What a pickle could bring with it."""

    def __reduce__(self) -> Any:
        return print, ("run",)


BAD: dict[str, tuple[Any, str, str]] = {
    "empty": ("", "labels.csv", "holds no label"),
    "a heading alone": ("label\n", "labels.csv", "holds no label"),
    "an empty line": ("0\n\n1\n", "labels.csv", "label 2: '' is no whole number from 0 on, as label 1 is"),
    "blanks": ("0\n  \n1\n", "labels.csv", "label 2: '' is no whole number"),
    "two columns": ("index,label\n0,1\n", "labels.csv", "labels.csv:1: has 2 columns; needs one"),
    "a negative number": ("0\n-1\n", "labels.csv", "label 2: '-1' is no whole number"),
    "a fraction": ("0\n1.5\n", "labels.csv", "label 2: '1.5' is no whole number"),
    "whole numbers as pandas writes them": (
        "0.0\n1.0\n",
        "labels.csv",
        "label 1: '0.0' is no class's name, nor its number, whole from 0 on",
    ),
    "no number": ("0\nNaN\n", "labels.csv", "label 2: 'NaN' is no whole number"),
    "infinity": ("cat\ninf\n", "labels.csv", "label 2: 'inf' is no class's name"),
    "an open quote": ('cat\n"dog\ncat\n', "labels.csv", "is no CSV (unexpected end of data)"),
    "names without one": ("cat\n\ndog\n", "labels.csv", "label 2: '' is no class's name, nor its number"),
    "UTF-16": ("cat\n".encode("utf-16"), "labels.csv", "is UTF-16; save it as UTF-8"),
    "Latin-1": ("cat\nKrähe\n".encode("latin-1"), "labels.csv", "labels.csv:2: is not UTF-8"),
    "a spreadsheet": (b"PK\x03\x04", "labels.xlsx", "must be a .csv or a .npy file"),
    "no suffix": ("0\n", "labels", "must be a .csv or a .npy file"),
    "fractions as an array": (GIVEN.astype(float), "labels.npy", "holds float64 of shape (6,); needs whole numbers"),
    "NaN as an array": (np.array([0, np.nan]), "labels.npy", "holds float64 of shape (2,); needs whole numbers"),
    "truths": (GIVEN > 0, "labels.npy", "holds bool of shape (6,)"),
    "a row": (GIVEN[None], "labels.npy", "holds int64 of shape (1, 6)"),
    "one number": (np.array(3), "labels.npy", "holds int64 of shape ()"),
    "structures": (np.zeros(6, [("label", int)]), "labels.npy", "needs whole numbers or text"),
    "objects": (np.array([0, "cat", Anything()], object), "labels.npy", "is no array of numbers or text in NumPy's"),
    "a pickle": (pickle.dumps(Anything()), "labels.npy", "is no array of numbers or text in NumPy's format"),
    "a negative number in an array": (GIVEN - 1, "labels.npy", "classes are numbered from 0, found -1..1"),
    "a number that no int64 holds": (np.array([2**63], np.uint64), "labels.npy", "found 9223372036854775808.."),
    "a torn array": (b"\x93NUMPY\x01\x00v\x00{'descr'", "labels.npy", "is no array of numbers or text"),
    "numbers as text in an array": (np.array(["1", "two"]), "labels.npy", "label 2: 'two' is no whole number"),
    "nothing": (b"", "labels.npy", "is no array of numbers or text"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_of_anything_else_is_refused_by_name_and_place_and_nothing_in_it_is_run(kind, tmp_path, capsys):
    content, name, message = BAD[kind]
    path = saved(tmp_path, content, name)
    with pytest.raises(ValueError, match=re.escape(message)) as told:
        read(path)
    assert str(told.value).startswith(str(path))
    assert capsys.readouterr().out == ""


def test_a_larger_array_than_its_header_says_is_refused(tmp_path):
    path = saved(tmp_path, GIVEN, "labels.npy")
    path.write_bytes(path.read_bytes().replace(b"(6,)", b"(9,)"))
    with pytest.raises(ValueError, match=r"labels\.npy: is no array"):
        read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lines(["cat", "dgo"]), "label 2: unknown class 'dgo'; did you mean 'dog'?"),
        (lines(["Cat"]), "label 1: unknown class 'Cat'; did you mean 'cat'?"),
        (lines(["tree"]), "label 1: unknown class 'tree'; known: cat, dog, wild"),
        (lines([3]), "label 1: 3 is the number of no class; they are 0..2"),
        (lines(NAMES[:5]), "holds 5 labels for 6 training images"),
        (lines([*NAMES, "cat"]), "holds 7 labels for 6 training images"),
    ],
)
def test_a_class_that_there_is_not_and_more_or_fewer_labels_are_refused(content, message, tmp_path):
    with pytest.raises(ValueError, match=rf"labels\.csv: .*{re.escape(message)}"):
        made(saved(tmp_path, content))


def test_a_file_that_changes_before_the_job_reads_it_is_refused(tmp_path):
    path = saved(tmp_path, lines(GIVEN))
    digest = files.sha256(path)
    saved(tmp_path, lines(GIVEN[::-1]))
    with pytest.raises(ValueError, match=r"labels\.csv: has changed since it was first read \(its sha256 is"):
        given_labels(TRUE, path=path, digest=digest, classes=CLASSES, num_classes=3, seed=0)


# -- what a configuration says -----------------------------------------------------------------------------------------


def fifty(labels: Any = range(50)) -> str:
    """Labels of the tiny configuration's 50 training images."""
    return lines(label % 10 for label in labels)


def test_the_job_has_the_file_s_digest_and_not_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = saved(tmp_path, fifty(), "my labels.csv")
    made = with_corruptions({"mine": {"family": "given_labels", "path": "my labels.csv"}}, "mine")
    job = jobs.corruption_job(made, "digits-50", "mine", 0)
    expected = {"name": "mine", "family": "given_labels", "level": None, "options": {}, "sha256": files.sha256(path)}
    assert job == {"dataset": "digits-50", "corruption": expected, "seed": 0}
    assert jobs.labels_file(made, "mine") == "my labels.csv", "as the working folder has it, which may be anywhere"
    assert jobs.labels_file(made, "random_labels-0.5") is None


@pytest.mark.parametrize("variant", [{"path": "labels.csv"}, {"family": "given_labels", "path": "labels.csv"}])
def test_a_registered_name_needs_no_family(variant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, fifty())
    made = with_corruptions({"given_labels": variant}, "given_labels")
    assert jobs.corruption_job(made, "digits-50", "given_labels", 0)["corruption"]["family"] == "given_labels"
    assert jobs.labels_file(made, "given_labels") == "labels.csv"


FILE = {"family": "given_labels", "path": "labels.csv"}
PANEL = "figures.fig1.panels.learning_curves.corruptions[1]"


@pytest.mark.parametrize(
    ("variants", "corruption", "content", "message"),
    [
        ({"mine": FILE}, "true_labels", None,
         'corruptions.mine.path = "labels.csv": there is no such file (looked in '),
        ({"mine": FILE | {"path": "."}}, "true_labels", None, 'corruptions.mine.path = ".": is no file'),
        ({"mine": FILE | {"path": "/dev/zero"}}, "true_labels", None, '.mine.path = "/dev/zero": is no file'),
        ({"mine": FILE | {"path": "a {seed}.csv"}}, "true_labels", None, "is taken for a wildcard"),
        ({"mine": FILE | {"path": ""}}, "true_labels", None, 'corruptions.mine.path = "": '),
        ({"mine": FILE | {"path": "x" * 300}}, "true_labels", None, "is no usable path (File name too long)"),
        ({"mine": FILE | {"path": 3}}, "true_labels", None, "corruptions.mine.path = 3: must be text"),
        ({"mine": {"family": "given_labels"}}, "true_labels", None,
         "corruptions.mine: the key 'path' is missing, a file of labels"),
        ({"mine": {"path": "labels.csv"}}, "true_labels", fifty(), "corruptions.mine: the key 'family' is missing"),
        ({"mine": {"family": "shuffled_labels", "path": "labels.csv"}}, "true_labels", fifty(),
         'corruptions.mine.path = "labels.csv": unknown option of shuffled_labels'),
        ({"mine": FILE | {"unit": "value"}}, "true_labels", fifty(),
         'corruptions.mine.unit = "value": unknown option of given_labels'),
        ({"mine": FILE}, "true_labels", "0\nnan\n", 'corruptions.mine.path = "labels.csv": '),
        ({"mine": FILE}, "mine", fifty(range(49)), f'{PANEL} = "mine": '),
        ({"mine": FILE}, "mine", lines([*[0] * 49, 10]), "labels.csv: label 50: 10 is the number of no class"),
        ({"mine": FILE}, "mine", lines([*["o"] * 49, "l"]), "labels.csv: label 1: unknown class 'o'; known: 0, 1, 2"),
        ({"mine": FILE}, "mine-0.5", fifty(), f'{PANEL} = "mine-0.5": takes no level; write mine'),
        ({}, "given_labels", None,
         f'{PANEL} = "given_labels": needs a file of labels: corruptions: {{given_labels: {{family: given_labels, '),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_any_job_with_file_and_key(
    variants, corruption, content, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        saved(tmp_path, content)
    with pytest.raises(ConfigurationError) as refused:
        with_corruptions(variants, corruption)
    assert str(refused.value).startswith("mine.yaml: ")
    assert message in str(refused.value)


def test_names_of_classes_that_are_known_beforehand_are_checked_beforehand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("cat", "dgo"):
        for part in ("train", "test"):
            (tmp_path / "pictures" / part / name).mkdir(parents=True)
            (tmp_path / "pictures" / part / name / "1.png").write_bytes(picture(1))
    saved(tmp_path, lines(["cat", "dog"]))
    values = yaml.safe_load(TINY)
    values["corruptions"] = {"mine": FILE}
    values["datasets"]["two"] = {"reader": "image_folder", "path": "pictures"}
    made = Configuration.of_layers("mine.yaml", {"mine.yaml": values})
    with pytest.raises(ConfigurationError, match=r"labels\.csv: label 2: unknown class 'dog'; did you mean 'dgo'\?"):
        made.run("two", MLP, "mine", "quick", 0)
    made.datasets["two"]["class_names"] = None  # as of an archive that is not here yet
    assert made.run("two", MLP, "mine", "quick", 0).corruption == "mine"


def test_as_many_names_as_classes_are_asked_for():
    values = yaml.safe_load(TINY)
    values["datasets"]["digits-50"]["class_names"] = ["even", "odd"]
    with pytest.raises(ConfigurationError, match=r"digits-50\.class_names = .*: the original has 10 classes"):
        Configuration.of_layers("mine.yaml", {"mine.yaml": values})


def test_a_regression_and_a_recipe_that_redraws_take_no_given_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, fifty())
    made = with_corruptions({"mine": FILE})
    made.recipes["numbers"] = made.recipes["quick"] | {"whitening": "none"}
    with pytest.raises(ConfigurationError, match="a regression, has neither"):
        made.run("noisy_line", "toy_regression", "mine", "numbers", 0)
    made.recipes["quick"]["redraw_labels_after"] = [1]
    with pytest.raises(ConfigurationError, match="redraws labels; that needs random_labels-P"):
        made.run("digits-50", MLP, "mine", "quick", 0)


def test_two_configurations_of_different_files_do_not_replace_each_other_s_labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = []
    for shift in (0, 1):
        saved(tmp_path, fifty(range(shift, 50 + shift)))
        made.append(owners.of_corruption(with_corruptions({"mine": FILE}, "mine"), "digits-50", "mine", 0))
    assert made[0] != made[1]
    saved(tmp_path, fifty(), "moved.csv")
    moved = with_corruptions({"mine": FILE | {"path": "moved.csv"}}, "mine")
    assert owners.of_corruption(moved, "digits-50", "mine", 0) == made[0]


def test_pictures_of_a_data_set_show_given_labels_where_these_are_its(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved(tmp_path, fifty())
    made = with_corruptions({"mine": FILE})
    made.samples["corruptions"] = ["true_labels", "mine"]
    assert jobs.sampled(made, "digits-50") == ["true_labels", "mine"]
    assert jobs.sampled(made, "digits") == ["true_labels"]


# -- as they are run ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("torch_as_it_was")
def test_a_run_by_hand_learns_the_given_labels_and_says_how_many_differ(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = yaml.safe_load(TINY) | {"corruptions": {"mine": FILE}}
    Path("mine.yaml").write_text(yaml.safe_dump(values))
    saved(tmp_path, fifty())
    options = ["--dataset", "digits-50", "--model", MLP, "--corruption", "mine", "--recipe", "quick", "--out", "run"]
    assert main(["train", "--configfile", "mine.yaml", *options]) == 0
    (made,) = tmp_path.glob("results/by-hand/data/digits-50-*/mine-*/seed0")
    assert np.load(made / "train_labels.npy").tolist() == [number % 10 for number in range(50)]
    true = np.load(made.parents[1] / "train_labels.npy")
    manifest = files.read_json(made / "manifest.json")
    assert manifest["changed"] == (true != np.arange(50) % 10).mean() > 0
    assert manifest["sources"]["given_labels"] == files.sha256(Path("labels.csv"))


@pytest.mark.slow
def test_a_change_of_the_file_runs_again_what_depends_on_it_and_nothing_else(checkout: Checkout):
    target = f"results/runs/digits-50/{MLP}/mine/quick/seed0/run.json"
    depends = corrupt("corrupt_labels", "mine") | train([MLP], "mine")
    path = saved(checkout.folder, fifty(), "my labels.csv")
    checkout.configure(checkout.configuration() | {"corruptions": {"mine": FILE | {"path": path.name}}})
    assert checkout.run(target=target) == depends
    made = checkout / "results/data/digits-50/mine/seed0"
    true, given = np.load(made.parents[1] / "train_labels.npy"), np.load(made / "train_labels.npy")
    assert given.tolist() == [number % 10 for number in range(50)]
    assert files.read_json(made / "manifest.json")["changed"] == (true != given).mean()
    log = (checkout / "results/logs/corrupt/digits-50/mine/seed0.log").read_text()
    assert log == f"{(true != given).mean():.2%} of 50 training labels differ from the true ones\n"

    os.utime(path)
    path.rename(path := path.with_name("moved.csv"))
    checkout.configure(checkout.configuration() | {"corruptions": {"mine": FILE | {"path": path.name}}})
    assert checkout.jobs(target=target) == set(), "the same labels, later and elsewhere"
    before = path.stat()
    path.write_text(fifty([1, *range(1, 50)]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert checkout.jobs(target=target) == depends, "other labels, written at the same time"
    assert checkout.jobs() == set(), "and no figure"
