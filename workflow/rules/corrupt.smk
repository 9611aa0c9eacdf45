# Corruptions to arrays; only what a corruption changes is written. Test labels stay clean.
CORRUPT = (
    "python3 -m rethinking corrupt --job {params.job:q} --data results/data/{wildcards.dataset}"
    " {params.downloaded} --made-by {params.made_by:q}"
    " --out results/data/{wildcards.dataset}/{wildcards.corruption}/seed{wildcards.seed}"
    " > {log} 2>&1"
)


rule corrupt_labels:
    input:
        manifest=clean_manifest,
        arrays=ancient("results/data/{dataset}/train_labels.npy"),
        human_labels=human_labels_files,
    output:
        labels="results/data/{dataset}/{corruption}/seed{seed}/train_labels.npy",
        manifest="results/data/{dataset}/{corruption}/seed{seed}/manifest.json",
    log:
        "results/logs/corrupt/{dataset}/{corruption}/seed{seed}.log",
    wildcard_constraints:
        corruption="|".join(LABEL_NOISE),
    priority: DATA_PRIORITY
    conda:
        "../../environment.yml"
    params:
        job=lambda wildcards: canonical_json(corruption_of(wildcards)),
        code=corruption_code,
        downloaded=human_labels_option,
        made_by=made_by(corruption_values),
    shell:
        CORRUPT


rule corrupt_pixels:
    input:
        manifest=clean_manifest,
        arrays=ancient(expand("results/data/{{dataset}}/{array}.npy", array=["train_images", "test_images"])),
    output:
        images=expand(
            "results/data/{{dataset}}/{{corruption}}/seed{{seed}}/{array}.npy", array=["train_images", "test_images"]
        ),
        manifest="results/data/{dataset}/{corruption}/seed{seed}/manifest.json",
    log:
        "results/logs/corrupt/{dataset}/{corruption}/seed{seed}.log",
    wildcard_constraints:
        corruption="|".join(PIXELS),
    priority: DATA_PRIORITY
    conda:
        "../../environment.yml"
    params:
        job=lambda wildcards: canonical_json(corruption_of(wildcards)),
        code=corruption_code,
        downloaded=human_labels_option,
        made_by=made_by(corruption_values),
    shell:
        CORRUPT
