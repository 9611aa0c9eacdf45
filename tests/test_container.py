"""The Dockerfile held against this checkout, as far as that goes without a build: what it copies, installs, runs."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from test_environment import HERE, PYTHONS
from test_environment import locked as locked_versions

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Stands for a program that changes the machine: writes down what it was called with, and the lists that it was given.
STAND_IN = """\
#!{python}
import json, pathlib, sys
lists = {{name: pathlib.Path(name).read_text().splitlines() for name in sys.argv if pathlib.Path(name).is_file()}}
with open("{log}", "a") as log:
    print(json.dumps([pathlib.Path(sys.argv[0]).name, sys.argv[1:], lists]), file=log)
"""


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile in their order: word and what follows it, continued lines as they stand."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    found = re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)$", "\n".join(lines), re.MULTILINE)
    assert len(re.findall(r"^\S", "\n".join(lines), re.MULTILINE)) == len(found)
    return found


def of(word: str) -> list[str]:
    return [text for each, text in instructions() if each == word]


def is_let_in(path: str) -> bool:
    """Whether .dockerignore lets a path into the build: the last of its lines that fits the path, or a folder of it."""
    let_in = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").replace("**/", "*/")
        folders = [path, *map(str, Path(path).parents)]
        if line and not line.startswith("#") and any(fnmatch(f"/{each}", f"/{pattern}") for each in folders):
            let_in = line.startswith("!")
    return let_in


def tracked() -> list[str]:
    """Every file of this checkout that git knows or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in listed if name and (ROOT / name).is_file()]


def calls(folder: Path, **arguments: str) -> list[tuple[str, list[str], dict[str, list[str]]]]:
    """What the RUN lines call with these build arguments: program, arguments, the lists of packages among these."""
    (programs := folder / "programs").mkdir(parents=True)
    (place := folder / "image").mkdir()
    for name in ("pip", "useradd", "install"):
        (programs / name).write_text(STAND_IN.format(python=sys.executable, log=folder / "log"))
        (programs / name).chmod(0o755)
    (programs / "python").symlink_to(sys.executable)
    for name in filter(is_let_in, tracked()):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes((ROOT / name).read_bytes())
    given = os.environ | arguments | {"PATH": f"{programs}:{os.environ['PATH']}"}
    given |= dict(pair.split("=") for pair in " ".join(of("ENV")).split())
    for line in of("RUN"):
        subprocess.run(["sh", "-ec", line], cwd=place, env=given, check=True)
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


def test_its_python_is_one_that_the_project_is_tested_on():
    (python,) = (text.partition("=")[2] for text in of("ARG") if text.startswith("PYTHON="))
    (base,) = of("FROM")
    assert re.fullmatch(r"python:\$\{PYTHON\}-slim-[a-z]+", base)
    assert python in PYTHONS
    assert f"{python}.0" in SpecifierSet(PYPROJECT["project"]["requires-python"])


@pytest.mark.parametrize("line", of("RUN"))
def test_every_line_that_it_runs_is_shell(line):
    assert subprocess.run(["sh", "-nc", line], check=False).returncode == 0


def test_what_is_installed_is_what_the_package_needs_in_the_versions_of_the_lock_file(tmp_path):
    pip = [(arguments, lists) for program, arguments, lists in calls(tmp_path) if program == "pip"]
    (first, lists), (last, _) = pip
    assert not {"--index-url", "--extra-index-url", "--find-links"} & {*first, *last}, "but by who builds it"
    assert first[first.index("--constraint") + 1] == "requirements.lock"
    needed = lists[first[first.index("-r") + 1]]
    assert needed == PYPROJECT["build-system"]["requires"] + PYPROJECT["project"]["dependencies"]
    assert {canonicalize_name(Requirement(each).name) for each in needed} <= set(
        locked_versions("requirements.lock", HERE)
    )
    assert last[-2:] == ["--editable", "."], "of which all is there by then"
    assert "--no-build-isolation" in last, "else pip fetches what builds it in any version"


def test_another_place_of_wheels_is_asked_for_pytorch_alone_in_the_versions_of_the_lock_file(tmp_path):
    (_, arguments, lists), *others = (
        call for call in calls(tmp_path, TORCH_INDEX="https://wheels.example/cpu") if call[0] == "pip"
    )
    assert arguments[arguments.index("--index-url") + 1] == "https://wheels.example/cpu"
    assert "--no-deps" in arguments, "what they need is PyPI's"
    versions = locked_versions("requirements.lock", HERE)
    assert lists[arguments[arguments.index("-r") + 1]] == [
        f"{name}=={versions[name]}" for name in ("torch", "torchvision")
    ]
    assert not any("--index-url" in arguments for _, arguments, _ in others)


def test_an_extra_comes_with_the_package(tmp_path):
    assert [arguments[-1] for program, arguments, _ in calls(tmp_path, EXTRAS="s3") if program == "pip"][-1] == ".[s3]"


def test_it_runs_as_a_user_who_is_not_root_and_any_user_may_write_where_it_runs(tmp_path):
    words = [word for word, _ in instructions()]
    assert words.index("USER") > max(place for place, word in enumerate(words) if word in ("RUN", "COPY"))
    (user,) = of("USER")
    made = {program: arguments for program, arguments, _ in calls(tmp_path) if program != "pip"}
    assert int(user) > 0  # Kubernetes can tell only of a number that it is not root's
    assert made["useradd"][made["useradd"].index("--uid") + 1] == user
    home = f"/home/{made['useradd'][-1]}"
    assert made["install"] == ["--directory", "--mode", "1777", home, of("WORKDIR")[-1]], "for any number of a user"
    assert f"HOME={home}" in " ".join(of("ENV")).split()


def test_the_build_gets_what_a_wheel_is_made_of_and_nothing_else():
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    parts = [*wheel["packages"], *wheel["force-include"], *PYPROJECT["project"]["license-files"]]
    parts += [PYPROJECT["project"]["readme"], "pyproject.toml", "requirements.lock"]
    for name in tracked():
        assert is_let_in(name) == any(Path(name).is_relative_to(part) for part in parts), name
    for name in (".git/config", ".venv/bin/python", "results/data/digits", "workflow/rethinking/__pycache__/run.pyc"):
        assert not is_let_in(name)


def test_all_that_it_copies_is_there():
    for text in of("COPY"):
        *sources, _ = shlex.split(text)
        assert all(source == "." or (is_let_in(source) and (ROOT / source).is_file()) for source in sources)


def test_what_it_does_unasked_is_a_figure_of_the_workflow(tmp_path):
    (command,) = map(json.loads, of("CMD"))
    here = [word.replace(of("WORKDIR")[0], str(ROOT)) for word in command[1:]]
    called = [sys.executable, "-P", "-m", command[0], *here, "--directory", str(tmp_path), "--dry-run", "--quiet"]
    assert subprocess.run([*called, "all"], cwd=tmp_path, check=False).returncode == 0


def test_the_documents_give_it_only_arguments_that_it_takes():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("profiles/*/config.yaml")]
    named = {name for page in pages for name in re.findall(r"--build-arg (\w+)=", page.read_text())}
    assert named
    assert named <= {text.partition("=")[0] for text in of("ARG")}
