"""Saved networks are tested again: on the data of their run, to the bit, and on other data, in the run's classes."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved_runs
import tiny_runs
import yaml
from PIL import Image
from safetensors.torch import load_file, save_file

from rethinking import files, pickles
from rethinking.__main__ import main
from rethinking.config import Configuration
from rethinking.stages.by_hand import prepared
from rethinking.stages.predictions import logits_of_run
from rethinking.stages.saved import read_saved

RUNS = "results/runs/digits-50"
MLP = f"{RUNS}/mlp-w0.05/true_labels/quick/seed0"
TINY_RUNS = [
    *(f"{model}/{corruption}/quick" for model in ("inception-w0.05", "alexnet-w0.1", "mlp-w0.05")
      for corruption in ("true_labels", "random_labels-0.5")),
    "inception-w0.05/true_labels/curves", "inception-w0.05/shuffled_pixels/curves",
]  # fmt: skip


@pytest.fixture
def results(completed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the completed workflow's results in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_bytes((completed / "config/config.yaml").read_bytes())
    return shutil.copytree(completed / "results", tmp_path / "results")


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_runs.made(tmp_path_factory.mktemp("by hand"))


def evaluated(*arguments: str) -> dict[str, Any]:
    """What the command writes."""
    with tiny_runs.torch_as_it_was():
        assert main(["evaluate", *arguments, "--out", "found.json"]) == 0
    return files.read_json("found.json")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a wrong call is answered with."""
    with tiny_runs.torch_as_it_was():
        assert main(["evaluate", *arguments]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1, printed
    return printed


def only(score: dict[str, Any], of: dict[str, Any]) -> dict[str, Any]:
    return {key: score[key] for key in of}


# -- on the run's own data ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("torch_as_it_was")
def test_the_weights_of_every_run_of_the_workflow_give_the_numbers_of_its_run_json(results, capsys):
    for name in TINY_RUNS:
        run = Path(f"{RUNS}/{name}/seed0")
        found, summary = evaluated(str(run), "--train"), files.read_json(run / "run.json")
        for part in ("train", "test"):
            expected = summary["final"][part]
            assert only(found["sets"][part], expected) == expected, name
        matrices = pickles.load(run / "confusion.pkl")["matrices"]
        assert found["sets"]["test"]["confusion"] == matrices[-1].tolist(), name
        assert found["sets"]["test"]["images"] == 30
        assert "30 test images" in (printed := capsys.readouterr().out)
        assert printed.count("; the run had the same") == 2
    assert not (results / "by-hand").exists(), "the data lie beside the runs"


def test_the_data_of_a_run_of_the_workflow_that_are_gone_are_made_by_hand(results):
    before = evaluated(MLP)
    shutil.rmtree(results / "data")
    assert evaluated(MLP, "--configfile", "tiny.yaml") == before
    assert (results / "by-hand/data").exists()


def test_another_data_set_of_the_same_name_is_refused_with_both_values(results, capsys):
    shutil.rmtree(results / "data")
    configuration = yaml.safe_load(Path("tiny.yaml").read_text())
    configuration["datasets"]["digits-50"]["train"] = 60
    Path("other.yaml").write_text(yaml.safe_dump(configuration))
    told = "made by the configuration 'tiny'; train of 'digits-50' is 50 there and 60 here (--configfile)"
    assert told in refused(capsys, MLP, "--configfile", "other.yaml")


@pytest.mark.parametrize("recipe", ["redrawn", "resized", "channels", "numbers"])
def test_what_a_run_by_hand_ended_with_comes_out_again(recipe, by_hand, monkeypatch):
    monkeypatch.chdir(by_hand)
    found = evaluated(recipe, "--train", "--configfile", "mine.yaml")
    final = {part: score for part, score in files.read_json(f"{recipe}/run.json")["final"].items() if score}
    assert {part: only(found["sets"][part], score) for part, score in final.items()} == final
    assert ("confusion" in found["sets"]["test"]) == (recipe != "numbers")


def test_weights_of_the_best_epoch_have_that_epoch_s_numbers(by_hand, monkeypatch, capsys):
    monkeypatch.chdir(by_hand)
    summary = files.read_json("early/run.json")
    best, last = summary["best_validation"]["epoch"], summary["epochs_done"]
    assert best < last, "or the test says nothing"
    found = evaluated("early", "--train", "--configfile", "mine.yaml")
    assert found["epoch"] == best
    row = tiny_runs.rows(Path("early/metrics.csv"))[best - 1]
    for part, score in found["sets"].items():
        for key in ("accuracy", "loss"):
            assert score[key] == float(row[part.title() + key.title()])
    assert set(found["sets"]) == {"train", "validation", "test"}
    assert (
        found["sets"]["test"]["confusion"] == pickles.load(Path("early/confusion.pkl"))["matrices"][best - 1].tolist()
    )
    assert capsys.readouterr().out.count("; the run had the same") == 3


def test_another_result_is_said_with_both_numbers(results, capsys):
    """As on another processor, whose sums end in other digits."""
    summary = files.read_json(f"{MLP}/run.json")
    summary["final"]["test"]["loss"] += 0.5
    del summary["own_digest"]
    files.write_json(f"{MLP}/run.json", summary)
    evaluated(MLP)
    printed = capsys.readouterr().out
    assert f"loss {summary['final']['test']['loss'] - 0.5:.6g}; the run had accuracy" in printed
    assert f"loss {summary['final']['test']['loss']:.6g}\n" in printed


# -- on other data -----------------------------------------------------------------------------------------------------


def pictures_of(folder: Path, arrays: Path, classes: list[int], num: int) -> list[np.ndarray]:
    """Write the first test images of some digits as pictures, a folder a class; those images, class by class."""
    images, labels = (np.load(arrays / f"test_{name}.npy") for name in ("images", "labels"))
    chosen = [images[labels == each][:num] for each in classes]
    for each, of_class in zip(classes, chosen, strict=True):
        for part in ("train", "test"):
            (folder / part / str(each)).mkdir(parents=True)
            for number, image in enumerate(of_class):
                Image.fromarray(image[..., 0]).save(folder / part / str(each) / f"{number}.png")
    return chosen


@pytest.mark.usefixtures("torch_as_it_was")
@pytest.mark.parametrize("run", ["resized", "redrawn"])
def test_pictures_of_some_of_the_classes_are_counted_under_the_run_s_numbers(run, by_hand, tmp_path, monkeypatch):
    configuration = yaml.safe_load(saved_runs.MINE)
    configuration["datasets"]["two"] = {"reader": "image_folder", "path": str(tmp_path / "pictures")}
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(configuration))
    monkeypatch.chdir(by_hand)
    data = prepared(Configuration.load("mine.yaml"), "whole")
    chosen = pictures_of(tmp_path / "pictures", data, [3, 7], 4)
    found = evaluated(run, "--dataset", "two", "--configfile", str(tmp_path / "two.yaml"))
    saved = read_saved(Path(run))
    said = logits_of_run(saved.run, saved.folder, saved.summary, np.concatenate(chosen)).argmax(1).numpy()
    expected = np.zeros((10, 10), int)
    np.add.at(expected, ([3] * 4 + [7] * 4, said), 1)
    test = found["sets"]["test"]
    assert test["confusion"] == expected.tolist()
    assert test["accuracy"] == 100 * np.trace(expected) / 8
    assert (test["images"], test["in_run"]) == (8, None)


