# How complex trained networks are, from their saved weights: one job a run, when it has ended, then a data frame.
rule complexity_of_run:
    input:
        summary="results/runs/{dataset}/{model}/{corruption}/{recipe}/seed{seed}/run.json",
        weights="results/runs/{dataset}/{model}/{corruption}/{recipe}/seed{seed}/weights.safetensors",
        manifests=lambda wildcards: paths.manifests(paths.data_files(CONFIGURATION, run_of(wildcards))),
        arrays=lambda wildcards: [
            ancient(array) for array in paths.arrays(paths.data_files(CONFIGURATION, run_of(wildcards)))
        ],
    output:
        "results/complexity/{dataset}/{model}/{corruption}/{recipe}/seed{seed}.json",
    log:
        "results/logs/complexity_of_run/{dataset}/{model}/{corruption}/{recipe}/seed{seed}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * resources.complexity_memory(CONFIGURATION, run_of(wildcards)),
        runtime=lambda wildcards, attempt: attempt * resources.complexity_minutes(CONFIGURATION, run_of(wildcards)),
    params:
        run=lambda wildcards: run_of(wildcards).json,
        code=lambda wildcards: provenance.complexity_of_run_code(run_of(wildcards)),
        folders=lambda wildcards, output: paths.complexity_options(CONFIGURATION, run_of(wildcards), output[0]),
    shell:
        "python3 -m rethinking complexity_of_run --run {params.run:q} {params.folders} --out {output:q} > {log:q} 2>&1"


# Only for the figures and tables that ask for it.
rule complexity:
    input:
        summaries=files_of_runs("run.json"),
        measured=lambda wildcards: paths.complexity_files(CONFIGURATION, wildcards.section),
    output:
        "results/tables/{name}/{section}/complexity.csv",
    log:
        "results/logs/complexity/{name}/{section}.log",
    conda:
        ENVIRONMENT
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.section)),
        run_code=runs_code,
        code=lambda _: provenance.complexity_code(),
        runs=subpath(input[0], ancestor=paths.ABOVE_RUNS),
        measured=lambda wildcards, input: Path(input.measured[0]).parents[paths.ABOVE_COMPLEXITY - 1],
    shell:
        "python3 -m rethinking complexity --plan {params.plan:q} --code {params.run_code:q} --runs {params.runs:q}"
        " --measured {params.measured:q} --out {output:q} > {log:q} 2>&1"
