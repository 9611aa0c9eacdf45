"""How many random labels fit: what figures and tables make of runs, and which learning rate a network is given."""

import math
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from test_every_section import frames_of, section_of

from rethinking.outcomes import capacity as outcome
from rethinking.outcomes.learning_rates import by_rate
from rethinking.plotting import capacity, learning_rates, steps_to_fit
from rethinking.plotting.registry import FIGURES
from rethinking.reporting import labels_fitted, steps_by_setting
from rethinking.reporting.formats import text_of
from rethinking.reporting.registry import TABLES
from rethinking.sections import PanelRuns, Section

WIDTHS, IMAGES, SEEDS = {"narrow": 610, "wide": 38_410}, (100, 400, 1600), (0, 1, 2)
SETTINGS = ("true_labels", "random_labels-1.0", "random_pixels")
ALLOWED = 12 * 25


def steps_of(model: str, images: int, corruption: str, seed: int) -> float:
    """Made up: the wide network fits all, the narrow one 100 images, and 400 with one seed of three."""
    if model == "narrow" and (images == 1600 or (images == 400 and seed)):
        return math.nan
    return (
        {"true_labels": 10.0, "random_labels-1.0": 20.0, "random_pixels": 15.0}[corruption]
        * images
        / 100
        * (1 + 0.1 * seed)
    )


def section(panel: str, models: tuple[str, ...], corruptions: tuple[str, ...]) -> Section:
    groups = tuple(
        PanelRuns("capacity", panel, "", f"digits-{images}", "same", models, corruptions) for images in IMAGES
    )
    name, entry = {"sizes": ("capacity", FIGURES["capacity"]), "settings": ("steps_to_fit", FIGURES["steps_to_fit"])}[
        panel
    ]
    made = section_of(name, entry, SEEDS).to_json()
    settings = {"same": {model: {"epochs": 12, "steps_per_epoch": 25, "learning_rate": 0.1} for model in models}}
    changed = {"labels": {model: f"MLP {model}" for model in models}, "settings": settings}
    changed |= {"fit_criterion": "accuracy_100"}
    return Section.from_json(made | changed | {"groups": [vars(group) for group in groups]})


def runs_of(section: Section) -> pd.DataFrame:
    """Runs of the section, with accuracies of 55 % where they do not fit."""
    runs = frames_of(section)["runs"]
    images = runs["dataset"].str.removeprefix("digits-").astype(int)
    steps = [steps_of(*row) for row in zip(runs["model"], images, runs["corruption"], runs["seed"], strict=True)]
    fitted = ~np.isnan(steps)
    return runs.assign(
        num_train=images, num_parameters=runs["model"].map(WIDTHS), num_classes=10, accuracy_100_step=steps,
        final_train_accuracy=np.where(fitted, 100.0, 55.0), final_train_loss=np.where(fitted, 0.001, 1.5),
    )  # fmt: skip


@pytest.fixture(scope="module")
def sizes() -> tuple[Section, pd.DataFrame]:
    of_sizes = section("sizes", tuple(WIDTHS), ("random_labels-1.0",))
    return of_sizes, runs_of(of_sizes)


@pytest.fixture(scope="module")
def settings() -> tuple[Section, pd.DataFrame]:
    of_settings = section("settings", ("wide",), SETTINGS)
    return of_settings, runs_of(of_settings)


ARCHITECTURES = pd.DataFrame({"Input": ["1x8x8", "1x8x8"]})


# The numbers ----------------------------------------------------------------------------------------------------------


def test_a_cell_tells_runs_that_fitted_from_those_that_ran_out_of_steps(sizes):
    cells = outcome.cells(outcome.rows_of_panel(sizes[1], sizes[0], "sizes")).set_index(["model", "dataset"])
    assert cells["runs"].tolist() == [3] * 6
    assert cells["fitted"].to_dict() == {
        ("narrow", "digits-100"): 3, ("narrow", "digits-400"): 1, ("narrow", "digits-1600"): 0,
        ("wide", "digits-100"): 3, ("wide", "digits-400"): 3, ("wide", "digits-1600"): 3,
    }  # fmt: skip
    assert cells["accuracy"]["narrow", "digits-400"] == pytest.approx((100 + 55 + 55) / 3)
    assert cells["steps"]["wide", "digits-400"] == pytest.approx(80 * 1.1)
    assert np.isnan(cells["steps"]["narrow", "digits-1600"])


