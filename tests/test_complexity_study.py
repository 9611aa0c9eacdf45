"""Measures of complexity against test error: what a configuration must say, rank correlations, figures and tables."""

import itertools
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import synthetic_runs
import yaml
from studies import load
from test_every_section import frames_of, section_of
from tiny_workflow import TINY

from rethinking.config import Configuration
from rethinking.config.recipes import regularisers
from rethinking.names import level_of
from rethinking.outcomes.complexity import COMPETITORS, MEASURES, measured, networks_of
from rethinking.outcomes.complexity_ranks import (
    ALL,
    EQUAL,
    GRANULATED,
    LEVEL,
    NETWORK,
    RECIPE,
    WITHIN,
    correlations,
)
from rethinking.outcomes.measured import MEASURED
from rethinking.outcomes.rank_correlation import Pairs, kendall, pairs_of, with_interval
from rethinking.plotting import complexity as by_level_figure
from rethinking.plotting import complexity_ranks as ranks_figure
from rethinking.plotting.registry import FIGURES
from rethinking.reporting import complexity_by_level, rank_correlations
from rethinking.reporting.registry import TABLES
from rethinking.schema import ConfigurationError

# What a configuration must say ----------------------------------------------------------------------------------------

STOP = {"criterion": "loss_0_01", "extra_epochs": 0}


def kind_of(section: str) -> str:
    return "figures" if section in FIGURES else "tables"


def loaded(section: str, recipe: dict[str, Any], **group: Any) -> Configuration:
    values = yaml.safe_load(TINY)
    values["recipes"]["mine"] = {"extends": "quick", **recipe}
    panels = {"levels": {"models": ["mlp-w0.05"], "levels": [0, 0.5], **group}}
    values |= {"figures": {"models": {}}, "tables": {}}
    values[kind_of(section)][section] = {
        "dataset": "digits-50", "recipe": "mine", "fit_criterion": "loss_0_01", "panels": panels,
    }  # fmt: skip
    return Configuration.of_layers("mine.yaml", {"mine.yaml": values})


OF_COMPLEXITY = [name for name, entry in (FIGURES | TABLES).items() if "complexity" in entry.frames]


@pytest.mark.parametrize("section", OF_COMPLEXITY)
@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({}, "recipes.mine.stop = null: must be {{criterion: loss_0_01, extra_epochs: 0}}: {key} compares runs at the"
         " same loss"),
        ({"stop": {"criterion": "accuracy_100"}}, "recipes.mine.stop = {{"),
        ({"stop": STOP | {"extra_epochs": 2}}, "recipes.mine.stop = {{"),
        ({"stop": {"plateau": 3}}, "recipes.mine.stop = {{"),
        ({"stop": {"criterion": "loss_0_1"}}, 'recipes.mine.stop.criterion = "loss_0_1": unknown value'),
    ],
)  # fmt: skip
def test_runs_that_do_not_end_at_one_loss_are_refused_with_their_recipe(section, recipe, message):
    with pytest.raises(ConfigurationError) as refused:
        loaded(section, recipe)
    key = f"{kind_of(section)}.{section}.panels.levels"
    assert str(refused.value).startswith(f"mine.yaml: {message.format(key=key)}")


@pytest.mark.parametrize("section", OF_COMPLEXITY)
def test_runs_that_end_at_the_loss_are_taken(section):
    assert len(loaded(section, {"stop": STOP}).runs(section)) == 2


def test_batch_normalisation_without_running_averages_is_refused_with_its_recipe():
    networks = {"models": ["inception-w0.05"]}
    loaded("complexity", {"stop": STOP}, **networks)
    of_batches = {"stop": STOP, "batch_norm": {"statistics": "batch"}}
    with pytest.raises(ConfigurationError, match=r"recipes\.mine\.batch_norm.*must have running averages: figures\."):
        loaded("complexity", of_batches, **networks)


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ({"levels": [0, 1.5]}, "levels[1] = 1.5"),
        ({"models": ["mlp-w0.5"]}, "unknown model; did you mean 'mlp-w0.05'?"),
        ({"levels": None, "corruptions": ["shuffled_pixels"]}, "corruptions"),
    ],
)
def test_networks_and_levels_that_cannot_be_are_refused_by_name(group, message):
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        loaded("complexity", {"stop": STOP}, **{key: value for key, value in group.items() if value is not None})


# Rank correlations ----------------------------------------------------------------------------------------------------


