"""The profiles: that Snakemake takes every key, and what they make of the jobs."""

import importlib.util
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.cli import get_argument_parser
from tiny_workflow import JOB

from rethinking import resources
from rethinking.config import Configuration

ROOT = Path(__file__).parents[1]
PROFILES = sorted(path.parent.name for path in ROOT.glob("profiles/*/config.yaml"))
# What the keys of a plugin begin with, and the plugin, where that is not in every installation.
PLUGINS = {
    "slurm-": "snakemake_executor_plugin_slurm",
    "kubernetes-": "snakemake_executor_plugin_kubernetes",
    "aws-batch-": "snakemake_executor_plugin_aws_batch",
    "storage-s3-": "snakemake_storage_plugin_s3",
}
LACKING = tuple(prefix for prefix, plugin in PLUGINS.items() if not importlib.util.find_spec(plugin))
needs_slurm = pytest.mark.skipif("slurm-" in LACKING, reason="the extra `slurm` is not installed")
ASKED = re.compile(r"(mem_mb|runtime)=(\d+)")  # of the lines that describe a job


def read(profile: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"profiles/{profile}/config.yaml").read_text())


def options() -> set[str]:
    """What Snakemake and its installed plugins take on the command line, which is what a profile may hold."""
    actions = get_argument_parser()._actions
    return {name.removeprefix("--") for action in actions for name in action.option_strings}


def snakemake(folder: Path, *arguments: str) -> str:
    """What a call of Snakemake prints that must end well; it writes into `folder` only."""
    command = [sys.executable, "-P", "-m", "snakemake", "--directory", str(folder), *arguments]
    called = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stdout + called.stderr
    return called.stdout


def trainings(folder: Path, *arguments: str) -> list[dict[str, str]]:
    """The train jobs that figure 1 needs: the lines that describe each."""
    printed = snakemake(folder, "--dry-run", *arguments, "--", "figures/fig1.pdf")
    described = re.compile(r"^    (\w+): (.*)$", re.MULTILINE)
    return [dict(described.findall(lines)) for rule, lines in JOB.findall(printed) if rule == "train"]


@pytest.fixture(scope="module")
def on_gpus(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The trainings of the paper's own experiment on a workstation."""
    folder = tmp_path_factory.mktemp("gpu")
    return trainings(folder, "--profile", "profiles/gpu", "--configfile", "config/cifar10.yaml")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_key_is_an_option_of_snakemake(profile):
    """Of the plugins that are installed as well: `make test-slurm` and `make test-s3` install them."""
    assert {key for key in read(profile) if not key.startswith(LACKING)} <= options()


@needs_slurm
def test_the_slurm_profile_starts(tmp_path):
    assert trainings(tmp_path, "--profile", "profiles/slurm")


def test_the_default_profile_names_no_executor_and_no_number_of_cores():
    assert not {"executor", "cores", "jobs"} & set(read("default"))


def test_only_trainings_and_large_matrices_are_jobs_of_a_cluster():
    text = "".join(path.read_text() for path in [ROOT / "workflow/Snakefile", *ROOT.glob("workflow/rules/*.smk")])
    rules = set(re.findall(r"^rule (\w+):", text, re.MULTILINE))
    (block,) = re.findall(r"^localrules:\n((?:    \w+,\n)+)", text, re.MULTILINE)
    of_kernels = {"kernel_choice", "kernel_gram", "kernel_solution", "random_features"}
    assert rules - set(re.findall(r"\w+", block)) == {"train", "complexity_of_run", *of_kernels}


def test_every_rule_that_computes_where_a_gpu_is_asks_for_one_on_a_workstation():
    """Those whose stage chooses a device, and what is the same rule with other outputs."""
    text = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    stages = {
        path.stem for path in ROOT.glob("workflow/rethinking/stages/*.py") if "choose_device()" in path.read_text()
    }
    blocks = dict(re.findall(r"^rule (\w+):\n(.*?)(?=^\w|\Z)", text, re.MULTILINE | re.DOTALL))
    called = {rule for rule, block in blocks.items() if {*re.findall(r"-m rethinking (\w+) ", block)} & stages}
    called |= {
        copy for rule, copy in re.findall(r"^use rule (\w+) as (\w+) with:", text, re.MULTILINE) if rule in called
    }
    assert called >= {"train", "train_regression", "complexity_of_run", "predictions"}
    assert read("gpu")["set-resources"] == {rule: {"gpu": 1} for rule in called}


def test_large_matrices_ask_for_the_time_and_memory_of_their_images(tmp_path):
    printed = snakemake(tmp_path, "--dry-run", "--configfile", "config/studies/kernels-source.yaml", "--", "study")
    kernels = [(rule, lines) for rule, lines in JOB.findall(printed) if re.match("kernel_(?!frame)", rule)]
    assert {rule for rule, _ in kernels} == {"kernel_choice", "kernel_gram", "kernel_solution"}
    asked = [(rule, name, int(value)) for rule, lines in kernels for name, value in ASKED.findall(lines)]
    assert min(value for _, name, value in asked if name == "runtime") > 102, "minutes that the longest took"
    for kind in {rule for rule, _ in kernels}:
        assert max(value for rule, name, value in asked if (rule, name) == (kind, "mem_mb")) >= 4000


def test_figure_1_of_the_paper_is_36_trainings_a_seed(on_gpus):
    seeds = [re.search(r"seed=(\d+)", job["wildcards"]) for job in on_gpus]
    assert Counter(seed[1] for seed in seeds if seed) == {"0": 36, "1": 36, "2": 36}


def test_every_training_asks_for_a_gpu_and_for_memory_and_time_of_its_own_sizes(on_gpus):
    configuration = Configuration.load(ROOT / "config/cifar10.yaml")
    expected = {
        run.path: {
            "gpu": "1",
            "mem_mb": str(resources.train_memory(configuration, run)),
            "runtime": str(resources.train_minutes(configuration, run)),
        }
        for run in configuration.runs("fig1")
    }
    found = {}
    for job in on_gpus:
        names, asked = (dict(re.findall(r"(\w+)=([^,\s]+)", job[line])) for line in ("wildcards", "resources"))
        path = "{dataset}/{model}/{corruption}/{recipe}/seed{seed}".format(**names)
        found[path] = {name: asked[name] for name in ("gpu", "mem_mb", "runtime")}
    assert found == expected


SHARED_GPU = """
rule all:
    input:
        expand("{number}.done", number=range(4)),

rule train:
    output:
        "{number}.done",
    shell:
        "mkdir busy; sleep 0.2; rmdir busy; touch {output}"
"""


def test_one_gpu_serves_one_training_at_a_time(tmp_path):
    (tmp_path / "Snakefile").write_text(SHARED_GPU)
    profiles = ["--profile", "profiles/gpu", "--workflow-profile", "profiles/default"]
    snakemake(tmp_path, "--snakefile", str(tmp_path / "Snakefile"), *profiles, "--cores", "4")
    assert len(list(tmp_path.glob("*.done"))) == 4
