"""Downloads as users start them: Snakemake, the catalogue's own entries, and a loopback server for every mirror.

A copy of the checkout is told other addresses, sizes and hashes, nothing else; the files have the layout, names and
numbers of images of the official ones.
"""

import copy
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import loopback_server as web
import numpy as np
import pytest
import yaml
from official_layout import FOLDER, archive, cifar_arrays, cifar_files, expected, gzipped, mnist_files
from picture_archives import faces, zipped
from test_human_labels import saved
from tiny_workflow import Checkout

from rethinking import files
from rethinking.config import CATALOGUE
from rethinking.data.corruptions import people as human

CIFAR10, LABELS, MINE = "cifar-10-python.tar.gz", "CIFAR-10_human.pt", "mine.zip"
SMALL = ("--configfile", "config/cifar10-small.yaml")
Original = tuple[bytes, dict[str, bytes]]  # a file, and what it unpacks to


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Original]]:
    """Every file by the name of its download; few images that come again and again, so that they pack well."""
    batches = cifar_files(10_000, distinct=10)
    inner = {f"{FOLDER}/{name}": data for name, data in batches.items()}
    clean = np.concatenate([labels for _, labels in list(cifar_arrays(10_000, distinct=10).values())[:5]])
    columns = {human.CLEAN: clean} | dict.fromkeys(human.COLUMNS.values(), (clean + 1) % 10)
    labels = saved(tmp_path_factory.mktemp("human") / LABELS, columns).read_bytes()
    mnist = mnist_files(60_000, 10_000)
    return {
        "cifar10": {CIFAR10: (archive(batches), inner)},
        "cifar10/human_labels": {LABELS: (labels, {})},
        "mnist": {f"{name}.gz": (gzipped(data), {name: data}) for name, data in mnist.items()},
        "mine": {MINE: (zipped(faces()), {})},
    }


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[web.Loopback]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with web.loopback() as server:
        yield server


@pytest.fixture
def dead() -> Iterator[str]:
    with web.nobody() as address:
        yield address


def in_its_place(entry: dict[str, Any], original: Original, urls: list[str]) -> dict[str, Any]:
    """A file's entry with addresses, size and hashes replaced."""
    replaced = {"urls": urls, **expected(*original)}
    assert replaced.keys() == entry.keys()
    assert replaced.get("unpacked", {}).keys() == entry.get("unpacked", {}).keys()
    return replaced


class Mirrored:
    """A checkout whose catalogue names a loopback server's addresses: the first mirrors dead, the second ones good."""

    def __init__(self, checkout: Checkout, server: web.Loopback, dead: str, originals: dict[str, Any]) -> None:
        self.checkout, self.server, self.dead, self.originals = checkout, server, dead, originals
        self.shipped = yaml.safe_load((checkout / CATALOGUE).read_text())
        for download in ("cifar10", "cifar10/human_labels", "mnist"):
            for name, (data, _) in originals[download].items():
                server.serve(f"1/{download}/{name}", web.whole(data))
        self.catalogue(lambda place: f"{dead if place.startswith('0') else server.address}/{place}")

    def catalogue(self, address: Callable[[str], str]) -> None:
        """Write the shipped catalogue with the address of each place, such as 0/mnist/t10k-labels-idx1-ubyte.gz."""
        written = copy.deepcopy(self.shipped)
        entries = {
            "cifar10": written["cifar10"],
            "cifar10/human_labels": written["cifar10"]["human_labels"],
            "mnist": written["mnist"],
        }
        for download, entry in entries.items():
            for name, known in entry["files"].items():
                urls = [address(f"{index}/{download}/{name}") for index in range(len(known["urls"]))]
                entry["files"][name] = in_its_place(known, self.originals[download][name], urls)
        (self.checkout / CATALOGUE).write_text(yaml.safe_dump(written, sort_keys=False))

    def make(self, target: str, *options: str) -> set[str]:
        """Let Snakemake make a file, which must end well; the places that the server was asked for."""
        self.server.asked.clear()
        self.checkout.run(*options, target=target)
        return set(self.server.asked.elements())

    def labels(self, folder: str) -> np.ndarray:
        return np.load(self.checkout / "results/data" / folder / "train_labels.npy")


@pytest.fixture
def mirrored(fresh_checkout: Checkout, server: web.Loopback, dead: str, originals: dict[str, Any]) -> Mirrored:
    return Mirrored(fresh_checkout, server, dead, originals)


