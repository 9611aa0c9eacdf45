"""Files of runs that are torn, edited or another run's: refused by name, with what to do, and never drawn."""

import errno
import json
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_workflow import Checkout

from rethinking import files, provenance
from rethinking.__main__ import main
from rethinking.config import Configuration
from rethinking.config.described import section_of
from rethinking.files import canonical_json, read_json, save_array, write_json
from rethinking.schema import load_yaml
from rethinking.stages.aggregate import read_tables
from rethinking.stages.record import record
from rethinking.stages.sealing import read_run

ROOT = Path(__file__).parents[1]
RUN = "digits-50/inception-w0.05/true_labels/curves/seed0"  # of two epochs
Change = Callable[[Path], None]


@pytest.fixture
def results(completed: Path, tmp_path: Path) -> Path:
    """A copy of the completed workflow's runs and tables."""
    return shutil.copytree(completed / "results", tmp_path / "results")


def gathered(results: Path, completed: Path, stage: str = "aggregate") -> int:
    """The exit code of a stage that gathers the runs of figure 1, called as its rule calls it."""
    configuration = Configuration.load(completed / "config/config.yaml")
    code = {run.code_key: provenance.train_code(run) for run in configuration.runs("fig1")}
    options = ["--plan", canonical_json(configuration.plan("fig1")), "--code", canonical_json(code)]
    options += ["--runs", str(results / "runs")]
    if stage == "aggregate":
        return main([stage, *options, "--fit-criterion", "accuracy_100", "--out", str(results / "gathered")])
    return main([stage, *options, "--out", str(results / "gathered/confusions.csv")])


def cut(keep: int) -> Change:
    """Keep the first lines of a file."""
    return lambda path: path.write_text("".join(path.read_text().splitlines(keepends=True)[:keep])) and None


def torn(size: int) -> Change:
    """Keep all of a file but its last bytes; of 0 none."""
    return lambda path: path.write_bytes(path.read_bytes()[:-size] if size else b"") and None


def edited(row: int, column: str, value: str) -> Change:
    """Another value in a cell of a CSV file."""

    def edit(path: Path) -> None:
        lines = [line.split(",") for line in path.read_text().splitlines()]
        at = lines[0].index(column)
        assert lines[row][at] != value
        lines[row][at] = value
        path.write_text("".join(",".join(line) + "\n" for line in lines))

    return edit


def with_values(**changes: Any) -> Change:
    """Other values in run.json; a double underscore leads into a mapping."""

    def edit(path: Path) -> None:
        summary = read_json(path)
        for key, value in changes.items():
            *inside, last = key.split("__")
            part = summary
            for each in inside:
                part = part[each]
            assert part[last] != value
            part[last] = value
        write_json(path, summary)

    return edit


def unsealed(change: Change) -> Change:
    """The same change to a run from before run.json said what its files were."""

    def edit(path: Path) -> None:
        summary = read_json(path.parent / "run.json")
        write_json(path.parent / "run.json", {k: v for k, v in summary.items() if k not in ("files", "own_digest")})
        change(path)

    return edit


