"""Who is learned first: from ledgers to data frames, figures and tables, and what the study's page says of them."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import synthetic_runs
import tiny_runs
import yaml
from sklearn.metrics import auc
from test_every_section import frames_of, section_of
from tiny_runs import make_run, rows, run_stage
from tiny_workflow import TINY

from rethinking import files, paths
from rethinking.analysis import detection as found
from rethinking.analysis.learned import learned
from rethinking.config import Configuration
from rethinking.outcomes.columns import FRAMES, RUN
from rethinking.outcomes.early_learning import early_learning
from rethinking.plotting import label_errors, learned_first
from rethinking.plotting.registry import FIGURES
from rethinking.reporting import early_learning as early_table
from rethinking.reporting import label_error_scores
from rethinking.reporting.intervals import interval
from rethinking.reporting.registry import TABLES
from rethinking.schema import ConfigurationError
from rethinking.stages import ledger as stage

NOISE, EPOCHS, SEEDS = "random_labels-0.5", 4, (0, 1)
RECIPE: dict[str, Any] = {"epochs": EPOCHS, "ledger": True}

# Three evaluations of five examples, of which the last two have a wrong label.
LEDGER = {
    "epochs": np.array([1.0, 2.0, 3.0]),
    "true": np.array([0, 1, 2, 0, 1], np.uint8),
    "given": np.array([0, 1, 2, 1, 2], np.uint8),
    "predictions": np.array([[0, 1, 0, 0, 1], [0, 0, 2, 0, 2], [0, 1, 2, 1, 1]], np.uint8),
    "losses": np.array([[1, 1, 2, 3, 3], [1, 2, 1, 3, 1], [0, 1, 0, 1, 2]], np.float16),
    "margins": np.array([[1, 1, -1, -2, -3], [2, -1, 1, -1, 1], [3, 1, 2, 1, -1]], np.float16),
}
ALL = np.array([True, True, True])


# The data frames ------------------------------------------------------------------------------------------------------


def test_examples_with_a_right_and_with_a_wrong_label_are_counted_apart():
    frame = learned(LEDGER).set_index(["Part", "Epoch"])
    right, wrong = frame.loc["uncorrupted"], frame.loc["corrupted"]
    assert right["GivenAccuracy"].tolist() == pytest.approx([200 / 3, 200 / 3, 100])
    assert right["GivenAccuracy"].tolist() == right["TrueAccuracy"].tolist()
    assert wrong["GivenAccuracy"].tolist() == [0, 50, 50]
    assert wrong["TrueAccuracy"].tolist() == [100, 50, 50]
    assert wrong["GivenLoss"].tolist() == [3, 2, 1.5]
    assert right["Margin"].tolist() == pytest.approx([1 / 3, 2 / 3, 2])
    assert (frame["Examples"] == np.where(frame.index.get_level_values("Part") == "corrupted", 2, 3)).all()


def test_a_run_on_true_labels_has_one_part_and_no_areas():
    ledger = LEDGER | {"given": LEDGER["true"]}
    assert set(learned(ledger)["Part"]) == {"uncorrupted"}
    assert found.detection(ledger, [3.0])["Auroc"].isna().all()
    assert found.roc(ledger, [3.0])["TruePositiveRate"].isna().all()


def test_each_score_is_what_it_is_said_to_be():
    values = {name: score(LEDGER, ALL).tolist() for name, score in found.SCORES.items()}
    assert values["mean_loss"] == pytest.approx([2 / 3, 4 / 3, 1, 7 / 3, 2])
    assert values["area_under_margin"] == pytest.approx([-2, -1 / 3, -2 / 3, 2 / 3, 1])
    assert values["first_learned"] == [0, 0, 1, 2, 1]
    assert values["forgettings"] == [0, 1, 0, 0, 1]
    until_first = {name: score(LEDGER, np.array([True, False, False])).tolist() for name, score in found.SCORES.items()}
    assert until_first["first_learned"] == [0, 0, 1, 1, 1], "never right: after all evaluations"
    assert until_first["forgettings"] == [0, 0, 1, 1, 1], "never right: more than any number of forgettings"


def test_scores_do_not_see_true_labels():
    blind = {name: values for name, values in LEDGER.items() if name != "true"}
    for score in found.SCORES.values():
        score(blind, ALL)


def test_the_area_is_the_probability_that_a_wrong_label_is_the_more_suspect_one():
    frame = found.detection(LEDGER, [2.0, 3.0]).set_index(["Epoch", "Score"])["Auroc"]
    for epoch, (name, score) in itertools.product((2.0, 3.0), found.SCORES.items()):
        values, wrong = score(LEDGER, LEDGER["epochs"] <= epoch), found.is_corrupted(LEDGER)
        pairs = [(one > other) + (one == other) / 2 for one in values[wrong] for other in values[~wrong]]
        assert frame[epoch, name] == pytest.approx(np.mean(pairs))


def test_a_curve_goes_from_none_to_all_and_has_its_area():
    rng = np.random.default_rng(0)
    given = rng.integers(2, size=2000).astype(np.uint8)
    losses = (given + rng.normal(size=(3, 2000))).astype(np.float16)
    ledger = {"epochs": LEDGER["epochs"], "true": np.zeros(2000, np.uint8), "given": given, "losses": losses,
              "margins": -losses, "predictions": np.zeros((3, 2000), np.uint8)}  # fmt: skip
    curve = found.roc(ledger, [3.0]).set_index("Score").loc["mean_loss"]
    assert (curve["TruePositiveRate"].diff().dropna() >= 0).all()
    assert curve["TruePositiveRate"].iloc[-1] == 1
    (area,) = found.detection(ledger, [3.0]).set_index("Score").loc[["mean_loss"], "Auroc"]
    assert auc(curve["FalsePositiveRate"], curve["TruePositiveRate"]) == pytest.approx(area, abs=2e-3)


@pytest.mark.parametrize(
    ("horizon", "epochs"), [([], [3]), ([2], [2, 3]), ([3], [3]), ([99], [3]), ([1, 2], [1, 2, 3])]
)
def test_all_epochs_stand_beside_the_horizon(horizon, epochs):
    assert found.horizons(LEDGER, *horizon) == epochs


# The stage ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def noise(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path | None]:
    folder = tmp_path_factory.mktemp("noise")
    return {seed: tiny_runs.corrupt_digits(data, folder / str(seed), NOISE, seed) for seed in SEEDS}


@pytest.fixture(scope="module")
def runs(data: Path, noise: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs, one a seed, each at its path."""
    folder = tmp_path_factory.mktemp("runs")
    with tiny_runs.torch_as_it_was():
        for seed in SEEDS:
            run = make_run(corruption=NOISE, seed=seed, **RECIPE)
            (folder / run.path).parent.mkdir(parents=True, exist_ok=True)
            run_stage(run, data, folder / str(seed), noise[seed]).rename(folder / run.path)
    return folder


