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
        code=provenance.expressivity_code(),
        data=folder_of(input.manifest),
        corrupted=folder_of(input.labels),
    shell:
        "python3 -m rethinking expressivity --job {params.job:q} --data {params.data:q}"
        " --corrupted {params.corrupted:q} --out {output:q} > {log} 2>&1"
