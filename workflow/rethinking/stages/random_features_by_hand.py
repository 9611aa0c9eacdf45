"""Least squares on random features by hand, without Snakemake: the data are made where they are missing."""

from rethinking.config import jobs
from rethinking.stages import random_features
from rethinking.stages.by_hand import corrupted, prepared
from rethinking.stages.computed_by_hand import asked

STUDY = "config/studies/double-descent-digits.yaml"


def main(argv: list[str]) -> None:
    configuration, out = asked(argv, "random_features", STUDY, random_features.__doc__)
    job = jobs.random_features_job(configuration)
    data = prepared(configuration, job["dataset"])
    labels = {}
    for seed, name in random_features.corrupted_of(job):
        folder = corrupted(configuration, job["dataset"], name, seed, data)
        assert folder is not None
        labels[seed, name] = folder
    random_features.compute(job, data, labels, out)
    print(f"results in {out}")
