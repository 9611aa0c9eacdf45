"""A run's network as others take it: a state dict of torch, ONNX, and a card by which both can be used."""

import dataclasses
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import saved_runs
import tiny_runs
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from rethinking import files
from rethinking.__main__ import main
from rethinking.config import Configuration
from rethinking.stages.by_hand import corrupted, prepared
from rethinking.stages.model_card import model_card
from rethinking.stages.predictions import logits_of_run
from rethinking.stages.saved import read_saved

CLASSIFIERS = [recipe for recipe in saved_runs.RUNS if recipe != "numbers"]
WITHOUT_ONNX = "ONNX is an extra of its own: pip install -e '.[onnx]'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_runs.made(tmp_path_factory.mktemp("runs"))


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def exported(recipe: str, out: Path, *options: str) -> str:
    """Export a run; the card."""
    with tiny_runs.torch_as_it_was():
        assert main(["export", recipe, "--configfile", "mine.yaml", "--out", str(out), *options]) == 0
    return (out / "README.md").read_text()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a wrong call is answered with."""
    assert main(["export", *arguments]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert printed.count("\n") == 1, printed
    return printed


def stored_images(recipe: str) -> np.ndarray:
    """The stored test images of a run."""
    configuration, run = Configuration.load("mine.yaml"), read_saved(Path(recipe)).run
    data = prepared(configuration, run.dataset)
    changed = corrupted(configuration, run.dataset, run.corruption, run.seed, data)
    held = changed if changed and (changed / "test_images.npy").exists() else data
    return np.load(held / "test_images.npy")


def as_the_card_says(recipe: str) -> torch.Tensor:
    """The same as the network takes them, step by step."""
    images = stored_images(recipe)
    if recipe == "channels":
        images = images[:, 1:10, 1:10]
        scaled = images / 255
        mean, sd = (f(scaled, axis=(1, 2), keepdims=True) for f in (np.mean, np.std))
        return torch.from_numpy(((scaled - mean) / np.maximum(sd, 1 / 9)).transpose(0, 3, 1, 2)).float()
    white = tiny_runs.whitened(images)
    if recipe != "resized":
        return white
    return nn.functional.interpolate(white, (16, 16), mode="bilinear", align_corners=False)


def blocks(card: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", card, re.DOTALL)


def run_block(card: str, number: int, **given: Any) -> dict[str, Any]:
    """What a block of the card leaves."""
    names: dict[str, Any] = dict(given)
    exec(blocks(card)[number], names)
    return names


@pytest.mark.usefixtures("torch_as_it_was")
@pytest.mark.parametrize("recipe", CLASSIFIERS)
def test_by_the_card_s_own_words_the_state_dict_says_what_the_run_said(recipe, tmp_path, monkeypatch):
    card, saved = exported(recipe, tmp_path / "out"), read_saved(Path(recipe))
    images, stored = as_the_card_says(recipe), stored_images(recipe)
    expected = logits_of_run(saved.run, saved.folder, saved.summary, stored)
    monkeypatch.chdir(tmp_path / "out")
    network = run_block(card, 0)["network"]
    with torch.no_grad():
        found = network(images)
    close = {"rtol": 0.03, "atol": 0.03} if recipe == "resized" else {"rtol": 1e-4, "atol": 1e-4}  # trained in bfloat16
    torch.testing.assert_close(found, expected, **close)


@pytest.mark.parametrize("recipe", saved_runs.RUNS)
def test_the_state_dict_is_plain_and_the_card_has_the_run_s_numbers_and_the_licence(recipe, tmp_path):
    card = exported(recipe, tmp_path / "out")
    weights = torch.load(tmp_path / "out/state_dict.pt", weights_only=True)
    expected = load_file(Path(recipe) / "weights.safetensors")
    assert type(weights) is dict
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    summary, saved = files.read_json(Path(recipe) / "run.json"), read_saved(Path(recipe))
    row = tiny_runs.rows(Path(recipe) / "metrics.csv")[saved.epoch - 1]
    accuracy = f"{float(row['TestAccuracy']):.2f} %" if recipe != "numbers" else "-"
    assert f"\n| test | {accuracy} | {float(row['TestLoss']):.6g} |\n" in card
    assert f"after epoch {saved.epoch} of {summary['epochs_done']}" in card
    assert "| licence of the data set | CC BY 4.0 |" in card
    assert files.sha256(Path(recipe) / "weights.safetensors") in card
    classes = re.findall(r"^\| (\d) \| (\d) \|$", card, re.MULTILINE)
    assert classes == ([] if recipe == "numbers" else [(number, number) for number in "0123456789"])
    assert not re.search(r"[{}%]%|%}|\bNone\b|  \|", card)


def test_the_card_says_what_was_wrong_on_purpose(tmp_path):
    on_purpose, as_they_are = "wrong on purpose", "| labels and images | as they are |"
    for recipe, (_, _, corruption) in saved_runs.RUNS.items():
        card = exported(recipe, tmp_path / recipe)
        assert (on_purpose in card, as_they_are in card) == (
            corruption != "true_labels",
            corruption == "true_labels",
        )
    assert "depends on the others" not in (tmp_path / "early/README.md").read_text(), "it has no batch normalisation"
    card = (tmp_path / "channels/README.md").read_text()
    assert "depends on the others\nbeside it: the numbers above are of batches of up to 250" in card
    assert "one permutation of the pixels for all training and test images" in card
    assert "to which the originals are brought" in card, "they are smaller and grey"


def test_the_card_has_the_licence_of_people_s_labels():
    saved = read_saved(Path("early"))
    run = dataclasses.replace(saved.run, dataset="cifar10-1k", corruption="human_labels-worse")
    card = model_card(saved._replace(run=run), Configuration.load(), [3, 32, 32], None, by_batch=False)
    assert "| licence of the data set | none stated; the authors ask to be cited |" in card
    assert "| licence of the labels | CC BY-NC 4.0 |" in card
    assert "| to be cited | J. Wei" in card


@pytest.mark.usefixtures("torch_as_it_was")
@pytest.mark.parametrize("recipe", saved_runs.RUNS)
def test_the_network_in_onnx_has_the_same_logits(recipe, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason=WITHOUT_ONNX)
    pytest.importorskip("onnxscript", reason=WITHOUT_ONNX)
    card = exported(recipe, tmp_path / "out", "--onnx")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"README.md", "network.onnx", "state_dict.pt"}
    images = torch.rand(7, 1, 1, 1) if recipe == "numbers" else as_the_card_says(recipe)
    monkeypatch.chdir(tmp_path / "out")
    with torch.no_grad():
        expected = run_block(card, 0)["network"](images)
    found = run_block(card, 1, images=images.numpy())["logits"]
    assert np.abs(found - expected.numpy()).max() < 1e-4


@pytest.mark.usefixtures("torch_as_it_was")
def test_onnx_that_says_something_else_is_refused_and_nothing_is_left(tmp_path, monkeypatch, capsys):
    runtime = pytest.importorskip("onnxruntime", reason=WITHOUT_ONNX)
    pytest.importorskip("onnxscript", reason=WITHOUT_ONNX)
    run = runtime.InferenceSession.run
    monkeypatch.setattr(runtime.InferenceSession, "run", lambda *arguments: [each + 0.01 for each in run(*arguments)])
    told = refused(capsys, "early", "--configfile", "mine.yaml", "--out", str(tmp_path / "out"), "--onnx")
    assert "its logits differ from torch's by up to 0.01, so it was not kept" in told
    assert not list((tmp_path / "out").iterdir())


def test_without_the_extra_the_state_dict_is_written_and_onnx_is_refused_with_the_way_to_have_it(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    exported("early", tmp_path / "out")
    told = refused(capsys, "early", "--configfile", "mine.yaml", "--out", str(tmp_path / "other"), "--onnx")
    assert "pip install onnxruntime onnxscript" in told
    assert not (tmp_path / "other").exists()


def test_a_second_call_replaces_what_the_first_wrote_and_nothing_of_anybody_else(tmp_path, capsys):
    card = exported("early", tmp_path / "out")
    assert exported("early", tmp_path / "out") == card
    for change in (lambda: None, lambda: (tmp_path / "out/mine.txt").write_text("mine")):
        change()
        told = refused(capsys, "redrawn", "--configfile", "mine.yaml", "--out", str(tmp_path / "out"))
        assert f"--out = {tmp_path / 'out'}: holds something else already" in told
    assert "holds something else already" in refused(
        capsys, "early", "--configfile", "mine.yaml", "--out", str(tmp_path / "out")
    )
    assert (tmp_path / "out/README.md").read_text() == card


# -- what cannot be ----------------------------------------------------------------------------------------------------


def flipped(run: Path) -> None:
    data = bytearray((run / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (run / "weights.safetensors").write_bytes(data)


def of_another_network(run: Path) -> None:
    """Weights of fewer inputs, in a run from before run.json said what they are."""
    summary = files.read_json(run / "run.json")
    del summary["own_digest"], summary["files"]
    files.write_json(run / "run.json", summary)
    weights = load_file(run / "weights.safetensors")
    save_file({name: tensor[..., 1:].contiguous() for name, tensor in weights.items()}, run / "weights.safetensors")


def no_weights(run: Path) -> None:
    (run / "weights.safetensors").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: shutil.rmtree(run), ": there is no such folder"),
        (lambda run: (run / "run.json").unlink(), ": holds no finished run (run.json)"),
        (no_weights, "weights.safetensors is missing"),
        (flipped, "weights.safetensors: torn or edited"),
        (of_another_network, "and for images of 8x8x1 mlp_1x512 has 512x64"),
        (lambda run: (run / "confusion.pkl").unlink(), "confusion.pkl is missing"),
        (lambda run: (run / "metrics.csv").write_text("Epoch\n1"), "metrics.csv: torn or edited"),
    ],
)
def test_a_run_that_is_damaged_is_refused_by_name_and_nothing_is_written(damage, message, tmp_path, capsys):
    shutil.copytree("early", tmp_path / "early")
    damage(tmp_path / "early")
    told = refused(capsys, str(tmp_path / "early"), "--configfile", "mine.yaml", "--out", str(tmp_path / "out"))
    assert message in told
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["early"], 'run.json: dataset = "held-out": unknown data set'),
        (["early", "--configfile", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["tensorbord"], "tensorbord: there is no such folder"),
    ],
)
def test_what_is_not_there_is_named(arguments, message, tmp_path, capsys):
    assert message in refused(capsys, *arguments, "--out", str(tmp_path / "out"))


@pytest.mark.parametrize("arguments", [["early", "--runs", "."], ["tensorboard", "--onnx"]])
def test_options_of_the_other_form_are_refused(arguments, tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["export", *arguments, "--out", str(tmp_path / "out")])
    assert left.value.code == 2
    assert "--" in capsys.readouterr().err
