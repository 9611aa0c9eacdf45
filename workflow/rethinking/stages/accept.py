"""Accept existing results after a change of code that alters no number (`make accept`), once that is proved.

The golden numbers of tests/ must come out as they are written there, and the data of each run, made again, with the
bytes that it was trained on. Otherwise nothing is accepted, or not that run.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rethinking.config import CHECKOUT, Configuration, jobs
from rethinking.files import read_json, write_json
from rethinking.provenance import code_and_data
from rethinking.run import RunConfig
from rethinking.stages import by_hand
from rethinking.stages.by_hand import RESULTS
from rethinking.stages.run_folder import data_digest

PROOF = ("tests/test_golden_numbers.py", "tests/test_golden_losses.py")
SHOWN = 5  # of the numbers that are other ones


def prove() -> None:
    """Compute all golden numbers with this checkout's code; raises ValueError naming those that are not what they were.

    What has none (a network that was registered since, say) is named as well: nobody could tell.
    """
    if not (CHECKOUT / PROOF[0]).exists():
        raise ValueError("nothing is accepted: the golden numbers lie in a checkout, not in an installed package")
    command = [sys.executable, "-P", "-m", "pytest", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", *PROOF]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "workflow"), "OMP_NUM_THREADS": "1"}
    proof = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    if proof.returncode:
        told = re.findall(r"^.*?: (?:AssertionError: )?(.*)$", proof.stdout.partition("= FAILURES =")[2], re.MULTILINE)
        told = told[:-1] if len(told) > 1 else [*told, *(proof.stdout + proof.stderr).splitlines()[-SHOWN:]]
        more = [f"and {len(told) - SHOWN} more"] if len(told) > SHOWN else []
        raise ValueError("nothing is accepted:\n  " + "\n  ".join([*told[:SHOWN], *more]))


def made_again(configuration: Configuration, run: RunConfig, root: Path) -> str:
    """The digest of the run's data, made in `root` with this checkout's code."""
    data = by_hand.prepared(configuration, run.dataset, root)
    corrupted, *redrawn = (
        by_hand.corrupted(configuration, run.dataset, run.corruption, seed, data)
        for seed in (run.seed, *run.redraws.values())
    )
    split = by_hand.split(configuration, run.dataset, run.seed, data)
    return data_digest(data, corrupted, split, [folder for folder in redrawn if folder])


def lying_there(configuration: Configuration, run: RunConfig) -> str | None:
    """The digest of the run's data among the results; None where some are missing, which Snakemake makes again."""
    data = RESULTS / "data" / run.dataset
    seeds = () if run.corruption == "true_labels" else (run.seed, *run.redraws.values())
    noise = [data / run.corruption / f"seed{seed}" for seed in seeds]
    held_out = jobs.split_job(configuration, run.dataset, run.seed) is not None
    split = data / "split" / f"seed{run.seed}" if held_out else None
    if not all((folder / "manifest.json").exists() for folder in filter(None, [data, *noise, split])):
        return None
    return data_digest(data, next(iter(noise), None), split, noise[1:])


def problem(configuration: Configuration, run: RunConfig, root: Path) -> str | None:
    """Why a run that is there has to be trained again; None where it is what this checkout would make."""
    summary = read_json(RESULTS / "runs" / run.path / "run.json", config_digest=str, code_digest=str, data_sha256=str)
    if summary["config_digest"] != run.digest:
        return "another configuration made it"
    if made_again(configuration, run, root) != summary["data_sha256"]:
        return "it was trained on other data than this checkout makes"
    if lying_there(configuration, run) not in (None, summary["data_sha256"]):
        return f"results/data/{run.dataset} holds other data; delete it, it is made again"
    return None


def main(argv: list[str]) -> None:
    """Write the checkout's digests into the run.json of what is accepted; print these files, the rest to stderr."""
    parser = argparse.ArgumentParser(prog="python -m rethinking accept", description=__doc__)
    parser.add_argument("--configfile", help="configuration; config/config.yaml by default")
    args = parser.parse_args(argv)
    configuration = Configuration.load(args.configfile)
    runs = {run.path: run for section in configuration.sections for run in configuration.runs(section)}
    files = {path: RESULTS / "runs" / path / "run.json" for path in runs}
    runs = {path: run for path, run in runs.items() if files[path].exists()}
    prove()
    with tempfile.TemporaryDirectory() as root:
        problems = {path: problem(configuration, run, Path(root)) for path, run in runs.items()}
    for path, run in runs.items():
        if problems[path] is not None:
            print(f"left to be trained again: {files[path].parent}: {problems[path]}", file=sys.stderr)
            continue
        summary, accepted = read_json(files[path]), code_and_data(configuration, run)
        if not accepted.items() <= summary.items():
            if summary["code_digest"] != accepted["code_digest"]:
                summary["accepted_from"] = [*summary.get("accepted_from", []), summary["code_digest"]]
            write_json(files[path], summary | accepted)
        print(files[path])
