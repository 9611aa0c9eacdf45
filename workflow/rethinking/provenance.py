"""Which code each job reaches, and what data are made from: what Snakemake's params and run.json must agree on.

A file of data may be deleted and made again without any change, so no job asks when it was made, but what from.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from rethinking.analysis.registry import MEASURES
from rethinking.code_digest import code_digest
from rethinking.config import Configuration, datasets, jobs
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.files import digest, read_json, sha256
from rethinking.models.registry import MODELS
from rethinking.names import split_corruption
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.registry import Entry
from rethinking.reporting.registry import TABLES
from rethinking.run import RunConfig


def prepare_code(reader: str) -> str:
    """Digest for a `prepare` job."""
    return code_digest("rethinking.stages.prepare", f"rethinking.data.readers.{reader}")


def split_code() -> str:
    """Digest for a `split` job."""
    return code_digest("rethinking.stages.split")


def called(stage: str, *entries: Entry) -> str:
    """Digest of a stage's code, and of which functions of which modules it calls by the rows of registries.

    The registries themselves are in no digest, so that a new row changes none.
    """
    modules = sorted({entry.module for entry in entries})
    return digest([code_digest(f"rethinking.stages.{stage}", *modules), [entry.function for entry in entries]])[:16]


def corrupt_code(family: str) -> str:
    """Digest for a `corrupt_labels` or `corrupt_pixels` job."""
    return called("corrupt", CORRUPTIONS[family])


def train_code(run: RunConfig) -> str:
    """Digest for a `train` job."""
    return called("train", MODELS[run.factory], *(MEASURES[name] for name in run.training.measures))


def aggregate_code(configuration: Configuration, section: str) -> str:
    """Digest for an `aggregate` job: its code, and what the registry expects of the corruptions that its runs have."""
    names = {split_corruption(run.corruption)[0] for run in configuration.runs(section)}
    expected = {name: CORRUPTIONS[name].error_on_alike for name in sorted(names & CORRUPTIONS.keys())}
    return digest([code_digest("rethinking.stages.aggregate"), expected])


def confusions_code() -> str:
    """Digest for a `confusions` job."""
    return code_digest("rethinking.stages.confusions")


def transitions_code() -> str:
    """Digest for a `transitions` job."""
    return code_digest("rethinking.stages.transitions")


def gather_code() -> str:
    """Digest for a `gather` job."""
    return code_digest("rethinking.stages.gather")


def _networks(configuration: Configuration, section: str) -> list[Entry]:
    """The registered networks of a figure's or table's runs."""
    return [MODELS[name] for name in sorted({run.factory for run in configuration.runs(section)})]


def predictions_code(configuration: Configuration, section: str) -> str:
    """Digest for a `predictions` job: its code, and that of its networks."""
    return called("predictions", *_networks(configuration, section))


def architectures_code(configuration: Configuration, section: str) -> str:
    """Digest for an `architectures` job: its code, and that of its networks."""
    return called("architectures", *_networks(configuration, section))


def ledger_code() -> str:
    """Digest for a `ledger` job."""
    return code_digest("rethinking.stages.ledger")


def complexity_of_run_code(run: RunConfig) -> str:
    """Digest for a `complexity_of_run` job."""
    return called("complexity_of_run", MODELS[run.factory])


def complexity_code() -> str:
    """Digest for a `complexity` job."""
    return code_digest("rethinking.stages.complexity")


def sizes_code() -> str:
    """Digest for a `sizes` job."""
    return code_digest("rethinking.stages.sizes")


def expressivity_code() -> str:
    """Digest for an `expressivity` job."""
    return code_digest("rethinking.stages.expressivity")


def implicit_regularisation_code() -> str:
    """Digest for an `implicit_regularisation` job."""
    return code_digest("rethinking.stages.implicit_regularisation")


def random_features_code() -> str:
    """Digest for a `random_features` job."""
    return code_digest("rethinking.stages.random_features")


def kernel_code(step: str) -> str:
    """Digest for a job of a kernel: `choice`, `gram`, `solution` or `frame`."""
    return code_digest(f"rethinking.stages.kernel_{step}")


def table_code(table: str) -> str:
    """Digest for a `table` job."""
    return digest([called("table", TABLES[table]), templates("reporting")])


def page_code(tables: Iterable[str]) -> str:
    """Digest for a `page` job, which makes the tables again from what they are made from."""
    entries = [TABLES[table] for table in sorted(tables)]
    return digest([called("page", *entries), templates("reporting"), templates("page")])


@cache
def templates(package: str) -> dict[str, str]:
    """The sha256 of what a package writes HTML by, which is code as well."""
    folder = Path(__file__).parent / package / "templates"
    return {file.name: sha256(file) for file in sorted(folder.iterdir())}


def figure_code(figure: str) -> str:
    """Digest for a `figure` job."""
    return called("figure", FIGURES[figure])


def animation_code(figure: str) -> str:
    """Digest for an `animation` job."""
    return called("animation", FIGURES[figure])


def samples_code() -> str:
    """Digest for a `samples` job."""
    return code_digest("rethinking.stages.samples")


def picture_code(picture: str) -> str:
    """Digest for a `picture` job."""
    return called("picture", PICTURES[picture])


@lru_cache
def prepared_data(configuration: Configuration, dataset: str) -> str:
    """Digest of what a prepared data set is made from: its values, the code, what its original files must be."""
    values = jobs.prepare_job(configuration, dataset)
    name = datasets.download_name(configuration, dataset)
    return digest([values, prepare_code(values["reader"]), jobs.download_job(configuration, name) if name else None])


def corrupted_data(configuration: Configuration, dataset: str, corruption: str, seed: int) -> str | None:
    """Digest of what a corruption is made from beside its data set; None for true labels."""
    if corruption == "true_labels":
        return None
    values = jobs.corruption_job(configuration, dataset, corruption, seed)
    name = jobs.corruption_download(configuration, dataset, corruption)
    labels = [jobs.download_job(configuration, name)] if name else []
    return digest([values, corrupt_code(values["corruption"]["family"]), *labels])


def split_data(configuration: Configuration, dataset: str, seed: int) -> str | None:
    """Digest of what a validation split is made from beside its data set; None where the data set holds none out."""
    values = jobs.split_job(configuration, dataset, seed)
    return digest([values, split_code()]) if values else None


def train_data(configuration: Configuration, run: RunConfig) -> str:
    """Digest of what all data of a run are made from."""
    seeds = (run.seed, *run.redraws.values())
    corrupted = [corrupted_data(configuration, run.dataset, run.corruption, seed) for seed in seeds]
    split = split_data(configuration, run.dataset, run.seed)
    return digest([prepared_data(configuration, run.dataset), *corrupted, split])


def code_and_data(configuration: Configuration, run: RunConfig) -> dict[str, str]:
    """What run.json holds of a run's code and of what its data were made from."""
    return {"code_digest": train_code(run), "data_made_from": train_data(configuration, run)}


def is_current(configuration: Configuration, run: RunConfig, summary: dict[str, Any]) -> bool:
    """Whether a run.json is of this configuration and code, and of data that both would make."""
    made_by = {"config_digest": run.digest, **code_and_data(configuration, run)}
    return all(summary.get(key) == value for key, value in made_by.items())


def runs_code(configuration: Configuration, section: str) -> dict[str, str]:
    """The digests of the code of the train jobs behind a figure or table, by network and recipe."""
    return {run.code_key: train_code(run) for run in configuration.runs(section)}


def is_finished(configuration: Configuration, run: RunConfig, summary: Path) -> bool:
    """Whether a run.json says that this configuration and code made the run, from what its data are made from."""
    try:
        return is_current(configuration, run, read_json(summary))
    except ValueError:  # a torn file, which is not for this function to report
        return False
