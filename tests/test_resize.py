"""Resizing a batch at a time: what it computes, and that a run with it needs no resized set."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tiny_runs import comparable, make_run, run_stage

from rethinking.data.preprocess import preprocess
from rethinking.engine.evaluation import evaluate
from rethinking.engine.loop import Sets, Split
from rethinking.engine.resize import resized
from rethinking.engine.tasks import Classification
from rethinking.files import read_json
from rethinking.models.registry import MODELS
from rethinking.stages import train


def pictures(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def by_pillow(images: torch.Tensor, side: int) -> np.ndarray:
    """Channel after channel in floating point."""
    planes = [
        np.asarray(Image.fromarray(plane).resize((side, side), Image.Resampling.BILINEAR))
        for image in images.numpy()
        for plane in image
    ]
    return np.stack(planes).reshape(*images.shape[:2], side, side)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60))
def test_it_is_pillows_bilinear_antialiased(height, width, side):
    images = pictures(2, 3, height, width)
    np.testing.assert_allclose(resized(images, side).numpy(), by_pillow(images, side), atol=2e-5)


@pytest.mark.parametrize("side", [None, 32])
def test_images_of_the_size_are_left_alone(side):
    images = pictures(2, 3, 32, 32)
    assert resized(images, side) is images


@pytest.mark.parametrize("side", [96, 224, 16])
def test_the_memory_format_stays(side):
    images = pictures(4, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    made = resized(images, side)
    assert made.shape == (4, 3, side, side)
    assert made.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(made, resized(images.contiguous(), side), atol=1e-5)


def test_bfloat16_stays_and_is_rounded_once():
    images = pictures(2, 3, 32, 32).bfloat16()
    for side in (50, 10):
        assert torch.equal(resized(images, side), resized(images.float(), side).bfloat16())


def test_no_image_depends_on_its_batch():
    images = pictures(6, 3, 32, 32)
    together = resized(images, 50)
    assert torch.equal(together, torch.cat([resized(each, 50) for each in images.split(1)]))


@pytest.mark.parametrize("side", [10, 96])
def test_fixed_whitening_before_is_fixed_whitening_after(side):
    images = pictures(2, 3, 32, 32)
    np.testing.assert_allclose(resized((images - 0.5) / 0.5, side), (resized(images, side) - 0.5) / 0.5, atol=1e-5)


# -- in the engine -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("torch_as_it_was")
@pytest.mark.parametrize("augmented", [None, {"random_crop": False, "flip": True, "rotation": 0}])
def test_a_run_trains_and_is_scored_on_resized_batches_of_a_set_that_stays_small(
    augmented, data, tmp_path, monkeypatch
):
    seen: list[tuple[int, ...]] = []
    model = MODELS["mlp_1x512"].load()(num_classes=10, input_shape=(1, 12, 12), width=1 / 32)
    monkeypatch.setattr(type(model), "forward", _noting(type(model).forward, seen))
    held: list[Sets] = []
    monkeypatch.setattr(train, "place", _keeping(train.place, held))
    run = make_run(resize=12, augmentation=augmented, epochs=2)
    out = run_stage(run, data, tmp_path)
    assert {shape[1:] for shape in seen} == {(1, 12, 12)}
    assert held[0].train.images.shape[1:] == held[0].test.images.shape[1:] == (1, 8, 8)
    summary = read_json(out / "run.json")
    assert summary["num_parameters"] == sum(parameter.numel() for parameter in model.parameters())


def _noting(forward, seen):
    def noting(self, x):
        seen.append(tuple(x.shape))
        return forward(self, x)

    return noting


def _keeping(place, held):
    def keeping(*arguments):
        model, sets = place(*arguments)
        held.append(sets)
        return model, sets

    return keeping


@pytest.mark.usefixtures("torch_as_it_was")
def test_a_run_on_resized_batches_is_that_on_a_resized_set(data, tmp_path, monkeypatch):
    batchwise = run_stage(make_run(resize=12, epochs=2, whitening={"mean": 0.5, "sd": 0.5}), data, tmp_path / "one")

    def place_resized(*arguments):
        model, sets = place(*arguments)
        whole = (Split(resized(part.images, 12), part.labels) for part in (sets.train, sets.test))
        return model, Sets(*whole, sets.task, sets.precision)

    place = train.place
    monkeypatch.setattr(train, "place", place_resized)
    at_once = run_stage(make_run(resize=12, epochs=2, whitening={"mean": 0.5, "sd": 0.5}), data, tmp_path / "other")
    one, other = comparable(batchwise), comparable(at_once)
    assert one["metrics.csv"] == other["metrics.csv"]
    assert one["weights.safetensors"] == other["weights.safetensors"]


def test_evaluation_resizes(data):
    images = torch.from_numpy(preprocess(np.load(data / "test_images.npy"), crop=None, whitening="per_image"))
    labels = torch.from_numpy(np.load(data / "test_labels.npy"))
    model = MODELS["mlp_1x512"].load()(num_classes=10, input_shape=(1, 12, 12), width=1 / 32)
    found = evaluate(model, images, labels, Classification(10), "float32", resize=12)
    expected = evaluate(model, resized(images, 12), labels, Classification(10), "float32")
    assert (found.loss, found.accuracy) == (expected.loss, expected.accuracy)
