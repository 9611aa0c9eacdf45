"""Table 3 beside what is recorded of it: what is read, what of it is refused, and when a number is the paper's."""

import math
import re
from pathlib import Path

import pytest

from rethinking.config import CHECKOUT, Configuration
from rethinking.config import recorded_kernels as recorded
from rethinking.config.described import section_of
from rethinking.config.recorded_kernels import recorded_kernels
from rethinking.paths import kernel_file
from rethinking.reporting.paper_vs_ours import table3_note
from rethinking.reporting.table3 import beside
from rethinking.stages.record import KEPT


def test_what_table_3_lacks_is_a_kernel_s_last_job_and_its_record():
    """Each command is one of the workflow's targets, and one that reads what it leaves."""
    for each in recorded_kernels():
        configuration = Configuration.load(CHECKOUT / each.configfile)
        targets = [kernel_file(configuration, kernel, "solution") for kernel in configuration.kernels]
        assert each.solution in targets
        assert (CHECKOUT / recorded.RECORDED).parent == CHECKOUT / KEPT / configuration.name


@pytest.mark.parametrize(("paper", "ours"), [(1.2, 1.32), (46, 50.6), (0.6, 0.66), (15, 16.5), (1.2, 1.08)])
def test_an_error_of_table_3_that_is_a_tenth_away_is_reproduced_however_it_is_rounded(paper, ours):
    assert beside(paper, ours)["verdict"] == "reproduced"
    assert beside(paper, ours + math.copysign(1e-6 * paper, ours - paper))["verdict"] == "differs"


@pytest.mark.parametrize(("also", "has"), [("", True), ("tables: {table3: {}}\n", False)])
def test_table_3_stands_in_the_comparison_unless_it_is_a_table_of_its_own(also, has, tmp_path):
    kernel = "{dataset: mnist, features: pixels, bandwidths: [1]}"
    (tmp_path / "mine.yaml").write_text(f"extends: {CHECKOUT}/config/cifar10.yaml\nkernels: {{own: {kernel}}}\n{also}")
    section = section_of(Configuration.load(tmp_path / "mine.yaml"), "paper_vs_ours")
    assert section.kernels == (recorded_kernels() if has else ())
    assert ("the table table3 has them" in table3_note(section)) != has


def test_a_package_without_records_says_of_all_of_table_3_that_it_was_not_run(monkeypatch):
    monkeypatch.setattr(recorded, "RECORDED", "docs/results/nowhere/kernels.csv")
    assert {each.ours for each in recorded_kernels()} == {None}


COLUMNS = "kernel,whole,corruption,l2,best_l2,test_error,num_test\n"
FIRST = "mnist-none,True,true_labels,0.0,0.1,0.0122,10000\n"
BEST = "mnist-none,True,true_labels,0.1,0.1,0.0129,10000\n"


