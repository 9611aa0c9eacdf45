"""The networks of theorem 1 by hand, without Snakemake: their data are made where they are missing."""

import argparse

from rethinking.config import CHECKOUT, Configuration, jobs
from rethinking.config.computed import RANDOM_LABELS
from rethinking.stages import expressivity
from rethinking.stages.by_hand import BY_HAND, corrupted, prepared
from rethinking.stages.out import new_file

STUDY = "config/studies/kernels-digits.yaml"


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking expressivity", description=expressivity.__doc__)
    parser.add_argument("--configfile", help=f"configuration with the key expressivity; {STUDY} by default")
    parser.add_argument("--out", type=new_file, default=BY_HAND / "expressivity.csv", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    configuration = Configuration.load(arguments.configfile or CHECKOUT / STUDY)
    job = jobs.expressivity_job(configuration)
    data = prepared(configuration, job["dataset"])
    labels = corrupted(configuration, job["dataset"], RANDOM_LABELS, job["seed"], data)
    assert labels is not None
    expressivity.compute(job, data, labels, arguments.out)
    print(f"results in {arguments.out}")
