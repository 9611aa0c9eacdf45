"""What the documents tell people to type is understood: by Snakemake's command line, by ours, by the Makefile."""

import re
import shlex
import subprocess
import sys

import pytest
from snakemake.cli import get_argument_parser

from rethinking.__main__ import COMMANDS
from rethinking.config import CHECKOUT

PAGES = [CHECKOUT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted((CHECKOUT / "docs").rglob("*.md"))
PROGRAM = r"(?:snakemake|make|python -m rethinking)"
# A line of a block, or between backticks. What has an ellipsis or a name to be filled in is no command yet.
COMMAND = re.compile(rf"^(?:    )?({PROGRAM} [^`\n]+)$|`({PROGRAM} [^`]+)`", re.MULTILINE)
UNFINISHED = re.compile(r"…|<|\b[A-Z]{3,}\b")
OF_THE_READER = {"my.yaml"}


def commands() -> dict[str, list[str]]:
    """Every finished command of the pages as words, by where it stands and how it reads."""
    found = {}
    for page in PAGES:
        for match in COMMAND.finditer(page.read_text(encoding="utf-8").replace("\\\n", " ")):
            words = shlex.split((match[1] or match[2]).replace("\n", " "), comments=True)
            if not UNFINISHED.search(" ".join(words)):
                found[f"{page.relative_to(CHECKOUT)}: {' '.join(words)}"] = words
    return found


FOUND = commands()


def of(program: str) -> dict[str, list[str]]:
    return {place: words[1:] for place, words in FOUND.items() if words[0] == program}


def test_the_pages_have_commands_of_every_kind():
    assert all(len(of(program)) > 5 for program in ("snakemake", "make", "python"))
    assert any(place.startswith("docs/changing.md: snakemake -n") for place in FOUND)


@pytest.mark.parametrize("place", of("snakemake"))
def test_snakemake_takes_it_and_its_configurations_are_there(place, capsys):
    try:
        given = get_argument_parser().parse_args(of("snakemake")[place])
    except SystemExit:
        pytest.fail(capsys.readouterr().err)
    files = {str(file) for file in given.configfile or []} - OF_THE_READER
    assert not [file for file in files if not (CHECKOUT / file).is_file()]
    assert not [target for target in given.targets or [] if target.endswith(".yaml")], (
        "-- is missing before the targets"
    )


# What is no run of anything, what asks for a reader's own files, and what needs a plugin that is installed apart.
NOT_TRIED = re.compile(r"--unlock|--report|my\.yaml|own-pictures|profiles/slurm")
# Each study as a whole is tried by tests/test_configurations.py.
A_STUDY = re.compile(r"--cores all --configfile config/studies/[\w-]+\.yaml -- study")


def to_try() -> list[str]:
    """The pages' commands for Snakemake without what makes them dry runs, each once."""
    dry = ("-n", "--dry-run", "-q", "rules")
    commands = {shlex.join(word for word in words if word not in dry) for words in of("snakemake").values()}
    return sorted(each for each in commands if not NOT_TRIED.search(each) and not A_STUDY.fullmatch(each))


@pytest.mark.parametrize("words", to_try())
@pytest.mark.slow
def test_snakemake_would_do_it(words, tmp_path):
    command = [sys.executable, "-P", "-m", "snakemake", "--directory", str(tmp_path), "--dry-run", "--quiet", "all"]
    called = subprocess.run([*command, *shlex.split(words)], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stdout + called.stderr


@pytest.mark.parametrize("place", of("make"))
def test_the_makefile_has_it(place):
    rules = re.findall(r"^([a-z][\w./%-]*(?: [\w./%-]+)*):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    named = {name for rule in rules for name in rule.split()}
    folders = {name.partition("%")[0] for name in named if "%" in name}
    targets = [word for word in of("make")[place] if "=" not in word]
    assert targets
    assert all(target in named or target.startswith(tuple(folders)) for target in targets), sorted(named)


@pytest.mark.parametrize("place", of("python"))
def test_the_package_has_the_command(place):
    assert of("python")[place][2] in COMMANDS
