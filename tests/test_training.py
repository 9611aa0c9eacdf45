"""Training through its stage: what a run's files hold, that they are the same bytes again, resumed or not."""

import itertools
import json
import math
import os
import pickle
import stat
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_runs
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks import PAPER
from safetensors.torch import load_file
from tiny_runs import (
    NUM_CLASSES,
    NUM_TEST,
    NUM_TRAIN,
    SHAPE,
    comparable,
    fail_saves,
    load_model,
    make_run,
    rows,
    run_stage,
    whitened,
)
from torch import nn
from torch.nn import functional

from rethinking import files, pickles, seeds
from rethinking.analysis.norms import frobenius_norm
from rethinking.data.preprocess import preprocess
from rethinking.engine import evaluation, loop, reproducibility
from rethinking.engine.evaluation import evaluate
from rethinking.engine.initialisation import SCHEMES, initialise
from rethinking.engine.loop import Sets, Split, evaluation_steps, fit
from rethinking.engine.optim import SGD
from rethinking.engine.reproducibility import generator, machine, resolved_precision
from rethinking.engine.state import State
from rethinking.engine.tasks import Classification, Task
from rethinking.models.registry import MODELS
from rethinking.outcomes.criteria import CRITERIA
from rethinking.recipe import Recipe
from rethinking.run import RunConfig
from rethinking.stages import run_folder
from rethinking.stages import train as stage

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

STEPS_PER_EPOCH = math.ceil(NUM_TRAIN / 16)
SIX = ["TrainAccuracy", "TrainLoss", "TestAccuracy", "TestLoss", "EpochTime", "Totaltime"]
NOISE = "random_labels-0.5"
# Networks whose state differs in kind: none but weights; running averages and channels-last weights.
two_networks = pytest.mark.parametrize("model", ["mlp_1x512", "inception"])


@pytest.fixture(scope="module")
def noise(data: Path) -> Path | None:
    return tiny_runs.corrupt_digits(data, data / NOISE / "seed0", NOISE)


@pytest.fixture(scope="module")
def noisy(data: Path, noise: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunConfig, Path]:
    """A run on noisy labels and the folder of its results, for tests that only read."""
    run = make_run("inception", NOISE, epochs=4)
    with tiny_runs.torch_as_it_was():
        return run, run_stage(run, data, tmp_path_factory.mktemp("noisy"), noise)


def floats(table: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column]) for row in table]


class InterruptionError(Exception):
    """What a test throws in place of a killed process."""


