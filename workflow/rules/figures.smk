# Runs to data frames to figures and tables, which read these and, at the paper's size, the paper's numbers.
#
# Where those numbers lie is not what they are: their checksums are params, their folder stands in the command alone.
SHARED = " --section {params.section:q} --published {params.published:q}" f" --paper {literal(str(CHECKOUT / PAPER))}"
FIGURE = (
    "python3 -m rethinking figure --figure {wildcards.figure}"
    f"{SHARED}"
    " --tables results/tables/{wildcards.name}/{wildcards.figure} --out {output.pdf} {output.svg} > {log} 2>&1"
)
TABLE = (
    "python3 -m rethinking table --table {wildcards.table}"
    f"{SHARED}"
    " --tables results/tables/{wildcards.name}/{wildcards.table} --out {output} > {log} 2>&1"
)


rule aggregate:
    input:
        summaries=run_files("run.json"),
        metrics=run_files("metrics.csv"),
    output:
        expand("results/tables/{{name}}/{{section}}/{frame}", frame=FRAMES),
    log:
        "results/logs/aggregate/{name}/{section}.log",
    conda:
        "../../environment.yml"
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.section)),
        run_code=run_code,
        fit_criterion=lambda wildcards: CONFIGURATION.sections[wildcards.section]["fit_criterion"],
        code=provenance.aggregate_code(),
    shell:
        "python3 -m rethinking aggregate --plan {params.plan:q} --code {params.run_code:q}"
        " --fit-criterion {params.fit_criterion} --runs results/runs"
        " --out results/tables/{wildcards.name}/{wildcards.section} > {log} 2>&1"


# Only for the figures and tables that ask for it.
rule confusions:
    input:
        summaries=run_files("run.json"),
        matrices=run_files("confusion.pkl"),
    output:
        "results/tables/{name}/{section}/confusions.csv",
    log:
        "results/logs/confusions/{name}/{section}.log",
    conda:
        "../../environment.yml"
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.section)),
        run_code=run_code,
        code=provenance.confusions_code(),
    shell:
        "python3 -m rethinking confusions --plan {params.plan:q} --code {params.run_code:q} --runs results/runs"
        " --out {output} > {log} 2>&1"


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
        lambda wildcards: frame_files(wildcards.figure),
    output:
        pdf="figures/{name}/{figure}.pdf",
        svg="figures/{name}/{figure}.svg",
        caption="figures/{name}/{figure}.txt",
    log:
        "results/logs/figure/{name}/{figure}.log",
    conda:
        "../../environment.yml"
    params:
        section=lambda wildcards: canonical_json(described.section_of(CONFIGURATION, wildcards.figure).to_json()),
        code=lambda wildcards: provenance.figure_code(wildcards.figure),
        published=lambda wildcards: published(wildcards.figure),
    shell:
        FIGURE


rule table:
    input:
        lambda wildcards: frame_files(wildcards.table),
    output:
        report(
            "results/tables/{name}/{table}.csv",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
        "results/tables/{name}/{table}.md",
        "results/tables/{name}/{table}.tex",
    log:
        "results/logs/table/{name}/{table}.log",
    conda:
        "../../environment.yml"
    params:
        section=lambda wildcards: canonical_json(described.section_of(CONFIGURATION, wildcards.table).to_json()),
        code=lambda wildcards: provenance.table_code(wildcards.table),
        published=lambda wildcards: published(wildcards.table),
        title=lambda wildcards: TABLES[wildcards.table].description,
    shell:
        TABLE


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
        "(cp {input} {output} && sync {output}) 2> {log}"


# Snakemake makes a missing file again only where something that is to be made needs it, and a figure that is there needs
# nothing. Called like the file, these targets ask for everything behind it as well.
TARGETS = {f"figures/{figure}.{suffix}": figure for figure in CONFIGURATION.figures for suffix in ["pdf", "svg"]}
TARGETS |= {file: table for table in CONFIGURATION.tables for file in table_files(table)}
for target, section in TARGETS.items():

    rule:
        name:
            target
        input:
            target,
            behind(section),


# By the corruption repository's names, as in AlexNet_0.5_none: that network on that data, in every recipe and seed.
for experiment, folders in CONFIGURATION.experiments.items():

    rule:
        name:
            experiment
        input:
            expand("results/runs/{folder}/run.json", folder=folders),
