"""A fit criterion that needs whole curves: where it is met, where it is not defined, what shows it."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import RECORDED, said_on
from synthetic_tables import LEVELS, MODELS, section, tables
from test_bad_configuration import changed, load, refusal

from rethinking.config import CHECKOUT, Configuration
from rethinking.outcomes.columns import RUN
from rethinking.outcomes.derived import LEVELLED, WHOLE, WithinOfLast, derived, spelled
from rethinking.outcomes.selection import times_by
from rethinking.outcomes.wording import when_fitted
from rethinking.plotting import fig1
from rethinking.plotting.style import model_styles
from rethinking.published import PAPER
from rethinking.reporting import overfitted
from rethinking.stages.aggregate import with_fit
from rethinking.stages.frames import read_published
from rethinking.stages.record import record

CRITERION = WithinOfLast(0.0465)
losses = st.lists(st.floats(0, 3), min_size=WHOLE, max_size=WHOLE)


# Where it is met


@given(losses, st.floats(1e-4, 1))
def test_all_before_the_first_that_meets_it_are_further_above_the_last(curve, margin):
    index = WithinOfLast(margin).first(curve)
    assert curve[index] <= curve[-1] + margin
    assert all(loss > curve[-1] + margin for loss in curve[:index])


@given(losses)
def test_a_larger_margin_is_met_no_later(curve):
    found = [WithinOfLast(margin).first(curve) for margin in (0.01, 0.0465, 0.2)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(("epochs", "last", "index"), [(WHOLE, 0.5, 2), (12, LEVELLED / 2, 2)])
def test_a_whole_run_has_it_and_a_short_one_whose_loss_is_levelled(epochs, last, index):
    assert CRITERION.first([2.0, 1.0, *[last] * (epochs - 2)]) == index


@pytest.mark.parametrize("epochs", [1, 12, WHOLE - 1])
def test_a_short_run_whose_loss_may_still_fall_has_none(epochs):
    message = rf"runs of 100 epochs, or whose last training loss is under 0\.002; this one has {epochs} epochs and ends"
    with pytest.raises(ValueError, match=message):
        CRITERION.first([LEVELLED] * epochs)


@pytest.mark.parametrize("last", [math.nan, math.inf])
def test_a_run_that_diverged_meets_none(last):
    assert CRITERION.first([2.0, 0.1, last]) is None


def test_it_is_spelled_with_its_margin_and_read_back():
    assert spelled(0.0465) == "within_of_last-0.0465"
    assert derived("within_of_last-0.0465") == CRITERION
    assert derived("accuracy_99") is None
    assert derived("") is None
    assert when_fitted("within_of_last-0.0465") == "the training loss is first within 0.0465 of the run's last"


# In run.json's terms


def metrics(*curve: float) -> pd.DataFrame:
    """metrics.csv as it is gathered: text."""
    table = pd.DataFrame({"TrainLoss": curve, "Epoch": range(1, len(curve) + 1)})
    more = {"TestAccuracy": 40.0 + table["Epoch"], "Step": 10 * table["Epoch"], "Totaltime": 2.5 * table["Epoch"]}
    return table.assign(**more).astype(str)


SUMMARY = dict(zip(RUN, ("digits", "mlp", "true_labels", "small", 3), strict=True)) | {"fit": {"accuracy_99": None}}


def test_a_run_s_fit_is_that_of_the_evaluation_which_first_meets_it():
    found = with_fit(SUMMARY, metrics(2.0, 0.04, 0.001), "within_of_last-0.0465", CRITERION)["fit"]
    at_the_fit = {"epoch": 2.0, "step": 20.0, "seconds": 5.0, "test_accuracy": 42.0}
    assert found == {"accuracy_99": None, "within_of_last-0.0465": at_the_fit}


def test_a_run_that_has_none_is_named():
    with pytest.raises(ValueError, match=r"^digits/mlp/true_labels/small/3: within_of_last is defined for"):
        with_fit(SUMMARY, metrics(2.0, 0.04), "within_of_last-0.0465", CRITERION)


def test_a_run_is_cut_where_it_is_taken_to_end():
    names = dict(zip(RUN, ("digits", "mlp", "true_labels", "small", 0), strict=True))
    curve = pd.DataFrame({**names, "Epoch": [1, 2, 3, 4], "TrainLoss": [2.0, 1.03, 1.0, 0.001]})
    runs = curve[RUN].drop_duplicates()
    assert [times_by(CRITERION, runs, curve, end).item() for end in (3, 4)] == [2, 4]
    assert math.isnan(times_by(CRITERION, runs, curve.iloc[:3]).item())


# In a configuration


def test_recipes_that_end_early_or_score_seldom_are_refused():
    early = changed("figures/fig1/fit_criterion", "within_of_last")
    early["recipes"]["quick"]["stop"] = {"criterion": "accuracy_100"}
    message = refusal(early)
    assert "recipes.quick.stop = " in message
    assert "must be null: within_of_last, the fit_criterion in figures.fig1.panels" in message
    whole = changed("figures/fig1/beside", "within_of_last")
    for recipe in whole["recipes"].values():
        recipe["train_evaluation_every"] = 5
    assert "train_evaluation_every = 5: must be 1: within_of_last, the beside in figures.fig1" in refusal(whole)
    for recipe in whole["recipes"].values():
        recipe["train_evaluation_every"] = 1
    whole["figures"]["fig1"]["within_of_last"] = 0.05
    assert load(whole).figures["fig1"]["beside"] == "within_of_last-0.05"


def test_the_table_of_criteria_refuses_recipes_that_score_seldom():
    levels = {"models": ["mlp-w0.05"], "levels": [0, 0.5]}
    section = {"dataset": "digits-50", "recipe": "quick", "panels": {"corruption_levels": levels}}
    configuration = changed("tables/overfitted", section)
    configuration["recipes"]["quick"]["train_evaluation_every"] = 4
    assert "recipes.quick.train_evaluation_every = 4: must be 1: tables.overfitted.panels" in refusal(configuration)


# What shows it


def test_figure_1b_draws_its_times_beside_those_of_the_first_criterion():
    runs, curves = tables([0, 1])
    curves["TrainLoss"] = 2.0 * np.exp(-curves["Epoch"] / 3 / (1 + (curves["corruption"] == "random_labels-1.0")))
    curves.loc[curves.groupby(RUN)["Epoch"].idxmax(), "TrainLoss"] = LEVELLED / 2
    plain, beside = (section([0, 1]), replace(section([0, 1]), beside="within_of_last-0.0465"))
    without, with_it = (list(fig1.figure(runs, curves, each)[0].axes[1].lines) for each in (plain, beside))
    added = [line for line in with_it if line.get_marker() == "None" and line.get_linestyle() == "--"]
    assert len(added) == len(with_it) - len(without) == len(MODELS)
    shown = runs[(runs["model"] == "inception") & runs["corruption"].isin(LEVELS)]
    times = times_by(CRITERION, shown, curves).groupby([shown["level"], shown["seed"]]).mean().unstack()
    expected = (times / times.loc[0.0]).mean(axis=1)
    (line,) = (line for line in added if line.get_color() == model_styles(MODELS)["inception"].colour)
    assert line.get_xydata().tolist() == [[level, pytest.approx(ratio)] for level, ratio in expected.items()]
    assert expected.iloc[-1] > 1.5
    caption = fig1.figure(runs, curves, beside)[1]
    assert "until the training loss is first within 0.0465" in caption
    assert "It is without" not in caption


@pytest.mark.parametrize(("corruption", "lacking"), [("random_labels-1.0", 1), ("true_labels", len(LEVELS))])
def test_figure_1b_counts_the_runs_that_have_no_such_time(corruption, lacking):
    runs, curves = tables([0, 1])
    ends = curves.groupby(RUN)["Epoch"].idxmax()
    curves.loc[ends, "TrainLoss"] = LEVELLED / 2
    of_one = (curves["model"] == "inception") & (curves["corruption"] == corruption) & (curves["seed"] == 1)
    curves.loc[curves.index.isin(ends) & of_one, "TrainLoss"] = LEVELLED
    count = len(MODELS) * len(LEVELS) * 2
    caption = fig1.figure(runs, curves, replace(section([0, 1]), beside="within_of_last-0.0465"))[1]
    assert f"It is without {lacking} of {count} runs," in caption


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The table of what has run at full size."""
    out = tmp_path_factory.mktemp("recorded")
    (out / "runs").symlink_to(RECORDED / "runs")
    (out / "runs.csv").write_bytes((RECORDED / "runs.csv").read_bytes())
    record(Configuration.load(CHECKOUT / "config/cifar10-cpu.yaml"), Path("nowhere"), out)
    return pd.read_csv(out / "overfitted.csv")


