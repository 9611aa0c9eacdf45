"""The figure of the networks: every one is there, at its sizes, and every label can be read."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from rethinking.models.registry import MODELS, sizes
from rethinking.plotting import models
from rethinking.plotting.labels import place_labels
from rethinking.plotting.style import style
from rethinking.sections import Section

SECTION = Section(configuration="networks", name="models", note="A note.", size=(7.2, 5.2))


def drawn(**changes: Any) -> tuple[Figure, str]:
    return models.figure(pd.DataFrame(sizes()), replace(SECTION, **changes))


def test_every_network_is_a_marker_of_its_family_at_its_sizes():
    (axes,) = drawn()[0].axes
    found = {point for line in axes.lines for point in zip(*line.get_data(), strict=True)}
    assert found == {(entry.parameters, entry.multiply_adds) for entry in MODELS.values()}
    assert len({(line.get_marker(), line.get_color()) for line in axes.lines}) == len(axes.lines)
    families = [entry.family for entry in MODELS.values()]
    assert [len(line.get_xdata()) for line in axes.lines] == [families.count(name) for name in dict.fromkeys(families)]


def test_legend_names_the_families_as_people_write_them():
    (legend,) = drawn()[0].legends
    told = [text.get_text() for text in legend.get_texts()]
    families = dict.fromkeys(entry.family for entry in MODELS.values())
    assert [name.casefold().replace(" ", "_") for name in told] == list(families)
    assert {"MLP", "ResNet", "simple conv net"} <= set(told)
    assert not any("_" in name for name in told)


@pytest.mark.parametrize("size", [[7.2, 5.2], [7.2, 3.2], [5, 6]], ids=str)
def test_every_network_is_labelled_and_no_label_lies_over_another_or_leaves_the_axes(size):
    figure, _ = drawn(size=size)
    assert_labels_can_be_read(figure, [entry.label for entry in MODELS.values()])


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("size", [[7.2, 5.2], [7.2, 3.2]], ids=str)
def test_networks_that_are_added_find_room_for_their_labels(number, size):
    rng, known = np.random.default_rng(number), pd.DataFrame(sizes())
    added = {"family": "mine", "label": [f"My network {index}" for index in range(number)], "input": "3x32x32"}
    places = {"parameters": 10 ** rng.uniform(4, 7.5, number), "multiply_adds": 10 ** rng.uniform(4.5, 9.5, number)}
    every = pd.concat([known, pd.DataFrame(added | places)], ignore_index=True)
    assert_labels_can_be_read(models.figure(every, replace(SECTION, size=size))[0], every["label"])


def assert_labels_can_be_read(figure: Figure, labels: Iterable[str]) -> None:
    (axes,) = figure.axes
    texts = [text for text in axes.texts if text.get_text()]
    assert sorted("\n".join(text.get_text() for text in texts).split("\n")) == sorted(labels)
    frame = axes.get_window_extent()
    for text in texts:
        text.get_window_extent()  # which puts it in its place
    boxes = [Text.get_window_extent(text) for text in texts]  # without the line to its point
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    assert all(frame.contains(*box.min) and frame.contains(*box.max) for box in boxes)


def test_no_label_lies_over_a_marker():
    (axes,) = drawn()[0].axes
    points = np.vstack([axes.transData.transform(np.column_stack(line.get_data())) for line in axes.lines])
    for text in axes.texts:
        text.get_window_extent()  # which puts it in its place
        box = Text.get_window_extent(text)  # without the line to its point
        assert not any(box.contains(*point) for point in points), text.get_text()


def test_caption_says_at_which_inputs_the_sizes_hold():
    caption = drawn()[1]
    for entry in MODELS.values():
        assert entry.input in caption
        assert entry.label in caption
    assert caption.startswith(f"{len(MODELS)} networks")
    assert caption.endswith("A note.")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12))
def test_labels_of_any_few_points_do_not_overlap(points):
    with style():
        axes = Figure(figsize=(6, 5)).subplots()
        axes.set(xlim=(-0.2, 1.2), ylim=(-0.2, 1.2))
        boxes = place_labels(axes, points, [f"point {index}" for index in range(len(points))])
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_points_that_lie_on_each_other_share_a_label_in_lines():
    with style():
        axes = Figure().subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        boxes = place_labels(axes, [(0.5, 0.5), (0.2, 0.2), (0.5, 0.5)], ["one", "two", "three"])
    assert [text.get_text() for text in axes.texts] == ["one\nthree", "two"]
    assert len(boxes) == 2
