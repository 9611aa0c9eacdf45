"""Kernel models: matrices by blocks that a killed job goes on from, exact solutions, features, and what is chosen."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import computed_frames
import numpy as np
import pandas as pd
import pytest
from recorded import said_on
from studies import load, tables_of_results

from rethinking.__main__ import main
from rethinking.config import CHECKOUT, Configuration, kernel_jobs
from rethinking.kernels.cholesky import beside, factorise
from rethinking.kernels.choose import best, held_out_error, one_hot, squared_distance, tried
from rethinking.kernels.features import blocks as feature_blocks
from rethinking.kernels.features import num_blocks
from rethinking.kernels.gabor import gabor, wavelets
from rethinking.kernels.gram import Blocks, build, claimed, gaussian, linear
from rethinking.kernels.patches import RandomPatches, normalised, quadrants
from rethinking.kernels.progress import Progress
from rethinking.kernels.solution import extreme_eigenvalues, factor_of, forget_factor, solve
from rethinking.plotting import regularised_kernels
from rethinking.provenance import kernel_code
from rethinking.sections import Section
from rethinking.stages.kernel_frame import rows_of
from rethinking.stages.record import KEPT
from rethinking.stages.record_computed import STEPS

PAGE = "docs/studies/kernels.md"
TRAIN, TEST = 45, 12
ROWS = 7  # of a block: seven of them, the last one short
PATCHES = {"filters": 20, "size": 3, "threshold": 0.25, "whitening": 0.1, "filters_a_block": 6}


def quiet(done: float, where: str) -> None:
    """No progress is shown."""


def points(seed: int = 0, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).random((TRAIN + TEST, 9)).astype(dtype)


def gram_of(folder: Path, features: np.ndarray, bandwidth: float = 1.0) -> Blocks:
    blocks = Blocks(folder / "gram", TRAIN, TEST, ROWS)
    build(blocks, lambda first: iter([features]), 1, gaussian(bandwidth), quiet)
    return blocks


def direct(features: np.ndarray, bandwidth: float = 1.0) -> np.ndarray:
    """The definition: exp(-bandwidth * squared distance) of all to the training points."""
    return np.exp(-bandwidth * ((features[:, None] - features[None, :TRAIN]) ** 2).sum(axis=2))


# Matrices by blocks -------------------------------------------------------------------------------------------------


def test_a_matrix_by_blocks_is_that_of_the_definition(tmp_path):
    whole, blocks = direct(points()), gram_of(tmp_path, points())
    assert len(blocks.train) == 7
    np.testing.assert_allclose(blocks.leading(TRAIN), whole[:TRAIN], atol=1e-12)
    np.testing.assert_allclose(blocks.leading(20), whole[:20, :20], atol=1e-12)
    vectors = np.random.default_rng(1).standard_normal((TRAIN, 3))
    np.testing.assert_allclose(blocks.times(vectors), whole[:TRAIN] @ vectors, atol=1e-11)
    np.testing.assert_allclose(blocks.of_test(vectors), whole[TRAIN:] @ vectors, atol=1e-11)
    assert blocks.mean_diagonal == pytest.approx(1)


def test_no_block_holds_more_than_its_rows_up_to_the_diagonal(tmp_path):
    blocks = gram_of(tmp_path, points())
    for start, stop in blocks.train:
        assert blocks.load(start).shape == (stop - start, stop)
    for start, stop in blocks.test:
        assert blocks.load(start).shape == (stop - start, TRAIN)


def test_a_matrix_summed_over_blocks_of_features_is_that_of_all_of_them(tmp_path):
    features = np.random.default_rng(0).standard_normal((TRAIN + TEST, 30))
    parts = [features[:, :11], features[:, 11:20], features[:, 20:]]
    blocks = Blocks(tmp_path / "gram", TRAIN, TEST, ROWS)
    build(blocks, lambda first: iter(parts[first:]), 3, linear, quiet)
    np.testing.assert_allclose(blocks.leading(TRAIN), features[:TRAIN] @ features[:TRAIN].T, atol=1e-12)
    assert len(list(blocks.folder.glob("*.npy"))) == len(blocks.train) + len(blocks.test)


class KilledError(BaseException):
    """What a test ends a job with, as no job catches it."""


def killed_after(monkeypatch: pytest.MonkeyPatch, saves: int) -> list[int]:
    """Let a job be killed in the place of its next save after so many; the rows that were saved."""
    saved, save = [], Blocks.save

    def counted(self: Blocks, start: int, passes: int, block: np.ndarray) -> None:
        if len(saved) == saves:
            raise KilledError
        save(self, start, passes, block)
        saved.append(start)

    monkeypatch.setattr(Blocks, "save", counted)
    return saved


@pytest.mark.parametrize("killed", [0, 1, 5, 9, 14, 25])
def test_a_killed_matrix_goes_on_from_its_last_block_and_has_the_same_bytes(killed, tmp_path, monkeypatch):
    features = np.random.default_rng(0).standard_normal((TRAIN + TEST, 30))
    parts = [features[:, :11], features[:, 11:20], features[:, 20:]]
    whole, halves = (Blocks(tmp_path / name, TRAIN, TEST, ROWS) for name in ("whole", "halves"))
    build(whole, lambda first: iter(parts[first:]), 3, linear, quiet)
    with monkeypatch.context() as patched:
        killed_after(patched, killed)
        with pytest.raises(KilledError):
            build(halves, lambda first: iter(parts[first:]), 3, linear, quiet)
    saved = killed_after(monkeypatch, 1000)
    build(halves, lambda first: iter(parts[first:]), 3, linear, quiet)
    assert len(saved) == 3 * (len(whole.train) + len(whole.test)) - killed
    for start, _ in (*whole.train, *whole.test):
        assert whole.load(start).tobytes() == halves.load(start).tobytes()
    saved.clear()
    build(halves, lambda first: pytest.fail("no features are needed"), 3, linear, quiet)
    assert saved == []


class Clock:
    """Time that passes as blocks are saved: the seconds that each one's numbers take by a function of its rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: Callable[[int, int], float]) -> None:
        self.now, save = 0.0, Blocks.save
        monkeypatch.setattr("rethinking.kernels.progress.time.monotonic", lambda: self.now)

        def slow(blocks: Blocks, start: int, passes: int, block: np.ndarray) -> None:
            self.now += cost(start, start + len(block))
            save(blocks, start, passes, block)

        monkeypatch.setattr(Blocks, "save", slow)