def interrupt_after(epochs: set[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stage end after it has saved these epochs, each once."""
    left, report = set(epochs), stage.report

    def interrupting(record: Any) -> str:
        if record.epoch in left:
            left.remove(record.epoch)
            raise InterruptionError
        return report(record)

    monkeypatch.setattr(stage, "report", interrupting)


def finish(run: RunConfig, data: Path, folder: Path, *more: Any, **options: Any) -> Path:
    """Call the stage again and again, as a user would whose runs are interrupted."""
    while True:
        try:
            return run_stage(run, data, folder, *more, **options)
        except InterruptionError:
            continue


# metrics.csv --------------------------------------------------------------------------------------------------------


def test_metrics_begin_with_the_notebooks_six_columns_and_hold_a_row_an_epoch(noisy):
    _, out = noisy
    text = (out / "metrics.csv").read_text()
    ours = ["Epoch", "Step", "LearningRate", "OnlineTrainLoss", "OnlineTrainAccuracy"]
    assert text.splitlines()[0].split(",") == SIX + ours
    assert "\r" not in text
    table = rows(out / "metrics.csv")
    assert [row["Epoch"] for row in table] == ["1", "2", "3", "4"]
    assert [int(row["Step"]) for row in table] == [STEPS_PER_EPOCH * epoch for epoch in (1, 2, 3, 4)]
    assert set(floats(table, "LearningRate")) == {0.02}
    assert all(0 <= value <= 100 for column in ("TrainAccuracy", "TestAccuracy") for value in floats(table, column))
    assert floats(table, "Totaltime") == pytest.approx(np.cumsum(floats(table, "EpochTime")))
    assert min(floats(table, "EpochTime")) > 0


def test_the_optional_files_are_not_written_unasked(noisy):
    names = {path.name for path in noisy[1].iterdir()}
    assert names == {"metrics.csv", "confusion.pkl", "run.json", "weights.safetensors"}


@pytest.mark.parametrize("corruption", ["true_labels", NOISE, "shuffled_pixels", "gaussian_pixels"])
@two_networks
def test_accuracies_are_those_of_the_saved_weights_on_whole_sets_with_the_labels_given(
    model, corruption, data, tmp_path
):
    corrupted = tiny_runs.corrupt_digits(data, tmp_path / "corrupted", corruption)
    run = make_run(model, corruption)
    out = run_stage(run, data, tmp_path, corrupted)
    network, last = load_model(run, load_file(out / "weights.safetensors")), rows(out / "metrics.csv")[-1]
    for part in ("train", "test"):
        images, labels = (
            np.load(next(f for f in (corrupted or data, data) if (f / name).exists()) / name)
            for name in (f"{part}_images.npy", f"{part}_labels.npy")
        )
        with torch.no_grad():
            logits = network(whitened(images)).double()
        y = torch.from_numpy(labels)
        assert float(last[f"{part.title()}Accuracy"]) == 100 * int((logits.argmax(1) == y).sum()) / len(y)
        expected = float(functional.cross_entropy(logits, y))
        assert float(last[f"{part.title()}Loss"]) == pytest.approx(expected, rel=1e-4)


def test_label_noise_is_learnt_and_the_test_labels_stay_true(data, noise, tmp_path):
    given_labels, true_labels = np.load(noise / "train_labels.npy"), np.load(data / "train_labels.npy")
    assert (given_labels != true_labels).any()
    run = make_run(
        corruption=NOISE,
        width=0.25,
        epochs=40,
        learning_rate=0.05,
        stop={"criterion": "accuracy_100", "extra_epochs": 0},
    )
    out = run_stage(run, data, tmp_path, noise)
    network = load_model(run, load_file(out / "weights.safetensors"))
    predicted = network(whitened(np.load(data / "train_images.npy"))).argmax(1).numpy()
    assert (predicted == given_labels).all()
    matrices = pickles.load(out / "confusion.pkl")["matrices"]
    assert (matrices.sum(2) == np.bincount(np.load(data / "test_labels.npy"), minlength=NUM_CLASSES)).all()


@pytest.mark.parametrize("batch", [1, 7, 30, 1000])
def test_a_score_does_not_depend_on_the_batches_it_is_taken_in(batch, monkeypatch):
    images = torch.randn(30, *SHAPE, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(30) % NUM_CLASSES
    model = MODELS["inception"].load()(num_classes=NUM_CLASSES, input_shape=SHAPE, width=1 / 32)
    expected = evaluate(model.train(), images, labels, Classification(NUM_CLASSES), "float32")
    monkeypatch.setattr(evaluation, "BATCH", batch)
    found = evaluate(model.train(), images, labels, Classification(NUM_CLASSES), "float32")
    assert not model.training
    assert found.accuracy == expected.accuracy
    assert found.loss == pytest.approx(expected.loss, rel=1e-6)
    assert torch.equal(found.found, expected.found)


def test_batches_of_large_images_are_smaller():
    sizes = []

    class Network(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            sizes.append(tuple(x.shape))
            return x.mean((2, 3))

    images, labels = torch.zeros(260, 3, 8, 8), torch.arange(260) % 3
    evaluate(Network(), images, labels, Classification(3), "float32")
    evaluate(Network(), images[:45], labels[:45], Classification(3), "float32", resize=224)
    assert sizes == [(250, 3, 8, 8), (10, 3, 8, 8), (20, 3, 224, 224), (20, 3, 224, 224), (5, 3, 224, 224)]


# confusion.pkl ------------------------------------------------------------------------------------------------------


def test_confusion_matrices_agree_with_metrics_and_with_the_saved_weights(noisy, data):
    run, out = noisy
    confusion = pickles.load(out / "confusion.pkl")
    assert list(confusion) == ["classes", "epochs", "set", "matrices"]
    assert (confusion["classes"], confusion["epochs"]) == (list("0123456789"), [1, 2, 3, 4])
    assert confusion["set"] == "test"
    matrices = confusion["matrices"]
    assert (matrices.shape, matrices.dtype) == ((4, NUM_CLASSES, NUM_CLASSES), np.int64)
    assert (matrices.sum(axis=(1, 2)) == NUM_TEST).all()
    accuracies = floats(rows(out / "metrics.csv"), "TestAccuracy")
    assert [100 * int(np.trace(matrix)) / NUM_TEST for matrix in matrices] == accuracies
    network = load_model(run, load_file(out / "weights.safetensors"))
    predicted = network(whitened(np.load(data / "test_images.npy"))).argmax(1).numpy()
    expected = np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)
    np.add.at(expected, (np.load(data / "test_labels.npy"), predicted), 1)
    assert (matrices[-1] == expected).all()


def test_plain_pickle_and_our_loader_read_the_same_from_confusion_pkl(noisy):
    plain = pickle.loads((noisy[1] / "confusion.pkl").read_bytes())
    ours = pickles.load(noisy[1] / "confusion.pkl")
    assert all(type(epoch) is int for epoch in plain["epochs"])
    assert all(type(name) is str for name in plain["classes"])
    assert np.array_equal(plain.pop("matrices"), ours.pop("matrices"))
    assert plain == ours


def test_a_pickle_that_would_run_something_is_refused_and_does_not_run_it(tmp_path):
    trace = tmp_path / "it_ran"

    class Gadget:
        def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
            return Path.touch, (trace,)

    file = tmp_path / "confusion.pkl"
    file.write_bytes(pickle.dumps({"classes": [], "epochs": [], "set": "test", "matrices": Gadget()}))
    with pytest.raises(ValueError, match=r"confusion\.pkl: not loaded: it refers to pathlib\.(\w+\.)?Path\.touch"):
        pickles.load(file)
    assert not trace.exists()
    pickle.loads(file.read_bytes())
    assert trace.exists()


# run.json and the weights -------------------------------------------------------------------------------------------


def test_run_json_holds_what_the_design_says(noisy, data, noise):
    run, out = noisy
    summary = files.read_json(out / "run.json")
    assert list(summary) == [
        *("schema", "dataset", "model", "corruption", "recipe", "seed", "config", "config_digest", "code_digest"),
        *("data_made_from", "data_sha256", "arrays", "device", "precision", "versions"),
        *("num_parameters", "num_train", "num_test", "num_classes"),
        *("epochs_done", "stopped_by", "fit", "best_validation", "final", "seconds", "files", "own_digest"),
    ]
    assert [summary[key] for key in ("schema", "dataset", "model", "recipe", "seed")] == [
        1,
        "digits",
        "inception",
        "tiny",
        0,
    ]
    assert (summary["corruption"], summary["config"]) == (NOISE, json.loads(run.json))
    assert RunConfig.from_json(summary["config"]) == run
    assert (summary["config_digest"], summary["code_digest"]) == (run.digest, "code")
    names = ("train_images", "train_labels", "test_images", "test_labels")
    owners = {name: files.read_json((noise if name == "train_labels" else data) / "manifest.json") for name in names}
    checksums = {name: owner["arrays"][name]["sha256"] for name, owner in owners.items()}
    assert summary["data_sha256"] == files.digest(checksums)
    places = {name: f"{NOISE}/seed0/{name}" if name == "train_labels" else name for name in names}
    assert summary["arrays"] == {places[name]: checksum for name, checksum in checksums.items()}
    assert (summary["device"], summary["precision"]) == (machine(torch.device("cpu")), "float32")
    assert summary["versions"].keys() == {"python", "torch", "numpy"}
    assert summary["versions"]["torch"] == torch.__version__
    weights = load_file(out / "weights.safetensors")
    assert summary["num_parameters"] == sum(p.numel() for p in load_model(run, weights).parameters() if p.requires_grad)
    assert [summary[key] for key in ("num_train", "num_test", "num_classes")] == [NUM_TRAIN, NUM_TEST, NUM_CLASSES]
    assert (summary["epochs_done"], summary["stopped_by"], summary["best_validation"]) == (4, "epochs", None)
    assert summary["fit"].keys() == CRITERIA.keys()
    last = rows(out / "metrics.csv")[-1]
    for part in ("train", "test"):
        expected = {"accuracy": float(last[f"{part.title()}Accuracy"]), "loss": float(last[f"{part.title()}Loss"])}
        assert summary["final"][part] == expected
    assert summary["final"]["validation"] is None
    assert summary["seconds"] == float(last["Totaltime"])
    assert summary["files"] == {path.name: files.sha256(path) for path in out.iterdir() if path.name != "run.json"}


@two_networks
def test_the_saved_weights_give_the_logits_of_the_network_that_was_trained(model, data, tmp_path):
    run = make_run(model)
    out = run_stage(run, data, tmp_path)
    trained = load_model(run, tiny_runs.saved(tmp_path / "state.pt")["model"])
    fresh = load_model(run, load_file(out / "weights.safetensors"))
    x, labels = whitened(np.load(data / "test_images.npy")), torch.from_numpy(np.load(data / "test_labels.npy"))
    assert torch.equal(fresh(x), trained(x))
    assert not any(key.startswith("module.") for key in load_file(out / "weights.safetensors"))
    layout = getattr(fresh, "memory_format", torch.contiguous_format)
    score = evaluate(
        fresh.to(memory_format=layout),
        x.contiguous(memory_format=layout),
        labels,
        Classification(NUM_CLASSES),
        "float32",
    )
    assert score.loss == pytest.approx(float(rows(out / "metrics.csv")[-1]["TestLoss"]), rel=1e-6)


def test_the_state_holds_the_optimiser_and_every_record(noisy):
    run, out = noisy
    content = tiny_runs.saved(out.parent / "state.pt")
    assert content["identity"].keys() == {"configuration", "code", "data", "precision"}
    assert content["identity"]["configuration"] == run.state_digest
    assert [record["epoch"] for record in content["records"]] == [1, 2, 3, 4]
    assert all(velocity.abs().sum() > 0 for velocity in content["optimiser"]["moments"]["velocity"])
    assert content["optimiser"]["num_steps"] == 4 * STEPS_PER_EPOCH
    earlier = tiny_runs.saved(out.parent / "state.pt.previous")
    assert [record["epoch"] for record in earlier["records"]] == [1, 2, 3]


def test_the_rules_command_line_trains_the_same_run(noisy, data, noise, tmp_path):
    run, expected = noisy
    arguments = ["--run", run.json, "--code", "code", "--data", str(data), "--corrupted", str(noise)]
    stage.main([*arguments, "--out", str(tmp_path / "out"), "--state", str(tmp_path / "state.pt")])
    assert comparable(tmp_path / "out") == comparable(expected)


def test_an_array_that_is_not_what_its_manifest_says_is_refused(data, tmp_path):
    copy = tiny_runs.prepare_digits(tmp_path / "data")
    labels = np.load(copy / "train_labels.npy")
    np.save(copy / "train_labels.npy", labels[::-1])
    with pytest.raises(ValueError, match=r"train_labels\.npy: its sha256 is"):
        run_stage(make_run(), copy, tmp_path)
    assert not (tmp_path / "out").exists()


# The same bytes again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", PAPER)
def test_the_same_seed_gives_the_same_bytes(model, data, noise, tmp_path):
    run = make_run(model, NOISE, epochs=2)
    first, second = (comparable(run_stage(run, data, tmp_path / name, noise)) for name in ("first", "second"))
    assert first == second


def test_the_bytes_do_not_depend_on_torchs_global_generator_and_leave_it_alone(data, tmp_path):
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        np.random.seed(seed)
        found.append(comparable(run_stage(make_run("inception"), data, tmp_path / str(seed))))
    assert found[0] == found[1]


def test_another_seed_gives_other_weights_and_another_order(data, tmp_path):
    outs = [run_stage(make_run(seed=seed), data, tmp_path / str(seed)) for seed in (0, 1)]
    one, other = (comparable(out) for out in outs)
    assert one["weights.safetensors"] != other["weights.safetensors"]
    assert one["metrics.csv"] != other["metrics.csv"]
    assert one["run.json"]["data_sha256"] == other["run.json"]["data_sha256"]


def test_runs_that_differ_only_in_model_or_recipe_share_their_corruption(data, tmp_path):
    """Each makes its own corruption from (data set, corruption, seed), which is all that the stage is told."""
    checksums = {}
    for name, run in {
        "mlp": make_run(corruption=NOISE),
        "alexnet": make_run("alexnet", NOISE, epochs=1),
        "recipe": make_run(corruption=NOISE, learning_rate=0.1, momentum=0.0),
        "seed": make_run(corruption=NOISE, seed=1),
    }.items():
        corrupted = tiny_runs.corrupt_digits(data, tmp_path / name / "corrupted", run.corruption, run.seed)
        out = run_stage(run, data, tmp_path / name, corrupted)
        checksums[name] = files.read_json(out / "run.json")["data_sha256"]
    assert checksums["mlp"] == checksums["alexnet"] == checksums["recipe"] != checksums["seed"]


class Witness(nn.Module):
    """A network that writes down which images it trained on: the first value of an image is its number."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.seen: list[list[int]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.seen.append(x[:, 0, 0, 0].int().tolist())
        return self.layer(x.flatten(1))


def batches(seed: int, batch_size: int, epochs: int = 3, size: int = 11, **changes: Any) -> list[list[int]]:
    """Which images each step of a training sees."""
    numbers = torch.arange(size)
    split = Split(torch.stack([numbers.float(), torch.zeros(size)], 1)[:, :, None, None], numbers % 2)
    run = make_run(seed=seed, batch_size=batch_size, epochs=epochs, learning_rate=1e-3, **changes)
    model = Witness()
    state = State(model, SGD(model.parameters()))
    assert len(list(fit(Sets(split, split, Classification(2), "float32"), run, state, measures={}))) == epochs
    return model.seen


@pytest.mark.parametrize("batch_size", [1, 4, 11, 50])
def test_an_epoch_shows_every_image_once(batch_size):
    seen = batches(seed=0, batch_size=batch_size)
    steps = math.ceil(11 / batch_size)
    assert [len(batch) for batch in seen[:steps]] == [min(batch_size, 11 - start) for start in range(0, 11, batch_size)]
    for epoch in range(3):
        of_epoch = itertools.chain(*seen[steps * epoch : steps * (epoch + 1)])
        assert sorted(of_epoch) == list(range(11))


def test_the_order_of_an_epoch_depends_on_seed_and_epoch_alone():
    orders = {seed: list(itertools.chain(*batches(seed, 4))) for seed in (0, 1)}
    assert orders[0] != orders[1]
    epochs = [orders[0][11 * epoch : 11 * (epoch + 1)] for epoch in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    assert epochs == [seeds.rng(0, "order", epoch).permutation(11).tolist() for epoch in (1, 2, 3)]
    more = {"momentum": 0.0, "evaluations_per_epoch": 3, "log_every_steps": 1}
    assert list(itertools.chain(*batches(0, 3, epochs=5, **more)))[: 3 * 11] == orders[0]


def test_training_is_a_plain_loop_with_torchs_optimiser_and_schedule_bit_for_bit(data, tmp_path):
    rates = {"learning_rate": 0.05, "schedule": "exponential", "decay": 0.5}
    run = make_run(batch_size=16, nesterov=True, weight_decay=0.01, epochs=3, **rates)
    out = run_stage(run, data, tmp_path)
    model = MODELS[run.factory].load()(num_classes=NUM_CLASSES, input_shape=SHAPE, **run.arguments)
    initialise(model, "kaiming", generator(0, "initialisation"))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, gamma=0.5)
    images = torch.from_numpy(preprocess(np.load(data / "train_images.npy"), crop=None, whitening="per_image"))
    labels = torch.from_numpy(np.load(data / "train_labels.npy"))
    online = []
    for epoch in (1, 2, 3):
        losses, correct = [], 0
        for indices in torch.from_numpy(seeds.rng(0, "order", epoch).permutation(NUM_TRAIN)).split(16):
            logits = model(images[indices])
            loss = functional.cross_entropy(logits, labels[indices])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses += [loss.item()] * len(indices)
            correct += int((logits.argmax(1) == labels[indices]).sum())
        schedule.step()
        online.append((np.mean(losses), 100 * correct / NUM_TRAIN))
    for name, tensor in load_file(out / "weights.safetensors").items():
        assert torch.equal(tensor, model.state_dict()[name]), name
    table = rows(out / "metrics.csv")
    assert floats(table, "LearningRate") == [0.05, 0.025, 0.0125]
    assert floats(table, "OnlineTrainLoss") == pytest.approx([loss for loss, _ in online], rel=1e-12)
    assert floats(table, "OnlineTrainAccuracy") == [accuracy for _, accuracy in online]


# Resuming -----------------------------------------------------------------------------------------------------------

EVERYTHING = {"evaluations_per_epoch": 2, "log_every_steps": 2, "measures": ["frobenius_norm"], "ledger": True}


@two_networks
@pytest.mark.parametrize("epochs", [{1}, {2}, {3}, {4}, {1, 2, 3, 4}], ids=str)
def test_resume_equals_uninterrupted(model, epochs, data, noise, tmp_path, monkeypatch, capsys):
    run = make_run(model, NOISE, epochs=4, nesterov=True, train_evaluation_every=3, **EVERYTHING)
    expected = comparable(run_stage(run, data, tmp_path / "uninterrupted", noise))
    interrupt_after(epochs, monkeypatch)
    capsys.readouterr()
    assert comparable(finish(run, data, tmp_path / "interrupted", noise)) == expected
    log = capsys.readouterr().out
    assert [epoch for epoch in range(1, 5) if f"resuming after epoch {epoch}" in log] == sorted(epochs)


def test_a_run_that_ends_before_its_state_is_saved_goes_on_from_the_one_before(data, tmp_path, monkeypatch):
    run = make_run(epochs=3)
    expected = comparable(run_stage(run, data, tmp_path / "uninterrupted"))
    failed = fail_saves(monkeypatch, {2, 3}, InterruptionError())
    assert comparable(finish(run, data, tmp_path / "interrupted")) == expected
    assert failed == [2, 3]
    assert [path.name for path in sorted((tmp_path / "interrupted").iterdir())] == [
        "out",
        "state.pt",
        "state.pt.previous",
    ]


def test_a_finished_run_trains_no_more_and_writes_the_same_bytes(data, tmp_path, capsys):
    run = make_run()
    first = comparable(run_stage(run, data, tmp_path))
    capsys.readouterr()
    assert comparable(run_stage(run, data, tmp_path)) == first
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{run.path}: resuming after epoch 3",
        f"{run.path}: computes on {machine(torch.device('cpu'))}, torch {torch.__version__}",
        f"{run.path}: stopped by epochs after 3 epochs",
    ]


@two_networks
@pytest.mark.parametrize("every", [1, 3])
def test_more_epochs_continue_and_equal_one_go(model, every, data, noise, tmp_path, capsys):
    values = {"train_evaluation_every": every, **EVERYTHING}
    expected = comparable(run_stage(make_run(model, NOISE, epochs=5, **values), data, tmp_path / "one go", noise))
    for epochs in (1, 2, 5):
        out = run_stage(make_run(model, NOISE, epochs=epochs, **values), data, tmp_path / "longer", noise)
    assert comparable(out) == expected
    log = capsys.readouterr().out
    assert "resuming after epoch 1" in log
    assert "resuming after epoch 2" in log


def test_a_run_that_stopped_early_goes_on_where_the_criterion_is_taken_away(data, tmp_path, capsys):
    fitting = {"learning_rate": 0.1, "width": 0.25, "epochs": 30}
    expected = comparable(run_stage(make_run(**fitting), data, tmp_path / "one go"))
    stop = {"criterion": "accuracy_99", "extra_epochs": 0}
    early = files.read_json(run_stage(make_run(**fitting, stop=stop), data, tmp_path / "longer") / "run.json")
    assert (done := early["epochs_done"]) < 30
    capsys.readouterr()
    assert comparable(run_stage(make_run(**fitting), data, tmp_path / "longer")) == expected
    assert f"resuming after epoch {done}" in capsys.readouterr().out


def test_fewer_epochs_start_again_and_equal_one_go(data, tmp_path, capsys):
    expected = comparable(run_stage(make_run(epochs=2), data, tmp_path / "one go"))
    run_stage(make_run(epochs=4), data, tmp_path / "shorter")
    capsys.readouterr()
    assert comparable(run_stage(make_run(epochs=2), data, tmp_path / "shorter")) == expected
    assert "beyond this recipe's end" in capsys.readouterr().out


@pytest.mark.parametrize("other", ["configuration", "code", "data", "precision"])
def test_the_state_of_another_run_is_not_used_and_the_log_says_so(other, data, noise, tmp_path, capsys):
    changed = {
        "configuration": {"run": make_run(learning_rate=0.03)},
        "code": {"run": make_run(), "code": "other"},
        "data": {"run": make_run(), "corrupted": noise},
        "precision": {"run": make_run(precision="auto")},
    }[other]
    expected = comparable(run_stage(data=data, folder=tmp_path / "fresh", **changed))
    run_stage(make_run(precision="auto" if other == "precision" else "float32"), data, tmp_path / "used")
    if other == "precision":
        # Another machine: `auto` means something else there, the configuration is the same.
        content = tiny_runs.saved(tmp_path / "used" / "state.pt")
        content["identity"]["precision"] = "another"
        tiny_runs.save_as(tmp_path / "used" / "state.pt", content)
    capsys.readouterr()
    assert comparable(run_stage(data=data, folder=tmp_path / "used", **changed)) == expected
    log = capsys.readouterr().out
    assert f"starting: {tmp_path / 'used' / 'state.pt'} belongs to another {other}, so it is not used" in log
    assert "epoch    1" in log


# Stopping, scoring, logging, measuring ------------------------------------------------------------------------------


@pytest.mark.parametrize("extra_epochs", [0, 2])
def test_a_run_stops_at_its_criterion_after_the_extra_epochs(extra_epochs, data, tmp_path):
    stop = {"criterion": "accuracy_100", "extra_epochs": extra_epochs}
    out = run_stage(make_run(width=0.25, learning_rate=0.1, epochs=60, stop=stop), data, tmp_path)
    summary, table = files.read_json(out / "run.json"), rows(out / "metrics.csv")
    fitted = next(row for row in table if float(row["TrainAccuracy"]) == 100)
    found = summary["fit"]["accuracy_100"]
    assert found == {
        "epoch": int(fitted["Epoch"]),
        "step": int(fitted["Step"]),
        "seconds": found["seconds"],
        "test_accuracy": float(fitted["TestAccuracy"]),
        "test_loss": float(fitted["TestLoss"]),
    }
    before = float(fitted["Totaltime"]) - float(fitted["EpochTime"])
    assert before < found["seconds"] < float(fitted["Totaltime"])
    assert summary["stopped_by"] == "accuracy_100"
    assert summary["epochs_done"] == len(table) == found["epoch"] + extra_epochs < 60


def test_epochs_that_are_not_scored_have_empty_cells_but_the_last_one_is_scored(data, tmp_path):
    table = rows(run_stage(make_run(epochs=5, train_evaluation_every=2), data, tmp_path) / "metrics.csv")
    for column in ("TrainAccuracy", "TrainLoss"):
        assert [row["Epoch"] for row in table if row[column] == ""] == ["1", "3"]
    for column in ("TestAccuracy", "TestLoss", "OnlineTrainLoss", "OnlineTrainAccuracy"):
        assert all(row[column] for row in table)


def test_leaving_scores_out_changes_no_other_number(data, tmp_path):
    every, second = (
        comparable(run_stage(make_run("inception", train_evaluation_every=k), data, tmp_path / str(k))) for k in (1, 2)
    )
    assert every["weights.safetensors"] == second["weights.safetensors"]
    for row, other in zip(every["metrics.csv"], second["metrics.csv"], strict=True):
        assert {key for key in row if row[key] != other[key]} <= {"TrainAccuracy", "TrainLoss"}


def test_a_run_that_stops_by_a_fit_within_an_epoch_is_scored_at_its_end(data, tmp_path):
    stop = {"criterion": "accuracy_99", "extra_epochs": 0}
    values = {"evaluations_per_epoch": 3, "train_evaluation_every": 2, "batch_size": 4}
    out = run_stage(make_run(width=0.25, learning_rate=0.02, epochs=41, stop=stop, **values), data, tmp_path)
    summary, table = files.read_json(out / "run.json"), rows(out / "evaluations.csv")
    assert summary["stopped_by"] == "accuracy_99"
    assert summary["final"]["train"]["accuracy"] is not None
    unscored = [row for row in table if row["TrainAccuracy"] == ""]
    assert {math.ceil(float(row["Epoch"])) % 2 for row in unscored} == {1}
    assert summary["fit"]["accuracy_99"]["epoch"] == next(
        float(row["Epoch"]) for row in table if row["TrainAccuracy"] and float(row["TrainAccuracy"]) >= 99
    )


def test_several_evaluations_an_epoch_are_spread_over_it(data, tmp_path):
    run = make_run("inception", epochs=2, batch_size=5, evaluations_per_epoch=4)
    out = run_stage(run, data, tmp_path / "four")
    table, metrics = rows(out / "evaluations.csv"), rows(out / "metrics.csv")
    assert list(table[0]) == ["Epoch", "Step", "TrainAccuracy", "TrainLoss", "TestAccuracy", "TestLoss", "Seconds"]
    assert floats(table, "Epoch") == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    assert [int(row["Step"]) for row in table] == [2, 4, 6, 8, 10, 12, 14, 16]
    assert floats(table, "Seconds") == sorted(floats(table, "Seconds"))
    assert len(metrics) == 2
    for row, last in zip(metrics, table[3::4], strict=True):
        assert {key: row[key] for key in SIX[:4]} == {key: last[key] for key in SIX[:4]}
    once = comparable(run_stage(make_run("inception", epochs=2, batch_size=5), data, tmp_path / "once"))
    assert comparable(out)["weights.safetensors"] == once["weights.safetensors"]
    assert comparable(out)["metrics.csv"] == once["metrics.csv"]


def test_a_fit_within_an_epoch_is_in_the_summary(data, tmp_path):
    run = make_run(width=0.25, learning_rate=0.02, batch_size=4, epochs=12, evaluations_per_epoch=10)
    out = run_stage(run, data, tmp_path)
    first = next(row for row in rows(out / "evaluations.csv") if float(row["TrainAccuracy"]) >= 99)
    found = files.read_json(out / "run.json")["fit"]["accuracy_99"]
    assert (found["epoch"], found["step"]) == (float(first["Epoch"]), int(first["Step"]))
    assert (found["test_accuracy"], found["seconds"]) == (float(first["TestAccuracy"]), float(first["Seconds"]))


@given(num_steps=st.integers(1, 500), evaluations=st.integers(1, 40))
def test_evaluations_within_an_epoch_lie_inside_it_and_evenly(num_steps, evaluations):
    found = sorted(evaluation_steps(num_steps, evaluations))
    assert len(found) <= evaluations - 1
    assert all(0 < step < num_steps for step in found)
    if num_steps >= 2 * evaluations:
        assert len(found) == evaluations - 1
        gaps = np.diff([0, *found, num_steps])
        assert max(gaps) - min(gaps) <= 2


def test_steps_csv_holds_a_row_every_few_steps_and_at_each_epochs_end(data, tmp_path):
    out = run_stage(make_run(batch_size=7, epochs=2, log_every_steps=4), data, tmp_path)
    table = rows(out / "steps.csv")
    assert list(table[0]) == ["Step", "Epoch", "OnlineTrainLoss", "OnlineTrainAccuracy"]
    assert [(row["Step"], row["Epoch"]) for row in table] == [("4", "1"), ("6", "1"), ("10", "2"), ("12", "2")]
    images = np.array([28, 12])  # six batches of 7, 7, 7, 7, 7, 5
    for metrics, logged in zip(rows(out / "metrics.csv"), (table[:2], table[2:]), strict=True):
        for column in ("OnlineTrainLoss", "OnlineTrainAccuracy"):
            mean = np.average(floats(logged, column), weights=images)
            assert float(metrics[column]) == pytest.approx(mean, rel=1e-12)


def test_what_an_earlier_recipe_logged_does_not_stay(data, tmp_path):
    out = run_stage(make_run(**EVERYTHING), data, tmp_path)
    logged = {"evaluations.csv", "steps.csv", "measures.csv", "ledger.npz"}
    assert logged <= {path.name for path in out.iterdir()}
    run_stage(make_run(), data, tmp_path)
    assert not logged & {path.name for path in out.iterdir()}


def test_measures_csv_holds_the_frobenius_norms_before_and_after_each_epoch(data, tmp_path):
    run = make_run("inception", epochs=2, measures=["frobenius_norm"])
    out = run_stage(run, data, tmp_path)
    table = rows(out / "measures.csv")
    assert list(table[0]) == ["Epoch", "Measure", "Layer", "Value"]
    assert {row["Measure"] for row in table} == {"frobenius_norm"}
    model = MODELS["inception"].load()(num_classes=NUM_CLASSES, input_shape=SHAPE, **run.arguments)
    initialise(model, "kaiming", generator(run.seed, "initialisation"))
    trained = load_model(run, load_file(out / "weights.safetensors"))
    for epoch, network in (("0", model), ("1", None), ("2", trained)):
        values = {row["Layer"]: float(row["Value"]) for row in table if row["Epoch"] == epoch}
        total = values.pop("total")
        assert total == pytest.approx(math.sqrt(sum(value**2 for value in values.values())), rel=1e-12)
        assert list(values) == [name for name, _ in model.named_parameters()]
        for name, parameter in network.named_parameters() if network else ():
            assert values[name] == pytest.approx(np.sqrt(np.square(parameter.detach().double().numpy()).sum()))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([3072, 128, 32, 3], 7.3810), ([3072, 124, 64, 3], 7.9912), ([1, 300, 500, 1], 19.5458)],
    ids=["AnimalNet", "BigAnimalNet", "toy net"],
)
def test_the_tutorials_networks_have_its_frobenius_norms_at_its_seed(sizes, expected):
    with torch.random.fork_rng():
        torch.manual_seed(2021)
        model = nn.Sequential(*(nn.Linear(one, other) for one, other in pairwise(sizes)))
    assert frobenius_norm(model, {})["total"] == pytest.approx(expected, abs=1e-4)


