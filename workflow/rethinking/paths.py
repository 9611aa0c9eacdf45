"""Where everything that the workflow reads and makes lies: from a configuration and names to paths.

All are from the working folder. The rules ask here and name their folders by their inputs and outputs, so that what is
put before these paths (a prefix, another storage's folder) is before all of them.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rethinking.config import Configuration, jobs
from rethinking.config.datasets import download_name, human_labels_name
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.files import temporary_name, to_disk
from rethinking.models.registry import MODELS
from rethinking.names import split_corruption
from rethinking.plotting.registry import ANIMATED, FIGURES, PICTURES
from rethinking.registry import CLASSIFICATION, REGRESSION
from rethinking.reporting.registry import TABLES
from rethinking.run import WEIGHTS, RunConfig

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
PREPARED = ("manifest.json", *(f"{array}.npy" for array in ARRAYS))
SPLIT = ("manifest.json", "train_indices.npy", "validation_indices.npy")
# What a run leaves; some leave others as well. A regression has no confusion matrix.
OUTPUTS = {
    CLASSIFICATION: ("metrics.csv", "confusion.pkl", "run.json", WEIGHTS),
    REGRESSION: ("metrics.csv", "run.json", WEIGHTS),
}
RUN_FILES = ("run.json", "metrics.csv")  # of a run's files, those that all data frames are made from
FRAMES = ("runs.csv", "curves.csv", "evaluations.csv")  # what all runs of a figure or table are gathered into
COMPLEXITY = "complexity"  # the frame of measures that are taken of saved weights
OF_LEDGERS = ("learned", "detection", "roc")  # frames of what is made from ledgers
TRAIN_LOGS = "results/logs/train"
TRAIN_BENCHMARKS = "results/benchmarks/train"
SAMPLES = "samples"  # the picture of what corruptions look like
NOTHING = "(?!)"  # Snakemake takes an empty expression for none, which anything matches
ABOVE_PAGE = 4  # folders from a page up to where the workflow runs: results/report/<configuration>/index.html
ABOVE_DATA = 2  # folders from a data set's file up to that of all data: results/data/<dataset>/manifest.json
ABOVE_RUNS = 6  # folders from a run's file up to that of all runs: results/runs/<dataset>/…/seed0/run.json
ABOVE_COMPLEXITY = 5  # the same of measures of saved weights: results/complexity/<dataset>/…/seed0.json


def data_folder(dataset: str) -> str:
    """The folder of a prepared data set, and of its corruptions and splits."""
    return f"results/data/{dataset}"


def prepared_files(dataset: str) -> list[str]:
    """A prepared data set, manifest first."""
    return [f"{data_folder(dataset)}/{file}" for file in PREPARED]


def downloaded_files(name: str | None) -> list[str]:
    """The manifest of what is downloaded under a name; nothing where nothing is."""
    return [f"results/downloads/{name}/manifest.json"] if name else []


def split_folder(dataset: str, seed: int | str) -> str:
    """The folder of a validation split."""
    return f"{data_folder(dataset)}/split/seed{seed}"


def corruption_folder(dataset: str, corruption: str, seed: int | str) -> str:
    """The folder of what a corruption changes."""
    return f"{data_folder(dataset)}/{corruption}/seed{seed}"


def corruption_files(configuration: Configuration, dataset: str, corruption: str, seed: int) -> list[str]:
    """A corruption, manifest first; nothing for true labels."""
    if corruption == "true_labels":
        return []
    family = configuration.corruptions[split_corruption(corruption)[0]]["family"]
    folder = corruption_folder(dataset, corruption, seed)
    return [f"{folder}/manifest.json", *(f"{folder}/{array}.npy" for array in CORRUPTIONS[family].changes)]


def split_files(configuration: Configuration, dataset: str, seed: int) -> list[str]:
    """A validation split, manifest first; nothing where the data set holds none out."""
    held_out = configuration.datasets[dataset]["validation"] is not None
    return [f"{split_folder(dataset, seed)}/{file}" for file in SPLIT if held_out]


def corrupted_files(configuration: Configuration, run: RunConfig) -> list[str]:
    """What a run's training images or labels are replaced by: its corruption, then each redraw of it."""
    seeds = (run.seed, *run.redraws.values())
    return [file for seed in seeds for file in corruption_files(configuration, run.dataset, run.corruption, seed)]


def data_files(configuration: Configuration, run: RunConfig) -> list[str]:
    """All that a run reads."""
    split = split_files(configuration, run.dataset, run.seed)
    return [*prepared_files(run.dataset), *corrupted_files(configuration, run), *split]


