"""Runs of the default configuration on a real SLURM of two nodes, through profiles/slurm: `make test-slurm`.

Not a file that pytest finds by itself: it installs SLURM and needs root.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import call, slurm, wait_until
from tiny_runs import comparable

from rethinking import resources
from rethinking.config import Configuration
from rethinking.run import RunConfig

ROOT = Path(__file__).parents[2]
CONFIGURATION = Configuration.load()
RUNS = {(run.model, run.corruption, run.recipe): run for run in CONFIGURATION.runs("fig1") if run.seed == 0}
SHORT = [RUNS["mlp_1x512", corruption, "small"] for corruption in ("true_labels", "random_labels-1.0")]
LONG = RUNS["inception-w0.25", "random_labels-1.0", "small-in-full"]

Jobs = dict[int, dict[str, str]]
Process = subprocess.Popen[str]
started: list[Process] = []


@pytest.fixture(scope="module", autouse=True)
def _cluster() -> Iterator[None]:
    """The cluster; whatever a failed test left running ends before it does."""
    with slurm():
        yield
        for process in started:
            with process:
                process.kill()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same runs, made where Snakemake runs."""
    folder = tmp_path_factory.mktemp("local")
    ended(snakemake(folder, [*SHORT, LONG], "--cores", "2"))
    return folder


def snakemake(folder: Path, runs: list[RunConfig], *arguments: str) -> Process:
    """Snakemake at work on runs of the default configuration, with all it writes in `folder`."""
    command = [sys.executable, "-P", "-m", "snakemake", *arguments, "--directory", str(folder)]
    targets = [f"results/runs/{run.path}/metrics.csv" for run in runs]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    started.append(subprocess.Popen([*command, "--", *targets], cwd=ROOT, text=True, **output))
    return started[-1]


def ended(process: Process) -> str:
    """What it printed; it must end well."""
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    return printed


def jobs(but: Jobs | None = None) -> Jobs:
    """Every job that SLURM knows or remembers by its number, in order, without the given ones."""
    lines = call("scontrol", "--oneliner", "show", "jobs").splitlines()
    table = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if line.startswith("JobId=")]
    numbered = {int(job["JobId"]): job for job in table}
    return {number: numbered[number] for number in sorted(set(numbered) - set(but or {}))}


def asked(run: RunConfig, attempt: int = 1) -> tuple[str, str]:
    """Memory and time limit of a run's job, in SLURM's words."""
    hours, minutes = divmod(attempt * resources.train_minutes(CONFIGURATION, run), 60)
    return f"{attempt * resources.train_memory(CONFIGURATION, run)}M", f"{hours:02}:{minutes:02}:00"


def limits(job: dict[str, str]) -> tuple[str, str]:
    return job["MinMemoryNode"], job["TimeLimit"]


def assert_equal_to_local(folder: Path, local: Path, run: RunConfig) -> None:
    """Equal in every byte, times apart."""
    found, expected = (comparable(place / "results/runs" / run.path) for place in (folder, local))
    assert set(expected) >= {"metrics.csv", "confusion.pkl", "weights.safetensors", "run.json"}
    assert found == expected


def test_two_runs_on_two_nodes_leave_the_bytes_of_the_local_runs(tmp_path, local):
    before = jobs()
    ended(snakemake(tmp_path, SHORT, "--profile", "profiles/slurm"))
    trainings = jobs(but=before).values()
    assert [job["JobState"] for job in trainings] == ["COMPLETED"] * 2, "only trainings are jobs of the cluster"
    assert {job["NodeList"] for job in trainings} == {"n0", "n1"}
    assert sorted(map(limits, trainings)) == sorted(map(asked, SHORT))
    for run in SHORT:
        assert_equal_to_local(tmp_path, local, run)


def test_a_cancelled_run_is_tried_again_and_goes_on_to_the_same_bytes(tmp_path, local):
    log = tmp_path / f"results/logs/train/{LONG.path}.log"
    before = jobs()
    process = snakemake(tmp_path, [LONG], "--profile", "profiles/slurm")
    wait_until(lambda: log.exists() and "epoch    3" in log.read_text(), 120, "the third epoch")
    (number,) = jobs(but=before)
    call("scancel", str(number))
    ended(process)
    cancelled, again = jobs(but=before).values()
    assert (cancelled["JobState"], again["JobState"]) == ("CANCELLED", "COMPLETED")
    assert (limits(cancelled), limits(again)) == (asked(LONG), asked(LONG, attempt=2))
    resumed = re.search(r"resuming after epoch (\d+)", log.read_text())
    assert resumed is not None
    assert 3 <= int(resumed[1]) < LONG.training.epochs
    assert_equal_to_local(tmp_path, local, LONG)


def test_the_limit_on_the_gpus_of_this_machine_holds_back_no_job_of_the_cluster(tmp_path):
    before = jobs()
    gpus = ["--set-resources", "train:gpu=1", "--resources", "gpu=1"]
    ended(snakemake(tmp_path, SHORT, "--profile", "profiles/slurm", *gpus))
    first, second = jobs(but=before).values()
    assert [job["TresPerJob"] for job in (first, second)] == ["gres:gpu:1"] * 2
    assert second["StartTime"] < first["EndTime"], "both ran at the same time"