def test_the_distance_from_initialisation_is_zero_before_training_and_grows_from_there(data, tmp_path):
    run = make_run("mlp_1x512", epochs=3, measures=["distance_from_initialisation"])
    table = rows(run_stage(run, data, tmp_path) / "measures.csv")
    totals = [float(row["Value"]) for row in table if row["Layer"] == "total"]
    assert totals[0] == 0
    assert 0 < totals[1] < totals[2] < totals[3]


def test_the_tutorials_frobenius_norm_is_reproduced_at_its_seed():
    """Tutorial W2D1's first check: a linear layer of ten inputs, torch's seed 2021."""
    torch.manual_seed(2021)
    layer = nn.Linear(10, 1)
    norms = frobenius_norm(layer, {})
    assert list(norms) == ["total", "weight", "bias"]
    assert norms["total"] == pytest.approx(0.6572162508964539, rel=1e-7)
    layer.bias.requires_grad_(False)
    assert list(frobenius_norm(layer, {})) == ["total", "weight"]


# Divergence ---------------------------------------------------------------------------------------------------------


def refuse_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@two_networks
@pytest.mark.parametrize("every", [1, 4])
def test_a_run_that_diverges_stops_says_so_and_leaves_its_files(model, every, data, tmp_path, capsys):
    run = make_run(model, learning_rate=1e30, epochs=6, train_evaluation_every=every)
    out = run_stage(run, data, tmp_path)
    summary = json.loads((out / "run.json").read_text(), parse_constant=refuse_constant)
    assert summary["stopped_by"] == "diverged"
    assert summary["epochs_done"] == len(rows(out / "metrics.csv")) < 6
    assert f"stopped by diverged after {summary['epochs_done']} epochs" in capsys.readouterr().out
    assert summary["final"]["train"]["loss"] is None
    assert summary["final"]["test"]["loss"] is None
    assert 0 <= summary["final"]["train"]["accuracy"] <= 100
    last = rows(out / "metrics.csv")[-1]
    assert not math.isfinite(float(last["OnlineTrainLoss"]))
    assert not math.isfinite(float(last["TrainLoss"]))
    assert pickles.load(out / "confusion.pkl")["matrices"][-1].sum() == NUM_TEST
    load_file(out / "weights.safetensors")
    # Neither called again nor with more epochs does it go on.
    again = files.read_json(
        run_stage(make_run(model, learning_rate=1e30, epochs=9, train_evaluation_every=every), data, tmp_path)
        / "run.json"
    )
    assert (again["stopped_by"], again["epochs_done"]) == ("diverged", summary["epochs_done"])