def runs_of(models: int = 2, recipes: int = 2, levels: int = 2, seeds: int = 3) -> pd.DataFrame:
    """A row a run of one registered network, with no two numbers alike."""
    rng = np.random.default_rng(0)
    names = itertools.product(range(models), range(recipes), range(levels), range(seeds))
    rows = [
        {"model": f"m{m}", "recipe": f"r{r}", "corruption": f"random_labels-{c / 2}", "level": c / 2, "seed": s}
        for m, r, c, s in names
    ]
    numbers = {name: rng.uniform(1, 2, len(rows)) for name in (*MEASURES, *COMPETITORS, "final_test_error")}
    return pd.DataFrame(rows).assign(
        factory="net", dataset="digits", **{name: numbers[name] for name in numbers if name != "level"}
    )


def taus(found: pd.DataFrame, measure: str) -> pd.Series:
    return found[found["measure"] == measure].set_index("over")["tau"]


@pytest.mark.parametrize("digits", [8, 1], ids=["no ties", "ties"])
def test_over_all_pairs_it_is_kendall_s_tau_b(digits):
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 30)).round(digits)
    pairs = pairs_of(pd.DataFrame({"seed": np.arange(30)}), ())
    assert kendall(one, other, pairs)[0] == pytest.approx(scipy.stats.kendalltau(one, other).statistic)


def test_in_each_draw_of_seeds_it_is_that_of_the_runs_that_were_drawn():
    """The slow way: the runs of each drawn seed once more for each time that it was drawn, pair by pair."""
    rows = runs_of(models=3, recipes=1, levels=1, seeds=4)
    drawn = np.random.default_rng(0).multinomial(4, np.full(4, 0.25), 50)
    found = kendall(rows["path_norm"].to_numpy(), rows["final_test_error"].to_numpy(), pairs_of(rows, ("corruption",)))
    for times, tau in zip(drawn, found[1:], strict=False):
        copies = [(seed, copy) for seed, count in enumerate(times) for copy in range(count)]
        runs = [(*each, row) for each in copies for row in rows[rows["seed"] == each[0]].itertuples()]
        pairs = [
            (
                np.sign((one.path_norm - other.path_norm) * (one.final_test_error - other.final_test_error)),
                1 if seed == seed_2 else 4 / 3,
            )
            for (seed, copy, one), (seed_2, copy_2, other) in itertools.combinations(runs, 2)
            if seed != seed_2 or copy == copy_2
        ]
        signs, weights = zip(*pairs, strict=True)
        assert tau == pytest.approx(np.average(signs, weights=weights))


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_over_draws_of_seeds_pairs_within_a_seed_weigh_as_much_as_they_do_in_all_pairs(seeds):
    rows = runs_of(models=3, recipes=2, levels=1, seeds=seeds)
    pairs = pairs_of(rows, ("corruption",))
    place = rows["seed"].to_numpy()
    within = place[pairs.first] == place[pairs.second]
    of_draws = pairs.weights[1:].mean(axis=0)
    np.testing.assert_allclose(of_draws[within].mean(), 1, atol=0.05)
    np.testing.assert_allclose(of_draws[~within].mean(), 1, atol=0.05)


def test_of_equal_networks_none_that_tells_widths_apart_alone_has_a_rank():
    rows = runs_of(models=2, recipes=2, seeds=6)
    wide = rows["model"] == "m1"
    rows["final_test_error"] -= 10 * wide
    rows["path_norm"] -= 10 * wide
    rows["num_parameters"] = 1.0 + wide
    found = correlations(rows)
    assert taus(found, "path_norm")[WITHIN] > 0.5
    assert abs(taus(found, "path_norm")[EQUAL]) < 0.3
    assert np.isnan(taus(found, "num_parameters")[EQUAL])
    assert EQUAL not in taus(correlations(runs_of(models=1)), "path_norm"), "where all are equal, within says it"


def test_the_interval_is_over_draws_of_seeds_and_not_of_runs():
    """Runs of a seed stand or fall together: where each seed says the same, more runs would make no draw differ."""
    rows = runs_of(models=8, recipes=1, levels=1, seeds=3)
    rows["path_norm"] = rows["final_test_error"] = rows["model"].str[1:].astype(float)
    tau, low, high = with_interval(kendall(rows["path_norm"].to_numpy(), rows["final_test_error"].to_numpy(),
                                           pairs_of(rows, ("seed",), ("model",))))  # fmt: skip
    assert (tau, low, high) == (1, 1, 1)
    alone = kendall(np.arange(3.0), np.arange(3.0), pairs_of(pd.DataFrame({"seed": [5, 5, 5]}), ()))
    assert np.isnan(with_interval(alone)[1:]).all(), "one seed has none"


