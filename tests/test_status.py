"""Where a campaign stands, from files alone: what a log says, what a run without results is, what is left."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rethinking.config import CHECKOUT
from rethinking.outcomes.progress import Epoch, Log, started
from rethinking.stages.status import duration

RUN = "digits-50/mlp-w0.05/random_labels-0.5/quick/seed0"
numbers = st.floats(0, 1e6)
accuracies = st.floats(0, 100)
epochs = st.builds(
    Epoch,
    epoch=st.integers(1, 99_999),
    step=st.integers(1, 9_999_999),
    learning_rate=numbers,
    online_loss=numbers | st.just(float("inf")),
    train_accuracy=accuracies | st.none(),
    test_accuracy=accuracies,
    seconds=numbers,
)


# What a log says


def rounded(epoch: Epoch) -> Epoch:
    return Log.read(epoch.line()).epochs[0]


@given(st.lists(epochs, max_size=4), st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True), st.integers(1, 2**22))
def test_a_log_is_read_as_it_was_written(each, host, process):
    text = "\n".join([started(RUN, host, process, 60), f"{RUN}: starting", *(epoch.line() for epoch in each)])
    log = Log.read(text)
    assert (log.host, log.process, log.of) == (host, process, 60)
    assert [epoch.epoch for epoch in log.epochs] == [epoch.epoch for epoch in each]
    assert [epoch.line() for epoch in log.epochs] == [rounded(epoch).line() for epoch in each]
    assert [log.ended, log.interrupted, log.fault] == [False, False, ""]


@given(st.lists(epochs, min_size=1, max_size=3), st.data())
def test_a_log_may_end_anywhere(each, data):
    text = "\n".join([started(RUN, "here", 7, 60), *(epoch.line() for epoch in each)])
    found = Log.read(text[: data.draw(st.integers(0, len(text)))]).epochs
    assert len(found) <= len(each)


def test_of_several_trainings_in_a_log_the_last_counts():
    epoch = Epoch(1, 10, 0.1, 2.0, None, 10.0, 1.0)
    text = "\n".join([started(RUN, "a", 1, 60), "error: first", epoch.line(), started(RUN, "b", 2, 90), epoch.line()])
    log = Log.read(text)
    assert (log.host, log.process, log.of, len(log.epochs), log.fault) == ("b", 2, 90, 1, "")


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 seconds"), (100, "1.7 minutes"), (7200, "2.0 hours"), (400_000, "4.6 days")]
)
def test_times_are_said_as_people_say_them(seconds, words):
    assert duration(seconds) == words


# What a workflow's files say


def status(folder: Path, *options: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder / "workflow")}
    command = [sys.executable, "-W", "error", "-P", "-m", "rethinking", "status", *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(completed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a finished workflow of which one run lacks its results."""
    copy = tmp_path_factory.mktemp("status") / "copy"
    shutil.copytree(completed, copy, symlinks=True)
    shutil.rmtree(copy / "results/runs" / RUN)
    return copy


@pytest.fixture
def said(folder: Path):
    """What `status` says when the run's log is `text`, written `ago` seconds ago."""

    def say(text: str, ago: float = 0.0) -> list[str]:
        log = folder / f"results/logs/train/{RUN}.log"
        log.write_text(text)
        os.utime(log, (time.time() - ago,) * 2)
        return status(folder).splitlines()

    return say


EPOCH = Epoch(1, 2, 0.01, 2.25, 12.5, 11.0, 30.0).line()


def test_a_finished_campaign_is_done(checkout):
    first, *rest = status(checkout.folder).splitlines()
    assert first == "tiny: 8 runs, 8 done"
    assert [line.split()[0] for line in rest if line] == ["fig1", "table1", "paper_vs_ours"]
    assert not [line for line in rest if "left" in line]


def test_a_training_s_own_log_says_where_it_ran(completed):
    log = Log.read((completed / f"results/logs/train/{RUN}.log").read_text())
    assert (log.host, log.of, len(log.epochs), log.ended) == (socket.gethostname(), 1, 1, True)


def test_a_run_without_results_or_a_log_waits(folder):
    (folder / f"results/logs/train/{RUN}.log").unlink(missing_ok=True)
    assert status(folder).splitlines()[0] == "tiny: 8 runs, 7 done, 1 waiting"


