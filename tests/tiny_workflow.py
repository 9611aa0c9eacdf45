"""A small complete configuration, and what the tests ask of a copy of this checkout that has it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import snakemake_forks
import yaml

from rethinking.config import Configuration

# What Snakemake prints of a job, in a dry run or a real one.
JOB = re.compile(r"^(?:local)?rule (\S+):\n((?:    .*\n)*)", re.MULTILINE)

# The default configuration of the copies: figure 1 from eight runs of an epoch or two, and tables of the same runs.
TINY = """\
name: tiny
seeds: [0]
datasets:
  digits-50: {extends: digits, train: 50, test: 30, image_size: 8}
models:
  inception-w0.05: {factory: inception, width: 0.05}
  alexnet-w0.1: {factory: alexnet, width: 0.1}
  mlp-w0.05: {factory: mlp_1x512, width: 0.05}
recipes:
  quick: {epochs: 1, batch_size: 25, learning_rate: {mlp: 0.01, alexnet: 0.01, inception: 0.01}, crop: null}
  curves: {extends: quick, epochs: 2}
figures:
  fig1:
    dataset: digits-50
    recipe: quick
    panels:
      learning_curves:
        recipe: curves
        models: [inception-w0.05]
        corruptions: [true_labels, shuffled_pixels]
      corruption_levels:
        models: [inception-w0.05, alexnet-w0.1, mlp-w0.05]
        levels: [0, 0.5]
tables:
  table1: {dataset: digits-50, recipe: quick, panels: {plain: {models: [mlp-w0.05], corruptions: [true_labels]}}}
  paper_vs_ours: {dataset: digits-50, recipe: quick}
"""


Jobs = set[tuple[str, frozenset[str]]]


def without_code() -> dict[str, str]:
    """This process's environment, without what leads to this checkout's code."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}


def with_corruptions(variants: dict[str, Any], corruption: str = "true_labels") -> Configuration:
    """The tiny configuration with corruptions of its own, one of which its learning curves show."""
    values = yaml.safe_load(TINY)
    values["corruptions"] = variants
    curves = values["figures"]["fig1"]["panels"]["learning_curves"]
    curves["corruptions"] = list(dict.fromkeys(["true_labels", corruption]))
    return Configuration.of_layers("mine.yaml", {"mine.yaml": values})


def jobs_in(printed: str) -> Jobs:
    """The jobs in what Snakemake prints: each rule with its wildcards."""
    found = [
        (rule, frozenset(wildcards.split(", ")))
        for rule, lines in JOB.findall(printed)
        for wildcards in re.findall(r"^    wildcards: (.*)$", lines, re.MULTILINE) or [""]
    ]
    # Its own count is printed as well: none may have been missed.
    total = re.search(r"^total +(\d+)$", printed, re.MULTILINE)
    assert total or "Nothing to be done" in printed, printed
    assert len(found) == (int(total[1]) if total else 0), printed
    return set(found)


class Checkout:
    """A copy of this checkout, with `TINY` as its default configuration, and what can be asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def copied(cls, source: Path, folder: Path) -> "Checkout":
        """A copy of another one's folder, times and links included."""
        return cls(shutil.copytree(source, folder, symlinks=True))

    def __truediv__(self, path: str) -> Path:
        return self.folder / path

    def python(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """`python …` in the copy, without this process's PYTHONPATH, and with further variables of the environment."""
        return self.call(sys.executable, *arguments, **variables)

    def call(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Any command in the copy, in an environment that says nothing of this checkout's code."""
        environment = without_code() | variables
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    def rethinking(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`python -m rethinking …`, the copy's own code."""
        return self.python("-m", "rethinking", *arguments, PYTHONPATH=str(self / "workflow"))

    def snakemake(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """`snakemake …`; like every script, and unlike `python -m`, it takes no modules from the working folder."""
        if {"--dry-run", "-n"} & {*arguments} and "PYTHONPATH" not in variables:
            return snakemake_forks.call(self.folder, arguments, without_code() | variables)
        return self.python("-P", "-m", "snakemake", *arguments, **variables)

    def run(self, *arguments: str, target: str = "figures/fig1.pdf") -> Jobs:
        """Call Snakemake, which must end well; the jobs that it did, or would do in a dry run."""
        called = self.snakemake("--cores", "2", *arguments, "--", target)
        assert called.returncode == 0, called.stdout + called.stderr
        return jobs_in(called.stdout + called.stderr) - {(target, frozenset([""]))}

    def jobs(self, *arguments: str, target: str = "figures/fig1.pdf") -> Jobs:
        """The jobs that a dry run finds to do."""
        return self.run("--dry-run", *arguments, target=target)

    def configuration(self) -> dict[str, Any]:
        return yaml.safe_load((self / "config/config.yaml").read_text())

    def configure(self, configuration: dict[str, Any], file: str = "config/config.yaml") -> None:
        (self / file).write_text(yaml.safe_dump(configuration, sort_keys=False))

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        """Change a file's text; that nothing is changed is an error of the test."""
        before = (self / file).read_text()
        after = change(before)
        assert after != before, file
        (self / file).write_text(after)

    def files(self) -> set[str]:
        """Every file of the copy but Snakemake's own and caches."""
        paths = (path.relative_to(self.folder) for path in self.folder.rglob("*") if not path.is_dir())
        return {str(path) for path in paths if not {".snakemake", "__pycache__"} & set(path.parts)}
