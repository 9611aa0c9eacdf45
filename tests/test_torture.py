"""A short form of `make torture`."""

import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def test_runs_that_are_killed_again_and_again_end_with_the_same_bytes():
    """One of each recipe, with real SIGKILLs, in a process that has no threads but its own."""
    command = [sys.executable, str(TESTS / "torture.py"), "--runs", "6", "--seed", "1"]
    environment = os.environ | {"PYTHONPATH": str(TESTS.parent / "workflow")}
    called = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stderr
    said = re.match(r"6 of 6 runs byte-equal after (\d+) kills", called.stdout)
    assert said is not None, called.stdout
    assert int(said[1]) >= 6
