"""Explicit regularisers and augmentation: against torch, or a slow reference that treats one image at a time."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
import tiny_runs
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import CLASSIFIERS, build, image_of
from safetensors.torch import load_file
from tiny_runs import NUM_CLASSES, NUM_TRAIN, comparable, make_run, rows, run_stage
from torch import nn
from torch.nn import functional

from rethinking import seeds
from rethinking.data.preprocess import preprocess
from rethinking.engine import regularisation, tasks
from rethinking.engine.augmentation import Augmentation, Draws
from rethinking.engine.regularisation import add_dropout, clip_gradients, objective
from rethinking.engine.tasks import Classification
from rethinking.models.registry import MODELS
from rethinking.stages import prepare

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

property_test = settings(deadline=None, max_examples=30)
ALL = {"random_crop": True, "flip": True, "rotation": 25}
NONE: dict[str, Any] = {"random_crop": False, "flip": False, "rotation": 0}
TASK = Classification(3)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


X = torch.randn(8, 6, generator=torch.Generator().manual_seed(1))
Y = torch.arange(8) % 3


# Dropout ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_dropout_takes_units_before_the_last_layer_and_only_in_training(model):
    net, x = build(model, width=1 / 8).train(), torch.randn(16, *image_of(model))
    seen: list[torch.Tensor] = []
    net.classifier.register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0]))
    with torch.no_grad():
        net(x)
        add_dropout(net, 0.5)
        net(x), net.eval()(x), net(x)
    whole, trained, evaluated, again = seen
    # A ReLU's zeros say nothing about dropping.
    dropped = ((trained == 0) & (whole != 0)).sum() / (whole != 0).sum()
    assert abs(float(dropped) - 0.5) < 5 * math.sqrt(0.25 / int((whole != 0).sum()))
    assert torch.equal(evaluated, again)


def test_a_networks_own_dropout_is_drawn_from_the_seed(tmp_path):
    """And from nothing else, a stop or another seed of torch's among it."""
    values = json.dumps(tiny_runs.DIGITS | {"image_size": 32, "train": NUM_TRAIN, "test": 10})
    prepare.main(["--dataset", "digits", "--job", values, "--out", str(tmp_path / "data")])
    run = make_run("vgg_small_224", epochs=2)
    undropped = dataclasses.replace(run, arguments=run.arguments | {"dropout": 0.0})
    outs = {}
    for name, each in {"one": run, "again": run, "none": undropped}.items():
        torch.manual_seed(len(outs))
        outs[name] = comparable(run_stage(each, tmp_path / "data", tmp_path / name))
    assert outs["one"] == outs["again"]
    assert outs["one"]["weights.safetensors"] != outs["none"]["weights.safetensors"]


def test_units_that_stay_are_scaled_up():
    net = nn.Module()
    net.classifier = nn.Identity()
    add_dropout(net, 0.2)
    found = net.train().classifier(torch.ones(200, 100))
    assert set(found.unique().tolist()) == {0.0, 1.25}
    assert float((found == 0).float().mean()) == pytest.approx(0.2, abs=5 * math.sqrt(0.16 / found.numel()))
    assert torch.equal(net.eval().classifier(torch.ones(3, 4)), torch.ones(3, 4))


def test_dropout_is_the_same_again_and_differs_by_seed_and_from_none(data, tmp_path):
    outs = {}
    for name, run in {
        "one": make_run(dropout=0.5),
        "again": make_run(dropout=0.5),
        "none": make_run(),
    }.items():
        torch.manual_seed(len(name))
        outs[name] = comparable(run_stage(run, data, tmp_path / name))
    assert outs["one"] == outs["again"]
    assert outs["one"]["weights.safetensors"] != outs["none"]["weights.safetensors"]


@pytest.mark.parametrize("changes", [{"dropout": 0.5}, {"augmentation": ALL, "crop": 6}], ids=["dropout", "augmented"])
def test_scores_are_those_of_whole_networks_on_images_as_they_are(changes, data, tmp_path):
    run = make_run("mlp_1x512", width=0.25, **changes)
    out = run_stage(run, data, tmp_path)
    side = run.training.crop or 8
    model = MODELS[run.factory].load()(num_classes=NUM_CLASSES, input_shape=(1, side, side), **run.arguments)
    model.load_state_dict(load_file(out / "weights.safetensors"))
    last = rows(out / "metrics.csv")[-1]
    for part in ("train", "test"):
        images = preprocess(np.load(data / f"{part}_images.npy"), crop=run.training.crop, whitening="per_image")
        with torch.no_grad():
            logits = model.eval()(torch.from_numpy(images))
        labels = torch.from_numpy(np.load(data / f"{part}_labels.npy"))
        assert float(last[f"{part.title()}Loss"]) == pytest.approx(
            float(functional.cross_entropy(logits, labels)), rel=1e-5
        )


