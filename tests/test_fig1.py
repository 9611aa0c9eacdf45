"""Figure 1: what it shows is what the tables say, and the files are fit to print."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Bbox
from shown import assert_texts_can_be_read, shown_texts
from synthetic_tables import LEVELS, MODELS, SETTINGS, section, tables

from rethinking.config import CHECKOUT
from rethinking.names import split_corruption
from rethinking.plotting import fig1
from rethinking.plotting.layout import wrap
from rethinking.plotting.registry import FIGURES
from rethinking.plotting.style import SMALL, model_styles, save, setting_styles, style
from rethinking.published import PAPER
from rethinking.sections import Section
from rethinking.stages.frames import read_published

WORKFLOW = Path(fig1.__file__).parents[2]
NOTE = "The learning rate is multiplied by 0.95 every 391 steps, so that a small set is trained like a large one."
SIX_MODELS = {
    **MODELS,
    "mlp_3x512": "MLP 3\u00d7512",
    "inception_without_bn": "Inception w/o BN",
    "inception-w0.25": "Inception, quarter width",
}
UNFIT = {
    ("alexnet", "random_labels-0.6", 0),
    ("alexnet", "random_labels-0.6", 1),
    ("alexnet", "random_labels-0.6", 2),
    ("alexnet", "random_labels-1.0", 1),
    ("mlp_1x512", "random_labels-0.8", 2),
}
DIVERGED = {("inception", "random_labels-1.0", 2), ("inception", "random_pixels", 1)}
CASES = {
    "all fit": {"seeds": [0, 1]},
    "one seed": {"seeds": [0]},
    "some do not": {"seeds": [0, 1, 2], "unfit": UNFIT, "diverged": DIVERGED},
    "true labels do not": {"seeds": [0, 1], "unfit": {("mlp_1x512", "true_labels", 1)}},
    "many models": {"seeds": [0, 1, 2, 3, 4], "models": SIX_MODELS, "unfit": UNFIT, "diverged": DIVERGED},
}


def drawn(seeds: list[int], models: dict[str, str] | None = None, **other: set) -> SimpleNamespace:
    """Tables, section, figure and caption of one case, and the rows that panels (b) and (c) show."""
    runs, curves = tables(seeds, models=models, **other)
    configuration = section(seeds, models, note=NOTE)
    figure, caption = fig1.figure(runs, curves, configuration)
    figure.canvas.draw()
    shown = runs[runs["corruption"].isin(LEVELS) & runs["seed"].isin(seeds)]
    return SimpleNamespace(
        runs=runs, curves=curves, section=configuration, figure=figure, axes=figure.axes, caption=caption, shown=shown
    )


@pytest.fixture(scope="module")
def cases() -> dict[str, SimpleNamespace]:
    with style():
        return {name: drawn(**arguments) for name, arguments in CASES.items()}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two folders that two processes wrote, the second under another hash seed and the user's own matplotlibrc."""
    folder = tmp_path_factory.mktemp("fig1")
    for name, table in zip(("runs", "curves"), tables([0, 1, 2], UNFIT, DIVERGED), strict=True):
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "matplotlibrc").write_text("font.size: 20\naxes.grid: False\nsavefig.bbox: tight\npdf.fonttype: 3\n")
    program = (
        "import sys\n"
        "from rethinking.stages.figure import main\n"
        "assert not {'matplotlib', 'pandas', 'torch'} & set(sys.modules), 'importing the stage must be cheap'\n"
        "main(sys.argv[1:])\n"
        "assert not {'matplotlib.pyplot', 'torch'} & set(sys.modules)\n"
    )
    text = json.dumps(section([0, 1, 2], note=NOTE).to_json(), sort_keys=True)
    processes = []
    for place, extra in enumerate(({}, {"MATPLOTLIBRC": str(folder)})):
        out = [str(folder / str(place) / f"fig1.{suffix}") for suffix in ("pdf", "svg")]
        command = [sys.executable, "-W", "error", "-c", program, "--figure", "fig1", "--section", text]
        environment = {**os.environ, "PYTHONPATH": str(WORKFLOW), "PYTHONHASHSEED": str(place), **extra}
        processes.append(subprocess.Popen([*command, "--frames", str(folder), "--out", *out], env=environment))
    assert [process.wait() for process in processes] == [0, 0]
    return [folder / "0", folder / "1"]


