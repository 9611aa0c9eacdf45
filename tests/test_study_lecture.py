"""The study of the lecture: that its configurations are the lecture's, and what its figures and tables show."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import synthetic_runs
import torch
from studies import load
from test_every_section import section_of

from rethinking.config import CHECKOUT, Configuration, jobs
from rethinking.engine.resize import resized
from rethinking.models.registry import MODELS
from rethinking.plotting import architectures, training
from rethinking.plotting.registry import FIGURES
from rethinking.published import PAPER
from rethinking.reporting import networks, sources
from rethinking.reporting.registry import TABLES
from rethinking.sections import PanelRuns, Section
from rethinking.stages import architectures as stage
from rethinking.stages import summary
from rethinking.stages.frames import read_published

SIZES = ("lecture", "lecture-digits", "lecture-source")
NETWORKS = {"alexnet_224", "vgg_224", "vgg_small_224", "nin_224", "googlenet_96", "resnet18_224", "densenet_224"}
SECTIONS = ("training", "architectures", "networks", "sources")


@pytest.fixture(scope="module")
def source() -> Configuration:
    return load("lecture-source")


# The configurations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SIZES)
def test_every_size_has_the_lecture_s_networks_and_nin_on_grey_digits_as_well(name):
    configuration = load(name)
    for section in SECTIONS:
        runs = configuration.runs(section)
        channels = {}
        for run in runs:
            entry = configuration.datasets[run.dataset]
            channels.setdefault(entry["channels"] or entry["original"]["channels"], set()).add(run.factory)
            assert run.corruption == "true_labels"
            assert run.training.epochs == 10
        assert channels == {3: NETWORKS, 1: {"nin_224"}}


@pytest.mark.parametrize("name", SIZES)
def test_every_training_has_a_folder_of_its_own(name):
    runs = load(name).runs("training")
    assert len({run.path for run in runs}) == len(runs) == 8 * len({run.seed for run in runs})


def test_at_the_source_s_size_the_recipes_are_the_lecture_s(source):
    expected = {"epochs": 10, "batch_size": 128, "optimiser": "sgd", "momentum": 0.0, "schedule": "constant",
                "initialisation": "xavier", "crop": None, "whitening": {"mean": 0.5, "sd": 0.5}, "weight_decay": 0.0,
                "augmentation": None, "stop": None}  # fmt: skip
    for run in source.runs("training"):
        assert {key: getattr(run.training, key) for key in expected} == expected
        assert run.training.learning_rate == (0.05 if run.factory == "resnet18_224" else 0.1)
        assert run.arguments == {}
        dropouts = [each.p for each in MODELS[run.factory].build().modules() if isinstance(each, torch.nn.Dropout)]
        assert set(dropouts) <= {0.5}
        assert bool(dropouts) == (run.factory in ("alexnet_224", "vgg_224", "vgg_small_224", "nin_224"))


def test_at_the_source_s_size_batches_are_what_the_lecture_s_networks_take(source):
    shapes = {
        each["model"]: each["input"] for each in jobs.architectures_job(source, "training") if each["input"][0] == 3
    }
    assert shapes.pop("GoogLeNet") == [3, 96, 96]
    assert set(map(tuple, shapes.values())) == {(3, 224, 224)}
    grey = [each["input"] for each in jobs.architectures_job(source, "training") if each["dataset"] == "mnist"]
    assert grey == [[1, 224, 224]]
    for channels, side, resize in ((3, 32, 224), (1, 28, 224), (3, 32, 96)):
        batch = torch.rand(128 if resize == 96 else 4, channels, side, side)
        assert resized(batch, resize).shape == (len(batch), channels, resize, resize)


SHAPES = {
    "alexnet_224": ["96x54x54", "96x26x26", "256x26x26", "256x12x12", "384x12x12", "256x5x5", "6400", "4096", "10"],
    "vgg_224": ["64x112x112", "128x56x56", "256x28x28", "512x14x14", "512x7x7", "25088", "10"],
    "nin_224": ["96x54x54", "96x26x26", "256x26x26", "256x12x12", "384x5x5", "10x5x5", "10"],
    "googlenet_96": ["64x24x24", "192x12x12", "480x6x6", "832x3x3", "1024", "10"],
    "resnet18_224": ["64x56x56", "128x28x28", "256x14x14", "512x7x7", "10"],
    "densenet_224": ["192x56x56", "96x28x28", "224x28x28", "112x14x14", "240x14x14", "120x7x7", "248x7x7", "10"],
}


@pytest.mark.parametrize("model", SHAPES)
def test_the_summary_shows_the_shapes_that_the_lecture_prints(model, capsys):
    summary.main(["--model", model])
    shown = [word for line in capsys.readouterr().out.splitlines() for word in line.split()]
    assert not [shape for shape in SHAPES[model] if shape not in shown]


def test_the_jobs_of_the_study_are_planned(fresh_checkout):
    called = fresh_checkout.jobs("--configfile", "config/studies/lecture-digits.yaml", target="study")
    rules = ("train", "architectures", "figure", "table")
    count = {rule: sum(job == rule for job, _ in called) for rule in rules}
    assert count == {"train": 8, "architectures": 2, "figure": 2, "table": 2}


# The figures and tables ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(CHECKOUT / PAPER, ["sources.yaml"])


def made(name: str, models: dict[str, str]) -> tuple[Section, dict[str, pd.DataFrame]]:
    """A section of networks, by name and the registered one, at the lecture's size, and its data frames."""
    section = section_of(name, (FIGURES | TABLES)[name])
    group = PanelRuns("training", "networks", "", "digits", "lecture", tuple(models), ("true_labels",))
    section = replace(
        section, groups=(group,), labels={model: model for model in models}, factories=models,
        published_as=models, lineages={"digits": ("digits", "cifar10")}, settings={},
    )  # fmt: skip
    names = [("digits", model, "true_labels", "lecture", seed) for model in models for seed in section.seeds]
    frames = synthetic_runs.frames(names, validation=False)
    frames = {key: frame[frame["Epoch"] <= 10] if "Epoch" in frame else frame for key, frame in frames.items()}
    frames["runs"] = frames["runs"].assign(num_train=50_000, epochs_done=10, seconds=50.0)
    rows = [
        ("digits", model, "lecture", "3x224x224", 10**place, 10 ** (5 + place), 1) for place, model in enumerate(models)
    ]
    columns = ["dataset", "model", "recipe", "Input", "Parameters", "MultiplyAdds", "Activations"]
    return section, frames | {"architectures": pd.DataFrame(rows, columns=columns)}


