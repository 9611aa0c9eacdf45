"""One run by its names, without Snakemake: `python -m rethinking train`."""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

from rethinking import schema
from rethinking.config import CHECKOUT, Configuration, datasets, jobs
from rethinking.files import digest
from rethinking.outcomes.progress import of_score
from rethinking.paths import check_writable
from rethinking.provenance import corrupted_data, prepared_data, split_data, train_code, train_data
from rethinking.run import RunConfig
from rethinking.schema import ConfigOrigins
from rethinking.stages.claim import claimed
from rethinking.stages.corrupt import corrupt
from rethinking.stages.download import DOWNLOADS, download
from rethinking.stages.prepare import prepare
from rethinking.stages.sealing import read_run
from rethinking.stages.split import split as make_split

RESULTS = Path("results")
BY_HAND = RESULTS / "by-hand"
NAMES = ("dataset", "model", "recipe")  # of a run: those that must be given


def downloaded(configuration: Configuration, dataset: str) -> Path | None:
    """The folder of a data set's original files, filled where they are missing; None where it has none."""
    return _downloaded(configuration, datasets.download_name(configuration, dataset))


def _downloaded(configuration: Configuration, name: str | None) -> Path | None:
    if name is None:
        return None
    expected = jobs.download_job(configuration, name)
    out = BY_HAND / "downloads" / f"{name.replace('/', '-')}-{digest(expected)[:12]}"
    if not (out / "manifest.json").exists():
        # What the pipeline has downloaded need not come from the network again.
        bases = [str(DOWNLOADS / name), *([configuration.data_dir] if configuration.data_dir else [])]
        download(name, expected, jobs.urls(configuration)[name], out, bases)
    return out


def prepared(configuration: Configuration, dataset: str, root: Path = BY_HAND / "data") -> Path:
    """The folder in `root` of a prepared data set, made where it is missing.

    It is named after everything that it depends on, so that it is never stale and never one of Snakemake's.
    """
    out = root / f"{dataset}-{prepared_data(configuration, dataset)[:12]}"
    if not (out / "manifest.json").exists():
        path = jobs.paths(configuration).get(dataset)
        values = jobs.prepare_job(configuration, dataset)
        prepare(dataset, values, downloaded(configuration, dataset), out, Path(path) if path else None)
    return out


def corrupted(configuration: Configuration, dataset: str, corruption: str, seed: int, data: Path) -> Path | None:
    """The folder of a corruption, made where it is missing; None for true labels."""
    if (made_from := corrupted_data(configuration, dataset, corruption, seed)) is None:
        return None
    out = data / f"{corruption}-{made_from[:12]}" / f"seed{seed}"
    if not (out / "manifest.json").exists():
        values = jobs.corruption_job(configuration, dataset, corruption, seed)
        download_name = jobs.corruption_download(configuration, dataset, corruption)
        labels = jobs.labels_file(configuration, corruption)
        corrupt(values, data, out, _downloaded(configuration, download_name), labels=Path(labels) if labels else None)
    return out


def split(configuration: Configuration, dataset: str, seed: int, data: Path) -> Path | None:
    """The folder of a validation split, made where it is missing; None where the data set holds none out."""
    values = jobs.split_job(configuration, dataset, seed)
    if values is None or (made_from := split_data(configuration, dataset, seed)) is None:
        return None
    out = data / f"split-{made_from[:12]}" / f"seed{seed}"
    if not (out / "manifest.json").exists():
        make_split(values, data, out)
    return out


class Folders(NamedTuple):
    """Where a run's data lie, as `run_folder.load_data` takes them."""

    data: Path
    corrupted: Path | None
    split: Path | None
    redrawn: list[Path]


def made(configuration: Configuration, run: RunConfig) -> Folders:
    """The folders of a run's data, made where they are missing."""
    data = prepared(configuration, run.dataset)
    own, *later = (
        corrupted(configuration, run.dataset, run.corruption, seed, data) for seed in (run.seed, *run.redraws.values())
    )
    held_out = split(configuration, run.dataset, run.seed, data)
    return Folders(data, own, held_out, [folder for folder in later if folder])


