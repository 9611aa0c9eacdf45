"""The study of the tutorial: that its configurations are the tutorial's, and what its figures show."""

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic_runs
import tiny_runs
from matplotlib.container import BarContainer
from PIL import Image
from studies import load
from test_every_section import section_of

from rethinking.config import CHECKOUT
from rethinking.data.corruptions.shuffled_labels import shuffled_labels
from rethinking.data.splits import stratified_subset
from rethinking.engine.stopping import best_epoch
from rethinking.files import read_json
from rethinking.outcomes.wording import ended_sentence
from rethinking.plotting import early_stopping, fits, memorisation, norms, overfitting, training
from rethinking.plotting.registry import FIGURES
from rethinking.plotting.style import save_animation
from rethinking.published import PAPER
from rethinking.sections import Section
from rethinking.stages.frames import read_published

SIZES = ("tutorial", "tutorial-digits", "tutorial-source")
SETTINGS = ("true_labels", "shuffled_labels-0.15", "random_labels-1.0")


# The configurations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIZES)
def test_every_size_trains_one_network_on_the_same_images_with_three_kinds_of_labels(name):
    configuration = load(name)
    for section in ("memorisation", "norms"):
        runs = configuration.runs(section)
        assert {run.corruption for run in runs} == set(SETTINGS)
        assert {(run.dataset, run.factory, run.recipe) for run in runs} == {
            (configuration.sections[section]["dataset"], "big_animalnet", "memorise")
        }


@pytest.mark.parametrize("name", SIZES)
def test_every_size_has_100_images_and_100_held_out_of_every_class_by_its_share(name):
    configuration = load(name)
    for run in configuration.runs("memorisation"):
        entry = configuration.datasets[run.dataset]
        assert (entry["train"], entry["validation"], entry["stratified_validation"]) == (200, 100, True)