def test_images_of_another_data_set_are_corrupted_like_those_of_the_run(results):
    """The same data set under another name gives a network of shuffled pixels what it had; true labels do not."""
    configuration = yaml.safe_load(Path("tiny.yaml").read_text())
    configuration["datasets"]["twin"] = {"extends": "digits-50"}
    Path("twin.yaml").write_text(yaml.safe_dump(configuration))
    run = f"{RUNS}/inception-w0.05/shuffled_pixels/curves/seed0"
    own, twin = evaluated(run), evaluated(run, "--dataset", "twin", "--configfile", "twin.yaml")
    assert only(twin["sets"]["test"], {"loss": 0, "confusion": 0}) == only(
        own["sets"]["test"], {"loss": 0, "confusion": 0}
    )


# -- what cannot be ----------------------------------------------------------------------------------------------------


def edit_summary(change: Any) -> Any:
    """A change of run.json, which is then like one from before it held digests."""

    def edit(run: Path) -> None:
        summary = files.read_json(run / "run.json")
        del summary["own_digest"], summary["files"]
        change(summary)
        files.write_json(run / "run.json", summary)

    return edit


def cut(name: str, keep: float) -> Any:
    def change(run: Path) -> None:
        data = (run / name).read_bytes()
        (run / name).write_bytes(data[: int(keep * len(data))])

    return change


