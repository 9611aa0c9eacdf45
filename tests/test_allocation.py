"""Memory that is freed is kept: what training relies on for speed, and nothing else."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import sys
import numpy as np
from rethinking.engine.allocation import keep_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

if sys.argv[1] == "keep":
    assert keep_freed_memory()
before = resident()
block = np.ones(2_300_000_000, np.uint8)
there = resident() - before
del block
print(there, resident() - before)
"""


def after_freeing(mode: str) -> tuple[int, int]:
    """Bytes that a block of 2.3 GB takes, more than an int of C counts, and those that are held once it is freed."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, mode], capture_output=True, text=True, check=True)
    there, kept = map(int, done.stdout.split())
    return there, kept


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library cannot be told")
def test_freed_memory_is_kept_where_asked_for_and_goes_back_to_the_system_elsewhere(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "workflow")
    (there, kept), (_, left) = after_freeing("keep"), after_freeing("default")
    assert there > 2.2e9
    assert kept > 2.2e9
    assert left < 10e6
