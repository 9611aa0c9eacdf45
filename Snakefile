# The workflow is workflow/Snakefile, included here: `snakemake` finds it in the checkout, and the profile beside it.
include: "workflow/Snakefile"


# What is made where no target is named; that an included file names one does not count.
rule default:
    default_target: True
    input:
        rules.all.input,
    localrule: True
