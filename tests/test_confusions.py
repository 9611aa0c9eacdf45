"""The frame of confusion matrices: every cell of every epoch of every run, and what it must agree with."""

import json
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import tiny_runs
from tiny_runs import NUM_TEST, make_run, rows, run_stage

from rethinking import files, pickles
from rethinking.analysis.confusions import confusions_table
from rethinking.outcomes.columns import RUN
from rethinking.outcomes.registry import OfRuns
from rethinking.plotting.registry import FIGURES
from rethinking.reporting.registry import TABLES
from rethinking.sections import Section
from rethinking.stages import confusions as stage
from rethinking.stages.aggregate import frames
from rethinking.stages.confusions import read_confusions
from rethinking.stages.frames import read_frames

SEEDS, EPOCHS, HELD_OUT = (0, 1), 3, 10


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs with a validation set, one a seed, each at its path."""
    folder = tmp_path_factory.mktemp("runs")
    with tiny_runs.torch_as_it_was():
        for seed in SEEDS:
            held_out = tiny_runs.split_digits(data, data / f"split{seed}", HELD_OUT, seed)
            out = run_stage(run := make_run(seed=seed, epochs=EPOCHS), data, folder / str(seed), held_out=held_out)
            (folder / run.path).parent.mkdir(parents=True, exist_ok=True)
            out.rename(folder / run.path)
    return folder


@pytest.fixture(scope="module")
def named(runs: Path) -> list[tuple[Path, dict]]:
    """The folder and the run.json of each."""
    paths = [runs / make_run(seed=seed).path for seed in SEEDS]
    return [(path, files.read_json(path / "run.json")) for path in paths]


def test_the_matrices_of_an_epoch_agree_with_its_accuracy(named):
    frame = read_confusions(named)
    metrics = {summary["seed"]: rows(folder / "metrics.csv") for folder, summary in named}
    assert len(frame) == len(SEEDS) * EPOCHS * 10 * 10
    for (seed, epoch), cells in frame.groupby(["seed", "Epoch"]):
        right = cells.loc[cells["True"] == cells["Predicted"], "Count"].sum()
        assert cells["Count"].sum() == NUM_TEST
        assert 100 * right / NUM_TEST == pytest.approx(float(metrics[seed][epoch - 1]["TestAccuracy"]))


def test_every_cell_is_where_plain_pickle_has_it(named):
    """Our loader gives what `pickle.load` gives, and the frame has it cell by cell."""
    frame = read_confusions(named).set_index(["seed", "Epoch", "True", "Predicted"])["Count"]
    for folder, summary in named:
        with open(folder / "confusion.pkl", "rb") as file:
            content = pickle.load(file)
        ours = pickles.load(folder / "confusion.pkl")
        assert [content[key] for key in ("classes", "epochs", "set")] == [
            ours[key] for key in ("classes", "epochs", "set")
        ]
        for place, epoch in enumerate(content["epochs"]):
            for i, true in enumerate(content["classes"]):
                for j, predicted in enumerate(content["classes"]):
                    count = frame[summary["seed"], epoch, true, predicted]
                    assert count == content["matrices"][place, i, j] == ours["matrices"][place, i, j]


NOTHING = Section(configuration="", name="")


def reading(frame: str) -> OfRuns:
    """What reads one data frame."""
    return OfRuns(module="", function="", description="", panels={}, frames=(frame,))


def test_the_classes_keep_their_order_and_their_names(tmp_path):
    matrices = np.arange(4).reshape(1, 2, 2)
    content = {"classes": ["NA", "01"], "epochs": [7], "set": "test", "matrices": matrices}
    summary = dict(zip(RUN, ["digits", "mlp_1x512", "true_labels", "tiny", 0], strict=True))
    confusions_table([(summary, content)]).to_csv(tmp_path / "confusions.csv", index=False)
    arguments = SimpleNamespace(section=NOTHING, published={}, paper=tmp_path, frames=tmp_path)
    frame = read_frames(arguments, reading("confusions"))["confusions"]
    assert frame["True"].tolist() == ["NA", "NA", "01", "01"]
    assert frame["Predicted"].tolist() == ["NA", "01", "NA", "01"]
    assert frame["Count"].tolist() == [0, 1, 2, 3]
    assert set(frame["Epoch"]) == {7}


def plan_and_code() -> list[str]:
    run = make_run(epochs=EPOCHS)
    panel = {"dataset": run.dataset, "recipe": run.recipe, "models": [run.model], "corruptions": [run.corruption]}
    model = {"factory": run.factory, "family": "mlp", "arguments": run.arguments}
    plan = {"seeds": SEEDS, "groups": [panel], "models": {run.model: model}}
    plan |= {"recipes": {run.recipe: run.training.to_json()}}
    return ["--plan", json.dumps(plan), "--code", json.dumps({run.code_key: "code"})]


def test_the_stage_writes_the_frame_of_the_planned_runs(runs, named, tmp_path):
    stage.main([*plan_and_code(), "--runs", str(runs), "--out", str(tmp_path / "confusions.csv")])
    text = {"True": str, "Predicted": str}
    written = pd.read_csv(tmp_path / "confusions.csv", dtype=text)
    assert list(written.columns) == [*RUN, "Epoch", "True", "Predicted", "Count"]
    pd.testing.assert_frame_equal(written, read_confusions(named), check_dtype=False)


@pytest.mark.parametrize("frame", sorted({name for entry in (FIGURES | TABLES).values() for name in entry.frames}))
def test_names_are_text_in_every_frame_and_empty_cells_of_numbers_are_none(frame, tmp_path):
    names = {"dataset": "NA", "model": "01", "corruption": "null", "recipe": "1.0"}
    (tmp_path / f"{frame}.csv").write_text(
        f"{','.join(names)},seed,loss\n{','.join(names.values())},0,\nnan,,a,b,1,0.5\n"
    )
    read = read_frames(
        SimpleNamespace(section=NOTHING, frames=tmp_path, published={}, paper=tmp_path),
        reading(frame),
    )[frame]
    assert read.iloc[0][list(names)].to_dict() == names
    assert read.iloc[1][list(names)].tolist() == ["nan", "", "a", "b"]
    assert read["loss"].isna().tolist() == [True, False]
    assert read["seed"].tolist() == [0, 1]


def test_runs_of_other_code_are_refused(runs, tmp_path):
    options = [option.replace('"code"', '"other"') for option in plan_and_code()]
    with pytest.raises(ValueError, match="other code made this run"):
        stage.main([*options, "--runs", str(runs), "--out", str(tmp_path / "confusions.csv")])
    assert not (tmp_path / "confusions.csv").exists()


def test_runs_csv_holds_the_best_epoch_by_validation_and_the_test_accuracy_there(named):
    table = frames(named, "accuracy_100")["runs"]
    for (folder, _), (_, row) in zip(named, table.iterrows(), strict=True):
        metrics = rows(folder / "metrics.csv")
        validation = [float(epoch["ValidationAccuracy"]) for epoch in metrics]
        best = validation.index(max(validation))
        assert row["best_validation_epoch"] == best + 1
        assert row["best_validation_accuracy"] == max(validation)
        assert row["test_accuracy_at_best"] == metrics[best]["TestAccuracy"], "as it is written there"


def test_without_a_validation_set_there_is_no_best_epoch(data, tmp_path):
    with tiny_runs.torch_as_it_was():
        out = run_stage(make_run(epochs=1), data, tmp_path)
    table = frames([(out, files.read_json(out / "run.json"))], "accuracy_100")["runs"]
    for column in ("best_validation_epoch", "best_validation_accuracy", "test_accuracy_at_best"):
        assert table[column].isna().all()