# The objective ------------------------------------------------------------------------------------------------------


def test_without_options_the_objective_is_the_cross_entropy():
    logits = network()(X)
    total, loss = objective(network(), tiny_runs.recipe(), TASK)(logits, Y)
    assert total is loss
    assert torch.equal(loss, functional.cross_entropy(logits, Y))


@property_test
@given(smoothing=st.floats(0.01, 0.99))
def test_label_smoothing_spreads_its_share_over_all_classes(smoothing):
    logits = network()(X)
    total, loss = objective(network(), tiny_runs.recipe(label_smoothing=smoothing), TASK)(logits, Y)
    target = (1 - smoothing) * functional.one_hot(Y, 3) + smoothing / 3
    expected = -(target * functional.log_softmax(logits, 1)).sum(1).mean()
    assert float(total.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert torch.equal(loss, functional.cross_entropy(logits, Y))  # what is reported


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        (["l1"], lambda w: 0.1 * np.abs(w).sum()),
        (["l2"], lambda w: 0.1 * np.square(w).sum()),
        (["l1", "l2"], lambda w: 0.1 * np.abs(w).sum() + 0.2 * np.square(w).sum()),
        (["l2", "l2"], lambda w: 0.3 * np.square(w).sum()),
    ],
    ids=["l1", "l2", "both", "one twice"],
)
def test_the_loss_is_the_data_term_and_each_weight_times_its_penalty(functions, expected):
    model = network()
    model[2].weight.requires_grad_(False)
    weights = np.concatenate([p.detach().numpy().ravel() for p in model.parameters() if p.requires_grad])
    penalties = [{"function": name, "weight": 0.1 * (index + 1)} for index, name in enumerate(functions)]
    total, loss = objective(model, tiny_runs.recipe(penalties=penalties), TASK)(model(X), Y)
    assert float((total - loss).detach()) == pytest.approx(expected(weights), rel=1e-5)
    total.backward()
    assert model[0].weight.grad is not None


def test_an_l2_penalty_is_a_weight_decay_of_twice_its_weight(data, tmp_path):
    penalised = make_run(penalties=[{"function": "l2", "weight": 0.005}])
    decayed = make_run(weight_decay=0.01)
    one, other = (
        load_file(run_stage(run, data, tmp_path / name) / "weights.safetensors")
        for name, run in {"penalty": penalised, "decay": decayed}.items()
    )
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-6)


def test_penalties_pull_the_weights_down(data, tmp_path):
    norms = [
        sum(
            float(weight.abs().sum())
            for weight in load_file(run_stage(run, data, tmp_path / str(k)) / "weights.safetensors").values()
        )
        for k, run in enumerate([make_run(), make_run(penalties=[{"function": "l1", "weight": 0.05}])])
    ]
    assert norms[1] < norms[0]


# Gradient clipping --------------------------------------------------------------------------------------------------


@property_test
@given(largest=st.floats(1e-3, 100))
def test_clipping_is_torchs(largest):
    ours, torchs = network(), network()
    for model in (ours, torchs):
        functional.cross_entropy(model(3 * X), Y).backward()
    clip_gradients(ours.parameters(), largest)
    nn.utils.clip_grad_norm_(torchs.parameters(), largest, foreach=False)
    for one, other in zip(ours.parameters(), torchs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-6, atol=0)


def test_a_gradient_within_the_bound_keeps_its_bits():
    model = network()
    functional.cross_entropy(model(X), Y).backward()
    before = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
    clip_gradients(model.parameters(), 1e3)
    assert all(torch.equal(p.grad, kept) for p, kept in zip(model.parameters(), before, strict=True))


def test_no_step_goes_further_than_rate_times_the_bound(data, tmp_path):
    run = make_run(epochs=1, batch_size=NUM_TRAIN, clip_gradient_norm=0.01, momentum=0.0, learning_rate=1.0)
    moved = load_file(run_stage(run, data, tmp_path / "moved") / "weights.safetensors")
    still = make_run(epochs=1, batch_size=NUM_TRAIN, momentum=0.0, learning_rate=1e-30)
    start = load_file(run_stage(still, data, tmp_path / "start") / "weights.safetensors")
    length = math.sqrt(sum(float((moved[name] - start[name]).double().square().sum()) for name in moved))
    assert length == pytest.approx(0.01, rel=1e-3)