def test_theorem_1_s_network_of_2n_plus_d_parameters_holds_n_points():
    assert outcome.of_theorem(2 * 50 + 64, 64) == 50
    assert outcome.num_inputs(pd.DataFrame({"Input": ["3x28x28"]})) == 2352


def test_who_guesses_knows_no_label_and_who_has_all_right_knows_all():
    rows = pd.DataFrame({"num_train": 1000, "num_classes": [10, 10, 2], "final_train_accuracy": [10.0, 100.0, 75.0]})
    assert outcome.beyond_guessing(rows).tolist() == pytest.approx([0, 1000, 500])


def test_the_table_by_size_has_means_intervals_and_how_many_fitted(sizes):
    table = labels_fitted.by_size(runs=sizes[1], section=sizes[0])
    numbers = table.numbers.set_index(["model", "num_train"])
    wide = numbers.loc["wide", 400]
    assert (wide["fitted"], wide["runs"], wide["accuracy"]) == (3, 3, 100)
    half = 4.302652729911275 * 8 / math.sqrt(3)  # Student's t of three; the steps are 80, 88 and 96
    assert (wide["steps"], wide["steps_low"], wide["steps_high"]) == pytest.approx((88, 88 - half, 88 + half))
    assert numbers.loc["narrow", 400]["fitted"] == 1
    assert np.isnan(numbers.loc["narrow", 1600]["steps"])
    assert "0 of 3" in text_of(table, ".md")
    assert f"at most {ALLOWED} steps" in text_of(table, ".md")


def test_the_table_by_network_names_the_most_images_that_each_fits(sizes):
    table = labels_fitted.of_networks(runs=sizes[1], architectures=ARCHITECTURES, section=sizes[0])
    narrow, wide = table.numbers.to_dict("records")
    assert (narrow["every_seed"], narrow["some_seed"], narrow["learning_rate"]) == (100, 400, 0.1)
    assert (wide["every_seed"], wide["some_seed"]) == (1600, 1600)
    assert narrow["beyond_guessing"] == pytest.approx(1600 * (0.55 - 0.1) / 0.9)
    assert narrow["parameters_a_label"] == pytest.approx(610 / 800)
    assert (narrow["an_output_each"], narrow["theorem"]) == (61, (610 - 64) / 2)


def test_steps_are_held_against_true_labels_and_the_size_before_seed_by_seed(settings):
    numbers = steps_by_setting.table(runs=settings[1], section=settings[0]).numbers
    rows = numbers.set_index(["corruption", "num_train"])
    assert rows.loc["random_labels-1.0", 400]["by_true_labels"] == pytest.approx(2)
    assert rows.loc["random_labels-1.0", 400]["by_size_before"] == pytest.approx(4)
    assert rows.loc["random_labels-1.0", 400]["by_size_before_low"] == pytest.approx(4)
    assert np.isnan(rows.loc["random_pixels", 100]["by_size_before"])
    assert numbers["corruption"].unique().tolist() == list(SETTINGS)


def test_runs_that_are_not_there_are_not_counted_as_runs_that_did_not_fit(settings):
    section, runs = settings
    last = (runs["corruption"] == "random_labels-1.0") & (runs["seed"] == runs["seed"].max())
    numbers = steps_by_setting.table(runs=runs[~last], section=section).numbers
    counts = numbers.groupby("corruption")["runs"].unique()
    assert counts["random_labels-1.0"].tolist() == [runs["seed"].nunique() - 1]
    assert counts["true_labels"].tolist() == [runs["seed"].nunique()]


def test_a_run_that_diverged_is_no_mean_s_and_has_not_fitted(sizes):
    section, runs = sizes
    ill = (runs["model"] == "wide") & (runs["num_train"] == 100) & (runs["seed"] == 0)
    changed = runs.assign(
        stopped_by=np.where(ill, "diverged", runs["stopped_by"]),
        accuracy_100_step=runs["accuracy_100_step"].mask(ill),
        final_train_accuracy=runs["final_train_accuracy"].mask(ill, 9.0),
    )
    table = labels_fitted.by_size(runs=changed, section=section)
    row = table.numbers.set_index(["model", "num_train"]).loc["wide", 100]
    assert (row["fitted"], row["runs"], row["accuracy"]) == (2, 3, 100)
    assert "1 of 18 runs diverged" in " ".join(table.notes)


