# One run a job. The saved state is no output: Snakemake deletes the outputs of a job that fails.
rule train:
    input:
        data_files,
    output:
        expand(
            "results/runs/{{dataset}}/{{model}}/{{corruption}}/{{recipe}}/seed{{seed}}/{file}",
            file=paths.OUTPUTS[CLASSIFICATION],
        ),
    log:
        "results/logs/train/{dataset}/{model}/{corruption}/{recipe}/seed{seed}.log",
    benchmark:
        "results/benchmarks/train/{dataset}/{model}/{corruption}/{recipe}/seed{seed}.tsv"
    wildcard_constraints:
        model=paths.networks(CONFIGURATION, CLASSIFICATION),
    priority: lambda wildcards: PRIORITY.get(run_of(wildcards).path, 0)
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * resources.train_memory(CONFIGURATION, run_of(wildcards)),
        runtime=lambda wildcards, attempt: attempt * resources.train_minutes(CONFIGURATION, run_of(wildcards)),
    params:
        run=lambda wildcards: run_of(wildcards).json,
        code=lambda wildcards: provenance.train_code(run_of(wildcards)),
        data=lambda wildcards: provenance.train_data(CONFIGURATION, run_of(wildcards)),
        made_by=made_by(run_values),
        folders=lambda wildcards, output: paths.run_options(CONFIGURATION, run_of(wildcards), output[0]),
    shell:
        "python3 -m rethinking train --run {params.run:q} --code {params.code} --made-from {params.data}"
        " --made-by {params.made_by:q} {params.folders} > {log:q} 2>&1"


# The same of networks that predict numbers, of which there is no confusion matrix.
use rule train as train_regression with:
    output:
        expand(
            "results/runs/{{dataset}}/{{model}}/{{corruption}}/{{recipe}}/seed{{seed}}/{file}",
            file=paths.OUTPUTS[REGRESSION],
        ),
    wildcard_constraints:
        model=paths.networks(CONFIGURATION, REGRESSION),
