# Original files to arrays: results/data/<dataset>/{train,test}_{images,labels}.npy and manifest.json.


rule prepare:
    output:
        arrays=expand("results/data/{{dataset}}/{array}.npy", array=ARRAYS),
        manifest="results/data/{dataset}/manifest.json",
    log:
        "results/logs/prepare/{dataset}.log",
    conda:
        "../../environment.yml"
    params:
        slice=lambda wildcards: canonical_json(CONFIGURATION.prepare_slice(wildcards.dataset)),
        code=lambda wildcards: provenance.prepare_code(CONFIGURATION.datasets[wildcards.dataset]["reader"]),
    shell:
        "python3 -m rethinking prepare --dataset {wildcards.dataset} --slice {params.slice:q}"
        " --out results/data/{wildcards.dataset} > {log} 2>&1"
