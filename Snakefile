# The pipeline: download -> prepare -> corrupt -> train -> aggregate -> figures and tables.
#   snakemake --cores all figures/fig1.pdf
#   snakemake --cores all --configfile config/cifar10.yaml -- figures/fig1.pdf
#   snakemake --cores all --configfile config/studies/notebook.yaml -- study
import sys

from snakemake.utils import min_version

min_version("9.19")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/corrupt.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/samples.smk"


# On a cluster only trainings are worth a job of their own.
localrules:
    all,
    study,
    download,
    prepare,
    split,
    corrupt_labels,
    corrupt_pixels,
    aggregate,
    confusions,
    sizes,
    figure,
    table,
    publish,
    samples,
    values,
    picture,
    publish_picture,


rule all:
    default_target: True
    input:
        expand("figures/{figure}.{suffix}", figure=CONFIGURATION.figures, suffix=["pdf", "svg"]),
        [file for section in CONFIGURATION.sections for file in behind(section)],


# The same, by the word that a study is asked for with.
rule study:
    input:
        rules.all.input,
