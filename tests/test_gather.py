"""The frames of what recipes ask for: measures of the weights and numbers of single steps."""

import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tiny_runs
import yaml
from proof.trainings import numbers
from tiny_runs import make_run, rows, run_stage
from tiny_workflow import TINY

from rethinking import files, paths
from rethinking.config import Configuration
from rethinking.outcomes.columns import FRAMES, OF_SOME
from rethinking.run import RunConfig
from rethinking.schema import ConfigurationError
from rethinking.stages import gather

SEEDS, EPOCHS = (0, 1), 3
RECIPE: dict[str, Any] = {"epochs": EPOCHS, "measures": ["frobenius_norm"], "log_every_steps": 2}
NUMBERS: dict[str, Any] = RECIPE | {"whitening": "none", "predictions_every": 2}


def run_for(frame: str, seed: int = 0) -> RunConfig:
    """A run that leaves a frame: of classes, or of numbers where it is their predictions."""
    if frame == "points":
        return make_run("toy_regression", seed=seed, width=1 / 8, **NUMBERS)
    return make_run(seed=seed, **RECIPE)


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The prepared points of a regression."""
    return numbers(tmp_path_factory.mktemp("points"))


@pytest.fixture(scope="module")
def runs(data: Path, points: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs, of both tasks, one a seed, each at its path."""
    folder = tmp_path_factory.mktemp("runs")
    with tiny_runs.torch_as_it_was():
        for frame, seed in itertools.product(("measures", "points"), SEEDS):
            run = run_for(frame, seed)
            (folder / run.path).parent.mkdir(parents=True, exist_ok=True)
            out = run_stage(run, points if frame == "points" else data, folder / f"{frame}{seed}")
            out.rename(folder / run.path)
    return folder


def options(runs: Path, frame: str, out: Path) -> list[str]:
    run = run_for(frame)
    group = {"dataset": run.dataset, "recipe": run.recipe, "models": [run.model], "corruptions": [run.corruption]}
    model = {"factory": run.factory, "family": "mlp", "arguments": run.arguments}
    plan = {"seeds": SEEDS, "groups": [group], "models": {run.model: model}}
    plan |= {"recipes": {run.recipe: run.training.to_json()}}
    code = {run.code_key: "code"}
    told = ["--plan", json.dumps(plan), "--code", json.dumps(code), "--runs", str(runs)]
    return ["--frame", frame, *told, "--out", str(out)]


@pytest.mark.parametrize("frame", OF_SOME)
def test_the_frame_has_every_cell_of_every_run_as_it_stands_there(frame, runs, tmp_path):
    gather.main(options(runs, frame, tmp_path / "frame.csv"))
    table = rows(tmp_path / "frame.csv")
    assert list(table[0]) == list(FRAMES[frame])
    for seed in SEEDS:
        its = [row for row in table if row["seed"] == str(seed)]
        left = rows(runs / run_for(frame, seed).path / f"{frame}.csv")
        assert [{key: row[key] for key in left[0]} for row in its] == left


@pytest.mark.parametrize("frame", ["measures", "steps"])
def test_a_run_whose_recipe_did_not_ask_for_it_has_no_rows_and_is_no_fault(frame, runs, tmp_path):
    run = run_for(frame)
    summary = files.read_json(runs / run.path / "run.json")
    key = gather.ASKED_BY[frame]
    silent = summary | {"config": {**summary["config"], "training": {**summary["config"]["training"], key: None}}}
    asked, other = (runs / run.path, summary), (tmp_path, silent)
    both, alone = gather.gathered([asked, other], frame), gather.gathered([asked], frame)
    pd.testing.assert_frame_equal(both, alone)
    nothing = gather.gathered([other], frame)
    assert (list(nothing), len(nothing)) == (list(FRAMES[frame]), 0)


def test_measures_begin_before_training_and_their_total_is_the_root_of_the_sum_of_squares(runs, tmp_path):
    gather.main(options(runs, "measures", tmp_path / "measures.csv"))
    table = pd.read_csv(tmp_path / "measures.csv")
    assert sorted(table["Epoch"].unique()) == [0, 1, 2, 3]
    for _, of_epoch in table.groupby(["seed", "Epoch"]):
        norms = of_epoch.set_index("Layer")["Value"]
        total = norms.pop("total")
        assert total == pytest.approx(float((norms**2).sum()) ** 0.5)


