"""What each job that makes data gets: only what its outputs depend on, so that nothing else makes it run again."""

from rethinking.config.configuration import Configuration
from rethinking.config.corruptions import CLASS_NOISE, HUMAN_LABELS, needs_people
from rethinking.config.datasets import READER_OPTIONS, download_name, human_labels_name, label_of
from rethinking.config.given_labels import problem_of_file
from rethinking.config.inherit import Values
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.names import split_corruption
from rethinking.registry import REGRESSION
from rethinking.schema import ConfigurationError


def _files(configuration: Configuration, name: str) -> dict[str, Values]:
    """The original files of a download, that of a data set or of its human labels."""
    owner, _, of_labels = name.partition("/")
    entry = configuration.datasets[owner]
    return (entry[HUMAN_LABELS] if of_labels else entry)["files"]


def download_job(configuration: Configuration, name: str) -> Values:
    """What a download depends on: what the files must be, not where they come from."""
    files = _files(configuration, name)
    return {file: {key: value for key, value in files[file].items() if key != "urls"} for file in files}


def urls(configuration: Configuration) -> dict[str, dict[str, list[str]]]:
    """The mirrors by download (the name of a data set, or of its human labels) and file."""
    found = [
        named(configuration, name) for name in configuration.datasets for named in (download_name, human_labels_name)
    ]
    names = dict.fromkeys(name for name in found if name)
    return {name: {file: each["urls"] for file, each in _files(configuration, name).items()} for name in names}


def paths(configuration: Configuration) -> dict[str, str]:
    """Where the pictures of data sets lie on disk, by data set."""
    return {name: entry["path"] for name, entry in configuration.datasets.items() if entry["path"]}


def prepare_job(configuration: Configuration, dataset: str) -> Values:
    """What preparing a data set depends on; of pictures on disk, their names and a digest of their contents."""
    entry = configuration.datasets[dataset]
    values = {key: entry[key] for key in ("reader", "image_size", "channels", "train", "test")}
    values |= {"source": entry["original"], "seed": entry["subset_seed"]}
    if entry["reader"] in READER_OPTIONS:
        options = {key: entry[key] for key in READER_OPTIONS[entry["reader"]]}
        if "image_size" in entry["original"]:  # all have that one, which is checked, and are resized
            options["image_size"] = None
        values["options"] = options | {"channels": entry["original"]["channels"]}
        values["listing"] = entry.get("listing")
    return values


def split_job(configuration: Configuration, dataset: str, seed: int) -> Values | None:
    """What a validation split depends on; None where a data set holds none out."""
    entry = configuration.datasets[dataset]
    if (size := entry["validation"]) is None:
        return None
    stratified = {"stratified": True} if entry["stratified_validation"] else {}
    return {"dataset": dataset, "validation": size, "seed": seed, **stratified}


def corruption_job(configuration: Configuration, dataset: str, corruption: str, seed: int) -> Values:
    """What corrupting a data set depends on; human labels must be told which of the images it has."""
    variant, level = split_corruption(corruption)
    entry = configuration.corruptions[variant]
    given = {"name": corruption, "level": level, "family": entry["family"], "options": entry["options"]}
    if file := entry.get("file"):
        given["sha256"] = file["sha256"]
    values: Values = {"dataset": dataset, "corruption": given, "seed": seed}
    if needs_people(configuration, corruption):
        entry = configuration.datasets[dataset]
        values["subset"] = {"size": entry["train"], "seed": entry["subset_seed"]}
    return values


def corruption_download(configuration: Configuration, dataset: str, corruption: str) -> str | None:
    """What a corruption needs downloaded; None for all that are computed."""
    return human_labels_name(configuration, dataset) if needs_people(configuration, corruption) else None


def transitions_job(configuration: Configuration, section: str) -> list[Values]:
    """The class noise of a figure's or table's runs that needs more than error and level to tell the error on alike.

    Of the registered name they do: its labels become one of the others.
    """
    found = []
    for dataset, corruption in sorted({(run.dataset, run.corruption) for run in configuration.runs(section)}):
        variant = split_corruption(corruption)[0]
        if variant in CORRUPTIONS or corruption == "true_labels":
            continue
        values = corruption_job(configuration, dataset, corruption, 0)
        given, subset = values["corruption"], {key: values[key] for key in ("subset",) if key in values}
        if given["family"] == CLASS_NOISE:
            classes, matrix = configuration.datasets[dataset]["original"]["classes"], given["options"]["matrix"]
            names = {"dataset": dataset, "corruption": corruption}
            found.append({**names, "level": given["level"], "matrix": matrix, "classes": classes, **subset})
    return found