def test_every_penalty_of_the_schema_is_there_and_no_other():
    schema = tiny_runs.schema_of("penalties")
    assert schema["items"]["properties"]["function"]["enum"] == list(regularisation.PENALTIES)


# Augmentation -------------------------------------------------------------------------------------------------------


def stored(num: int = 12, side: int = 10, channels: int = 3) -> torch.Tensor:
    values = np.random.default_rng(0).integers(0, 256, (num, channels, side, side), dtype=np.uint8)
    return torch.from_numpy(values)


def augmentation(options: dict[str, Any], crop: int | None = 8, whitening: Any = "none", seed: int = 0) -> Augmentation:
    recipe = tiny_runs.recipe(augmentation=NONE | options, crop=crop, whitening=whitening)
    return Augmentation(stored(), recipe, seed)


def slow(image: np.ndarray, corner: tuple[int, int], flip: bool, angle: float, crop: int) -> np.ndarray:
    """One image uint8 (channels, height, width): cut, mirrored, turned, by loops and in float64."""
    top, left = corner
    cut = image[:, top : top + crop, left : left + crop].astype(np.float64) / 255
    if flip:
        cut = cut[:, :, ::-1]
    turned = np.empty_like(cut)
    for row in range(crop):
        for column in range(crop):
            # Where this pixel's value comes from: its place about the centre, turned by the angle.
            x, y = column - (crop - 1) / 2, row - (crop - 1) / 2
            from_x = math.cos(angle) * x - math.sin(angle) * y + (crop - 1) / 2
            from_y = math.sin(angle) * x + math.cos(angle) * y + (crop - 1) / 2
            from_x, from_y = (min(max(place, 0.0), crop - 1.0) for place in (from_x, from_y))
            x0, y0 = min(int(from_x), crop - 2), min(int(from_y), crop - 2)
            dx, dy = from_x - x0, from_y - y0
            turned[:, row, column] = (
                cut[:, y0, x0] * (1 - dx) * (1 - dy)
                + cut[:, y0, x0 + 1] * dx * (1 - dy)
                + cut[:, y0 + 1, x0] * (1 - dx) * dy
                + cut[:, y0 + 1, x0 + 1] * dx * dy
            )
    return turned


OPTIONS = {"crop": {"random_crop": True}, "flip": {"flip": True}, "rotation": {"rotation": 25}, "all": ALL, "none": {}}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_batch_is_what_a_loop_over_its_images_gives(options):
    ours = augmentation(options)
    draws = ours.draw(epoch=3)
    indices = torch.tensor([5, 0, 11, 7, 5])
    found = ours(indices, draws).numpy()
    for image, index in zip(found, indices.tolist(), strict=True):
        corner = tuple(draws.corner[index].tolist())
        expected = slow(ours.images[index].numpy(), corner, bool(draws.flip[index]), float(draws.angle[index]), crop=8)
        np.testing.assert_allclose(image, expected, atol=2e-6 if options.get("rotation") else 1e-7)


def test_a_quarter_turn_is_numpys():
    ours = augmentation({"rotation": 90}, crop=None)
    turn = Draws(
        torch.zeros(12, 2, dtype=torch.int64), torch.zeros(12, dtype=torch.bool), torch.full((12,), math.pi / 2)
    )
    found = ours(torch.arange(12), turn).numpy()
    np.testing.assert_allclose(found, np.rot90(ours.images.numpy() / 255, axes=(2, 3)), atol=1e-5)


@pytest.mark.parametrize("whitening", ["none", "per_image", "per_channel", {"mean": [0.1, 0.2, 0.3], "sd": 0.5}])
@pytest.mark.parametrize("crop", [None, 8, 7])
def test_without_options_it_is_the_preprocessing_of_the_evaluation(whitening, crop):
    ours = augmentation({}, crop, whitening)
    images = ours.images.clone()
    ours.images[0] = images[0] = 7  # one value everywhere: the floor of the deviation
    found = ours(torch.arange(12), ours.draw(1)).numpy()
    expected = preprocess(images.numpy().transpose(0, 2, 3, 1), crop=crop, whitening=whitening)
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_draws_depend_on_seed_and_epoch_and_each_image_has_its_own():
    first, again = (augmentation(ALL).draw(1) for _ in range(2))
    others = [augmentation(ALL).draw(2), augmentation(ALL, seed=1).draw(1)]
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    for other in others:
        assert not any(torch.equal(one, each) for one, each in zip(first, other, strict=True))
    assert len(first.angle.unique()) == 12


