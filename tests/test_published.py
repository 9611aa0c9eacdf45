"""The paper's numbers in config/paper/: all of them are there, and a fault in one is refused in one message."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from rethinking.config import CATALOGUE, CHECKOUT
from rethinking.published import PAPER, check_file, check_published
from rethinking.schema import ConfigurationError, load_yaml
from rethinking.stages.frames import read_published

COUNTS = {"table1": 38, "table4": 6, "fig1a": 345, "fig1b": 33, "fig1c": 33, "fig2b": 553}
PAGES = {"table 1": 6, "table 4": 14, "figure 1a": 4, "figure 1b": 4, "figure 1c": 4, "figure 2b": 7}
HEADER = "source,page,panel,model,corruption,quantity,step,value,remark"
ROW = "figure 1b,4,corruption_levels,alexnet,random_labels-0.5,relative_time,,1.2579,"


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return read_published(CHECKOUT / PAPER, [f"{name}.csv" for name in sorted(COUNTS)])


def test_every_file_passes_its_check():
    check_published(CHECKOUT / PAPER, load_yaml(CHECKOUT / CATALOGUE))


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_no_number_of_the_paper_is_missing(name, count):
    assert len(read_published(CHECKOUT / PAPER, [f"{name}.csv"])) == count


def test_every_number_says_where_it_stands(published):
    assert dict(published[["source", "page"]].drop_duplicates().itertuples(index=False)) == PAGES


def test_table_1_has_19_rows(published):
    rows = published[published["source"] == "table 1"].groupby(["panel", "model"])["quantity"].agg(set)
    assert len(rows) == 19
    assert all(quantities == {"train_accuracy", "test_accuracy"} for quantities in rows)


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
     "line 2.corruption = \"random_label-0.5\": unknown corruption; did you mean 'random_labels'?"),
    (ROW.replace("random_labels-0.5", "random_labels-0.50"),
     "line 2.corruption = \"random_labels-0.50\": unknown corruption; did you mean 'random_labels'?"),
    (ROW.replace("relative_time", "relative_tim"),
     "line 2.quantity = \"relative_tim\": unknown value; did you mean 'relative_time'?"),
    (ROW + "suspicious", "line 2.remark = \"suspicious\": unknown value; did you mean 'suspect'?"),
    (ROW.replace(",4,", ",40,"), "line 2.page = 40: must be at most 15"),
    (f"{ROW}\n{ROW}", "line 3: the same number as in line 2"),
    (ROW + ",more", 'line 2.more cells than columns = ["more"]: unknown key; known: corruption, model, page, panel, '
     "quantity, remark, source, step, value"),
    ("", "must not be empty"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "message"), FAULTS, ids=[message[:40] for _, message in FAULTS])
def test_a_fault_names_file_line_column_value_and_what_would_be_right(rows, message, tmp_path):
    (tmp_path / "fig1b.csv").write_text(f"{HEADER}\n{rows}\n")
    with pytest.raises(ConfigurationError) as refused:
        check_file(tmp_path / "fig1b.csv", "config/paper/fig1b.csv")
    assert str(refused.value).startswith("config/paper/fig1b.csv: ")
    assert str(refused.value).endswith(message)


def test_a_missing_file_is_named(tmp_path: Path):
    shutil.copytree(CHECKOUT / PAPER, tmp_path / "paper")
    (tmp_path / "paper/fig2b.csv").unlink()
    with pytest.raises(ConfigurationError, match=r"^config/paper/fig2b\.csv: cannot be read \(No such file"):
        check_published(tmp_path / "paper", [])