@pytest.fixture
def record_of_table_3(tmp_path, monkeypatch) -> Path:
    """The file that the recorded kernels are read from, not yet written."""
    (folder := tmp_path / "checkout").mkdir()
    for part in ("config", "workflow"):
        (folder / part).symlink_to(CHECKOUT / part)
    monkeypatch.setattr(recorded, "CHECKOUT", folder)
    (file := folder / recorded.RECORDED).parent.mkdir(parents=True)
    return file


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (FIRST + FIRST.replace("0.0122", "0.0322"), "line 3: the same kernel, labels and l2 as in line 2"),
        (FIRST + FIRST.replace("0.0,", "0,"), "line 3: the same kernel, labels and l2 as in line 2"),
        (FIRST + BEST.replace("0.1,0.1", "0.1,0.01"), 'line 3.best_l2 = "0.01": another than in line 2, of the same'),
        (FIRST.replace("0.0122", "1.22"), 'line 2.test_error = "1.22": must be a number from 0 to 1'),
        (FIRST.replace("0.0122", "-0.1"), 'line 2.test_error = "-0.1": must be a number from 0 to 1'),
        (FIRST.replace("0.0122", "nan"), 'line 2.test_error = "nan": must be a number from 0 to 1'),
        (FIRST.replace("0.0122", "inf"), 'line 2.test_error = "inf": must be a number from 0 to 1'),
        (FIRST.replace("0.0122", ""), "line 2.test_error = null: must be a number from 0 to 1"),
        (FIRST.replace("10000", "0"), 'line 2.num_test = "0": must be a whole number from 1'),
        (FIRST.replace("10000", "many"), 'line 2.num_test = "many": must be a whole number from 1'),
        (FIRST.replace(",0.0122,10000", ""), "line 2.test_error = null: must be a number from 0 to 1"),
        (FIRST.replace("0.0,0.1", "zero,0.1"), 'line 2.l2 = "zero": must be a number from 0'),
        (FIRST.replace("0.0,0.1", "-1,0.1"), 'line 2.l2 = "-1": must be a number from 0'),
        (FIRST.replace("0.0,0.1", "0.0,0"), 'line 2.best_l2 = "0": must be a number above 0'),
        (FIRST.replace("none", "non"), "line 2.kernel = \"mnist-non\": unknown kernel; did you mean 'mnist-none'?"),
        (FIRST.replace("True", "yes"), 'line 2.whole = "yes": unknown value; known: False, True'),
        (FIRST.replace("true_labels", "true_label"), "unknown corruption; did you mean 'true_labels'?"),
        (FIRST + "\n" + BEST, "line 3.kernel = null: unknown kernel; "),
        ("", "holds no row"),
    ],
)
def test_a_fault_of_what_is_recorded_of_table_3_is_told_with_its_line(rows, told, record_of_table_3):
    record_of_table_3.write_text(COLUMNS + rows)
    with pytest.raises(ValueError, match=re.escape(f"{recorded.RECORDED}: ")) as refused:
        recorded_kernels()
    assert told in str(refused.value)


@pytest.mark.parametrize("column", COLUMNS.strip().split(","))
def test_a_record_of_table_3_that_lacks_a_column_is_refused(column, record_of_table_3):
    record_of_table_3.write_text(COLUMNS.replace(column, "other") + FIRST)
    with pytest.raises(ValueError, match=f"{recorded.RECORDED}: line 1: the column '{column}' is missing"):
        recorded_kernels()


@pytest.mark.parametrize("left", [0, 10, len(COLUMNS) - 1, len(COLUMNS) + 20, -2, -1])
def test_a_torn_record_of_table_3_is_refused(left, record_of_table_3):
    record_of_table_3.write_text((COLUMNS + FIRST)[:left])
    with pytest.raises(ValueError, match=rf"{recorded.RECORDED}: it is (empty or )?torn"):
        recorded_kernels()


def test_a_folder_in_the_place_of_the_record_of_table_3_is_refused(record_of_table_3):
    record_of_table_3.mkdir()
    with pytest.raises(ValueError, match=f"{recorded.RECORDED}: cannot be read"):
        recorded_kernels()


def test_of_table_3_a_kernel_without_a_row_or_of_other_images_was_not_run(record_of_table_3):
    others = "cifar10-none,False,true_labels,0.0,,0.5,10000\nmnist-gabor,True,random_labels-1.0,0.0,,0.9,10000\n"
    record_of_table_3.write_text(COLUMNS + FIRST + others)
    found = {(each.kernel, each.regulariser): each.ours for each in recorded_kernels()}
    assert {name: ours for name, ours in found.items() if ours is not None} == {("MNIST, none", "none"): 1.22}


def test_a_kernel_of_no_l2_but_0_has_no_best_one(record_of_table_3):
    record_of_table_3.write_text(COLUMNS + FIRST.replace("0.0,0.1", "0.0,"))
    assert [each.ours for each in recorded_kernels() if each.kernel == "MNIST, none"] == [1.22]
