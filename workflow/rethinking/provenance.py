"""Which code each job reaches: what Snakemake's params, run.json and the check of `aggregate` must agree on."""

from rethinking.analysis.registry import MEASURES
from rethinking.code_digest import code_digest
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.models.registry import MODELS
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.reporting.registry import TABLES
from rethinking.run import RunConfig


def prepare_code(reader: str) -> str:
    """Digest for a `prepare` job."""
    return code_digest("rethinking.stages.prepare", f"rethinking.data.readers.{reader}")


def split_code() -> str:
    """Digest for a `split` job."""
    return code_digest("rethinking.stages.split")


def corrupt_code(family: str) -> str:
    """Digest for a `corrupt_labels` or `corrupt_pixels` job."""
    return code_digest("rethinking.stages.corrupt", CORRUPTIONS[family].module)


def train_code(run: RunConfig) -> str:
    """Digest for a `train` job."""
    measures = (MEASURES[name].module for name in run.training["measures"])
    return code_digest("rethinking.stages.train", MODELS[run.factory].module, *measures)


def aggregate_code() -> str:
    """Digest for an `aggregate` job."""
    return code_digest("rethinking.stages.aggregate")


def confusions_code() -> str:
    """Digest for a `confusions` job."""
    return code_digest("rethinking.stages.confusions")


def sizes_code() -> str:
    """Digest for a `sizes` job."""
    return code_digest("rethinking.stages.sizes")


def table_code(table: str) -> str:
    """Digest for a `table` job."""
    return code_digest("rethinking.stages.table", TABLES[table].module)


def figure_code(figure: str) -> str:
    """Digest for a `figure` job."""
    return code_digest("rethinking.stages.figure", FIGURES[figure].module)


def samples_code() -> str:
    """Digest for a `samples` job."""
    return code_digest("rethinking.stages.samples")


def picture_code(picture: str) -> str:
    """Digest for a `picture` job."""
    return code_digest("rethinking.stages.picture", PICTURES[picture].module)
