# Runs to data frames to figures and tables, which read these and, at the paper's size, the paper's numbers.
#
# Where those numbers lie is not what they are: their checksums are params, their folder stands in the command alone.
SHARED = " --section {params.section:q} --published {params.published:q}" f" --paper {literal(str(CHECKOUT / PAPER))}"
FIGURE = (
    "python3 -m rethinking figure --figure {wildcards.figure}"
    f"{SHARED}"
    " --frames {params.frames:q} --out {output.pdf:q} {output.svg:q} > {log:q} 2>&1"
)
ANIMATION = (
    "python3 -m rethinking animation --figure {wildcards.figure}"
    f"{SHARED}"
    " --frames {params.frames:q} --out {output:q} > {log:q} 2>&1"
)
TABLE = (
    "python3 -m rethinking table --table {wildcards.table}"
    f"{SHARED}"
    " --frames {params.frames:q} --out {output:q} > {log:q} 2>&1"
)


rule aggregate:
    input:
        summaries=files_of_runs("run.json"),
        metrics=files_of_runs("metrics.csv"),
        transitions=lambda wildcards: paths.transitions_files(CONFIGURATION, wildcards.section),
        matrices=lambda wildcards: paths.confusions_of_noise(CONFIGURATION, wildcards.section),
    output:
        expand("results/tables/{{name}}/{{section}}/{frame}", frame=paths.FRAMES),
    log:
        "results/logs/aggregate/{name}/{section}.log",
    conda:
        ENVIRONMENT
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.section)),
        run_code=runs_code,
        fit_criterion=lambda wildcards: CONFIGURATION.sections[wildcards.section]["fit_criterion"],
        code=lambda wildcards: provenance.aggregate_code(CONFIGURATION, wildcards.section),
        transitions=lambda wildcards, input: paths.file_option("--transitions", input.transitions),
        runs=subpath(input[0], ancestor=paths.ABOVE_RUNS),
        out=folder_of(output[0]),
    shell:
        "python3 -m rethinking aggregate --plan {params.plan:q} --code {params.run_code:q}"
        " --fit-criterion {params.fit_criterion} {params.transitions} --runs {params.runs:q} --out {params.out:q}"
        " > {log:q} 2>&1"


# Only where runs have class noise of a configuration's own.
rule transitions:
    input:
        manifests=lambda wildcards: paths.measured_manifests(CONFIGURATION, wildcards.section),
        labels=lambda wildcards: list(map(ancient, paths.measured_labels(CONFIGURATION, wildcards.section))),
        human_labels=lambda wildcards: list(map(on_this_disk, paths.measured_people(CONFIGURATION, wildcards.section))),
    output:
        "results/tables/{name}/{section}/transitions.json",
    log:
        "results/logs/transitions/{name}/{section}.log",
    conda:
        ENVIRONMENT
    params:
        job=lambda wildcards: canonical_json(jobs.transitions_job(CONFIGURATION, wildcards.section)),
        code=lambda _: provenance.transitions_code(),
        people=lambda wildcards, input: paths.people_options(input.manifests, input.human_labels),
    shell:
        "python3 -m rethinking transitions --job {params.job:q} {params.people} --out {output:q} > {log:q} 2>&1"


# Only for the figures and tables that ask for it.
rule confusions:
    input:
        summaries=files_of_runs("run.json"),
        matrices=files_of_runs("confusion.pkl"),
    output:
        "results/tables/{name}/{section}/confusions.csv",
    log:
        "results/logs/confusions/{name}/{section}.log",
    conda:
        ENVIRONMENT
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.section)),
        run_code=runs_code,
        code=lambda _: provenance.confusions_code(),
        runs=subpath(input[0], ancestor=paths.ABOVE_RUNS),
    shell:
        "python3 -m rethinking confusions --plan {params.plan:q} --code {params.run_code:q} --runs {params.runs:q}"
        " --out {output:q} > {log:q} 2>&1"


# Measures or steps of the runs, likewise; runs have these where their recipes ask for them.
rule gather:
    input:
        summaries=files_of_runs("run.json"),
    output:
        "results/tables/{name}/{section}/{frame}.csv",
    log:
        "results/logs/gather/{name}/{section}/{frame}.log",
    wildcard_constraints:
        frame=paths.one_of(OF_SOME),
    conda:
        ENVIRONMENT
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.section)),
        run_code=runs_code,
        code=lambda _: provenance.gather_code(),
        runs=subpath(input[0], ancestor=paths.ABOVE_RUNS),
    shell:
        "python3 -m rethinking gather --frame {wildcards.frame} --plan {params.plan:q} --code {params.run_code:q}"
        " --runs {params.runs:q} --out {output:q} > {log} 2>&1"


# What the networks say of single test images, from their saved weights.
rule predictions:
    input:
        summaries=files_of_runs("run.json"),
        weights=files_of_runs("weights.safetensors"),
        manifests=lambda wildcards: paths.manifests(paths.tested_files(CONFIGURATION, wildcards.section)),
        arrays=lambda wildcards: [
            ancient(array) for array in paths.arrays(paths.tested_files(CONFIGURATION, wildcards.section))
        ],
    output:
        "results/tables/{name}/{section}/predictions.csv",
    log:
        "results/logs/predictions/{name}/{section}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * tested_memory(wildcards),
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.section)),
        run_code=runs_code,
        code=lambda wildcards: provenance.predictions_code(CONFIGURATION, wildcards.section),
        images=CONFIGURATION.samples["images"],
        runs=subpath(input[0], ancestor=paths.ABOVE_RUNS),
        data=lambda wildcards, input: Path(input.manifests[0]).parents[paths.ABOVE_DATA - 1],
    shell:
        "python3 -m rethinking predictions --plan {params.plan:q} --code {params.run_code:q} --runs {params.runs:q}"
        " --data {params.data:q} --images {params.images} --out {output:q} > {log:q} 2>&1"


