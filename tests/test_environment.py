"""The three lists of dependencies, and the code, tell the same: pyproject.toml, environment.yml, requirements.lock."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from rattler import MatchSpec, VersionSpec
from rattler import Version as CondaVersion

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
# What a package of PyPI is called on conda-forge and bioconda, where it is called something else.
ON_CONDA = {"torch": "pytorch", "matplotlib": "matplotlib-base", "snakemake": "snakemake-minimal"}
# Snakemake runs the workflow; the package itself does not know it. The others belong to the environment that users are
# promised: torchvision's networks are references in benchmarks, seaborn is for figures of one's own.
NOT_IMPORTED = {"snakemake", "torchvision", "seaborn"}

LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
MACOS = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"}
PLATFORMS = {
    "Linux x86-64": LINUX | {"platform_machine": "x86_64"},
    "Linux arm64": LINUX | {"platform_machine": "aarch64"},
    "macOS arm64": MACOS | {"platform_machine": "arm64"},
}
# What the package imports only where it is there.
OPTIONAL = {
    "altair": ["altair"], "vl_convert": ["vl-convert-python"], "selenium": ["selenium"],
    "onnxruntime": ["onnxruntime"], "onnxscript": ["onnxscript"],
    "boto3": ["boto3"], "moto": ["moto"], "rocrate": ["rocrate"],
}  # fmt: skip
PYTHONS = ["3.11", "3.12", "3.13"]


def requirements(texts: Iterable[str]) -> dict[str, Requirement]:
    return {canonicalize_name(each.name): each for each in map(Requirement, texts)}


def on_platform(platform: str, python: str) -> dict[str, str]:
    """The values of markers there."""
    versions = {"python_version": python, "python_full_version": f"{python}.5", "implementation_version": f"{python}.5"}
    return {key: str(value) for key, value in default_environment().items()} | PLATFORMS[platform] | versions


def locked(file: str, environment: dict[str, str]) -> dict[str, Version]:
    """What the lock file installs in an environment; each package once."""
    lines = (ROOT / file).read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    found: dict[str, Version] = {}
    for pin in pins:
        if pin.marker is None or pin.marker.evaluate(environment):
            (specifier,) = pin.specifier
            assert specifier.operator == "=="
            assert canonicalize_name(pin.name) not in found, pin.name
            found[canonicalize_name(pin.name)] = Version(specifier.version)
    return found


DEPENDENCIES = requirements(PROJECT["dependencies"])
DEVELOPMENT = requirements(PROJECT["optional-dependencies"]["dev"])
DOCS = requirements(PROJECT["optional-dependencies"]["docs"])
TENSORBOARD = requirements(PROJECT["optional-dependencies"]["tensorboard"])
ONNX = requirements(PROJECT["optional-dependencies"]["onnx"])
CRATE = requirements(PROJECT["optional-dependencies"]["crate"])
PAGE = requirements(PROJECT["optional-dependencies"]["page"])
BROWSER = requirements(PROJECT["optional-dependencies"]["browser"])
SLURM = requirements(PROJECT["optional-dependencies"]["slurm"])
CLOUD = requirements(
    text for extra in ("s3", "kubernetes", "aws-batch", "cloud") for text in PROJECT["optional-dependencies"][extra]
)
LOCKED = {**DEPENDENCIES, **DEVELOPMENT, **DOCS, **TENSORBOARD}
HERE = {key: str(value) for key, value in default_environment().items()}

# -- environment.yml ---------------------------------------------------------------------------------------------------


def conda_specifications() -> dict[str, MatchSpec]:
    """The dependencies of environment.yml by name, read as strictly as conda's own parser can."""
    specs = [MatchSpec(text, strict=True) for text in ENVIRONMENT["dependencies"]]
    return {str(spec).split()[0]: spec for spec in specs}


def test_the_conda_environment_takes_nothing_from_the_default_channels():
    assert ENVIRONMENT["channels"] == ["conda-forge", "bioconda", "nodefaults"]


def test_the_conda_environment_lists_what_pyproject_lists():
    expected = {ON_CONDA.get(name, name): str(each.specifier) for name, each in DEPENDENCIES.items()}
    found = {name: spec.version for name, spec in conda_specifications().items() if name != "python"}
    assert {name: SpecifierSet(found[name] or "") for name in found} == {
        name: SpecifierSet(text) for name, text in expected.items()
    }


def test_the_conda_environment_has_a_python_that_pyproject_admits():
    python = conda_specifications()["python"].version
    assert python is not None
    required, offered = SpecifierSet(PROJECT["requires-python"]), SpecifierSet(python)
    minors = [f"3.{minor}.0" for minor in range(20)]
    assert [minor for minor in minors if minor in offered] == [f"{python}.0" for python in PYTHONS]
    assert all(minor in required for minor in minors if minor in offered)