def test_cifar10_comes_from_its_second_mirror_by_the_first_command_of_the_readme(mirrored):
    target = "results/data/cifar10/manifest.json"
    assert mirrored.make(target, *SMALL) == {f"/1/cifar10/{CIFAR10}"}
    manifest = files.read_json(mirrored.checkout / target)
    assert manifest["arrays"]["train_images"]["shape"] == [50_000, 32, 32, 3]
    assert manifest["sources"] == {CIFAR10: expected(*mirrored.originals["cifar10"][CIFAR10])["sha256"]}
    first = cifar_arrays(10_000, distinct=10)["data_batch_1"][1]
    assert np.array_equal(mirrored.labels("cifar10")[:10_000], first)


def test_mirrors_are_tried_after_a_data_dir_that_lacks_the_file(mirrored):
    (mirrored.checkout / "mine").mkdir()
    target = "results/downloads/cifar10/manifest.json"
    assert mirrored.make(target, *SMALL, "--config", "data_dir=mine") == {f"/1/cifar10/{CIFAR10}"}
    log = (mirrored.checkout / "results/logs/download/cifar10.log").read_text().splitlines()
    assert log[0] == f"mine/{CIFAR10}: is not there"
    assert log[-2] == f"{mirrored.dead}/0/cifar10/{CIFAR10}: connection refused"
    assert log[-1].startswith(f"{mirrored.server.address}/1/cifar10/{CIFAR10}: ")


def test_of_mnist_the_mirrors_give_the_files_that_data_dir_lacks(mirrored):
    here, *lacking = mirrored.originals["mnist"]
    (mirrored.checkout / "mine").mkdir()
    (mirrored.checkout / "mine" / here).write_bytes(mirrored.originals["mnist"][here][0])
    asked = mirrored.make("results/data/mnist/manifest.json", *SMALL, "--config", "data_dir=mine")
    assert asked == {f"/1/mnist/{name}" for name in lacking}
    assert mirrored.labels("mnist").shape == (60_000,)


def test_peoples_labels_come_from_their_own_mirrors_and_are_written(mirrored):
    target = "results/data/cifar10-1k/human_labels-worse/seed0/manifest.json"
    assert mirrored.make(target, *SMALL) == {f"/1/cifar10/{CIFAR10}", f"/1/cifar10/human_labels/{LABELS}"}
    true = mirrored.labels("cifar10-1k")
    assert np.array_equal(mirrored.labels("cifar10-1k/human_labels-worse/seed0"), (true + 1) % 10)


def test_a_data_set_of_ones_own_comes_from_the_mirrors_of_its_entry(mirrored):
    data, _ = mirrored.originals["mine"][MINE]
    mirrored.server.serve("%7Bmine%7D'$HOME", web.whole(data))
    urls = [f"{mirrored.dead}/{MINE}", f"{mirrored.server.address}/{{mine}}'$HOME"]  # nothing to the shell, nor before
    original = {"image_size": 8, "channels": 3, "train": 12, "test": 12, "classes": 3}
    configuration = mirrored.checkout.configuration()
    configuration["datasets"]["mine"] = {
        "reader": "image_folder",
        "folder": "afhq",
        "original": original,
        "files": {MINE: {"urls": urls, **expected(data)}},
    }
    mirrored.checkout.configure(configuration, "mine.yaml")
    asked = mirrored.make("results/data/mine/manifest.json", "--configfile", "mine.yaml")
    assert asked == {"/%7Bmine%7D'$HOME"}
    assert mirrored.labels("mine").tolist() == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.slow
def test_other_mirrors_and_another_data_dir_make_nothing_again(mirrored):
    target = "results/data/mnist/manifest.json"
    mirrored.make(target, *SMALL)
    assert mirrored.checkout.jobs(*SMALL, target=target) == set()
    mirrored.catalogue(lambda place: f"https://elsewhere.example/{place}")
    assert mirrored.checkout.jobs(*SMALL, target=target) == set()
    assert mirrored.checkout.jobs(*SMALL, "--config", "data_dir=.", target=target) == set()


def test_a_download_that_fails_tells_of_its_own_mirrors_alone(mirrored):
    mirrored.catalogue(lambda place: f"{mirrored.server.address}/gone/{place}")
    called = mirrored.checkout.snakemake("--cores", "1", *SMALL, "--", "results/data/cifar10/manifest.json")
    assert called.returncode != 0
    printed = called.stdout + called.stderr
    for index in range(4):
        assert f"  {mirrored.server.address}/gone/{index}/cifar10/{CIFAR10}: the server answers 404" in printed
    assert "has no mirror" not in printed
    assert set(re.findall(r"/gone/\d/([\w/]+)/", printed)) == {"cifar10"}
    assert "googleapis" not in printed
    assert not list(Path(mirrored.checkout / "results/downloads").rglob("*.*"))
