# Section 5 of the paper: what is computed from prepared data without a training, to data frames of figures and tables.
rule expressivity:
    input:
        manifest=lambda wildcards: paths.manifests(expressivity_files(wildcards))[0],
        labels=lambda wildcards: paths.manifests(expressivity_files(wildcards))[1],
        arrays=lambda wildcards: [ancient(array) for array in paths.arrays(expressivity_files(wildcards))],
    output:
        "results/tables/{name}/{section}/expressivity.csv",
    log:
        "results/logs/expressivity/{name}/{section}.log",
    conda:
        "../../environment.yml"
    params:
        job=lambda wildcards: canonical_json(jobs.expressivity_job(CONFIGURATION)),
        code=lambda _: provenance.expressivity_code(),
        data=folder_of(input.manifest),
        corrupted=folder_of(input.labels),
    shell:
        "python3 -m rethinking expressivity --job {params.job:q} --data {params.data:q}"
        " --corrupted {params.corrupted:q} --out {output:q} > {log} 2>&1"


# A kernel model: its parameters, its matrix, its solutions. Blocks of the matrix are no output: Snakemake deletes the
# outputs of a job that fails.
rule kernel_choice:
    input:
        manifest=lambda wildcards: paths.prepared_files(CONFIGURATION.kernels[wildcards.kernel]["dataset"])[0],
        arrays=lambda wildcards: ancient(paths.arrays(kernel_files(wildcards))),
    output:
        "results/kernels/{name}/{kernel}/choice.json",
    log:
        "results/logs/kernel_choice/{name}/{kernel}.log",
    conda:
        "../../environment.yml"
    threads: KERNEL_THREADS
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 4000,
        runtime=lambda wildcards, attempt: attempt * resources.kernel_minutes(CONFIGURATION, wildcards.kernel),
    params:
        job=lambda wildcards: canonical_json(kernel_jobs.choice_job(CONFIGURATION, wildcards.kernel)),
        code=lambda _: provenance.kernel_code("choice"),
        data=folder_of(input.manifest),
    shell:
        "python3 -m rethinking kernel_choice --job {params.job:q} --data {params.data:q} --out {output:q} > {log} 2>&1"


rule kernel_gram:
    input:
        manifest=lambda wildcards: paths.prepared_files(CONFIGURATION.kernels[wildcards.kernel]["dataset"])[0],
        arrays=lambda wildcards: ancient(paths.arrays(kernel_files(wildcards))),
        choice="results/kernels/{name}/{kernel}/choice.json",
    output:
        "results/kernels/{name}/{kernel}/gram.json",
    log:
        "results/logs/kernel_gram/{name}/{kernel}.log",
    conda:
        "../../environment.yml"
    threads: KERNEL_THREADS
    resources:
        mem_mb=lambda wildcards, attempt: attempt * resources.gram_memory(CONFIGURATION, wildcards.kernel),
        runtime=lambda wildcards, attempt: attempt * resources.kernel_minutes(CONFIGURATION, wildcards.kernel),
    params:
        job=lambda wildcards: canonical_json(kernel_jobs.gram_job(CONFIGURATION, wildcards.kernel)),
        code=lambda _: provenance.kernel_code("gram"),
        data=folder_of(input.manifest),
        state=lambda wildcards, output: paths.kernel_state(CONFIGURATION, wildcards.kernel),
    shell:
        "python3 -m rethinking kernel_gram --job {params.job:q} --code {params.code} --data {params.data:q}"
        " --choice {input.choice:q} --state {params.state:q} --out {output:q} > {log} 2>&1"


