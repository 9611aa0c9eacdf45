# The checked configuration, and what the rules ask of it.
import os
import re
import shlex
import sys
from itertools import product
from pathlib import Path

# The code that runs is this checkout's: here for parsing, in PYTHONPATH for the jobs. What else lies beside the Snakefile
# or in the working folder is its user's, and no copy.py or numpy.py there is imported in the place of another: Snakemake
# looks for modules there, Python where it is not safe, and for an empty entry of PYTHONPATH.
CODE = str(Path(workflow.basedir) / "workflow")
sys.path[:] = [CODE, *(folder for folder in sys.path if folder != str(workflow.basedir))]
# Jobs call `python3`: the one that runs Snakemake, or with `--sdm conda` that of environment.yml.
os.environ.update(
    PATH=os.pathsep.join([os.path.dirname(sys.executable), os.getenv("PATH", os.defpath)]),
    PYTHONPATH=os.pathsep.join(filter(None, [CODE, *os.getenv("PYTHONPATH", "").split(os.pathsep)])),
    PYTHONSAFEPATH="1",
)
# Read by cuBLAS when a job starts; without it, matrix products on a GPU are not deterministic.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

from rethinking import owners, provenance, resources
from rethinking.config import CHECKOUT, Configuration, DEFAULT, datasets, described, jobs
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.files import canonical_json, read_json, sha256
from rethinking.models.registry import sizes
from rethinking.names import split_corruption
from rethinking.overrides import SOURCE, overrides
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.published import PAPER, check_published
from rethinking.reporting.registry import TABLES
from rethinking.schema import load_layers


def read_configuration():
    """The checked configuration; a fault ends the workflow with one message before any job starts.

    A configuration file is complete, with those that it extends: the default is read only where no other was asked
    for. `--config key=value` overrides either.
    """
    settings = workflow.config_settings
    files = [str(file) for file in settings.configfiles] or [DEFAULT]
    layers = {SOURCE: overrides(settings.config_args or [])}
    for file in reversed(files):  # the last of several holds over those before it
        layers |= load_layers(CHECKOUT / file, file)
    return Configuration.of_layers(", ".join(files), layers)


def check_writable(folder):
    """That results can be written, tried and not guessed: permissions mean nothing to root or on a full disk."""
    probe = Path(folder) / f".writable-{os.getpid()}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        problem = (
            "it is a file, or a link to nothing" if os.path.lexists(folder) and not Path(folder).is_dir() else error
        )
        raise ValueError(f"the folder {folder!r} cannot be written: {problem}") from None


try:
    CONFIGURATION = read_configuration()
    check_published(CHECKOUT / PAPER, CONFIGURATION.datasets)
    for folder in ("results", "figures"):
        check_writable(folder)
except ValueError as error:
    sys.exit(str(error))  # one line and no traceback, which WorkflowError would add


ARRAYS = ["train_images", "train_labels", "test_images", "test_labels"]
PREPARED = ["manifest.json", *(f"{array}.npy" for array in ARRAYS)]
SPLIT = ["manifest.json", "train_indices.npy", "validation_indices.npy"]
OUTPUTS = ["metrics.csv", "confusion.pkl", "run.json", "weights.safetensors"]  # of a run; some leave others as well
RUN_FILES = ["run.json", "metrics.csv"]  # of a run's files, those that all data frames are made from
FRAMES = ["runs.csv", "curves.csv", "evaluations.csv"]  # what all runs of a figure or table are gathered into


def spellings(is_label_noise):
    """Regular expressions of the corruptions' names, level and all, of those of labels or of pixels."""
    families = {name: CORRUPTIONS[entry["family"]] for name, entry in CONFIGURATION.corruptions.items()}
    chosen = {name: family for name, family in families.items() if family.is_label_noise == is_label_noise}
    return [re.escape(name) + (r"-\d+\.\d+" if family.has_level else "") for name, family in chosen.items()]


LABEL_NOISE, PIXELS = spellings(True), spellings(False)


wildcard_constraints:
    dataset="|".join(map(re.escape, CONFIGURATION.datasets)),
    model="|".join(map(re.escape, CONFIGURATION.models)),
    recipe="|".join(map(re.escape, CONFIGURATION.recipes)),
    figure="|".join(map(re.escape, CONFIGURATION.figures)),
    picture="|".join(PICTURES),
    table="|".join(map(re.escape, CONFIGURATION.tables)),
    section="|".join(map(re.escape, CONFIGURATION.sections)),
    name=re.escape(CONFIGURATION.name),
    seed=r"\d+",


def literal(text):
    """Text as one word of a shell command, its braces left alone by Snakemake's formatting."""
    return shlex.quote(text).replace("{", "{{").replace("}", "}}")


def keep_others(folder, values, wildcards):
    """End the workflow before its first job where that would replace what another configuration made in `folder`."""
    recipe, model, corruption = (getattr(wildcards, name, "") for name in ("recipe", "model", "corruption"))
    names = {
        "dataset": wildcards.dataset,
        "network": model,
        "recipe": recipe,
        "corruption": split_corruption(corruption)[0],
    }
    try:
        owners.check_owner(Path(folder), CONFIGURATION, values, names)
    except ValueError as error:
        sys.exit(str(error))  # as above


