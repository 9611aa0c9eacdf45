"""The study of the blog: that its configurations are the blog's, and what its figures and tables show."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic_runs
from studies import load
from test_every_section import section_of

from rethinking.config import CHECKOUT, Configuration
from rethinking.files import sha256
from rethinking.models.registry import MODELS
from rethinking.outcomes import classes
from rethinking.outcomes.classes import ALL
from rethinking.outcomes.printed import numbers
from rethinking.plotting import class_accuracy, predictions, running_loss
from rethinking.plotting.registry import FIGURES
from rethinking.published import PAPER
from rethinking.reporting import loss_by_step, per_class
from rethinking.reporting.registry import TABLES
from rethinking.sections import Section
from rethinking.stages.frames import read_published

SIZES = ("blog", "blog-digits", "blog-source")
CIFAR10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
NETWORKS = {
    ("lenet", (), "sgd"),
    ("resnet18", (), "sgd"),
    ("resnet18", (), "adam"),
    ("resnet18", (), "xavier"),
    ("resnet18", (), "smoothed"),
    ("resnet18", ("stem",), "sgd"),
    ("resnet34", (), "sgd"),
    ("resnet34", ("stem",), "sgd"),
    ("resnet18", ("shortcut", "stem"), "sgd"),
}


@pytest.fixture(scope="module")
def source() -> Configuration:
    return load("blog-source")


# The configurations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIZES)
def test_every_size_has_the_blog_s_networks_with_and_without_stem_and_what_it_only_names(name):
    configuration = load(name)
    for section in ("running_loss", "class_accuracy", "per_class", "loss_by_step"):
        runs = configuration.runs(section)
        assert {(run.factory, tuple(sorted({*run.arguments} - {"width"})), run.recipe) for run in runs} == NETWORKS
        assert {run.corruption for run in runs} == {"true_labels"}
    shown = {(run.factory, run.recipe) for run in configuration.runs("predictions")}
    assert shown == {("lenet", "sgd"), ("resnet18", "sgd"), ("resnet34", "sgd")}


@pytest.mark.parametrize("name", SIZES)
def test_every_size_has_five_numbers_an_epoch_of_batches_of_five(name):
    configuration = load(name)
    for run in configuration.runs("running_loss"):
        entry = configuration.datasets[run.dataset]
        images = entry["train"] or entry["original"]["train"]
        assert run.training.batch_size == 5
        assert run.training.log_every_steps * 5 == images / 5


def test_at_the_source_s_size_the_recipes_are_as_printed(source):
    shared = {"epochs": 2, "batch_size": 5, "log_every_steps": 2000, "learning_rate": 0.001, "schedule": "constant",
              "crop": None, "whitening": {"mean": 0.5, "sd": 0.5}, "weight_decay": 0.0, "augmentation": None,
              "resize": None, "stop": None}  # fmt: skip
    plain = {"optimiser": "sgd", "momentum": 0.9, "initialisation": "framework", "label_smoothing": 0.0}
    own = {
        "sgd": plain,
        "adam": {"optimiser": "adam", "betas": [0.9, 0.98], "epsilon": 1e-9, "initialisation": "framework"},
        "xavier": plain | {"initialisation": "xavier_zero_bias"},
        "smoothed": plain | {"label_smoothing": 0.1},
    }
    for run in source.runs("running_loss"):
        expected = shared | own[run.recipe]
        assert {key: getattr(run.training, key) for key in expected} == expected
        assert run.dataset == "cifar10"


def test_at_the_source_s_size_the_networks_are_whole(source):
    count = {
        (run.factory, run.arguments.get("stem", False)): sum(
            each.numel() for each in MODELS[run.factory].build(**run.arguments).parameters()
        )
        for run in source.runs("running_loss")
        if run.seed == 0 and "shortcut" not in run.arguments
    }
    assert count == {
        ("lenet", False): 62_006,
        ("resnet18", False): 11_173_962, ("resnet18", True): 11_201_002,
        ("resnet34", False): 21_282_122, ("resnet34", True): 21_309_162,
    }, "a stem in the place of the first convolution, and none that is built and not used"  # fmt: skip


def test_classes_are_called_as_in_the_data_set_and_the_blog_s_plane_and_car_are_its_first_two():
    published = read_published(CHECKOUT / PAPER, ["sources.yaml"])
    of_blog = published[(published["source"] == "blog") & (published["class"] != "")]
    for _, rows in of_blog.groupby(["network", "recipe"]):
        assert rows["class"].tolist() == CIFAR10


def test_the_jobs_of_the_study_are_planned(fresh_checkout):
    called = fresh_checkout.jobs("--configfile", "config/studies/blog-digits.yaml", target="study")
    rules = ("train", "gather", "confusions", "predictions", "figure", "table")
    count = {rule: sum(job == rule for job, _ in called) for rule in rules}
    assert count == {"train": 18, "gather": 2, "confusions": 2, "predictions": 1, "figure": 3, "table": 2}


@pytest.mark.slow
def test_pictures_are_made_from_saved_weights_and_train_nothing(checkout):
    """The runs are there; the pictures need their weights and the test set."""
    configuration = checkout.configuration()
    runs = {"networks": {"models": ["mlp-w0.05"], "corruptions": ["true_labels"]}}
    configuration["figures"]["predictions"] = {"dataset": "digits-50", "recipe": "quick", "panels": runs}
    configuration["samples"] = {"images": 4}
    checkout.configure(configuration)
    weights = checkout / "results/runs/digits-50/mlp-w0.05/true_labels/quick/seed0/weights.safetensors"
    before = sha256(weights)
    made = checkout.run(target="figures/predictions.pdf")
    assert {rule for rule, _ in made} == {"aggregate", "predictions", "figure", "publish"}
    assert sha256(weights) == before
    table = pd.read_csv(checkout / "results/tables/tiny/predictions/predictions.csv")
    assert table["Shown"].value_counts().to_dict() == {"one of each class": 4, "most confident mistake": 4}
    assert "Saved weights" in (checkout / "figures/tiny/predictions.txt").read_text()
    assert checkout.jobs(target="figures/predictions.pdf") == set()


# The figures and tables ---------------------------------------------------------------------------------------------


def made(name: str, **words: Any) -> tuple[Section, synthetic_runs.Frames]:
    """A section of ResNet-18 and a variant of it with stem, at the source's size, and its data frames."""
    entry = (FIGURES | TABLES)[name]
    section = section_of(name, entry)
    (group,) = section.groups
    group = replace(group, models=("resnet18", "with_stem"), corruptions=("true_labels",), recipe="sgd")
    labels = {"resnet18": "ResNet-18", "with_stem": "ResNet-18 with stem"}
    recipe = {"log_every_steps": 1, "batch_size": 5}
    section = replace(
        section, groups=(group,), labels=labels, factories=dict.fromkeys(labels, "resnet18"),
        published_as={"resnet18": "resnet18", "with_stem": None}, lineages={"digits": ("digits", "cifar10")},
        settings={"sgd": dict.fromkeys(labels, recipe)},
    )  # fmt: skip
    names = [("digits", model, "true_labels", "sgd", seed) for model in labels for seed in section.seeds]
    frames = synthetic_runs.frames(names, validation=False, classes=CIFAR10, **words)
    frames["runs"] = frames["runs"].assign(num_train=50_000)
    return section, frames


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(CHECKOUT / PAPER, ["sources.yaml"])


