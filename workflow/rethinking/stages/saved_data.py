"""The data that a finished run was trained and tested on, and others that its network can be tested on."""

import json
from pathlib import Path

import numpy as np

from rethinking.config import Configuration, jobs
from rethinking.config.corruptions import family_of
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.files import canonical_json
from rethinking.owners import of_dataset
from rethinking.paths import corruption_folder, data_folder, run_folder, split_folder
from rethinking.registry import nearest
from rethinking.schema import ConfigOrigins, ConfigurationError
from rethinking.stages.by_hand import Folders, corrupted, made, prepared
from rethinking.stages.matrices import read_matrices
from rethinking.stages.run_folder import data_digest, load_data
from rethinking.stages.saved import Saved

Arrays = dict[str, np.ndarray]


def own_data(saved: Saved, configfile: str | None) -> Arrays:
    """The arrays that the run was given: from the `results/` that it lies in, else made by hand.

    `configfile` is that of the configuration that made the run, which is read only in the second case. Raises
    ValueError where what is made is not what the run was given.
    """
    folders = beside(saved)
    if folders is None or not _is_given(saved, folders):
        folders = made(configuration_of(saved, configfile), saved.run)
    if not _is_given(saved, folders):
        why = "by another configuration (--configfile), or another version of numpy or Pillow"
        raise ValueError(f"{folders.data}: not the data that {saved.folder} was given; they were made {why}")
    return load_data(*folders)[0]


def beside(saved: Saved) -> Folders | None:
    """Where the run's data lie in the `results/` that it lies in itself; None where there are none."""
    run, place = saved.run, str(saved.folder.absolute())
    root = place.removesuffix(run_folder(run))

    def there(folder: str) -> Path | None:
        return Path(root, folder) if Path(root, folder, "manifest.json").exists() else None

    data, split = there(data_folder(run.dataset)), there(split_folder(run.dataset, run.seed))
    if root == place or data is None:
        return None
    seeds = (run.seed, *run.redraws.values())
    own, *later = (there(corruption_folder(run.dataset, run.corruption, seed)) for seed in seeds)
    return Folders(data, own, split, [folder for folder in later if folder])


def _is_given(saved: Saved, folders: Folders) -> bool:
    return data_digest(*folders) == saved.summary.get("data_sha256")


def configuration_of(saved: Saved, configfile: str | None, dataset: str | None = None) -> Configuration:
    """The configuration of a file, which must have the run's corruption and data set, or another one in its place."""
    configuration, run = Configuration.load(configfile), saved.run
    asked = ConfigOrigins("--dataset" if dataset else str(saved.folder / "run.json"))
    try:
        asked.require_known("dataset", dataset or run.dataset, "data set", configuration.datasets)
        configuration.corruption(run.corruption, "corruption", asked)
    except ConfigurationError as error:
        maker = saved.summary.get("made_by", {}).get("configuration")
        hint = f"; the run was made by the configuration {maker!r}" if maker else ""
        raise ValueError(f"{error}{hint} (--configfile)") from None
    if dataset is None:
        _check_same(saved, configuration)
    return configuration


def _check_same(saved: Saved, configuration: Configuration) -> None:
    """That a configuration means by the name of the run's data set what the one meant that made the run."""
    if (made_by := saved.summary.get("made_by")) is None:
        return
    name, theirs = saved.run.dataset, made_by["values"]["dataset"]
    ours = json.loads(canonical_json(of_dataset(configuration, name)["dataset"]))
    for key in (key for key in ours if key in theirs and key != "path" and theirs[key] != ours[key]):
        told = f"{key} of {name!r} is {json.dumps(theirs[key])} there and {json.dumps(ours[key])} here (--configfile)"
        raise ValueError(f"{saved.folder}: made by the configuration {made_by['configuration']!r}; {told}")


def other_data(saved: Saved, configfile: str | None, dataset: str) -> Arrays:
    """The arrays of another data set, corrupted like the run's where that changes images, labels in the run's numbers.

    Raises ValueError where its images have another size than the network was trained on, where it has a class that the
    run has not, and where it is no classification and the run is one.
    """
    configuration, run = configuration_of(saved, configfile, dataset), saved.run
    _check_size(saved, configuration, dataset)
    data, family = prepared(configuration, dataset), family_of(configuration, run.corruption)
    changes_images = family is not None and not CORRUPTIONS[family].is_label_noise
    own = corrupted(configuration, dataset, run.corruption, run.seed, data) if changes_images else None
    arrays, manifest, _ = load_data(data, own, None)
    numbers = _numbers(saved, dataset, manifest["classes"])
    labels = {name: numbers[arrays[name]] for name in ("train_labels", "test_labels") if len(numbers)}
    arrays |= labels
    # A run that drew its labels again asks for as many more; of another data set there is one kind of labels.
    return arrays | {f"redrawn_labels_{number}": arrays["train_labels"] for number, _ in enumerate(run.redraws, 1)}


def _check_size(saved: Saved, configuration: Configuration, dataset: str) -> None:
    """That a data set's images come to the network as large as the run's did; convolutions would take any size."""
    entry, training = configuration.datasets[dataset], saved.run.training
    if (made_by := saved.summary.get("made_by")) is not None:
        own = made_by["values"]["dataset"] | {"original": made_by["values"]["dataset"]["source"]}
    elif (own := configuration.datasets.get(saved.run.dataset)) is None:
        return  # a run by hand of another configuration says of its images no more than its weights do
    if bool(own["original"].get("classes")) != bool(entry["original"].get("classes")):
        return  # `_numbers` says what is wrong
    seen, given = (jobs.seen_images(each, training.crop, training.resize) for each in (own, entry))
    channels, side, _ = jobs.seen_images(entry, None, None)
    if training.crop and side < training.crop:
        given = [channels, side, side]
    if seen != given:
        takes, has = ("{1}x{2}x{0}".format(*shape) for shape in (seen, given))
        raise ValueError(f"--dataset = {dataset}: has images of {has}, and {saved.folder} was trained on {takes}")


def _numbers(saved: Saved, dataset: str, classes: list[str]) -> np.ndarray:
    """What number the run gives each of a data set's classes, int64 (classes); none of a regression."""
    known = classes_of(saved)
    if bool(known) != bool(classes):
        what = {True: "has classes", False: "is a regression"}
        raise ValueError(f"--dataset = {dataset}: {what[bool(classes)]}, and {saved.folder} {what[bool(known)]}")
    if unknown := [name for name in classes if name not in known]:
        told = f"{unknown[0]!r} is none of the classes of {saved.folder}; {nearest(unknown[0], known)}"
        raise ValueError(f"--dataset = {dataset}: {told}")
    return np.array([known.index(name) for name in classes], np.int64)


def classes_of(saved: Saved) -> list[str]:
    """The names of the run's classes in their order; none of a regression."""
    return read_matrices(saved.folder, saved.summary)["classes"] if saved.summary["num_classes"] else []