# Which rate -----------------------------------------------------------------------------------------------------------


def rates(scores: dict[float, list[tuple[float, float, str]]]) -> tuple[Section, pd.DataFrame]:
    """Runs of one network at several rates, each on two data sets with its accuracy, loss and end."""
    groups = tuple(
        PanelRuns("chosen_rates", "rates", "", f"digits-{place}", f"rate-{rate}", ("wide",), ("random_labels-1.0",))
        for place in range(2)
        for rate in scores
    )
    settings = {f"rate-{rate}": {"wide": {"learning_rate": rate}} for rate in scores}
    made = Section(configuration="made-up", name="chosen_rates", size=(4.6, 3.4), seeds=(100,), groups=groups,
                   dataset="digits-0", dataset_labels={"digits-0": "digits"}, labels={"wide": "MLP"}, settings=settings,
                   fit_criterion="accuracy_100")  # fmt: skip
    values = {
        (f"digits-{place}", f"rate-{rate}"): each for rate, every in scores.items() for place, each in enumerate(every)
    }
    runs = frames_of(made)["runs"]
    named = [values[name] for name in zip(runs["dataset"], runs["recipe"], strict=True)]
    columns = ("final_train_accuracy", "final_train_loss", "stopped_by")
    return made, runs.assign(**dict(zip(columns, zip(*named, strict=True), strict=True)))


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ({0.01: [(100, 0.1, "epochs"), (40, 1.5, "epochs")], 0.1: [(90, 0.2, "epochs"), (60, 1, "epochs")]}, 0.1),
        ({0.01: [(100, 0.2, "epochs"), (100, 0.2, "epochs")], 0.1: [(100, 0.1, "epochs"), (100, 0.2, "epochs")]}, 0.1),
        ({0.01: [(30, 2, "epochs"), (30, 2, "epochs")], 0.1: [(100, 0.1, "epochs"), (99, 9, "diverged")]}, 0.01),
        ({0.01: [(9, 9, "diverged"), (9, 9, "diverged")]}, None),
    ],
    ids=["by mean accuracy over data sets", "of equal ones by loss", "never one that diverges", "none"],
)
def test_the_rate_is_chosen_by_training_accuracy(scores, chosen):
    section, runs = rates(scores)
    found = by_rate(runs, section)
    assert found.loc[found["chosen"], "learning_rate"].tolist() == ([] if chosen is None else [chosen])
    blind = runs.assign(**{column: np.nan for column in runs if "test" in column})
    pd.testing.assert_frame_equal(by_rate(blind, section), found)


def test_the_star_of_the_figure_and_the_yes_of_the_table_are_at_the_chosen_rate():
    section, runs = rates({0.01: [(20, 2, "epochs")] * 2, 0.1: [(60, 1, "epochs")] * 2, 1.0: [(10, 3, "epochs")] * 2})
    (axes,) = learning_rates.figure(runs, section)[0].axes
    (star,) = (line for line in axes.lines if line.get_marker() == "*" and len(np.asarray(line.get_xdata())))
    assert (list(star.get_xdata()), list(star.get_ydata())) == ([0.1], [60])
    shown = TABLES["chosen_rates"].load()(runs=runs, section=section).shown
    assert shown[["rate", "chosen"]].to_numpy().tolist() == [["0.01", ""], ["0.1", "yes"], ["1", ""]]


# The figures ----------------------------------------------------------------------------------------------------------


def words_in(figure: Figure, place: int) -> list[str]:
    return [text.get_text() for text in figure.axes[place].texts]


