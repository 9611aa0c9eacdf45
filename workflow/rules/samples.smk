# Pictures of a data set: figures/samples-<dataset>.pdf and figures/channels-<dataset>.pdf, of any one, without a training.
SAMPLE = (
    "python3 -m rethinking samples --job {params.job:q} --data results/data/{wildcards.dataset}"
    " --out results/tables/{wildcards.name}/samples-{wildcards.dataset} > {log} 2>&1"
)


rule samples:
    input:
        manifest="results/data/{dataset}/manifest.json",
        arrays=ancient(expand("results/data/{{dataset}}/{array}.npy", array=["train_images", "train_labels"])),
        corruptions=lambda wildcards: sampled_files(wildcards, pick=False),
        corrupted=lambda wildcards: [ancient(array) for array in sampled_files(wildcards, pick=True)],
    output:
        expand("results/tables/{{name}}/samples-{{dataset}}/{file}", file=PICTURES["samples"].files),
    log:
        "results/logs/samples/{name}/{dataset}.log",
    conda:
        "../../environment.yml"
    params:
        job=lambda wildcards: canonical_json(jobs.samples_job(CONFIGURATION, wildcards.dataset)),
        code=provenance.samples_code(),
    shell:
        SAMPLE


# Of one image, which no corruption has touched.
rule values:
    input:
        manifest="results/data/{dataset}/manifest.json",
        arrays=ancient(expand("results/data/{{dataset}}/{array}.npy", array=["train_images", "train_labels"])),
    output:
        "results/tables/{name}/samples-{dataset}/values.csv",
    log:
        "results/logs/values/{name}/{dataset}.log",
    conda:
        "../../environment.yml"
    params:
        job=lambda wildcards: canonical_json(jobs.values_job(CONFIGURATION, wildcards.dataset)),
        code=provenance.samples_code(),
    shell:
        SAMPLE


rule picture:
    input:
        lambda wildcards: shown_files(wildcards.name, wildcards.picture, wildcards.dataset),
    output:
        pdf="figures/{name}/{picture}-{dataset}.pdf",
        svg="figures/{name}/{picture}-{dataset}.svg",
        caption="figures/{name}/{picture}-{dataset}.txt",
    log:
        "results/logs/picture/{name}/{picture}-{dataset}.log",
    conda:
        "../../environment.yml"
    params:
        section=lambda wildcards: picture_section(wildcards),
        code=lambda wildcards: provenance.picture_code(wildcards.picture),
    shell:
        "python3 -m rethinking picture --picture {wildcards.picture} --section {params.section:q}"
        " --samples results/tables/{wildcards.name}/samples-{wildcards.dataset}"
        " --out {output.pdf} {output.svg} > {log} 2>&1"


rule publish_picture:
    input:
        lambda wildcards: f"figures/{CONFIGURATION.name}/{wildcards.picture}-{wildcards.dataset}.{wildcards.suffix}",
    output:
        report(
            "figures/{picture}-{dataset}.{suffix}",
            caption="../report/picture.rst",
            category="Data sets",
            labels={"data set": "{dataset}", "figure": "{picture}", "format": "{suffix}"},
        ),
    log:
        "results/logs/publish/{picture}-{dataset}.{suffix}.log",
    wildcard_constraints:
        suffix="pdf|svg",
    conda:
        "../../environment.yml"
    params:
        name=CONFIGURATION.name,
        title=lambda wildcards: PICTURES[wildcards.picture].description,
    shell:
        "(cp {input} {output} && sync {output}) 2> {log}"


# Called like the file, these targets ask for the samples behind a picture as well, see figures.smk.
for picture, dataset, suffix in product(PICTURES, CONFIGURATION.datasets, ["pdf", "svg"]):

    rule:
        name:
            f"figures/{picture}-{dataset}.{suffix}"
        input:
            f"figures/{picture}-{dataset}.{suffix}",
            f"figures/{CONFIGURATION.name}/{picture}-{dataset}.txt",
            shown_files(CONFIGURATION.name, picture, dataset),