def rows_where(table: pd.DataFrame, **where: object) -> pd.DataFrame:
    for column, value in where.items():
        table = table[table[column] == value]
    return table


def test_the_page_has_the_recorded_mlp_s_times_and_the_best_margin_of_every_end(recorded):
    mlp = rows_where(recorded, model="mlp_1x512")
    page = said_on("docs/deviations.md")
    epochs = [f"epoch_{level / 10:.1f}" for level in range(11)]
    for words, found in (
        ("99 % training accuracy", rows_where(mlp, criterion="accuracy_99")),
        ("loss within 0.0465 of the last", rows_where(mlp, margin=0.0465, end=100)),
        ("within 0.045", rows_where(mlp, margin=0.045, end=100)),
    ):
        row = found.iloc[0]
        assert f"| {words} | {' | '.join(f'{row[name]:.1f}' for name in epochs)} | {row['rmse']:.2f} |" in page
    best = [mlp.loc[rows_where(mlp, end=end)["rmse"].idxmin()] for end in (90, 80, 70, 100)]
    margins = ", ".join(f"{row['margin']:g}" for row in best[:2]) + f" or {best[2]['margin']:g}"
    away = ", ".join(f"{row['rmse']:.2f}" for row in best[:2]) + f" and {best[2]['rmse']:.2f}"
    assert f"the best margin would be {margins}, with an RMSE of {away}, where 100 epochs give" in page
    assert f"where 100 epochs give {best[3]['rmse']:.2f} ({best[3]['margin']:g}," in page
    away_by = rows_where(mlp, criterion="within_of_last").set_index(["margin", "end"])["rmse"]
    grid = [
        f"| {margin:g} | {' | '.join(f'{away_by[margin, end]:.2f}' for end in overfitted.ENDS)} |"
        for margin in overfitted.MARGINS_SHOWN
    ]
    assert " ".join(["| margin (nats) | E = 70 | 80 | 90 | 100 | |---|---|---|---|---|", *grid]) in page
    assert rows_where(mlp, criterion="accuracy_99")["rmse"].item() == pytest.approx(6.96, abs=0.01)
    assert rows_where(mlp, margin=0.045, end=100)["rmse"].item() == pytest.approx(0.44, abs=0.01)
    shown = mlp[mlp["margin"].isin(overfitted.MARGINS_SHOWN)]
    assert rows_where(shown, end=70)["rmse"].min() == pytest.approx(1.48, abs=0.01)
    assert best[3]["rmse_left_out"] == pytest.approx(best[3]["rmse"])


