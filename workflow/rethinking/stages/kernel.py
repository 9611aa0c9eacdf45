"""A kernel model by its name, without Snakemake: its parameters, its matrix, its solutions. A killed call goes on."""

import argparse

from rethinking.config import CHECKOUT, Configuration, kernel_jobs
from rethinking.provenance import kernel_code
from rethinking.stages import kernel_choice, kernel_gram, kernel_solution
from rethinking.stages.by_hand import BY_HAND, corrupted, prepared
from rethinking.stages.expressivity_by_hand import STUDY
from rethinking.stages.out import new_folder


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking kernel", description=__doc__)
    parser.add_argument("kernel", metavar="NAME", help="one of the configuration's kernels")
    parser.add_argument("--configfile", help=f"configuration with the key kernels; {STUDY} by default")
    where = f"default: {BY_HAND}/kernels/<configuration>/NAME"
    parser.add_argument("--out", type=new_folder, metavar="DIR", help=where)
    arguments = parser.parse_args(argv)
    configuration = Configuration.load(arguments.configfile or CHECKOUT / STUDY)
    choice_job = kernel_jobs.choice_job(configuration, arguments.kernel)
    values = configuration.kernels[arguments.kernel]
    out = arguments.out or BY_HAND / "kernels" / configuration.name / arguments.kernel
    data = prepared(configuration, values["dataset"])
    labels = {
        name: folder
        for name in values["corruptions"]
        if (folder := corrupted(configuration, values["dataset"], name, values["seed"], data))
    }
    kernel_choice.choose(choice_job, data, choice := out / "choice.json")
    matrix = kernel_jobs.gram_job(configuration, arguments.kernel), kernel_code("gram"), data
    kernel_gram.write(*matrix, choice, out / "state", out / "gram.json")
    solution_job = kernel_jobs.solution_job(configuration, arguments.kernel)
    solved = solution_job, kernel_code("solution"), *matrix
    kernel_solution.write(*solved, labels, choice, out / "state", out / "solution.json")
    print(f"results in {out}")
