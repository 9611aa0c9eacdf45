"""The second descent over width: what a configuration must say, where a peak is, figure, tables; the study's sizes."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic_runs
import yaml
from studies import load
from test_every_section import frames_of, section_of
from tiny_workflow import TINY

from rethinking.config import Configuration
from rethinking.config.recipes import regularisers
from rethinking.data.corruptions.class_noise import named
from rethinking.models.registry import MODELS
from rethinking.names import level_of, split_corruption
from rethinking.outcomes.descent import by_size, first_fitted, heights, largest_rise, ticks
from rethinking.plotting import double_descent as drawn
from rethinking.plotting.registry import FIGURES
from rethinking.plotting.style import setting_styles
from rethinking.reporting import double_descent, random_features
from rethinking.reporting.peaks import peaks
from rethinking.reporting.registry import TABLES
from rethinking.schema import ConfigurationError
from rethinking.sections import Section

STUDIES = ["double-descent", "double-descent-digits", "double-descent-source"]
SECTIONS = ["double_descent", "errors_by_width", "width_peaks"]

# What a configuration must say ----------------------------------------------------------------------------------------


def loaded(section: str, recipe: dict[str, Any], **group: Any) -> Configuration:
    values = yaml.safe_load(TINY)
    values["recipes"]["mine"] = {"extends": "quick", "steps_per_epoch": 5, **recipe}
    panels = {"widths": {"models": ["mlp-w0.05"], "levels": [0, 0.5], **group}}
    values |= {"figures": {"models": {}}, "tables": {}}
    kind = "figures" if section in FIGURES else "tables"
    values[kind][section] = {"dataset": "digits-50", "recipe": "mine", "panels": panels}
    return Configuration.of_layers("mine.yaml", {"mine.yaml": values})


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"steps_per_epoch": None}, "recipes.mine.steps_per_epoch = null: must be a number of steps"),
        ({"stop": {"criterion": "accuracy_100"}}, "may end runs early (its key stop); here all epochs are trained"),
        ({"weight_decay": 0.1}, "needs a recipe with these regularisers: none"),
    ],
)
def test_runs_that_end_early_or_are_regularised_are_refused_with_their_recipe(section, recipe, message):
    with pytest.raises(ConfigurationError) as refused:
        loaded(section, recipe)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("section", SECTIONS)
def test_runs_of_equally_many_steps_are_taken(section):
    assert len(loaded(section, {}).runs(section)) == 2


# Where a peak is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "places"),
    [
        ([50, 20, 10, 40, 15, 8], (4, 8)),
        ([50, 12, 20, 10, 13, 9], (2, 4)),  # the larger of two rises
        ([50, 40, 30, 30, 20, 20], None),
        ([10, 20, 30, 40, 50, 60], (1, 32)),
        ([7, 7, 7, 7, 7, 7], None),
    ],
)
def test_the_peak_is_where_the_error_has_risen_most_over_what_it_was_before(errors, places):
    found = largest_rise(pd.Series(errors, index=[1, 2, 4, 8, 16, 32]))
    assert (found and (found.lowest, found.peak)) == places


def test_heights_are_of_each_seed_at_the_places_of_the_mean():
    rows = pd.DataFrame(
        {
            "seed": np.repeat([0, 1], 4),
            "size": [1, 2, 4, 8] * 2,
            "train_error": [9, 3, 0, 0, 9, 0, 0, 0],
            "test_error": [30, 10, 40, 6, 30, 14, 24, 12],
            "corruption": "random_labels-0.5",
        }
    )
    errors = by_size(rows, "size", "test_error")
    rise = largest_rise(errors.mean())
    assert rise is not None
    assert (rise.lowest, rise.peak) == (2, 4)
    assert heights(errors, rise).to_dict("list") == {"rise": [30, 10], "fall": [34, 12], "gain": [4, 2]}
    (row,) = peaks(rows, "size").to_dict("records")
    assert (row["fitted_from"], row["minimum_at"], row["peak_at"], row["last_at"]) == (4, 2, 4, 8)
    assert (row["rise"], row["fall"], row["gain"], row["peak_error"], row["last_error"]) == (20, 23, 3, 32, 9)
    assert row["rise_low"] < 0 < row["rise"]  # two seeds


def test_an_error_that_only_falls_has_no_peak_and_empty_cells():
    rows = pd.DataFrame(
        {"seed": 0, "size": [1, 2, 4], "train_error": [3.0, 2.0, 1.0], "test_error": [30.0, 20.0, 10.0]}
    ).assign(corruption="true_labels")
    (row,) = peaks(rows, "size").to_dict("records")
    assert row["last_error"] == 10
    assert all(pd.isna(row[name]) for name in ("fitted_from", "minimum_at", "peak_at", "peak_error", "rise", "gain"))


def test_a_width_fits_from_which_on_no_seed_has_an_error():
    errors = pd.DataFrame([[5, 0, 0], [5, 1, 0]], columns=[1, 2, 4])
    assert first_fitted(errors) == 4
    assert first_fitted(errors + 1) is None
    errors = pd.DataFrame([[5, 0, 2, 0, 0]], columns=[1, 2, 4, 8, 16])
    assert first_fitted(errors) == 8, "from there on, not where it once had none"


def test_features_peak_at_as_many_as_images_in_made_up_numbers_and_the_kernel_is_no_number_of_features():
    section = section_of("features_peaks", TABLES["features_peaks"])
    frame = frames_of(section)["random_features"]
    table = random_features.of_peaks(random_features=frame, section=section)
    assert table.numbers["peak_at"].tolist() == [50, 50]
    assert table.numbers["last_at"].tolist() == [400, 400]
    assert table.numbers["rise"].tolist() == pytest.approx([60, 60])
    by_number = random_features.by_number(random_features=frame, section=section)
    assert by_number.shown["features N"].tolist()[4::5] == ["∞: the kernel"] * 2


# The figure and the tables --------------------------------------------------------------------------------------------


def made_up() -> tuple[Section, pd.DataFrame]:
    """Two seeds of four widths at two levels: errors that peak at the third width under noise."""
    section = section_of("double_descent", FIGURES["double_descent"], (0, 1))
    (group,) = section.groups
    names = [f"mlp_1x{width}" for width in (4, 16, 64, 256)]
    group = replace(group, models=tuple(names), corruptions=("true_labels", "random_labels-0.2222"))
    labels = {name: name.replace("mlp_1x", "MLP 1×") for name in names}
    settings = {group.recipe: dict.fromkeys(names, section.settings[group.recipe]["mlp_1x512"])}
    section = replace(section, groups=(group,), labels=labels, settings=settings, factories=dict.fromkeys(names, "mlp"))
    every = [(group.dataset, m, c, group.recipe, s) for m in names for c in group.corruptions for s in (0, 1)]
    runs = synthetic_runs.frames(every)["runs"]
    place = runs["model"].map(names.index)
    noisy = runs["corruption"] != "true_labels"
    test = np.where(noisy, np.choose(place, [30, 20, 45, 15]), 10 - 2 * place) + runs["seed"]
    train = np.where(noisy, np.choose(place, [25, 15, 0, 0]), np.choose(place, [3, 0, 0, 0]))
    sizes = {"num_parameters": 10 * 4**place, "num_train": 100, "num_test": 50, "num_classes": 10}
    return section, runs.assign(final_test_accuracy=100 - test, final_train_accuracy=100 - train, **sizes)


def test_each_level_has_a_line_of_means_and_an_upright_one_where_it_first_fits():
    section, runs = made_up()
    figure, caption = drawn.figure(runs, section)
    looks = setting_styles(["true_labels", "random_labels-0.2222"])
    test, _ = figure.axes
    means = {line.get_color(): line for line in test.lines if len(line.get_xdata()) == 4}
    assert list(means[looks["random_labels-0.2222"].colour].get_ydata()) == [30.5, 20.5, 45.5, 15.5]
    upright = {line.get_color(): float(line.get_xdata()[0]) for line in test.lines if len(line.get_xdata()) == 2}
    assert upright[looks["true_labels"].colour] == 40
    assert upright[looks["random_labels-0.2222"].colour] == pytest.approx(160 * drawn.APART)
    assert [text.get_text() for text in test.get_xticklabels()] == ["4", "16", "64", "256"]
    assert test.get_xlabel() == "k of MLP 1×k, by parameters"
    assert "each trained for 300 steps, whether it fits or not" in caption
    assert "a share of P (1 - 1/k) changes" in caption


def test_the_tables_have_every_width_and_the_peak_by_the_network_s_name():
    section, runs = made_up()
    by_width = double_descent.by_width(runs=runs, section=section)
    assert by_width.numbers["num_parameters"].tolist() == [10, 40, 160, 640] * 2
    assert by_width.numbers["fitted"].tolist() == [0, 2, 2, 2, 0, 0, 2, 2]
    assert by_width.numbers["parameters_an_output"].tolist()[:4] == [0.01, 0.04, 0.16, 0.64]
    true, noisy = double_descent.of_peaks(runs=runs, section=section).shown.to_dict("records")
    assert true["peak at network"] == "-"
    assert true["no training error from network"] == "MLP 1×16"
    assert (noisy["minimum at network"], noisy["peak at network"]) == ("MLP 1×16", "MLP 1×64")
    assert noisy["peak over the minimum before it"].startswith("25.0 [")
    assert noisy["that minimum over the last"].startswith("5.0 [")


def test_runs_that_diverged_are_left_out_and_counted():
    section, runs = made_up()
    runs.loc[runs["seed"] == 1, "stopped_by"] = "diverged"
    table = double_descent.by_width(runs=runs, section=section)
    assert set(table.numbers["n"]) == {1}
    assert "8 of 16 runs diverged and are left out." in table.notes


def test_labels_on_which_all_runs_diverged_have_no_peak_and_the_others_theirs():
    section, runs = made_up()
    first, *others = dict.fromkeys(runs["corruption"])
    runs.loc[runs["corruption"] == first, "stopped_by"] = "diverged"
    assert double_descent.of_peaks(runs=runs, section=section).numbers["corruption"].tolist() == others


@pytest.mark.parametrize(
    ("names", "alike", "rest"),
    [
        (["MLP 1×8", "MLP 1×16"], "MLP 1×", ["8", "16"]),
        (["MLP 1×12", "MLP 1×16"], "MLP 1×", ["12", "16"]),
        (["narrow", "wide"], "", ["narrow", "wide"]),
        (["only one"], "", ["only one"]),
    ],
)
def test_ticks_are_what_the_networks_names_do_not_share(names, alike, rest):
    rows = pd.DataFrame({"num_parameters": range(len(names)), "model": names})
    section = replace(section_of("double_descent", FIGURES["double_descent"]), labels={each: each for each in names})
    assert ticks(rows, section) == (alike, dict(enumerate(rest)))


# The study ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STUDIES)
def test_every_size_has_three_levels_whose_changed_shares_are_those_of_the_source(name):
    study = load(name)
    runs = {section: {run.path for run in study.runs(section)} for section in SECTIONS}
    assert len({frozenset(paths) for paths in runs.values()}) == 1
    every = study.runs("double_descent")
    assert sorted({0.9 * (level_of(run.corruption) or 0) for run in every}) == pytest.approx([0, 0.1, 0.2], abs=1e-4)
    assert len({run.training.epochs * (run.training.steps_per_epoch or 0) for run in every}) == 1
    assert not any(regularisers(recipe) for recipe in study.recipes.values())


@pytest.mark.parametrize("name", STUDIES)
def test_features_are_as_many_as_images_at_every_size_and_fewer_and_more(name):
    study = load(name)
    asked = study.random_features
    images = study.datasets[asked["dataset"]]["train"]
    assert images in asked["features"]
    assert min(asked["features"]) <= images / 40
    assert max(asked["features"]) >= 4 * images


@pytest.mark.parametrize("name", STUDIES)
def test_the_two_definitions_of_noise_are_one_distribution(name):
    """One of the nine other classes at q, and any of the ten at q/0.9: the same rows of class probabilities."""
    corruptions = load(name).random_features["corruptions"]
    (others,) = (each for each in corruptions if split_corruption(each)[0] == "class_noise")
    drawn = max(level_of(each) or 0 for each in corruptions if split_corruption(each)[0] == "random_labels")
    level = level_of(others)
    assert level == 0.2
    of_others = (1 - level) * np.eye(10) + level * np.array(named("others", 10))
    evenly = (1 - drawn) * np.eye(10) + drawn * np.full((10, 10), 0.1)
    np.testing.assert_allclose(of_others, evenly, atol=3e-5)


def test_the_source_s_network_has_its_widths():
    study = load("double-descent-source")
    widths = {run.model: run.arguments.get("width", 1) * 64 for run in study.runs("double_descent")}
    assert all(int(re.findall(r"k(\d+)$", model)[0]) == width for model, width in widths.items())
    assert MODELS["cnn5_k64"].parameters == 1_557_066
    assert {1, 64} <= {*widths.values()}
    entry = study.datasets["cifar10"]
    assert (entry["train"], entry["test"]) == (None, None), "all of it"
