"""The paper's numbers in config/paper/: all of them are there, and a fault in one is refused in one message."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from rethinking.config import CATALOGUE, CHECKOUT
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.published import PAPER, check_file, check_published
from rethinking.schema import ConfigurationError, load_yaml
from rethinking.stages.frames import read_published

COUNTS = {"table1": 38, "table4": 6, "fig1a": 345, "fig1b": 33, "fig1c": 33, "fig2b": 553}
ON_IMAGENET = {"table2": 33, "fig2a": 9}
PAGES = {"table 1": 6, "table 4": 14, "figure 1a": 4, "figure 1b": 4, "figure 1c": 4, "figure 2b": 7}
HEADER = "source,page,panel,model,corruption,quantity,step,value,reading_error,remark"
ROW = "figure 1b,4,corruption_levels,alexnet,random_labels-0.5,relative_time,,1.2579,0.003,"


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(CHECKOUT / PAPER, [f"{name}.csv" for name in sorted(COUNTS)])


def test_every_file_passes_its_check():
    check_published(CHECKOUT / PAPER, load_yaml(CHECKOUT / CATALOGUE))


@pytest.mark.parametrize(("name", "count"), (COUNTS | ON_IMAGENET).items())
def test_no_number_of_the_paper_is_missing(name, count):
    assert len(read_published(CHECKOUT / PAPER, [f"{name}.csv"])) == count


def test_every_number_says_where_it_stands(published):
    assert dict(published[["source", "page"]].drop_duplicates().itertuples(index=False)) == PAGES


def test_table_1_has_19_rows(published):
    rows = published[published["source"] == "table 1"].groupby(["panel", "model"])["quantity"].agg(set)
    assert len(rows) == 19
    assert all(quantities == {"train_accuracy", "test_accuracy"} for quantities in rows)


TABLE_1 = {  # training and test accuracy of each network
    "crop_and_decay": {"inception": (100.0, 89.05), "alexnet": (99.90, 81.22)},
    "crop": {"inception": (100.0, 89.31), "alexnet": (99.82, 79.66)},
    "decay": {
        "inception": (100.0, 86.03), "inception_without_bn": (100.0, 83.00), "alexnet": (100.0, 77.36),
        "mlp_3x512": (100.0, 53.35), "mlp_1x512": (99.80, 50.39),
    },
    "plain": {
        "inception": (100.0, 85.75), "inception_without_bn": (100.0, 82.00), "alexnet": (100.0, 76.07),
        "mlp_3x512": (100.0, 52.39), "mlp_1x512": (100.0, 50.51),
    },
    "random_labels": {
        "inception": (100.0, 9.78), "inception_without_bn": (100.0, 10.12), "alexnet": (99.82, 9.86),
        "mlp_3x512": (100.0, 10.48), "mlp_1x512": (99.34, 10.61),
    },
}  # fmt: skip


def test_table_1_is_the_printed_one(published):
    expected = {
        (panel, model, "random_labels-1.0" if panel == "random_labels" else "true_labels", f"{part}_accuracy"): value
        for panel, networks in TABLE_1.items()
        for model, pair in networks.items()
        for part, value in zip(("train", "test"), pair, strict=True)
    }
    found = published[published["source"] == "table 1"].set_index(["panel", "model", "corruption", "quantity"])
    assert found["value"].to_dict() == expected


def of_levels(published: pd.DataFrame, source: str, model: str) -> list[float]:
    """A curve of figure 1b or 1c at the levels 0, 0.1, ... 1."""
    rows = published[(published["source"] == source) & (published["model"] == model)].set_index("corruption")
    return rows.loc[["true_labels", *(f"random_labels-{level / 10}" for level in range(1, 11))], "value"].tolist()


@pytest.mark.parametrize(
    ("model", "epochs"),
    [
        ("inception", [10, 16, 19, 22, 24, 25, 27, 29, 31, 36, 36]),
        ("alexnet", [31, 33, 34, 36, 38, 39, 41, 42, 44, 47, 48]),
        ("mlp_1x512", [28, 36, 40, 44, 47, 50, 54, 54, 55, 56, 55]),
    ],
)
def test_the_times_of_figure_1b_are_whole_epochs_over_those_on_true_labels(model, epochs, published):
    times = of_levels(published, "figure 1b", model)
    assert [time * epochs[0] for time in times] == pytest.approx(epochs, abs=0.01)


@pytest.mark.parametrize(
    ("model", "errors"),
    [
        ("inception", [0.129, 0.278, 0.407, 0.524, 0.629, 0.710, 0.785, 0.841, 0.879, 0.902, 0.902]),
        ("alexnet", [0.301, 0.412, 0.522, 0.619, 0.692, 0.763, 0.820, 0.858, 0.881, 0.891, 0.901]),
        ("mlp_1x512", [0.495, 0.585, 0.657, 0.719, 0.757, 0.796, 0.865, 0.865, 0.884, 0.894, 0.898]),
    ],
)
def test_the_errors_of_figure_1c_are_those_that_it_shows(model, errors, published):
    assert of_levels(published, "figure 1c", model) == pytest.approx(errors, abs=6e-4)


@pytest.mark.parametrize(
    ("source", "corruption", "quantity", "value"),
    [
        ("figure 1a", "true_labels", "train_loss", 0.8393),
        ("figure 1a", "shuffled_pixels", "train_loss", 1.4683),
        ("figure 1a", "gaussian_pixels", "train_loss", 2.3055),
        ("figure 1a", "random_pixels", "train_loss", 2.3057),
        ("figure 1a", "random_labels-1.0", "train_loss", 2.3034),
        ("figure 2b", "true_labels", "train_accuracy", 70.47),
        ("figure 2b", "true_labels", "test_accuracy", 68.9),
    ],
)
def test_the_curves_of_inception_begin_where_the_paper_s_do(source, corruption, quantity, value, published):
    wanted = [source, "inception", corruption, quantity]
    curve = published[(published[["source", "model", "corruption", "quantity"]] == wanted).all(axis=1)]
    assert curve["value"].iloc[0] == value
    assert curve["step"].iloc[0] == curve["step"].min() == pytest.approx(391, abs=1)


def test_the_suspect_points_are_the_two_that_figures_1b_and_1c_plot_twice(published):
    suspect = published[published["remark"] == "suspect"]
    points = {("mlp_1x512", "random_labels-0.6"), ("inception", "random_labels-0.9")}
    assert set(suspect[["source", "model", "corruption"]].itertuples(index=False, name=None)) == {
        (source, *point) for source in ("figure 1b", "figure 1c") for point in points
    }


def test_a_suspect_point_is_the_same_number_as_its_neighbour(published):
    values = published.set_index(["source", "model", "corruption"])["value"]
    for source in ("figure 1b", "figure 1c"):
        for model, suspect, neighbour in (("mlp_1x512", 0.6, 0.7), ("inception", 0.9, 1.0)):
            a, b = (values.loc[(source, model, f"random_labels-{level}")].item() for level in (suspect, neighbour))
            assert a == pytest.approx(b, abs=2e-4)


def test_only_alexnet_under_weight_decay_has_words_instead_of_a_number(published):
    assert published[published["value"].isna()][["source", "model", "remark"]].to_numpy().tolist() == [
        ["table 4", "alexnet", "failed to converge"]
    ]


def test_what_is_read_from_a_figure_says_how_well_and_what_is_printed_needs_not(published):
    """A thousandth of the axis, which is no less than how far the times of figure 1b are from whole epochs."""
    errors = published.groupby("source")["reading_error"].agg(lambda values: sorted(set(values.dropna())))
    assert errors.to_dict() == {
        "table 1": [], "table 4": [], "figure 1a": [0.0025], "figure 1b": [0.003], "figure 1c": [0.001],
        "figure 2b": [0.04],
    }  # fmt: skip
    assert published["reading_error"].isna().equals(published["source"].str.startswith("table"))


TABLE_2 = {  # of the network with neither regulariser, and of the one with weight decay, on true labels
    "top1_train_accuracy": (99.53, 90.60), "top5_train_accuracy": (100.0, 100.0),
    "top1_test_accuracy": (59.80, 67.18), "top5_test_accuracy": (80.38, 86.44),
    "top1_best_test_accuracy": (63.16, 72.57), "top5_best_test_accuracy": (84.49, 91.31),
}  # fmt: skip


def test_table_2_is_the_printed_one_and_figure_2a_agrees_with_it():
    numbers = read_published(CHECKOUT / PAPER, [f"{name}.csv" for name in ON_IMAGENET])
    on_true = numbers[numbers["corruption"] == "true_labels"].set_index(["source", "panel", "quantity"])["value"]
    for quantity, (plain, decay) in TABLE_2.items():
        assert on_true["table 2", "plain", quantity] == plain
        assert on_true["table 2", "decay", quantity] == decay
    for panel in ("augmentation_dropout_decay", "decay", "plain"):
        printed, read = (on_true[source, panel, "top1_test_accuracy"] for source in ("table 2", "figure 2a"))
        assert printed == pytest.approx(read, abs=0.25)
    random = numbers[numbers["corruption"] == "random_labels-1.0"]
    assert random.groupby("panel")["quantity"].count().to_dict() == {"decay": 4, "dropout_decay": 4, "plain": 4}


def test_the_curves_have_a_point_every_391_steps(published):
    curves = published[(published["source"] == "figure 1a")]
    for _, curve in curves.groupby("corruption"):
        assert len(curve) == 69
        assert curve["step"].iloc[:68].diff().dropna().between(390.5, 391.5).all()


FAULTS = [
    (ROW.replace("1.2579", "1.2x"), 'line 2.value = "1.2x": is text, must be a number or null'),
    (ROW.replace("1.2579", "-1"), "line 2.value = -1.0: must be at least 0"),
    (ROW.replace("1.2579", ""), 'line 2.value = null: a number, or none and the remark "failed to converge"'),
    (ROW.replace("alexnet", "alexnett"), "line 2.model = \"alexnett\": unknown model; did you mean 'alexnet'?"),
    (ROW.replace("_levels", "_level"),
     "line 2.panel = \"corruption_level\": unknown panel; did you mean 'corruption_levels'?"),
    (ROW.replace("random_labels-0.5", "random_label-0.5"),
     "line 2.corruption = \"random_label-0.5\": unknown corruption; did you mean 'random_labels-0.5'?"),
    (ROW.replace("random_labels-0.5", "random_labels-0.50"),
     "line 2.corruption = \"random_labels-0.50\": is spelled 'random_labels-0.5' in the paths of runs"),
    (ROW.replace("random_labels-0.5", "random_labels-0.0"),
     "line 2.corruption = \"random_labels-0.0\": is spelled 'true_labels' in the paths of runs"),
    (ROW.replace("random_labels-0.5", "random_labels"),
     'line 2.corruption = "random_labels": needs a level from 0 to 1, as in random_labels-0.5'),
    (ROW.replace("random_labels-0.5", "random_labels-1.5"),
     'line 2.corruption = "random_labels-1.5": the level must be from 0 to 1'),
    (ROW.replace("random_labels-0.5", "shuffled_pixels-0.5"),
     'line 2.corruption = "shuffled_pixels-0.5": takes no level; write shuffled_pixels'),
    (ROW.replace("random_labels-0.5", "human_labels"),
     "line 2.corruption = \"human_labels\": unknown corruption; did you mean 'human_labels-aggre'?"),
    (ROW.replace("corruption_levels", "decay"),
     'line 2.panel = "decay": unknown panel; known: corruption_levels, learning_curves'),
    (ROW.replace("figure 1b", "table 1"), 'line 2.source = "table 1": belongs in table1.csv'),
    (ROW.replace("relative_time", "relative_tim"),
     "line 2.quantity = \"relative_tim\": unknown value; did you mean 'relative_time'?"),
    (ROW + "suspicious", "line 2.remark = \"suspicious\": unknown value; did you mean 'suspect'?"),
    (ROW.replace(",4,", ",40,"), "line 2.page = 40: must be at most 15"),
    (f"{ROW}\n{ROW}", "line 3: the same number as in line 2"),
    (ROW + ",more", 'line 2.more cells than columns = ["more"]: unknown key; known: corruption, model, page, panel, '
     "quantity, reading_error, remark, source, step, value"),
    (ROW.replace("0.003", "0"), "line 2.reading_error = 0.0: must be more than 0"),
    (ROW.replace("relative_time", "top1_test_accuracy"),
     'line 2.quantity = "top1_test_accuracy": top1 and top5 are of ImageNet, where they are all'),
    ("", "must not be empty"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "message"), FAULTS, ids=[message[:40] for _, message in FAULTS])
def test_a_fault_names_file_line_column_value_and_what_would_be_right(rows, message, tmp_path):
    (tmp_path / "fig1b.csv").write_text(f"{HEADER}\n{rows}\n")
    with pytest.raises(ConfigurationError) as refused:
        check_file(tmp_path / "fig1b.csv", "config/paper/fig1b.csv")
    assert str(refused.value).startswith("config/paper/fig1b.csv: ")
    assert str(refused.value).endswith(message)


@pytest.mark.parametrize(
    "corruption", ["true_labels", *(f"human_labels-{name}" for name in CORRUPTIONS["human_labels"].options["set"])]
)
def test_a_corruption_without_a_level_is_known_by_its_name(corruption, tmp_path):
    (tmp_path / "fig1b.csv").write_text(f"{HEADER}\n{ROW.replace('random_labels-0.5', corruption)}\n")
    check_file(tmp_path / "fig1b.csv", "config/paper/fig1b.csv")


def test_a_missing_file_is_named(tmp_path: Path):
    shutil.copytree(CHECKOUT / PAPER, tmp_path / "paper")
    (tmp_path / "paper/fig2b.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"^config/paper/fig2b\.csv: cannot be read \(No such file"):
        check_published(tmp_path / "paper", [])