def tested_files(configuration: Configuration, section: str) -> list[str]:
    """The test sets of the runs of a figure or table, each with its manifest before it."""
    names = dict.fromkeys(group.dataset for group in configuration.groups(section))
    files = ("manifest.json", "test_images.npy", "test_labels.npy")
    return [f"{data_folder(name)}/{file}" for name in names for file in files]


def sampled_files(configuration: Configuration, dataset: str) -> list[str]:
    """The corruptions that a picture of a data set shows."""
    shown = jobs.samples_job(configuration, dataset)
    found = [corruption_files(configuration, dataset, name, shown["seed"]) for name in shown["corruptions"]]
    return [file for files in found for file in files]


def labelled_files(configuration: Configuration, dataset: str, corruptions: Iterable[str], seed: int) -> list[str]:
    """A prepared data set and the files of some corruptions of its labels."""
    found = [corruption_files(configuration, dataset, corruption, seed) for corruption in corruptions]
    return [*prepared_files(dataset), *(file for files in found for file in files)]


def kernel_file(configuration: Configuration, kernel: str, step: str) -> str:
    """What a step of a kernel leaves: `choice`, `gram` or `solution`."""
    return f"results/kernels/{configuration.name}/{kernel}/{step}.json"


def kernel_state(configuration: Configuration, kernel: str) -> str:
    """Where the blocks of a kernel's matrix and factor are kept, for a job that was killed and for more solutions."""
    return f"results/state/kernels/{configuration.name}/{kernel}"


def kernel_files(configuration: Configuration, kernel: str) -> list[str]:
    """A kernel's data set and all labels that it is fitted to."""
    values = configuration.kernels[kernel]
    return labelled_files(configuration, values["dataset"], values["corruptions"], values["seed"])


def random_features_files(configuration: Configuration) -> list[str]:
    """The data set of the key `random_features` and all labels that are fitted, seed by seed."""
    values = configuration.random_features
    assert values is not None
    dataset, *later = (
        labelled_files(configuration, values["dataset"], values["corruptions"], seed) for seed in values["seeds"]
    )
    return [*dataset, *(file for files in later for file in files[len(PREPARED) :])]


def manifests(files: Iterable[str]) -> list[str]:
    """Of some files those that say what others are: by these a job runs again."""
    return [file for file in files if file.endswith(".json")]


def arrays(files: Iterable[str]) -> list[str]:
    """Of some files those that no job runs again by, since their manifests say what they are."""
    return [file for file in files if not file.endswith(".json")]


def seed_of(folder: str) -> int | None:
    """The seed of a run by the last part of its folder; None where no run is kept there (seed07, seed)."""
    number = folder.removeprefix("seed")
    return int(number) if number.isdecimal() and folder == f"seed{int(number)}" else None


def run_folder(run: RunConfig) -> str:
    """The folder of a run."""
    return f"results/runs/{run.path}"


def state_file(run: RunConfig) -> str:
    """Where a run is saved on the way. It is no output: Snakemake deletes the outputs of a job that fails."""
    return f"results/state/{run.path}.pt"


def train_log(run: RunConfig) -> str:
    """The log of a train job."""
    return f"{TRAIN_LOGS}/{run.path}.log"


def benchmark_file(run: RunConfig) -> str:
    """What Snakemake measured of the last train job: no output, so that runs from before there was one stay."""
    return f"{TRAIN_BENCHMARKS}/{run.path}.tsv"


def run_outputs(run: RunConfig) -> list[str]:
    """What a run leaves."""
    return [f"{run_folder(run)}/{file}" for file in OUTPUTS[MODELS[run.factory].task]]


def files_of_runs(configuration: Configuration, section: str, file: str) -> list[str]:
    """One file of every run that a figure is drawn from or a table made from, sorted."""
    return sorted(f"{run_folder(run)}/{file}" for run in configuration.runs(section))


def complexity_file(run: RunConfig) -> str:
    """The measures of a run's network, which are taken when it has ended."""
    return f"results/{COMPLEXITY}/{run.path}.json"


def complexity_files(configuration: Configuration, section: str) -> list[str]:
    """Those of all runs of a figure or table, sorted."""
    return sorted(complexity_file(run) for run in configuration.runs(section))


def frame_files(configuration: Configuration, section: str) -> list[str]:
    """The data frames that a figure is drawn from or a table made from."""
    frames = (FIGURES | TABLES)[section].frames
    return [f"results/tables/{configuration.name}/{section}/{frame}.csv" for frame in frames]


