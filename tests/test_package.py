"""The installed package, without a checkout: by hand, with Snakemake, and under a workflow that is fetched from git."""

import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import ROOT, copy_sources, locked
from hatchling.builders.wheel import WheelBuilder
from tiny_workflow import TINY

SITE = "lib/python{}.{}/site-packages".format(*sys.version_info[:2])
IMPORTING = """\
configfile: "mine.yaml"
module zhang:
    snakefile: "git+file://{repository}/workflow/Snakefile@main"
    config: config
use rule * from zhang
"""


class Installed:
    """A Python that has the wheel, and beside it what the wheel depends on; called from an empty folder."""

    def __init__(self, environment: Path, folder: Path) -> None:
        self.python, self.folder = environment / "bin/python", folder

    def call(self, *command: str) -> "subprocess.CompletedProcess[str]":
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        command = (str(self.python.with_name(command[0])), *command[1:])
        return subprocess.run(command, cwd=self.folder, env=kept, capture_output=True, text=True, check=False)

    def rethinking(self, *arguments: str) -> str:
        called = self.call("rethinking", *arguments)
        assert called.returncode == 0, called.stderr
        return called.stdout

    def shipped(self) -> dict[str, str]:
        """The files that are no code: what they are called in a checkout, and where they lie."""
        lines = self.rethinking("list", "files").splitlines()
        return dict(line.split(maxsplit=1) for line in lines)

    def snakemake(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.call("python", "-P", "-m", "snakemake", "--cores", "2", *arguments)


def environment_without_the_package(folder: Path) -> Path:
    """An environment that finds all that this one has installed, but not this checkout."""
    venv.create(folder, symlinks=True)
    (folder / SITE / "others.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with locked(shared / "package.lock"):
        if not (folder := shared / "package/environment").exists():
            copy_sources(source := shared / "package/source")
            (wheel,) = WheelBuilder(str(source)).build(directory=str(shared / "package/wheels"), versions=["standard"])
            python = environment_without_the_package(folder) / "bin/python"
            pip = [
                sys.executable,
                "-P",
                "-m",
                "pip",
                "--python",
                str(python),
                "install",
                "-q",
                "--disable-pip-version-check",
            ]
            subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
    return folder


@pytest.fixture
def installed(environment: Path, tmp_path: Path) -> Installed:
    (tmp_path / "mine").mkdir()
    return Installed(environment, tmp_path / "mine")


@pytest.mark.slow
def test_an_installed_package_knows_its_configurations_schemas_and_published_numbers(installed):
    assert "cifar10" in installed.rethinking("list", "datasets")
    assert "fig1" in installed.rethinking("list", "figures")
    files = installed.shipped()
    assert files.keys() == {"Snakefile", *(str(path.relative_to(ROOT)) for path in (ROOT / "config").rglob("*.yaml"))}
    for name, file in files.items():
        assert not Path(file).is_relative_to(ROOT)
        assert Path(file).read_bytes() == (ROOT / name).read_bytes()


@pytest.mark.slow
def test_an_installed_package_trains_by_hand_where_it_is_called(installed):
    printed = installed.rethinking(
        "train", "--dataset", "digits", "--model", "mlp_1x512", "--recipe", "small", "--epochs", "1"
    )
    (run,) = (installed.folder / "results/by-hand/runs").rglob("run.json")
    metrics = pd.read_csv(run.with_name("metrics.csv"))
    assert f"test accuracy {metrics['TestAccuracy'].iloc[-1]:.2f} %" in printed


@pytest.mark.slow
def test_its_workflow_runs_where_it_is_called(installed):
    (installed.folder / "mine.yaml").write_text(TINY)
    target = "results/tables/tiny/table1.csv"
    called = installed.snakemake("-s", installed.shipped()["Snakefile"], "--configfile", "mine.yaml", "--", target)
    assert called.returncode == 0, called.stderr
    assert (installed.folder / target).exists()


@pytest.mark.slow
def test_what_needs_a_checkout_says_so(installed):
    for command, told in (("accept", "golden numbers lie in a checkout"), ("page", "nothing is recorded here")):
        called = installed.call("rethinking", command)
        assert called.returncode == 1
        assert told in called.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What a module from git is fetched from."""
    copy_sources(folder := tmp_path / "repository")
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=folder, check=True)
    commit(folder)
    return folder


def commit(repository: Path) -> None:
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for command in (["add", "--all"], [*author, "commit", "-q", "-m", "as it is"]):
        subprocess.run(["git", *command], cwd=repository, check=True)


def importing(installed: Installed, repository: Path) -> None:
    (installed.folder / "mine.yaml").write_text(TINY.replace("name: tiny", "name: mine"))
    (installed.folder / "Snakefile").write_text(IMPORTING.format(repository=repository))


@pytest.mark.slow
def test_a_module_from_git_runs_with_the_package_that_is_installed(installed, repository):
    importing(installed, repository)
    called = installed.snakemake("--", target := "results/tables/mine/table1.csv")
    assert called.returncode == 0, called.stderr
    assert (installed.folder / target).exists()


@pytest.mark.slow
def test_a_module_from_git_with_another_package_says_what_to_install(installed, repository):
    rules = repository / "workflow/rules/common.smk"
    rules.write_text(re.sub(r'VERSION = "[^"]*"', 'VERSION = "7.8.9"', rules.read_text()))
    commit(repository)
    importing(installed, repository)
    released = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    called = installed.snakemake("-n")
    assert called.returncode != 0
    told = f"version {released} is installed: pip install rethinking-generalization==7.8.9"
    assert told in called.stdout + called.stderr


def test_the_workflow_and_the_package_and_the_citation_are_of_one_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    rules = (ROOT / "workflow/rules/common.smk").read_text()
    assert re.findall(r'^VERSION = "(.*)"', rules, re.MULTILINE) == [version]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == version
    released = re.findall(rf"^## {re.escape(version)} ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert len(released) == ("date-released" in citation), "released where both say so, or where neither does"
