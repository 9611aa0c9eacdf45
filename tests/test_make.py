"""What `make` says of itself."""

import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def told(*arguments: str) -> str:
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_plain_make_installs_nothing_and_says_what_there_is():
    assert told() == told("help")
    assert "6.4 GB on the disk" in told()


def test_every_target_has_its_line():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    lines = {line.split()[0] for line in told().splitlines() if line.startswith("  ")}
    assert lines == {*phony.split(), "figures/%"} - {".venv", "FORCE"}


def test_what_is_run_on_github_is_what_is_run_here():
    workflows = [yaml.safe_load(path.read_text()) for path in (ROOT / ".github/workflows").glob("*.yml")]
    lines = [
        line
        for workflow in workflows
        for job in workflow["jobs"].values()
        for step in job["steps"]
        for line in step.get("run", "").splitlines()
    ]
    targets = set(re.findall(r"^([a-z0-9/%-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = [target for line in lines if line.startswith("make ") for target in line.split()[1:]]
    assert {"bash .ci/run", "make figures/fig1.pdf"} <= set(lines)
    assert all(target in targets or target.startswith("figures/") for target in called)