def transitions_files(configuration: Configuration, section: str) -> list[str]:
    """What class noise makes of labels, of a figure or table; nothing where no run has such as needs it."""
    needed = jobs.transitions_job(configuration, section)
    return [f"results/tables/{configuration.name}/{section}/transitions.json"] if needed else []


def confusions_of_noise(configuration: Configuration, section: str) -> list[str]:
    """The confusion matrices of the runs with such noise."""
    noise = {(each["dataset"], each["corruption"]) for each in jobs.transitions_job(configuration, section)}
    runs = [run for run in configuration.runs(section) if (run.dataset, run.corruption) in noise]
    return sorted(f"{run_folder(run)}/confusion.pkl" for run in runs)


def measured_manifests(configuration: Configuration, section: str) -> list[str]:
    """The manifests of the data sets on which such noise is measured."""
    return [prepared_files(name)[0] for name in jobs.measured_on(configuration, section)]


def measured_labels(configuration: Configuration, section: str) -> list[str]:
    """The labels of these."""
    return [f"{data_folder(name)}/train_labels.npy" for name in jobs.measured_on(configuration, section)]


def measured_people(configuration: Configuration, section: str) -> list[str]:
    """The manifests of people's labels for these."""
    names = jobs.measured_on(configuration, section)
    return [file for name in names for file in downloaded_files(human_labels_name(configuration, name))]


def table_files(configuration: Configuration, table: str) -> list[str]:
    """The files of a table."""
    return [f"results/tables/{configuration.name}/{table}.{suffix}" for suffix in ("csv", "md", "tex", "html")]


def figure_files(configuration: Configuration, figure: str) -> list[str]:
    """The files of a figure or picture."""
    return [f"figures/{configuration.name}/{figure}.{suffix}" for suffix in ("pdf", "svg", "txt")]


def animation_files(configuration: Configuration) -> list[str]:
    """The animations of a configuration's figures, as they are published."""
    return [f"figures/{figure}.gif" for figure in configuration.figures if figure in ANIMATED]


def picture_frames(configuration: Configuration, picture: str, dataset: str) -> list[str]:
    """What a picture of a data set is drawn from."""
    return [f"results/tables/{configuration.name}/samples-{dataset}/{file}" for file in PICTURES[picture].files]


def files_behind(configuration: Configuration, section: str) -> list[str]:
    """What stands between the data and a figure or table: runs, their data frames, the files of its own name."""
    frames, runs = (FIGURES | TABLES)[section].frames, configuration.runs(section)
    animated = (
        [f"figures/{configuration.name}/{section}.gif"] if section in {*ANIMATED} & {*configuration.figures} else []
    )
    read = [*RUN_FILES, *(["confusion.pkl"] if "confusions" in frames else [])]
    own = table_files if section in configuration.tables else figure_files
    files = [f"{run_folder(run)}/{file}" for run in runs for file in read]
    files += [*confusions_of_noise(configuration, section), *transitions_files(configuration, section)]
    return [*dict.fromkeys(files), *frame_files(configuration, section), *own(configuration, section), *animated]


def page_file(configuration: Configuration) -> str:
    """The page with all of a configuration."""
    return f"results/report/{configuration.name}/index.html"


def page_pictures(configuration: Configuration, is_there: Callable[[str], bool]) -> list[tuple[str, str]]:
    """The pictures of data sets that a page shows, by name and data set: samples of those that its runs are of.

    Nothing is downloaded for them: where it would have to be, only those are shown that are there already.
    """
    datasets = sorted({group.dataset for section in configuration.sections for group in configuration.groups(section)})
    return [
        (SAMPLES, dataset)
        for dataset in datasets
        if (shown := jobs.sampled(configuration, dataset))
        and (
            not downloads(configuration, dataset, shown)
            or is_there(figure_files(configuration, f"{SAMPLES}-{dataset}")[1])
        )
    ]


def downloads(configuration: Configuration, dataset: str, corruptions: Iterable[str]) -> bool:
    """Whether a data set with these corruptions needs a download, of itself or of people's labels."""
    needed = [jobs.corruption_download(configuration, dataset, name) for name in corruptions]
    return any([download_name(configuration, dataset), *needed])


def page_inputs(configuration: Configuration, pictures: Iterable[tuple[str, str]]) -> list[str]:
    """All that a page reads or links to: what stands behind each figure and table, and some pictures of data sets."""
    files = [file for section in configuration.sections for file in files_behind(configuration, section)]
    files += [
        f"results/tables/{configuration.name}/{section}/{frame}"
        for section in configuration.sections
        if configuration.groups(section)
        for frame in FRAMES
    ]
    files += [file for name, dataset in pictures for file in figure_files(configuration, f"{name}-{dataset}")]
    return list(dict.fromkeys(files))


