"""The labels of CIFAR-10N: read safely, held against CIFAR-10's in official order, refused everywhere else."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rethinking import files
from rethinking.config import CATALOGUE, CHECKOUT, Configuration, datasets, jobs
from rethinking.data.corruptions import people as human
from rethinking.data.corruptions.human_labels import human_labels
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.data.splits import TRAIN, stratified_subset, subset_indices
from rethinking.schema import ConfigOrigins, ConfigurationError, load_yaml
from rethinking.seeds import rng
from rethinking.stages import corrupt

SETS = CORRUPTIONS["human_labels"].options["set"]
WHOLE = {"size": None, "seed": 0}


def content(num: int = 400) -> dict[str, np.ndarray]:
    """Labels in the official file's columns, those of each set wrong in places of their own."""
    draws = np.random.default_rng(0)
    clean = draws.integers(0, 10, num)
    columns = {human.CLEAN: clean}
    for share, column in enumerate(human.COLUMNS.values(), start=1):
        wrong = draws.random(num) < share / 10
        columns[column] = np.where(wrong, (clean + 1 + draws.integers(0, 9, num)) % 10, clean)
    return columns


def saved(path: Path, values: Any, name: str = "archive/data.pkl") -> Path:
    """As torch.save writes builtins and arrays."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, pickle.dumps(values, 2))
        archive.writestr("archive/version", "3\n")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return saved(tmp_path / "human.pt", content())


def corrupted(path: Path, labels: np.ndarray, chosen: str = "worse", subset: dict[str, Any] = WHOLE) -> Any:
    return human_labels(labels, set=chosen, path=path, subset=subset, num_classes=10, seed=3)


@pytest.mark.parametrize("chosen", SETS)
def test_a_set_gives_its_own_labels_and_the_share_that_is_wrong(chosen, file):
    columns = content()
    made = corrupted(file, columns[human.CLEAN], chosen)
    labels = made.arrays["train_labels"]
    assert labels.dtype == np.int64
    assert np.array_equal(labels, columns[human.COLUMNS[chosen]])
    assert made.changed == (labels != columns[human.CLEAN]).mean() > 0
    assert made.redrawn is None
    assert human.COLUMNS[chosen] in made.definition


@settings(deadline=None, max_examples=25)
@given(st.integers(10, 400), st.integers(0, 99), st.sampled_from(SETS))
def test_a_stratified_subset_has_the_labels_of_its_own_images(tmp_path_factory, size, seed, chosen):
    path, columns = saved(tmp_path_factory.mktemp("human") / "human.pt", content()), content()
    kept = stratified_subset(columns[human.CLEAN], size, rng(seed, "split", TRAIN))
    made = corrupted(path, columns[human.CLEAN][kept], chosen, {"size": size, "seed": seed})
    assert np.array_equal(made.arrays["train_labels"], columns[human.COLUMNS[chosen]][kept])


def test_torch_itself_reads_the_same(tmp_path):
    torch = pytest.importorskip("torch")
    from numpy import dtype, ndarray
    from numpy._core.multiarray import _reconstruct

    torch.save(content(), tmp_path / "human.pt")
    found = human.read(tmp_path / "human.pt")
    names = [_reconstruct, ndarray, dtype, type(dtype(np.int64))]
    with torch.serialization.safe_globals(names):
        reference = torch.load(tmp_path / "human.pt", weights_only=True)
    assert found.keys() == reference.keys()
    assert all(np.array_equal(found[name], reference[name]) for name in found)


def test_labels_in_another_order_are_refused_and_counted(file):
    clean = content()[human.CLEAN]
    swapped = clean.copy()
    first, other = 0, int(np.flatnonzero(clean != clean[0])[0])
    swapped[[first, other]] = clean[[other, first]]
    with pytest.raises(ValueError, match=r"human\.pt: its clean labels are not .* official order \(2 others\)$"):
        corrupted(file, swapped)
    with pytest.raises(ValueError, match=r"official order \(400 labels, not 399\)$"):
        corrupted(file, clean[:-1])
    with pytest.raises(ValueError, match=r"official order"):
        corrupted(file, clean[subset_indices(clean, 50, 0, TRAIN)], subset={"size": 50, "seed": 1})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2], "holds no labels by name"),
        ({"clean_label": content()["clean_label"]}, "has no 'worse_label', one whole number an image"),
        (content() | {"worse_label": content()["worse_label"].astype(float)}, "has no 'worse_label'"),
        (content() | {"worse_label": content()["worse_label"][None]}, "has no 'worse_label'"),
        (content() | {"worse_label": np.full(400, 10)}, r"worse_label must lie in 0\.\.9, found 10\.\.10"),
        (content() | {"clean_label": np.full(400, -1)}, r"clean_label must lie in 0\.\.9, found -1\.\.-1"),
        (content() | {"worse_label": np.zeros(399, int)}, "399 worse_label, but 400 clean_label"),
        (content() | {"more": Path("/")}, "not loaded: it refers to pathlib"),
    ],
)
def test_a_file_of_another_content_is_refused_by_name(values, message, tmp_path):
    path = saved(tmp_path / "human.pt", values)
    with pytest.raises(ValueError, match=rf"human\.pt: {message}"):
        corrupted(path, content()[human.CLEAN])


@pytest.mark.parametrize("keep", [0, 100, 0.7])
def test_a_damaged_file_is_refused_by_name(keep, file):
    data = file.read_bytes()
    file.write_bytes(data[: keep if isinstance(keep, int) else int(keep * len(data))])
    with pytest.raises(ValueError, match=r"human\.pt: no ZIP archive, or damaged or cut short"):
        corrupted(file, content()[human.CLEAN])


def test_another_archive_is_no_file_of_torch_save(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme", "")
    (tmp_path / "human.pt").write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match=r"human\.pt: is no file of torch\.save"):
        corrupted(tmp_path / "human.pt", content()[human.CLEAN])


def test_an_unknown_set_is_refused_with_the_known_ones(file):
    with pytest.raises(ValueError, match="set must be one of aggre, random1, random2, random3, worse, found 'best'"):
        corrupted(file, content()[human.CLEAN], "best")


# -- the stage and the configuration -----------------------------------------------------------------------------------


def test_the_stage_writes_the_labels_and_where_they_come_from(tmp_path):
    columns = content()
    data, downloaded = tmp_path / "data", tmp_path / "downloaded"
    arrays = {"train_labels": files.save_array(data / "train_labels.npy", columns[human.CLEAN])}
    counts = {"train": np.bincount(columns[human.CLEAN]).tolist(), "test": [1] * 10}
    others = dict.fromkeys(("train_images", "test_images", "test_labels"), arrays["train_labels"])
    clean = {"dataset": "cifar10", "arrays": arrays | others, "class_counts": counts, "classes": list("abcdefghij")}
    files.write_json(data / "manifest.json", clean)
    downloaded.mkdir()
    path = saved(downloaded / "CIFAR-10_human.pt", columns)
    expected = {path.name: {"bytes": path.stat().st_size, "sha256": files.sha256(path)}}
    files.write_json(downloaded / "manifest.json", {"files": expected})
    name = "human_labels-random2"
    given = {"name": name, "family": "human_labels", "level": None, "options": {"set": "random2"}}
    values = {"dataset": "cifar10", "corruption": given, "seed": 0, "subset": WHOLE}
    corrupt.corrupt(values, data, tmp_path / "out", downloaded)
    manifest = files.read_json(tmp_path / "out/manifest.json")
    labels = np.load(tmp_path / "out/train_labels.npy")
    assert np.array_equal(labels, columns["random_label2"])
    assert manifest["changed"] == (labels != columns[human.CLEAN]).mean()
    assert (manifest["requested"], manifest["redrawn"], manifest["options"]) == (None, None, {"set": "random2"})
    assert manifest["sources"] == {name: values["sha256"] for name, values in (arrays | expected).items()}
    assert manifest["class_counts"]["train"] == np.bincount(labels, minlength=10).tolist()


def test_the_names_are_those_of_the_sets_and_take_no_level(made):
    sources = ConfigOrigins("here")
    for chosen in SETS:
        assert made.corruption(f"human_labels-{chosen}", "key", sources) == f"human_labels-{chosen}"
    for name, problem in [
        ("human_labels", "did you mean 'human_labels-"),
        ("human_labels-wors", "did you mean 'human_labels-worse'"),
        ("human_labels-worse-0.5", "takes no level; write human_labels-worse"),
        ("human_labels-0.5", "unknown corruption; did you mean 'human_labels-"),
    ]:
        with pytest.raises(ConfigurationError, match=problem):
            made.corruption(name, "key", sources)


@pytest.fixture(scope="module")
def made() -> Configuration:
    return Configuration.load(CHECKOUT / "config/cifar10.yaml")


def test_only_data_sets_with_the_images_of_cifar_10_have_human_labels(made):
    having = {name for name in made.datasets if datasets.human_labels_name(made, name)}
    assert having == {"cifar10", "cifar10-1k", "cifar10-45k"}
    assert {datasets.human_labels_name(made, name) for name in having} == {"cifar10/human_labels"}
    assert list(jobs.download_job(made, "cifar10/human_labels")) == ["CIFAR-10_human.pt"]
    assert list(jobs.urls(made)["cifar10/human_labels"]) == ["CIFAR-10_human.pt"]
    run = made.run("cifar10-1k", "mlp_1x512", "human_labels-worse", "paper", 0)
    assert run.path == "cifar10-1k/mlp_1x512/human_labels-worse/paper/seed0"
    assert jobs.corruption_job(made, "cifar10-1k", "human_labels-worse", 0)["subset"] == {"size": 1000, "seed": 0}
    assert "subset" not in jobs.corruption_job(made, "cifar10-1k", "random_labels-1.0", 0)
    assert jobs.corruption_download(made, "cifar10-1k", "human_labels-worse") == "cifar10/human_labels"
    assert jobs.corruption_download(made, "cifar10-1k", "random_labels-1.0") is None
    assert jobs.corruption_download(made, "cifar10-1k", "true_labels") is None
    for dataset in ("mnist", "cifar10-animals-100"):
        problem = f"'{dataset}' has no human labels; there are some of: cifar10, cifar10-1k"
        with pytest.raises(ConfigurationError, match=problem):
            made.run(dataset, "mlp_1x512", "human_labels-worse", "paper", 0)


def test_a_figure_asks_for_human_labels_only_where_there_are_some():
    raw = load_yaml(CHECKOUT / "config/cifar10-small.yaml")
    catalogue = load_yaml(CHECKOUT / CATALOGUE)
    panel = raw["figures"]["fig1"]["panels"]["learning_curves"]
    panel["corruptions"] = ["true_labels", "human_labels-aggre"]
    made = Configuration(raw, catalogue, ConfigOrigins("mine.yaml"))
    assert {run.corruption for run in made.runs("fig1")} > {"human_labels-aggre"}
    panel["dataset"] = "mnist"
    message = r"corruptions\[1\] = \"human_labels-aggre\": 'mnist' has no human labels; there are some of: cifar10"
    with pytest.raises(ConfigurationError, match=message):
        Configuration(raw, catalogue, ConfigOrigins("mine.yaml"))


def test_snakemake_downloads_the_human_labels_and_then_writes_them(fresh_checkout):
    target = "results/data/cifar10-1k/human_labels-worse/seed0/train_labels.npy"
    labels = ("corrupt_labels", frozenset(["dataset=cifar10-1k", "corruption=human_labels-worse", "seed=0"]))
    assert fresh_checkout.jobs(target=target) == {
        ("download", frozenset(["dataset=cifar10"])),
        ("download", frozenset(["dataset=cifar10/human_labels"])),
        ("prepare", frozenset(["dataset=cifar10-1k"])),
        labels,
    }