def of_colour(axes: Axes, colour: str, marker: str | None = None) -> list[Line2D]:
    """The lines of an axes in a colour; with `marker`, those that show only this marker."""
    lines = [line for line in axes.lines if colour in (line.get_color(), line.get_markeredgecolor())]
    return [line for line in lines if line.get_marker() == marker] if marker else lines


def bands(axes: Axes) -> list[PolyCollection]:
    return [artist for artist in axes.collections if isinstance(artist, PolyCollection)]


# Files


def test_pdf_holds_embedded_truetype_fonts_and_no_other(files: list[Path]) -> None:
    fonts = []
    for page in pypdf.PdfReader(files[0] / "fig1.pdf").pages:
        for font in page["/Resources"]["/Font"].values():
            below = font.get_object().get("/DescendantFonts", [font])
            fonts += [each.get_object() for each in below]
    assert fonts
    assert {font["/Subtype"] for font in fonts} <= {"/TrueType", "/CIDFontType2"}
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)


def test_files_are_vector_graphics(files: list[Path]) -> None:
    reader = pypdf.PdfReader(files[0] / "fig1.pdf")
    assert not [page for page in reader.pages if list(page.images)]
    kinds = {
        each.get_object().get("/Subtype") for page in reader.pages for each in page["/Resources"]["/XObject"].values()
    }
    assert "/Image" not in kinds
    svg = (files[0] / "fig1.svg").read_text()
    assert "<image" not in svg
    assert "<text" not in svg, "a report shows the SVG where it cannot load a font"


@pytest.mark.parametrize("name", ["fig1.pdf", "fig1.svg", "fig1.txt"])
def test_two_processes_write_equal_bytes_whatever_the_user_configured(files: list[Path], name: str) -> None:
    assert (files[0] / name).read_bytes() == (files[1] / name).read_bytes()


def test_the_page_has_the_configured_width(files: list[Path]) -> None:
    assert float(pypdf.PdfReader(files[0] / "fig1.pdf").pages[0].mediabox.width) == pytest.approx(7.2 * 72)


def test_the_stage_leaves_no_other_file(files: list[Path]) -> None:
    assert sorted(path.name for path in files[0].iterdir()) == ["fig1.pdf", "fig1.svg", "fig1.txt"]


def test_a_raster_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"fig1\.png: figures are written as \.pdf or \.svg"):
        save(Figure(), tmp_path / "fig1.png")
    assert not list(tmp_path.iterdir())


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    before = dict(matplotlib.rcParams)
    fig1.figure(*tables([0]), section([0]))
    assert dict(matplotlib.rcParams) == before


