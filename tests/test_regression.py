"""Regression, the other task: its data, its training by the one engine, what its runs leave, what is refused of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_runs
import torch
import yaml
from safetensors.torch import load_file
from test_bad_configuration import load, refusal
from tiny_runs import comparable, rows

from rethinking.config import CHECKOUT, Configuration
from rethinking.data.loaded import LoadedDataset
from rethinking.data.manifests import read_prepared
from rethinking.data.readers import noisy_line
from rethinking.engine.loop import Sets, Split, fit
from rethinking.engine.optim import make_optimiser
from rethinking.engine.records import Evaluation
from rethinking.engine.state import State
from rethinking.engine.stopping import meets
from rethinking.engine.tasks import Classification, Regression
from rethinking.files import read_json
from rethinking.models.registry import MODELS
from rethinking.outcomes.criteria import CRITERIA
from rethinking.outcomes.progress import Log
from rethinking.run import RunConfig
from rethinking.stages import by_hand, prepare
from rethinking.stages.aggregate import frames

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

TUTORIAL = CHECKOUT / "config/studies/tutorial.yaml"
NAMES = ("noisy_line", "toy_regression", "true_labels", "overfit")


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared points, as the rule has it."""
    folder = tmp_path_factory.mktemp("points")
    values = dict.fromkeys(("image_size", "channels", "train", "test")) | {"reader": "noisy_line", "seed": 0}
    prepare.main(["--dataset", "noisy_line", "--job", json.dumps(values), "--out", str(folder)])
    return folder


def run_of(seed: int = 0, **changes: Any) -> RunConfig:
    return Configuration.load(TUTORIAL).run(*NAMES, seed, **changes)