def test_a_run_whose_last_step_diverges_is_diverged(data, tmp_path):
    """One step: its own loss is still finite, the loss after it is not."""
    out = run_stage(make_run(batch_size=NUM_TRAIN, learning_rate=1e38, epochs=1), data, tmp_path)
    assert math.isfinite(float(rows(out / "metrics.csv")[0]["OnlineTrainLoss"]))
    assert files.read_json(out / "run.json")["stopped_by"] == "diverged"


@pytest.mark.parametrize("place", ["the loss", "a gradient"])
def test_a_nan_at_a_chosen_step_ends_the_run_as_diverged(place, data, tmp_path, monkeypatch):
    """The second step of the second of six epochs."""
    steps, original = itertools.count(1), loop.objective

    def poisoned(model: nn.Module, recipe: Recipe, task: Task) -> Any:
        loss_of = original(model, recipe, task)

        def both(logits: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            total, loss = loss_of(logits, labels)
            if next(steps) != STEPS_PER_EPOCH + 2:
                return total, loss
            return total * math.nan, loss * math.nan if place == "the loss" else loss

        return both

    monkeypatch.setattr(loop, "objective", poisoned)
    out = run_stage(make_run(epochs=6), data, tmp_path)
    summary = json.loads((out / "run.json").read_text(), parse_constant=refuse_constant)
    assert (summary["stopped_by"], summary["epochs_done"]) == ("diverged", 2)
    table = rows(out / "metrics.csv")
    assert [math.isfinite(float(row["OnlineTrainLoss"])) for row in table] == [True, False]
    assert summary["final"]["test"]["loss"] is None
    assert pickles.load(out / "confusion.pkl")["matrices"].shape[0] == 2


# Initialisation -----------------------------------------------------------------------------------------------------


def wide(seed: int, scheme: str) -> nn.Module:
    model = nn.Sequential(nn.Conv2d(16, 200, 3), nn.BatchNorm2d(200), nn.ReLU(), nn.Flatten(), nn.Linear(600, 400))
    initialise(model, scheme, generator(seed, "initialisation"))
    return model


def test_kaiming_is_normal_with_variance_two_over_fan_in_and_zero_biases():
    for layer, fan_in in ((wide(0, "kaiming")[0], 16 * 9), (wide(0, "kaiming")[4], 600)):
        values = layer.weight.detach().flatten().double()
        deviation = math.sqrt(2 / fan_in)
        assert abs(values.mean()) < 4 * deviation / math.sqrt(len(values))
        assert values.std() == pytest.approx(deviation, rel=4 / math.sqrt(2 * len(values)))
        kurtosis = ((values - values.mean()) ** 4).mean() / values.var() ** 2
        assert kurtosis == pytest.approx(3, abs=4 * math.sqrt(24 / len(values)))
        assert not layer.bias.any()


def test_framework_is_torchs_own_default():
    """Uniform within 1/sqrt(fan in), weights and biases; the same distribution as a layer that torch has just made."""
    ours, fan_ins = wide(0, "framework"), {0: 16 * 9, 4: 600}
    torchs = nn.Sequential(nn.Conv2d(16, 200, 3), nn.BatchNorm2d(200), nn.ReLU(), nn.Flatten(), nn.Linear(600, 400))
    for index, fan_in in fan_ins.items():
        bound = 1 / math.sqrt(fan_in)
        for layer in (ours[index], torchs[index]):
            for values in (layer.weight.detach().flatten().double(), layer.bias.detach().double()):
                assert values.abs().max() <= bound * (1 + 1e-6)
                assert values.abs().max() > bound * (1 - 10 / len(values))
                assert values.std() == pytest.approx(bound / math.sqrt(3), rel=4 / math.sqrt(len(values)))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_initial_weights_depend_on_the_seed_alone(scheme):
    torch.manual_seed(1)
    first = wide(0, scheme).state_dict()
    torch.manual_seed(2)
    second, other = wide(0, scheme).state_dict(), wide(1, scheme).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])
    assert torch.equal(first["1.weight"], torch.ones(200))
    model = nn.Sequential(nn.Linear(3, 3))
    drawn = torch.get_rng_state()
    initialise(model, scheme, generator(0, "initialisation"))
    assert torch.equal(torch.get_rng_state(), drawn)