def test_pairs_share_what_they_must_and_differ_in_what_they_must():
    rows = runs_of()
    pairs = pairs_of(rows, ("corruption", "recipe", "seed"), ("model",))
    assert len(pairs.first) == 2 * 2 * 3
    one, other = rows.iloc[pairs.first].reset_index(drop=True), rows.iloc[pairs.second].reset_index(drop=True)
    for column in ("corruption", "recipe", "seed"):
        assert (one[column] == other[column]).all()
    assert (one["model"] != other["model"]).all()


def test_runs_on_two_data_sets_are_not_paired():
    """Errors on one are all above those on the other, and so is the measure: within each it has the other order."""
    rows = runs_of(models=2, recipes=2, levels=2, seeds=3)
    rows["path_norm"] = -rows["final_test_error"]
    other = rows.assign(
        dataset="others", final_test_error=rows["final_test_error"] + 10, path_norm=rows["path_norm"] + 10
    )
    alone, both = (correlations(each) for each in (rows, pd.concat([rows, other], ignore_index=True)))
    assert set(taus(both, "path_norm")) == {-1.0}
    pairs = (each[each["measure"] == "path_norm"].set_index("over")["pairs"] for each in (alone, both))
    np.testing.assert_array_equal(*(each * times for each, times in zip(pairs, (2, 1), strict=True)))


def test_what_has_no_number_or_one_alone_has_no_rank():
    pairs = Pairs(np.array([0, 0, 1]), np.array([1, 2, 2]), np.ones((1, 3)))
    assert kendall(np.array([1, 2, np.nan]), np.array([1.0, 3, 2]), pairs).tolist() == [1]
    assert np.isnan(kendall(np.ones(3), np.array([1.0, 3, 2]), pairs)).all()


def test_within_a_level_the_level_has_no_rank_and_over_levels_it_is_a_competitor():
    rows = runs_of()
    rows["final_test_error"] += 10 * rows["level"]
    of_level = taus(correlations(rows), "level")
    for over in (WITHIN, NETWORK, RECIPE, GRANULATED, "random_labels-0.0", "random_labels-0.5"):
        assert np.isnan(of_level[over])
    assert of_level[LEVEL] == 1


def test_a_measure_that_tells_levels_apart_alone_says_nothing_within_one():
    """Which is why the correlation over all pairs is no evidence."""
    rows = runs_of(seeds=8)
    rows["final_test_error"] += 10 * rows["level"]
    rows["path_norm"] += 10 * rows["level"]
    found = taus(correlations(rows), "path_norm")
    assert found[ALL] > 0.5
    assert abs(found[WITHIN]) < 0.2


def test_within_levels_no_run_is_compared_with_one_of_another_level():
    rows = runs_of()
    shifted = rows.assign(final_test_error=rows["final_test_error"] - 100 * rows["level"])
    before, after = (taus(correlations(each), "path_norm") for each in (rows, shifted))
    for over in (WITHIN, NETWORK, RECIPE, GRANULATED):
        assert after[over] == pytest.approx(before[over])
    assert after[LEVEL] != before[LEVEL]


def test_the_granulated_correlation_is_the_mean_of_those_of_each_axis():
    """As Jiang et al. define it: τ of each setting of all else, averaged, then the axes averaged."""
    rows = runs_of(models=3, recipes=2)
    axes = []
    for axis, rest in (("model", ["corruption", "recipe", "seed"]), ("recipe", ["corruption", "model", "seed"])):
        each = [
            scipy.stats.kendalltau(part["path_norm"], part["final_test_error"]).statistic
            for _, part in rows.groupby(rest)
        ]
        assert len(set(rows.groupby(rest)[axis].nunique())) == 1
        axes.append(np.mean(each))
    assert taus(correlations(rows), "path_norm")[GRANULATED] == pytest.approx(np.mean(axes))


def test_networks_of_another_kind_are_never_compared():
    rows = runs_of()
    other = rows.assign(factory="other", path_norm=rows["path_norm"] * 100)
    found = correlations(pd.concat([rows, other], ignore_index=True))
    pd.testing.assert_series_equal(*(taus(part, "path_norm") for _, part in found.groupby("factory")))


