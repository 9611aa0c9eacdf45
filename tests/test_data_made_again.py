"""Data that are deleted and made again: finished runs stay, unless what the data are made from is another."""

import copy
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from official_layout import expected
from picture_archives import faces, zipped
from test_accept import make_accept
from test_reruns import (
    CURVES,
    INCEPTION,
    MLP,
    MODELS,
    PREPARE,
    RANDOM_LABELS,
    SHUFFLED_PIXELS,
    TABLES,
    TRAININGS,
    corrupt,
    job,
    jobs_of,
    train,
    with_code,
)
from tiny_workflow import Checkout, Jobs

from rethinking.config import CATALOGUE, CHECKOUT, DEFAULT, Configuration
from rethinking.files import read_json, save_array, write_json
from rethinking.provenance import train_data
from rethinking.schema import ConfigOrigins

ONE_LEVEL = corrupt("corrupt_labels", "random_labels-1.0") | train(MODELS, "random_labels-1.0")
ON_RANDOM_LABELS = train(MODELS, "random_labels-0.5")
ON_SHUFFLED_PIXELS = train([INCEPTION], "shuffled_pixels", "curves")


@pytest.fixture
def without_data(checkout: Checkout) -> Checkout:
    """A completed workflow whose data are deleted."""
    shutil.rmtree(checkout / "results/data")
    return checkout


def one_more_level(checkout: Checkout) -> None:
    checkout.edit("config/config.yaml", lambda text: text.replace("[0, 0.5]", "[0, 0.5, 1]"))


def run_files(checkout: Checkout) -> dict[str, bytes]:
    """All files of all runs; their seconds are others wherever a run was trained again."""
    found = (checkout / "results/runs").rglob("*")
    return {str(path.relative_to(checkout.folder)): path.read_bytes() for path in found if path.is_file()}


# -- nothing has changed -----------------------------------------------------------------------------------------------


def test_where_nothing_is_asked_of_them_deleted_data_are_not_missed(without_data):
    assert without_data.jobs() == set()


@pytest.mark.slow
def test_one_more_level_prepares_deleted_data_and_trains_that_level_alone(without_data):
    before = run_files(without_data)
    one_more_level(without_data)
    asked = PREPARE | ONE_LEVEL | TABLES
    assert without_data.jobs() == asked
    assert without_data.run() == asked
    assert before.items() <= run_files(without_data).items()
    assert without_data.jobs() == set()


def test_of_deleted_data_only_what_a_deleted_run_needs_is_made(without_data):
    run = without_data / f"results/runs/digits-50/{MLP}/random_labels-0.5/quick/seed0"
    (run / "run.json").unlink()
    assert without_data.jobs() == PREPARE | RANDOM_LABELS | train([MLP], "random_labels-0.5") | TABLES


def test_an_array_that_a_new_run_needs_is_made_again_and_no_other_run_is_trained_again(checkout):
    (checkout / "results/data/digits-50/train_images.npy").unlink()
    one_more_level(checkout)
    assert checkout.jobs() == PREPARE | RANDOM_LABELS | SHUFFLED_PIXELS | ONE_LEVEL | TABLES


@pytest.mark.parametrize("deleted", ["manifest.json", "random_labels-0.5/seed0/manifest.json", "shuffled_pixels"])
def test_a_part_of_the_data_that_is_deleted_trains_no_finished_run_again(deleted, checkout):
    path = checkout / "results/data/digits-50" / deleted
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    one_more_level(checkout)
    trained = {job for job in checkout.jobs() if job[0] == "train"}
    assert trained == train(MODELS, "random_labels-1.0")


@pytest.mark.slow
def test_manifests_that_come_out_the_same_within_a_call_train_nothing(checkout):
    before = run_files(checkout)
    manifest = checkout / "results/data/digits-50/manifest.json"
    content, made = manifest.read_bytes(), manifest.stat().st_mtime_ns
    assert checkout.run("--forcerun", "prepare") == PREPARE | RANDOM_LABELS | SHUFFLED_PIXELS
    assert manifest.read_bytes() == content
    assert manifest.stat().st_mtime_ns != made
    assert run_files(checkout) == before
    assert checkout.jobs() == set()


@pytest.mark.slow
def test_runs_that_are_forced_get_their_deleted_data(without_data):
    assert without_data.jobs("--forcerun", "train") >= PREPARE | RANDOM_LABELS | SHUFFLED_PIXELS | TRAININGS
    run = f"results/runs/digits-50/{MLP}/random_labels-0.5/quick/seed0/run.json"
    assert without_data.jobs("--force", target=run) == PREPARE | RANDOM_LABELS | train([MLP], "random_labels-0.5")
    assert without_data.jobs("--forcerun", "figure") == TABLES - job("aggregate", name="tiny", section="fig1")


@pytest.mark.slow
def test_results_are_accepted_without_their_data(without_data):
    without_data.edit("workflow/rethinking/engine/loop.py", with_code)
    accepted = make_accept(without_data)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    assert without_data.jobs() == TABLES
    one_more_level(without_data)
    assert without_data.jobs() == PREPARE | ONE_LEVEL | TABLES


