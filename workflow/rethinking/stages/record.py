"""What has run of a configuration, as small files to keep: docs/results/<name>/.

Long runs end one by one, on machines that come and go: this takes those that are here, beside what earlier calls kept,
and says of the rest that they were not run. The rules make the same tables of a configuration's runs once all are here,
but for what takes confusion matrices, which are not small: the error to be expected on test labels that class noise of
a configuration's own corrupts alike.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.analysis.aggregate import differing_data, differing_environments
from rethinking.config import CHECKOUT, Configuration, described, jobs
from rethinking.files import atomic, read_csv
from rethinking.outcomes.columns import OF_SOME, REPEATED
from rethinking.outcomes.criteria import CRITERIA
from rethinking.outcomes.selection import MissingRunError
from rethinking.paths import OF_LEDGERS, seed_of
from rethinking.provenance import train_code
from rethinking.published import PAPER, check_published
from rethinking.reporting.formats import Table, text_of
from rethinking.reporting.registry import TABLES
from rethinking.run import RunConfig
from rethinking.schema import ConfigurationError
from rethinking.sections import Section
from rethinking.stages.aggregate import frames, read_tables
from rethinking.stages.by_hand import RESULTS
from rethinking.stages.confusions import read_confusions
from rethinking.stages.frames import read_published
from rethinking.stages.gather import gathered
from rethinking.stages.matrices import read_matrices
from rethinking.stages.out import new_folder
from rethinking.stages.page_parts import day_of
from rethinking.stages.record_complexity import keep_measured, kept_complexity
from rethinking.stages.record_computed import computed_frames, copied, keep_computed
from rethinking.stages.record_ledgers import keep_ledger, kept_frames
from rethinking.stages.sealing import left_by_run, read_run

KEPT = Path("docs/results")
# Of a run's files, if it has them.
SMALL = ("run.json", "metrics.csv", "evaluations.csv", "steps.csv", "measures.csv", "points.csv")
Kept = dict[str, tuple[RunConfig, dict[str, Any]]]  # runs by their folder, each with its run.json
SUFFIXES = (".csv", ".md")  # as which a table is recorded
NOT_KEPT = {"predictions"}  # data frames that are made of weights, which are not small
COLUMNS = [
    "dataset", "model", "corruption", "recipe", "seed", "num_train", "num_test", "epochs_done", "stopped_by",
    "final_train_accuracy", "final_train_loss", "final_test_accuracy", "final_test_loss",
    *(f"{criterion}_epoch" for criterion in CRITERIA), "accuracy_99_test_error", "precision", "device", "seconds",
]  # fmt: skip


def finished(configuration: Configuration, folder: Path) -> Kept:
    """The runs under `folder` that are this configuration's, with their run.json, by their folder's name.

    They need not be any figure's or table's: single runs are asked for by their path. Those that have names which the
    configuration does not know are another's.
    """
    found = {}
    for file in sorted(folder.glob("*/*/*/*/seed*/run.json")):
        dataset, model, corruption, recipe, seed = file.parent.relative_to(folder).parts
        if (number := seed_of(seed)) is None:
            continue
        try:
            run = configuration.run(dataset, model, corruption, recipe, number)
        except ConfigurationError:
            continue
        summary = read_run(file.parent)
        if summary["config_digest"] == run.digest:
            found[run.path] = run, summary
        else:
            print(f"left out: {file.parent}, which another configuration made", file=sys.stderr)
    return found


def keep(configuration: Configuration, folder: Path, kept: Path) -> dict[str, str]:
    """Copy the small files of the configuration's runs under `folder` to `kept`; the day of each run that is copied.

    A run that an earlier record kept stays, unless it is here again. Of one that other code made a line says so.
    """
    of_classes = any("confusions" in TABLES[name].frames for name in configuration.tables)
    names = [*SMALL, *(["confusion.pkl"] if of_classes else [])]
    found = finished(configuration, folder)
    for path, (_, summary) in found.items():  # what is torn or edited must not replace what was kept
        read_tables(folder / path, summary)
        if of_classes and summary["num_classes"]:  # a regression has none
            read_matrices(folder / path, summary)
    for path, (run, summary) in found.items():
        if summary["code_digest"] != train_code(run):
            print(f"warning: {folder / path}: other code than the checkout's made it", file=sys.stderr)
        for name in names:
            if (folder / path / name).exists():
                copied(left_by_run(folder / path, summary, name), kept / path / name)
            else:  # of an earlier run, which had one
                (kept / path / name).unlink(missing_ok=True)
        keep_ledger(configuration, folder / path, summary, kept / path)
        keep_measured(run, summary, folder.parent, kept / path)
    return {path: day_of(folder / path) for path in found}


def record(configuration: Configuration, folder: Path, out: Path) -> list[Path]:
    """Write `out`/runs.csv and every table of the configuration; return these files.

    They are made from the runs under `folder`, from what is computed without a training beside it, and from what
    earlier records kept in `out`. Raises ValueError where there is neither.
    """
    kept = out / "runs"
    days = days_recorded(out / "runs.csv") | keep(configuration, folder, kept)
    keep_computed(configuration, folder.parent, out)
    every, computed = finished(configuration, kept), computed_frames(configuration, out)
    if not every and not computed:
        raise ValueError(f"{folder} holds no run of the configuration {configuration.name!r}")
    written = []
    if every:
        runs_csv = runs_kept({path: summary for path, (_, summary) in every.items()}, kept, days)
        written.append(write(out / "runs.csv", runs_csv.to_csv(index=False, lineterminator="\n")))
    for name in configuration.tables:
        entry = TABLES[name]
        if entry.computed in computed:
            table = entry.load()(**entry.arguments(computed, None), section=described.section_of(configuration, name))
            written += write_table(table, out / name)
        there = [every[run.path] for run in configuration.runs(name) if run.path in every]
        if not there:
            if entry.computed not in computed:
                remove_table(out / name)
            continue
        summaries = [summary for _, summary in there]
        for line in [*differing_environments(summaries), *differing_data(summaries)]:
            print(f"warning: the runs of {name} differ in {line}", file=sys.stderr)
        if (made := made_of_kept(configuration, name, every, kept)) is None:
            print(f"left out: {name}, which needs every run of a seed", file=sys.stderr)
            remove_table(out / name)
            continue
        written += write_table(made[0], out / name)
    return written


def made_of_kept(configuration: Configuration, key: str, every: Kept, kept: Path) -> tuple[Any, Section, Any] | None:
    """What a figure or table is of the runs that are kept, its section, the numbers published; None of too few.

    A table is of the seeds that have runs, and says of the others that they were not run. A figure, and a table that
    needs every run, is of the seeds of which none is missing.
    """
    for whole in (True,) if key in configuration.figures else (False, True):
        section, runs = _section_of_kept(configuration, key, every, whole)
        if runs:
            arguments = arguments_of(configuration, section, runs, kept)
            try:
                made = described.entry_of(configuration, key).load()(**arguments, section=section)
            except MissingRunError:
                if whole:
                    raise
            else:
                return made, section, arguments.get("published")
    return None


def _section_of_kept(
    configuration: Configuration, key: str, every: Kept, whole: bool
) -> tuple[Section, list[tuple[RunConfig, dict[str, Any]]]]:
    """A section of the seeds that have runs (with `whole`: all their runs), and these."""
    asked = configuration.runs(key)
    there = [run for run in asked if run.path in every]
    seeds = {run.seed for run in there}
    if whole:
        seeds -= {run.seed for run in asked if run.path not in every}
    section = replace(described.section_of(configuration, key), seeds=tuple(sorted(seeds)))
    return section, [every[run.path] for run in there if run.seed in seeds]


def write_table(table: Table, stem: Path) -> list[Path]:
    """Write a table as CSV and Markdown; return these files."""
    return [write(stem.with_name(f"{stem.name}{suffix}"), text_of(table, suffix)) for suffix in SUFFIXES]


def remove_table(stem: Path) -> None:
    """Remove a table that an earlier record made of runs which were others; a line says so."""
    for suffix in SUFFIXES:
        file = stem.with_name(f"{stem.name}{suffix}")
        if file.exists():
            file.unlink()
            print(f"removed: {file}, made of runs that are not here", file=sys.stderr)


def arguments_of(
    configuration: Configuration, section: Section, runs: Sequence[tuple[RunConfig, dict[str, Any]]], kept: Path
) -> dict[str, Any]:
    """What the function of a figure or table gets beside its section, from some runs that are kept."""
    entry, folders = described.entry_of(configuration, section.name), [(kept / run.path, each) for run, each in runs]
    numbers = {key: numeric(frame) for key, frame in frames(folders, section.fit_criterion).items()}
    if "confusions" in entry.frames:
        numbers["confusions"] = read_confusions(folders)
    numbers |= {name: numeric(gathered(folders, name)) for name in OF_SOME if name in entry.frames}
    if "architectures" in entry.frames:
        from rethinking.stages.architectures import table  # and with it torch, which others need not wait for

        numbers["architectures"] = table(jobs.architectures_job(configuration, section.name))
    if {*OF_LEDGERS} & {*entry.frames}:
        numbers |= kept_frames(folders, configuration.sections[section.name]["horizon"])
    if "complexity" in entry.frames:
        numbers["complexity"] = kept_complexity(folders)
    published = read_published(CHECKOUT / PAPER, described.published(configuration, section.name))
    return entry.arguments(numbers, published)


def days_recorded(file: Path) -> dict[str, str]:
    """The day of each run by its folder, as an earlier record's runs.csv says it; none where there is no such file.

    Raises ValueError for a file that no record wrote.
    """
    if not file.exists():
        return {}
    table = read_csv(file, dtype=str)
    if missing := [column for column in (*REPEATED, "seed", "date") if column not in table]:
        raise ValueError(f"{file}: has no column {missing[0]!r}, so no record wrote it; choose another --out")
    rows = table.to_dict("records")
    return {"/".join([*(row[key] for key in REPEATED), f"seed{row['seed']}"]): row["date"] for row in rows}


def numeric(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame whose cells are text, as runs' files are gathered, with numbers where a column holds nothing else."""
    converted = frame.replace("", None)
    for column in converted.select_dtypes(["object", "str"]).columns:
        try:
            converted[column] = pd.to_numeric(converted[column])
        except (ValueError, TypeError):
            continue
    return converted


def runs_kept(summaries: dict[str, dict[str, Any]], folder: Path, days: dict[str, str]) -> pd.DataFrame:
    """One row a run: what it ended with, on which machine, on which day."""
    found = [(folder / path, summary) for path, summary in summaries.items()]
    runs = frames(found, "accuracy_99")["runs"][COLUMNS]
    dates = [days.get(path) or day_of(folder / path) for path in summaries]
    versions = [summary["versions"]["torch"] for _, summary in found]
    return runs.assign(torch=versions, date=dates).round(6)


def write(path: Path, text: str) -> Path:
    """Write a text file and return its path."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking record", description=__doc__)
    parser.add_argument("--configfile", help="configuration; config/config.yaml by default")
    parser.add_argument("--runs", type=Path, default=RESULTS / "runs", help="folder of all runs (default: %(default)s)")
    parser.add_argument("--out", type=new_folder, metavar="DIR", help=f"default: {KEPT}/<its name>")
    args = parser.parse_args(argv)
    configuration = Configuration.load(args.configfile)
    check_published(CHECKOUT / PAPER, configuration.datasets)
    for path in record(configuration, args.runs, args.out or KEPT / configuration.name):
        print(path)
