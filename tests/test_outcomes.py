"""What figures and tables share: columns of data frames, fit criteria, words; and that tables share nothing more."""

import subprocess
import sys

import pytest
import synthetic_runs
import yaml

from rethinking.code_digest import reached
from rethinking.config import CHECKOUT
from rethinking.outcomes.columns import CURVES, FRAMES, RUNS, VALIDATION
from rethinking.outcomes.criteria import CRITERIA, Criterion, implied
from rethinking.outcomes.wording import seeds_sentence, when_fitted
from rethinking.reporting.registry import TABLES
from rethinking.stages.frames import read_frame

NAMES = [("digits", "mlp", name, "small", seed) for name in ("true_labels", "random_labels-1.0") for seed in (0, 1)]


# Columns


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("validation", [True, False], ids=["validation", "none held out"])
def test_a_frame_has_just_the_columns_that_are_listed(name, validation):
    listed = [column for column in FRAMES[name] if validation or column not in VALIDATION]
    assert list(synthetic_runs.frames(NAMES, validation=validation)[name].columns) == listed


def test_the_frames_of_a_real_workflow_have_just_the_columns_that_are_listed(completed):
    folder = completed / "results/tables/tiny/fig1"
    for name in ("runs", "curves", "evaluations"):
        listed = [column for column in FRAMES[name] if column not in VALIDATION]
        assert list(read_frame(folder / f"{name}.csv").columns) == listed, f"add it to {name} in outcomes/columns.py"


def test_every_criterion_has_its_columns():
    for criterion in CRITERIA:
        assert {f"{criterion}_{key}" for key in ("epoch", "step", "seconds", "test_error")} <= RUNS.keys()


def test_every_unit_is_one_that_people_read():
    units = {unit for columns in FRAMES.values() for unit in columns.values()}
    assert units == {"", "%", "nats", "s", "epochs", "steps", "fraction", "images"}
    assert CURVES["OnlineTrainLoss"] == RUNS["final_test_loss"] == "nats"


# Criteria


def test_the_schema_has_the_criteria_of_the_one_table():
    definitions = yaml.safe_load((CHECKOUT / "workflow/schemas/config.schema.yaml").read_text())["$defs"]
    assert definitions["criterion"]["enum"] == list(CRITERIA), "what may end a run"
    assert set(definitions["fit_criterion"]["enum"]) >= set(CRITERIA), "what a time to fit may be by"


def test_a_criterion_implies_the_weaker_ones_of_its_kind():
    assert {name: implied(name) for name in CRITERIA} == {
        "accuracy_99": ("accuracy_99",),
        "accuracy_99_9": ("accuracy_99", "accuracy_99_9"),
        "accuracy_100": ("accuracy_99", "accuracy_99_9", "accuracy_100"),
        "loss_0_01": ("loss_0_01",),
    }
    assert Criterion(loss=0.01).implies(Criterion(loss=0.1))
    assert not Criterion(loss=0.1).implies(Criterion(loss=0.01))


def test_a_criterion_is_spoken_of_by_its_own_numbers():
    assert [when_fitted(name) for name in CRITERIA] == [
        "the training accuracy first reaches 99 %",
        "the training accuracy first reaches 99.9 %",
        "the training accuracy first reaches 100 %",
        "the training loss first falls below 0.01",
    ]


def test_words_of_a_criterion_train_nothing_again():
    modules = reached("rethinking.stages.train")
    assert "rethinking.outcomes.criteria" in modules
    assert not {"rethinking.outcomes.wording", "rethinking.outcomes.columns"} & set(modules)


# Words


def test_one_seed_is_named_and_several_are_counted():
    assert seeds_sentence([3], "Means over {count} seeds.") == "One seed (3)."
    assert seeds_sentence([3, 4], "Over {count} ({which}).") == "Over 2 (3, 4)."


# Tables need nothing of figures


@pytest.mark.parametrize("table", TABLES)
def test_a_colour_changes_no_table(table):
    modules = reached("rethinking.stages.table", TABLES[table].module)
    assert not [name for name in modules if name.startswith("rethinking.plotting")]


def test_a_table_is_written_without_matplotlib():
    load = "; ".join(f"import {entry.module}" for entry in TABLES.values())
    script = f"import sys, rethinking.stages.table; {load}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT / "workflow", check=False).returncode == 0