def test_every_range_holds_for_what_is_installed():
    conda = conda_specifications()
    for name, requirement in LOCKED.items():
        installed = Version(version(name)).public
        assert installed in requirement.specifier, f"{name} {installed}"
        if name in DEPENDENCIES:
            specification = conda[ON_CONDA.get(name, name)].version
            assert VersionSpec(specification).matches(CondaVersion(installed)), f"{specification}: {installed}"


# -- requirements.lock -------------------------------------------------------------------------------------------------


def wanted(requirement: Requirement, environment: dict[str, str]) -> Iterator[Requirement]:
    """What an installed package requires in an environment, with the extras that are asked of it."""
    try:
        texts = requires(requirement.name) or []
    except PackageNotFoundError:  # of another platform: nobody here can tell
        return
    for each in map(Requirement, texts):
        extras = ["", *requirement.extras]
        if each.marker is None or any(each.marker.evaluate(environment | {"extra": extra}) for extra in extras):
            yield each


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_lock_file_holds_all_that_is_needed_on_every_platform(platform, python):
    environment = on_platform(platform, python)
    pins = locked("requirements.lock", environment)
    waiting, seen = [*LOCKED.values()], set()
    while waiting:
        requirement = waiting.pop()
        if str(requirement) not in seen:
            seen.add(str(requirement))
            name = canonicalize_name(requirement.name)
            assert name in pins, f"{requirement} is not in the lock file"
            assert requirement.specifier.contains(pins[name], prereleases=True), f"{requirement}, locked {pins[name]}"
            waiting += wanted(requirement, environment)
    assert set(pins) == {canonicalize_name(Requirement(text).name) for text in seen}, "and nothing else"


def test_what_is_installed_is_what_the_lock_file_says():
    for name, pin in locked("requirements.lock", HERE).items():
        assert Version(version(name)).public == pin.public, name


def test_the_lock_file_takes_no_newer_torch_than_the_conda_environment_would():
    conda = conda_specifications()["pytorch"].version
    assert VersionSpec(conda).matches(CondaVersion(str(locked("requirements.lock", HERE)["torch"])))


def test_the_plugin_for_slurm_is_locked_in_a_file_of_its_own():
    plugin = locked("tests/slurm/requirements.lock", HERE)
    assert all(pin in SLURM[name].specifier for name, pin in plugin.items() if name in SLURM)
    assert set(SLURM) <= set(plugin)
    assert not set(plugin) & set(locked("requirements.lock", HERE)), "each plugin slows each start of Snakemake"


def test_what_object_storage_is_tested_with_is_locked_in_a_file_of_its_own():
    locks = locked("tests/s3/requirements.lock", HERE)
    assert all(pin in CLOUD[name].specifier for name, pin in locks.items() if name in CLOUD)
    assert set(CLOUD) <= set(locks)
    assert not set(locks) & set(locked("requirements.lock", HERE))


def test_what_pages_are_tested_with_is_locked_in_a_file_of_its_own():
    locks = locked("tests/browser/requirements.lock", HERE)
    assert all(pin in (PAGE | BROWSER)[name].specifier for name, pin in locks.items() if name in PAGE | BROWSER)
    assert set(PAGE | BROWSER) <= set(locks)
    assert not set(locks) & set(locked("requirements.lock", HERE))


# -- the code ----------------------------------------------------------------------------------------------------------


def imported(folder: str) -> set[str]:
    """The packages that the modules below a folder import, by their names on PyPI; its own modules left out."""
    paths = [
        ROOT / name
        for name in subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", f"{folder}/*.py"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        if (ROOT / name).exists()
    ]
    own = {path.stem for path in paths} | {path.parent.name for path in paths} | {"rethinking"}
    modules: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    of = OPTIONAL | dict(packages_distributions())
    third_party = modules - own - set(sys.stdlib_module_names)
    return {canonicalize_name(of[module][0]) for module in third_party}


def test_the_package_imports_every_dependency_and_nothing_else():
    assert imported("workflow/rethinking") == set(DEPENDENCIES) - NOT_IMPORTED | set(PAGE | TENSORBOARD | ONNX | CRATE)


def test_the_tests_import_only_what_is_declared():
    assert imported("tests") <= set(DEPENDENCIES) | set(DEVELOPMENT) | set(BROWSER | TENSORBOARD | CLOUD | CRATE)


def test_every_tool_of_the_development_extra_is_imported_or_called():
    calls = (ROOT / "Makefile").read_text()
    commands = {"import-linter": "lint-imports", "pytest-xdist": "pytest -n", "pytest": "-m pytest"}
    for name in set(DEVELOPMENT) - imported("tests"):
        assert re.search(rf"{re.escape(commands.get(name, name))}\b", calls), name


def test_every_hook_is_a_check_of_make_lint():
    (lint,) = re.findall(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}
    for hook in repository["hooks"]:
        assert hook["entry"].removeprefix("env PYRIGHT_PYTHON_IGNORE_WARNINGS=1 ") in lint