@pytest.mark.parametrize("model", PAPER)
def test_every_weight_of_every_network_of_the_paper_is_drawn_from_the_seed(model, data, tmp_path):
    """A first step of almost no length leaves the initial weights."""
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        run = make_run(model, epochs=1, batch_size=NUM_TRAIN, learning_rate=1e-30, initialisation="framework")
        found.append(load_file(run_stage(run, data, tmp_path / str(seed)) / "weights.safetensors"))
    for name, tensor in found[0].items():
        assert torch.equal(tensor, found[1][name]), name


@pytest.mark.parametrize(("index", "fan_in", "fan_out"), [(0, 16 * 9, 200 * 9), (4, 600, 400)])
def test_xavier_is_uniform_within_its_bound_and_leaves_biases_as_torch_has_them(index, fan_in, fan_out):
    layer = wide(0, "xavier")[index]
    values, bound = layer.weight.detach().flatten().double(), math.sqrt(6 / (fan_in + fan_out))
    assert bound * (1 - 10 / len(values)) < values.abs().max() <= bound * (1 + 1e-6)
    assert values.std() == pytest.approx(bound / math.sqrt(3), rel=4 / math.sqrt(len(values)))
    assert abs(values.mean()) < 4 * bound / math.sqrt(3 * len(values))
    biases = layer.bias.detach()
    assert 0 < biases.abs().max() <= 1 / math.sqrt(fan_in)


