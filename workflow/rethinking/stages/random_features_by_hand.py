"""Least squares on random features by hand, without Snakemake: the data are made where they are missing."""

import argparse

from rethinking.config import CHECKOUT, Configuration, jobs
from rethinking.stages import random_features
from rethinking.stages.by_hand import BY_HAND, corrupted, prepared
from rethinking.stages.out import new_file

STUDY = "config/studies/double-descent-digits.yaml"


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking random_features", description=random_features.__doc__)
    parser.add_argument("--configfile", help=f"configuration with the key random_features; {STUDY} by default")
    parser.add_argument("--out", type=new_file, default=BY_HAND / "random_features.csv", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    configuration = Configuration.load(arguments.configfile or CHECKOUT / STUDY)
    job = jobs.random_features_job(configuration)
    data = prepared(configuration, job["dataset"])
    labels = {}
    for seed, name in random_features.corrupted_of(job):
        folder = corrupted(configuration, job["dataset"], name, seed, data)
        assert folder is not None
        labels[seed, name] = folder
    random_features.compute(job, data, labels, arguments.out)
    print(f"results in {arguments.out}")
