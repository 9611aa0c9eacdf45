# Runs to tables to figures. Figures read tables only.


rule aggregate:
    input:
        summaries=run_files("run.json"),
        metrics=run_files("metrics.csv"),
    output:
        expand("results/tables/{{name}}/{{figure}}/{table}.csv", table=["runs", "curves"]),
    log:
        "results/logs/aggregate/{name}/{figure}.log",
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.figure)),
        run_code=run_code,
        fit_criterion=lambda wildcards: CONFIGURATION.figures[wildcards.figure]["fit_criterion"],
        code=provenance.aggregate_code(),
    shell:
        "{sys.executable} -m rethinking aggregate --plan {params.plan:q} --code {params.run_code:q}"
        " --fit-criterion {params.fit_criterion} --runs results/runs"
        " --out results/tables/{wildcards.name}/{wildcards.figure} > {log} 2>&1"


rule figure:
    input:
        expand("results/tables/{{name}}/{{figure}}/{table}.csv", table=["runs", "curves"]),
    output:
        expand("figures/{{name}}/{{figure}}.{suffix}", suffix=["pdf", "svg", "txt"]),
    log:
        "results/logs/figure/{name}/{figure}.log",
    params:
        section=lambda wildcards: canonical_json(CONFIGURATION.figure_section(wildcards.figure)),
        code=lambda wildcards: provenance.figure_code(wildcards.figure),
    shell:
        "{sys.executable} -m rethinking figure --figure {wildcards.figure} --section {params.section:q}"
        " --tables results/tables/{wildcards.name}/{wildcards.figure}"
        " --out {output[0]} {output[1]} > {log} 2>&1"


# What everyone types, figures/fig1.pdf, is a copy of the active configuration's figure.
rule publish:
    input:
        lambda wildcards: f"figures/{CONFIGURATION.name}/{wildcards.figure}.{wildcards.suffix}",
    output:
        report("figures/{figure}.{suffix}", caption="../report/{figure}.rst", category="Figures"),
    log:
        "results/logs/publish/{figure}.{suffix}.log",
    params:
        name=CONFIGURATION.name,
    wildcard_constraints:
        suffix="pdf|svg",
    shell:
        "cp {input} {output} 2> {log}"