@pytest.fixture(scope="module")
def left(points: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a short run leaves."""
    run = run_of(epochs=7, predictions_every=3, log_every_steps=1)
    with tiny_runs.torch_as_it_was():
        return tiny_runs.run_stage(run, points, tmp_path_factory.mktemp("run"))


# The data -------------------------------------------------------------------------------------------------------------


def test_the_points_are_those_that_torch_draws_at_the_tutorials_seed():
    loaded = noisy_line.read({})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2021)
        x = torch.rand(10, 1)
        y = 2 * x + 2 * torch.empty(10, 1).normal_()
    np.testing.assert_array_equal(loaded.train_images.ravel(), x.numpy().ravel())
    np.testing.assert_array_equal(loaded.train_labels, y.numpy().ravel())
    np.testing.assert_array_equal(loaded.test_labels, 2 * loaded.test_images.ravel())


def test_prepared_points_are_numbers_and_their_manifest_says_so(points):
    manifest = read_prepared(points)
    assert (manifest["classes"], manifest["class_counts"]) == ([], {})
    assert manifest["definition"] == "true numbers; 10 training and 40 test points of 1 each, float32"
    assert {values["dtype"] for values in manifest["arrays"].values()} == {"float32"}


@pytest.mark.parametrize("classes", [["cat", "dog"], []], ids=["of numbers", "of class numbers"])
def test_a_manifest_whose_classes_are_not_those_of_its_labels_is_refused(classes, points, data, tmp_path):
    manifest = read_json((points if classes else data) / "manifest.json") | {"classes": classes}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match="it does not say what the classes are"):
        read_prepared(tmp_path)


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        ("train_labels", np.array([np.nan] * 10, np.float32), "train_labels of a regression must be finite float32"),
        ("test_images", np.zeros((40, 1, 1, 1)), "test_images of a regression must be finite float32, found float64"),
        ("train_images", np.zeros((10, 2, 2, 1), np.float32), r"must have shape \(n, 1, 1, inputs\)"),
        ("test_labels", np.zeros((40, 2), np.float32), r"test_labels must have shape \(40,\), one number each"),
    ],
)
def test_what_a_reader_gives_that_is_no_regression_is_refused(part, value, problem):
    with pytest.raises(ValueError, match=problem):
        LoadedDataset(**{**vars(noisy_line.read({})), part: value})


def test_a_subset_of_points_is_any_of_them(tmp_path):
    values = {"reader": "noisy_line", "image_size": None, "channels": None, "train": 6, "test": None, "seed": 0}
    prepare.main(["--dataset", "few", "--job", json.dumps(values), "--out", str(tmp_path)])
    kept = np.load(tmp_path / "train_labels.npy")
    assert len(kept) == 6
    assert set(kept) < set(noisy_line.read({}).train_labels)


# The training ---------------------------------------------------------------------------------------------------------


def norm_of(model: torch.nn.Module) -> float:
    return float(torch.cat([tensor.detach().flatten() for tensor in model.parameters()]).norm())


@pytest.mark.slow
def test_the_engine_has_the_tutorials_numbers_at_its_seed():
    """Its draws and our engine: the norm before training and after, first and last losses, the lowest and where."""
    run, loaded = run_of(), noisy_line.read({})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2021)
        model = MODELS["toy_regression"].build()
    parts = [
        Split(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels))
        for images, labels in (
            (loaded.train_images, loaded.train_labels), (loaded.test_images, loaded.test_labels),
        )
    ]  # fmt: skip
    order = torch.arange(10)  # of which the loss of a whole batch knows nothing but rounding
    assert len(order) == len(loaded.train_labels) <= run.training.batch_size
    state = State(model, make_optimiser(model, run.training))
    assert norm_of(model) == pytest.approx(19.5458, abs=5e-5)
    records = list(fit(Sets(*parts, Regression(), "float32"), run, state, measures={}))
    losses = [record.last.test_loss for record in records]
    assert records[0].online_loss == pytest.approx(6.198, abs=5e-4)
    assert min(losses) == pytest.approx(0.280, abs=5e-4)
    assert losses.index(min(losses)) == 23
    # Where a processor rounds otherwise, 10,000 epochs end a little elsewhere: with the ten points in six other orders
    # the norm ends at 32.64 and the loss at 6.64, with standard deviations of 0.09 and 0.03.
    assert len(losses) == 10_000
    assert records[-1].online_loss < 4e-7
    assert losses[-1] == pytest.approx(6.64, abs=0.1)
    assert norm_of(model) == pytest.approx(32.56, abs=0.4)
    assert {record.last.train_accuracy for record in records} == {None}


def test_mean_squared_error_is_the_loss_and_predictions_are_found_batch_by_batch():
    outputs, targets = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([1.0, 0.0, 1.0])
    task = Regression()
    assert float(task.loss(outputs, targets)) == pytest.approx((0 + 4 + 9) / 3)
    assert float(task.loss(outputs, targets, reduction="sum")) == pytest.approx(13)
    assert task.found(task.found(None, outputs[:2], targets[:2]), outputs[2:], targets[2:]).tolist() == [1, 2, 4]
    assert task.num_right(outputs, targets) is None
    with pytest.raises(ValueError, match="of no class"):
        task.smoothed(outputs, targets, 0.1)
    assert Classification(3).accuracy(torch.tensor([[2, 0, 0], [0, 0, 1], [0, 0, 1]]), 4) == 75


def test_a_run_leaves_no_accuracy_and_no_confusion_matrix_but_predictions(left):
    assert {path.name for path in left.iterdir()} == {
        "metrics.csv", "steps.csv", "measures.csv", "points.csv", "run.json", "weights.safetensors",
    }  # fmt: skip
    table = rows(left / "metrics.csv")
    assert {row[column] for row in table for column in table[0] if "Accuracy" in column} == {""}
    assert all(float(row["TrainLoss"]) > 0 and float(row["TestLoss"]) > 0 for row in table)
    assert {row["OnlineTrainAccuracy"] for row in rows(left / "steps.csv")} == {""}
    summary = read_json(left / "run.json")
    assert {part: score and score["accuracy"] for part, score in summary["final"].items()} == {
        "train": None, "validation": None, "test": None,
    }  # fmt: skip
    assert (summary["num_classes"], set(summary["fit"].values())) == (0, {None})


def test_predictions_are_of_the_first_epoch_each_third_and_the_last_after_the_points_themselves(left):
    table, loaded = rows(left / "points.csv"), noisy_line.read({})
    trained = [row for row in table if row["Set"] == "train"]
    assert {(row["Epoch"], row["Prediction"]) for row in trained} == {("0", "")}
    assert [float(row["Target"]) for row in trained] == loaded.train_labels.tolist()
    tested = [row for row in table if row["Set"] == "test"]
    assert sorted({int(row["Epoch"]) for row in tested}) == [1, 3, 6, 7]
    network = MODELS["toy_regression"].build((1, 1, 1))
    network.load_state_dict(load_file(left / "weights.safetensors"))
    last = [float(row["Prediction"]) for row in tested if row["Epoch"] == "7"]
    said = network(torch.from_numpy(loaded.test_images.transpose(0, 3, 1, 2).copy())).detach().flatten()
    np.testing.assert_allclose(last, said.numpy(), rtol=1e-6)
    squares = (np.array(last) - loaded.test_labels) ** 2
    assert float(rows(left / "metrics.csv")[-1]["TestLoss"]) == pytest.approx(squares.mean(), rel=1e-5)


def test_a_resumed_regression_equals_an_uninterrupted_one(left, points, tmp_path):
    tiny_runs.run_stage(run_of(epochs=4, predictions_every=3, log_every_steps=1), points, tmp_path)
    again = tiny_runs.run_stage(run_of(epochs=7, predictions_every=3, log_every_steps=1), points, tmp_path)
    assert comparable(again) == comparable(left)


def test_a_loss_is_a_criterion_of_a_regression_and_an_accuracy_is_none():
    low = Evaluation(
        epoch=1, step=1, seconds=0.1, train_accuracy=None, train_loss=0.009, test_accuracy=None, test_loss=1
    )
    assert [name for name in CRITERIA if meets(low, name)] == ["loss_0_01"]


def test_the_frames_of_a_regression_have_empty_cells_where_a_classification_has_accuracies(left):
    summary = read_json(left / "run.json")
    made = frames([(left, summary)], "accuracy_100")
    (row,) = made["runs"].to_dict("records")
    of_accuracies = [name for name in row if "accuracy" in name or "error" in name]
    assert len(of_accuracies) > 10
    assert all(row[name] is None or np.isnan(row[name]) for name in of_accuracies)
    assert row["final_test_loss"] == summary["final"]["test"]["loss"]
    assert set(made["curves"]["TestAccuracy"]) == {""}


def test_a_run_by_hand_says_its_losses_and_its_log_is_understood(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    options = zip(("--dataset", "--model", "--corruption", "--recipe"), NAMES, strict=True)
    words = [word for option in options for word in option]
    by_hand.main(["--configfile", str(TUTORIAL), *words, "--epochs", "2", "--out", "out"])
    printed = capfd.readouterr().out
    assert printed.splitlines()[-1].startswith("training loss 5.")
    log = Log.read(printed)
    assert [(epoch.epoch, epoch.train_accuracy, epoch.test_accuracy) for epoch in log.epochs] == [
        (1, None, None), (2, None, None),
    ]  # fmt: skip


# What is refused ------------------------------------------------------------------------------------------------------


def study(**changes: Any) -> dict[str, Any]:
    """A configuration with a figure of the regression; `changes` are by path, with slashes."""
    recipe = {"epochs": 9, "crop": None, "whitening": "none", "measures": ["frobenius_norm"], "predictions_every": 3}
    panel = {"models": ["toy_regression"], "corruptions": ["true_labels"]}
    made = {"name": "mine", "recipes": {"overfit": recipe}, "figures": {
        "fits": {"dataset": "noisy_line", "recipe": "overfit", "panels": {"network": panel}},
    }}  # fmt: skip
    for path, value in changes.items():
        node: Any = made
        *parents, last = path.split("/")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return made


IN_FITS = "figures.fits.panels.network"
NUMBERS = "'noisy_line' is a regression, its numbers are no images and of no class"
REFUSED = [
    ("figures/fits/panels/network/models", ["mlp_1x512"], f'{IN_FITS}.models[0] = "mlp_1x512": learns classes, the data'
     " set 'noisy_line' has numbers; of these there is toy_regression"),
    ("figures/fits/dataset", "digits",
     f"{IN_FITS}.models[0] = \"toy_regression\": learns numbers, the data set 'digits' has classes"),
    ("figures/fits/panels/network/corruptions", ["random_labels-1.0"], f'{IN_FITS}.corruptions[0] = '
     "\"random_labels-1.0\": corrupts images or classes, and 'noisy_line', a regression, has neither; true_labels"
     " leaves all as it is"),
    ("figures/fits/panels/network/corruptions", ["gaussian_pixels"], f'{IN_FITS}.corruptions[0] = "gaussian_pixels":'
     " corrupts images or classes, and 'noisy_line', a regression, has neither; true_labels leaves all as it is"),
    ("recipes/overfit/stop", {"criterion": "accuracy_100"}, 'recipes.overfit.stop = {"extra_epochs": 0,'
     ' "criterion": "accuracy_100"}: a regression (\'noisy_line\') has no accuracy; loss_0_01 and plateau are by the'
     " loss"),
    ("recipes/overfit/stop", {"early_stopping": 5}, 'recipes.overfit.stop = {"early_stopping": 5}:'
     " a regression ('noisy_line') has no accuracy; loss_0_01 and plateau are by the loss"),
    ("recipes/overfit/whitening", "per_image",
     f'recipes.overfit.whitening = "per_image": must be "none": {NUMBERS}'),
    ("recipes/overfit/label_smoothing", 0.1, f"recipes.overfit.label_smoothing = 0.1: must be 0: {NUMBERS}"),
    ("recipes/overfit/ledger", True, f"recipes.overfit.ledger = true: must be false: {NUMBERS}"),
    ("recipes/overfit/resize", 8, f"recipes.overfit.resize = 8: must be null: {NUMBERS}"),
    ("recipes/overfit/crop", 1, f"recipes.overfit.crop = 1: must be null: {NUMBERS}"),
    ("recipes/overfit/predictions_every", None,
     f"recipes.overfit.predictions_every = null: must be a number of epochs: {IN_FITS} shows them"),
    ("recipes/overfit/predictions_every", 0, "recipes.overfit.predictions_every = 0: must be at least 1"),
    ("recipes/overfit/measures", [],
     f"recipes.overfit.measures = []: must have 'frobenius_norm', which {IN_FITS} shows"),
    ("figures/fits/fit_criterion", "accuracy_99",
     'figures.fits.fit_criterion = "accuracy_99": is of classes, and fits is of a regression'),
    ("figures/training", {"dataset": "noisy_line", "recipe": "overfit", "panels": {"networks": {
        "models": ["toy_regression"], "corruptions": ["true_labels"]}}},
     'figures.training.panels.networks.dataset = "noisy_line": is a regression; this is of a classification'),
    ("datasets/mine", {"extends": "noisy_line", "image_size": 8},
     "datasets.mine.image_size = 8: numbers of a regression have no such thing"),
    ("datasets/mine", {"extends": "noisy_line", "validation": 3, "stratified_validation": True},
     "datasets.mine.stratified_validation = true: numbers of a regression have no such thing"),
    ("datasets/mine", {"extends": "noisy_line", "train": 11}, "datasets.mine.train = 11: must be from 1 to 10 (all)"),
    ("datasets/mine", {"extends": "noisy_line", "task": "regresion"},
     "datasets.mine.task = \"regresion\": unknown value; did you mean 'regression'?"),
    ("datasets/mine", {"extends": "digits", "task": "regression", "image_size": None, "channels": None},
     "datasets.mine.original.classes = 10: a regression has none"),
    ("datasets/mine", {"reader": "digits", "original": {"image_size": 8, "channels": 1, "train": 1400, "test": 397}},
     "datasets.mine.original: the key 'classes' is missing"),
    ("expressivity", {"dataset": "noisy_line", "sizes": [5]},
     'expressivity.dataset = "noisy_line": is a regression; this is of images and their classes'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), REFUSED)
def test_what_a_regression_does_not_have_is_refused_by_its_key(path, value, message):
    assert refusal(study(**{path: value})) == f"config/mine.yaml: {message}"


def test_predictions_of_classes_are_refused():
    values = study(**{"recipes/other": {"predictions_every": 2, "crop": None}, "figures/training": {
        "dataset": "digits", "recipe": "other",
        "panels": {"networks": {"models": ["mlp_1x512"], "corruptions": ["true_labels"]}},
    }})  # fmt: skip
    problem = "recipes.other.predictions_every = 2: 'digits' has classes, and no numbers"
    assert refusal(values) == f"config/mine.yaml: {problem}"


def test_a_regression_has_no_pictures_of_images_and_is_left_out_of_the_page():
    from rethinking import paths
    from rethinking.config import jobs

    made = load(study())
    assert paths.page_pictures(made, lambda file: True) == []
    for job in (jobs.samples_job, jobs.values_job):
        with pytest.raises(ValueError, match="noisy_line"):
            job(made, "noisy_line")


def test_the_files_of_a_regression_are_told_where_another_is_asked_for(fresh_checkout):
    fresh_checkout.edit("config/config.yaml", lambda _: yaml.safe_dump(study()))
    folder = "results/runs/noisy_line/toy_regression/true_labels/overfit/seed0"
    called = fresh_checkout.snakemake("-n", f"{folder}/confusion.pkl")
    assert called.returncode != 0
    assert "a run leaves metrics.csv, run.json, weights.safetensors" in called.stdout + called.stderr
