# Pictures of a data set: figures/samples-<dataset>.pdf and figures/channels-<dataset>.pdf, of any one, without a training.
SAMPLE = "python3 -m rethinking samples --job {params.job:q} --data {params.data:q} --out {params.out:q} > {log:q} 2>&1"


rule samples:
    input:
        manifest="results/data/{dataset}/manifest.json",
        arrays=ancient(expand("results/data/{{dataset}}/{array}.npy", array=["train_images", "train_labels"])),
        corruptions=lambda wildcards: paths.manifests(paths.sampled_files(CONFIGURATION, wildcards.dataset)),
        corrupted=lambda wildcards: [
            ancient(array) for array in paths.arrays(paths.sampled_files(CONFIGURATION, wildcards.dataset))
        ],
    output:
        expand("results/tables/{{name}}/samples-{{dataset}}/{file}", file=PICTURES["samples"].files),
    log:
        "results/logs/samples/{name}/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        job=lambda wildcards: canonical_json(jobs.samples_job(CONFIGURATION, wildcards.dataset)),
        code=lambda _: provenance.samples_code(),
        data=folder_of(input.manifest),
        out=folder_of(output[0]),
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
        ENVIRONMENT
    params:
        job=lambda wildcards: canonical_json(jobs.values_job(CONFIGURATION, wildcards.dataset)),
        code=lambda _: provenance.samples_code(),
        data=folder_of(input.manifest),
        out=folder_of(output[0]),
    shell:
        SAMPLE


rule picture:
    input:
        lambda wildcards: paths.picture_frames(CONFIGURATION, wildcards.picture, wildcards.dataset),
    output:
        pdf="figures/{name}/{picture}-{dataset}.pdf",
        svg="figures/{name}/{picture}-{dataset}.svg",
        caption="figures/{name}/{picture}-{dataset}.txt",
    log:
        "results/logs/picture/{name}/{picture}-{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        section=picture_section,
        code=lambda wildcards: provenance.picture_code(wildcards.picture),
        frames=folder_of(input[0]),
    shell:
        "python3 -m rethinking picture --picture {wildcards.picture} --section {params.section:q}"
        " --samples {params.frames:q} --out {output.pdf:q} {output.svg:q} > {log:q} 2>&1"


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
        ENVIRONMENT
    params:
        name=CONFIGURATION.name,
        title=lambda wildcards: PICTURES[wildcards.picture].description,
    shell:
        "(cp {input:q} {output:q} && sync {output:q}) 2> {log:q}"


# Called like the file, these targets ask for the samples behind a picture as well, see figures.smk.
for picture, dataset, suffix in product(PICTURES, CONFIGURATION.datasets, ["pdf", "svg"]):

    rule:
        name:
            f"figures/{picture}-{dataset}.{suffix}"
        input:
            f"figures/{picture}-{dataset}.{suffix}",
            f"figures/{CONFIGURATION.name}/{picture}-{dataset}.txt",
            paths.picture_frames(CONFIGURATION, picture, dataset),