def options(runs: Path, out: Path, *more: str) -> list[str]:
    run = make_run(corruption=NOISE, **RECIPE)
    group = {"dataset": run.dataset, "recipe": run.recipe, "models": [run.model], "corruptions": [run.corruption]}
    model = {"factory": run.factory, "family": "mlp", "arguments": run.arguments}
    plan = {"seeds": SEEDS, "groups": [group], "models": {run.model: model}}
    plan |= {"recipes": {run.recipe: run.training.to_json()}}
    told = ["--plan", json.dumps(plan), "--code", json.dumps({run.code_key: "code"}), "--runs", str(runs)]
    return [*told, *more, "--out", str(out)]


def test_the_stage_writes_its_frames_of_every_run_with_their_columns(runs, tmp_path):
    stage.main(options(runs, tmp_path, "--horizon", "2"))
    tables = {frame: rows(tmp_path / f"{frame}.csv") for frame in paths.OF_LEDGERS}
    for frame, table in tables.items():
        assert list(table[0]) == list(FRAMES[frame])
        assert {row["seed"] for row in table} == {str(seed) for seed in SEEDS}
    assert {float(row["Epoch"]) for row in tables["detection"]} == {2, EPOCHS}
    for seed in SEEDS:
        its = [row for row in tables["learned"] if row["seed"] == str(seed)]
        metrics = rows(runs / make_run(corruption=NOISE, seed=seed).path / "metrics.csv")
        for epoch, expected in enumerate(metrics, 1):
            parts = [row for row in its if float(row["Epoch"]) == epoch]
            examples = sum(int(row["Examples"]) for row in parts)
            for column, whole, accuracy in (("GivenAccuracy", "TrainAccuracy", 0), ("GivenLoss", "TrainLoss", 1e-3)):
                mean = sum(int(row["Examples"]) * float(row[column]) for row in parts) / examples
                assert mean == pytest.approx(float(expected[whole]), rel=accuracy or 1e-9)