def test_xavier_with_zero_biases_has_xaviers_bound_and_no_bias():
    for index, fans in ((0, (16 + 200) * 9), (4, 600 + 400)):
        layer, bound = wide(0, "xavier_zero_bias")[index], math.sqrt(6 / fans)
        values = layer.weight.detach().flatten().double()
        assert bound * (1 - 10 / len(values)) < values.abs().max() <= bound * (1 + 1e-6)
        assert values.std() == pytest.approx(bound / math.sqrt(3), rel=4 / math.sqrt(len(values)))
        assert not layer.bias.any()


def test_half_of_xavier_is_half_of_its_weights_and_all_of_its_biases():
    whole, half = wide(0, "xavier"), wide(0, "xavier_half")
    for index in (0, 4):
        assert torch.equal(half[index].weight, whole[index].weight / 2)
        assert torch.equal(half[index].bias, whole[index].bias)


def test_slims_alexnet_has_xaviers_convolutions_small_other_weights_and_no_bias_in_its_last_layer():
    model = nn.Sequential(nn.Conv2d(16, 200, 3), nn.Linear(2304, 384), nn.Linear(384, 10))
    initialise(model, "slim_alexnet", generator(0, "initialisation"))
    bound = math.sqrt(6 / ((16 + 200) * 9))
    of_convolution = model[0].weight.detach().flatten().double()
    assert bound * (1 - 10 / len(of_convolution)) < of_convolution.abs().max() <= bound * (1 + 1e-6)
    for layer in model[1:]:
        values = layer.weight.detach().flatten().double()
        assert 0.95 * 0.01 < values.abs().max() <= 0.01 * (1 + 1e-6)
        assert values.std() == pytest.approx(0.8796256610342398 * 0.005, rel=4 / math.sqrt(len(values)))
    for layer, bias in zip(model, [0.1, 0.1, 0.0], strict=True):
        assert layer.bias.unique().tolist() == pytest.approx([bias])