def seconds_left(said: str) -> list[int]:
    return [int(number) for number in re.findall(r", (\d+) s left", said)]


@pytest.mark.parametrize("killed", [0, 3, 6])
def test_a_matrix_that_goes_on_says_how_long_it_takes_by_its_own_speed(killed, tmp_path, monkeypatch, capsys):
    blocks = Blocks(tmp_path / "gram", TRAIN, TEST, ROWS)
    with monkeypatch.context() as patched:
        killed_after(patched, killed)
        with pytest.raises(KilledError):
            build(blocks, lambda first: iter([points()]), 1, linear, quiet)
    costs = [100 * (stop - start) * min(stop, TRAIN) for start, stop in (*blocks.train, *blocks.test)]
    Clock(monkeypatch, lambda start, stop: 100 * (stop - start) * min(stop, TRAIN))
    build(blocks, lambda first: iter([points()]), 1, linear, Progress("matrix"))
    assert seconds_left(capsys.readouterr().out) == [sum(costs[place:]) for place in range(killed + 1, len(costs))]


@pytest.mark.parametrize("passes", [1, 3])
def test_a_matrix_says_how_far_it_is_from_its_start_on(passes, tmp_path):
    parts, told = np.array_split(points(), passes, axis=1), []
    blocks = Blocks(tmp_path / "told", TRAIN, TEST, ROWS)
    build(blocks, lambda first: iter(parts[first:]), passes, linear, lambda done, where: told.append(done))
    assert told == sorted(told)
    assert told[0] == 0, "so that the time which the first features take counts"
    assert told[-1] == pytest.approx(1)


def another_shape(path: Path) -> None:
    np.save(path, np.load(path)[:, :-1])


def one_nan(path: Path) -> None:
    block = np.load(path)
    block[0, 0] = np.nan
    np.save(path, block)


def zeroed_rows(path: Path) -> None:
    np.save(path, np.load(path) * (np.arange(len(np.load(path))) > 2)[:, None])


def another_precision(path: Path) -> None:
    np.save(path, np.load(path).astype(np.float32))


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize("damage", [another_shape, one_nan, zeroed_rows, another_precision, torn])
@pytest.mark.parametrize("start", [0, 14, TRAIN])
def test_a_block_that_a_disk_has_altered_is_named_and_made_again_once_it_is_deleted(start, damage, tmp_path):
    blocks = gram_of(tmp_path, points())
    whole, path = blocks.load(start).tobytes(), blocks.kept(start)[1]
    damage(path)
    with pytest.raises(ValueError, match="delete it, and what made it makes it again") as refused:
        blocks.load(start)
    assert str(refused.value).startswith(f"{path}: it is ")
    path.unlink()
    assert gram_of(tmp_path, points()).load(start).tobytes() == whole


def test_what_lies_among_the_blocks_and_is_none_is_passed_over(tmp_path):
    blocks = gram_of(tmp_path, points())
    for name in ("0000000-x.npy", "0000000-00009.npy", "0000000-00009-0000000g.npy"):
        (blocks.folder / name).write_text("not ours")
    assert blocks.passes(0) == 1
    np.testing.assert_allclose(blocks.leading(TRAIN), direct(points())[:TRAIN], atol=1e-12)


def test_what_a_kill_left_of_a_block_is_deleted_at_the_next_start(tmp_path):
    folder = claimed(tmp_path / "gram", {"bandwidth": 1})
    blocks = gram_of(tmp_path, points())
    (left := folder / f".{blocks.kept(14)[1].name}.0123456789abcdef.tmp").write_bytes(b"half of it")
    assert claimed(folder, {"bandwidth": 1}) == folder
    assert not left.exists()
    assert blocks.load(14).shape == (7, 21)


def test_blocks_of_another_matrix_are_deleted_and_those_of_this_one_stay(tmp_path):
    folder = claimed(tmp_path / "gram", {"bandwidth": 1})
    gram_of(tmp_path, points())
    assert len(list(claimed(folder, {"bandwidth": 1}).glob("*.npy"))) == 9
    assert len(list(claimed(folder, {"bandwidth": 2}).glob("*.npy"))) == 0


# Solutions ----------------------------------------------------------------------------------------------------------


def test_a_factor_by_blocks_is_cholesky_s(tmp_path):
    blocks = gram_of(tmp_path, points())
    matrix = blocks.leading(TRAIN) + 0.5 * np.eye(TRAIN)
    factor = factorise(blocks, 0.5, beside(blocks, "factor"), quiet)
    expected = np.linalg.cholesky(matrix)
    for rows, (start, stop) in zip(factor.rows, blocks.train, strict=True):
        np.testing.assert_allclose(np.tril(rows, start), expected[start:stop, :stop], atol=1e-12)
    right = np.random.default_rng(2).standard_normal((TRAIN, 4))
    np.testing.assert_allclose(factor.solve(right), np.linalg.solve(matrix, right), atol=1e-10)


def test_a_killed_factorisation_goes_on_from_its_last_block(tmp_path, monkeypatch):
    blocks = gram_of(tmp_path, points())
    whole = factorise(blocks, 0.1, beside(blocks, "whole"), quiet)
    with monkeypatch.context() as patched:
        killed_after(patched, 4)
        with pytest.raises(KilledError):
            factorise(blocks, 0.1, beside(blocks, "halves"), quiet)
    saved = killed_after(monkeypatch, 1000)
    halves = factorise(blocks, 0.1, beside(blocks, "halves"), quiet)
    assert saved == [start for start, _ in blocks.train[4:]]
    assert [rows.tobytes() for rows in whole.rows] == [rows.tobytes() for rows in halves.rows]


