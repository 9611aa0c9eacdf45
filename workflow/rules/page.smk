# All of a configuration on one page: results/report/<name>/index.html, which opens from the disk or from a mail.
# Pictures of data sets: of those that need no download, and all that have been asked for.
PAGE_PICTURES = paths.page_pictures(CONFIGURATION, is_there)
PAGE = "python3 -m rethinking page --job {params.job:q}" f" --paper {literal(str(CHECKOUT / PAPER))}"


rule page:
    input:
        paths.page_inputs(CONFIGURATION, PAGE_PICTURES),
    output:
        report(
            "results/report/{name}/index.html",
            caption="../report/page.rst",
            category="All on one page",
            labels={"configuration": "{name}"},
        ),
    log:
        "results/logs/page/{name}.log",
    conda:
        ENVIRONMENT
    params:
        job=page_job,
        code=lambda _: provenance.page_code(CONFIGURATION.tables),
        folder=subpath(output[0], ancestor=paths.ABOVE_PAGE),
    shell:
        f"{PAGE} --folder {{params.folder:q}} --out {{output:q}} > {{log}} 2>&1"


# The same, by the word that it is asked for with.
rule report:
    input:
        paths.page_file(CONFIGURATION),