def other_network(run: Path) -> None:
    shutil.copy(run.parents[3] / "alexnet-w0.1/true_labels/quick/seed0/weights.safetensors", run)


def one_weight_less(run: Path) -> None:
    weights = load_file(run / "weights.safetensors")
    weights.pop(sorted(weights)[-1])
    save_file(weights, run / "weights.safetensors")


def flipped(run: Path) -> None:
    data = bytearray((run / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (run / "weights.safetensors").write_bytes(data)


def all_of(*changes: Any) -> Any:
    def change(run: Path) -> None:
        for each in changes:
            each(run)

    return change


OLD = edit_summary(lambda summary: None)
DAMAGES: dict[str, tuple[Any, str]] = {
    "no run.json": (lambda run: (run / "run.json").unlink(), f"{MLP}: holds no finished run (run.json)"),
    "a torn run.json": (cut("run.json", 0.5), "run.json: it is empty or torn, no JSON"),
    "an edited run.json": (
        lambda run: (run / "run.json").write_text((run / "run.json").read_text().replace('"seed": 0', '"seed": 1')),
        "run.json: it was edited after the run had ended",
    ),
    "another version": (
        edit_summary(lambda summary: summary["config"]["training"].pop("epochs")),
        "run.json: a run of another version (a recipe needs the key 'epochs')",
    ),
    "an unknown network": (
        edit_summary(lambda summary: summary["config"].update(factory="mlp_1x51")),
        "a run of another version (unknown model 'mlp_1x51'; did you mean 'mlp_1x512'?)",
    ),
    "no weights": (lambda run: (run / "weights.safetensors").unlink(), "weights.safetensors is missing"),
    "a flipped bit": (flipped, "weights.safetensors: torn or edited, its sha256 is not the one in run.json"),
    "another run's weights": (other_network, "weights.safetensors: torn or edited"),
    "torn weights of an old run": (all_of(OLD, cut("weights.safetensors", 0.9)), "torn, or no safetensors ("),
    "no bytes of an old run": (all_of(OLD, cut("weights.safetensors", 0)), "torn, or no safetensors ("),
    "another network's of an old run": (
        all_of(OLD, other_network),
        "hidden.1.weight is not there, and for images of 8x8x3 mlp-w0.05 has 26x192",
    ),
    "a weight less of an old run": (all_of(OLD, one_weight_less), "hidden.1.weight is not there, and for"),
    "no confusion matrices": (lambda run: (run / "confusion.pkl").unlink(), "confusion.pkl is missing"),
    "a torn array": (
        lambda run: cut("test_images.npy", 0.9)(Path("results/data/digits-50")),
        "test_images.npy: its sha256 is",
    ),
    "other data, and the configuration unknown": (
        lambda run: shutil.rmtree("results/data"),
        "run.json: dataset = \"digits-50\": unknown data set",
    ),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_run_that_is_damaged_is_refused_by_name(damage, results, capsys):
    change, message = DAMAGES[damage]
    change(Path(MLP))
    assert message in refused(capsys, MLP)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere", "nowhere: there is no such folder"),
        (f"{MLP}/run.json", "run.json: is a file, not the folder of a run"),
        (RUNS, f"{RUNS}: holds no finished run (run.json); there is one in {RUNS}/alexnet-w0.1/random_labels-0.5"),
    ],
)
def test_what_is_no_run_s_folder_is_refused_with_those_that_are(place, message, results, capsys):
    assert message in refused(capsys, place)


@pytest.mark.parametrize(
    ("run", "dataset", "message"),
    [
        ("resized", "digit", "--dataset: dataset = \"digit\": unknown data set; did you mean 'digits'?"),
        ("early", "digits", "--dataset = digits: has images of 14x14x3, and early was trained on 8x8x1"),
        ("resized", "digits", "--dataset = digits: has images of 16x16x3, and resized was trained on 16x16x1"),
        ("resized", "animals", "--dataset = animals: 'cat' is none of the classes of resized; known: 0, 1, 2,"),
        ("resized", "noisy_line", "--dataset = noisy_line: is a regression, and resized has classes"),
        ("numbers", "digits", "--dataset = digits: has classes, and numbers is a regression"),
    ],
)
def test_data_that_a_network_cannot_be_tested_on_are_refused_by_name(
    run, dataset, message, by_hand, tmp_path, monkeypatch, capsys
):
    for number, part in enumerate(f"{part}/{name}" for part in ("train", "test") for name in ("cat", "dog")):
        (tmp_path / "animals" / part).mkdir(parents=True)
        Image.new("L", (8, 8), number).save(tmp_path / "animals" / part / "0.png")
    configuration = yaml.safe_load(saved_runs.MINE)
    configuration["datasets"]["animals"] = {"reader": "image_folder", "path": str(tmp_path / "animals")}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(configuration))
    monkeypatch.chdir(by_hand)
    assert message in refused(capsys, run, "--dataset", dataset, "--configfile", str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize(
    ("run", "size", "channels", "message"),
    [
        ("early", 9, 1, "has images of 9x9x1, and early was trained on 8x8x1"),
        ("channels", 8, 3, "has images of 8x8x3, and channels was trained on 9x9x3"),  # which it was cropped to
        ("channels", 12, 1, "has images of 9x9x1, and channels was trained on 9x9x3"),
    ],
)
def test_images_of_another_size_are_refused_before_any_is_read_also_where_convolutions_would_take_them(
    run, size, channels, message, by_hand, tmp_path, monkeypatch, capsys
):
    configuration = yaml.safe_load(saved_runs.MINE)
    configuration["datasets"]["other"] = {"extends": "digits", "channels": channels, "image_size": size}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(configuration))
    monkeypatch.chdir(by_hand)
    assert message in refused(capsys, run, "--dataset", "other", "--configfile", str(tmp_path / "mine.yaml"))
    assert not list(Path("results").rglob("other-*"))


@pytest.mark.parametrize(
    ("out", "message"),
    [("folder", "folder: is a folder; name a file"), ("file/found.json", "file/found.json: file is a file, no folder")],
)
def test_where_nothing_can_be_written_is_told_before_anything_is_read(out, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").touch()
    with pytest.raises(SystemExit):
        main(["evaluate", "no-run", "--out", out])
    assert f"argument --out: {message}" in capsys.readouterr().err


def test_what_is_written_is_json_also_where_a_loss_is_no_number(results, capsys):
    weights = {name: tensor * np.nan for name, tensor in load_file(f"{MLP}/weights.safetensors").items()}
    OLD(Path(MLP))
    save_file(weights, f"{MLP}/weights.safetensors")
    found = evaluated(MLP)
    assert found["sets"]["test"]["loss"] is None
    assert json.loads(Path("found.json").read_text()) == found
    assert "loss not finite; the run had accuracy" in capsys.readouterr().out