@pytest.mark.parametrize("killed", [0, 4, 6])
def test_a_factor_that_goes_on_says_how_long_it_takes_by_its_own_speed(killed, tmp_path, monkeypatch, capsys):
    blocks = gram_of(tmp_path, points())
    kept = beside(blocks, "factor")
    with monkeypatch.context() as patched:
        killed_after(patched, killed)
        with pytest.raises(KilledError):
            factorise(blocks, 0.1, kept, quiet)
    Clock(monkeypatch, lambda start, stop: stop**3 - start**3)
    factorise(blocks, 0.1, kept, Progress("factor"))
    assert seconds_left(capsys.readouterr().out) == [TRAIN**3 - stop**3 for _, stop in blocks.train[killed:-1]]


def test_where_a_factor_breaks_down_the_time_of_the_next_one_counts_from_there(monkeypatch, capsys):
    times = iter([0, 0, 60, 100, 110, 120])
    monkeypatch.setattr("rethinking.kernels.progress.time.monotonic", lambda: next(times))
    progress = Progress("factor")
    for done in (0.5, 0.6, 0.0, 0.1, 0.2):
        progress(done, "block")
    assert seconds_left(capsys.readouterr().out) == [240, 90, 80]


def of_low_rank(folder: Path, rows: int = 20) -> Blocks:
    """A matrix whose factor in float32 breaks down without a jitter and with the least ones."""
    features = np.random.default_rng(0).random((210, 30)).astype("float32")
    blocks = Blocks(folder / "gram", 200, 10, rows)
    build(blocks, lambda first: iter([features]), 1, linear, quiet)
    return blocks


@pytest.mark.parametrize("killed", [0, 1, 2, 3, -10, -5, -1])  # those below 0 from the end, which has a block each
def test_a_killed_factorisation_goes_on_with_the_jitter_that_it_was_at(killed, tmp_path, monkeypatch):
    whole, halves = of_low_rank(tmp_path / "whole"), of_low_rank(tmp_path / "halves")
    with monkeypatch.context() as patched:
        saved = killed_after(patched, 1000)
        factor, jitter = factor_of(whole, 0.0, {}, quiet)
    assert jitter > 0
    assert len(saved) > 10, "those of a factor that broke down, too"
    killed %= len(saved)
    left = len(saved) - killed
    with monkeypatch.context() as patched:
        killed_after(patched, killed)
        with pytest.raises(KilledError):
            factor_of(halves, 0.0, {}, quiet)
    saved = killed_after(monkeypatch, 1000)
    again, same = factor_of(halves, 0.0, {}, quiet)
    assert same == jitter
    assert len(saved) == left
    assert [rows.tobytes() for rows in again.rows] == [rows.tobytes() for rows in factor.rows]
    saved.clear()
    assert factor_of(halves, 0.0, {}, quiet)[1] == jitter
    assert saved == [], "all of it is there"


def test_the_jitters_that_were_refused_are_those_of_one_matrix_and_shift(tmp_path):
    blocks = of_low_rank(tmp_path)
    assert factor_of(blocks, 0.0, {"of": 1}, quiet)[1] > 0
    for shift, identity in ((1.0, {"of": 1}), (0.0, {"of": 1}), (0.0, {"of": 2})):
        told: list[str] = []
        jitter = factor_of(blocks, shift, identity, lambda done, where, told=told: told.append(where))[1]
        assert (jitter > 0) == (shift == 0)
        assert ("the factor breaks down with jitter 0.0e+00" in told) == (shift == 0)
    forget_factor(blocks)
    assert {path.name for path in tmp_path.iterdir()} == {"gram"}


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_a_solution_is_that_of_the_equations_and_has_the_least_norm(shift, tmp_path):
    blocks, labels = gram_of(tmp_path, points()), one_hot(np.arange(TRAIN) % 3, 3)
    matrix = blocks.leading(TRAIN)
    factor, jitter = factor_of(blocks, shift, {}, quiet)
    found = solve(blocks, shift, labels, factor, jitter, quiet)
    expected = np.linalg.solve(matrix + shift * np.eye(TRAIN), labels)
    assert jitter == 0
    assert found.residual < 1e-8
    np.testing.assert_allclose(found.alpha, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(found.norms(), np.einsum("ij,ik,kj->j", expected, matrix, expected), rtol=1e-5)
    if shift == 0:
        np.testing.assert_allclose(found.fitted, labels, atol=1e-6)


def test_eigenvalues_are_those_of_the_matrix(tmp_path):
    blocks = gram_of(tmp_path, points(), bandwidth=10.0)
    factor, _ = factor_of(blocks, 0.0, {}, quiet)
    smallest, largest = extreme_eigenvalues(blocks, factor, quiet)
    expected = np.linalg.eigvalsh(blocks.leading(TRAIN))
    assert smallest == pytest.approx(expected[0], rel=0.02)
    assert largest == pytest.approx(expected[-1], rel=0.02)


def test_where_the_factor_breaks_down_a_named_jitter_preconditions_the_matrix_itself(tmp_path):
    blocks = Blocks(tmp_path / "gram", TRAIN, TEST, ROWS)
    features = points() * np.logspace(0, -3, 9)  # of rank 9
    build(blocks, lambda first: iter([features]), 1, linear, quiet)
    said: list[str] = []
    factor, jitter = factor_of(blocks, 0.0, {}, lambda done, where: said.append(where))
    assert 0 < jitter <= 1e-6 * blocks.mean_diagonal
    assert "the factor breaks down with jitter 0.0e+00" in said
    labels = features[:TRAIN, 7:]  # what the smallest eigenvalues have a part in
    found = solve(blocks, 0.0, labels, factor, jitter, quiet)
    bare = np.linalg.norm(labels - blocks.times(factor.solve(labels))) / np.linalg.norm(labels)
    assert found.steps > 0
    assert found.residual < 1e-8 < bare


def test_a_factor_of_low_precision_is_mended_by_conjugate_gradients(tmp_path):
    blocks = gram_of(tmp_path, points(dtype="float32"), bandwidth=0.3)
    labels = one_hot(np.arange(TRAIN) % 2, 2)
    factor, jitter = factor_of(blocks, 0.0, {}, quiet)
    assert factor.rows[0].dtype == np.float32
    bare = np.linalg.norm(labels - blocks.times(factor.solve(labels).astype(float))) / np.linalg.norm(labels)
    found = solve(blocks, 0.0, labels, factor, jitter, quiet)
    assert found.residual < 1e-8 < bare


def test_steps_and_eigenvalues_say_how_far_they_are(tmp_path):
    blocks = gram_of(tmp_path, points(dtype="float32"), bandwidth=0.3)
    labels, told = one_hot(np.arange(TRAIN) % 2, 2), []
    factor, jitter = factor_of(blocks, 0.0, {}, quiet)
    found = solve(blocks, 0.0, labels, factor, jitter, lambda done, where: told.append(done))
    assert len(told) == 1 + found.steps > 1, "what a step brings is told from the start"
    assert told == sorted(told)
    assert told[-1] == 1, "what was asked of the residual was reached"
    told.clear()
    extreme_eigenvalues(blocks, factor, lambda done, where: told.append(done))
    assert told == sorted(told)
    assert 0 < told[0] < 0.5 < told[-1] <= 1


# Features -----------------------------------------------------------------------------------------------------------


def images(count: int = TRAIN + TEST, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, channels), np.uint8)