def test_the_cpu_s_size_is_balanced_to_34_33_and_33():
    """So that no class that is named each time is right more often than a third."""
    entry = load("tutorial").datasets["cifar10-cat-dog-horse-100"]
    rng, whole = np.random.default_rng(0), np.repeat([0, 1, 2], entry["original"]["train"] // 3)
    subset = whole[stratified_subset(whole, entry["train"], rng)]
    held_out = subset[stratified_subset(subset, entry["validation"], rng)]
    kept = np.bincount(subset) - np.bincount(held_out)
    assert sorted(np.bincount(held_out)) == [33, 33, 34] == sorted(kept)


def test_the_source_s_size_is_animal_faces_at_its_rates():
    configuration = load("tutorial-source")
    expected = {"optimiser": "sgd", "batch_size": 128, "epochs": 200, "learning_rate": 0.005, "momentum": 0.9,
                "schedule": "constant", "initialisation": "framework", "crop": None, "stop": None,
                "whitening": {"mean": 0.5, "sd": 0.5}, "true_validation_labels": True, "weight_decay": 0.0}  # fmt: skip
    for run in configuration.runs("memorisation"):
        assert {key: getattr(run.training, key) for key in expected} == expected
        assert configuration.datasets[run.dataset]["files"].keys() == {"afhq.zip"}
    early = {"learning_rate": 0.0005, "momentum": 0.99, "stop": {"early_stopping": 20}}
    for run in configuration.runs("early_stopping"):
        assert {key: getattr(run.training, key) for key in early} == early
        assert run.factory == "animalnet"


def test_a_shuffle_of_15_percent_of_three_classes_changes_a_tenth_of_the_labels():
    """Both numbers that the tutorial gives: what is shuffled, and what is then another label than before."""
    labels = np.random.default_rng(0).integers(0, 3, 100_000)
    shuffled = shuffled_labels(labels, level=0.15, num_classes=3, seed=0)
    assert shuffled.redrawn == pytest.approx(0.15, abs=0.005)
    assert shuffled.changed == pytest.approx(0.10, abs=0.005)


def test_the_jobs_of_the_study_are_planned(fresh_checkout):
    called = fresh_checkout.jobs("--configfile", "config/studies/tutorial-digits.yaml", target="study")
    expected = {"split": 5, "train": 20, "train_regression": 5, "gather": 4, "figure": 5, "animation": 1, "table": 3}
    count = {rule: sum(job == rule for job, _ in called) for rule in expected}
    assert count == expected


# The figures --------------------------------------------------------------------------------------------------------


def made(name: str, corruptions: tuple[str, ...]) -> tuple[Section, synthetic_runs.Frames]:
    """The section of a figure, with one network, and its data frames."""
    section = section_of(name, FIGURES[name])
    group = section.groups[0]
    names = [
        (group.dataset, model, corruption, group.recipe, seed)
        for model in group.models
        for corruption in corruptions
        for seed in section.seeds
    ]
    return section, synthetic_runs.frames(names)


def drawn(draw: Any, *arguments: Any) -> tuple[Any, str]:
    """A figure, whose lines have data of any type, and its caption."""
    return draw(*arguments)


def test_the_six_curves_are_in_one_panel_and_their_labels_are_told():
    section, frames = made("memorisation", ("true_labels", "random_labels-0.5", "random_labels-1.0"))
    figure, caption = drawn(memorisation.figure, frames["runs"], frames["curves"], section)
    (axes,) = figure.axes
    lines = [line for line in axes.lines if len(line.get_xdata()) == synthetic_runs.EPOCHS]
    assert len(lines) == 6
    for place, corruption in enumerate(section.groups[0].corruptions):
        its = frames["curves"][frames["curves"]["corruption"] == corruption].groupby("Epoch")
        for line, part in zip(lines[2 * place :], ("Train", "Validation"), strict=False):
            np.testing.assert_allclose(line.get_ydata(), its[f"{part}Accuracy"].mean())
    assert "validation labels are the true ones" in caption
    assert "The images are the same" in caption
    (legend,) = figure.legends
    assert len({text.get_text() for text in legend.get_texts()}) == 7


def test_bars_are_the_norms_before_and_after_and_dashes_the_root_of_their_squares_sum():
    section, frames = made("norms", ("true_labels", "random_labels-0.5", "random_labels-1.0"))
    figure, _ = drawn(norms.figure, frames["runs"], frames["measures"], section)
    bars, curve = figure.axes
    groups = [container for container in bars.containers if isinstance(container, BarContainer)]
    heights = [[bar.get_height() for bar in group.patches] for group in groups]
    assert len(heights) == 4, "before training, and after it in three settings"
    means = frames["measures"].groupby(["corruption", "Epoch", "Layer"])["Value"].mean()
    for place, corruption in enumerate(section.groups[0].corruptions, 1):
        last = means[corruption, synthetic_runs.EPOCHS]
        assert heights[place] == pytest.approx([last["classifier.weight"], last["classifier.bias"]])
    dashed = [line.get_ydata()[0] for line in bars.lines if len(set(line.get_ydata())) == 1 and line.is_dashed()]
    roots = [float(np.hypot(*each)) for each in heights]
    assert dashed == pytest.approx(roots, rel=1e-2)
    assert [len(line.get_xdata()) for line in curve.lines] == [synthetic_runs.EPOCHS + 1] * 3


def ended(frames: synthetic_runs.Frames, last: dict[int, int]) -> dict[str, pd.DataFrame]:
    """The frames of runs of which some seeds end before the others."""
    ends = frames["runs"]["seed"].map(last)
    runs = frames["runs"].assign(epochs_done=ends, stopped_by="early_stopping")
    return {"runs": runs, "curves": frames["curves"][frames["curves"]["Epoch"] <= frames["curves"]["seed"].map(last)]}


def test_early_stopping_shows_the_test_set_once_a_seed_where_validation_is_best():
    section, frames = made("early_stopping", ("true_labels",))
    figure, caption = drawn(early_stopping.figure, frames["runs"], frames["curves"], section)
    of_first = frames["runs"][frames["runs"]["model"] == section.groups[0].models[0]]
    lines = figure.axes[0].lines
    (marks,) = [line for line in lines if line.get_linestyle() == "None"]
    assert list(marks.get_xdata()) == of_first["best_validation_epoch"].tolist()
    assert list(marks.get_ydata()) == of_first["test_accuracy_at_best"].tolist()
    curves = frames["curves"][frames["curves"]["model"] == section.groups[0].models[0]]
    assert list(curves["TestAccuracy"].groupby(curves["Epoch"]).mean()) not in [
        list(line.get_ydata()) for line in lines
    ]
    vertical = [line.get_xdata()[0] for line in lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    assert vertical == of_first["best_validation_epoch"].tolist()
    assert "more than 20 epochs" in caption
    assert "chosen by the validation set" in caption
    for _, run in curves.groupby("seed"):
        chosen = of_first.set_index("seed")["best_validation_epoch"][run["seed"].iloc[0]]
        assert chosen == best_epoch(run["ValidationAccuracy"].tolist())


def test_seeds_that_train_on_are_thin_lines_and_no_mean_jumps():
    section, whole = made("training", ("true_labels",))
    frames = ended(whole, {0: 8, 1: 12})
    figure, caption = drawn(training.figure, frames["runs"], frames["curves"], section)
    lines = figure.axes[0].lines
    means = [line for line in lines if list(line.get_xdata()) == list(range(1, 9))]
    alone = [line for line in lines if list(line.get_xdata()) == [8, 9, 10, 11, 12]]
    assert (len(means), len(alone)) == (3, 3)
    assert all(line.get_linewidth() < means[0].get_linewidth() for line in alone)
    assert "4 of 4 runs ended early, after 8 to 12 epochs; thin lines: seeds that trained on" in caption
    assert ended_sentence(whole["runs"]) == ""


def test_training_needs_no_validation_set():
    section, frames = made("training", ("true_labels",))
    bare = {
        name: frame.drop(columns=[c for c in frame if c.startswith("Validation")]) for name, frame in frames.items()
    }
    bare["runs"] = bare["runs"].assign(
        best_validation_epoch=np.nan, best_validation_accuracy=np.nan, best_validation_labels=None
    )
    figure, caption = drawn(training.figure, bare["runs"], bare["curves"], section)
    assert [len(axes.lines) for axes in figure.axes] == [2, 2, 2, 2]
    assert not re.search("[Vv]alidation|nan", caption)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["training", "test"]


# The questions ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("torch_as_it_was")
def test_the_answers_to_the_questions_are_what_its_runs_show(tmp_path):
    """The recipe of the digits' size, one seed: what docs/studies/tutorial.md answers."""
    data = tiny_runs.prepare_digits(tmp_path / "data", num_train=200, num_test=200)
    held_out = tiny_runs.split_digits(data, tmp_path / "split", 100, stratified=True)
    recipe = load("tutorial-digits").recipes["memorise"]
    epochs, validation, norm = [], [], []
    for place, corruption in enumerate(SETTINGS):
        noise = tiny_runs.corrupt_digits(data, tmp_path / corruption, corruption)
        run = tiny_runs.make_run("big_animalnet", corruption, width=1.0, **recipe)
        out = tiny_runs.run_stage(run, data, tmp_path / f"run{place}", noise, held_out=held_out)
        table, fit = tiny_runs.rows(out / "metrics.csv"), read_json(out / "run.json")["fit"]["accuracy_100"]
        assert fit is not None, "even random labels are learnt by heart"
        epochs.append(fit["epoch"])
        validation.append([float(row["ValidationAccuracy"]) for row in table])
        totals = [row for row in tiny_runs.rows(out / "measures.csv") if row["Layer"] == "total"]
        norm.append([float(row["Value"]) for row in totals])
    assert epochs == sorted(epochs), "noise takes longer"
    assert validation[0][-1] > validation[1][-1] > validation[2][-1]
    assert validation[2][-1] < 25, "near the 10 % of guessing"
    assert max(validation[1]) > validation[1][-1], "before the noise is learnt, validation is better than after"
    assert norm[0][0] == norm[1][0] == norm[2][0], "one network before training"
    assert norm[0][0] < norm[0][-1] < norm[2][-1], "noise takes larger weights"


def test_the_norms_that_the_page_has_at_cifar10_s_size_are_recorded():
    folder = CHECKOUT / "docs/results/tutorial/runs/cifar10-cat-dog-horse-100/big_animalnet"
    begin, end = set(), []
    for corruption in ("true_labels", "shuffled_labels-0.15", "random_labels-1.0"):
        totals = [
            pd.read_csv(file).query("Layer == 'total'")["Value"]
            for file in sorted(folder.glob(f"{corruption}/memorise/seed*/measures.csv"))
        ]
        assert {len(each) for each in totals} == {201}
        begin.add(f"{np.mean([each.iloc[0] for each in totals]):.2f}")
        end.append(f"{np.mean([each.iloc[-1] for each in totals]):.2f}")
    [first] = begin
    said = f"The norm of all tensors goes from {first} to {end[0]}, {end[1]} and {end[2]} in 200 epochs"
    assert said in " ".join((CHECKOUT / "docs/studies/tutorial.md").read_text(encoding="utf-8").split())


# Ten points -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIZES)
def test_every_size_overfits_ten_points_with_adam_in_batches_of_all_of_them(name):
    runs = load(name).runs("overfitting")
    assert {(run.dataset, run.factory, run.training.optimiser) for run in runs} == {
        ("noisy_line", "toy_regression", "adam")
    }
    assert all(run.training.batch_size >= 10 and run.training.schedule == "constant" for run in runs)
    assert [run.path for run in load(name).runs("fits")] == [run.path for run in runs]


def test_the_tutorials_own_recipe_has_its_rate_epochs_and_predictions():
    (recipe,) = {json.dumps(run.training.to_json()) for run in load("tutorial-source").runs("overfitting")}
    expected = {"epochs": 10_000, "learning_rate": 1.0e-4, "betas": [0.9, 0.999], "epsilon": 1.0e-8,
                "initialisation": "framework", "predictions_every": 500}  # fmt: skip
    assert {key: json.loads(recipe)[key] for key in expected} == expected


def toy(name: str) -> tuple[Section, synthetic_runs.Frames]:
    """The section of a figure of the ten points, which names what is registered, and its data frames."""
    section, frames = made(name, ("true_labels",))
    model = section.groups[0].models[0]
    as_registered = {"factories": {model: "toy_regression"}, "lineages": {"digits": ("mine", "noisy_line")}}
    return dataclasses.replace(section, **as_registered), frames


def test_stars_are_the_tutorials_numbers_as_far_as_our_runs_go():
    section, frames = toy("overfitting")
    published = read_published(CHECKOUT / PAPER, ["sources.yaml"])
    figure, caption = drawn(
        overfitting.figure, frames["runs"], frames["curves"], frames["measures"], published, section
    )
    losses, norm = figure.axes
    stars = [
        [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in axes.lines if line.get_marker() == "*"]
        for axes in (losses, norm)
    ]
    assert stars == [[(1, 6.198)], [(0, 19.55)]], "of 12 epochs, not of 24 or 10,000"
    means = {column: frames["curves"].groupby("Epoch")[column].mean() for column in overfitting.LOSSES}
    for line, mean in zip(losses.lines, (means["OnlineTrainLoss"], means["TestLoss"]), strict=False):
        np.testing.assert_allclose(line.get_ydata() if line.get_marker() != "*" else mean, mean)
    totals = frames["measures"][frames["measures"]["Layer"] == "total"].groupby("Epoch")["Value"].mean()
    np.testing.assert_allclose(norm.lines[0].get_ydata(), totals)
    assert f"from {totals.iloc[0]:.2f} to {totals.iloc[-1]:.2f}" in caption


def test_the_strip_goes_from_the_first_to_the_last_epoch_through_the_points():
    assert [fits.still(num) for num in (0, 1, 2, 21)] == [[], [0], [0, 1], [0, 1, 3, 6, 9, 12, 16, 20]]
    section, frames = toy("fits")
    figure, _ = drawn(fits.figure, frames["runs"], frames["points"], frames["measures"], section)
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["epoch 1", "epoch 4", "epoch 8", "epoch 12"]
    for axes, epoch in zip(figure.axes, (1, 4, 8, 12), strict=True):
        points, line, *hairs, fit = axes.lines
        assert list(points.get_xdata()) == [0.2, 0.5, 0.9]
        assert list(line.get_ydata()) == [0, 0.5, 1, 1.5, 2]
        assert len(hairs) == len(section.seeds)
        its = frames["points"][frames["points"]["Epoch"] == epoch].groupby("Input")["Prediction"].mean()
        np.testing.assert_allclose(fit.get_ydata(), its)


def test_the_animation_has_a_frame_an_epoch_of_predictions_and_the_same_bytes_twice(tmp_path):
    section, frames = toy("fits")
    for file in ("one.gif", "two.gif"):
        animation = fits.animation(frames["runs"], frames["points"], frames["measures"], section)
        save_animation(animation, tmp_path / file)
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "two.gif").read_bytes()
    with Image.open(tmp_path / "one.gif") as shown:
        assert shown.n_frames == len({1, 4, 8, 12})
        first = np.asarray(shown.convert("L"))
        shown.seek(shown.n_frames - 1)
        assert (first != np.asarray(shown.convert("L"))).any()
