# One run a job. The saved state is no output: Snakemake deletes the outputs of a job that fails.


rule train:
    input:
        data_files,
    output:
        expand(
            "results/runs/{{dataset}}/{{model}}/{{corruption}}/{{recipe}}/seed{{seed}}/{file}",
            file=OUTPUTS,
        ),
    log:
        "results/logs/train/{dataset}/{model}/{corruption}/{recipe}/seed{seed}.log",
    priority: train_priority
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * resources.train_memory(CONFIGURATION, run_of(wildcards)),
        runtime=lambda wildcards, attempt: attempt * resources.train_minutes(CONFIGURATION, run_of(wildcards)),
    params:
        run=lambda wildcards: run_of(wildcards).json,
        code=lambda wildcards: provenance.train_code(run_of(wildcards)),
        data=lambda wildcards: provenance.train_data(CONFIGURATION, run_of(wildcards)),
        made_by=made_by(run_values),
        corrupted=corrupted_option,
        split=split_option,
    shell:
        "folder={wildcards.dataset}/{wildcards.model}/{wildcards.corruption}/{wildcards.recipe}/seed{wildcards.seed};"
        " python3 -m rethinking train --run {params.run:q} --code {params.code} --made-from {params.data}"
        " --made-by {params.made_by:q}"
        " --data results/data/{wildcards.dataset} {params.corrupted} {params.split}"
        " --out results/runs/$folder --state results/state/$folder.pt > {log} 2>&1"
