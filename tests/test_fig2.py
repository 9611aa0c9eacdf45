"""Figure 2: what it shows is what the evaluations say, the paper's points only where ours are of its size."""

import re
from dataclasses import replace
from typing import Any

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rethinking.config import CHECKOUT, Configuration
from rethinking.config.described import section_of
from rethinking.outcomes.columns import RUN
from rethinking.plotting import fig2
from rethinking.plotting.style import ORANGE, model_styles, save
from rethinking.published import PAPER
from rethinking.sections import Section
from rethinking.stages.frames import read_published

TOP = {"all_regularisers": 92, "weight_decay": 88, "no_regulariser": 86, "batch_norm": 85}
SEEDS = [0, 1, 2]


@pytest.fixture(scope="module")
def section() -> Section:
    return section_of(Configuration.load(CHECKOUT / "config/cifar10.yaml"), "fig2")


def evaluations_of(section: Section) -> pd.DataFrame:
    """Curves that rise, turn at step 5,000 where no regulariser keeps them, and are noisy in their own way a seed."""
    rng, rows = np.random.default_rng(0), []
    for group in section.groups:
        panel = group.panel
        for place, model in enumerate(group.models):
            for seed in SEEDS:
                steps = 391.0 * np.arange(1, 41)
                test = TOP[panel] - 3 * place - 40 * np.exp(-steps / 1000) + rng.normal(0, 0.5, len(steps))
                test -= (panel == "no_regulariser") * np.maximum(0, steps - 5000) / 2000
                held_out = np.nan if panel == "batch_norm" else test + rng.normal(0, 0.5, len(steps))
                rows.append(
                    pd.DataFrame({
                        "dataset": group.dataset, "model": model, "corruption": "true_labels",
                        "recipe": group.recipe, "seed": seed, "Epoch": steps / 391, "Step": steps,
                        "TrainAccuracy": np.where(np.arange(40) % 2, 100 - 50 * np.exp(-steps / 1000), np.nan),
                        "TestAccuracy": test, "ValidationAccuracy": held_out,
                    })
                )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def runs_of(evaluations: pd.DataFrame) -> pd.DataFrame:
    runs = evaluations[RUN].drop_duplicates(ignore_index=True)
    num_train = np.where(runs["dataset"] == "cifar10", 50000, 45000)
    return runs.assign(stopped_by="epochs", num_train=num_train, num_test=10000)


@pytest.fixture(scope="module")
def evaluations(section) -> pd.DataFrame:
    return evaluations_of(section)


@pytest.fixture(scope="module")
def runs(evaluations) -> pd.DataFrame:
    return runs_of(evaluations)


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(CHECKOUT / PAPER, ["fig2b.csv"])


@pytest.fixture(scope="module")
def drawn(runs, evaluations, section, published) -> tuple[Figure, str]:
    figure, caption = fig2.figure(runs, evaluations, section, published)
    figure.canvas.draw()
    return figure, caption


def lines(axes: Axes, colour: str, **properties: Any) -> list[Line2D]:
    found = [line for line in axes.lines if matplotlib.colors.same_color(line.get_color(), colour)]
    return [line for line in found if all(getattr(line, f"get_{key}")() == value for key, value in properties.items())]


def test_a_line_is_the_mean_over_seeds_and_each_seed_is_a_hair(drawn, evaluations):
    rows = evaluations[evaluations["recipe"] == "paper-decay"]
    curves = rows.pivot(index="Step", columns="seed", values="TestAccuracy")
    mean, *hairs = lines(drawn[0].axes[0], ORANGE, linestyle="-")
    assert mean.get_ydata() == pytest.approx(curves.mean(axis=1).to_numpy())
    assert mean.get_xdata() == pytest.approx(curves.index.to_numpy() / 1000)
    for seed, hair in zip(SEEDS, hairs, strict=True):
        assert hair.get_ydata() == pytest.approx(curves[seed].to_numpy())
        assert hair.get_linewidth() < mean.get_linewidth()


def test_a_mark_is_the_test_accuracy_where_the_validation_accuracy_is_best(drawn, evaluations):
    rows = evaluations[evaluations["recipe"] == "paper-decay"]
    best = rows.loc[rows.groupby("seed")["ValidationAccuracy"].idxmax()]
    marks = [line for line in drawn[0].axes[0].lines if line.get_markerfacecolor() == "white"]
    of_setting = next(line for line in marks if line.get_markeredgecolor() == ORANGE)
    assert sorted(of_setting.get_ydata()) == pytest.approx(sorted(best["TestAccuracy"]))
    assert len(of_setting.get_xdata()) == len(SEEDS)


