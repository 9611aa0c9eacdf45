"""From saved weights to measures, data frames and what is kept of them: through the commands that rules call."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_runs
import torch
from safetensors.torch import load_file, save_file
from tiny_runs import make_run, run_stage

from rethinking import files
from rethinking.engine.initialisation import initialise
from rethinking.engine.reproducibility import generator
from rethinking.models.registry import MODELS
from rethinking.outcomes.columns import COMPLEXITY
from rethinking.outcomes.measured import MEASURED
from rethinking.run import RunConfig
from rethinking.stages import complexity, complexity_of_run
from rethinking.stages.record_complexity import FILE, keep_measured, kept_complexity
from rethinking.stages.sealing import sealed
from rethinking.stages.train import train

NOISE, WEIGHTS = "random_labels-0.5", "weights.safetensors"
RUN = make_run(corruption=NOISE, epochs=2)


@pytest.fixture(scope="module")
def noise(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_runs.corrupt_digits(data, tmp_path_factory.mktemp("noise"), NOISE)
    assert folder is not None
    return folder


@pytest.fixture(scope="module")
def results(data: Path, noise: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run and its measures, as the rules would leave them."""
    folder = tmp_path_factory.mktemp("results")
    with tiny_runs.torch_as_it_was():
        out = run_stage(RUN, data, folder, noise)
        (folder / "runs" / RUN.path).parent.mkdir(parents=True)
        out.rename(folder / "runs" / RUN.path)
        complexity_of_run.main(of_run(folder, data, noise))
    return folder


def measures_of(results: Path) -> Path:
    return results / "complexity" / f"{RUN.path}.json"


def of_run(results: Path, data: Path, noise: Path) -> list[str]:
    """The command of the rule `complexity_of_run`."""
    folders = ["--left", str(results / "runs" / RUN.path), "--data", str(data), "--corrupted", str(noise)]
    return ["--run", RUN.json, *folders, "--out", str(measures_of(results))]


def summary_of(results: Path) -> dict[str, Any]:
    return files.read_json(results / "runs" / RUN.path / "run.json")


def test_the_norms_are_those_of_the_saved_weights_and_of_where_the_seed_began(results):
    found = files.read_json(measures_of(results))["measures"]
    weights = load_file(results / "runs" / RUN.path / WEIGHTS)
    began = MODELS[RUN.factory].build(tiny_runs.SHAPE, tiny_runs.NUM_CLASSES, **RUN.arguments)
    initialise(began, RUN.training.initialisation, generator(RUN.seed, "initialisation"))
    tensors = torch.cat([weights[name].flatten() for name in began.state_dict()]).double()
    start = torch.cat([tensor.flatten() for tensor in began.state_dict().values()]).double()
    assert found["frobenius_norm"] == pytest.approx(float(tensors.norm()))
    assert found["distance_from_initialisation"] == pytest.approx(float((tensors - start).norm()))
    matrices = [tensor.double() for tensor in weights.values() if tensor.ndim == 2]
    assert found["spectral_product"] == pytest.approx(float(np.prod([torch.linalg.svdvals(m)[0] for m in matrices])))


def margin_of(run: RunConfig, out: Path, images: np.ndarray, given: np.ndarray) -> Any:
    """What all but a twentieth of the images exceed: the logit of the label given minus the largest other one."""
    model = tiny_runs.load_model(run, load_file(out / WEIGHTS))
    logits = model(tiny_runs.whitened(images)).detach().numpy()
    own = logits[np.arange(len(given)), given]
    logits[np.arange(len(given)), given] = -np.inf
    return pytest.approx(np.quantile(own - logits.max(1), 0.05), rel=1e-4)


def test_the_margin_is_on_the_labels_that_were_given(results, data, noise):
    found = files.read_json(measures_of(results))["measures"]
    given = np.load(noise / "train_labels.npy")
    assert (given != np.load(data / "train_labels.npy")).any()
    images = np.load(data / "train_images.npy")
    assert found["margin"] == margin_of(RUN, results / "runs" / RUN.path, images, given)


def test_the_same_weights_have_the_same_measures(results, data, noise):
    with tiny_runs.torch_as_it_was():
        run, left = RUN, results / "runs" / RUN.path
        assert complexity_of_run.measured(run, left, data, noise) == files.read_json(measures_of(results))


def test_only_images_that_are_trained_on_are_measured(data, noise, tmp_path):
    split = tiny_runs.split_digits(data, tmp_path / "split", validation=10)
    with tiny_runs.torch_as_it_was():
        out = run_stage(RUN, data, tmp_path, noise, held_out=split)
        kept = complexity_of_run.measured(RUN, out, data, noise, split)["measures"]
    train = np.load(split / "train_indices.npy")
    given = np.load(noise / "train_labels.npy")[train]
    images = np.load(data / "train_images.npy")[train]
    assert kept["margin"] == margin_of(RUN, out, images, given)


