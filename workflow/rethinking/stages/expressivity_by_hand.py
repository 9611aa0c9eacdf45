"""The networks of theorem 1 by hand, without Snakemake: their data are made where they are missing."""

from rethinking.config import jobs
from rethinking.config.computed import RANDOM_LABELS
from rethinking.stages import expressivity
from rethinking.stages.by_hand import corrupted, prepared
from rethinking.stages.computed_by_hand import asked

STUDY = "config/studies/kernels-digits.yaml"


def main(argv: list[str]) -> None:
    configuration, out = asked(argv, "expressivity", STUDY, expressivity.__doc__)
    job = jobs.expressivity_job(configuration)
    data = prepared(configuration, job["dataset"])
    labels = corrupted(configuration, job["dataset"], RANDOM_LABELS, job["seed"], data)
    assert labels is not None
    expressivity.compute(job, data, labels, out)
    print(f"results in {out}")