def measured_on(configuration: Configuration, section: str) -> list[str]:
    """The data sets on which people's labels are measured for such noise."""
    job = transitions_job(configuration, section)
    return list(dict.fromkeys(each["dataset"] for each in job if "subset" in each))


def labels_file(configuration: Configuration, corruption: str) -> str | None:
    """Where the file of labels lies that a corruption is made from; None for all that take none."""
    file = configuration.corruptions[split_corruption(corruption)[0]].get("file")
    return file["path"] if file else None


def sampled(configuration: Configuration, dataset: str) -> list[str]:
    """The corruptions that the images of a data set are shown with: those of given labels only where it has such.

    None of a regression, which has no images.
    """
    if configuration.datasets[dataset]["task"] == REGRESSION:
        return []
    has_human_labels = human_labels_name(configuration, dataset) is not None
    return [
        name
        for name in configuration.samples["corruptions"]
        if (has_human_labels or not needs_people(configuration, name))
        and not problem_of_file(configuration, dataset, name)
    ]


def seen_images(entry: Values, crop: int | None, resize: int | None) -> list[int]:
    """The shape (channels, height, width) in which a network sees a data set's images."""
    original = entry["original"]
    side = resize or crop or entry["image_size"] or original["image_size"]
    return [entry["channels"] or original["channels"], side, side]


def architectures_job(configuration: Configuration, section: str) -> list[Values]:
    """The networks of a figure or table, each with the images (channels, height, width) that a recipe hands it."""
    found = {}
    for group in configuration.groups(section):
        entry, recipe = configuration.datasets[group.dataset], configuration.recipes[group.recipe]
        shape = seen_images(entry, recipe["crop"], recipe["resize"])
        for model in group.models:
            network = {key: configuration.models[model][key] for key in ("factory", "arguments")}
            names = {"dataset": group.dataset, "model": model, "recipe": group.recipe}
            found[tuple(names.values())] = {**names, **network, "input": shape, "classes": entry["original"]["classes"]}
    return list(found.values())


def _of_key(configuration: Configuration, key: str) -> Values:
    """What a configuration says under a key that it may be without; raises ConfigurationError where it is."""
    if (found := getattr(configuration, key)) is None:
        problem = f"the configuration {configuration.name!r} has no key {key!r}"
        raise ConfigurationError(configuration.origins.nearest_file, "", ..., problem)
    return found


def expressivity_job(configuration: Configuration) -> Values:
    """What the networks of theorem 1 are built from."""
    return _of_key(configuration, "expressivity")


def implicit_regularisation_job(configuration: Configuration) -> Values:
    """What the linear models depend on whose ends are compared."""
    return _of_key(configuration, "implicit_regularisation")


def random_features_job(configuration: Configuration) -> Values:
    """What least squares on random features depends on."""
    values = _of_key(configuration, "random_features")
    return {**values, "dataset_label": label_of(configuration, values["dataset"])}


def samples_job(configuration: Configuration, dataset: str) -> Values:
    """What the images of a data set and of its corruptions are shown by."""
    shown, names = configuration.samples, sampled(configuration, dataset)
    if not names:
        raise configuration.origins.error("samples.corruptions", shown["corruptions"], f"none is one of {dataset!r}")
    return {"dataset": dataset, "corruptions": names, "images": shown["images"], "seed": shown["seed"]}


def values_job(configuration: Configuration, dataset: str) -> Values:
    """What the values of one image's pixels are shown by; raises ConfigurationError of a regression, which has none."""
    if configuration.datasets[dataset]["task"] == REGRESSION:
        raise configuration.origins.error("samples", ..., f"{dataset!r} is a regression and has no images to show")
    return {"dataset": dataset, "image": configuration.samples["image"]}
