# The pipeline: download -> prepare -> corrupt -> train -> aggregate -> figures.
#   snakemake --cores all figures/fig1.pdf
#   snakemake --cores all --configfile config/cifar10.yaml -- figures/fig1.pdf
import sys

from snakemake.utils import min_version

min_version("9.9")


# A configuration file is complete: two of them would be merged key by key, so the default is read only where no other
# was asked for. `--config key=value` overrides either.
if not workflow.config_settings.configfiles:

    configfile: workflow.source_path("config/config.yaml")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/corrupt.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/figures.smk"


rule all:
    default_target: True
    input:
        expand("figures/{figure}.{suffix}", figure=CONFIGURATION.figures, suffix=["pdf", "svg"]),
