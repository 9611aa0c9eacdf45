"""Data sets as arrays: the digits, splits, preparation, and what a network sees."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rethinking.data import preprocess as preprocess_module
from rethinking.data.loaded import LoadedDataset
from rethinking.data.prepare import check_facts, describe, prepare
from rethinking.data.preprocess import WHITENING_AXES, preprocess
from rethinking.data.readers import digits
from rethinking.data.splits import stratified_subset

UNCHANGED = {"image_size": None, "channels": None, "train": None, "test": None, "seed": 0}


@pytest.fixture(scope="module")
def source() -> LoadedDataset:
    return digits.read({})


def tiny(**changes: Any) -> LoadedDataset:
    """A source of two grey classes with one thing changed."""
    values = {
        "train_images": np.zeros((4, 5, 5, 1), np.uint8),
        "train_labels": np.array([0, 1, 0, 1]),
        "test_images": np.zeros((2, 5, 5, 1), np.uint8),
        "test_labels": np.array([0, 1]),
        "classes": ("cat", "dog"),
    }
    return LoadedDataset(**{**values, **changes})


# -- the digits -------------------------------------------------------------------------------------------------------


def test_the_digits_are_1797_images_in_a_fixed_stratified_split(source):
    assert source.train_images.shape == (1400, 8, 8, 1)
    assert source.test_images.shape == (397, 8, 8, 1)
    assert source.classes == tuple("0123456789")
    counts = np.bincount(source.train_labels)
    all_counts = counts + np.bincount(source.test_labels)
    assert all_counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (abs(counts - all_counts * 1400 / 1797) < 1).all()
    again = digits.read({})
    assert np.array_equal(again.train_images, source.train_images)
    assert np.array_equal(again.test_labels, source.test_labels)


def test_no_digit_is_in_both_parts_and_none_is_lost(source):
    from sklearn.datasets import load_digits

    original: Any = load_digits()
    scaled = [np.floor(image * 255 / 16 + 0.5).astype(np.uint8) for image in original.images]
    expected = sorted((image.tobytes(), label) for image, label in zip(scaled, original.target, strict=True))
    train = zip(source.train_images, source.train_labels, strict=True)
    test = zip(source.test_images, source.test_labels, strict=True)
    assert sorted((image.tobytes(), label) for image, label in [*train, *test]) == expected


def test_the_digits_use_the_whole_range_of_grey(source):
    assert source.train_images.min() == 0
    assert source.train_images.max() == 255
    assert len(np.unique(source.train_images)) == 17


# -- LoadedDataset ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_images": np.zeros((4, 5, 5, 1))}, "train_images must be uint8, found float64"),
        ({"test_images": np.zeros((2, 5, 5), np.uint8)}, r"test_images must have shape .*, found \(2, 5, 5\)"),
        ({"test_images": np.zeros((2, 5, 5, 4), np.uint8)}, "test_images must have shape"),
        ({"test_images": np.zeros((2, 6, 5, 1), np.uint8)}, "they must have one height, width"),
        ({"train_labels": np.array([0, 1, 0])}, r"train_labels must have shape \(4,\).*found \(3,\)"),
        ({"train_labels": np.array([0, 1, 0, 1], np.int32)}, "train_labels must be int64, found int32"),
        ({"train_labels": np.array([0, 1, 0, 2])}, r"train_labels must lie in 0\.\.1, found 0\.\.2"),
        ({"test_labels": np.array([-1, 1])}, r"test_labels must lie in 0\.\.1, found -1\.\.1"),
        ({"test_labels": np.array([0, 0])}, "test_labels has no example of class 'dog'"),
        ({"classes": ("cat", "cat")}, "classes must be distinct names"),
        ({"classes": ("cat", "")}, "classes must be distinct names"),
    ],
)
def test_a_faulty_source_is_refused_and_the_fault_named(changes, message):
    with pytest.raises(ValueError, match=message):
        tiny(**changes)


# -- splits -----------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.data())
def test_a_stratified_subset_has_its_size_and_every_class_its_share(labels, data):
    labels = np.array(labels)
    size = data.draw(st.integers(len(np.unique(labels)), len(labels)))
    chosen = stratified_subset(labels, size, np.random.default_rng(data.draw(st.integers(0, 9))))
    assert chosen.dtype == np.int64
    assert len(chosen) == size
    assert (np.diff(chosen) > 0).all()
    shares = np.bincount(labels[chosen], minlength=5) - np.bincount(labels, minlength=5) * size / len(labels)
    assert (abs(shares) < 1).all()


def test_a_subset_depends_on_the_generator_alone():
    labels = np.arange(100) % 10
    first, again, other = (stratified_subset(labels, 30, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("size", [-1, 0, 2, 7])
def test_a_subset_smaller_than_the_classes_or_larger_than_the_set_is_refused(size):
    with pytest.raises(ValueError, match=f"has 3 to 6 of them, not {size}"):
        stratified_subset(np.array([0, 1, 2, 0, 1, 2]), size, np.random.default_rng(0))


# -- prepare ----------------------------------------------------------------------------------------------------------


def test_none_leaves_everything_as_it_is(source):
    prepared = prepare(source, **UNCHANGED)
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(prepared, name), getattr(source, name))


def test_subsets_are_stratified_examples_of_the_source_with_their_labels(source):
    prepared = prepare(source, **{**UNCHANGED, "train": 400, "test": 100})
    assert (len(prepared.train_images), len(prepared.test_images)) == (400, 100)
    shares = np.bincount(prepared.train_labels) - np.bincount(source.train_labels) * 400 / 1400
    assert (abs(shares) < 1).all()
    known = {(image.tobytes(), label) for image, label in zip(source.train_images, source.train_labels, strict=True)}
    chosen = zip(prepared.train_images, prepared.train_labels, strict=True)
    assert all((image.tobytes(), label) in known for image, label in chosen)


def test_the_seed_chooses_the_subset_and_the_test_images_do_not_depend_on_the_training_ones(source):
    first, other_seed, other_train = (
        prepare(source, **{**UNCHANGED, "test": 100, **changes}) for changes in ({}, {"seed": 1}, {"train": 50})
    )
    assert not np.array_equal(first.test_images, other_seed.test_images)
    assert np.array_equal(first.test_images, other_train.test_images)


def test_training_and_test_subsets_are_chosen_independently(source):
    images, labels = source.train_images, source.train_labels
    same_twice = LoadedDataset(images, labels, images, labels, source.classes)
    prepared = prepare(same_twice, **{**UNCHANGED, "train": 100, "test": 100})
    assert not np.array_equal(prepared.train_images, prepared.test_images)


@pytest.mark.parametrize("size", [4, 16, 20])
def test_images_are_resized_one_by_one(source, size):
    prepared = prepare(source, **{**UNCHANGED, "image_size": size})
    assert prepared.train_images.shape == (1400, size, size, 1)
    assert prepared.test_images.dtype == np.uint8
    one = prepare(source, **{**UNCHANGED, "image_size": size, "train": 10})
    assert {image.tobytes() for image in one.train_images} <= {image.tobytes() for image in prepared.train_images}


def test_resizing_is_bilinear_and_keeps_the_channels_apart():
    images = np.zeros((4, 2, 2, 3), np.uint8)
    images[:, :, 1, 0], images[..., 1] = 100, 60
    source = tiny(train_images=images, test_images=images[:2])
    resized = prepare(source, **{**UNCHANGED, "image_size": 4}).train_images
    # Centres of the new pixels at 0, 1/4, 3/4, 1 of the way between those of the old.
    assert (resized[..., 0] == [0, 25, 75, 100]).all()
    assert (resized[..., 1] == 60).all()
    assert (resized[..., 2] == 0).all()


def test_grey_becomes_three_equal_channels(source):
    prepared = prepare(source, **{**UNCHANGED, "channels": 3})
    assert prepared.train_images.shape == (1400, 8, 8, 3)
    assert (prepared.train_images == source.train_images).all()


def test_three_channels_do_not_become_one():
    images = np.zeros((4, 5, 5, 3), np.uint8)
    with pytest.raises(ValueError, match="channels: 1 asked for, but the images have 3"):
        prepare(tiny(train_images=images, test_images=images[:2]), **{**UNCHANGED, "channels": 1})


def test_a_source_that_is_not_what_the_catalogue_says_is_refused(source):
    facts = {"image_size": 8, "channels": 1, "train": 1400, "test": 397, "classes": 10}
    check_facts(source, facts)
    for key in facts:
        with pytest.raises(ValueError, match=rf"original\.{key} = 11: the files that were read have {facts[key]}"):
            check_facts(source, {**facts, key: 11})


def test_the_description_says_what_is_there(source):
    assert describe(source) == "true labels; 1400 training and 397 test images of 8x8x1, uint8"


# -- preprocess -------------------------------------------------------------------------------------------------------


FIXED = {"one for all": {"mean": 0.5, "sd": 0.25}, "one a channel": {"mean": [0.4, 0.5, 0.6], "sd": [0.1, 0.2, 0.3]}}


def reference(images: np.ndarray, crop: int | None, whitening: Any) -> np.ndarray:
    """The definition, one image after the other in float64."""
    result = []
    for image in images.astype(np.float64) / 255:
        if crop is not None:
            top, left = (image.shape[0] - crop) // 2, (image.shape[1] - crop) // 2
            image = image[top : top + crop, left : left + crop]
        if isinstance(whitening, dict):
            image = (image - np.array(whitening["mean"])) / np.array(whitening["sd"])
        groups = {"per_image": [slice(None)], "per_channel": range(image.shape[2])}
        for group in groups.get(whitening, ()) if isinstance(whitening, str) else ():
            values = image[..., group]
            image[..., group] = (values - values.mean()) / max(values.std(), 1 / np.sqrt(values.size))
        result.append(image.transpose(2, 0, 1))
    return np.stack(result)


def pictures(dtype: type, num_images: int = 20) -> np.ndarray:
    """Images of all contrasts: flat, nearly flat, one bright pixel, noise; float16 leaves 0..255."""
    rng = np.random.default_rng(0)
    spread = np.geomspace(0.01, 300, num_images)[:, None, None, None]
    images = 128 + spread * rng.standard_normal((num_images, 13, 12, 3))
    images[0] = 77
    images[1] = 0
    images[1, 6, 6, 1] = 255
    return images.astype(dtype) if dtype == np.float16 else np.clip(np.rint(images), 0, 255).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16])
@pytest.mark.parametrize("whitening", [*WHITENING_AXES, *FIXED.values()])
@pytest.mark.parametrize("crop", [None, 1, 8, 9, 12])
def test_preprocessing_agrees_with_a_float64_reference(dtype, whitening, crop):
    images = pictures(dtype)
    images.flags.writeable = False
    found = preprocess(images, crop=crop, whitening=whitening)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_allclose(found, reference(images, crop, whitening), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("whitening", [*WHITENING_AXES, *FIXED.values()])
def test_no_pixel_depends_on_the_chunk(whitening, monkeypatch):
    images = pictures(np.uint8)
    whole = preprocess(images, crop=8, whitening=whitening)
    monkeypatch.setattr(preprocess_module, "CHUNK", 7)
    assert np.array_equal(preprocess(images, crop=8, whitening=whitening), whole)


@pytest.mark.parametrize("whitening", ["per_image", "per_channel"])
def test_a_constant_image_becomes_zeros(whitening):
    images = np.arange(256, dtype=np.uint8).reshape(256, 1, 1, 1) * np.ones((1, 9, 9, 3), np.uint8)
    assert (preprocess(images, crop=None, whitening=whitening) == 0).all()


def test_per_image_whitening_gives_mean_0_and_sd_1_over_all_channels():
    images = np.random.default_rng(0).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8) // np.array([1, 2, 3], np.uint8)
    white = preprocess(images, crop=28, whitening="per_image")
    assert white.shape == (10, 3, 28, 28)
    np.testing.assert_allclose(white.mean(axis=(1, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(white.std(axis=(1, 2, 3)), 1, atol=1e-6)
    assert abs(white[:, 0].mean()) > 0.1  # a channel's own mean stays


@pytest.mark.parametrize("crop", [0, 13, 32])
def test_a_crop_that_does_not_fit_is_refused(crop):
    with pytest.raises(ValueError, match=rf"crop must lie in 1\.\.12 for images of 13x12, found {crop}"):
        preprocess(pictures(np.uint8), crop=crop, whitening="none")


def test_an_unknown_whitening_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="whitening must be one of per_image, per_channel, none, found 'zca'"):
        preprocess(pictures(np.uint8), crop=None, whitening="zca")


def test_the_numbers_of_the_blog_and_the_tutorials_take_0_to_255_to_minus_1_to_1():
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    white = preprocess(images, crop=None, whitening={"mean": 0.5, "sd": 0.5})
    np.testing.assert_allclose(white.ravel(), np.linspace(-1, 1, 256), atol=1e-6)


@pytest.mark.parametrize("name", ["mean", "sd"])
def test_another_number_of_means_than_of_channels_is_refused(name):
    whitening = {"mean": 0.5, "sd": 0.5, name: [0.5, 0.5]}
    with pytest.raises(ValueError, match=rf"whitening\.{name} = \[0.5, 0.5\]: needs one number or 3, one a channel"):
        preprocess(pictures(np.uint8), crop=None, whitening=whitening)


def test_whitening_by_channel_is_the_notebooks_but_for_its_floor():
    # The notebook divides by the unbiased deviation, without a floor: a constant channel would be 0/0.
    images = np.random.default_rng(0).integers(0, 256, (100, 28, 28, 3), dtype=np.uint8)
    white = preprocess(images, crop=28, whitening="per_channel")
    assert (abs(white.mean(axis=(2, 3))) < 1e-5).all()
    assert (abs(white.std(axis=(2, 3)) - 1) < 1e-3).all()
    scaled = (images / 255).transpose(0, 3, 1, 2)
    notebook = (scaled - scaled.mean((2, 3), keepdims=True)) / scaled.std((2, 3), keepdims=True, ddof=1)
    np.testing.assert_allclose(white, notebook, rtol=1e-3, atol=1e-3)
