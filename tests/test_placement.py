"""Images on their way to the network: the fast ways give what the plain ones do, in every layout."""

import numpy as np
import pytest
import tiny_runs
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rethinking.data.preprocess import CHUNK, preprocess
from rethinking.engine.loop import Split
from rethinking.stages.placement import memory_format, place

FORMATS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}
CPU = torch.device("cpu")


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 9), st.sampled_from([1, 3]), st.integers(1, 6), st.integers(1, 6)),
    layout=st.sampled_from(sorted(FORMATS)),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
    seed=st.integers(0, 9),
)
def test_a_batch_holds_the_images_and_labels_of_its_indices_in_the_layout_of_the_set(shape, layout, dtype, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(shape, generator=generator).to(dtype).contiguous(memory_format=FORMATS[layout])
    split = Split(images, torch.arange(shape[0]))
    indices = torch.randperm(shape[0], generator=generator)[: 1 + shape[0] // 2]
    x, y = split.batch(indices)
    assert torch.equal(x, images[indices])
    assert torch.equal(y, indices)
    assert x.is_contiguous(memory_format=FORMATS[layout])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("model", ["mlp_1x512", "alexnet"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_placed_images_are_the_preprocessed_ones_however_many_chunks_they_come_in(precision, model, channels):
    draws = np.random.default_rng(0)
    arrays = {}
    for part, num in (("train", CHUNK + 3), ("test", 5)):
        arrays[f"{part}_images"] = draws.integers(0, 256, (num, 9, 9, channels), np.uint8)
        arrays[f"{part}_labels"] = draws.integers(0, 10, num)
    stored = dict(arrays)
    network, sets = place(arrays, tiny_runs.make_run(model, crop=8), 10, precision, CPU)
    assert not arrays
    for part, found in (("train", sets.train), ("test", sets.test)):
        expected = torch.from_numpy(preprocess(stored[f"{part}_images"], crop=8, whitening="per_image"))
        assert torch.equal(found.images, expected.to(torch.bfloat16 if precision == "bfloat16" else torch.float32))
        assert torch.equal(found.labels, torch.from_numpy(stored[f"{part}_labels"]))
        assert found.images.is_contiguous(memory_format=memory_format(network))


def test_images_that_are_resized_first_are_kept_in_full_precision():
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)
    labels = np.arange(12) % 10
    arrays = {"train_images": images, "train_labels": labels, "test_images": images, "test_labels": labels}
    _, sets = place(arrays, tiny_runs.make_run("alexnet", resize=16), 10, "bfloat16", CPU)
    assert sets.train.images.dtype == torch.float32
