"""Snakemake for so many minutes: nothing that finished is lost, and the same command goes on."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tiny_runs import comparable
from tiny_workflow import Checkout

from rethinking.files import write_json
from rethinking.stages import campaign as stage

SNAKEMAKE = ["--cores", "1", "--quiet", "rules", "progress", "--", "all"]
ARCHIVE = "results/campaign.tar.xz"


def command(checkout: Checkout, minutes: float) -> dict[str, object]:
    """What calls a campaign in a checkout as a person does, in a process of its own."""
    options = ["--minutes", str(minutes), "--pack", ARCHIVE, "--", *SNAKEMAKE]
    environment = {**os.environ, "PYTHONPATH": str(checkout / "workflow"), "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return {
        "args": [sys.executable, "-m", "rethinking", "campaign", *options],
        "cwd": checkout.folder,
        "env": environment,
        **pipes,
    }


def runs_of(folder: Path) -> set[Path]:
    return {file.parent.relative_to(folder) for file in (folder / "results/runs").glob("*/*/*/*/*/run.json")}


def runs_in(archive: Path) -> set[Path]:
    with tarfile.open(archive) as tar:
        return {Path(name).parent for name in tar.getnames() if name.endswith("/run.json")}


@pytest.mark.slow
def test_a_campaign_that_is_told_to_end_keeps_what_finished_and_the_same_command_goes_on(
    completed, fresh_checkout, tmp_path
):
    with subprocess.Popen(**command(fresh_checkout, 60)) as process:
        assert process.stdout is not None
        lines = iter(process.stdout)
        assert any(line.startswith("finished: ") for line in lines)
        assert any(line.startswith("Execute ") for line in lines)  # another one is under way
        process.send_signal(signal.SIGTERM)
        printed = process.stdout.read()
    assert process.returncode == 0, printed
    assert "SIGTERM: trainings save their state and end" in printed
    finished = runs_of(fresh_checkout.folder)
    assert finished
    assert runs_in(fresh_checkout / ARCHIVE) == finished < runs_of(completed)
    assert not list((fresh_checkout / "results/runs").rglob(".*.tmp"))

    again = subprocess.run(**command(fresh_checkout, 60), check=False)
    assert again.returncode == 0, again.stdout
    assert f"all {len(runs_of(completed))} are in {ARCHIVE}" in again.stdout
    assert "the time is over" not in again.stdout
    assert runs_in(fresh_checkout / ARCHIVE) == runs_of(fresh_checkout.folder) == runs_of(completed)
    for name in (Path(*run.parts[2:]) for run in finished):
        # Snakemake may have ended before it had noted that this one had: then its state makes its files again.
        if f"finished: {name}:" in again.stdout:
            log = (fresh_checkout / "results/logs/train" / f"{name}.log").read_text()
            assert "resuming after epoch" in log
            assert not re.search(r"^epoch ", log, re.MULTILINE), "a finished run was trained again"
    for run in runs_of(completed):
        assert comparable(fresh_checkout / run) == comparable(completed / run)

    other = Checkout(tmp_path / "other")  # which has trained nothing
    for name in ("workflow", "config"):
        (tmp_path / "other").mkdir(exist_ok=True)
        (other / name).symlink_to(fresh_checkout / name)
    with tarfile.open(fresh_checkout / ARCHIVE) as tar:
        tar.extractall(other.folder, filter="data")
    recorded = other.rethinking("record")
    assert recorded.returncode == 0, recorded.stderr
    rows = (other / "docs/results/tiny/runs.csv").read_text().splitlines()
    assert len(rows) == 1 + len(runs_of(completed))


def test_when_the_time_is_over_the_campaign_ends_well_and_leaves_no_lock(fresh_checkout):
    ended = subprocess.run(**command(fresh_checkout, 0.02), check=False)
    assert ended.returncode == 0, ended.stdout
    assert "the time is over: trainings save their state and end" in ended.stdout
    assert "0 runs finished" in ended.stdout
    assert not (fresh_checkout / ARCHIVE).exists()
    assert fresh_checkout.jobs()


def test_a_campaign_whose_snakemake_fails_has_its_exit_code(fresh_checkout):
    called = fresh_checkout.rethinking("campaign", "--minutes", "5", "--", "--cores", "1", "--", "nothing")
    assert called.returncode == 1
    assert "nothing makes 'nothing'" in called.stdout + called.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--minutes", "0"], "--minutes = 0: must be more than 0"),
        (["--minutes", "nan"], "--minutes = nan: must be more than 0"),
        (["--minutes", "3", "--pack", "runs.zip"], "--pack = runs.zip: must end in .tar.xz"),
    ],
)
def test_bad_options_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        stage.main([*options, "--", "all"])


def run_folder(folder: Path, seconds: float) -> Path:
    final = {part: {"accuracy": 50.0, "loss": 1.0} for part in ("train", "test")}
    write_json(folder / "run.json", {"epochs_done": 3, "seconds": seconds, "final": final})
    (folder / "metrics.csv").write_text("Epoch\n")
    (folder / "weights.safetensors").write_text("large")
    return folder


def test_a_run_is_reported_once_however_often_snakemake_touches_it_and_again_when_it_is_made_anew(tmp_path, capsys):
    folder = run_folder(tmp_path / "runs/digits/mlp/true_labels/quick/seed0", 1)
    done = stage.Finished(tmp_path / "runs", tmp_path / "all.tar.xz")
    done.look()
    assert capsys.readouterr().out == "", "it was there before"
    assert (tmp_path / "all.tar.xz").exists(), "and belongs to all that has finished"
    os.utime(folder / "run.json")
    done.look()
    assert capsys.readouterr().out == ""
    run_folder(folder, 2)
    done.look()
    done.look()
    assert capsys.readouterr().out == (
        "finished: digits/mlp/true_labels/quick/seed0: train 50.00 %, test 50.00 % (3 epochs, 2 s)\n"
    )
    assert done.num_new == 1


def members(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return [Path(name).name for name in tar.getnames()]


def test_what_was_packed_once_stays_packed_though_snakemake_deletes_what_it_has_not_noted(tmp_path):
    runs, archive = tmp_path / "runs/digits/mlp/true_labels/quick", tmp_path / "all.tar.xz"
    done = stage.Finished(tmp_path / "runs", archive)
    folder = run_folder(runs / "seed0", 1)
    done.look()
    shutil.rmtree(folder)
    run_folder(runs / "seed1", 2)
    done.look()
    assert members(archive) == ["run.json", "metrics.csv"] * 2
    assert {folder.name for folder in runs_in(archive)} == {"seed0", "seed1"}


def test_the_archive_holds_the_small_files_and_is_there_whole_or_as_it_was(tmp_path, monkeypatch):
    folder = run_folder(tmp_path / "runs/digits/mlp/true_labels/quick/seed0", 1)
    stage.pack([stage.small_files(folder)], tmp_path / "all.tar.xz")
    assert members(tmp_path / "all.tar.xz") == ["run.json", "metrics.csv"]
    before = (tmp_path / "all.tar.xz").read_bytes()
    monkeypatch.setattr(tarfile.TarFile, "addfile", lambda *given: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        stage.pack([stage.small_files(folder)], tmp_path / "all.tar.xz")
    assert (tmp_path / "all.tar.xz").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.tar.xz", "runs"]
