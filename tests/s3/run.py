"""Results in object storage, and jobs that share no disk with Snakemake or with each other: `make test-s3`.

S3 is moto's server on this machine. Not a file that pytest finds by itself: it needs packages of its own.
"""

import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from conftest import copy_sources
from moto.server import ThreadedMotoServer
from tiny_runs import comparable
from tiny_workflow import TINY, Checkout, jobs_in

from rethinking.config import Configuration

ROOT = Path(__file__).parents[2]
PLUGINS = Path(sys.modules["moto"].__file__ or "").parents[1]
CONFIGURATION = Configuration.load()
RUNS = [
    run
    for run in CONFIGURATION.runs("fig1")
    if (run.model, run.recipe, run.seed) == ("mlp_1x512", "small", 0)
    and run.corruption in ("true_labels", "random_labels-1.0")
]
FIGURE, TABLE = "figures/fig1.pdf", "results/tables/tiny/table1.csv"
# A job of a cluster without a shared disk, whose name is its folder: that is empty, and has the plugins on its path.
SUBMIT = """\
#!/bin/sh
folder=$(mktemp -d -p {jobs})
(cd $folder; PYTHONPATH={plugins} sh "$1"; echo $? > ended) > $folder/log 2>&1 &
echo $folder
"""
STATUS = """\
#!/bin/sh
case $(cat $1/ended 2> /dev/null) in 0) echo success;; "") echo running;; *) echo failed;; esac
"""