@pytest.mark.parametrize("fault", ["missing", "edited", "torn, of before checksums", "of other examples"])
def test_a_ledger_that_is_not_the_runs_is_refused_by_name(fault, data, noise, tmp_path):
    with tiny_runs.torch_as_it_was():
        out = run_stage(make_run(corruption=NOISE, **RECIPE), data, tmp_path, noise[0])
    path, summary = out / "ledger.npz", files.read_json(out / "run.json")
    whole = path.read_bytes()
    if fault == "missing":
        path.unlink()
    else:
        path.write_bytes(whole[: len(whole) // 2])
    if fault.startswith("torn"):
        del summary["files"]
    if fault == "of other examples":
        path.write_bytes(whole)
        summary["num_train"] += 1
    with pytest.raises(ValueError, match=r"missing|torn or edited|torn or no ledger|not of 41 examples") as refused:
        stage.read_ledger(out, summary)
    assert str(path) in str(refused.value)


# What a configuration must say ----------------------------------------------------------------------------------------


def loaded(recipe: dict[str, Any], **section: Any) -> Configuration:
    values = yaml.safe_load(TINY)
    values["datasets"]["digits-50"]["validation"] = 10
    values["recipes"]["mine"] = {"extends": "quick", **recipe}
    panels = {"levels": {"models": ["mlp-w0.05"], "levels": [0, 0.5]}}
    values["figures"] = {"label_errors": {"dataset": "digits-50", "recipe": "mine", "panels": panels, **section}}
    del values["tables"]
    return Configuration.of_layers("mine.yaml", {"mine.yaml": values})


def test_the_horizon_is_the_section_s_own():
    assert paths.horizon_option(loaded({"ledger": True}, horizon=7), "label_errors") == "--horizon 7"
    assert paths.horizon_option(loaded({"ledger": True}), "label_errors") == ""


@pytest.mark.parametrize(
    ("recipe", "section", "message"),
    [
        ({}, {}, "recipes.mine.ledger = false: must be true: figures.label_errors.panels.levels shows what a ledger"
         " holds"),
        ({"ledger": True, "epochs": 3, "redraw_labels_after": [1]}, {}, "recipes.mine.ledger = true: a ledger is of"
         " labels that stay (the recipe's redraw_labels_after gives others on the way)"),
        ({"ledger": True}, {"horizon": 0}, "figures.label_errors.horizon = 0: "),
        ({"ledger": "all"}, {}, 'recipes.mine.ledger = "all": '),
        ({"leger": True}, {}, "recipes.mine.leger = true: unknown key; did you mean 'ledger'?"),
    ],
)  # fmt: skip
def test_a_recipe_or_horizon_that_cannot_be_is_refused_with_its_key(recipe, section, message):
    with pytest.raises(ConfigurationError) as refused:
        loaded(recipe, **section)
    assert str(refused.value).startswith(f"mine.yaml: {message}")


# The figures and tables -----------------------------------------------------------------------------------------------


def made(name: str) -> tuple[Any, synthetic_runs.Frames]:
    section = section_of(name, (FIGURES | TABLES)[name])
    return section, frames_of(section)


def test_the_four_curves_are_means_over_seeds_of_each_corruption():
    section, frames = made("learned_first")
    figure, caption = learned_first.figure(frames["runs"], frames["curves"], frames["learned"], section)
    noisy = ["random_labels-0.5", "random_labels-1.0"]
    assert len(figure.axes) == len(noisy) + 1
    for axes, corruption in zip(figure.axes, noisy, strict=False):
        lines = [line for line in axes.lines if len(np.asarray(line.get_xdata())) == synthetic_runs.EPOCHS]
        of_setting = [frames[name][frames[name]["corruption"] == corruption] for name in ("learned", "curves")]
        for line, (part, label) in zip(lines, learned_first.CURVES, strict=True):
            its = of_setting[0][of_setting[0]["Part"] == part] if part else of_setting[1]
            expected = its.groupby("Epoch")[f"{label}Accuracy"].mean()
            np.testing.assert_allclose(np.asarray(line.get_ydata(), float), expected)
    assert "which the network never sees" in caption
    assert "corrupted alike" in caption


def test_numbers_of_the_table_are_those_of_the_frames():
    section, frames = made("early_learning")
    table = early_table.table(**{name: frames[name] for name in ("runs", "curves", "learned")}, section=section)
    numbers = table.numbers.set_index("corruption")
    for corruption in ("random_labels-0.5", "random_labels-1.0"):
        peaks, gains, half = [], [], []
        for seed in section.seeds:
            every = [frames[name] for name in ("runs", "curves", "learned")]
            chosen = [frame[(frame["corruption"] == corruption) & (frame["seed"] == seed)] for frame in every]
            wrong = chosen[2][chosen[2]["Part"] == "corrupted"]
            peaks.append(wrong["TrueAccuracy"].max())
            half.append(wrong[wrong["GivenAccuracy"] >= 50]["Epoch"].min())
            gains.append(chosen[0]["test_accuracy_at_best"].item() - chosen[1]["TestAccuracy"].iloc[-1])
        row = numbers.loc[corruption]
        for column, values in {"true_peak": peaks, "gain_chosen": gains, "corrupted_half": half}.items():
            assert row[column] == pytest.approx(np.mean(values))
            if np.std(values):
                ends = scipy.stats.t.interval(0.95, 1, np.mean(values), scipy.stats.sem(values))
                assert (row[f"{column}_low"], row[f"{column}_high"]) == pytest.approx(ends)
    assert numbers.loc["true_labels", "share"] == 0
    assert np.isnan(numbers.loc["true_labels", "true_peak"])


def test_an_interval_is_student_s_and_one_seed_has_none():
    values = [1.0, 2.0, 4.0]
    expected = scipy.stats.t.interval(0.95, 2, np.mean(values), scipy.stats.sem(values))
    assert interval([*values, np.nan]) == pytest.approx((np.mean(values), *expected))
    mean, *ends = interval([3.0])
    assert mean == 3.0
    assert np.isnan(ends).all()


def test_areas_of_the_table_are_means_over_seeds_of_each_horizon():
    section, frames = made("label_error_scores")
    table = label_error_scores.table(
        runs=frames["runs"], learned=frames["learned"], detection=frames["detection"], section=section
    )
    numbers = table.numbers.set_index(["corruption", "epochs", "score"])
    means = frames["detection"].groupby(["corruption", "Epoch", "Score"])["Auroc"].mean()
    assert len(numbers) == 2 * 2 * 4, "true labels have none"
    for key, row in numbers.iterrows():
        assert row["auroc"] == pytest.approx(means[key])
    assert "The first 4 of 12 epochs enter the scores" in " ".join(table.notes)


def test_the_curves_of_the_figure_are_of_the_horizon_and_the_areas_of_both():
    section, frames = made("label_errors")
    figure, caption = label_errors.figure(
        frames["runs"], frames["learned"], frames["detection"], frames["roc"], section
    )
    first, areas = figure.axes[0], figure.axes[-1]
    roc = frames["roc"][(frames["roc"]["corruption"] == "random_labels-0.5") & (frames["roc"]["Epoch"] == 4)]
    lines = [line for line in first.lines if len(np.asarray(line.get_xdata())) == len(found.RATES)]
    for line, score in zip(lines, found.SCORES, strict=True):
        means = roc[roc["Score"] == score].groupby("FalsePositiveRate")["TruePositiveRate"].mean()
        np.testing.assert_allclose(np.asarray(line.get_ydata(), float), means)
    assert len(areas.lines) == 2 * len(found.SCORES) + 1
    assert [text.get_text() for text in figure.legends[-1].get_texts()] == ["4 epochs", "all 12"]
    assert "fixed before anything was trained" in caption


def test_a_run_that_diverged_is_left_out():
    section = section_of("early_learning", TABLES["early_learning"], (0, synthetic_runs.DIVERGED))
    frames = frames_of(section)
    rest = frames["runs"][frames["runs"]["seed"] == 0]
    table = early_table.table(**{name: frames[name] for name in ("runs", "curves", "learned")}, section=section)
    assert set(table.numbers["n"]) == {1}
    alone = early_learning(rest, frames["curves"], frames["learned"])
    assert list(alone.columns[: len(RUN)]) == RUN
    assert table.numbers["test_best"].tolist() == pytest.approx(
        [alone[alone["corruption"] == name]["test_best"].item() for name in table.numbers["corruption"]]
    )
