"""Corruptions: fractions, nesting, permutations, moments, and agreement with slow references."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rethinking import seeds
from rethinking.data.corruptions import gaussian_pixels as gaussian
from rethinking.data.corruptions.gaussian_pixels import gaussian_pixels
from rethinking.data.corruptions.image_draws import TEST, TRAIN
from rethinking.data.corruptions.label_draws import CHOICE
from rethinking.data.corruptions.random_labels import CLASS, random_labels
from rethinking.data.corruptions.random_pixels import random_pixels
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.data.corruptions.shuffled_labels import ORDER, shuffled_labels
from rethinking.data.corruptions.shuffled_pixels import ONCE, shuffled_pixels

LABEL_NOISE = [name for name, entry in CORRUPTIONS.items() if entry.is_label_noise and entry.has_level]
PIXELS = [name for name, entry in CORRUPTIONS.items() if entry.changes == ("train_images", "test_images")]
# Every pixel corruption with every value of its options.
PIXEL_CASES = [
    (name, dict(zip(CORRUPTIONS[name].options, values, strict=True)))
    for name in PIXELS
    for values in itertools.product(*CORRUPTIONS[name].options.values())
]

property_test = settings(deadline=None, max_examples=50)
any_seed = st.integers(0, 2**32 - 1)
any_level = st.floats(0, 1)
any_unit = st.sampled_from(["position", "value"])


def some_labels(size: int = 2000, num_classes: int = 10) -> np.ndarray:
    return np.arange(size) % num_classes


def some_images(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def numbered_images(num_images: int, height: int = 8, width: int = 8) -> np.ndarray:
    """Equal images whose values are all different, so that what a permutation did can be read from them."""
    return np.tile(np.arange(height * width * 3, dtype=np.uint8).reshape(1, height, width, 3), (num_images, 1, 1, 1))


@st.composite
def images_of_any_shape(draw: st.DrawFn) -> np.ndarray:
    sides = st.integers(1, 6)
    return some_images(
        (draw(st.integers(1, 5)), draw(sides), draw(sides), draw(st.sampled_from([1, 3]))), draw(any_seed)
    )


def new_labels(corrupted) -> np.ndarray:
    assert set(corrupted.arrays) == {"train_labels"}
    return corrupted.arrays["train_labels"]


def both(corrupted) -> tuple[np.ndarray, np.ndarray]:
    assert set(corrupted.arrays) == {"train_images", "test_images"}
    return corrupted.arrays["train_images"], corrupted.arrays["test_images"]


def redrawn_examples(level: float, seed: int, size: int = 2000) -> np.ndarray:
    """Which labels random_labels redraws: those that do not depend on what the label was."""
    labels = some_labels(size)
    one = new_labels(random_labels(labels, level=level, num_classes=10, seed=seed))
    other = new_labels(random_labels((labels + 1) % 10, level=level, num_classes=10, seed=seed))
    return one == other


# -- labels -----------------------------------------------------------------------------------------------------------


@property_test
@given(any_level, any_seed, st.integers(2, 20))
def test_realised_fractions_lie_within_binomial_bounds(level, seed, num_classes):
    labels = some_labels(num_classes=num_classes)
    corrupted = random_labels(labels, level=level, num_classes=num_classes, seed=seed)
    for found, expected in ((corrupted.redrawn, level), (corrupted.changed, level * (1 - 1 / num_classes))):
        assert abs(found - expected) <= 6 * np.sqrt(expected * (1 - expected) / len(labels)) + 10 / len(labels)


@pytest.mark.parametrize("level", [0.001, 0.4, 0.999, 1.0])
def test_label_noise_agrees_with_the_slow_reference(level):
    labels = some_labels()
    u = seeds.rng(7, "corruption", CHOICE).random(2000)
    r = seeds.rng(7, "corruption", CLASS).integers(10, size=2000)
    redrawn = [int(r_i) if u_i < level else label for label, u_i, r_i in zip(labels.tolist(), u, r, strict=True)]
    assert new_labels(random_labels(labels, level=level, num_classes=10, seed=7)).tolist() == redrawn

    chosen = [i for i in range(2000) if u[i] < level]
    order = seeds.rng(7, "corruption", ORDER).permutation(len(chosen))
    shuffled = labels.tolist()
    for target, origin in enumerate(order):
        shuffled[chosen[target]] = int(labels[chosen[origin]])
    assert new_labels(shuffled_labels(labels, level=level, num_classes=10, seed=7)).tolist() == shuffled


@property_test
@given(any_level, any_seed)
def test_the_stated_fractions_are_those_of_the_arrays(level, seed):
    labels = some_labels()
    corrupted = random_labels(labels, level=level, num_classes=10, seed=seed)
    assert corrupted.redrawn == redrawn_examples(level, seed).mean()
    assert corrupted.changed == (new_labels(corrupted) != labels).mean()
    assert shuffled_labels(labels, level=level, num_classes=10, seed=seed).redrawn == corrupted.redrawn


@property_test
@given(any_level, any_level, any_seed)
def test_what_is_redrawn_at_a_level_is_redrawn_to_the_same_class_at_every_higher_one(one, other, seed):
    low, high = sorted((one, other))
    redrawn = redrawn_examples(low, seed)
    assert not (redrawn & ~redrawn_examples(high, seed)).any()
    at_low, at_high = (
        new_labels(random_labels(some_labels(), level=level, num_classes=10, seed=seed)) for level in (low, high)
    )
    assert np.array_equal(at_low[redrawn], at_high[redrawn])


@pytest.mark.parametrize("seed", [0, 1])
def test_redrawn_labels_are_uniform_over_all_classes_the_true_one_included(seed):
    labels = some_labels(50_000)
    redrawn = new_labels(random_labels(labels, level=1.0, num_classes=10, seed=seed))
    counts = np.bincount(10 * labels + redrawn, minlength=100)  # true class x drawn class, 500 expected in each
    chi_squared = ((counts - 500) ** 2 / 500).sum()
    assert chi_squared < 90 + 5 * np.sqrt(2 * 90)  # 90 degrees of freedom: the true classes' counts are fixed


@pytest.mark.parametrize("family", LABEL_NOISE)
def test_level_0_changes_nothing_and_level_1_reaches_every_label(family):
    corrupt = CORRUPTIONS[family].load()
    nothing = corrupt(some_labels(), level=0, num_classes=10, seed=0)
    assert np.array_equal(new_labels(nothing), some_labels())
    assert (nothing.redrawn, nothing.changed) == (0.0, 0.0)
    assert corrupt(some_labels(), level=1, num_classes=10, seed=0).redrawn == 1.0


@property_test
@given(any_level, any_seed)
def test_shuffled_labels_keep_the_class_counts(level, seed):
    labels = some_labels() ** 2 % 7
    shuffled = new_labels(shuffled_labels(labels, level=level, num_classes=7, seed=seed))
    assert np.array_equal(np.bincount(shuffled, minlength=7), np.bincount(labels, minlength=7))


@property_test
@given(any_level, any_seed)
def test_shuffled_labels_move_only_what_random_labels_redraw(level, seed):
    labels = np.arange(2000)  # a class each, so that every move is seen
    moved = new_labels(shuffled_labels(labels, level=level, num_classes=2000, seed=seed)) != labels
    chosen = redrawn_examples(level, seed)
    assert not (moved & ~chosen).any()
    assert moved.sum() >= chosen.sum() - 20  # a random permutation leaves one in place, on average


@pytest.mark.parametrize("family", LABEL_NOISE)
@pytest.mark.parametrize("level", [-0.1, 1.1, float("nan")])
def test_a_level_outside_0_to_1_is_refused(family, level):
    with pytest.raises(ValueError, match=r"level must lie in \[0, 1\]"):
        CORRUPTIONS[family].load()(some_labels(), level=level, num_classes=10, seed=0)


@pytest.mark.parametrize(
    "labels", [np.array([0, 10]), np.array([-1]), np.array([], np.int64), np.zeros((2, 2), np.int64)]
)
def test_labels_of_another_shape_or_outside_the_classes_are_refused(labels):
    with pytest.raises(ValueError, match="labels must be"):
        random_labels(labels, level=0.5, num_classes=10, seed=0)


# -- pixels -----------------------------------------------------------------------------------------------------------


@property_test
@given(images_of_any_shape(), any_unit, any_seed)
@pytest.mark.parametrize("corrupt", [shuffled_pixels, random_pixels])
def test_permuted_images_hold_the_same_pixels(corrupt, images, unit, seed):
    for permuted in both(corrupt(images, images[:1], unit=unit, seed=seed)):
        assert permuted.dtype == np.uint8
        for before, after in zip(images, permuted, strict=False):
            values = images.shape[3] if unit == "position" else 1
            assert sorted(map(bytes, before.reshape(-1, values))) == sorted(map(bytes, after.reshape(-1, values)))


@pytest.mark.parametrize("unit", ["position", "value"])
def test_shuffled_pixels_permute_all_training_and_test_images_alike(unit):
    train, test = both(shuffled_pixels(numbered_images(20), numbered_images(5), unit=unit, seed=0))
    everything = np.concatenate([train, test])
    assert (everything == everything[0]).all()
    assert (everything[0] != numbered_images(1)[0]).any()


@pytest.mark.parametrize("unit", ["position", "value"])
def test_random_pixels_permute_every_image_differently(unit):
    train, test = both(random_pixels(numbered_images(20), numbered_images(20), unit=unit, seed=0))
    assert len({image.tobytes() for image in [*train, *test]}) == 40


@pytest.mark.parametrize("corrupt", [shuffled_pixels, random_pixels])
def test_unit_value_separates_red_green_and_blue_and_unit_position_does_not(corrupt):
    images = numbered_images(3)
    for unit, together in (("position", True), ("value", False)):
        permuted, _ = both(corrupt(images, images, unit=unit, seed=0))
        neighbours = np.diff(permuted.astype(int), axis=3) == 1
        assert neighbours.all() == together


def slow_permutation(images: np.ndarray, unit: str, orders: list[np.ndarray]) -> np.ndarray:
    """One image after the other, one pixel after the other."""
    result = np.empty_like(images)
    height, width, channels = images.shape[1:]
    for image, new, order in zip(images, result, orders, strict=True):
        for target, origin in enumerate(order):
            if unit == "position":
                new[target // width, target % width] = image[origin // width, origin % width]
            else:
                new.reshape(-1)[target] = image.reshape(-1)[origin]
    assert len(orders[0]) == height * width * (1 if unit == "position" else channels)
    return result


@pytest.mark.parametrize("unit", ["position", "value"])
@pytest.mark.parametrize("shape", [(30, 5, 7, 3), (30, 4, 4, 1)])
def test_permutations_agree_with_the_slow_reference(unit, shape):
    train, test = some_images(shape), some_images((10, *shape[1:]), seed=1)
    num_units = shape[1] * shape[2] * (1 if unit == "position" else shape[3])

    order = seeds.rng(7, "corruption", ONCE).permutation(num_units)
    for found, images in zip(both(shuffled_pixels(train, test, unit=unit, seed=7)), (train, test), strict=True):
        assert np.array_equal(found, slow_permutation(images, unit, [order] * len(images)))

    children = (TRAIN, TEST)
    found_both = both(random_pixels(train, test, unit=unit, seed=7))
    for found, images, child in zip(found_both, (train, test), children, strict=True):
        rng = seeds.rng(7, "corruption", child)
        assert np.array_equal(found, slow_permutation(images, unit, [rng.permutation(num_units) for _ in images]))


@pytest.mark.parametrize("statistics", ["per_channel", "global"])
def test_gaussian_pixels_agree_with_the_slow_reference_whatever_the_chunk(statistics, monkeypatch):
    train, test = some_images((30, 5, 7, 3)) // np.array([1, 2, 3], np.uint8), some_images((10, 5, 7, 3), seed=1)
    axes = (0, 1, 2) if statistics == "per_channel" else None
    mean, sd = train.mean(axis=axes).astype(np.float32), train.std(axis=axes).astype(np.float32)
    slow = []
    for images, child in ((train, TRAIN), (test, TEST)):
        rng = seeds.rng(7, "corruption", child)
        slow.append([(mean + sd * rng.standard_normal(i.shape, np.float32)).astype(np.float16) for i in images])
    for chunk in (1, 7, 1000):
        monkeypatch.setattr(gaussian, "CHUNK", chunk)
        for found, expected in zip(
            both(gaussian_pixels(train, test, statistics=statistics, seed=7)), slow, strict=True
        ):
            assert np.array_equal(found, np.stack(expected))


@pytest.mark.parametrize("statistics", ["per_channel", "global"])
def test_gaussian_pixels_have_the_training_images_moments_and_are_not_clipped(statistics):
    train = some_images((4000, 8, 8, 3)) // np.array([1, 2, 3], np.uint8)
    test = np.full((2000, 8, 8, 3), 200, np.uint8)
    axes = (0, 1, 2) if statistics == "per_channel" else None
    for noise in both(gaussian_pixels(train, test, statistics=statistics, seed=0)):
        assert noise.dtype == np.float16
        noise = noise.astype(np.float64)
        np.testing.assert_allclose(noise.mean(axis=(0, 1, 2)), np.broadcast_to(train.mean(axis=axes), 3), rtol=0.01)
        np.testing.assert_allclose(noise.std(axis=(0, 1, 2)), np.broadcast_to(train.std(axis=axes), 3), rtol=0.01)
        assert noise.min() < 0
        assert noise.max() > 255


@pytest.mark.parametrize(("family", "options"), PIXEL_CASES)
def test_the_first_images_do_not_depend_on_the_images_after_them(family, options):
    # Only the training set's moments, which Gaussian noise takes on, are a property of all images.
    images = numbered_images(20)
    corrupt = CORRUPTIONS[family].load()
    all_train, all_test = both(corrupt(images, images, seed=3, **options))
    train, test = both(corrupt(images[:8], images[:5], seed=3, **options))
    assert np.array_equal(train, all_train[:8])
    assert np.array_equal(test, all_test[:5])


@pytest.mark.parametrize(("family", "options"), PIXEL_CASES)
def test_pixel_corruptions_are_pure_and_depend_on_the_seed_alone(family, options):
    train, test = some_images((12, 6, 6, 3)), some_images((6, 6, 6, 3), seed=1)
    train.flags.writeable = test.flags.writeable = False  # writing to them would raise
    corrupt = CORRUPTIONS[family].load()
    first, again, other = (both(corrupt(train, test, seed=seed, **options)) for seed in (0, 0, 1))
    for part in (0, 1):
        assert first[part].tobytes() == again[part].tobytes() != other[part].tobytes()
        assert first[part].flags.c_contiguous


@pytest.mark.parametrize("family", LABEL_NOISE)
def test_label_noise_is_pure_and_depends_on_the_seed_alone(family):
    labels = some_labels()
    labels.flags.writeable = False
    corrupt = CORRUPTIONS[family].load()
    first, again, other = (new_labels(corrupt(labels, level=0.5, num_classes=10, seed=seed)) for seed in (0, 0, 1))
    assert first.dtype == np.int64
    assert first.tobytes() == again.tobytes() != other.tobytes()


WITH_OPTIONS = [name for name in PIXELS if CORRUPTIONS[name].options]


@pytest.mark.parametrize("family", WITH_OPTIONS)
def test_the_default_options_are_the_registrys_first(family):
    entry, images = CORRUPTIONS[family], some_images((4, 5, 5, 3))
    defaults = {option: values[0] for option, values in entry.options.items()}
    by_default, spelled = (both(entry.load()(images, images, seed=0, **options)) for options in ({}, defaults))
    assert np.array_equal(by_default[0], spelled[0])


@pytest.mark.parametrize("family", WITH_OPTIONS)
def test_an_unknown_option_value_is_refused_with_the_valid_ones(family):
    option, values = next(iter(CORRUPTIONS[family].options.items()))
    images = some_images((2, 3, 3, 3))
    with pytest.raises(ValueError, match=f"{option} must be one of {', '.join(values)}, found 'nonsense'"):
        CORRUPTIONS[family].load()(images, images, seed=0, **{option: "nonsense"})
