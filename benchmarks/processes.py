"""Processes that are measured in turn: each answers a number for a line."""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CODE = os.pathsep.join(filter(None, [str(ROOT), str(ROOT / "workflow"), os.getenv("PYTHONPATH")]))
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": CODE}


def start(module: str, *arguments: str) -> subprocess.Popen[str]:
    """A process that has said `ready`."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, text=True, **pipes)
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise RuntimeError(f"{' '.join(command)} ended with code {process.wait()}")
    return process


def ask(process: subprocess.Popen[str]) -> float:
    """One measurement."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    if not (answer := process.stdout.readline()):
        raise RuntimeError(f"{process.args} ended with code {process.wait()}")
    return float(answer)


def alternate(commands: Mapping[Any, Sequence[str]], repeats: int) -> dict[Any, list[float]]:
    """Measure all of the processes `repeats` times in turn, so that a machine that slows down slows all alike."""
    processes = {name: start(*command) for name, command in commands.items()}
    try:
        found: dict[Any, list[float]] = {name: [] for name in commands}
        for _ in range(repeats):
            for name, process in processes.items():
                found[name].append(ask(process))
        return found
    finally:
        for process in processes.values():
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def median_ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median of the ratios of what was measured next to each other."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))