METRICS, SUMMARY, EVERY_WAY_OUT = "metrics.csv", "run.json", "makes (it again|both)"
ROWS = "run.json tells of 2 epochs, here are 1 rows"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (METRICS, torn(0), "torn or edited"),
        (METRICS, cut(2), "torn or edited"),
        (METRICS, torn(20), "torn or edited"),
        (METRICS, edited(1, "OnlineTrainLoss", "2.5"), "torn or edited"),
        (METRICS, edited(2, "TestAccuracy", "99.0"), "torn or edited"),
        (SUMMARY, torn(0), "it is empty or torn"),
        (SUMMARY, torn(100), "it is empty or torn"),
        (SUMMARY, with_values(final__test__accuracy=99.0), "it was edited"),
        (SUMMARY, with_values(epochs_done=1), "it was edited"),
        (SUMMARY, with_values(num_test=3000), "it was edited"),
        (SUMMARY, lambda path: write_json(path, {}), "it holds no 'dataset'"),
        (SUMMARY, lambda path: path.write_text("[]"), "it holds no keys and values"),
        (SUMMARY, lambda path: path.write_text('"text"'), "it holds no keys and values"),
        (SUMMARY, lambda path: path.write_bytes(b"\xff\xfe\x00"), "it is empty or torn"),
        (METRICS, unsealed(torn(0)), "it is empty or torn"),
        (METRICS, unsealed(cut(1)), "run.json tells of 2 epochs, here are 0 rows"),
        (METRICS, unsealed(cut(2)), ROWS),
        (METRICS, unsealed(torn(20)), "its last row does not end"),
        (METRICS, unsealed(edited(2, "TestLoss", "9.5")), "run.json says TestLoss = "),
        (METRICS, unsealed(edited(2, "Epoch", "7")), "run.json tells of 2 epochs"),
        (SUMMARY, unsealed(with_values(epochs_done=3)), "run.json tells of 3 epochs, here are 2 rows"),
        (SUMMARY, unsealed(with_values(final__test__accuracy=99.0)), "run.json says TestAccuracy = 99.0"),
        (SUMMARY, unsealed(with_values(final__train__loss=None)), "run.json says TrainLoss = None"),
        (SUMMARY, unsealed(with_values(seed=1)), "its names are not those of its own config"),
    ],
)
def test_a_torn_or_edited_file_of_a_run_is_refused_by_name(name, change, message, results, completed, capsys):
    change(results / "runs" / RUN / name)
    assert gathered(results, completed) == 1
    error = capsys.readouterr().err
    assert re.search(rf"^error: {re.escape(str(results / 'runs' / RUN))}/(metrics.csv|run.json): ", error, re.MULTILINE)
    assert message in error
    assert re.search(EVERY_WAY_OUT, error)
    assert not (results / "gathered").exists()


def fit_of(epoch: float, accuracy: float) -> dict[str, Any]:
    return {"epoch": epoch, "step": 1, "seconds": 1.0, "test_accuracy": accuracy, "test_loss": 1.0}


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (fit_of(1, 99.5), "run.json says TestAccuracy = 99.5 accuracy_100"),
        (fit_of(9, 50.0), "run.json tells of an evaluation (accuracy_100) that is not here"),
    ],
)
def test_a_fit_that_the_metrics_do_not_show_is_refused(fit, message, results, completed, capsys):
    unsealed(with_values(fit__accuracy_100=fit))(results / "runs" / RUN / SUMMARY)
    assert gathered(results, completed) == 1
    assert message in capsys.readouterr().err


def test_runs_from_before_run_json_said_what_its_files_were_are_read(results, completed, capsys):
    for file in (results / "runs").rglob("run.json"):
        unsealed(lambda path: None)(file)
    assert gathered(results, completed) == 0, capsys.readouterr().err
    expected = read_all(completed / "results/tables/tiny/fig1")
    assert read_all(results / "gathered") == {name: expected[name] for name in read_all(results / "gathered")}


def read_all(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def test_every_recorded_run_is_what_its_run_json_says():
    recorded = sorted((ROOT / "docs/results").rglob("run.json"))
    assert len(recorded) > 50
    for file in recorded:
        summary = read_run(file.parent)
        metrics, _ = read_tables(file.parent, summary)
        assert len(metrics) == summary["epochs_done"]


def with_one_less(path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    content["matrices"][0, 0, 0] += 1
    path.write_bytes(pickle.dumps(content, protocol=4))


def pickled(value: Any) -> Change:
    return lambda path: path.write_bytes(pickle.dumps(value, protocol=4)) and None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (torn(0), "torn or edited"),
        (torn(30), "torn or edited"),
        (with_one_less, "torn or edited"),
        (unsealed(torn(0)), "not loaded"),
        (unsealed(torn(30)), "not loaded"),
        (unsealed(with_one_less), "30 test images"),
        (unsealed(pickled([])), "it holds no confusion matrices"),
        (unsealed(pickled({"classes": [], "epochs": [1], "matrices": np.zeros((1, 10, 10))})), "2 matrices"),
    ],
)
def test_torn_or_edited_confusion_matrices_are_refused_by_name(change, message, results, completed, capsys):
    change(results / "runs" / RUN / "confusion.pkl")
    assert gathered(results, completed, "confusions") == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {results / 'runs' / RUN / 'confusion.pkl'}: ")
    assert message in error
    assert re.search(EVERY_WAY_OUT, error)
    assert not (results / "gathered").exists()