# Numbers


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("panel", "value"), [(1, "relative_time"), (2, "test_error_at_fit")])
def test_mean_lines_and_bands_equal_those_computed_by_hand(
    cases: dict[str, SimpleNamespace], name: str, panel: int, value: str
) -> None:
    case = cases[name]
    models = case.section.only("corruption_levels").models
    for model, look in model_styles(models).items():
        band = [band for band in bands(case.axes[panel]) if same_color(band.get_facecolor()[0, :3], look.colour)]
        line = next(line for line in of_colour(case.axes[panel], look.colour) if line.get_linestyle() != "None")
        for level, mean in zip(*line.get_data(), strict=True):
            cells = case.shown[(case.shown["model"] == model) & (case.shown["level"] == level)][value].dropna()
            assert mean == pytest.approx(sum(cells) / len(cells) if len(cells) else np.nan, nan_ok=True)
            if len(cells) > 1:
                corners = np.concatenate([path.vertices for path in band[0].get_paths()])
                heights = corners[np.isclose(corners[:, 0], level), 1]
                assert (heights.min(), heights.max()) == pytest.approx((min(cells), max(cells)))
        assert list(line.get_xdata()) == [0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_learning_curves_are_means_of_the_online_loss_while_all_seeds_run(cases: dict[str, SimpleNamespace]) -> None:
    case = cases["all fit"]
    for setting, look in setting_styles(SETTINGS).items():
        line = of_colour(case.axes[0], look.colour, look.marker)[0]
        curves = case.curves[(case.curves["model"] == "inception") & (case.curves["corruption"] == setting)]
        first, second = (curves[curves["seed"] == seed].set_index("Step")["OnlineTrainLoss"] for seed in (0, 1))
        shortest = min(first.index[-1], second.index[-1])
        expected = (first.loc[:shortest] + second.loc[:shortest]) / 2
        assert line.get_xdata() == pytest.approx(expected.index)
        assert line.get_ydata() == pytest.approx(expected.to_numpy())


def test_a_seed_that_trains_longer_goes_on_as_a_thin_line(cases: dict[str, SimpleNamespace]) -> None:
    case = cases["all fit"]
    look = setting_styles(SETTINGS)["random_labels-1.0"]
    curves = case.curves[(case.curves["model"] == "inception") & (case.curves["corruption"] == "random_labels-1.0")]
    ends = curves[curves["seed"] != 99].groupby("seed")["Step"].max()
    assert ends.min() < ends.max()
    mean, thin = of_colour(case.axes[0], look.colour)
    assert thin.get_linewidth() < mean.get_linewidth()
    assert (thin.get_xdata()[0], thin.get_xdata()[-1]) == (ends.min(), ends.max())
    assert list(thin.get_ydata()) == list(
        curves[(curves["seed"] == ends.idxmax()) & (curves["Step"] >= ends.min())]["OnlineTrainLoss"]
    )
    assert "Thin lines in (a)" in case.caption
    assert "Thin lines" not in cases["one seed"].caption


def test_long_trainings_are_counted_in_thousand_steps() -> None:
    runs, curves = tables([0])
    curves["Step"] *= 100
    axes = fig1.figure(runs, curves, section([0]))[0].axes[0]
    assert axes.get_xlabel() == "thousand training steps"
    assert axes.lines[0].get_xdata()[0] == pytest.approx(2.3)


@pytest.mark.parametrize("name", ["some do not", "true labels do not", "many models"])
@pytest.mark.parametrize(("panel", "column"), [(1, "relative_time_bound"), (2, "final_test_error")])
def test_runs_that_did_not_fit_are_open_marks_where_the_table_says(
    cases: dict[str, SimpleNamespace], name: str, panel: int, column: str
) -> None:
    case = cases[name]
    for model, look in model_styles(case.section.only("corruption_levels").models).items():
        of_model = case.shown[(case.shown["model"] == model) & case.shown["censored"]].dropna(subset=column)
        for diverged in (False, True):
            expected = of_model[(of_model["stopped_by"] == "diverged") == diverged]
            marker = "x" if diverged else "^" if panel == 1 else look.marker
            (marks,) = [
                line for line in of_colour(case.axes[panel], look.colour, marker) if line.get_linestyle() == "None"
            ]
            assert marks.get_markerfacecolor() == "none"
            found = [point for point in zip(*marks.get_data(), strict=True) if not np.isnan(point[1])]
            assert sorted(found) == sorted(zip(expected["level"], expected[column], strict=True))


def test_a_level_at_which_no_run_fitted_is_a_gap_in_the_line(cases: dict[str, SimpleNamespace]) -> None:
    look = model_styles(list(MODELS))["alexnet"]
    for axes in cases["some do not"].axes[1:]:
        line = next(line for line in of_colour(axes, look.colour) if line.get_linestyle() != "None")
        assert list(np.isnan(line.get_ydata())) == [False, False, False, True, False, False]


def test_a_diverged_run_ends_in_a_cross_and_stretches_no_axis(cases: dict[str, SimpleNamespace]) -> None:
    axes = cases["some do not"].axes[0]
    for setting in ("random_labels-1.0", "random_pixels"):
        (cross,) = of_colour(axes, setting_styles(SETTINGS)[setting].colour, "x")
        assert axes.get_ylim()[0] < cross.get_ydata()[0] <= axes.get_ylim()[1]
    assert axes.get_ylim()[1] < 3


@pytest.mark.parametrize("loss", [np.nan, np.inf, 1e30])
def test_a_figure_of_runs_that_all_diverged_is_drawn_all_the_same(tmp_path: Path, loss: float) -> None:
    every = {(model, corruption, 0) for model in MODELS for corruption in {*LEVELS, *SETTINGS}}
    runs, curves = tables([0], diverged=every)
    runs[["final_test_error", "final_test_accuracy"]] = np.nan
    figure, caption = fig1.figure(runs, curves.assign(OnlineTrainLoss=loss), section([0]))
    save(figure, tmp_path / "fig1.pdf")
    assert "21 runs, 21 of which diverged." in caption
    assert "(b) lacks 18 runs" in caption


def test_a_seed_without_a_time_on_true_labels_has_no_relative_times_but_test_errors(
    cases: dict[str, SimpleNamespace],
) -> None:
    case = cases["true labels do not"]
    look = model_styles(list(MODELS))["mlp_1x512"]
    rows = case.shown[case.shown["model"] == "mlp_1x512"]
    assert rows[rows["seed"] == 1]["relative_time"].isna().all()
    line = next(line for line in of_colour(case.axes[1], look.colour) if line.get_linestyle() != "None")
    assert list(line.get_ydata()) == list(rows[rows["seed"] == 0].sort_values("level")["relative_time"])
    assert "(b) lacks 6 runs" in case.caption


@pytest.mark.parametrize("num_classes", [10, 100])
def test_chance_line_is_the_error_of_a_guess(num_classes: int) -> None:
    runs, curves = tables([0])
    axes = fig1.figure(runs.assign(num_classes=num_classes), curves, section([0]))[0].axes[2]
    (line,) = [line for line in axes.lines if len(set(line.get_ydata())) == 1 and line.is_dashed()]
    assert set(line.get_ydata()) == {1 - 1 / num_classes}
    assert "chance" in {text.get_text() for text in axes.texts}


def test_times_far_apart_get_a_logarithmic_axis_and_a_word_about_it(cases: dict[str, SimpleNamespace]) -> None:
    for case in cases.values():
        far = case.shown[["relative_time", "relative_time_bound"]].max(axis=None) > 8
        assert case.axes[1].get_yscale() == ("log" if far else "linear")
        assert ("(b) is logarithmic" in case.caption) == far
        assert case.axes[2].get_yscale() == "linear"


def test_rows_of_other_runs_change_nothing(cases: dict[str, SimpleNamespace]) -> None:
    case = cases["all fit"]
    others = [
        case.runs.assign(**{key: value}) for key, value in (("dataset", "cifar10"), ("recipe", "paper"), ("seed", 7))
    ]
    for other in others:
        other[["relative_time", "test_error_at_fit"]] *= 2
    figure, caption = fig1.figure(pd.concat([*others, case.runs]), case.curves, case.section)
    assert caption == case.caption
    for axes, before in zip(figure.axes, case.axes, strict=True):
        for line, line_before in zip(axes.lines, before.lines, strict=True):
            assert np.array_equal(line.get_xydata(), line_before.get_xydata(), equal_nan=True)


# Words


@pytest.mark.parametrize("name", CASES)
def test_legends_name_every_model_and_setting_with_its_look(cases: dict[str, SimpleNamespace], name: str) -> None:
    case = cases[name]
    left, right = case.figure.legends
    words = ["true labels", "shuffled pixels", "random pixels", "Gaussian", "random labels"]
    assert [text.get_text() for text in left.get_texts()] == words
    models = case.section.only("corruption_levels").models
    labels = [text.get_text() for text in right.get_texts()]
    assert labels[: len(models)] == [case.section.labels[model] for model in models]
    outcomes = set(fig1.outcomes(case.shown))
    assert labels[len(models) :] == [
        word for word, outcome in (("did not fit", "unfit"), ("diverged", "diverged")) if outcome in outcomes
    ]
    looks = [*setting_styles(SETTINGS).values(), *model_styles(models).values()]
    handles = [*left.legend_handles, *right.legend_handles[: len(models)]]
    assert [(handle.get_color(), handle.get_marker()) for handle in handles] == [(k.colour, k.marker) for k in looks]


def test_axes_speak_the_words_of_the_paper(cases: dict[str, SimpleNamespace]) -> None:
    loss, time, error = cases["all fit"].axes
    assert [axes.get_title(loc="left")[:3] for axes in (loss, time, error)] == ["(a)", "(b)", "(c)"]
    assert loss.get_ylabel() == "average training loss\nof Inception"
    assert time.get_ylabel().replace("\n", " ") == "time to fit, relative to true labels"
    assert error.get_ylabel() == "test error"
    assert time.get_xlabel() == error.get_xlabel() == "label corruption"


@pytest.mark.parametrize("name", CASES)
def test_the_caption_stands_in_the_figure_word_for_word(cases: dict[str, SimpleNamespace], name: str) -> None:
    case = cases[name]
    assert case.caption in {text.get_text().replace("\n", " ") for text in case.figure.texts}
    assert case.caption.endswith(NOTE)
    assert "scikit-learn digits, 1,437 training and 360 test images, 10 classes" in case.caption
    assert "the training accuracy first reaches 100 %" in case.caption


@pytest.mark.parametrize("name", CASES)
def test_the_caption_counts_the_runs(cases: dict[str, SimpleNamespace], name: str) -> None:
    case = cases[name]
    first = case.section.only("learning_curves").models[0]
    in_a = (case.runs["model"] == first) & case.runs["corruption"].isin(SETTINGS)
    rows = case.runs[(in_a | case.runs["corruption"].isin(LEVELS)) & case.runs["seed"].isin(case.section.seeds)]
    diverged = sum(rows["stopped_by"] == "diverged")
    unfit = sum(rows["censored"]) - diverged
    its = f"{unfit} of which did not fit within {'its' if unfit == 1 else 'their'} epochs"
    words = {
        (False, False): "all of which fitted",
        (True, False): its,
        (False, True): f"{diverged} of which diverged",
        (True, True): f"{its} and {diverged} diverged",
    }
    assert f"{len(rows)} runs, {words[unfit > 0, diverged > 0]}." in case.caption


def test_one_seed_has_no_band_and_claims_none(cases: dict[str, SimpleNamespace]) -> None:
    assert not [band for axes in cases["one seed"].axes for band in bands(axes)]
    assert "One seed (0)." in cases["one seed"].caption
    assert "band" not in cases["one seed"].caption
    assert "Lines: means over 2 seeds (0, 1); bands: lowest to highest seed." in cases["all fit"].caption
    assert [len(bands(axes)) for axes in cases["all fit"].axes] == [5, 3, 3]


def test_a_run_that_is_not_in_the_table_is_named() -> None:
    runs, curves = tables([0])
    runs = runs[(runs["model"] != "alexnet") | (runs["corruption"] != "random_labels-0.4")]
    with pytest.raises(
        ValueError,
        match=r"^configuration digits, panel corruption_levels: .* digits/alexnet/random_labels-0\.4/small/0",
    ):
        fig1.figure(runs, curves, section([0]))


def with_panel(given: Section, panel: str, **changes: Any) -> Section:
    """The section with something else of the group of one panel."""
    groups = [replace(each, **changes) if each.panel == panel else each for each in given.groups]
    return replace(given, groups=tuple(groups))


def test_learning_curves_of_two_models_are_refused() -> None:
    configuration = with_panel(section([0]), "learning_curves", models=("inception", "alexnet"))
    with pytest.raises(ValueError, match="configuration digits, panel learning_curves: shows one model"):
        fig1.figure(*tables([0]), configuration)


def test_each_learning_curve_is_of_the_recipe_of_its_group() -> None:
    runs, curves = tables([0])
    whole = section([0])
    [first] = whole.of("learning_curves")
    short = replace(first, name="short", recipe="brief", corruptions=SETTINGS[1:])
    levels = whole.of("corruption_levels")
    groups = (replace(first, name="long", corruptions=SETTINGS[:1]), short, *levels)
    brief = [each.assign(recipe="brief") for each in (runs, curves[curves["Epoch"] <= 7])]
    figure, caption = fig1.figure(
        *(pd.concat(pair) for pair in zip((runs, curves), brief, strict=True)), replace(whole, groups=groups)
    )
    others = "shuffled pixels, random pixels, Gaussian, random labels"
    assert f"as it runs. Its recipes: small (true labels); brief ({others}). (b)" in caption
    of_true_labels = (curves["model"] == first.models[0]) & (curves["corruption"] == SETTINGS[0])
    whole_curve = curves[of_true_labels & (curves["seed"] == 0)]
    assert len(whole_curve) > 7
    for name, look in setting_styles(SETTINGS).items():
        [line] = (line for line in figure.axes[0].lines if line.get_color() == look.colour)
        assert len(line.get_xdata()) == (len(whole_curve) if name == SETTINGS[0] else 7), name


@pytest.mark.parametrize("extra", ["random_pixels", "shuffled_labels-0.4"])
def test_two_corruptions_of_one_level_are_never_averaged(extra: str) -> None:
    runs, curves = tables([0])
    new = runs[runs["corruption"] == "random_labels-0.4"].assign(corruption=extra, level=split_corruption(extra)[1])
    configuration = with_panel(section([0]), "corruption_levels", corruptions=(*LEVELS, extra))
    runs = pd.concat([runs[runs["corruption"] != extra], new])
    configuration = with_panel(configuration, "learning_curves", corruptions=("true_labels",))
    with pytest.raises(ValueError, match="configuration digits, panel corruption_levels: needs one corruption a level"):
        fig1.figure(runs, curves, configuration)


# Looks


@pytest.mark.parametrize("name", CASES)
def test_no_text_is_cut_off_or_touches_another(cases: dict[str, SimpleNamespace], name: str) -> None:
    figure = cases[name].figure
    assert len(shown_texts(figure)) > 30
    assert_texts_can_be_read(figure)


@pytest.mark.parametrize("name", CASES)
def test_legends_and_words_cover_no_data(cases: dict[str, SimpleNamespace], name: str) -> None:
    figure, axes = cases[name].figure, cases[name].axes
    for legend in figure.legends:
        assert not any(Bbox.intersection(legend.get_window_extent(), each.get_window_extent()) for each in axes)
        assert not any(Bbox.intersection(legend.get_window_extent(), each.title.get_window_extent()) for each in axes)
    (chance,) = axes[2].texts
    for line in axes[2].lines:
        assert (
            not line.get_transform().transform_path(line.get_path()).intersects_bbox(chance.get_window_extent(), False)
        )


@pytest.mark.parametrize("name", CASES)
def test_panels_keep_their_height_under_a_long_caption(cases: dict[str, SimpleNamespace], name: str) -> None:
    width, height = cases[name].figure.get_size_inches()
    assert width == pytest.approx(7.2)
    assert all(axes.get_position().height * height > 1.29 for axes in cases[name].axes)


def perceived(colour: str, vision: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of a colour as seen through a 3x3 matrix on linear RGB."""
    value = np.array(to_rgb(colour))
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(vision @ linear, 0, 1) / to_xyz.sum(axis=1)
    cube = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * cube[1] - 16, 500 * (cube[0] - cube[1]), 200 * (cube[1] - cube[2])])


# Machado, Oliveira and Fernandes (2009), severity 1.
VISIONS = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("looks", [setting_styles(SETTINGS), model_styles(list("abcdefg"))], ids=["settings", "models"])
def test_colours_differ_for_every_kind_of_eye(vision: str, looks: dict) -> None:
    seen = [perceived(look.colour, VISIONS[vision]) for look in looks.values()]
    # A just noticeable difference is 2.3; thin lines want several of them.
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 15


@pytest.mark.parametrize(
    "looks",
    [setting_styles([*SETTINGS, *LEVELS[1:5], "human_labels-worse"]), model_styles(list("abcdefghijklmnopqrst"))],
)
def test_lines_differ_without_their_colours(looks: dict) -> None:
    shapes = [(look.marker, look.dashes) for look in looks.values()]
    assert len(set(shapes)) == len(shapes)


def test_the_five_settings_look_the_same_in_every_selection() -> None:
    assert setting_styles(["random_pixels"])["random_pixels"] == setting_styles(SETTINGS)["random_pixels"]


@given(st.lists(st.text("abcdefgh,.", min_size=1, max_size=12), min_size=1, max_size=40))
def test_wrapped_text_keeps_its_words_and_fits(words: list[str]) -> None:
    lines = wrap(" ".join(words), 120, SMALL).split("\n")
    assert " ".join(lines) == " ".join(words)
    font = FontProperties(family=["DejaVu Sans"], size=SMALL)
    widths = [text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] for line in lines]
    assert all(width <= 120 for width in widths)


# The paper's points


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(CHECKOUT / PAPER, FIGURES["fig1"].published)


def stars(axes: Axes) -> list[Line2D]:
    return [line for line in axes.lines if line.get_marker() == "*"]


PUBLISHED_AS = {name: name for name in MODELS}


@pytest.fixture(scope="module")
def overlaid(published: pd.DataFrame) -> tuple[Figure, str]:
    runs, curves = tables([0, 1])
    with style():
        figure, caption = fig1.figure(runs, curves, section([0, 1], published_as=PUBLISHED_AS), published)
        figure.canvas.draw()
    return figure, caption


def test_the_paper_s_points_of_the_levels_that_are_drawn_stand_over_ours(overlaid, published):
    for axes, source in ((overlaid[0].axes[1], "figure 1b"), (overlaid[0].axes[2], "figure 1c")):
        expected = published[(published["source"] == source) & published["corruption"].isin(LEVELS)]
        assert sorted(value for line in stars(axes) for value in line.get_ydata()) == sorted(expected["value"])
        assert len(expected) == len(MODELS) * len(LEVELS)


def test_suspect_points_are_hollow_and_no_others(overlaid):
    for axes in overlaid[0].axes[1:]:
        hollow = [line for line in stars(axes) if same_color(line.get_markerfacecolor(), "white")]
        assert [(list(line.get_xdata()), line.get_color()) for line in hollow] == [
            ([0.6], model_styles(list(MODELS))["mlp_1x512"].colour)
        ]


def test_beside_the_paper_s_errors_stand_ours_on_test_labels_corrupted_alike(overlaid):
    figure, caption = overlaid
    runs, _ = tables([0, 1])
    dotted = [line for line in figure.axes[2].lines if line.get_linewidth() == fig1.DOTTED["linewidth"]]
    dotted = [line for line in dotted if len(line.get_xdata()) > 2]
    assert len(dotted) == len(MODELS)
    for line, model in zip(dotted, MODELS, strict=True):
        rows = runs[(runs["model"] == model) & runs["seed"].isin([0, 1]) & runs["corruption"].isin(LEVELS)]
        means = rows.groupby("level")["test_error_at_fit_corrupted"].mean()
        assert line.get_ydata().tolist() == pytest.approx(means.tolist())
    assert "on test labels corrupted like the training ones" in caption


def test_the_paper_s_curves_are_dots_in_the_colour_of_their_setting(overlaid, published):
    dots = [line for line in overlaid[0].axes[0].lines if line.get_marker() == "."]
    looks = setting_styles(SETTINGS)
    assert [line.get_color() for line in dots] == [look.colour for look in looks.values()]
    assert [len(line.get_xdata()) for line in dots] == [69] * 5
    assert overlaid[0].axes[0].get_xlim()[1] >= max(line.get_xdata().max() for line in dots)


def test_the_dashed_lines_of_panel_a_are_the_loss_after_an_epoch_and_only_beside_the_paper_s(overlaid, cases):
    _, curves = tables([0, 1])
    (dashed, *others) = [line for line in overlaid[0].axes[0].lines if line.get_linewidth() == fig1.DASHED["linewidth"]]
    assert len(others) == len(SETTINGS) - 1
    rows = curves[(curves["model"] == "inception") & (curves["corruption"] == "true_labels") & (curves["seed"] < 2)]
    means = rows.dropna(subset=["TrainLoss"]).groupby("Step")["TrainLoss"].mean()
    drawn = pd.Series(dashed.get_ydata(), dashed.get_xdata())
    assert len(drawn) > 1
    assert drawn.to_numpy() == pytest.approx(means[drawn.index].to_numpy())
    assert "ours, after the epoch" in labels(overlaid[0])[0]
    assert "in evaluation mode after an epoch" in overlaid[1]
    assert not any("after an epoch" in case.caption for case in cases.values())


def test_the_paper_s_losses_are_in_sight_where_ours_are_lower(published):
    runs, curves = tables([0])
    curves["OnlineTrainLoss"] /= 4
    configuration = section([0], published_as=PUBLISHED_AS)
    axes = fig1.figure(runs, curves, configuration, published)[0].axes[0]
    highest = published[published["quantity"] == "train_loss"]["value"].max()
    assert axes.get_ylim()[1] > highest > fig1.figure(runs, curves, configuration)[0].axes[0].get_ylim()[1]
    assert axes.get_ylim()[0] < 0


def labels(figure: Figure) -> list[list[str]]:
    return [[text.get_text() for text in legend.texts] for legend in figure.legends]


def test_legends_and_caption_say_what_is_the_paper_s(overlaid):
    figure, caption = overlaid
    named = [("the paper's" in each, "the paper's, suspect" in each) for each in labels(figure)]
    assert named == [(True, False), (True, True)]
    assert "Dots and stars: what the paper reports" in caption
    assert "Hollow stars" in caption
    assert_texts_can_be_read(figure)


def test_the_dotted_lines_are_in_the_legend_where_they_are_drawn_and_only_there(overlaid, cases):
    _, right = overlaid[0].legends
    names = [text.get_text() for text in right.texts]
    handle = right.legend_handles[names.index("ours, corrupted test labels")]
    (dotted, *_) = [line for line in overlaid[0].axes[2].lines if line.get_linewidth() == fig1.DOTTED["linewidth"]]
    assert handle.get_linewidth() == dotted.get_linewidth()
    assert not any("ours" in name for case in cases.values() for each in labels(case.figure) for name in each)


def elsewhere(published: pd.DataFrame, *panels: str) -> tuple[Figure, str]:
    """The figure with some panels on other data than its section's, which are of the paper's size."""
    runs, curves = tables([0])
    configuration = section([0], published_as=PUBLISHED_AS)
    runs, curves = (pd.concat([each, each.assign(dataset="digits-80")]) for each in (runs, curves))
    for panel in panels:
        configuration = with_panel(configuration, panel, dataset="digits-80")
    return fig1.figure(runs, curves, configuration, published)


@pytest.mark.parametrize(
    ("panel", "dots", "stars_drawn", "words"),
    [("corruption_levels", 5, 0, "Dots: what"), ("learning_curves", 0, 8, "Stars: what")],
)
def test_a_panel_on_other_data_has_none_of_the_paper_s_points(panel, dots, stars_drawn, words, published):
    figure, caption = elsewhere(published, panel)
    assert len([line for line in figure.axes[0].lines if line.get_marker() == "."]) == dots
    assert sum(len(stars(axes)) for axes in figure.axes) == stars_drawn
    assert words in caption
    dotted = {name for each in labels(figure) for name in each if name.startswith("ours")}
    assert dotted == {"ours, after the epoch" if dots else "ours, corrupted test labels"}
    assert ("Dashed lines in (a)" in caption, "Dotted lines in (c)" in caption) == (bool(dots), not dots)


def test_a_figure_of_other_data_has_nothing_of_the_paper(published):
    figure, caption = elsewhere(published, "learning_curves", "corruption_levels")
    assert not [line for axes in figure.axes for line in axes.lines if line.get_marker() in ("*", ".")]
    assert "paper reports" not in caption


def test_a_variant_of_a_network_is_not_compared_with_the_paper_s(published):
    runs, curves = tables([0])
    names = {"inception": None, "alexnet": "alexnet", "mlp_1x512": None}
    figure, _ = fig1.figure(runs, curves, section([0], published_as=names), published)
    assert {line.get_color() for line in stars(figure.axes[1])} == {model_styles(list(MODELS))["alexnet"].colour}
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "."]


def test_without_the_paper_s_numbers_nothing_is_drawn_over_ours(cases):
    for case in cases.values():
        assert not [line for axes in case.axes for line in axes.lines if line.get_marker() in ("*", ".")]
        assert "paper reports" not in case.caption
