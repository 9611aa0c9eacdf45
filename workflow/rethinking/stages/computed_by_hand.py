"""What is computed without a training, by hand and without Snakemake: the data are made where they are missing."""

from pathlib import Path

from rethinking.config import CHECKOUT, Configuration, jobs
from rethinking.config.computed import RANDOM_LABELS
from rethinking.stages import expressivity
from rethinking.stages.by_hand import BY_HAND, corrupted, prepared

STUDY = str(CHECKOUT / "config/studies/kernels-digits.yaml")


def expressivity_by_hand(configfile: str | None, out: Path | None) -> None:
    """Build the networks of theorem 1 that a configuration asks for."""
    configuration = Configuration.load(configfile or STUDY)
    job = jobs.expressivity_job(configuration)
    data = prepared(configuration, job["dataset"])
    labels = corrupted(configuration, job["dataset"], RANDOM_LABELS, job["seed"], data)
    assert labels is not None
    out = out or BY_HAND / "expressivity.csv"
    expressivity.compute(job, data, labels, out)
    print(f"results in {out}")