def keep_another(out: Path, run: RunConfig, data_sha256: str | None = None) -> None:
    """Raise ValueError where `out` holds another run, finished or stopped, than one that `run` continues.

    `data_sha256` is the digest of the run's data where they are there already.
    """
    told = None
    if (out / "run.json").exists():
        told = _unlike(read_run(out), run, data_sha256)
    elif (out / "state.pt").exists():
        from rethinking.engine.state import identity_of

        identity = identity_of(out / "state.pt")
        same = identity.get("configuration") == run.state_digest and data_sha256 in (None, identity.get("data"))
        another = "another run that stopped" if identity else "a state.pt that is torn, or another program's"
        told = None if same else another
    if told:
        raise ValueError(f"--out = {out}: holds {told}; choose another folder, or delete this one")


def _unlike(summary: dict[str, Any], run: RunConfig, data_sha256: str | None) -> str | None:
    """What a run.json is of, in words, where `run` would replace it; None where `run` continues it."""
    try:
        there = RunConfig.from_json(summary["config"])
    except ValueError as error:
        return f"a run of another version ({error})"
    if there.state_digest != run.state_digest:
        return f"the run {there.path}" + (" with other values" if there.path == run.path else "")
    if summary["epochs_done"] > run.training.epochs:
        return f"this run after {summary['epochs_done']} epochs"
    if data_sha256 not in (None, summary["data_sha256"]):
        return "this run on other data"
    return None


def experiment(file: Path) -> dict[str, Any]:
    """The options that an experiment's file holds, as the command line has them. The file is only ever read.

    Raises ConfigurationError for whatever is wrong with it.
    """
    options = schema.check(schema.load_yaml(file), "experiment", lambda key: str(file))
    if "configfile" in options:
        options["configfile"] = str(CHECKOUT / options["configfile"])
    return options


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m rethinking train",
        description="Train one run. Its data are made where they are missing; a run that was stopped goes on.",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="YAML file that holds options below as keys (configfile: from the checkout); given ones hold over it",
    )
    parser.add_argument("--configfile", help="configuration with the recipe; config/config.yaml by default")
    parser.add_argument("--dataset", help="see: python -m rethinking list datasets")
    parser.add_argument("--model", help="see: python -m rethinking list models")
    parser.add_argument("--corruption", default="true_labels", help="such as random_labels-0.5 (default: %(default)s)")
    parser.add_argument("--recipe", help="see: python -m rethinking list recipes")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"default: {BY_HAND}/runs/<the run's names>")
    args = parser.parse_args(argv)
    held: dict[str, Any] = {}
    if args.config is not None:
        held = experiment(args.config)
        parser.set_defaults(**held)
        args = parser.parse_args(argv)
    if missing := [f"--{name}" for name in NAMES if getattr(args, name) is None]:
        parser.error(f"the following arguments are required: {', '.join(missing)}")

    overrides: dict[str, Any] = {}
    if args.epochs is not None:
        if args.epochs < 1:
            raise ValueError(f"--epochs = {args.epochs}: must be at least 1")
        overrides["epochs"] = args.epochs
    if args.seed < 0:
        raise ValueError(f"--seed = {args.seed}: must be at least 0")
    configuration = Configuration.load(args.configfile)
    of_file = {name: value for name, value in held.items() if getattr(args, name) == value}
    asked = ConfigOrigins("command line", {str(args.config): of_file})
    run = configuration.run(args.dataset, args.model, args.corruption, args.recipe, args.seed, asked, **overrides)
    out = args.out or BY_HAND / "runs" / run.path
    if (RESULTS / "runs").resolve() in (out.resolve(), *out.resolve().parents):
        raise ValueError(f"--out = {out}: results/runs belongs to Snakemake; choose another folder")
    keep_another(out, run)
    check_writable(str(out))
    from rethinking.stages.run_folder import data_digest
    from rethinking.stages.train import train  # and with it torch, which help and a wrong name need not wait for

    folders = made(configuration, run)
    keep_another(out, run, data_digest(*folders))
    with claimed(str(out), state := out / "state.pt"):
        summary = train(
            run,
            code=train_code(run),
            made_from=train_data(configuration, run),
            **folders._asdict(),
            out=out,
            state_path=state,
        )
    train_score, test_score = (of_score(summary["final"][part], "accuracy ") for part in ("train", "test"))
    print(f"training {train_score}, test {test_score}; results in {out}")