@pytest.mark.parametrize(
    ("scheme", "of_convolutions"), [("tensorflow_tutorial", 0.05), ("early_tensorflow_tutorial", 1e-4)]
)
def test_tensorflows_tutorial_draws_normal_weights_cut_at_two_deviations_and_sets_biases(scheme, of_convolutions):
    model = nn.Sequential(
        *(nn.Conv2d(3, 64, 5), nn.Conv2d(64, 64, 5)),
        *(nn.Linear(2304, 384), nn.Linear(384, 192), nn.Linear(192, 10)),
    )
    initialise(model, scheme, generator(0, "initialisation"))
    cut = 0.8796256610342398  # standard deviation of a standard normal cut at two
    deviations = [of_convolutions, of_convolutions, 0.04, 0.04, 1 / 192]
    for layer, deviation, bias in zip(model, deviations, [0.0, 0.1, 0.1, 0.1, 0.0], strict=True):
        values = layer.weight.detach().flatten().double()
        assert values.abs().max() <= 2 * deviation * (1 + 1e-6)
        assert values.abs().max() > 2 * deviation * 0.95
        assert values.std() == pytest.approx(cut * deviation, rel=4 / math.sqrt(len(values)))
        assert abs(values.mean()) < 4 * deviation / math.sqrt(len(values))
        assert layer.bias.unique().tolist() == pytest.approx([bias])


def test_every_scheme_of_the_schema_is_there_and_no_other():
    assert set(tiny_runs.schema_of("initialisation")["enum"]) == set(SCHEMES)


# Settings -----------------------------------------------------------------------------------------------------------