def test_a_torn_run_is_not_recorded_over_the_one_that_was_kept(results, completed, tmp_path):
    configuration = Configuration.load(completed / "config/config.yaml")
    record(configuration, results / "runs", tmp_path / "kept")
    before = {path: path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file()}
    cut(2)(results / "runs" / RUN / METRICS)
    with pytest.raises(ValueError, match=rf"{RUN}/metrics.csv: torn or edited"):
        record(configuration, results / "runs", tmp_path / "kept")
    assert {path: path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file()} == before


def test_a_table_of_runs_that_are_no_longer_the_configuration_s_is_removed_and_told(
    results, completed, tmp_path, capsys
):
    kept, config = tmp_path / "kept", completed / "config/config.yaml"
    record(Configuration.load(config), results / "runs", kept)
    values = load_yaml(config)
    values["recipes"]["longer"] = {"extends": "quick", "epochs": 7}
    values["tables"]["table1"]["recipe"] = "longer"
    tables = [kept / f"table1{suffix}" for suffix in (".csv", ".md")]
    assert all(table.exists() for table in tables)
    capsys.readouterr()
    record(Configuration.of_layers("config.yaml", {"config.yaml": values}), results / "runs", kept)
    assert not [table for table in tables if table.exists()]
    told = [f"removed: {table}, made of runs that are not here" for table in tables]
    assert [line for line in capsys.readouterr().err.splitlines() if line.startswith("removed")] == told


def test_a_file_that_no_record_wrote_is_refused_by_name_and_stays(results, completed, tmp_path):
    (out := tmp_path / "out").mkdir()
    (out / "runs.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        ValueError, match=r"runs\.csv: has no column 'dataset', so no record wrote it; choose another --out"
    ):
        record(Configuration.load(completed / "config/config.yaml"), results / "runs", out)
    assert [path.name for path in out.iterdir()] == ["runs.csv"]


@pytest.mark.parametrize("size", [0, 5])
def test_a_torn_table_of_runs_is_refused_by_name_when_the_figure_is_drawn(size, results, completed, capsys):
    torn(size)(table := results / "tables/tiny/fig1/runs.csv")
    section = canonical_json(section_of(Configuration.load(completed / "config/config.yaml"), "fig1").to_json())
    options = ["--section", section, "--frames", str(table.parent), "--out", str(results / "fig1.pdf")]
    assert main(["figure", "--figure", "fig1", *options]) == 1
    assert re.match(rf"error: {re.escape(str(table))}: it is .*torn.* makes it again", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("runs.csv", 4, "it lacks 5 of 8 runs"),
        ("runs.csv", 1, "it lacks 8 of 8 runs"),
        ("curves.csv", -1, "it lacks rows of a run"),
        ("curves.csv", 2, "it lacks rows of a run"),
    ],
)
def test_a_table_cut_between_its_rows_is_refused_by_name(name, lines, message, results, completed, capsys):
    cut(lines)(table := results / "tables/tiny/fig1" / name)
    section = canonical_json(section_of(Configuration.load(completed / "config/config.yaml"), "fig1").to_json())
    options = ["--section", section, "--frames", str(table.parent), "--out", str(results / "fig1.pdf")]
    assert main(["figure", "--figure", "fig1", *options]) == 1
    assert capsys.readouterr().err == f"error: {table}: {message}; delete it, and what made it makes it again\n"


