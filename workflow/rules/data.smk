# Original files to arrays: results/data/<dataset>/{train,test}_{images,labels}.npy and manifest.json.


# Where the bytes come from is not what they are, so that another mirror or data_dir makes nothing run again: data_dir
# stands in the command alone, and the mirrors are a function of the output as well, whose values Snakemake compares with
# nothing.
DOWNLOAD = (
    "python3 -m rethinking download --dataset {wildcards.dataset} --files {params.files:q} --urls {params.urls:q}"
    f" {'--data-dir ' + literal(CONFIGURATION.data_dir) if CONFIGURATION.data_dir else ''}"
    " --out {params.out:q} > {log:q} 2>&1"
)


# The only job that needs the network. It tries again by itself, so it has no retries here.
rule download:
    output:
        on_this_disk("results/downloads/{dataset}/manifest.json"),
    log:
        "results/logs/download/{dataset}.log",
    wildcard_constraints:
        dataset=paths.one_of(jobs.urls(CONFIGURATION)),
    priority: DATA_PRIORITY
    conda:
        ENVIRONMENT
    params:
        files=lambda wildcards: canonical_json(jobs.download_job(CONFIGURATION, wildcards.dataset)),
        urls=lambda wildcards, output: canonical_json(jobs.urls(CONFIGURATION)[wildcards.dataset]),
        out=folder_of(output[0]),
    shell:
        DOWNLOAD


# Nor is it where pictures lie on disk: the job holds their names and sizes.
PICTURES_ON_DISK = f"--paths {literal(canonical_json(jobs.paths(CONFIGURATION)))}" if jobs.paths(CONFIGURATION) else ""
PREPARE = (
    "python3 -m rethinking prepare --dataset {wildcards.dataset} --job {params.job:q} {params.downloaded}"
    f" {PICTURES_ON_DISK}"
    " --made-by {params.made_by:q} --out {params.out:q} > {log:q} 2>&1"
)


rule prepare:
    input:
        prepare_files,
    output:
        arrays=expand("results/data/{{dataset}}/{array}.npy", array=paths.ARRAYS),
        manifest="results/data/{dataset}/manifest.json",
    log:
        "results/logs/prepare/{dataset}.log",
    priority: DATA_PRIORITY
    conda:
        ENVIRONMENT
    params:
        job=lambda wildcards: canonical_json(jobs.prepare_job(CONFIGURATION, wildcards.dataset)),
        code=lambda wildcards: provenance.prepare_code(CONFIGURATION.datasets[wildcards.dataset]["reader"]),
        downloaded=lambda wildcards, input: paths.folders_option("--downloaded", input),
        made_by=made_by(dataset_values),
        out=folder_of(output.manifest),
    shell:
        PREPARE


# The validation set that a seed holds out, as indices into the training set.
rule split:
    input:
        split_from,
    output:
        expand("results/data/{{dataset}}/split/seed{{seed}}/{file}", file=paths.SPLIT),
    log:
        "results/logs/split/{dataset}/seed{seed}.log",
    priority: DATA_PRIORITY
    conda:
        ENVIRONMENT
    params:
        job=lambda wildcards: canonical_json(jobs.split_job(CONFIGURATION, wildcards.dataset, int(wildcards.seed))),
        code=lambda _: provenance.split_code(),
        made_by=made_by(split_values),
        data=folder_of(input[0]),
        out=folder_of(output[0]),
    shell:
        "python3 -m rethinking split --job {params.job:q} --data {params.data:q}"
        " --made-by {params.made_by:q} --out {params.out:q} > {log:q} 2>&1"