# Of the ledgers: runs have one where their recipe keeps it. `horizon` is the section's own.
rule ledger:
    input:
        summaries=files_of_runs("run.json"),
    output:
        expand("results/tables/{{name}}/{{section}}/{frame}.csv", frame=paths.OF_LEDGERS),
    log:
        "results/logs/ledger/{name}/{section}.log",
    conda:
        ENVIRONMENT
    params:
        plan=lambda wildcards: canonical_json(CONFIGURATION.plan(wildcards.section)),
        run_code=runs_code,
        horizon=lambda wildcards: paths.horizon_option(CONFIGURATION, wildcards.section),
        code=lambda _: provenance.ledger_code(),
        runs=subpath(input[0], ancestor=paths.ABOVE_RUNS),
        out=folder_of(output[0]),
    shell:
        "python3 -m rethinking ledger --plan {params.plan:q} --code {params.run_code:q} --runs {params.runs:q}"
        " {params.horizon} --out {params.out:q} > {log:q} 2>&1"


# What is known of the networks before any training.
rule sizes:
    output:
        "results/tables/{name}/{figure}/sizes.csv",
    log:
        "results/logs/sizes/{name}/{figure}.log",
    conda:
        ENVIRONMENT
    params:
        models=canonical_json(sizes()),
        code=lambda _: provenance.sizes_code(),
    shell:
        "python3 -m rethinking sizes --models {params.models:q} --out {output:q} > {log:q} 2>&1"


# The same of the networks of a figure or table, as wide as they are and at the images that they are trained on.
rule architectures:
    output:
        "results/tables/{name}/{section}/architectures.csv",
    log:
        "results/logs/architectures/{name}/{section}.log",
    conda:
        ENVIRONMENT
    params:
        networks=lambda wildcards: canonical_json(jobs.architectures_job(CONFIGURATION, wildcards.section)),
        code=lambda wildcards: provenance.architectures_code(CONFIGURATION, wildcards.section),
    shell:
        "python3 -m rethinking architectures --networks {params.networks:q} --out {output:q} > {log:q} 2>&1"


rule figure:
    input:
        lambda wildcards: paths.frame_files(CONFIGURATION, wildcards.figure),
    output:
        pdf="figures/{name}/{figure}.pdf",
        svg="figures/{name}/{figure}.svg",
        caption="figures/{name}/{figure}.txt",
    log:
        "results/logs/figure/{name}/{figure}.log",
    conda:
        ENVIRONMENT
    params:
        section=lambda wildcards: canonical_json(described.section_of(CONFIGURATION, wildcards.figure).to_json()),
        code=lambda wildcards: provenance.figure_code(wildcards.figure),
        published=lambda wildcards: published(wildcards.figure),
        frames=folder_of(input[0]),
    shell:
        FIGURE


# What moves in it, of the figures that have something of the kind.
rule animation:
    input:
        lambda wildcards: paths.frame_files(CONFIGURATION, wildcards.figure),
    output:
        "figures/{name}/{figure}.gif",
    log:
        "results/logs/animation/{name}/{figure}.log",
    wildcard_constraints:
        figure=paths.one_of(ANIMATED),
    conda:
        ENVIRONMENT
    params:
        section=lambda wildcards: canonical_json(described.section_of(CONFIGURATION, wildcards.figure).to_json()),
        code=lambda wildcards: provenance.animation_code(wildcards.figure),
        published=lambda wildcards: published(wildcards.figure),
        frames=folder_of(input[0]),
    shell:
        ANIMATION


rule table:
    input:
        lambda wildcards: paths.frame_files(CONFIGURATION, wildcards.table),
    output:
        "results/tables/{name}/{table}.csv",
        "results/tables/{name}/{table}.md",
        "results/tables/{name}/{table}.tex",
        report(
            "results/tables/{name}/{table}.html",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        "results/logs/table/{name}/{table}.log",
    conda:
        ENVIRONMENT
    params:
        section=lambda wildcards: canonical_json(described.section_of(CONFIGURATION, wildcards.table).to_json()),
        code=lambda wildcards: provenance.table_code(wildcards.table),
        published=lambda wildcards: published(wildcards.table),
        frames=folder_of(input[0]),
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
        suffix="pdf|svg|gif",
    conda:
        ENVIRONMENT
    params:
        name=CONFIGURATION.name,
        title=lambda wildcards: FIGURES[wildcards.figure].description,
        runs=lambda wildcards: len(CONFIGURATION.runs(wildcards.figure)),
    shell:
        "(cp {input:q} {output:q} && sync {output:q}) 2> {log:q}"


# Snakemake makes a missing file again only where something that is to be made needs it, and a figure that is there needs
# nothing. Called like the file, these targets ask for everything behind it as well.
TARGETS = {f"figures/{figure}.{suffix}": figure for figure in CONFIGURATION.figures for suffix in ["pdf", "svg"]}
TARGETS |= {f"figures/{figure}.gif": figure for figure in CONFIGURATION.figures if figure in ANIMATED}
TARGETS |= {file: table for table in CONFIGURATION.tables for file in paths.table_files(CONFIGURATION, table)}
for target, section in TARGETS.items():

    rule:
        name:
            target
        input:
            target,
            paths.files_behind(CONFIGURATION, section),


# By the corruption repository's names, as in AlexNet_0.5_none: that network on that data, in every recipe and seed.
for experiment, folders in CONFIGURATION.experiments.items():

    rule:
        name:
            experiment
        input:
            expand("results/runs/{folder}/run.json", folder=folders),