def drawn(draw: Any, *arguments: Any) -> tuple[Any, str]:
    return draw(*arguments)


def test_many_networks_have_two_plots_each_in_several_rows():
    section, frames = made("training", {f"net {number}": "alexnet_224" for number in range(7)})
    figure, _ = drawn(training.figure, frames["runs"], frames["curves"], section)
    axes = np.reshape(figure.axes, (4, 4))
    for place, model in enumerate(section.labels):
        row, column = 2 * (place // 4), place % 4
        assert axes[row, column].get_title("left") == model
        for each, quantity in zip(axes[row : row + 2, column], ("Accuracy", "Loss"), strict=True):
            its = frames["curves"][frames["curves"]["model"] == model].groupby("Epoch")
            for line, part in zip(each.lines, ("Train", "Test"), strict=True):
                np.testing.assert_allclose(line.get_ydata(), its[f"{part}{quantity}"].mean())
    assert [each.get_visible() for each in axes[2:, 3]] == [False, False], "the eighth place is empty"
    assert [each.get_ylabel() for each in axes[:, 0]] == ["accuracy (%)", "loss (nats)"] * 2


def test_networks_are_compared_by_accuracy_size_and_time(published):
    section, frames = made("architectures", {"ResNet": "resnet18_224", "mine": "mlp_1x512"})
    arguments = (frames["runs"], frames["architectures"], published, section)
    figure, caption = drawn(architectures.figure, *arguments)
    titles = ["accuracy (%)", "parameters", "multiply-adds", "seconds an epoch"]
    assert [axes.get_title("left") for axes in figure.axes] == titles
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["ResNet", "mine"]
    (_, count), (_, work), (_, seconds) = ((axes, axes.lines) for axes in figure.axes[1:])
    assert (list(count[0].get_xdata()), list(work[0].get_xdata())) == ([1, 10], [10**5, 10**6])
    assert [line.get_xdata()[0] for line in seconds if line.get_marker() != "None"] == [5.0, 5.0]
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    said = {float(line.get_xdata()[0]) for line in stars if np.isfinite(float(line.get_xdata()[0]))}
    assert said == {99.99, 81.63}, "of ResNet alone, training and test"
    assert "after 10 epochs" in caption
    table = networks.table(**dict(zip(("runs", "architectures", "published", "section"), arguments, strict=True)))
    row = table.numbers.iloc[0]
    mean = frames["runs"][frames["runs"]["model"] == "ResNet"]["final_test_accuracy"].mean()
    assert (row["parameters"], row["multiply_adds"], row["seconds_per_epoch"]) == (1, 10**5, 5.0)
    assert (row["source_train"], row["source_test"]) == (99.99, 81.63)
    assert row["difference"] == pytest.approx(mean - 81.63)
    assert table.numbers["source_test"].isna().tolist() == [False, True]


def test_a_source_s_accuracy_of_other_data_or_size_is_not_held_against_ours(published):
    section, frames = made("networks", {"ResNet": "resnet18_224"})
    words = {"architectures": frames["architectures"], "published": published, "section": section}
    few = networks.table(runs=frames["runs"].assign(num_train=2000), **words)
    assert (few.numbers["source_test"].tolist(), few.numbers["difference"].isna().tolist()) == ([81.63], [True])
    other = networks.table(
        runs=frames["runs"], **words | {"section": replace(section, lineages={"digits": ("digits",)})}
    )
    assert other.numbers["source_test"].isna().all()


def test_the_numbers_after_ten_epochs_stand_beside_ours(published):
    section, frames = made("sources", {"ResNet": "resnet18_224", "DenseNet": "densenet_224"})
    words = {name: frames[name] for name in ("runs", "curves", "evaluations")}
    table = sources.table(**words, published=published, section=section)
    assert set(table.numbers["source"]) == {"lecture"}
    rows = table.numbers.set_index(["network", "quantity", "at"])
    curves = frames["curves"][(frames["curves"]["model"] == "DenseNet") & (frames["curves"]["Epoch"] == 10)]
    row = rows.loc[("densenet_224", "test_accuracy", 10)]
    assert (row["value"], row["ours"]) == (74.58, pytest.approx(curves["TestAccuracy"].mean()))
    row = rows.loc[("densenet_224", "online_loss", 10)]
    assert (row["value"], row["ours"]) == (0.3983, pytest.approx(curves["OnlineTrainLoss"].mean()))
    assert rows.loc[("alexnet_224", "test_accuracy", 1), "size"] == "not run"
    assert (rows.loc["resnet18_224"]["size"] == "the source's").all()


def test_sizes_are_those_of_the_images_that_a_network_is_trained_on(tmp_path):
    """At the lecture's size those of the registry; at another those of its layers there."""
    for name in ("lecture-source", "lecture-digits"):
        configuration = load(name)
        found = [stage.row(each) for each in jobs.architectures_job(configuration, "training")]
        assert len(found) == 8
        for row in found:
            entry, whole = MODELS[configuration.models[row["model"]]["factory"]], name == "lecture-source"
            sizes = (row["Parameters"], row["MultiplyAdds"], row["Activations"])
            same = sizes == (entry.parameters, entry.multiply_adds, entry.activations)
            assert same == (whole and row["dataset"] == "cifar10"), row
    grey = next(row for row in found if row["dataset"] == "digits-300-grey")
    assert grey["Input"] == "1x68x68"


def test_networks_that_were_not_run_have_sizes_and_no_other_numbers(published):
    """As in what is recorded of a study that has begun."""
    section, frames = made("networks", {"ResNet": "resnet18_224", "DenseNet": "densenet_224"})
    runs = frames["runs"][frames["runs"]["model"] == "ResNet"]
    table = networks.table(runs=runs, architectures=frames["architectures"], published=published, section=section)
    row = table.numbers.set_index("model").loc["DenseNet"]
    assert (row["n"], row["parameters"], np.isnan(row["test_accuracy"])) == (0, 10, True)
    assert not table.shown.isin(["nan"]).any(axis=None)


def test_what_the_page_says_of_the_recorded_size_is_in_its_table():
    page = (CHECKOUT / "docs/studies/lecture.md").read_text(encoding="utf-8")
    said = re.findall(r"(\d+\.\d+) %", page.split("At a CPU's size")[1].split("## ")[0])
    table = pd.read_csv(CHECKOUT / "docs/results/lecture/networks.csv")
    ours = {f"{value:.1f}" for name in ("train_accuracy", "test_accuracy") for value in table[name]}
    theirs = {f"{value:.2f}" for value in table["source_test"]}
    assert len(said) >= 12
    assert set(said) <= ours | theirs
