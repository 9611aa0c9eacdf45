# Corruptions to arrays; only what a corruption changes is written. Test labels stay clean.
CORRUPT = (
    "python3 -m rethinking corrupt --job {params.job:q} --data {params.data:q} {params.files}"
    " --made-by {params.made_by:q} --out {params.out:q} > {log:q} 2>&1"
)


rule corrupt_labels:
    input:
        manifest=corrupted_from,
        arrays=ancient("results/data/{dataset}/train_labels.npy"),
        human_labels=human_labels,
        given_labels=labels_file,
    output:
        labels="results/data/{dataset}/{corruption}/seed{seed}/train_labels.npy",
        manifest="results/data/{dataset}/{corruption}/seed{seed}/manifest.json",
    log:
        "results/logs/corrupt/{dataset}/{corruption}/seed{seed}.log",
    wildcard_constraints:
        corruption=paths.corruptions_that_change(CONFIGURATION, labels=True),
    priority: DATA_PRIORITY
    conda:
        ENVIRONMENT
    params:
        job=lambda wildcards: canonical_json(corruption_of(wildcards)),
        code=corruption_code,
        files=lambda wildcards, input: " ".join(
            [
                paths.folders_option("--downloaded", input.human_labels),
                paths.file_option("--labels", input.given_labels),
            ]
        ),
        made_by=made_by(corruption_values),
        data=folder_of(input.manifest),
        out=folder_of(output.manifest),
    shell:
        CORRUPT


rule corrupt_pixels:
    input:
        manifest=corrupted_from,
        arrays=ancient(expand("results/data/{{dataset}}/{array}.npy", array=["train_images", "test_images"])),
    output:
        images=expand(
            "results/data/{{dataset}}/{{corruption}}/seed{{seed}}/{array}.npy", array=["train_images", "test_images"]
        ),
        manifest="results/data/{dataset}/{corruption}/seed{seed}/manifest.json",
    log:
        "results/logs/corrupt/{dataset}/{corruption}/seed{seed}.log",
    wildcard_constraints:
        corruption=paths.corruptions_that_change(CONFIGURATION, labels=False),
    priority: DATA_PRIORITY
    conda:
        ENVIRONMENT
    params:
        job=lambda wildcards: canonical_json(corruption_of(wildcards)),
        code=corruption_code,
        files="",
        made_by=made_by(corruption_values),
        data=folder_of(input.manifest),
        out=folder_of(output.manifest),
    shell:
        CORRUPT