def test_a_network_of_one_width_has_the_other_axis_for_its_granulated_correlation():
    found = taus(correlations(runs_of(models=1)), "path_norm")
    assert np.isnan(found[NETWORK])
    assert found[GRANULATED] == found[RECIPE]


# The rows that figures and tables are made from -----------------------------------------------------------------------


def made(name: str, count: int = 1, seeds: tuple[int, ...] = (0, 1)) -> tuple[Any, synthetic_runs.Frames]:
    section = section_of(name, (FIGURES | TABLES)[name], seeds, count)
    frames = frames_of(section)
    frames["runs"] = frames["runs"].assign(censored=False)
    return section, frames


def test_margin_and_product_make_the_two_measures_of_bounds():
    section, frames = made("complexity")
    kept = frames["complexity"]
    first = kept["Measure"].eq("margin") & kept["model"].eq("inception")
    kept.loc[first, "Value"] = -1.0
    found = measured(frames["runs"], kept, section)
    of_inception = found["model"] == "inception"
    without = found.loc[of_inception, ["inverse_margin", "product_over_margin"]]
    assert without.isna().all(axis=None), "no bound without a margin"
    rest = found[~of_inception]
    assert rest["inverse_margin"].tolist() == pytest.approx((1 / rest["margin"]).tolist())
    squares = (rest["spectral_product"] / rest["margin"]) ** 2
    assert rest["product_over_margin"].tolist() == pytest.approx(squares.tolist())


def test_runs_that_never_came_to_the_loss_are_left_out_and_counted():
    section, frames = made("complexity_by_level")
    late = (frames["runs"]["corruption"] == "random_labels-1.0") & (frames["runs"]["seed"] == 0)
    frames["runs"].loc[late, "censored"] = True
    table = complexity_by_level.table(runs=frames["runs"], complexity=frames["complexity"], section=section)
    assert f"{late.sum()} of {len(frames['runs'])} runs did not come to that loss" in " ".join(table.notes)
    assert set(table.numbers.loc[table.numbers["corruption"] == "random_labels-1.0", "n"]) == {1}
    assert set(table.numbers.loc[table.numbers["corruption"] != "random_labels-1.0", "n"]) == {2}


def ratio(frames: synthetic_runs.Frames, model: str, corruption: str, measure: str) -> np.ndarray:
    """A measure over that on true labels, seed by seed."""
    rows = frames["complexity"].query("model == @model and Measure == @measure").set_index(["corruption", "seed"])
    return (rows.loc[corruption, "Value"] / rows.loc["true_labels", "Value"]).to_numpy()


def test_numbers_of_the_table_are_geometric_means_over_seeds_of_ratios_to_true_labels():
    section, frames = made("complexity_by_level")
    table = complexity_by_level.table(runs=frames["runs"], complexity=frames["complexity"], section=section)
    numbers = table.numbers.set_index(["model", "corruption"])
    for model, corruption in itertools.product(section.labels, ("random_labels-0.5", "random_labels-1.0")):
        row, runs = numbers.loc[(model, corruption)], frames["runs"].query("model == @model")
        errors = 100 * runs[runs["corruption"] == corruption]["final_test_error"]
        assert row["test_error"] == pytest.approx(errors.mean())
        for measure in MEASURED[:4]:
            logs = np.log(ratio(frames, model, corruption, measure))
            assert row[f"{measure}_ratio"] == pytest.approx(np.exp(logs.mean()))
            ends = np.exp(scipy.stats.t.interval(0.95, 1, logs.mean(), scipy.stats.sem(logs)))
            assert (row[f"{measure}_ratio_low"], row[f"{measure}_ratio_high"]) == pytest.approx(tuple(ends))
        margins = ratio(frames, model, corruption, "margin")
        assert row["inverse_margin_ratio"] == pytest.approx(np.exp(-np.log(margins).mean()))
    assert numbers.xs("true_labels", level=1)["path_norm_ratio"].tolist() == pytest.approx([1, 1])