def test_the_shade_reaches_from_the_test_curve_to_the_best_so_far(drawn, evaluations):
    rows = evaluations[evaluations["recipe"] == "paper"]
    rows = rows[rows["dataset"] == "cifar10-45k"]
    curves = rows.pivot(index="Step", columns="seed", values="TestAccuracy")
    best = curves.cummax().mean(axis=1)
    shade = drawn[0].axes[0].collections[2].get_paths()[0].vertices
    assert shade[:, 1].max() == pytest.approx(best.max())
    assert (best.diff().dropna() >= 0).all()
    for step, value in best.items():
        assert any(np.allclose(vertex, (step / 1000, value)) for vertex in shade)


def test_training_accuracy_is_drawn_where_it_was_measured_and_without_gaps(drawn, section):
    look = next(iter(model_styles(section.only("batch_norm").models).values()))
    train = [line for line in lines(drawn[0].axes[1], look.colour) if line.get_linewidth() == 0.8]
    assert len(train[0].get_xdata()) == 20
    assert np.isfinite(train[0].get_ydata()).all()


def test_the_paper_s_points_are_drawn_over_ours_at_its_size_only(drawn, runs, evaluations, section, published):
    ours_alone, caption = fig2.figure(runs, evaluations, section)
    assert not [line for line in ours_alone.axes[1].lines if line.get_marker() == "."]
    assert "the paper reports" not in caption
    points = [line for line in drawn[0].axes[1].lines if line.get_marker() == "."]
    assert sum(map(len, (line.get_ydata() for line in points))) == len(published)
    assert not [line for line in drawn[0].axes[0].lines if line.get_marker() == "."]
    assert not [name for name in labels(ours_alone) if "paper" in name]


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.texts]


def test_the_paper_s_test_accuracy_is_dots_and_its_training_accuracy_rings(drawn, section, published):
    looks = model_styles(section.only("batch_norm").models)
    for model, look in looks.items():
        points = lines(drawn[0].axes[1], look.colour, marker=".", linestyle="None")
        rings, dots = sorted(points, key=lambda line: line.get_markerfacecolor() != "none")
        of_model = published[published["model"] == model]
        for line, is_test in ((rings, False), (dots, True)):
            expected = of_model[(of_model["quantity"] == "test_accuracy") == is_test]
            assert list(line.get_ydata()) == list(expected["value"])
        assert dots.get_markerfacecolor() == look.colour
        assert rings.get_markeredgewidth() > 0
        assert rings.get_markersize() > dots.get_markersize()
    legend = drawn[0].legends[1]
    found = dict(zip([text.get_text() for text in legend.texts], legend.legend_handles, strict=True))
    assert found["the paper's, training"].get_markerfacecolor() == "none"
    assert found["the paper's, test"].get_markerfacecolor() != "none"


def test_the_axes_reach_to_the_paper_s_last_step_and_its_late_points(runs, evaluations, section, published):
    few = evaluations[evaluations["Epoch"] <= 10].assign(TestAccuracy=lambda rows: 90 + rows["TestAccuracy"] / 100)
    ours, both = (fig2.figure(runs, few, section, points)[0].axes[1] for points in (None, published))
    assert ours.get_xlim()[1] < 4000 < published["step"].max() < both.get_xlim()[1]
    late = published[(published["quantity"] == "test_accuracy") & (published["step"] > 2000)]["value"]
    assert ours.get_ylim()[0] > late.min() > both.get_ylim()[0]
    assert both.get_ylim()[1] == ours.get_ylim()[1]


def test_a_panel_on_other_data_has_none_of_the_paper_s_points(runs, evaluations, section, published):
    group = replace(section.only("batch_norm"), dataset="cifar10-1k")
    other = replace(section, groups=(group,), dataset_labels={"cifar10-1k": "CIFAR-10, 1,000 images"})
    tables = [each.assign(dataset="cifar10-1k") for each in (runs, evaluations)]
    tables = [each[each["recipe"] == group.recipe] for each in tables]
    figure, caption = fig2.figure(*tables, other, published)
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "."]
    assert not [name for name in labels(figure) if "paper" in name]
    assert "the paper reports" not in caption


def test_the_caption_says_how_many_images_of_which_data_each_panel_is_of(drawn, alone):
    assert "(a) Trained on 45,000 images (CIFAR-10, 5,000 training images held out). Shaded:" in drawn[1]
    assert "(b) CIFAR-10, 50,000 training and 10,000 test images: test accuracy" in drawn[1]
    assert "true labels. CIFAR-10, 50,000 training and 10,000 test images: test accuracy" in alone[1]
    assert "45,000" not in alone[1]


