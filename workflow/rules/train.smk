# One run a job. The saved state is no output: Snakemake deletes the outputs of a job that fails.


rule train:
    input:
        data="results/data/{dataset}/manifest.json",
        arrays=ancient(expand("results/data/{{dataset}}/{array}.npy", array=ARRAYS)),
        corruption=lambda wildcards: corrupted_files(wildcards, pick=False),
        split=lambda wildcards: split_files(wildcards)[:1],
        indices=lambda wildcards: [ancient(array) for array in split_files(wildcards)[1:]],
        corrupted=lambda wildcards: [ancient(array) for array in corrupted_files(wildcards, pick=True)],
    output:
        expand(
            "results/runs/{{dataset}}/{{model}}/{{corruption}}/{{recipe}}/seed{{seed}}/{file}",
            file=["metrics.csv", "confusion.pkl", "run.json", "weights.safetensors"],
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
        corrupted=corrupted_option,
        split=split_option,
    shell:
        "folder={wildcards.dataset}/{wildcards.model}/{wildcards.corruption}/{wildcards.recipe}/seed{wildcards.seed};"
        " python3 -m rethinking train --run {params.run:q} --code {params.code}"
        " --data results/data/{wildcards.dataset} {params.corrupted} {params.split}"
        " --out results/runs/$folder --state results/state/$folder.pt > {log} 2>&1"
