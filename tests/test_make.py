"""What `make` says of itself."""

import re
import subprocess
from pathlib import Path

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