def made_by(values):
    """A param that says whose the outputs are, `values` by wildcards.

    It is a function of the output as well, and such params Snakemake compares with nothing: runs may be shared.
    """
    return lambda wildcards, output: canonical_json(owners.made_by(CONFIGURATION, values(wildcards)))


def dataset_values(wildcards):
    """What the configuration says of a prepared data set."""
    return owners.of_dataset(CONFIGURATION, wildcards.dataset)


def split_values(wildcards):
    """What it says of a validation split."""
    return owners.of_split(CONFIGURATION, wildcards.dataset, int(wildcards.seed))


def corruption_values(wildcards):
    """What it says of a corruption."""
    return owners.of_corruption(CONFIGURATION, wildcards.dataset, wildcards.corruption, int(wildcards.seed))


def run_values(wildcards):
    """What it says of a run."""
    return owners.of_run(CONFIGURATION, run_of(wildcards))


def prepare_files(wildcards):
    """What a prepare job reads."""
    keep_others(f"results/data/{wildcards.dataset}", dataset_values(wildcards), wildcards)
    return downloaded_files(wildcards)


def downloaded_files(wildcards):
    """The manifest of the original files of a data set; nothing where it has none."""
    name = datasets.download_name(CONFIGURATION, wildcards.dataset)
    return f"results/downloads/{name}/manifest.json" if name else []


def downloaded_option(wildcards):
    """The option of a prepare job that names the folder of the original files."""
    manifest = downloaded_files(wildcards)
    return f"--downloaded {os.path.dirname(manifest)}" if manifest else ""


def paths_option():
    """The option of prepare jobs that says where pictures lie on disk."""
    return f"--paths {literal(canonical_json(jobs.paths(CONFIGURATION)))}" if jobs.paths(CONFIGURATION) else ""


# Every run of the configuration's figures and tables in the order in which they stand there, all of the first seed before
# any of the next: what trains first where not everything can at once, or within the time that there is.
ORDER = [run for section in CONFIGURATION.sections for run in CONFIGURATION.runs(section)]
ORDER = {run.path: None for seed in CONFIGURATION.seeds for run in ORDER if run.seed == seed}
PRIORITY = {path: len(ORDER) - place for place, path in enumerate(ORDER)}
DATA_PRIORITY = len(ORDER) + 1  # what trainings wait for is made before them


def train_priority(wildcards):
    """Larger for what trains earlier; 0 for single runs of no figure or table."""
    return PRIORITY.get(run_of(wildcards).path, 0)


def run_of(wildcards):
    """The run of a train job."""
    return CONFIGURATION.run(
        wildcards.dataset, wildcards.model, wildcards.corruption, wildcards.recipe, int(wildcards.seed)
    )


def corruption_of(wildcards):
    """What a corrupt job depends on."""
    return jobs.corruption_job(CONFIGURATION, wildcards.dataset, wildcards.corruption, int(wildcards.seed))


def corruption_code(wildcards):
    """The digest of the code of a corrupt job."""
    return provenance.corrupt_code(corruption_of(wildcards)["corruption"]["family"])


def clean_manifest(wildcards):
    """The manifest of the data set that a split or a corruption is made from."""
    corrupts = hasattr(wildcards, "corruption")
    values = corruption_values(wildcards) if corrupts else split_values(wildcards)
    place = wildcards.corruption if corrupts else "split"
    keep_others(f"results/data/{wildcards.dataset}/{place}/seed{wildcards.seed}", values, wildcards)
    return f"results/data/{wildcards.dataset}/manifest.json"


def human_labels_files(wildcards):
    """The manifest of the downloaded file of human labels; nothing for corruptions that are computed."""
    name = jobs.corruption_download(CONFIGURATION, wildcards.dataset, wildcards.corruption)
    return f"results/downloads/{name}/manifest.json" if name else []


def human_labels_option(wildcards):
    """The option of a corrupt job that names the folder of that file."""
    manifest = human_labels_files(wildcards)
    return f"--downloaded {os.path.dirname(manifest)}" if manifest else ""


def corrupted_files(wildcards, pick):
    """The manifests or, where `pick` says so, the arrays of what a train job takes: its corruption, then the redraws."""
    redraws = len(CONFIGURATION.recipes[wildcards.recipe]["redraw_labels_after"])
    seeds = range(int(wildcards.seed), int(wildcards.seed) + redraws + 1)
    return picked(wildcards.dataset, [(wildcards.corruption, seed) for seed in seeds], pick)


def files_of_corruption(dataset, corruption, seed):
    """The manifest and the arrays of a corruption; nothing for true labels."""
    if corruption == "true_labels":
        return []
    family = CONFIGURATION.corruptions[split_corruption(corruption)[0]]["family"]
    folder = f"results/data/{dataset}/{corruption}/seed{seed}"
    return [f"{folder}/manifest.json", *(f"{folder}/{array}.npy" for array in CORRUPTIONS[family].changes)]