class Storage:
    """A bucket of its own: what the command line says of it, and what lies there."""

    def __init__(self, url: str, name: str) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self.bucket = boto3.resource("s3", endpoint_url=url, **keys).Bucket(name)
        self.options = ["--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{name}/here"]
        self.options += ["--storage-s3-endpoint-url", url]

    def files(self) -> set[str]:
        return {each.key.removeprefix("here/") for each in self.bucket.objects.all()}

    def fetched(self, folder: str, out: Path) -> Path:
        """A folder of it as files on the disk."""
        out.mkdir()
        for each in self.bucket.objects.filter(Prefix=f"here/{folder}/"):
            self.bucket.download_file(each.key, str(out / Path(each.key).name))
        return out

    def delete(self, folder: str) -> None:
        self.bucket.objects.filter(Prefix=f"here/{folder}/").delete()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it says each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def storage(server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Storage:
    names = (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        *(f"SNAKEMAKE_AWS_BATCH_JOB_{each}" for each in ("QUEUE", "ROLE")),
    )
    for name in names:
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return Storage(server, f"bucket-{abs(hash(request.node.name))}")


@pytest.fixture
def tiny(tmp_path: Path) -> Checkout:
    """A checkout in which nothing has run, as git knows it: a job without a shared disk gets what git has."""
    copy_sources(tmp_path / "checkout")
    checkout = Checkout(tmp_path / "checkout")
    checkout.configure(yaml.safe_load(TINY))
    for command in (["init", "-q"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=checkout.folder, check=True)
    return checkout


def snakemake(checkout: Checkout, *arguments: str) -> str:
    """What a call prints, which must end well."""
    called = checkout.snakemake("--cores", "2", *arguments, PYTHONPATH=str(PLUGINS))
    assert called.returncode == 0, called.stdout + called.stderr
    return called.stdout + called.stderr


def test_two_runs_leave_in_storage_the_bytes_of_the_local_runs(storage, tmp_path):
    here = Checkout(ROOT)
    targets = ["--", *(f"results/runs/{run.path}/metrics.csv" for run in RUNS)]
    (tmp_path / "local").mkdir(), (tmp_path / "remote").mkdir()
    snakemake(here, "--directory", str(tmp_path / "local"), *targets)
    snakemake(here, "--directory", str(tmp_path / "remote"), *storage.options, *targets)
    assert len(RUNS) == 2
    for number, run in enumerate(RUNS):
        found = comparable(storage.fetched(f"results/runs/{run.path}", tmp_path / f"fetched{number}"))
        expected = comparable(tmp_path / "local/results/runs" / run.path)
        assert set(expected) >= {"metrics.csv", "confusion.pkl", "weights.safetensors", "run.json"}
        assert found == expected
    assert not any((tmp_path / "remote" / folder).exists() for folder in ("results/runs", "results/data", "figures"))
    for folder in ("remote", "elsewhere"):  # another machine knows no more than the storage
        (tmp_path / folder).mkdir(exist_ok=True)
        printed = snakemake(here, "--directory", str(tmp_path / folder), *storage.options, *targets)
        assert "Nothing to be done" in printed


def test_jobs_without_a_shared_disk_make_figure_1(storage, tiny, tmp_path):
    (tmp_path / "jobs").mkdir()
    commands = {"submit": SUBMIT.format(jobs=tmp_path / "jobs", plugins=PLUGINS), "status": STATUS}
    cluster = ["--executor", "cluster-generic", "--jobs", "2", "--seconds-between-status-checks", "1"]
    for name, text in commands.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
        cluster += [f"--cluster-generic-{name}-cmd", str(tmp_path / name)]
    cluster += ["--job-deploy-sources", "--shared-fs-usage", "none", *storage.options]
    printed = snakemake(tiny, *cluster, "--", FIGURE, TABLE)
    trainings = [names for rule, names in jobs_in(printed) if rule == "train"]
    assert len(trainings) == len(list((tmp_path / "jobs").iterdir())) > 1, (
        "each in a folder of its own, and no other job"
    )
    assert {FIGURE, TABLE, "figures/tiny/fig1.txt"} <= storage.files()
    assert not {file for file in tiny.files() if file.startswith("results/") and not file.endswith(".gitkeep")}
    assert "Nothing to be done" in snakemake(tiny, *cluster, "--", FIGURE, TABLE)


def test_what_another_configuration_left_in_storage_is_not_replaced(storage, tiny):
    run = "results/runs/digits-50/mlp-w0.05/true_labels/quick/seed0"
    snakemake(tiny, *storage.options, "--", f"{run}/run.json")
    values = yaml.safe_load(TINY) | {"name": "other"}
    values["recipes"]["quick"]["learning_rate"]["mlp"] = 0.02
    tiny.configure(values)
    refused = tiny.snakemake("--cores", "1", *storage.options, "--", f"{run}/run.json", PYTHONPATH=str(PLUGINS))
    assert refused.returncode == 1
    assert (
        f"s3://{storage.bucket.name}/here/{run}: the configuration 'tiny' made this with recipe.learning_rate = 0.01"
        in refused.stderr
    )


def test_a_finished_run_in_storage_stays_when_its_data_are_deleted(storage, tiny):
    target = "results/runs/digits-50/mlp-w0.05/true_labels/quick/seed0/run.json"
    snakemake(tiny, *storage.options, "--", target)
    storage.delete("results/data")
    assert "Nothing to be done" in snakemake(tiny, *storage.options, "--", target)


def test_results_on_this_disk_count_for_nothing_where_a_storage_is_named(storage, tiny):
    target = "results/runs/digits-50/mlp-w0.05/true_labels/quick/seed0/run.json"
    snakemake(tiny, "--", target)
    shutil.rmtree(tiny / "results/data")
    printed = snakemake(tiny, *storage.options, "--", target)
    assert {rule for rule, _ in jobs_in(printed)} == {"prepare", "train"}
    assert target in storage.files()


@pytest.mark.parametrize("profile", ["kubernetes", "aws-batch"])
def test_the_profile_plans_the_trainings_of_the_paper(profile, storage, tmp_path):
    printed = snakemake(
        Checkout(ROOT), "--dry-run", "--directory", str(tmp_path), "--profile", f"profiles/{profile}", *storage.options,
        "--configfile", "config/cifar10.yaml", "--", FIGURE,
    )  # fmt: skip
    assert len([rule for rule, _ in jobs_in(printed) if rule == "train"]) == 108