# -- what the data are made from has changed ---------------------------------------------------------------------------


def set_value(*keys: str, to: Any) -> Callable[[Checkout], None]:
    def change(checkout: Checkout) -> None:
        configuration = checkout.configuration()
        section = configuration
        for key in keys[:-1]:
            section = section.setdefault(key, {})
        section[keys[-1]] = to
        checkout.configure(configuration)

    return change


def edit_code(file: str) -> Callable[[Checkout], None]:
    return lambda checkout: checkout.edit(f"workflow/rethinking/{file}", with_code)


EVERYTHING = RANDOM_LABELS | SHUFFLED_PIXELS | TRAININGS | TABLES
PIXELS = {"family": "shuffled_pixels", "unit": "value"}
CHANGES: dict[str, tuple[Callable[[Checkout], None], Jobs, Jobs]] = {
    # By what is edited: the jobs where the data are there, and those beside them where they are deleted.
    "number of images": (set_value("datasets", "digits-50", "train", to=45), PREPARE | EVERYTHING, set()),
    "size of images": (set_value("datasets", "digits-50", "image_size", to=12), PREPARE | EVERYTHING, set()),
    "seed of the subset": (set_value("datasets", "digits-50", "subset_seed", to=3), PREPARE | EVERYTHING, set()),
    "option of a corruption": (
        set_value("corruptions", "shuffled_pixels", to=PIXELS),
        SHUFFLED_PIXELS | ON_SHUFFLED_PIXELS | TABLES,
        PREPARE,
    ),
    "code of a corruption": (
        edit_code("data/corruptions/random_labels.py"),
        RANDOM_LABELS | ON_RANDOM_LABELS | TABLES,
        PREPARE,
    ),
    "code of all corruptions": (
        edit_code("stages/corrupt.py"),
        RANDOM_LABELS | SHUFFLED_PIXELS | ON_RANDOM_LABELS | ON_SHUFFLED_PIXELS | TABLES,
        PREPARE,
    ),
    "code of the preparation": (edit_code("data/prepare.py"), PREPARE | EVERYTHING, set()),
    "code of the reader": (edit_code("data/readers/digits.py"), PREPARE | EVERYTHING, set()),
    "code of another reader": (edit_code("data/readers/mnist.py"), set(), set()),
    "a recipe": (set_value("recipes", "curves", "epochs", to=3), CURVES | TABLES, PREPARE | SHUFFLED_PIXELS),
}


@pytest.mark.parametrize("edited", CHANGES)
@pytest.mark.slow
def test_an_edit_runs_exactly_what_depends_on_it_with_the_data_or_without(edited, checkout):
    change, jobs, data_jobs = CHANGES[edited]
    change(checkout)
    assert checkout.jobs() == jobs
    shutil.rmtree(checkout / "results/data")
    assert checkout.jobs() == jobs | data_jobs


@pytest.mark.slow
def test_a_run_is_trained_again_on_other_data_even_after_these_were_made_in_a_call_of_their_own(checkout):
    """Here they come out the same, which nobody knew."""
    edit_code("data/readers/digits.py")(checkout)
    assert checkout.run(target="results/data/digits-50/manifest.json") == PREPARE
    assert checkout.jobs() >= TRAININGS


LABELS_FILE = {"cifar10": {"human_labels": {"files": {"CIFAR-10_human.pt": {"sha256": "0" * 64}}}}}
ARCHIVE = {"cifar10": {"files": {"cifar-10-python.tar.gz": {"sha256": "0" * 64}}}}
VALIDATION = {"cifar10-1k": {"validation": 100}}
DEPENDS = ["cifar10-1k/true_labels", "cifar10-1k/human_labels-worse", "digits/true_labels", "mnist/random_labels-0.5"]


def merged(below: Any, over: Any) -> Any:
    """Mappings within mappings, the values of `over` before those of `below`."""
    if not isinstance(over, dict):
        return over
    return below | {key: merged(below.get(key, {}), value) for key, value in over.items()}


@pytest.mark.parametrize(
    ("edit", "depending"), [(LABELS_FILE, DEPENDS[1:2]), (ARCHIVE, DEPENDS[:2]), (VALIDATION, DEPENDS[:2]), ({}, [])]
)
def test_a_run_s_data_are_made_from_its_own_downloads_and_split(edit, depending):
    catalogue, values = (yaml.safe_load((CHECKOUT / file).read_text()) for file in (CATALOGUE, DEFAULT))
    before, after = (
        Configuration(copy.deepcopy(values), changed, ConfigOrigins("mine.yaml"))
        for changed in (copy.deepcopy(catalogue), merged(catalogue, edit))
    )

    def made_from(configuration: Configuration, name: str) -> str:
        dataset, corruption = name.split("/")
        return train_data(configuration, configuration.run(dataset, "mlp_1x512", corruption, "small", 0))

    assert [name for name in DEPENDS if made_from(before, name) != made_from(after, name)] == depending


# -- downloads ---------------------------------------------------------------------------------------------------------

OWN = ["mine", "mine-half"]
OWN_PREPARE = {name: job("prepare", dataset=name) for name in OWN}
DOWNLOAD = job("download", dataset="mine")