def sampled_files(wildcards, pick):
    """The manifests or, where `pick` says so, the arrays of the corruptions that a picture shows."""
    shown = jobs.samples_job(CONFIGURATION, wildcards.dataset)
    return picked(wildcards.dataset, [(name, shown["seed"]) for name in shown["corruptions"]], pick)


def shown_files(name, picture, dataset):
    """The files that a picture of a data set is drawn from."""
    return [f"results/tables/{name}/samples-{dataset}/{file}" for file in PICTURES[picture].files]


def picked(dataset, corruptions, pick):
    """The manifests or, where `pick` says so, the arrays of some corruptions and seeds of a data set."""
    found = [files_of_corruption(dataset, name, seed) for name, seed in corruptions]
    return [file for files in found for file in files if file.endswith(".json") != pick]


def corrupted_option(wildcards):
    """The options of a train job that name the folders of its corruption and of the labels that it is given later."""
    folders = [os.path.dirname(file) for file in corrupted_files(wildcards, pick=False)]
    options = {"--corrupted": folders[:1], "--redrawn": folders[1:]}
    return " ".join(word for option, given in options.items() if given for word in (option, *given))


def split_files(wildcards):
    """The validation split of a train job, manifest first; nothing where its data set holds none out."""
    if CONFIGURATION.datasets[wildcards.dataset]["validation"] is None:
        return []
    return [f"results/data/{wildcards.dataset}/split/seed{wildcards.seed}/{file}" for file in SPLIT]


def split_option(wildcards):
    """The option of a train job that names the folder of its validation split."""
    files = split_files(wildcards)
    return f"--split {os.path.dirname(files[0])}" if files else ""


def data_files(wildcards):
    """All that a train job reads: manifests, by which it runs again, and arrays.

    A finished run is another matter: its data may be made again, and those that are gone need not be made for it.
    Snakemake runs all jobs below one that runs, where they read a file that was gone even if it is `ancient`; and all
    runs of a data set are below the job that prepares it, which one new run would have made again.
    """
    corrupted = [corrupted_files(wildcards, pick) for pick in (False, True)]
    files = [f"results/data/{wildcards.dataset}/{file}" for file in PREPARED]
    files += [*corrupted[0], *corrupted[1], *split_files(wildcards)]
    run = run_of(wildcards)
    keep_others(f"results/runs/{run.path}", run_values(wildcards), wildcards)
    if is_finished(run) and not is_forced(run):
        return [ancient(file) for file in files if os.path.exists(file)]
    return [file if file.endswith(".json") else ancient(file) for file in files]


def is_finished(run):
    """Whether all files of a run are there, made by this configuration and code from what its data are made from."""
    folder = Path("results/runs", run.path)
    if not all((folder / file).exists() for file in OUTPUTS):
        return False
    try:
        return provenance.is_current(CONFIGURATION, run, read_json(folder / "run.json"))
    except ValueError:  # a torn file, which is not for this function to report
        return False


def is_forced(run):
    """Whether a run is to be trained again although it is finished (`--forceall`, `--forcerun train`, …)."""
    asked = workflow.dag_settings
    forced = {*asked.forcerun, *(asked.targets if asked.forcetargets else ())}
    return asked.forceall or bool(forced & {"train", *(f"results/runs/{run.path}/{file}" for file in OUTPUTS)})


def run_files(name):
    """One file of every run that a figure is drawn from or a table made from."""
    return lambda wildcards: sorted(f"results/runs/{run.path}/{name}" for run in CONFIGURATION.runs(wildcards.section))


def files_read(section):
    """Of a run's files, those that the data frames of a figure or table are made from."""
    return [*RUN_FILES, *(["confusion.pkl"] if "confusions" in (FIGURES | TABLES)[section].frames else [])]


def frame_files(section):
    """The data frames that a figure is drawn from or a table made from."""
    return [f"results/tables/{CONFIGURATION.name}/{section}/{name}.csv" for name in (FIGURES | TABLES)[section].frames]


def table_files(table):
    """The files of a table."""
    return [f"results/tables/{CONFIGURATION.name}/{table}.{suffix}" for suffix in ("csv", "md", "tex")]


def behind(section):
    """What stands between the data and a figure or table: its runs, their data frames, the configuration's own files."""
    files = [f"results/runs/{run.path}/{name}" for run in CONFIGURATION.runs(section) for name in files_read(section)]
    files += frame_files(section)
    if section in CONFIGURATION.tables:
        return files + table_files(section)
    return files + [f"figures/{CONFIGURATION.name}/{section}.{suffix}" for suffix in ("pdf", "svg", "txt")]


def picture_section(wildcards):
    """What a picture of a data set depends on, beside its samples."""
    return canonical_json(described.picture_section(CONFIGURATION, wildcards.picture, wildcards.dataset).to_json())


def published(section):
    """The published numbers that a figure or table shows beside ours, by file and sha256."""
    return canonical_json(
        {name: sha256(CHECKOUT / PAPER / name) for name in described.published(CONFIGURATION, section)}
    )


def run_code(wildcards):
    """The digests of the code of the train jobs behind a figure or table, by network and recipe."""
    return canonical_json({run.code_key: provenance.train_code(run) for run in CONFIGURATION.runs(wildcards.section)})