def test_the_figure_has_a_panel_a_measure_beside_the_error_and_shows_the_same_means():
    section, frames = made("complexity")
    drawing, caption = by_level_figure.figure(frames["runs"], frames["complexity"], section)
    titles = [axes.get_title("left").replace("\n", " ") for axes in drawing.axes]
    assert titles == ["test error (%)", *MEASURES.values()]
    models = list(section.labels)
    for axes, measure in zip(drawing.axes[1:5], MEASURED[:4], strict=True):
        lines = [line for line in axes.lines if np.asarray(line.get_xdata(), float).tolist() == [0, 0.5, 1]]
        for line, model in zip(lines, models, strict=True):
            expected = [np.exp(np.log(ratio(frames, model, name, measure)).mean())
                        for name in ("true_labels", "random_labels-0.5", "random_labels-1.0")]  # fmt: skip
            np.testing.assert_allclose(np.asarray(line.get_ydata(), float), expected)
    errors = [line for line in drawing.axes[0].lines if len(np.asarray(line.get_xdata())) == 3]
    for line, model in zip(errors, models, strict=True):
        of_model = frames["runs"][frames["runs"]["model"] == model]
        means = 100 * of_model.groupby("level")["final_test_error"].mean()
        np.testing.assert_allclose(np.asarray(line.get_ydata(), float), means)
    assert "batch normalisation folded" in caption
    assert "each measure is divided by that of the same seed's run on true labels" in caption


def test_the_figure_of_ranks_shows_the_table_s_numbers_and_their_intervals():
    section, frames = made("complexity_ranks", count=2, seeds=(0, 1, 3))
    numbers = correlations(measured(frames["runs"], frames["complexity"], section))
    drawing, caption = ranks_figure.figure(frames["runs"], frames["complexity"], section)
    names, *panels = drawing.axes
    assert [text.get_text() for text in names.texts] == [*MEASURES.values(), *COMPETITORS.values()]
    kinds = [networks_of(section, factory) for factory in dict.fromkeys(numbers["factory"])]
    assert [axes.get_title("left").replace("\n", ", ") for axes in panels] == kinds == list(section.labels.values())
    for axes, (_, part) in zip(panels, numbers.groupby("factory", sort=False), strict=True):
        marks = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
        for line, kind in zip(marks, ranks_figure.KINDS, strict=True):
            expected = part[part["over"] == kind]["tau"].dropna()
            np.testing.assert_allclose(np.asarray(line.get_xdata(), float), expected)
    assert "95 % intervals by bootstrap over these" in caption
    assert "Within a level the level itself has no rank" in caption


def test_the_table_of_ranks_has_a_row_a_network_and_measure_and_a_column_a_kind_of_pairs():
    section, frames = made("rank_correlations", count=2)
    table = rank_correlations.table(runs=frames["runs"], complexity=frames["complexity"], section=section)
    assert list(table.shown) == [
        "networks", "measure", "within levels", "equal networks", "networks alone", "recipes alone",
        "mean of these two", "levels alone", "all pairs", "true labels", "random labels, P = 0.5", "random labels",
    ]  # fmt: skip
    assert set(table.shown["networks"]) == {"MLP 1×512", "Inception"}
    assert len(table.shown) == 2 * len({**MEASURES, **COMPETITORS})
    level = table.shown[table.shown["measure"] == "level itself"]
    assert set(level["within levels"]) == {"-"}
    assert not set(level["levels alone"]) & {"-"}


def test_a_run_that_diverged_is_left_out_of_both():
    section, frames = made("rank_correlations", seeds=(0, synthetic_runs.DIVERGED))
    alone = correlations(measured(frames["runs"], frames["complexity"], section))
    assert alone["tau_low"].isna().all(), "one seed is left"
    table = rank_correlations.table(runs=frames["runs"], complexity=frames["complexity"], section=section)
    assert "diverged" in " ".join(table.notes)


# The study's sizes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["complexity", "complexity-digits", "complexity-source"])
def test_every_size_compares_widths_recipes_and_seeds_at_one_loss_without_a_regulariser(name):
    study = load(name)
    runs = study.runs("complexity_ranks")
    assert len(study.seeds) >= 3
    levels = {level_of(run.corruption) for run in runs}
    assert 0 in levels
    assert len(levels) >= 3
    assert not any(regularisers(recipe) for recipe in study.recipes.values())
    assert all(recipe["stop"].items() >= STOP.items() for recipe in study.recipes.values())
    of_factory = [run for run in runs if run.factory in ("mlp_1x512", "inception")]
    assert len({run.model for run in of_factory}) == 2
    assert len({run.recipe for run in of_factory}) == 2
    assert {run.path for run in study.runs("rank_correlations")} == {run.path for run in runs}
    assert {run.path for run in study.runs("complexity")} == {run.path for run in study.runs("complexity_by_level")}