def test_training_uses_one_thread_and_deterministic_kernels(data, tmp_path, monkeypatch):
    torch.set_num_threads(2)
    seen, report = [], stage.report

    def spy(record: Any) -> str:
        seen.append((torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()))
        return report(record)

    monkeypatch.setattr(stage, "report", spy)
    run_stage(make_run(), data, tmp_path)
    assert seen == [(1, True)] * 3
    assert not torch.backends.cudnn.benchmark
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize("model", PAPER)
def test_bfloat16_trains_and_evaluates(model, data, tmp_path):
    values = {"epochs": 2, "width": 0.25}
    outs = {
        precision: run_stage(make_run(model, precision=precision, **values), data, tmp_path / precision)
        for precision in ("float32", "bfloat16")
    }
    assert files.read_json(outs["bfloat16"] / "run.json")["precision"] == "bfloat16"
    reduced, full = (rows(outs[precision] / "metrics.csv") for precision in ("bfloat16", "float32"))
    for column in ("TrainLoss", "TestLoss", "OnlineTrainLoss"):
        assert floats(reduced, column) == pytest.approx(floats(full, column), rel=0.1)
        assert floats(reduced, column) != floats(full, column)
    weights = load_file(outs["bfloat16"] / "weights.safetensors")
    assert {tensor.dtype for tensor in weights.values()} <= {torch.float32, torch.int64}


@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_the_steps_of_a_compiled_recipe_are_compiled_and_its_scores_are_not(mode, data, tmp_path, monkeypatch):
    asked, sizes = [], []

    def compiled(model: nn.Module, **options: Any) -> Any:
        asked.append(options)
        return lambda x: sizes.append((len(x), model.training)) or model(x)

    monkeypatch.setattr(torch, "compile", compiled)
    out = run_stage(make_run(epochs=2, compile=mode), data, tmp_path / "compiled")
    assert asked == [{"mode": mode, "dynamic": False}]
    assert sizes == [(16, True), (16, True), (8, True)] * 2
    plain = run_stage(make_run(epochs=2), data, tmp_path / "plain")
    for name in ("confusion.pkl", "weights.safetensors"):
        assert (out / name).read_bytes() == (plain / name).read_bytes()


@pytest.mark.slow
def test_a_machine_without_a_compiler_is_told_by_the_recipe_s_key(data, tmp_path, monkeypatch):
    """In a process of its own: torch asks for the compiler once, and warns of a line of its own on the way."""
    run = make_run(epochs=1, compile="default")
    arguments = ["--run", run.json, "--code", "any", "--data", str(data)]
    arguments += ["--out", str(tmp_path / "out"), "--state", str(tmp_path / "state.pt")]
    without = {"CXX": "no-such-compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache")}
    called = subprocess.run(
        [sys.executable, "-P", "-m", "rethinking", "train", *arguments],
        env=os.environ | {"PYTHONPATH": str(Path(stage.__file__).parents[2])} | without,
        capture_output=True,
        text=True,
        check=False,
    )
    assert called.returncode == 1
    (told,) = [line for line in called.stderr.splitlines() if line.startswith("error:")]
    assert told.startswith(f'error: {run.path}: recipes.{run.recipe}.compile = "default": torch cannot compile')
    assert "No working C++ compiler found" in told
    assert told.endswith("install a C++ compiler (g++), or write compile: null")
    assert "Traceback" not in called.stderr


def test_precisions_are_resolved_by_device():
    cpu = torch.device("cpu")
    assert resolved_precision("tfloat32", cpu) == "float32"
    assert resolved_precision("auto", cpu) in ("float32", "bfloat16")
    assert [resolved_precision(name, cpu) for name in ("float32", "bfloat16")] == ["float32", "bfloat16"]


@pytest.mark.parametrize(
    ("precision", "has_instructions", "is_said"),
    [("bfloat16", False, True), ("bfloat16", True, False), ("auto", False, False), ("auto", True, False)],
)
def test_a_log_says_that_bfloat16_is_slow_where_the_processor_has_no_instructions_for_it(
    precision: str,
    has_instructions: bool,
    is_said: bool,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(reproducibility, "has_fast_bfloat16", lambda device: has_instructions)
    run_stage(make_run(precision=precision, epochs=1), data, tmp_path)
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning:")]
    assert len(warnings) == is_said
    assert all("bfloat16 are known of this CPU" in line and "precision: auto" in line for line in warnings)


# Failures -----------------------------------------------------------------------------------------------------------


STATES = ["state.pt", "state.pt.previous"]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_failure_in_training_leaves_no_output_and_no_temporary_file(data, tmp_path, monkeypatch):
    interrupt_after({2}, monkeypatch)
    with pytest.raises(InterruptionError):
        run_stage(make_run(), data, tmp_path)
    assert names(tmp_path) == ["state.pt", "state.pt.previous"]


@pytest.mark.parametrize("function", ["save", "write_json", "write_csv"])
def test_a_failure_in_writing_leaves_no_run_json_and_no_temporary_file(function, data, tmp_path, monkeypatch):
    """An earlier run's run.json would vouch for files that are no longer its own."""
    run_stage(make_run(epochs=2), data, tmp_path)

    def failing(first: Any, *_: Any) -> None:
        if function == "save":  # to bytes, while the file that they are for is open
            raise InterruptionError
        with files.atomic(first) as temporary:
            temporary.write_bytes(b"half")
            raise InterruptionError

    monkeypatch.setattr(run_folder, function, failing)
    with pytest.raises(InterruptionError):
        run_stage(make_run(epochs=3), data, tmp_path)
    assert names(tmp_path) == ["out/confusion.pkl", "out/metrics.csv", "out/weights.safetensors", *STATES]
    assert pickle.loads((tmp_path / "out" / "confusion.pkl").read_bytes())["epochs"] in ([1, 2], [1, 2, 3])
    load_file(tmp_path / "out" / "weights.safetensors")
    monkeypatch.undo()
    expected = comparable(run_stage(make_run(epochs=3), data, tmp_path / "fresh"))
    assert comparable(run_stage(make_run(epochs=3), data, tmp_path)) == expected


def test_every_file_of_a_run_may_be_read_by_whom_the_umask_says(data, tmp_path):
    before = os.umask(0o027)
    try:
        run_stage(make_run(), data, tmp_path)
    finally:
        os.umask(before)
    modes = {path.name: stat.filemode(path.stat().st_mode) for path in (tmp_path / "out").iterdir()}
    assert modes == dict.fromkeys(modes, "-rw-r-----")


def test_every_file_of_a_run_is_readable_only_when_it_is_whole(data, tmp_path, monkeypatch):
    """Whatever is written passes through a temporary name in the folder that it ends in."""
    renamed: list[tuple[str, str]] = []
    replace = Path.replace

    def spy(self: Path, target: Path) -> Path:
        renamed.append((self.name, target.name))
        assert self.parent == target.parent
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    run_stage(make_run(epochs=1, **EVERYTHING), data, tmp_path)
    assert {target for _, target in renamed} == {Path(name).name for name in names(tmp_path)}
    assert all(source.startswith(f".{target}.") for source, target in renamed)
