"""Resizing a batch at a time: what it computes, and that a run with it needs no resized set."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rethinking.engine.resize import resized


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


def test_no_image_depends_on_its_batch():
    images = pictures(6, 3, 32, 32)
    together = resized(images, 50)
    assert torch.equal(together, torch.cat([resized(each, 50) for each in images.split(1)]))


@pytest.mark.parametrize("side", [10, 96])
def test_fixed_whitening_before_is_fixed_whitening_after(side):
    images = pictures(2, 3, 32, 32)
    np.testing.assert_allclose(resized((images - 0.5) / 0.5, side), (resized(images, side) - 0.5) / 0.5, atol=1e-5)
