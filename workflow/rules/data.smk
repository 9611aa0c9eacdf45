# Original files to arrays: results/data/<dataset>/{train,test}_{images,labels}.npy and manifest.json.


# Where the bytes come from is not what they are, so that another mirror or data_dir makes nothing run again: data_dir
# stands in the command alone, and the mirrors are a function of the output as well, whose values Snakemake compares with
# nothing.
DOWNLOAD = (
    "python3 -m rethinking download --dataset {wildcards.dataset} --files {params.files:q} --urls {params.urls:q}"
    f" {'--data-dir ' + literal(CONFIGURATION.data_dir) if CONFIGURATION.data_dir else ''}"
    " --out results/downloads/{wildcards.dataset} > {log} 2>&1"
)


# The only job that needs the network. It tries again by itself, so it has no retries here.
rule download:
    output:
        "results/downloads/{dataset}/manifest.json",
    log:
        "results/logs/download/{dataset}.log",
    wildcard_constraints:
        dataset="|".join(map(re.escape, jobs.urls(CONFIGURATION))),
    priority: DATA_PRIORITY
    conda:
        "../../environment.yml"
    params:
        files=lambda wildcards: canonical_json(jobs.download_job(CONFIGURATION, wildcards.dataset)),
        urls=lambda wildcards, output: canonical_json(jobs.urls(CONFIGURATION)[wildcards.dataset]),
    shell:
        DOWNLOAD


# Nor is it where pictures lie on disk: the job holds their names and sizes.
PREPARE = (
    "python3 -m rethinking prepare --dataset {wildcards.dataset} --job {params.job:q} {params.downloaded}"
    f" {paths_option()}"
    " --made-by {params.made_by:q} --out results/data/{wildcards.dataset} > {log} 2>&1"
)


rule prepare:
    input:
        prepare_files,
    output:
        arrays=expand("results/data/{{dataset}}/{array}.npy", array=ARRAYS),
        manifest="results/data/{dataset}/manifest.json",
    log:
        "results/logs/prepare/{dataset}.log",
    priority: DATA_PRIORITY
    conda:
        "../../environment.yml"
    params:
        job=lambda wildcards: canonical_json(jobs.prepare_job(CONFIGURATION, wildcards.dataset)),
        code=lambda wildcards: provenance.prepare_code(CONFIGURATION.datasets[wildcards.dataset]["reader"]),
        downloaded=downloaded_option,
        made_by=made_by(dataset_values),
    shell:
        PREPARE


# The validation set that a seed holds out, as indices into the training set.
rule split:
    input:
        clean_manifest,
    output:
        expand("results/data/{{dataset}}/split/seed{{seed}}/{file}", file=SPLIT),
    log:
        "results/logs/split/{dataset}/seed{seed}.log",
    priority: DATA_PRIORITY
    conda:
        "../../environment.yml"
    params:
        job=lambda wildcards: canonical_json(jobs.split_job(CONFIGURATION, wildcards.dataset, int(wildcards.seed))),
        code=provenance.split_code(),
        made_by=made_by(split_values),
    shell:
        "python3 -m rethinking split --job {params.job:q} --data results/data/{wildcards.dataset}"
        " --made-by {params.made_by:q} --out results/data/{wildcards.dataset}/split/seed{wildcards.seed} > {log} 2>&1"