@pytest.mark.parametrize("write", [lambda path: write_json(path, {}), lambda path: save_array(path, np.zeros(3))])
def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_before_the_job_goes_on(write, tmp_path, monkeypatch):
    """What a power cut after a rename would otherwise leave is a name without bytes."""
    done, to_disk, replace = [], files.to_disk, Path.replace
    monkeypatch.setattr(files, "to_disk", lambda path: done.append(f"to disk {path.name}") or to_disk(path))
    monkeypatch.setattr(Path, "replace", lambda path, to: done.append(f"rename {path.name}") or replace(path, to))
    write(tmp_path / "folder" / "file")
    told = [re.sub(r"\.[0-9a-f]{32}\.", ".UNIQUE.", each) for each in done]
    assert told == ["to disk .file.UNIQUE.tmp", "rename .file.UNIQUE.tmp", "to disk folder"]


def test_a_folder_that_its_file_system_cannot_bring_to_the_disk_is_no_fault(tmp_path, monkeypatch):
    def refuse(path: Path) -> None:
        if path.is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(files, "to_disk", refuse)
    write_json(tmp_path / "file", {"key": 1})
    assert read_json(tmp_path / "file") == {"key": 1}


def test_a_file_that_cannot_be_brought_to_the_disk_does_not_replace_the_one_before(tmp_path, monkeypatch):
    write_json(tmp_path / "file", {"key": 1})

    def refuse(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "to_disk", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        write_json(tmp_path / "file", {"key": 2})
    assert read_json(tmp_path / "file") == {"key": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


DATA = "digits-50"


@pytest.mark.parametrize("text", ["", '{"schema": 1, "data', "{}", "[]", '{"arrays": {"train_labels": 3}}'])
@pytest.mark.parametrize("folder", [DATA, f"{DATA}/random_labels-0.5/seed0"])
def test_a_torn_manifest_is_refused_by_name(folder, text, checkout: Checkout):
    """In the log of the job that reads it, which Snakemake shows."""
    (checkout / "results/data" / folder / "manifest.json").write_text(text)
    names = "digits-50/mlp-w0.05/random_labels-0.5/quick/seed0"
    (run,) = [run for run in Configuration.load(checkout / "config/config.yaml").runs("fig1") if run.path == names]
    data = f"results/data/{DATA}"
    options = ["--run", run.json, "--code", "code", "--data", data, "--corrupted", f"{data}/random_labels-0.5/seed0"]
    called = checkout.rethinking("train", *options, "--out", "out", "--state", "state.pt")
    assert called.returncode == 1
    line = rf"^error: results/data/{re.escape(folder)}/manifest.json: .*; delete it, and what made it makes it again$"
    assert re.search(line, called.stderr, re.MULTILINE), called.stderr


@pytest.mark.slow
def test_what_the_message_says_to_do_makes_the_run_again(checkout: Checkout):
    """Through Snakemake: the figure is not drawn, and after run.json is deleted it is, as before."""
    folder, figure = checkout / "results/runs" / RUN, (checkout / "figures/fig1.pdf").read_bytes()
    before = json.loads((folder / SUMMARY).read_text())["files"]["weights.safetensors"]
    cut(2)(folder / METRICS)
    target = "results/tables/tiny/fig1/runs.csv"
    (checkout / target).unlink()
    refused = checkout.snakemake("--cores", "1", "--", target)
    assert refused.returncode != 0
    message = rf"error: results/runs/{RUN}/metrics.csv: torn or edited.*; delete run.json beside it"
    assert re.search(message, refused.stdout + refused.stderr)
    (folder / SUMMARY).unlink()
    checkout.run()
    assert len((folder / METRICS).read_text().splitlines()) == 3
    assert json.loads((folder / SUMMARY).read_text())["files"]["weights.safetensors"] == before
    assert (checkout / "figures/fig1.pdf").read_bytes() == figure
