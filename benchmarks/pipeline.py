"""What the workflow adds to the trainings: the default figure, a rerun of nothing, a dry run of 1,000 trainings."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.processes import ROOT
from benchmarks.results import Row

OVERHEAD, NOTHING, DRY = 5, 3, 8  # seconds a run, seconds, seconds
NUM_DRY = 1000


def checkout(folder: Path) -> None:
    """A copy of the files that git knows or would add."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def snakemake(folder: Path, *arguments: str) -> float:
    """Seconds of a call."""
    command = [sys.executable, "-P", "-m", "snakemake", "--cores", "all", *arguments]
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "OMP_NUM_THREADS")}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    return time.perf_counter() - start


def many_runs(folder: Path, num_runs: int) -> Path:
    """The default configuration with so many seeds that it has at least `num_runs` trainings."""
    configuration = yaml.safe_load((folder / "config/config.yaml").read_text(encoding="utf-8"))
    runs = {path.parent for path in folder.glob("results/runs/*/*/*/*/*/run.json")}
    a_seed = len(runs) / len(configuration["seeds"])
    configuration |= {"name": "many", "seeds": list(range(1000, 1000 + -(-num_runs // int(a_seed))))}
    path = folder / "config/many.yaml"
    path.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    return path


def rows(repeats: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        folder, cores = Path(temporary), len(os.sched_getaffinity(0))
        checkout(folder)
        wall = snakemake(folder, "figures/fig1.pdf")
        seconds = [json.loads(path.read_text())["seconds"] for path in folder.glob("results/runs/*/*/*/*/*/run.json")]
        yield Row(
            "default figure: (wall × cores − the runs' own seconds) ÷ runs: s",
            (wall * cores - sum(seconds)) / len(seconds),
            OVERHEAD,
            f"{wall:.0f} s × {cores} cores, {len(seconds)} runs of {sum(seconds):.0f} s together; once",
            at_most=True,
        )
        times = sorted(snakemake(folder, "figures/fig1.pdf") for _ in range(repeats))
        yield Row("the same again: s", times[len(times) // 2], NOTHING, "nothing to be done", at_most=True)
        for num_runs in (100, 300, NUM_DRY):
            many = ("-n", "--quiet", "all", "--configfile", str(many_runs(folder, num_runs)), "--", "figures/fig1.pdf")
            times = sorted(snakemake(folder, *many) for _ in range(repeats))
            wanted = DRY if num_runs == NUM_DRY else None
            yield Row(f"dry run, {num_runs:,} trainings: s", times[len(times) // 2], wanted, "", at_most=True)