def drawn(draw: Any, *arguments: Any) -> tuple[Any, str]:
    return draw(*arguments)


def test_the_source_s_losses_are_stars_over_ours_where_these_are_of_its_size(published):
    section, frames = made("running_loss")
    figure, caption = drawn(running_loss.figure, frames["runs"], frames["steps"], published, section)
    of_whole, of_variant = (axes.lines for axes in figure.axes)
    stars = of_whole[1]
    assert stars.get_ydata()[[0, -1]].tolist() == [1.864, 0.744]
    assert stars.get_xdata().tolist() == [2000 * place for place in range(1, 11)]
    losses = frames["steps"][frames["steps"]["model"] == "resnet18"].groupby("Step")["OnlineTrainLoss"].mean()
    np.testing.assert_allclose(of_whole[0].get_ydata(), losses)
    assert len(of_variant[1].get_xdata()) == 0, "the network with stem is not the one that the numbers are of"
    assert "the last 1 batches of 5" in caption
    assert "Stars: what the source prints" in caption
    few = frames["runs"].assign(num_train=500)
    figure, caption = drawn(running_loss.figure, few, frames["steps"], published, section)
    assert not any(len(axes.lines[1].get_xdata()) for axes in figure.axes)
    assert "Stars" not in caption


def test_a_loss_stands_beside_ours_after_the_same_share_of_an_epoch(published):
    section, frames = made("loss_by_step")
    parts = (
        frames["steps"].assign(Step=lambda rows, part=part: rows["Step"] - 25 + 5 * part,
                               OnlineTrainLoss=lambda rows, part=part: part + rows["Epoch"])
        for part in range(1, 6)
    )  # fmt: skip
    frames["steps"] = pd.concat(parts)
    table = loss_by_step.table(runs=frames["runs"], steps=frames["steps"], published=published, section=section)
    rows = table.numbers[table.numbers["model"] == "resnet18"]
    assert rows["epoch"].tolist()[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    first, tenth = rows.iloc[0], rows.iloc[9]
    assert (first["source_step"], first["source"], first["ours"]) == (2000, 1.864, 2)
    assert (tenth["source_step"], tenth["source"], tenth["ours"]) == (20_000, 0.744, 7)
    assert first["difference"] == pytest.approx(2 - 1.864)
    assert len(rows) == 60, "ours go on for twelve epochs"
    assert rows["source"][10:].isna().all()
    variant = table.numbers[table.numbers["model"] == "with_stem"]
    assert variant["source"].isna().all()
    few = loss_by_step.table(
        runs=frames["runs"].assign(num_train=500), steps=frames["steps"], published=published, section=section
    )
    assert few.numbers["source"].notna().sum() == 10
    assert few.numbers["difference"].isna().all(), "of another size nothing is held against theirs"


def test_of_networks_that_were_not_run_the_source_s_losses_stand_alone(published):
    """As in what is recorded of a study that has begun."""
    section, frames = made("loss_by_step")
    none = {name: frames[name].iloc[:0] for name in ("runs", "steps")}
    table = loss_by_step.table(**none, published=published, section=section)
    assert table.numbers["source"].tolist()[:2] == [1.864, 1.484]
    assert set(table.numbers["n"]) == {0}
    assert not table.shown.isin(["nan"]).any(axis=None)


def test_the_source_s_classes_stand_beside_ours_in_figure_and_table(published):
    section, frames = made("class_accuracy")
    frames = {name: frames[name] for name in ("runs", "confusions")}
    table = per_class.table(**frames, published=published, section=section)
    assert [name for name in table.shown if "source" in name] == ["ResNet-18: the source"]
    theirs = table.numbers[table.numbers["model"] == "resnet18"].set_index("class")["source"]
    assert (theirs["dog"], theirs["frog"], theirs[ALL]) == (55, 72, 73)
    assert "source" not in per_class.table(**frames, published=published.iloc[:0], section=section).numbers
    columns = class_accuracy.columns_of(class_accuracy.Frames(**frames), published, section)
    assert [(each.title, each.theirs) for each in columns] == [
        ("ResNet-18", False), ("ResNet-18 with stem", False), ("the source's ResNet-18", True),
    ]  # fmt: skip
    ours = table.numbers[table.numbers["model"] == "resnet18"].set_index("class")["accuracy"]
    for name in (*CIFAR10, ALL):
        assert columns[0].mean(name) == pytest.approx(ours[name])
    figure, caption = drawn(class_accuracy.figure, *frames.values(), published, section)
    assert [len(axes.patches) for axes in figure.axes] == [2, 1], "a frame a column"
    assert "Right: what the source prints" in caption


def test_classes_of_other_data_have_no_source_beside_them(published):
    section, _ = made("class_accuracy")
    names = [("digits", model, "true_labels", "sgd", seed) for model in section.labels for seed in section.seeds]
    frames = synthetic_runs.frames(names, validation=False)
    figure, caption = drawn(class_accuracy.figure, frames["runs"], frames["confusions"], published, section)
    assert len(figure.axes) == 1
    assert "source" not in caption


def test_no_run_is_none_whose_epoch_was_chosen_by_validation():
    runs = pd.DataFrame({"best_validation_epoch": [3.0, 5.0]})
    assert classes.held_out(runs)
    assert not classes.held_out(runs.iloc[:0])


def test_the_lowest_and_the_highest_class_are_told_seed_by_seed():
    column = class_accuracy.Column("Net", {"cat": [10.0, 50.0], "dog": [20.0, 30.0], ALL: [15.0, 40.0]})
    assert (column.lowest(), column.highest()) == (["cat", "dog"], ["dog", "cat"])
    assert class_accuracy.extremes([column]) == "Net: cat, dog and dog, cat"
    assert class_accuracy.cell([10.0, 50.0]) == "30 ±20"


def test_right_and_wrong_are_told_without_colour_and_mistakes_come_with_the_truth():
    section, frames = made("predictions")
    figure, caption = drawn(predictions.figure, frames["runs"], frames["predictions"], section)
    its = frames["predictions"][frames["predictions"]["seed"] == section.seeds[0]]
    texts = {text.get_text(): text for text in figure.findobj(lambda each: hasattr(each, "get_fontweight"))}
    for _, row in its.iterrows():
        right = row["Predicted"] == row["True"]
        text = texts[f"{'✓' if right else '✗'} {row['Predicted']}"]
        assert text.get_fontweight() == ("normal" if right else "bold")
    wrong = its[its["Shown"] == "most confident mistake"].iloc[0]
    assert f"{100 * wrong['Confidence']:.0f} %\n({wrong['True']})" in texts
    assert "✓ right, ✗ and bold: wrong" in caption
    assert "The first (0) of 2 seeds" in caption


def test_of_a_run_that_diverged_no_label_is_shown():
    section, frames = made("predictions")
    runs = frames["runs"].assign(stopped_by=np.where(frames["runs"]["model"] == "with_stem", "diverged", "epochs"))
    networks = predictions.networks_of(runs, frames["predictions"], section)
    assert [each.trained for each in networks] == [True, False]
    figure, caption = drawn(predictions.figure, runs, frames["predictions"], section)
    said = " ".join(
        text.get_text().replace("\n", " ") for text in figure.findobj(lambda each: hasattr(each, "get_fontweight"))
    )
    assert "ResNet-18 with stem (diverged)" in said
    assert caption.count(" %,") + caption.count(" %.") == 1, "one accuracy"


def test_the_numbers_of_a_list_are_those_that_the_blog_prints():
    result = {"network": "lenet", "by_step": {"every": 2000, "values": [2.161, 1.786]}}
    assert [(each["step"], each["value"]) for each in numbers(result)] == [(2000, 2.161), (4000, 1.786)]


def test_what_the_page_says_of_the_recorded_size_is_in_its_table():
    page = (CHECKOUT / "docs/studies/blog.md").read_text(encoding="utf-8")
    said = re.findall(r"(\d+\.\d+) %", page.split("At a CPU's size")[1].split("## ")[0])
    table = pd.read_csv(CHECKOUT / "docs/results/blog/per_class.csv")
    everything = table[table["class"] == ALL]["accuracy"]
    assert len(said) >= 12
    assert set(said) <= {f"{value:.1f}" for value in everything}
