"""What happens around Snakemake itself: two at once, a kill, other numbers of jobs at a time."""

import os
import signal
import subprocess
import sys
import time

import pytest
from tiny_runs import comparable
from tiny_workflow import Checkout

pytestmark = pytest.mark.slow
TARGET = ("--cores", "1", "--", "figures/fig1.pdf")


def outcomes(checkout: Checkout) -> dict[str, object]:
    """What every run of a checkout left, by its path."""
    root = checkout / "results/runs"
    return {str(path.parent.relative_to(root)): comparable(path.parent) for path in sorted(root.rglob("run.json"))}


def wait_for(condition, what: str) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


@pytest.fixture
def started(fresh_checkout):
    """A checkout in which a Snakemake is in the middle of its trainings, and that Snakemake."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "snakemake", *TARGET],
        cwd=fresh_checkout.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: any((fresh_checkout / "results").rglob("run.json")), "the first training")
    yield fresh_checkout, process
    if process.poll() is None:
        process.kill()
    process.wait()


def test_a_second_snakemake_is_refused_and_a_killed_one_is_unlocked_and_goes_on(started, completed):
    checkout, process = started
    second = checkout.snakemake(*TARGET)
    assert second.returncode != 0
    assert "cannot be locked" in second.stdout + second.stderr

    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    refused = checkout.snakemake(*TARGET)
    assert refused.returncode != 0
    assert "--unlock" in refused.stdout + refused.stderr
    assert checkout.snakemake("--unlock").returncode == 0
    checkout.run()
    assert outcomes(checkout) == outcomes(Checkout(completed))


def test_a_training_that_outlives_its_snakemake_is_not_begun_a_second_time(fresh_checkout):
    """Only Snakemake is killed, as by a full memory: its job goes on, and another call would start the run again."""
    fresh_checkout.edit("config/config.yaml", lambda text: text.replace("epochs: 1,", "epochs: 100000,"))
    name = "digits-50/mlp-w0.05/true_labels/quick/seed0"
    command = [sys.executable, "-P", "-m", "snakemake", "--cores", "1", "--", f"results/runs/{name}/run.json"]
    first = subprocess.Popen(
        command, cwd=fresh_checkout.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        log = fresh_checkout / f"results/logs/train/{name}.log"
        wait_for(lambda: log.exists() and "epoch    2 " in log.read_text(), "the first epochs")
        job = log.read_text().split("process ")[1].split(",")[0]
        first.kill()
        first.wait()
        assert fresh_checkout.snakemake("--unlock").returncode == 0
        again = fresh_checkout.snakemake(*command[4:])
        assert again.returncode != 0
        assert f"{name}: is being trained already, by process {job} on " in again.stdout + again.stderr
        os.kill(int(job), 0)  # it lives
    finally:
        os.killpg(first.pid, signal.SIGKILL)
    fresh_checkout.edit("config/config.yaml", lambda text: text.replace("epochs: 100000,", "epochs: 1,"))
    fresh_checkout.run(target=f"results/runs/{name}/run.json")


def test_one_job_at_a_time_and_a_run_by_hand_give_the_bytes_of_two_jobs_at_a_time(fresh_checkout, completed):
    expected = outcomes(Checkout(completed))
    name = "digits-50/alexnet-w0.1/random_labels-0.5/quick/seed0"
    called = fresh_checkout.snakemake("--cores", "1", "--", f"results/runs/{name}/run.json")
    assert called.returncode == 0, called.stdout + called.stderr
    assert outcomes(fresh_checkout) == {name: expected[name]}

    dataset, model, corruption, recipe, _ = name.split("/")
    names = ["--dataset", dataset, "--model", model, "--corruption", corruption, "--recipe", recipe, "--out", "mine"]
    by_hand = fresh_checkout.rethinking("train", *names)
    assert by_hand.returncode == 0, by_hand.stdout + by_hand.stderr
    found, wanted = comparable(fresh_checkout / "mine"), dict(expected[name])
    assert wanted["run.json"].pop("made_by")["configuration"] == "tiny"  # nobody's configuration made the other
    assert {key: value for key, value in found.items() if not key.startswith("state")} == wanted