def test_an_image_looks_the_same_in_whatever_batch_it_is():
    ours = augmentation(ALL, whitening="per_image")
    draws = ours.draw(4)
    whole = ours(torch.arange(12), draws)
    for batch in torch.tensor([3, 1, 10, 2, 0, 7, 5, 11]).split(3):
        torch.testing.assert_close(ours(batch, draws), whole[batch], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("option", ["random_crop", "flip", "rotation"])
def test_one_option_does_not_change_what_another_draws(option):
    alone, together = augmentation({option: ALL[option]}).draw(1), augmentation(ALL).draw(1)
    name = {"random_crop": "corner", "flip": "flip", "rotation": "angle"}[option]
    assert torch.equal(getattr(alone, name), getattr(together, name))


def test_draws_are_even_and_within_their_bounds():
    recipe = tiny_runs.recipe(augmentation=ALL, crop=28, whitening="none")
    draws = Augmentation(torch.zeros(5000, 1, 32, 32, dtype=torch.uint8), recipe, 0).draw(1)
    for side in (0, 1):
        counts = np.bincount(draws.corner[:, side].numpy(), minlength=5)
        assert len(counts) == 5
        assert abs(counts - 1000).max() < 5 * math.sqrt(800)
    assert abs(int(draws.flip.sum()) - 2500) < 5 * math.sqrt(1250)
    degrees = draws.angle.rad2deg()
    assert 24 < float(degrees.abs().max()) <= 25 + 1e-4
    assert abs(float(degrees.mean())) < 5 * 25 / math.sqrt(3 * 5000)


def test_steps_see_augmented_images_with_their_own_labels(data, tmp_path, monkeypatch):
    """The labels of each step are those of the epoch's order, whatever is done to the images."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    call = Augmentation.__call__

    def spy(self: Augmentation, indices: torch.Tensor, draws: Draws) -> torch.Tensor:
        seen.append((indices, call(self, indices, draws)))
        return seen[-1][1]

    monkeypatch.setattr(Augmentation, "__call__", spy)
    asked: list[torch.Tensor] = []
    cross_entropy = functional.cross_entropy

    def labels_of(logits: torch.Tensor, labels: torch.Tensor, **options: Any) -> torch.Tensor:
        if options.get("reduction") == "mean":  # an evaluation's is a sum
            asked.append(labels)
        return cross_entropy(logits, labels, **options)

    monkeypatch.setattr(tasks.functional, "cross_entropy", labels_of)
    run_stage(make_run(epochs=2, crop=6, augmentation=ALL), data, tmp_path)
    labels = torch.from_numpy(np.load(data / "train_labels.npy"))
    order = np.concatenate([seeds.rng(0, "order", epoch).permutation(NUM_TRAIN) for epoch in (1, 2)])
    assert torch.cat([indices for indices, _ in seen]).tolist() == order.tolist()
    assert torch.cat(asked).tolist() == labels[torch.from_numpy(order)].tolist()
    assert {tuple(images.shape[1:]) for _, images in seen} == {(1, 6, 6)}


def test_augmentation_changes_training_and_not_the_corruption_or_its_digest(data, tmp_path):
    plain, augmented = (
        comparable(run_stage(make_run(crop=6, augmentation=options), data, tmp_path / str(bool(options))))
        for options in (None, ALL)
    )
    assert plain["weights.safetensors"] != augmented["weights.safetensors"]
    assert plain["run.json"]["data_sha256"] == augmented["run.json"]["data_sha256"]


def test_gaussian_pixels_are_augmented_as_they_are_stored(data, tmp_path):
    """float16, and not from 0 to 255."""
    corrupted = tiny_runs.corrupt_digits(data, tmp_path / "corrupted", "gaussian_pixels")
    run = make_run("alexnet", "gaussian_pixels", width=0.1, crop=6, augmentation=NONE | {"flip": True})
    out = run_stage(run, data, tmp_path, corrupted)
    assert len(rows(out / "metrics.csv")) == 3
    load_file(out / "weights.safetensors")
