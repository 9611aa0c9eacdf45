"""Where a configuration's runs stand: done, running, waiting, failed, killed in the middle; and what is left of each.

From files alone, the runs' own and their logs, while Snakemake or a cluster works or long after; nothing is changed.
"""

import argparse
import contextlib
import datetime
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rethinking import paths, resources
from rethinking.config import Configuration
from rethinking.files import read_json
from rethinking.outcomes.progress import Log
from rethinking.provenance import is_current
from rethinking.run import RunConfig

STATES = ("done", "running", "waiting", "stopped", "failed", "killed", "made otherwise", "torn")
WANTING = ("failed", "killed", "stopped", "made otherwise", "torn")  # those that a person may want to know by name
LOGS = Path(paths.TRAIN_LOGS)
SILENT = 600.0  # seconds without a word after which a training on another machine may be dead
EPOCHS_SILENT = 3  # or as many of its own epochs, if that is longer


@dataclass(frozen=True)
class Standing:
    """Where a run stands: its state, its log where it has one, and the seconds of training that are left at most.

    `problem` says what is wrong with results that cannot be read.
    """

    run: RunConfig
    state: str
    log: Log | None
    seconds_left: float
    problem: str = ""


Summary = dict[str, Any]  # what a run.json says


def standing(
    configuration: Configuration, run: RunConfig, summary: Summary | ValueError | None, now: float, pace: "Pace"
) -> Standing:
    """Where a run stands by its run.json, where it has one, else by its log, `now` being the time."""
    if summary is not None:
        whole = pace.seconds(configuration, run) * run.training.epochs
        if isinstance(summary, ValueError):
            return Standing(run, "torn", None, whole, str(summary))
        is_its = is_current(configuration, run, summary)
        return Standing(run, "done" if is_its else "made otherwise", None, 0.0 if is_its else whole)
    file = Path(paths.train_log(run))
    try:
        log, told = Log.read(file.read_text(encoding="utf-8", errors="replace")), file.stat().st_mtime
    except FileNotFoundError:
        log, told = None, 0.0
    state = _state(log, now - told)
    if log and log.epochs:
        pace.heard(run, median(epoch.seconds for epoch in log.epochs[-3:]))
    done = log.epochs[-1].epoch if log and log.epochs and state != "waiting" else 0
    return Standing(run, state, log, pace.seconds(configuration, run) * max(run.training.epochs - done, 0))


def _state(log: Log | None, silent: float) -> str:
    """The state of a run without results, from its log and for how many seconds that has said nothing."""
    if log is None or log.ended:  # which has results no more
        return "waiting"
    if log.fault:
        return "failed"
    if log.interrupted:
        return "stopped"
    return "running" if _is_alive(log, silent) else "killed"


def _is_alive(log: Log, silent: float) -> bool:
    """Whether the process that writes a log is there: asked of this machine, guessed of another from its silence."""
    if log.host == socket.gethostname():
        try:
            return b"rethinking" in Path(f"/proc/{log.process}/cmdline").read_bytes()
        except OSError:
            return False
    slow = EPOCHS_SILENT * max((epoch.seconds for epoch in log.epochs), default=0.0)
    return silent <= max(SILENT, slow)


class Pace:
    """Seconds an epoch of each kind of run: of those that are heard of, else by its sizes (an upper estimate)."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str, str], float] = {}

    def heard(self, run: RunConfig, seconds: float) -> None:
        """Take note of what an epoch of a run takes."""
        self._seconds[run.dataset, run.model, run.recipe] = seconds

    def seconds(self, configuration: Configuration, run: RunConfig) -> float:
        """What an epoch of a run takes."""
        estimate = resources.train_minutes(configuration, run) * 60 / run.training.epochs
        return self._seconds.get((run.dataset, run.model, run.recipe), estimate)


def standings(configuration: Configuration, now: float) -> dict[str, Standing]:
    """Every run of the configuration's figures and tables by its path, in their order, then those asked for by name."""
    pace = Pace()
    runs = {run.path: run for run in runs_of(configuration)}
    runs |= {run.path: run for run in _begun(configuration) if run.path not in runs}
    summaries = {path: _summary_of(run) for path, run in runs.items()}
    for path, run in runs.items():
        if isinstance(summary := summaries[path], dict):
            pace.heard(run, summary["seconds"] / summary["epochs_done"])
    return {path: standing(configuration, run, summaries[path], now, pace) for path, run in runs.items()}


def runs_of(configuration: Configuration) -> Iterator[RunConfig]:
    """Every run of the configuration's figures and tables, in their order."""
    for name in configuration.sections:
        yield from configuration.runs(name)


def _begun(configuration: Configuration) -> Iterator[RunConfig]:
    """Every run of the configuration that has a log."""
    for file in sorted(LOGS.glob("*/*/*/*/seed*.log")):
        dataset, model, corruption, recipe, seed = file.relative_to(LOGS).with_suffix("").parts
        if (number := paths.seed_of(seed)) is not None:
            with contextlib.suppress(ValueError):  # another configuration's
                yield configuration.run(dataset, model, corruption, recipe, number)