@pytest.mark.parametrize("frame", OF_SOME)
@pytest.mark.parametrize("fault", ["missing", "edited"])
def test_a_file_that_is_not_the_runs_is_refused_by_name(fault, frame, data, points, tmp_path):
    with tiny_runs.torch_as_it_was():
        out = run_stage(run_for(frame), points if frame == "points" else data, tmp_path)
    path = out / f"{frame}.csv"
    if fault == "missing":
        path.unlink()
    else:
        path.write_text(path.read_text()[:-5])
    with pytest.raises(ValueError, match=r"missing|torn or edited") as refused:
        gather.gathered([(out, files.read_json(out / "run.json"))], frame)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("frame", OF_SOME)
def test_a_file_that_ends_before_the_run_is_refused(frame, data, points, tmp_path):
    """As one from before run.json held checksums."""
    with tiny_runs.torch_as_it_was():
        out = run_stage(run_for(frame), points if frame == "points" else data, tmp_path)
    path, summary = out / f"{frame}.csv", files.read_json(out / "run.json")
    del summary["files"]
    lines = path.read_text().splitlines()
    kept = [line for line in lines if f",{EPOCHS}," not in line and not line.startswith(f"{EPOCHS},")]
    path.write_text("\n".join(kept) + "\n")
    with pytest.raises(ValueError, match=f"run.json tells of {EPOCHS} epochs, this ends with 2"):
        gather.gathered([(out, summary)], frame)


# What a configuration must say


def loaded(recipe: dict[str, Any], figure: str = "norms", panel: str = "settings") -> Configuration:
    values = yaml.safe_load(TINY)
    values["datasets"]["digits-50"]["validation"] = 10
    values["recipes"]["mine"] = {"extends": "quick", **recipe}
    group = {"models": ["mlp-w0.05"], "corruptions": ["true_labels"]}
    values["figures"] = {figure: {"dataset": "digits-50", "recipe": "mine", "panels": {panel: group}}}
    del values["tables"]
    return Configuration.of_layers("mine.yaml", {"mine.yaml": values})


def test_only_what_reads_a_frame_has_it_made():
    made = loaded({"measures": ["frobenius_norm"]})
    folder = "results/tables/tiny/norms"
    assert paths.frame_files(made, "norms") == [f"{folder}/runs.csv", f"{folder}/measures.csv"]
    assert "measures.csv" not in str(paths.frame_files(loaded({}, "training", "networks"), "training"))


@pytest.mark.parametrize(
    ("figure", "panel", "recipe", "message"),
    [
        ("norms", "settings", {}, "recipes.mine.measures = []: must have 'frobenius_norm', which"
         " figures.norms.panels.settings shows"),
        ("norms", "settings", {"measures": ["distance_from_initialisation"]},
         'recipes.mine.measures = ["distance_from_initialisation"]: must have \'frobenius_norm\', which'
         " figures.norms.panels.settings shows"),
        ("memorisation", "settings", {}, "recipes.mine.true_validation_labels = false: must be true in"
         " figures.memorisation.panels.settings"),
        ("early_stopping", "networks", {}, "recipes.mine.stop = null: must be early_stopping in"
         " figures.early_stopping.panels.networks"),
        ("early_stopping", "networks", {"stop": {"plateau": 3}}, 'recipes.mine.stop = {"plateau": 3}: must be'
         " early_stopping in figures.early_stopping.panels.networks"),
    ],
)  # fmt: skip
def test_a_recipe_that_leaves_out_what_a_figure_shows_is_refused_with_its_key(figure, panel, recipe, message):
    with pytest.raises(ConfigurationError) as refused:
        loaded(recipe, figure, panel)
    assert str(refused.value) == f"mine.yaml: {message}"


def test_a_figure_of_measures_is_on_the_page_of_what_is_recorded(fresh_checkout):
    values = fresh_checkout.configuration()
    values["recipes"]["measured"] = {"extends": "quick", "measures": ["frobenius_norm"]}
    group = {"models": ["mlp-w0.05"], "corruptions": ["true_labels"]}
    values["figures"] = {"norms": {"dataset": "digits-50", "recipe": "measured", "panels": {"settings": group}}}
    fresh_checkout.configure(values)
    fresh_checkout.run(target="results/runs/digits-50/mlp-w0.05/true_labels/measured/seed0/run.json")
    for command in (["record"], ["page", "--configfile", "config/config.yaml"]):
        called = fresh_checkout.rethinking(*command)
        assert called.returncode == 0, called.stderr
    assert "figure-norms" in (fresh_checkout / "results/report/recorded/tiny/index.html").read_text()