def test_the_caption_says_what_early_stopping_was_worth_and_what_differs_from_the_paper(drawn, evaluations):
    rows = evaluations[(evaluations["recipe"] == "paper") & (evaluations["dataset"] == "cifar10-45k")]
    end = rows[rows["Step"] == rows["Step"].max()]["TestAccuracy"].mean()
    best = rows.groupby("seed")["TestAccuracy"].max().mean()
    assert f"No regulariser: {end:.1f} % at the end" in drawn[1]
    assert f"{best:.1f} % at most" in drawn[1]
    assert "ImageNet" in drawn[1]
    assert "3 seeds (0, 1, 2)" in drawn[1]


def test_a_seed_that_is_not_there_is_named(runs, evaluations, section):
    lacking = runs[(runs["recipe"] != "all-regularisers") | (runs["seed"] != 1)]
    with pytest.raises(
        ValueError,
        match=r"^configuration cifar10, panel all_regularisers: .* no row of cifar10-45k/inception/.*-regularisers/1$",
    ):
        fig2.figure(lacking, evaluations, section)


def without(evaluations: pd.DataFrame, lost: pd.Series) -> pd.DataFrame:
    """The evaluations of runs that ended at their fifth epoch, where they diverged."""
    ended = evaluations[~lost | (evaluations["Epoch"] <= 5)].copy()
    ended.loc[lost & (evaluations["Epoch"] == 5), ["TrainAccuracy", "TestAccuracy"]] = 10.0
    return ended


def test_runs_that_diverged_are_in_no_mean_and_are_counted(runs, evaluations, section):
    lost = (runs["recipe"] == "paper-decay") & (runs["seed"] == 2)
    gone = without(evaluations, (evaluations["recipe"] == "paper-decay") & (evaluations["seed"] == 2))
    figure, caption = fig2.figure(runs.assign(stopped_by=np.where(lost, "diverged", "epochs")), gone, section)
    kept = evaluations[(evaluations["recipe"] == "paper-decay") & (evaluations["seed"] != 2)]
    curves = kept.pivot(index="Step", columns="seed", values="TestAccuracy")
    mean, *hairs = lines(figure.axes[0], ORANGE, linestyle="-")
    assert mean.get_ydata() == pytest.approx(curves.mean(axis=1).to_numpy())
    assert len(hairs) == 2
    assert f"Weight decay: {curves.iloc[-1].mean():.1f} % at the end" in caption
    assert "1 of 15 runs diverged and is left out." in caption


def test_the_axis_of_early_stopping_ends_above_what_it_shows(drawn, evaluations, section, runs):
    assert drawn[0].axes[0].get_ylim()[1] == 101  # some reach 92 %
    halved = evaluations.assign(**{name: evaluations[name] / 2 for name in ("TestAccuracy", "ValidationAccuracy")})
    axes = fig2.figure(runs, halved, section)[0].axes
    assert axes[0].get_ylim()[1] == 51
    assert axes[1].get_ylim()[1] == 101


def test_a_figure_of_runs_that_all_diverged_says_so(runs, evaluations, section, tmp_path):
    gone = without(evaluations, evaluations["seed"] >= 0)
    figure, caption = fig2.figure(runs.assign(stopped_by="diverged"), gone, section)
    assert "15 of 15 runs diverged and are left out." in caption
    assert "No regulariser: diverged." in caption
    assert not re.search(r"\bnan\b", caption)
    save(figure, tmp_path / "figure.pdf")


@pytest.fixture(scope="module")
def alone(runs, evaluations, section) -> tuple[Figure, str]:
    """The figure of a configuration without the panels of early stopping."""
    figure, caption = fig2.figure(runs, evaluations, replace(section, groups=section.of("batch_norm")))
    figure.canvas.draw()
    return figure, caption


def test_without_early_stopping_the_other_panel_is_the_same_and_alone(drawn, alone, runs, evaluations, section):
    both = fig2.figure(runs, evaluations, section)[0].axes[1]
    (axes,) = alone[0].axes
    assert axes.get_title(loc="left") == "batch normalisation"
    assert [line.get_xydata().tolist() for line in axes.lines] == [line.get_xydata().tolist() for line in both.lines]
    assert axes.get_ylabel() == "accuracy (%)"
    assert "(b)" not in alone[1]
    assert "ImageNet" not in alone[1]
    assert "validation" not in [text.get_text() for legend in alone[0].legends for text in legend.texts]


@pytest.mark.parametrize("which", ["drawn", "alone"])
def test_nothing_is_clipped(which, request):
    figure, _ = request.getfixturevalue(which)
    width, height = figure.canvas.get_width_height()
    for text in figure.texts:
        extent = text.get_window_extent()
        assert extent.x0 >= 0
        assert extent.y0 >= 0
        assert extent.x1 <= width
        assert extent.y1 <= height