def _summary_of(run: RunConfig) -> Summary | ValueError | None:
    """The run.json of a run, None where it has none, what is wrong with it where it cannot be read."""
    try:
        return read_json(Path(paths.run_folder(run)) / "run.json", seconds=(int, float), epochs_done=int)
    except FileNotFoundError:
        return None
    except ValueError as error:
        return error


# -- what is printed ---------------------------------------------------------------------------------------------------


def report(configuration: Configuration, now: float) -> str:
    """All that is to be said of a configuration's runs."""
    found = standings(configuration, now)
    lines = [f"{configuration.name}: {counts(found.values())}", ""]
    lines += [of_section(configuration, name, found) for name in configuration.sections if configuration.runs(name)]
    running = [each for each in found.values() if each.state == "running"]
    lines += ["", "running", *(f"  {of_running(each, now)}" for each in running)] if running else []
    wanting = [each for each in found.values() if each.state in WANTING]
    lines += ["", "not to their end", *(f"  {of_ended(each)}" for each in wanting)] if wanting else []
    return "\n".join(lines)


def counts(standings: Iterable[Standing]) -> str:
    """How many runs there are, and how many in each state."""
    found = Counter(each.state for each in standings)
    return ", ".join([f"{found.total()} runs", *(f"{found[state]} {state}" for state in STATES if found[state])])


def of_section(configuration: Configuration, name: str, found: dict[str, Standing]) -> str:
    """A figure or table: its runs, and what is left of their training."""
    its = [found[run.path] for run in configuration.runs(name)]
    left = sum(each.seconds_left for each in its)
    at_once = max(1, sum(each.state == "running" for each in found.values()))
    longest = max(each.seconds_left for each in its)
    more = f"; at most {duration(left)} of training left" if left else ""
    more += f", {duration(max(left / at_once, longest))} with {at_once} at a time" if left and at_once > 1 else ""
    return f"  {name:<16} {counts(its)}{more}"


def of_running(each: Standing, now: float) -> str:
    """A run that trains: how far it is, how well it does, when it will end at the latest, where."""
    log, run = each.log, each.run
    assert log is not None
    where = f" on {log.host}" if log.host else ""
    if not log.epochs:
        return f"{run.path}: in the first of {run.training.epochs} epochs{where}"
    last = log.epochs[-1]
    accuracies = {"training": last.train_accuracy, "test": last.test_accuracy}
    told = "".join(f" {part} accuracy {value:.2f} %," for part, value in accuracies.items() if value is not None)
    ends = datetime.datetime.fromtimestamp(now + each.seconds_left)
    day = "" if ends.date() == datetime.datetime.fromtimestamp(now).date() else f"{ends:%d %B} "
    return (
        f"{run.path}: epoch {last.epoch} of {run.training.epochs}, loss {last.online_loss:.4f},{told}"
        f" {last.seconds:.3g} s an epoch, ends by {day}{ends:%H:%M}{where}"
    )


def of_ended(each: Standing) -> str:
    """A run that is not done and does not train: what became of it, and where that stands."""
    if each.state == "made otherwise":
        return f"{each.run.path}: made with other values; it will be trained again"
    if each.state == "torn":
        return f"{each.run.path}: {each.problem}"
    log = each.log
    assert log is not None
    after = f" after epoch {log.epochs[-1].epoch}" if log.epochs else " in the first epoch"
    why = f": {log.fault[:200]}" if each.state == "failed" else "; the same command goes on"
    return f"{each.run.path}: {each.state}{after}{why} ({paths.train_log(each.run)})"


def duration(seconds: float) -> str:
    """A time in the unit that people would say it in."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"


def watch(configuration: Configuration, every: float) -> None:
    """Print the report again and again, over the last one where a terminal is attached, until it is interrupted."""
    clear = "\x1b[H\x1b[2J" if sys.stdout.isatty() else ""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            now = time.time()
            print(f"{clear}{datetime.datetime.fromtimestamp(now):%H:%M:%S}  {report(configuration, now)}", flush=True)
            time.sleep(every)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking status", description=__doc__)
    parser.add_argument("--configfile", help="configuration; config/config.yaml by default")
    again = "again every so often (%(const)g), until ^C"
    parser.add_argument("--watch", nargs="?", type=float, const=5.0, metavar="SECONDS", help=again)
    parser.add_argument(
        "--resources", action="store_true", help="what trainings asked of a cluster, beside what they used"
    )
    args = parser.parse_args(argv)
    configuration = Configuration.load(args.configfile)
    if args.resources:
        from rethinking.stages import resources_used  # which reads with pandas: 0.5 s

        runs = {run.path: run for run in [*runs_of(configuration), *_begun(configuration)]}
        print(resources_used.report(configuration, runs.values()))
    elif args.watch is None:
        print(report(configuration, time.time()))
    else:
        watch(configuration, args.watch)
