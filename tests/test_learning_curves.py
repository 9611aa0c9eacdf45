"""The figure `learning_curves`: a panel a network, drawn as panel (a) of figure 1 is."""

import dataclasses
from typing import Any

import pandas as pd
import pytest
from matplotlib.figure import Figure
from synthetic_tables import MODELS, NAMES, NUM_TRAIN, SETTINGS, section, tables
from test_fig1 import SIX_MODELS, shown_texts

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.wording import images_of
from rethinking.plotting import fig1, learning_curves
from rethinking.plotting.style import style
from rethinking.sections import Section

NOTE = "The learning rate is multiplied by 0.95 every 391 steps, so that a small set is trained like a large one."


def given(seeds: list[int], models: dict[str, str], **other: Any) -> Section:
    panel = {**NAMES, "models": list(models), "corruptions": SETTINGS}
    return section(seeds, models, panels={"learning_curves": panel}, note=NOTE, size=(7.2, 4.2), **other)


def drawn(seeds: list[int], models: dict[str, str], **outcomes: Any) -> tuple[Figure, str]:
    figure, caption = learning_curves.figure(*tables(seeds, models=models, **outcomes), given(seeds, models))
    with style():
        figure.canvas.draw()
    return figure, caption


LONG = {name: f"{label}, all layers a quarter as wide" for name, label in SIX_MODELS.items()}
CASES = [*(dict(list(SIX_MODELS.items())[:count]) for count in (1, 2, 4, 5, 6)), LONG]


@pytest.mark.parametrize("models", CASES, ids=["1", "2", "4", "5", "6", "long"])
@pytest.mark.parametrize("seeds", [[0], [0, 1, 2]], ids=len)
def test_every_network_has_a_panel_and_no_text_leaves_the_page_or_meets_another(models, seeds):
    figure, _ = drawn(seeds, models)
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes] == list(models.values())
    page, boxes = figure.bbox, []
    for text in shown_texts(figure):
        box = text.get_window_extent()
        assert page.contains(*box.min), text.get_text()
        assert page.contains(*box.max), text.get_text()
        assert not [other for other, at in boxes if at.overlaps(box)], text.get_text()
        boxes.append((text.get_text(), box))


def test_a_panel_is_that_of_figure_1():
    frames = tables([0, 1], models=MODELS)
    of_figure_1 = fig1.figure(*frames, section([0, 1]))[0].axes[0]
    ours = drawn([0, 1], MODELS)[0].axes[0]
    assert len(of_figure_1.lines) == len(ours.lines)
    for expected, line in zip(of_figure_1.lines, ours.lines, strict=True):
        assert line.get_xydata().tolist() == expected.get_xydata().tolist()
        assert (line.get_color(), line.get_linestyle()) == (expected.get_color(), expected.get_linestyle())


def test_the_panels_differ_as_their_networks_do():
    lines = [axes.lines[0].get_ydata().tolist() for axes in drawn([0], MODELS)[0].axes]
    assert len({tuple(line) for line in lines}) == len(MODELS)


def test_one_legend_names_every_setting_once():
    figure, _ = drawn([0], SIX_MODELS)
    (legend,) = figure.legends
    words = [text.get_text() for text in legend.texts]
    assert words == ["true labels", "shuffled pixels", "random pixels", "Gaussian", "random labels"]


def test_the_caption_counts_networks_seeds_and_runs_that_diverged():
    _, caption = drawn([0, 1], SIX_MODELS, diverged={("alexnet", "random_pixels", 1)})
    assert "6 networks" in caption
    assert "2 seeds (0, 1)" in caption
    assert "1 of 60 runs diverged" in caption
    assert caption.endswith(NOTE)


@pytest.mark.parametrize(
    ("label", "num_train", "num_test", "said"),
    [
        ("CIFAR-10", 50_000, None, "CIFAR-10, 50,000 training images"),
        ("CIFAR-10", 50_000, 10_000, "CIFAR-10, 50,000 training and 10,000 test images"),
        ("CIFAR-10, 500 images", 500, None, "CIFAR-10, 500 images"),
        ("CIFAR-10, 10,000 images", 10_000, 1_000, "CIFAR-10, 10,000 images, 1,000 test images"),
        ("CIFAR-10, 500 images", 50, None, "CIFAR-10, 500 images, 50 training images"),
        ("CIFAR-10, 10,500 images", 500, None, "CIFAR-10, 10,500 images, 500 training images"),
        ("CIFAR-10, 500,000 images", 500, None, "CIFAR-10, 500,000 images, 500 training images"),
    ],
)
def test_a_caption_says_how_many_images_there_are_once(label, num_train, num_test, said):
    assert images_of(label, num_train, num_test) == said


def test_the_captions_of_figure_1_and_of_the_learning_curves_say_it_so():
    label = f"digits, {NUM_TRAIN:,} images"
    frames, seeds = tables([0]), [0]
    both = [
        learning_curves.figure(*frames, given(seeds, MODELS, dataset_label=label))[1],
        fig1.figure(*frames, section=section(seeds, dataset_label=label))[1],
    ]
    assert [caption.count(f"{NUM_TRAIN:,}") for caption in both] == [1, 1]


def test_a_run_that_is_not_there_is_named():
    runs, curves = tables([0])
    lacking = runs[(runs["model"] != "alexnet") | (runs["corruption"] != "random_pixels")]
    with pytest.raises(
        ValueError, match=r"^configuration digits, panel learning_curves: .* digits/alexnet/random_pixels/small/0$"
    ):
        learning_curves.figure(lacking, curves, given([0], MODELS))


def test_by_step_there_is_a_point_a_row_of_the_log_and_the_caption_says_of_how_many_steps():
    """Twice as many rows as epochs: the lines have them all."""
    runs, curves = tables([0], models=MODELS)
    half = curves.assign(
        Step=curves["Step"] - curves["Step"].min() / 2, OnlineTrainLoss=curves["OnlineTrainLoss"] * 1.1
    )
    steps = pd.concat([half, curves])[[*RUN, "Step", "Epoch", "OnlineTrainLoss"]]
    settings = {NAMES["recipe"]: {model: {"log_every_steps": 4} for model in MODELS}}
    shown = dataclasses.replace(given([0], MODELS), settings=settings)
    figure, caption = learning_curves.by_step(runs, steps, shown)
    whole, _ = drawn([0], MODELS)
    for axes, others in zip(figure.axes, whole.axes, strict=True):
        assert len(axes.lines[0].get_xdata()) == 2 * len(others.lines[0].get_xdata())
    assert "averaged over each 4 steps" in caption
