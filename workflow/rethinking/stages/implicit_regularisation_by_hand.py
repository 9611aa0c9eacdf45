"""Where SGD and Adam end among linear models, by hand, without Snakemake: the data are made where they are missing."""

from rethinking.config import jobs
from rethinking.stages import implicit_regularisation
from rethinking.stages.by_hand import prepared
from rethinking.stages.computed_by_hand import asked
from rethinking.stages.expressivity_by_hand import STUDY


def main(argv: list[str]) -> None:
    configuration, out = asked(argv, "implicit_regularisation", STUDY, implicit_regularisation.__doc__)
    job = jobs.implicit_regularisation_job(configuration)
    implicit_regularisation.compute(job, prepared(configuration, job["dataset"]), out)
    print(f"results in {out}")
