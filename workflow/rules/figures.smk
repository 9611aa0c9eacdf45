# Runs to tables to figures. Figures read tables only.


rule aggregate:
    input:
        summaries=run_files("run.json"),
        metrics=run_files("metrics.csv"),
    output:
        expand("results/tables/{{name}}/{{figure}}/{table}", table=TABLES),
    log:
        "results/logs/aggregate/{name}/{figure}.log",
    conda:
        "../../environment.yml"
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.figure)),
        run_code=run_code,
        fit_criterion=lambda wildcards: CONFIGURATION.figures[wildcards.figure]["fit_criterion"],
        code=provenance.aggregate_code(),
    shell:
        "python3 -m rethinking aggregate --plan {params.plan:q} --code {params.run_code:q}"
        " --fit-criterion {params.fit_criterion} --runs results/runs"
        " --out results/tables/{wildcards.name}/{wildcards.figure} > {log} 2>&1"


# What is known of the networks before any training.
rule sizes:
    output:
        "results/tables/{name}/{figure}/sizes.csv",
    log:
        "results/logs/sizes/{name}/{figure}.log",
    conda:
        "../../environment.yml"
    params:
        models=canonical_json(sizes()),
        code=provenance.sizes_code(),
    shell:
        "python3 -m rethinking sizes --models {params.models:q} --out {output} > {log} 2>&1"


rule figure:
    input:
        lambda wildcards: figure_tables(wildcards.figure),
    output:
        pdf="figures/{name}/{figure}.pdf",
        svg="figures/{name}/{figure}.svg",
        caption="figures/{name}/{figure}.txt",
    log:
        "results/logs/figure/{name}/{figure}.log",
    conda:
        "../../environment.yml"
    params:
        section=lambda wildcards: canonical_json(CONFIGURATION.figure_section(wildcards.figure)),
        code=lambda wildcards: provenance.figure_code(wildcards.figure),
    shell:
        "python3 -m rethinking figure --figure {wildcards.figure} --section {params.section:q}"
        " --tables results/tables/{wildcards.name}/{wildcards.figure}"
        " --out {output.pdf} {output.svg} > {log} 2>&1"


# What everyone types, figures/fig1.pdf, is a copy of the active configuration's figure.
rule publish:
    input:
        lambda wildcards: f"figures/{CONFIGURATION.name}/{wildcards.figure}.{wildcards.suffix}",
    output:
        report(
            "figures/{figure}.{suffix}",
            caption="../report/figure.rst",
            category="Figures",
            labels={"figure": "{figure}", "format": "{suffix}"},
        ),
    log:
        "results/logs/publish/{figure}.{suffix}.log",
    wildcard_constraints:
        suffix="pdf|svg",
    conda:
        "../../environment.yml"
    params:
        name=CONFIGURATION.name,
        title=lambda wildcards: FIGURES[wildcards.figure].description,
        runs=lambda wildcards: len(CONFIGURATION.runs(wildcards.figure)),
    shell:
        "cp {input} {output} 2> {log}"


# Snakemake makes a missing file again only where something that is to be made needs it, and a figure that is there needs
# nothing. Called like the file, these targets ask for everything behind it as well.
for figure in CONFIGURATION.figures:
    for suffix in ["pdf", "svg"]:

        rule:
            name:
                f"figures/{figure}.{suffix}"
            input:
                f"figures/{figure}.{suffix}",
                behind(figure),