# -- what the commands of jobs are told --------------------------------------------------------------------------------


def folders_option(option: str, files: Sequence[str]) -> str:
    """An option with the folders of some files, each once; nothing where there are none."""
    folders = dict.fromkeys(str(Path(file).parent) for file in files)
    return " ".join([option, *map(shlex.quote, folders)]) if folders else ""


def file_option(option: str, files: Sequence[str]) -> str:
    """An option with the file that it names; nothing where there is none."""
    return " ".join([option, *map(shlex.quote, files)]) if files else ""


def people_options(data: Sequence[str], downloaded: Sequence[str]) -> str:
    """The options that name folders of data sets, each with that of the labels that people gave it."""
    folders = [(str(Path(file).parent), str(Path(other).parent)) for file, other in zip(data, downloaded, strict=True)]
    return " ".join(f"--people {shlex.quote(one)} {shlex.quote(other)}" for one, other in folders)


def horizon_option(configuration: Configuration, section: str) -> str:
    """The option of a ledger job that says how many epochs enter scores beside all; nothing where none is said."""
    horizon = configuration.sections[section]["horizon"]
    return "" if horizon is None else f"--horizon {horizon}"


def run_options(configuration: Configuration, run: RunConfig, output: str) -> str:
    """The options of a train job that name folders: its data, what replaces some of these, its own, and its state.

    `output` is one of its outputs as the job has it; what stands before `results/` there stands before all of these.
    """
    folder = run_folder(run)
    before = _before(output, folder)
    options = data_options(configuration, run, before)
    return " ".join(
        [*options, f"--out {shlex.quote(before + folder)}", f"--state {shlex.quote(before + state_file(run))}"]
    )


def complexity_options(configuration: Configuration, run: RunConfig, output: str) -> str:
    """The options of the job that measures a run's network; `output` as in `run_options`."""
    before = _before(output, complexity_file(run))
    return " ".join([f"--left {shlex.quote(before + run_folder(run))}", *data_options(configuration, run, before)])


def _before(output: str, path: str) -> str:
    """What stands before an output's path, as a job has it."""
    before, found, _ = output.rpartition(path)
    assert found, f"{output}: is not {path}"
    return before


def data_options(configuration: Configuration, run: RunConfig, before: str) -> list[str]:
    """The options that name the folders of a run's data, with what stands before each."""
    corrupted = manifests(corrupted_files(configuration, run))
    split = split_files(configuration, run.dataset, run.seed)
    inputs = {
        "--data": prepared_files(run.dataset),
        "--corrupted": corrupted[:1],
        "--redrawn": corrupted[1:],
        "--split": split,
    }
    options = [folders_option(option, [before + file for file in files]) for option, files in inputs.items()]
    return list(filter(None, options))


def check_writable(folder: str) -> None:
    """Try that something can be written and kept in a folder, which is made; ValueError naming it where it cannot.

    Not guessed: permissions mean nothing to root, and a full disk takes an empty file, but no bytes.
    """
    probe = Path(folder) / temporary_name("writable")
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(bytes(4096))
            to_disk(probe)
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        taken = os.path.lexists(folder) and not Path(folder).is_dir()
        problem = "it is a file, or a link to nothing" if taken else error
        raise ValueError(f"the folder {folder!r} cannot be written: {problem}") from None


# -- what wildcards may be ---------------------------------------------------------------------------------------------


def one_of(names: Iterable[str]) -> str:
    """A regular expression of some names and no other; where there are none, one that nothing matches."""
    return "|".join(map(re.escape, names)) or NOTHING


def networks(configuration: Configuration, task: str) -> str:
    """A regular expression of the configuration's networks that learn this."""
    return one_of(name for name, model in configuration.models.items() if MODELS[model["factory"]].task == task)


def corruptions_that_change(configuration: Configuration, labels: bool) -> str:
    """A regular expression of the corruptions' names, level and all, of those of labels or of images."""
    families = {name: CORRUPTIONS[entry["family"]] for name, entry in configuration.corruptions.items()}
    chosen = {name: family for name, family in families.items() if family.is_label_noise == labels}
    spelled = [re.escape(name) + (r"-\d+\.\d+" if family.has_level else "") for name, family in chosen.items()]
    return "|".join(spelled) or NOTHING