def test_means_stand_beside_how_many_seeds_have_run_and_standard_deviations(recorded):
    assert set(rows_where(recorded, model="mlp_1x512")["seeds"]) == {3}
    assert set(rows_where(recorded, model="alexnet")["seeds"]) == {1}
    runs = pd.read_csv(RECORDED / "runs.csv")
    of_half = (runs["model"] == "mlp_1x512") & (runs["corruption"] == "random_labels-0.5")
    times = runs[of_half & (runs["recipe"] == "paper-bfloat16")]["accuracy_99_epoch"]
    row = rows_where(recorded, model="mlp_1x512", criterion="accuracy_99").iloc[0]
    assert (row["epoch_0.5"], row["sd_0.5"]) == (pytest.approx(times.mean()), pytest.approx(times.std()))


def test_it_does_not_give_the_paper_s_alexnet(recorded):
    alexnet = rows_where(recorded, model="alexnet", criterion="within_of_last", end=100)
    assert alexnet["rmse"].min() > 10


def test_left_out_is_by_the_margin_that_is_best_elsewhere():
    rows = [
        {"model": "m", "group": "", "recipe": "r", "criterion": "within_of_last", "margin": 0.1, "end": 100,
         "difference_0.0": 0.0, "difference_1.0": 3.0},
        {"model": "m", "group": "", "recipe": "r", "criterion": "within_of_last", "margin": 0.2, "end": 100,
         "difference_0.0": 2.0, "difference_1.0": 1.0},
    ]  # fmt: skip
    found = overfitted.left_one_out(pd.DataFrame(rows).assign(rmse_left_out=math.nan))["rmse_left_out"]
    # At level 0 the second is best elsewhere (1 < 3), at level 1 the first (0 < 2).
    assert found.tolist() == [pytest.approx(math.sqrt((2.0**2 + 3.0**2) / 2))] * 2


def test_the_paper_s_epochs_are_whole():
    published = read_published(CHECKOUT / PAPER, ("fig1b.csv",))
    times = published[published["quantity"] == "relative_time"]
    epochs = times["value"] * times["model"].map(overfitted.ON_TRUE_LABELS)
    assert ((epochs - epochs.round()).abs() < 0.02).all()