def test_a_run_whose_results_are_gone_waits(said):
    assert said(f"{started(RUN, 'here', 1, 1)}\n{EPOCH}\n{RUN}: stopped by epochs after 1 epochs\n")[0].endswith(
        "1 waiting"
    )


def test_a_run_on_this_machine_runs_as_long_as_its_process(said):
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # rethinking"])
    try:
        lines = said(f"{started(RUN, socket.gethostname(), sleeper.pid, 1)}\n{EPOCH}\n", ago=1e6)
        assert lines[0] == "tiny: 8 runs, 7 done, 1 running"
        (line,) = (line for line in lines if line.startswith(f"  {RUN}"))
        assert (
            "epoch 1 of 1, loss 2.2500, training accuracy 12.50 %, test accuracy 11.00 %, 30 s an epoch, ends by"
            in line
        )
    finally:
        sleeper.kill()
        sleeper.wait()
    assert any(
        line.startswith(f"  {RUN}: killed after epoch 1; the same command goes on")
        for line in said(f"{started(RUN, socket.gethostname(), sleeper.pid, 1)}\n{EPOCH}\n")
    )


@pytest.mark.parametrize(("ago", "state"), [(60, "running"), (3600, "killed")])
def test_a_run_on_another_machine_runs_as_long_as_it_speaks(said, ago, state):
    assert said(f"{started(RUN, 'node-17', 1, 1)}\n{EPOCH}\n", ago)[0] == f"tiny: 8 runs, 7 done, 1 {state}"


@pytest.mark.parametrize(
    ("ending", "said_of_it"),
    [
        ("error: results/data: is gone\n", "failed after epoch 1: error: results/data: is gone"),
        ("Traceback (most recent call last):\n  …\nMemoryError: 3 GB\n", "failed after epoch 1: MemoryError: 3 GB"),
        (f"{RUN}: SIGTERM, stopped; the same command goes on from here\n", "stopped after epoch 1; the same command"),
    ],
)
def test_a_run_that_came_to_no_end_is_named_with_what_became_of_it(said, ending, said_of_it):
    lines = said(f"{started(RUN, 'here', 1, 1)}\n{EPOCH}\n{ending}")
    assert any(line.startswith(f"  {RUN}: {said_of_it}") for line in lines), lines


def test_a_run_of_other_values_will_be_trained_again(folder, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text((folder / "config/config.yaml").read_text().replace("epochs: 1,", "epochs: 3,"))
    assert "made otherwise" in status(folder, "--configfile", str(mine)).splitlines()[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty or torn, no JSON"),
        ('{"seconds": 1.5}', "it holds no 'epochs_done'"),
        ("[]", "it holds no keys"),
    ],
)
def test_results_that_cannot_be_read_are_named_and_hide_no_other_run(folder, text, problem):
    file = folder / "results/runs" / RUN / "run.json"
    file.parent.mkdir()
    file.write_text(text)
    first, *rest = status(folder).splitlines()
    shutil.rmtree(file.parent)
    assert first == "tiny: 8 runs, 7 done, 1 torn"
    (line,) = [line for line in rest if line.startswith(f"  {RUN}: ")]
    assert line.startswith(f"  {RUN}: results/runs/{RUN}/run.json: {problem}")
    assert line.endswith("; delete it, and what made it makes it again")


def test_a_run_of_other_code_will_be_trained_again_as_snakemake_says_it(checkout):
    network = checkout / "workflow/rethinking/models/mlp.py"
    network.write_text(network.read_text() + "\nCHANGED = 1\n")
    said = checkout.rethinking("status")
    assert said.returncode == 0, said.stderr
    trained = [names for rule, names in checkout.jobs() if rule == "train"]
    assert f"{len(trained)} made otherwise" in said.stdout.splitlines()[0]
    assert trained


def test_it_needs_no_torch_and_no_pandas():
    script = "import sys, rethinking.stages.status; sys.exit(any(name in sys.modules for name in ('torch', 'pandas')))"
    assert subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT / "workflow", check=False).returncode == 0


def test_watching_goes_on_until_it_is_interrupted(checkout):
    environment = {**os.environ, "PYTHONPATH": str(checkout / "workflow"), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-P", "-m", "rethinking", "status", "--watch", "0.1"]
    with subprocess.Popen(command, cwd=checkout.folder, env=environment, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        reports = 0
        while reports < 2:
            reports += "tiny: 8 runs, 8 done" in watching.stdout.readline()
        watching.send_signal(2)
        assert watching.wait(20) == 0
