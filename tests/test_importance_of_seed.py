"""The figure `importance_of_seed`: redraws are where the recipe says, and a jump is there only where labels changed."""

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from synthetic_tables import groups
from test_fig1 import shown_texts

from rethinking.plotting import importance_of_seed
from rethinking.plotting.importance_of_seed import LOOKS
from rethinking.plotting.style import save, style
from rethinking.sections import Section

STEPS, EPOCHS, REDRAWS = 16, 30, [10, 20]
GROUP = {"dataset": "digits", "models": ["MLP1"], "corruptions": ["random_labels-1.0"]}


def section(seeds: list[int], label: str = "MLP1") -> Section:
    return Section(
        configuration="corruptions",
        name="importance_of_seed",
        seeds=tuple(seeds),
        size=(7.2, 3.0),
        labels={"MLP1": label},
        dataset="digits",
        dataset_labels={"digits": "CIFAR-10, 500 images"},
        note="A constant rate.",
        groups=groups({name: GROUP | {"recipe": name} for name in ("fixed", "redrawn")}),
        settings={
            "fixed": {"MLP1": {"redraw_labels_after": []}},
            "redrawn": {"MLP1": {"redraw_labels_after": REDRAWS}},
        },
    )


def frames(seeds: list[int], epochs: int = EPOCHS, jump: bool = True) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Losses that fall by a fifth an epoch from ln 10, and start at twice that after each redraw."""
    runs, curves = [], []
    for recipe in ("fixed", "redrawn"):
        for seed in seeds:
            name = {"dataset": "digits", "model": "MLP1", "corruption": "random_labels-1.0", "recipe": recipe}
            runs.append(name | {"seed": seed, "num_classes": 10, "stopped_by": "epochs"})
            age = np.arange(epochs)
            start = math.log(10) * (1 + 0.02 * seed)
            if jump and recipe == "redrawn":
                age, start = age % REDRAWS[0], np.where(age < REDRAWS[0], start, 2 * start)
            loss = start * 0.8**age
            rows = {"Epoch": np.arange(1, epochs + 1), "OnlineTrainLoss": loss, "TrainAccuracy": 100 * np.exp(-loss)}
            curves.append(pd.DataFrame(name | rows).assign(seed=seed, Step=lambda table: STEPS * table["Epoch"]))
    return pd.DataFrame(runs), pd.concat(curves, ignore_index=True)


def drawn(seeds: list[int], **arguments: Any) -> tuple[Figure, str]:
    figure, caption = importance_of_seed.figure(*frames(seeds, **arguments), section(seeds))
    with style():
        figure.canvas.draw()
    return figure, caption


def verticals(figure: Figure) -> list[list[float]]:
    found = [[line.get_xdata() for line in axes.lines if len(set(line.get_xdata())) == 1] for axes in figure.axes]
    return [[float(xs[0]) for xs in of_axes] for of_axes in found]


def test_redraws_are_lines_at_the_last_step_of_their_epochs():
    assert verticals(drawn([0])[0]) == [[160, 320], [160, 320]]


def test_a_redraw_after_the_last_epoch_is_not_drawn():
    figure, caption = drawn([0], epochs=15)
    assert verticals(figure) == [[160], [160]]
    assert "drawn again once (vertical lines)" in caption


def test_the_words_are_of_redraws_and_say_that_nothing_is_resumed():
    figure, caption = drawn([0])
    assert "drawn again twice (vertical lines), as a resume without the corruption's seed does" in caption
    assert "no run is resumed here" in caption
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["the same labels throughout", "labels drawn again", "a redraw"]


def test_a_loss_above_a_guess_s_after_a_redraw_is_explained_and_only_then():
    _, curves = frames([0, 1])
    after = curves[(curves["recipe"] == "redrawn") & curves["Epoch"].isin([11, 21])]["OnlineTrainLoss"].mean()
    assert f"right after a redraw, {after:.2f}, is above that of a guess, ln 10 = 2.30" in drawn([0, 1])[1]
    assert "guess" not in drawn([0, 1], jump=False)[1]


def test_runs_that_diverged_are_left_out_and_counted():
    (runs, curves), without = frames([0, 1, 2]), frames([0, 1, 2])
    lost = (runs["recipe"] == "redrawn") & (runs["seed"] == 2)
    runs.loc[lost, "stopped_by"] = "diverged"
    gone = (curves["recipe"] == "redrawn") & (curves["seed"] == 2) & (curves["Epoch"] > 4)
    curves = curves[~gone]
    curves.loc[(curves["recipe"] == "redrawn") & (curves["seed"] == 2) & (curves["Epoch"] == 4), "OnlineTrainLoss"] = (
        np.inf
    )
    figure, caption = importance_of_seed.figure(runs, curves, section([0, 1, 2]))
    rows = without[1][(without[1]["recipe"] == "redrawn") & (without[1]["seed"] < 2)]
    mean = next(line for line in figure.axes[0].lines if line.get_color() == LOOKS["redrawn"][1].colour)
    assert mean.get_ydata() == pytest.approx(rows.groupby("Step")["OnlineTrainLoss"].mean().to_numpy())
    assert "1 of 6 runs diverged and is left out." in caption
    assert not re.search(r"nan|inf", caption)


def test_a_figure_of_runs_that_all_diverged_says_so(tmp_path):
    runs, curves = frames([0, 1])
    figure, caption = importance_of_seed.figure(runs.assign(stopped_by="diverged"), curves, section([0, 1]))
    assert "4 of 4 runs diverged and are left out." in caption
    assert not re.search(r"nan|inf", caption)
    save(figure, tmp_path / "figure.pdf")


@pytest.mark.parametrize(("jump", "words"), [(True, "+4.18"), (False, "-0.03")])
def test_the_caption_says_by_how_much_the_loss_changes_at_a_redraw(jump, words):
    _, curves = frames([0, 1], jump=jump)
    redrawn = curves[curves["recipe"] == "redrawn"].set_index(["seed", "Epoch"])["OnlineTrainLoss"]
    by_hand = np.mean([redrawn[seed, after + 1] - redrawn[seed, after] for seed in (0, 1) for after in REDRAWS])
    assert f"{by_hand:+.2f}" == words
    caption = drawn([0, 1], jump=jump)[1]
    assert f"{LOOKS['redrawn'][0]}: {words} nats" in caption
    assert f"{LOOKS['fixed'][0]}: -0.03 nats" in caption


def test_the_line_is_the_mean_and_each_seed_a_hair():
    figure, _ = drawn([0, 1, 2])
    _, curves = frames([0, 1, 2])
    rows = curves[curves["recipe"] == "redrawn"].pivot(index="Step", columns="seed", values="OnlineTrainLoss")
    colour = LOOKS["redrawn"][1].colour
    mean, *hairs = [line for line in figure.axes[0].lines if line.get_color() == colour]
    assert mean.get_ydata() == pytest.approx(rows.mean(axis=1).to_numpy())
    for seed, hair in zip(rows, hairs, strict=True):
        assert hair.get_ydata() == pytest.approx(rows[seed].to_numpy())
        assert hair.get_linewidth() < mean.get_linewidth()


@pytest.mark.parametrize("seeds", [[0], [0, 1, 2]], ids=len)
def test_no_text_leaves_the_page(seeds, tmp_path):
    label = "InceptionSmallWithoutBN, a quarter as wide as it was"
    figure, _ = importance_of_seed.figure(*frames(seeds), section(seeds, label))
    with style():
        figure.canvas.draw()
    for text in shown_texts(figure):
        box = text.get_window_extent()
        assert figure.bbox.contains(*box.min), text.get_text()
        assert figure.bbox.contains(*box.max), text.get_text()
    save(figure, tmp_path / "figure.pdf")


def test_a_run_that_is_not_there_is_named():
    runs, curves = frames([0, 1])
    lacking = runs[(runs["recipe"] != "redrawn") | (runs["seed"] != 1)]
    with pytest.raises(ValueError, match=r"redrawn: .* digits/MLP1/random_labels-1\.0/redrawn/1$"):
        importance_of_seed.figure(lacking, curves, section([0, 1]))