def own_run(name: str) -> str:
    return f"results/runs/{name}/{MLP}/true_labels/quick/seed0/run.json"


def own_train(name: str) -> Jobs:
    return job("train", dataset=name, model=MLP, corruption="true_labels", recipe="quick", seed="0")


@pytest.fixture
def downloaded(fresh_checkout: Checkout) -> Checkout:
    """A run of a data set of one's own, whose one file lay in data_dir; another data set is made of it as well."""
    archive = zipped(faces())
    (fresh_checkout / "originals").mkdir()
    (fresh_checkout / "originals/mine.zip").write_bytes(archive)
    known = {"urls": [], "bytes": len(archive), "sha256": expected(archive)["sha256"]}
    configuration = fresh_checkout.configuration()
    configuration["data_dir"] = "originals"
    source = {"image_size": 8, "channels": 3, "train": 12, "test": 12, "classes": 3}
    entry = {"reader": "image_folder", "folder": "afhq", "original": source, "files": {"mine.zip": known}}
    configuration["datasets"] |= {"mine": entry, "mine-half": {"extends": "mine", "train": 6}}
    fresh_checkout.configure(configuration)
    assert fresh_checkout.run(target=own_run("mine")) == DOWNLOAD | OWN_PREPARE["mine"] | own_train("mine")
    return fresh_checkout


def both(checkout: Checkout, *options: str) -> Jobs:
    """The jobs that a dry run finds for the runs of both data sets."""
    return jobs_of(checkout, map(own_run, OWN), *options)


@pytest.mark.slow
def test_a_deleted_download_is_made_again_for_a_new_data_set_and_no_finished_run_is_trained_again(downloaded):
    shutil.rmtree(downloaded / "results/downloads")
    assert downloaded.jobs(target=own_run("mine")) == set()
    new = OWN_PREPARE["mine-half"] | own_train("mine-half")
    assert both(downloaded) == DOWNLOAD | OWN_PREPARE["mine"] | new
    shutil.rmtree(downloaded / "results/data")
    assert both(downloaded) == DOWNLOAD | new


@pytest.mark.slow
def test_another_hash_runs_everything_made_of_that_download(downloaded):
    other = zipped(faces(num=4, size=(8, 8), suffix="jpg"))
    (downloaded / "originals/mine.zip").write_bytes(other)
    configuration = downloaded.configuration()
    known = configuration["datasets"]["mine"]["files"]["mine.zip"]
    configuration["datasets"]["mine"]["files"]["mine.zip"] = known | {
        "bytes": len(other),
        "sha256": expected(other)["sha256"],
    }
    downloaded.configure(configuration)
    everything = DOWNLOAD | OWN_PREPARE["mine"] | own_train("mine")
    assert downloaded.jobs(target=own_run("mine")) == everything
    shutil.rmtree(downloaded / "results")
    assert downloaded.jobs(target=own_run("mine")) == everything


# -- data that came out otherwise --------------------------------------------------------------------------------------


def replace_array(folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Another array and a manifest that agrees with it, as another version of a library would leave them."""
    manifest = read_json(folder / "manifest.json")
    manifest["arrays"][name] = save_array(folder / f"{name}.npy", change(np.load(folder / f"{name}.npy")))
    write_json(folder / "manifest.json", manifest)


@pytest.mark.slow
def test_runs_on_data_that_came_out_otherwise_are_not_put_beside_those_from_before(checkout):
    before = run_files(checkout)
    replace_array(checkout / "results/data/digits-50", "test_images", lambda images: 255 - images)
    one_more_level(checkout)
    refused = checkout.snakemake("--cores", "2", "--", "figures/fig1.pdf")
    assert refused.returncode != 0
    message = "test_images of digits-50 is one in digits-50/"
    assert message in refused.stdout + refused.stderr
    assert "the data were made again and came out otherwise" in refused.stdout + refused.stderr
    assert before.items() <= run_files(checkout).items(), "no run from before was written over"

    for run in {Path(name).parent for name in before}:
        shutil.rmtree(checkout / run)
    checkout.run()
    assert checkout.jobs() == set()


@pytest.mark.slow
def test_a_corruption_of_other_labels_than_those_there_is_refused_by_name(checkout):
    replace_array(checkout / "results/data/digits-50", "train_labels", lambda labels: labels[::-1])
    run = f"results/runs/digits-50/{MLP}/random_labels-0.5/quick/seed0"
    shutil.rmtree(checkout / run)
    os.utime(checkout / "results/data/digits-50/manifest.json", (0, 0))
    refused = checkout.snakemake("--cores", "1", "--", f"{run}/run.json")
    assert refused.returncode != 0
    folder = "results/data/digits-50/random_labels-0.5/seed0"
    message = (
        f"error: {folder}/manifest.json: made from another train_labels than that of digits-50 now; delete the folder"
    )
    assert message in refused.stdout + refused.stderr
    shutil.rmtree(checkout / folder)
    assert checkout.run(target=f"{run}/run.json") == RANDOM_LABELS | train([MLP], "random_labels-0.5")