def test_wavelets_see_no_plain_grey_and_most_of_a_wave_of_their_own():
    filters = wavelets(4.0, 4)
    np.testing.assert_allclose(filters.sum(axis=(1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(filters, axis=(1, 2)), 1)
    x = np.arange(32)
    wave = 0.5 + 0.5 * np.cos(2 * np.pi * x / 4) * np.ones((32, 1))
    seen = gabor(wave[None, :, :, None], wavelengths=[4.0], orientations=4, stride=1).reshape(32, 32, 4)[16, 16]
    assert seen.argmax() == 0
    assert seen[0] > 5 * seen[2]


@pytest.mark.parametrize("channels", [1, 3])
def test_gabor_features_are_one_for_each_length_place_direction_and_channel(channels):
    found = gabor(images(3, channels) / 255, wavelengths=[3.0, 6.0], orientations=5, stride=2)
    assert found.shape == (3, 2 * 4 * 4 * 5 * channels)


def test_random_patches_see_what_passes_the_threshold_on_either_side_in_each_quadrant():
    given = images(TRAIN, channels=3)
    network = RandomPatches.drawn(given, PATCHES, 3)
    size, side = PATCHES["size"], 8 - PATCHES["size"] + 1
    expected = np.zeros((TRAIN, 2, 2, 2, 6))
    for image, row, column in np.ndindex(TRAIN, side, side):
        patch = given[image, row : row + size, column : column + size].transpose(2, 0, 1).reshape(1, -1)
        response = ((normalised(patch) - network.mean) @ network.whitening @ network.filters[:6].T)[0]
        of_one = expected[image, row * 2 // side, column * 2 // side]
        of_one[0] += np.maximum(response - network.threshold, 0)
        of_one[1] += np.maximum(-response - network.threshold, 0)
    expected = expected.reshape(TRAIN, -1)
    expected = (expected - expected.mean(axis=0)) / expected.std(axis=0)
    np.testing.assert_allclose(network.features(given, TRAIN, 0), expected, atol=1e-3)


def test_random_patches_are_drawn_from_and_standardised_by_training_images_alone():
    ours, others = images(channels=3), images(channels=3)
    others[TRAIN:] = 255 - others[TRAIN:]
    one, other = (RandomPatches.drawn(each[:TRAIN], PATCHES, 3).features(each, TRAIN, 0) for each in (ours, others))
    assert one.shape == (TRAIN + TEST, 4 * 2 * 6)
    np.testing.assert_array_equal(one[:TRAIN], other[:TRAIN])
    np.testing.assert_allclose(one[:TRAIN].mean(axis=0), 0, atol=1e-5)
    assert not np.allclose(one[TRAIN:], other[TRAIN:])


def test_blocks_of_filters_make_the_matrix_of_all_filters(tmp_path):
    matrices = []
    for filters in (6, 20):
        job = {"features": "random_patches", "patches": PATCHES | {"filters_a_block": filters}, "seed": 0}
        job |= {"precision": "float64"}
        blocks = Blocks(tmp_path / str(filters), TRAIN, TEST, ROWS)
        passes = num_blocks(job)
        build(blocks, lambda first, job=job: feature_blocks(job, images(), TRAIN, None, first), passes, linear, quiet)
        matrices.append(blocks.leading(TRAIN))
    assert num_blocks(job) == 1
    np.testing.assert_allclose(*matrices, rtol=1e-4, atol=1e-3)
    assert np.linalg.eigvalsh(matrices[0])[0] > 1e-3, "with a bias the standardised features interpolate"


def test_every_place_belongs_to_one_quadrant():
    found = quadrants(5, 4)
    assert found.shape == (4, 20)
    assert (found.sum(axis=0) == 1).all()
    assert found[0].reshape(5, 4)[:3, :2].all()


# What is chosen -----------------------------------------------------------------------------------------------------


def test_the_error_that_choices_are_made_by_is_that_of_images_not_fitted():
    features, labels = points()[:40], np.arange(40) % 3
    matrix = direct(np.concatenate([features, points()[:17]]))[:40, :40]
    alpha = np.linalg.solve(matrix[:30, :30] + 0.2 * np.eye(30), one_hot(labels[:30], 3))
    expected = ((matrix[30:, :30] @ alpha).argmax(axis=1) != labels[30:]).mean()
    assert held_out_error(matrix, labels, 10, 0.2) == expected


def test_relative_bandwidths_are_of_the_mean_squared_distance():
    features = points()[:20]
    pairs = ((features[:, None] - features) ** 2).sum(axis=2).mean()
    assert squared_distance(features) == pytest.approx(pairs)
    job = {"features": "pixels", "precision": "float64", "gabor": [], "bandwidths": [1.0, 3.0], "relative": True}
    few = images(30)
    rows = list(tried(job | {"choose": {"held_out": 10}}, few, np.arange(30) % 3, "few"))
    assert [row["bandwidth"] * squared_distance(few.reshape(30, -1) / 255) for row in rows] == pytest.approx([1, 3])
    assert best(rows)["error"] == min(row["error"] for row in rows)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("features", ["pixels", "gabor"])
@pytest.mark.parametrize("value", [0, 1, 37, 255])
def test_a_bandwidth_relative_to_the_distance_of_equal_images_is_refused(value, features, precision):
    few = np.full((30, 8, 8, 1), value, np.uint8)
    options = [{"wavelengths": [3.0], "orientations": 4, "stride": 1}] if features == "gabor" else []
    job = {"features": features, "precision": precision, "gabor": options, "bandwidths": [1.0], "relative": True}
    job |= {"choose": {"held_out": 10}}
    with pytest.raises(ValueError, match="results/data/black: relative = true: the training images are equal, or near"):
        list(tried(job, few, np.arange(30) % 3, "results/data/black"))
    assert [row["bandwidth"] for row in tried(job | {"relative": False}, few, np.arange(30) % 3, "black")] == [1.0]
    few[15:, 2, 3] = 255 - few[15:, 2, 3]
    assert all(row["bandwidth"] > 0 for row in tried(job, few, np.arange(30) % 3, "two pictures"))


def test_of_equal_errors_the_first_is_taken_and_none_that_is_no_number():
    rows = [{"error": None, "n": 0}, {"error": 0.2, "n": 1}, {"error": 0.1, "n": 2}, {"error": 0.1, "n": 3}]
    assert best(rows)["n"] == 2


# The command and its configuration ----------------------------------------------------------------------------------


KERNEL = {"dataset": "digits", "features": "pixels", "bandwidths": [0.05], "l2": [0, 0.1], "rows": 64}
KERNEL |= {"choose": {"images": 300, "held_out": 80}}


def configured(folder: Path, **kernel: object) -> Path:
    values = {"name": "mine", "recipes": {}, "figures": {"regularised_kernels": {}}, "kernels": {"one": kernel}}
    (path := folder / "mine.yaml").write_text(json.dumps(values))
    return path


def test_by_hand_a_kernel_interpolates_true_and_random_labels(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["kernel", "one", "--configfile", str(configured(tmp_path, **KERNEL))]) == 0, capsys.readouterr().err
    folder = tmp_path / "results/by-hand/kernels/mine/one"
    found = json.loads((folder / "solution.json").read_text())
    rows = {(row["corruption"], row["l2"]): row for row in found["rows"]}
    true, random = rows["true_labels", 0], rows["random_labels-1.0", 0]
    assert true["train_error"] == random["train_error"] == 0
    assert true["test_error"] < 0.1
    assert 0.7 < random["test_error"] < 1
    assert max(true["residual"], random["residual"]) < 1e-8
    assert random["norm"] > 2 * true["norm"] > 2 * rows["true_labels", 0.1]["norm"]
    assert 0 < found["smallest_eigenvalue"] < found["largest_eigenvalue"]
    assert found["best_l2"] == 0.1
    assert not (folder / "state/factor").exists()


def test_a_killed_call_solves_again_only_what_it_had_not_solved(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    call = ["kernel", "one", "--configfile", str(configured(tmp_path, **KERNEL))]
    matrix, factor = 5 + 7, 5  # blocks of 320 training and 397 test images
    with monkeypatch.context() as patched:
        killed_after(patched, matrix + factor + 2)
        with pytest.raises(KilledError):
            main(call)
    saved = killed_after(monkeypatch, 1000)
    assert main(call) == 0, capsys.readouterr().err
    assert len(saved) == factor - 2


def test_what_other_code_has_solved_is_solved_again_from_the_matrix_that_is_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    call = ["kernel", "one", "--configfile", str(configured(tmp_path, **KERNEL))]
    assert main(call) == 0, capsys.readouterr().err
    before = Path("results/by-hand/kernels/mine/one/gram.json").read_bytes()
    monkeypatch.setattr(
        "rethinking.stages.kernel.kernel_code", lambda step: kernel_code(step) + "x" * (step == "solution")
    )
    saved = killed_after(monkeypatch, 1000)
    assert main(call) == 0, capsys.readouterr().err
    assert len(saved) == 2 * 5, "the factors of both l2, and no block of the matrix"
    assert Path("results/by-hand/kernels/mine/one/gram.json").read_bytes() == before


def test_a_call_again_says_what_the_work_took_and_leaves_what_it_finds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    call = ["kernel", "one", "--configfile", str(configured(tmp_path, **KERNEL))]
    with monkeypatch.context() as patched:
        killed_after(patched, 5 + 3)
        with pytest.raises(KilledError):
            main(call)
    folder = tmp_path / "results/by-hand/kernels/mine/one"
    before = json.loads((folder / "state/gram/costs.json").read_text())
    (folder / "state/gram/costs.json").write_text(json.dumps({"seconds": before["seconds"] + 1000, "memory": 1e6}))
    with monkeypatch.context() as patched:
        killed_after(patched, 4 + 2)
        with pytest.raises(KilledError):
            main(call)
    made = json.loads((folder / "gram.json").read_text())
    assert made["seconds"] > before["seconds"] + 1000
    assert made["memory"] == 1e6
    (costs,) = folder.glob("state/solved/l2-0*.costs")
    costs.write_text(json.dumps({"seconds": json.loads(costs.read_text())["seconds"] + 2000, "memory": 2e6}))
    assert main(call) == 0, capsys.readouterr().err
    found = json.loads((folder / "solution.json").read_text())
    assert {row["l2"] for row in found["rows"] if row["seconds"] > 2000} == {0}
    assert found["memory"] == 2e6
    written = {path: path.read_bytes() for path in folder.rglob("*.json")}
    at = (folder / "gram.json").stat().st_mtime_ns
    assert main(call) == 0, capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == written
    assert (folder / "gram.json").stat().st_mtime_ns == at
    assert not list(folder.rglob("*.costs"))


def test_a_kernel_of_equal_images_whose_bandwidth_is_relative_is_refused_with_its_data_set(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rethinking.kernels.choose.at_once", lambda job, images, options: np.ones((len(images), 4)))
    assert main(["kernel", "one", "--configfile", str(configured(tmp_path, **KERNEL | {"relative": True}))]) == 1
    assert re.search(r"error: \S*/digits-\w+: relative = true: the training images are equal", capsys.readouterr().err)


def test_a_data_frame_of_no_kernels_is_refused(tmp_path, capsys):
    call = ["kernel_frame", "--kernels", "[]", "--solutions", str(tmp_path), "--out", str(tmp_path / "kernels.csv")]
    assert main(call) == 1
    assert "error: --kernels = []: names no kernel" in capsys.readouterr().err


def test_a_kernel_is_recorded_once_it_is_solved_and_stays_when_it_is_gone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file = configured(tmp_path, **KERNEL)
    values = json.loads(file.read_text()) | {"tables": {"table3": {}}}
    values["kernels"]["unsolved"] = {**KERNEL, "bandwidths": [0.1]}
    file.write_text(json.dumps(values))
    place = "results/kernels/mine/one"
    assert main(["kernel", "one", "--configfile", str(file), "--out", place]) == 0, capsys.readouterr().err
    record = ["record", "--configfile", str(file), "--out", "kept"]
    assert main(record) == 0, capsys.readouterr().err
    kept = {path: path.read_bytes() for path in (tmp_path / "kept").rglob("*.*")}
    assert {path.name for path in kept} == {*STEPS, "kernels.csv", "table3.csv", "table3.md"}
    table = pd.read_csv(tmp_path / "kept/table3.csv")
    assert list(table["train_error"][:2]) == [0, 0]
    assert set(table["kernel"]) == {"one"}
    shutil.rmtree(tmp_path / place)
    assert main(record) == 0
    assert {path: path.read_bytes() for path in (tmp_path / "kept").rglob("*.*")} == kept


CHANGES = {
    "rows": {"rows": 65},
    "l2": {"l2": [0, 1]},
    "labels": {"corruptions": ["true_labels"]},
    "bandwidths": {"bandwidths": [0.1]},
    "more bandwidths": {"bandwidths": [0.05, 0.1]},
    "relative bandwidths": {"relative": True},
    "images to choose by": {"choose": {"images": 299, "held_out": 80}},
    "images held out": {"choose": {"images": 300, "held_out": 79}},
    "data set": {"dataset": "others"},
    "data set of as many": {"dataset": "small"},
    "precision": {"precision": "float32"},
}
DATASETS = {"others": {"extends": "digits", "train": 330}, "small": {"extends": "digits", "image_size": None}}


def of_table(file: Path, **kernel: object) -> None:
    """Write a configuration of one kernel, in table 3 with the paper's number."""
    values = json.loads(configured(file.parent, **{**KERNEL, "published": {"error": 1.2}, **kernel}).read_text())
    file.write_text(json.dumps({**values, "tables": {"table3": {}}, "datasets": DATASETS}))


@pytest.fixture(scope="module")
def solved_kernel(tmp_path_factory) -> Path:
    """A folder with a kernel that was solved by hand in the place of the workflow's, and recorded."""
    folder = tmp_path_factory.mktemp("solved")
    of_table(folder / "mine.yaml")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        assert main(["kernel", "one", "--configfile", "mine.yaml", "--out", "results/kernels/mine/one"]) == 0
        assert main(RECORD) == 0
    return folder


RECORD = ["record", "--configfile", "mine.yaml", "--out", "kept"]


def without_jobs(folder: Path) -> None:
    """Make the steps of a kernel those of before their jobs were written into them."""
    for step in ("choice.json", "solution.json"):
        found = json.loads((folder / step).read_text())
        assert found.pop("job")
        (folder / step).write_text(json.dumps(found))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("as_before", [False, True])
@pytest.mark.parametrize("kept", [False, True])
def test_a_kernel_that_another_configuration_solved_is_not_recorded(
    change, as_before, kept, solved_kernel, tmp_path, monkeypatch, capsys
):
    if as_before and change in ("images to choose by", "data set of as many"):
        pytest.skip("the steps did not say it")
    monkeypatch.chdir(tmp_path)
    place = Path("kept/kernels/one" if kept else "results/kernels/mine/one")
    shutil.copytree(solved_kernel / "kept" if kept else solved_kernel / place, "kept" if kept else place)
    if as_before:
        without_jobs(place)
    of_table(Path("mine.yaml"), **CHANGES[change])
    assert main(RECORD) == 1
    told = capsys.readouterr().err
    assert f"left out: {place}, which another configuration made" in told
    assert "results/runs holds no run of the configuration 'mine'" in told
    assert {path.name for path in Path("kept").rglob("*.*")} == ({*STEPS} if kept else set())
    of_table(Path("mine.yaml"))
    assert main(RECORD) == 0, "nothing is lost by that"
    assert (Path("kept/table3.csv")).read_bytes() == (solved_kernel / "kept/table3.csv").read_bytes()


def test_a_kernel_that_is_kept_stays_where_another_configuration_solved_it_again(
    solved_kernel, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(solved_kernel, tmp_path, dirs_exist_ok=True)
    solution = Path("results/kernels/mine/one/solution.json")
    solution.write_text(json.dumps(json.loads(solution.read_text()) | {"num_train": 319}))
    assert main(RECORD) == 0
    assert "left out: results/kernels/mine/one, which another configuration made" in capsys.readouterr().err
    assert Path("kept/kernels.csv").read_bytes() == (solved_kernel / "kept/kernels.csv").read_bytes()


def test_a_kernel_is_of_all_images_by_their_number(solved_kernel, tmp_path):
    said = {"kernel": "one", "label": "one", "dataset": "digits", "dataset_label": "digits", "features": "pixels"}
    said |= {"paper_error": 1.2, "paper_l2_error": None, "paper_norm": None}
    folder = solved_kernel / "kept/kernels/one"
    for sizes, whole in (({"train": 320, "test": 397}, True), ({"train": 1400, "test": 397}, False)):
        assert {row["whole"] for row in rows_of({**said, "of": sizes}, folder)} == {whole}
    assert set(pd.read_csv(solved_kernel / "kept/kernels.csv")["whole"]) == {False}


@pytest.mark.parametrize("name", ["kernels", "kernels-digits", "kernels-source"])
def test_what_is_kept_of_a_study_is_recorded_again_byte_by_byte(name, tmp_path, capsys):
    if not (shown := CHECKOUT / KEPT / name).is_dir():
        pytest.skip("an installed package has no records")
    shutil.copytree(shown, tmp_path / "kept")
    file, nowhere = str(CHECKOUT / f"config/studies/{name}.yaml"), str(tmp_path / "results/runs")
    assert main(["record", "--configfile", file, "--runs", nowhere, "--out", str(tmp_path / "kept")]) == 0
    assert "left out" not in capsys.readouterr().err
    files = {path.relative_to(shown): path.read_bytes() for path in shown.rglob("*.*")}
    assert {
        path.relative_to(tmp_path / "kept"): path.read_bytes() for path in (tmp_path / "kept").rglob("*.*")
    } == files


def test_an_unknown_kernel_is_told_with_the_nearest(tmp_path, capsys):
    assert main(["kernel", "digits-non"]) == 1
    assert "unknown kernel; did you mean 'digits-none'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kernel", "told"),
    [
        ({"dataset": "digit"}, "kernels.one.dataset = \"digit\": unknown data set; did you mean 'digits'?"),
        ({"features": "pixel"}, "kernels.one.features = \"pixel\": unknown value; did you mean 'pixels'?"),
        ({"bandwidths": []}, "kernels.one.bandwidths"),
        ({"features": "gabor"}, "kernels.one: the key 'gabor' is missing"),
        ({"patches": {"filters": 5}}, "features 'pixels' have no such key"),
        ({"l2": [0.1]}, "kernels.one.l2 = [0.1]: must hold 0"),
        ({"published": {"error": 0}}, "kernels.one.published.error = 0: must be more than 0"),
        ({"published": {"l2_error": 0}}, "kernels.one.published.l2_error = 0: must be more than 0"),
        ({"corruptions": ["shuffled_pixels"]}, "is one of images; here labels are fitted"),
        ({"corruptions": ["human_labels-worse"]}, "the data set 'digits' has no human labels"),
        ({"choose": {"held_out": 320}}, "choose.held_out = 320: must leave some of 320 training images to fit"),
    ],
)
def test_a_fault_of_a_kernel_is_told_with_its_key(kernel, told, tmp_path):
    without = {key: value for key, value in KERNEL.items() if key != "bandwidths" or kernel.get("features") != "pixel"}
    with pytest.raises(ValueError, match="mine") as refused:
        Configuration.load(configured(tmp_path, **(without | kernel)))
    assert told in str(refused.value)


def test_two_kernels_of_one_label_are_refused(tmp_path):
    values = json.loads(configured(tmp_path, **KERNEL).read_text())
    values["kernels"]["two"] = values["kernels"]["one"] | {"label": "same"}
    values["kernels"]["one"]["label"] = "same"
    (tmp_path / "mine.yaml").write_text(json.dumps(values))
    with pytest.raises(ValueError, match=r'kernels\.two\.label = "same": is that of kernels\.one, too'):
        Configuration.load(tmp_path / "mine.yaml")


@pytest.mark.parametrize("name", ["kernels", "kernels-digits", "kernels-source"])
def test_every_kernel_of_a_study_can_be_planned(name):
    configuration = Configuration.load(CHECKOUT / f"config/studies/{name}.yaml")
    for kernel in configuration.kernels:
        jobs = kernel_jobs.choice_job, kernel_jobs.gram_job, kernel_jobs.solution_job
        assert all(job(configuration, kernel) for job in jobs)
    assert [row["kernel"] for row in kernel_jobs.shown(configuration)] == list(configuration.kernels)


def test_a_kernel_of_fewer_features_than_images_is_solved_with_l2_and_says_that_it_is_not_without(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    kernel = {"dataset": "digits-50", "features": "random_patches", "patches": {"filters": 3, "size": 3}}
    kernel |= {"precision": "float32", "l2": [0, 0.1], "choose": {"images": 50, "held_out": 10}}
    values = {"name": "mine", "recipes": {}, "figures": {"regularised_kernels": {}}, "kernels": {"few": kernel}}
    values["datasets"] = {"digits-50": {"extends": "digits", "train": 50, "test": 30}}
    Path("mine.yaml").write_text(json.dumps(values))
    assert main(["kernel", "few", "--configfile", "mine.yaml", "--out", "found"]) == 0
    found = json.loads(Path("found/solution.json").read_text())
    assert [row["error"] is None for row in found["held_out"]] == [True, False]
    assert found["best_l2"] == 0.1
    residuals = {row["l2"]: row["residual"] for row in found["rows"]}
    assert residuals[0.1] < 1e-6 < 1e-2 < residuals[0]


# The figure ---------------------------------------------------------------------------------------------------------


def kernels_frame(**changed: Any) -> pd.DataFrame:
    return computed_frames.frames()["kernels"].assign(**changed)


def test_a_caption_gives_the_size_once():
    section = Section(configuration="made-up", name="regularised_kernels")
    once = regularised_kernels.caption(kernels_frame(dataset_label="made up, 50 images", num_train=50), section)
    assert once.startswith("Kernel models of made up, 50 images: ")
    added = regularised_kernels.caption(kernels_frame(dataset_label="made up", num_train=50), section)
    assert added.startswith("Kernel models of made up (50 images): ")


@pytest.mark.parametrize("error", [0.0, 0.02])
def test_only_what_fits_every_image_is_ringed(error):
    frame = kernels_frame(train_error=error)
    section = Section(configuration="made-up", name="regularised_kernels", size=(6, 3))
    drawing, _ = regularised_kernels.figure(frame, section)
    lines = [line for each in drawing.axes for line in each.lines]
    ringed = [line for line in lines if line.get_markersize() == 8 and len(np.asarray(line.get_xdata()))]
    assert len(ringed) == (0 if error else frame[frame["l2"] == 0].groupby(["kernel", "corruption"]).ngroups)
    assert len(ringed) < len(lines)


# The page -----------------------------------------------------------------------------------------------------------


def test_every_table_of_results_of_the_page_has_columns_and_rows_of_one_that_was_recorded():
    names = [name for name in ("kernels", "kernels-digits", "kernels-source") if (CHECKOUT / KEPT / name).is_dir()]
    assert len(tables_of_results("kernels", names)) >= len(names) > 0


def test_the_page_s_numbers_of_sgd_and_theorem_1_are_recorded_ones():
    section = said_on(PAGE).split("## What it shows: SGD and theorem 1")[1].split(" ## ")[0]
    ends = pd.read_csv(CHECKOUT / KEPT / "kernels/implicit_regularisation.csv").groupby("method").tail(1)
    numbers = ends[["distance", "distance_to_end", "residual"]].to_numpy().ravel()
    for name in ("kernels", "kernels-source"):
        built = pd.read_csv(CHECKOUT / KEPT / name / "expressivity.csv")
        numbers = np.append(numbers, built.loc[built["points"] >= 10_000, "largest_error"])
    said = re.findall(r"\d\.\de-\d\d", section)
    assert len(said) >= 11
    assert {*said} <= {f"{number:.1e}" for number in numbers}
    assert "{:,} weights".format(built["num_weights"].iloc[-3]) in section


def test_the_page_s_numbers_of_the_corollary_and_the_obvious_construction_are_recorded_ones():
    section = said_on(PAGE).split("## What it shows: SGD and theorem 1")[1].split(" ## ")[0]
    for name, points in (("kernels-source", 50_000), ("kernels", 10_000)):
        built = pd.read_csv(CHECKOUT / KEPT / name / "expressivity.csv")
        built = built[built["points"] == points].set_index("construction")
        assert set(built["labels_lost"]) == {0}
        deep = built.loc["corollary"]
        assert "width {:,.0f}, {:,.0f} weights".format(deep["width"], deep["num_weights"]) in section
        assert "{:.1e}".format(deep["largest_error"]) in section
        assert "{:.1e}".format(built.loc["obvious", "largest_error"]) in section
    whole = pd.read_csv(CHECKOUT / KEPT / "kernels-source/expressivity.csv").set_index("construction")
    assert "the largest error, {:.4f} of a label".format(whole.loc["obvious", "largest_error"].max()) in section
    assert {load(name).expressivity["depth"] for name in ("kernels", "kernels-source")} == {10}


def test_the_page_s_eigenvalues_and_what_l2_was_chosen_by_are_recorded_ones():
    solutions = {
        name: json.loads((CHECKOUT / KEPT / f"kernels-source/kernels/mnist-{name}/solution.json").read_text())
        for name in ("none", "gabor")
    }
    largest = [solutions[name]["largest_eigenvalue"] for name in ("none", "gabor")]
    assert "{:,.0f} on pixels and {:,.0f} by wavelets".format(*largest) in said_on(PAGE)
    errors = {row["l2"]: row["error"] for row in solutions["none"]["held_out"]}
    best, held_out = solutions["none"]["best_l2"], load("kernels-source").kernels["mnist-none"]["choose"]["held_out"]
    assert (best, held_out) == (0.1, 2000)
    assert [round((errors[l2] - errors[best]) * held_out) for l2 in (0, 0.001, 0.01)] == [1, 2, 2]
    assert f"{100 * errors[best]:.2f} against {100 * errors[0]:.2f} %" in said_on(PAGE)
    assert f"({100 * errors[0.01]:.2f} %)" in said_on(PAGE)


def test_the_page_has_the_binomial_errors_and_compares_the_norms_of_labels_at_the_same_l2():
    rows = pd.read_csv(CHECKOUT / KEPT / "kernels-source/kernels.csv")
    plain = rows[(rows["corruption"] == "true_labels") & (rows["l2"] == 0) & rows["whole"]]
    errors = 100 * (plain["test_error"] * (1 - plain["test_error"]) / plain["num_test"]) ** 0.5
    assert "are {:.2f}, {:.2f}, {:.2f} and {:.2f} points".format(*errors) in said_on(PAGE)
    norms = rows.pivot(index=["kernel", "l2"], columns="corruption", values="norm").dropna()
    assert (norms["random_labels-1.0"] > norms["true_labels"]).all()
    on_pixels = norms.loc["cifar10-none"]
    with_l2, without = on_pixels["random_labels-1.0"].iloc[-1], on_pixels["true_labels"].loc[0]
    assert f"it is {with_l2:.0f} for random labels with it, {without:.0f} for true ones without" in said_on(PAGE)


def test_what_the_study_takes_is_what_was_recorded_of_it():
    rows = pd.read_csv(CHECKOUT / KEPT / "kernels/kernels.csv")
    matrices = rows.drop_duplicates("kernel")["gram_seconds"].sum() / 60
    solving = rows.drop_duplicates(["kernel", "l2"])["seconds"].sum() / 60
    said = f"{matrices + solving:.1f} minutes, {matrices:.1f} of them for the matrices and {solving:.1f} for what was"
    assert said in said_on(PAGE)
    assert f"{rows['memory'].max() / 1000:.1f} GB. |" in said_on(PAGE)
    in_words = f"{matrices + solving:.0f} minutes on two cores"
    assert in_words in (CHECKOUT / "config/studies/kernels.yaml").read_text("utf-8")
    assert f"(`kernels` {matrices + solving:.0f})" in (CHECKOUT / "docs/start.md").read_text("utf-8")
    patches = rows[rows["features"] == "random_patches"].drop_duplicates("kernel")["gram_seconds"].sum() / 60
    assert patches > (matrices + solving) / 2, "most of them for the random conv-nets"
