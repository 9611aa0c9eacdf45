# What jobs read and whose their results are, by wildcards: the paths are those of rethinking.paths.
def keep_others(folder: str, values: owners.Values, wildcards: Wildcards) -> None:
    """End the workflow before its first job where that would replace what another configuration made in `folder`."""
    made, names = left(folder, *owners.MAKERS), owners.names_of(dict(wildcards.items()))
    try:
        owners.check_owner(made, CONFIGURATION, values, names, called(folder))
    except ValueError as error:
        sys.exit(str(error))  # as above


def made_by(values: Callable[[Wildcards], owners.Values]) -> Callable[..., str]:
    """A param that says whose the outputs are, `values` by wildcards.

    It is a function of the output as well, and such params Snakemake compares with nothing: runs may be shared.
    """
    return lambda wildcards, output: canonical_json(owners.made_by(CONFIGURATION, values(wildcards)))


def dataset_values(wildcards: Wildcards) -> owners.Values:
    """What the configuration says of a prepared data set."""
    return owners.of_dataset(CONFIGURATION, wildcards.dataset)


def prepare_files(wildcards: Wildcards) -> list[str]:
    """What a prepare job reads: the manifest of its original files, where it has any."""
    keep_others(paths.data_folder(wildcards.dataset), dataset_values(wildcards), wildcards)
    downloaded = paths.downloaded_files(datasets.download_name(CONFIGURATION, wildcards.dataset))
    return [on_this_disk(file) for file in downloaded]


def split_values(wildcards: Wildcards) -> owners.Values:
    """What the configuration says of a validation split."""
    return owners.of_split(CONFIGURATION, wildcards.dataset, int(wildcards.seed))


def split_from(wildcards: Wildcards) -> list[str]:
    """The manifest of the data set that a validation split is made from, and its labels where these matter."""
    keep_others(paths.split_folder(wildcards.dataset, wildcards.seed), split_values(wildcards), wildcards)
    labels = f"{paths.data_folder(wildcards.dataset)}/train_labels.npy"
    stratified = CONFIGURATION.datasets[wildcards.dataset]["stratified_validation"]
    return [paths.prepared_files(wildcards.dataset)[0], *([ancient(labels)] if stratified else [])]


def corruption_of(wildcards: Wildcards) -> owners.Values:
    """What a corrupt job depends on."""
    return jobs.corruption_job(CONFIGURATION, wildcards.dataset, wildcards.corruption, int(wildcards.seed))


def corruption_code(wildcards: Wildcards) -> str:
    """The digest of the code of a corrupt job."""
    return provenance.corrupt_code(corruption_of(wildcards)["corruption"]["family"])


def corruption_values(wildcards: Wildcards) -> owners.Values:
    """What the configuration says of a corruption."""
    return owners.of_corruption(CONFIGURATION, wildcards.dataset, wildcards.corruption, int(wildcards.seed))


def corrupted_from(wildcards: Wildcards) -> str:
    """The manifest of the data set that a corruption is made from."""
    folder = paths.corruption_folder(wildcards.dataset, wildcards.corruption, wildcards.seed)
    keep_others(folder, corruption_values(wildcards), wildcards)
    return paths.prepared_files(wildcards.dataset)[0]


def human_labels(wildcards: Wildcards) -> list[str]:
    """The manifest of the downloaded file of human labels; nothing for corruptions that are computed."""
    name = jobs.corruption_download(CONFIGURATION, wildcards.dataset, wildcards.corruption)
    return [on_this_disk(file) for file in paths.downloaded_files(name)]


def labels_file(wildcards: Wildcards) -> list[str]:
    """The file of labels that a corruption is made from, which lies where it lies, whatever is put before paths.

    What is in it, and not when it was written, makes the job run again: its digest is a param.
    """
    file = jobs.labels_file(CONFIGURATION, wildcards.corruption)
    return [ancient(local(file))] if file else []


def run_of(wildcards: Wildcards) -> RunConfig:
    """The run of a train job."""
    names = (wildcards.dataset, wildcards.model, wildcards.corruption, wildcards.recipe)
    return CONFIGURATION.run(*names, int(wildcards.seed))


def run_values(wildcards: Wildcards) -> owners.Values:
    """What the configuration says of a run."""
    return owners.of_run(CONFIGURATION, run_of(wildcards))


def data_files(wildcards: Wildcards) -> list[str]:
    """All that a train job reads: manifests, by which it runs again, and arrays.

    A finished run is another matter: its data may be made again, and those that are gone need not be made for it.
    Snakemake runs all jobs below one that runs, where they read a file that was gone even if it is `ancient`; and all
    runs of a data set are below the job that prepares it, which one new run would have made again.
    """
    run = run_of(wildcards)
    files, outputs = paths.data_files(CONFIGURATION, run), paths.run_outputs(run)
    keep_others(paths.run_folder(run), run_values(wildcards), wildcards)
    made = left(paths.run_folder(run), *owners.MAKERS)
    finished = all(map(is_there, outputs)) and provenance.is_finished(CONFIGURATION, run, made / "run.json")
    if finished and not is_forced([placed(file) for file in outputs]):
        return [ancient(file) for file in files if is_there(file)]
    return [*paths.manifests(files), *map(ancient, paths.arrays(files))]


def is_forced(outputs: list[str]) -> bool:
    """Whether a run is to be trained again although it is finished (`--forceall`, `--forcerun train`, …)."""
    asked = workflow.dag_settings
    forced = {*asked.forcerun, *(asked.targets if asked.forcetargets else ())}
    return asked.forceall or bool(forced & {"train", "train_regression", *outputs})


def files_of_runs(file: str) -> Callable[[Wildcards], list[str]]:
    """An input: one file of every run that a figure is drawn from or a table made from."""
    return lambda wildcards: paths.files_of_runs(CONFIGURATION, wildcards.section, file)


def runs_code(wildcards: Wildcards) -> str:
    """The digests of the code of the train jobs behind a figure or table."""
    return canonical_json(provenance.runs_code(CONFIGURATION, wildcards.section))


def tested_memory(wildcards: Wildcards) -> int:
    """The megabytes that the largest training behind a figure or table needs, which is more than its networks' tests."""
    return max(resources.train_memory(CONFIGURATION, run) for run in CONFIGURATION.runs(wildcards.section))


def picture_section(wildcards: Wildcards) -> str:
    """What a picture of a data set depends on, beside its samples."""
    return canonical_json(described.picture_section(CONFIGURATION, wildcards.picture, wildcards.dataset).to_json())


def page_job(wildcards: Wildcards) -> str:
    """What the page is of, beside the files that it reads."""
    read = {
        section: checksums(CHECKOUT / PAPER, described.published(CONFIGURATION, section))
        for section in CONFIGURATION.sections
    }
    files = {"published": read, "documents": checksums(CHECKOUT, described.DOCUMENTS)}
    return canonical_json(described.page_job(CONFIGURATION, command(), PAGE_PICTURES, files))


def expressivity_files(wildcards: Wildcards) -> list[str]:
    """The images that networks of theorem 1 are built for, and their random labels."""
    job = jobs.expressivity_job(CONFIGURATION)
    return paths.labelled_files(CONFIGURATION, job["dataset"], [RANDOM_LABELS], job["seed"])


def kernel_files(wildcards: Wildcards) -> list[str]:
    """The images of a kernel and all labels that it is fitted to."""
    return paths.kernel_files(CONFIGURATION, wildcards.kernel)