def test_every_cell_of_the_maps_has_its_number_or_says_who_did_not_fit(sizes):
    drawn, caption = capacity.figure(sizes[1], ARCHITECTURES, sizes[0])
    assert sorted(words_in(drawn, 0)) == sorted(["100", "70", "55", "100", "100", "100"])
    assert sorted(words_in(drawn, 1)) == sorted(["22", "1/3", "×", "22", "88", "352"])
    assert "5 of 18 runs did not get there" in caption
    assert "theorem 1's network, which is another one" in caption
    assert f"at most {ALLOWED} steps" in caption
    assert "MLP narrow, MLP wide" in caption


def test_the_cells_lie_at_their_parameters_and_images(sizes):
    drawn, _ = capacity.figure(sizes[1], ARCHITECTURES, sizes[0])
    (mesh,) = (each for each in drawn.axes[0].collections if isinstance(each, QuadMesh))
    corners = np.asarray(mesh.get_coordinates())
    across, up = corners[0, :, 0], corners[:, 0, 1]
    for low, value, high in zip(across, sorted(WIDTHS.values()), across[1:], strict=False):
        assert low < value < high
    for low, value, high in zip(up, IMAGES, up[1:], strict=False):
        assert low < value < high


def test_the_lines_are_a_tenth_of_the_parameters_and_theorem_1_s_and_stay_in_the_map(sizes):
    drawn, _ = capacity.figure(sizes[1], ARCHITECTURES, sizes[0])
    for axes in drawn.axes[:2]:
        tenth, theorem = axes.lines
        np.testing.assert_allclose(tenth.get_ydata(), np.asarray(tenth.get_xdata()) / 10)
        np.testing.assert_allclose(2 * np.asarray(theorem.get_ydata()) + 64, theorem.get_xdata())
        for line in axes.lines:
            low, high = axes.get_ylim()
            assert low <= min(line.get_ydata()) <= max(line.get_ydata()) <= high


def test_numbers_can_be_read_on_every_colour_of_the_maps():
    for name in ("cividis", "cividis_r"):
        for shade in matplotlib.colormaps[name](np.linspace(0, 1, 50)):
            white = float(np.mean(shade[:3])) < capacity.DARK
            assert contrast(1.0 if white else 0.0, shade[:3]) >= 4.5, (name, shade)


def contrast(grey: float, colour: Any) -> float:
    """Of a grey text on a colour, by WCAG's formula."""
    linear = [
        np.where((c := np.asarray(each)) <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        for each in ([grey] * 3, colour)
    ]
    bright, dark = sorted((float(each @ [0.2126, 0.7152, 0.0722]) for each in linear), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_a_map_of_runs_none_of_which_fitted_is_drawn_as_well(sizes):
    section, runs = sizes
    drawn, _ = capacity.figure(runs.assign(accuracy_100_step=np.nan), ARCHITECTURES, section)
    assert words_in(drawn, 1) == ["×"] * 6


def test_all_but_a_few_labels_are_not_100_percent():
    assert [capacity.percent(each) for each in (55.4, 99.4, 99.93, 100.0)] == ["55", "99", ">99", "100"]


SHORT = {610: "610", 1_250: "1.2k", 9_999: "10k", 18_914: "19k", 999_600: "1.0M", 4_839_434: "4.8M"}


@pytest.mark.parametrize(("number", "text"), SHORT.items())
def test_parameters_are_written_short(number, text):
    assert capacity.short(number) == text


def test_lines_of_steps_are_where_every_seed_fitted_and_marks_where_one_did_not(settings):
    section, runs = settings
    late = (runs["corruption"] == "random_pixels") & (runs["num_train"] == 1600) & (runs["seed"] == 1)
    drawn, caption = steps_to_fit.figure(runs.assign(accuracy_100_step=runs["accuracy_100_step"].mask(late)), section)
    lines = [line for line in drawn.axes[0].lines if line.get_marker() not in ("None", "^", None)]
    assert [list(line.get_xdata()) for line in lines] == [[100, 400, 1600], [100, 400, 1600], [100, 400]]
    assert list(lines[1].get_ydata()) == pytest.approx([22, 88, 352])
    marks = [line for line in drawn.axes[0].lines if line.get_marker() == "^" and len(np.asarray(line.get_xdata()))]
    assert [list(line.get_ydata()) for line in marks] == [[ALLOWED]]
    assert "1 of 27 runs did not fit in their steps" in caption