rule kernel_solution:
    input:
        manifest=lambda wildcards: paths.prepared_files(CONFIGURATION.kernels[wildcards.kernel]["dataset"])[0],
        manifests=lambda wildcards: paths.manifests(kernel_files(wildcards))[1:],
        arrays=lambda wildcards: ancient(paths.arrays(kernel_files(wildcards))),
        choice="results/kernels/{name}/{kernel}/choice.json",
        gram="results/kernels/{name}/{kernel}/gram.json",
    output:
        "results/kernels/{name}/{kernel}/solution.json",
    log:
        "results/logs/kernel_solution/{name}/{kernel}.log",
    conda:
        "../../environment.yml"
    threads: KERNEL_THREADS
    resources:
        mem_mb=lambda wildcards, attempt: attempt * resources.factor_memory(CONFIGURATION, wildcards.kernel),
        runtime=lambda wildcards, attempt: attempt * resources.kernel_minutes(CONFIGURATION, wildcards.kernel),
    params:
        job=lambda wildcards: canonical_json(kernel_jobs.gram_job(CONFIGURATION, wildcards.kernel)),
        solution=lambda wildcards: canonical_json(kernel_jobs.solution_job(CONFIGURATION, wildcards.kernel)),
        gram_code=lambda _: provenance.kernel_code("gram"),
        code=lambda _: provenance.kernel_code("solution"),
        data=folder_of(input.manifest),
        corrupted=lambda wildcards, input: paths.folders_option("--corrupted", input.manifests),
        state=lambda wildcards, output: paths.kernel_state(CONFIGURATION, wildcards.kernel),
    shell:
        "python3 -m rethinking kernel_solution --job {params.job:q} --solution {params.solution:q}"
        " --code {params.gram_code} --solver {params.code} --data {params.data:q} {params.corrupted} --choice {input.choice:q}"
        " --state {params.state:q} --out {output:q} > {log} 2>&1"


rule kernel_frame:
    input:
        lambda wildcards: [
            paths.kernel_file(CONFIGURATION, kernel, step)
            for kernel in CONFIGURATION.kernels
            for step in ("choice", "gram", "solution")
        ],
    output:
        "results/tables/{name}/{section}/kernels.csv",
    log:
        "results/logs/kernel_frame/{name}/{section}.log",
    conda:
        "../../environment.yml"
    params:
        kernels=lambda wildcards: canonical_json(kernel_jobs.shown(CONFIGURATION)),
        code=lambda _: provenance.kernel_code("frame"),
        solutions=subpath(input[0], ancestor=2),
    shell:
        "python3 -m rethinking kernel_frame --kernels {params.kernels:q} --solutions {params.solutions:q}"
        " --out {output:q} > {log} 2>&1"


rule implicit_regularisation:
    input:
        manifest=lambda wildcards: paths.prepared_files(CONFIGURATION.implicit_regularisation["dataset"])[0],
        arrays=lambda wildcards: ancient(
            paths.arrays(paths.prepared_files(CONFIGURATION.implicit_regularisation["dataset"]))
        ),
    output:
        "results/tables/{name}/{section}/implicit_regularisation.csv",
    log:
        "results/logs/implicit_regularisation/{name}/{section}.log",
    conda:
        "../../environment.yml"
    params:
        job=canonical_json(CONFIGURATION.implicit_regularisation),
        code=lambda _: provenance.implicit_regularisation_code(),
        data=folder_of(input.manifest),
    shell:
        "python3 -m rethinking implicit_regularisation --job {params.job:q} --data {params.data:q} --out {output:q}"
        " > {log} 2>&1"


# Least squares on random features, once for all that is made of it; labels of every seed, since each draws noise of its own.
rule random_features:
    input:
        manifest=lambda wildcards: paths.random_features_files(CONFIGURATION)[0],
        manifests=lambda wildcards: paths.manifests(paths.random_features_files(CONFIGURATION))[1:],
        arrays=lambda wildcards: ancient(paths.arrays(paths.random_features_files(CONFIGURATION))),
    output:
        "results/random_features/{name}/random_features.csv",
    log:
        "results/logs/random_features/{name}.log",
    conda:
        "../../environment.yml"
    threads: KERNEL_THREADS
    resources:
        mem_mb=lambda wildcards, attempt: attempt * resources.random_features_memory(CONFIGURATION),
        runtime=lambda wildcards, attempt: attempt * resources.random_features_minutes(CONFIGURATION),
    params:
        job=lambda wildcards: canonical_json(jobs.random_features_job(CONFIGURATION)),
        code=lambda _: provenance.random_features_code(),
        data=folder_of(input.manifest),
        corrupted=lambda wildcards, input: paths.folders_option("--corrupted", input.manifests),
    shell:
        "python3 -m rethinking random_features --job {params.job:q} --data {params.data:q} {params.corrupted}"
        " --out {output:q} > {log} 2>&1"


rule random_features_frame:
    input:
        "results/random_features/{name}/random_features.csv",
    output:
        "results/tables/{name}/{section}/random_features.csv",
    log:
        "results/logs/random_features_frame/{name}/{section}.log",
    conda:
        "../../environment.yml"
    shell:
        "cp {input:q} {output:q} 2> {log:q}"