def test_a_run_whose_labels_were_drawn_again_is_measured_on_the_last_ones(data, noise, tmp_path):
    run = make_run(corruption=NOISE, epochs=2, redraw_labels_after=[1])
    again = tiny_runs.corrupt_digits(data, tmp_path / "again", NOISE, seed=1)
    folders = {"data": data, "corrupted": noise, "redrawn": [again]}
    with tiny_runs.torch_as_it_was():
        train(run, code="code", **folders, out=tmp_path / "out", state_path=tmp_path / "state.pt")
        said = ["--left", str(tmp_path / "out"), "--data", str(data), "--corrupted", str(noise)]
        options = [*said, "--redrawn", str(again), "--out", str(tmp_path / "measured.json")]
        complexity_of_run.main(["--run", run.json, *options])
    given = np.load(again / "train_labels.npy")
    assert (given != np.load(noise / "train_labels.npy")).any()
    found = files.read_json(tmp_path / "measured.json")["measures"]["margin"]
    images = np.load(data / "train_images.npy")
    assert found == margin_of(run, tmp_path / "out", images, given)


def with_weights(results: Path, folder: Path, value: float) -> None:
    """A copy of the run in `folder` whose weights have one number `value`, sealed as if it had ended so."""
    left = results / "runs" / RUN.path
    for file in left.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    tensors = load_file(folder / WEIGHTS)
    tensors["classifier.bias"][0] = value
    save_file(tensors, folder / WEIGHTS)
    files.write_json(folder / "run.json", sealed(folder, summary_of(results)))


def test_a_network_that_diverged_has_no_measures_and_stops_nothing(results, data, noise, tmp_path):
    with_weights(results, tmp_path, float("nan"))
    with tiny_runs.torch_as_it_was():
        found = complexity_of_run.measured(RUN, tmp_path, data, noise)
    assert found["measures"] == dict.fromkeys(MEASURED)
    files.write_json(tmp_path / "measures.json", found)
    read = complexity.read_measured(tmp_path / "measures.json", files.read_json(tmp_path / "run.json"))
    assert all(np.isnan(value) for value in read.values())


def test_weights_and_data_that_are_not_the_run_s_are_refused_by_name(results, data, noise, tmp_path):
    with pytest.raises(ValueError, match=r"data\S*: not what digits/\S+/seed0 was trained on; delete the run"):
        complexity_of_run.measured(RUN, results / "runs" / RUN.path, data)
    with_weights(results, tmp_path, 1.0)
    torn = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(torn[:-1] + bytes([torn[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"weights\.safetensors: torn or edited"):
        complexity_of_run.measured(RUN, tmp_path, data, noise)


def of_section(results: Path, out: Path, run: RunConfig = RUN) -> list[str]:
    """The command of the rule `complexity`."""
    group = {"dataset": run.dataset, "recipe": run.recipe, "models": [run.model], "corruptions": [run.corruption]}
    network = {"factory": run.factory, "family": "mlp", "arguments": run.arguments}
    plan = {"seeds": [0], "groups": [group], "models": {run.model: network}}
    plan |= {"recipes": {run.recipe: run.training.to_json()}}
    told = ["--plan", json.dumps(plan), "--code", json.dumps({run.code_key: "code"}), "--runs", str(results / "runs")]
    return [*told, "--measured", str(results / "complexity"), "--out", str(out)]


def test_the_frame_has_a_row_a_run_and_measure(results, tmp_path):
    complexity.main(of_section(results, tmp_path / "complexity.csv"))
    frame = pd.read_csv(tmp_path / "complexity.csv")
    assert list(frame) == list(COMPLEXITY)
    expected = files.read_json(measures_of(results))["measures"]
    assert dict(zip(frame["Measure"], frame["Value"], strict=True)) == pytest.approx(expected)
    assert set(expected) == {*MEASURED}


@pytest.mark.parametrize("fault", ["of other weights", "without a measure", "torn", "missing"])
def test_measures_that_are_not_the_run_s_are_refused_by_name(fault, results, tmp_path):
    content = files.read_json(measures_of(results))
    if fault == "of other weights":
        content["weights"] = "0" * 64
    if fault == "without a measure":
        del content["measures"]["margin"]
    (tmp_path / "runs").symlink_to(results / "runs")
    file = measures_of(tmp_path)
    files.write_json(file, content)
    if fault == "torn":
        file.write_text(file.read_text()[:-20])
    if fault == "missing":
        file.unlink()
    with pytest.raises((ValueError, FileNotFoundError), match=str(file)):
        complexity.main(of_section(tmp_path, tmp_path / "complexity.csv"))
    assert not (tmp_path / "complexity.csv").exists()


# What is kept ---------------------------------------------------------------------------------------------------------


def test_measures_are_kept_beside_their_run_and_make_the_same_frame(results, tmp_path):
    summary = summary_of(results)
    keep_measured(RUN, summary, results, tmp_path)
    complexity.main(of_section(results, tmp_path / "complexity.csv"))
    kept = kept_complexity([(tmp_path, summary)])
    pd.testing.assert_frame_equal(kept, pd.read_csv(tmp_path / "complexity.csv"), check_dtype=False)


def test_what_was_measured_stays_when_the_weights_are_gone_and_not_when_they_are_others(results, tmp_path):
    summary = summary_of(results)
    keep_measured(RUN, summary, results, tmp_path)
    before = (tmp_path / FILE).read_bytes()
    keep_measured(RUN, summary, tmp_path / "another machine", tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    others = summary | {"files": summary["files"] | {WEIGHTS: "0" * 64}}
    keep_measured(RUN, others, tmp_path / "another machine", tmp_path)
    assert not (tmp_path / FILE).exists()
    assert kept_complexity([(tmp_path, others)]).empty
