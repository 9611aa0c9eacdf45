"""What a configuration computes without a training (section 5 of the paper): its keys, complete and checked."""

from collections.abc import Mapping

from rethinking import schema
from rethinking.config.corruptions import HUMAN_LABELS, needs_people, spelled
from rethinking.config.entries import Entries
from rethinking.config.given_labels import problem_of_file
from rethinking.config.inherit import Values
from rethinking.data.corruptions.registry import CORRUPTIONS, LABELS
from rethinking.names import split_corruption
from rethinking.outcomes.registry import OfRuns
from rethinking.registry import REGRESSION

SCHEMA = "computed"
RANDOM_LABELS = "random_labels-1.0"
# Which keys of a kernel are about its features.
PARAMETERS = {"pixels": ("bandwidths",), "gabor": ("bandwidths", "gabor"), "random_patches": ("patches",)}


def _require_classes(key: str, dataset: str, entries: Entries) -> None:
    """That a data set is known and has classes to be learnt."""
    entries.origins.require_known(f"{key}.dataset", dataset, "data set", entries.datasets)
    if entries.datasets[dataset]["task"] == REGRESSION:
        raise entries.origins.error(f"{key}.dataset", dataset, "is a regression; this is of images and their classes")


def num_train(entries: Entries, dataset: str) -> int:
    """How many training images a data set has."""
    entry = entries.datasets[dataset]
    return entry["train"] or entry["original"]["train"]


def expressivity(written: Values | None, entries: Entries) -> Values | None:
    """The key `expressivity`; None where there is none."""
    if written is None:
        return None
    values = schema.fill(written, SCHEMA, "expressivity")
    _require_classes("expressivity", values["dataset"], entries)
    most = num_train(entries, values["dataset"])
    if max(values["sizes"]) > most:
        problem = f"the data set {values['dataset']!r} has {most} training images"
        raise entries.origins.error("expressivity.sizes", max(values["sizes"]), problem)
    return values


def implicit_regularisation(written: Values | None, entries: Entries) -> Values | None:
    """The key `implicit_regularisation`; None where there is none."""
    if written is None:
        return None
    key, values = "implicit_regularisation", schema.fill(written, SCHEMA, "implicit_regularisation")
    _require_classes(key, values["dataset"], entries)
    entry = entries.datasets[values["dataset"]]
    side, channels = (entry[part] or entry["original"].get(part, 0) for part in ("image_size", "channels"))
    most = min(num_train(entries, values["dataset"]), side**2 * channels - 1)
    if values["images"] > most:
        problem = (
            f"must be at most {most}: fewer than an image of {values['dataset']!r} has values, and no more than all"
        )
        raise entries.origins.error(f"{key}.images", values["images"], problem)
    return values


def random_features(written: Values | None, entries: Entries) -> Values | None:
    """The key `random_features`; None where there is none."""
    if written is None:
        return None
    key, values = "random_features", schema.fill(written, SCHEMA, "random_features")
    _require_classes(key, values["dataset"], entries)
    return {**values, "features": sorted(values["features"]), "corruptions": _labels(values, key, entries)}


def kernels(written: Mapping[str, Values], entries: Entries) -> dict[str, Values]:
    """The key `kernels`, every kernel complete; no two may be called the same in a figure or table."""
    found = {name: _kernel(name, values, entries) for name, values in written.items()}
    called: dict[str, str] = {}
    for name, values in found.items():
        if (other := called.setdefault(values["label"], name)) != name:
            raise entries.origins.error(f"kernels.{name}.label", values["label"], f"is that of kernels.{other}, too")
    return found


def _kernel(name: str, written: Values, entries: Entries) -> Values:
    key = f"kernels.{name}"
    values: Values = {"label": name, **schema.fill(written, SCHEMA, "kernel")}
    _require_classes(key, values["dataset"], entries)
    for part in ("choose", "published"):
        values[part] = schema.fill(values[part], SCHEMA, part)
    values["gabor"] = [schema.fill(each, SCHEMA, "gabor") for each in values["gabor"]]
    values["patches"] = values["patches"] and schema.fill(values["patches"], SCHEMA, "patches")
    _check_features(key, values, entries)
    values["corruptions"] = _labels(values, key, entries)
    choose = values["choose"]
    images = min(choose["images"], num_train(entries, values["dataset"]))
    if choose["held_out"] >= images:
        problem = f"must leave some of {images} training images to fit"
        raise entries.origins.error(f"{key}.choose.held_out", choose["held_out"], problem)
    return values


def _labels(values: Values, key: str, entries: Entries) -> list[str]:
    """The corruptions that a linear model is fitted to, each in its one spelling and checked."""
    found = []
    for index, corruption in enumerate(values["corruptions"]):
        where = f"{key}.corruptions[{index}]"
        found.append(spelled(corruption, entries.corruptions, where, entries.origins))
        _check_labels(found[-1], values["dataset"], where, entries)
    return found


def _check_labels(corruption: str, dataset: str, key: str, entries: Entries) -> None:
    """That a corruption is one of labels, which the data set has where they are people's or those of a file."""
    if corruption == "true_labels":
        return
    family = entries.corruptions[split_corruption(corruption)[0]]["family"]
    if CORRUPTIONS[family].changes != LABELS:
        raise entries.origins.error(key, corruption, "is one of images; here labels are fitted")
    if needs_people(entries, corruption) and not entries.datasets[dataset][HUMAN_LABELS]:
        raise entries.origins.error(key, corruption, f"the data set {dataset!r} has no human labels")
    if problem := problem_of_file(entries, dataset, corruption):
        raise entries.origins.error(key, corruption, problem)


def _check_features(key: str, values: Values, entries: Entries) -> None:
    """That a kernel has the parameters of its own features and no others."""
    features = values["features"]
    for part in PARAMETERS[features]:
        if not values[part]:
            raise entries.origins.error(key, ..., f"the key {part!r} is missing")
    for part in {"bandwidths", "gabor", "patches"}.difference(PARAMETERS[features]):
        if values[part]:
            raise entries.origins.error(f"{key}.{part}", values[part], f"features {features!r} have no such key")
    entry = entries.datasets[values["dataset"]]
    side = entry["image_size"] or entry["original"].get("image_size")
    if values["patches"] and side and values["patches"]["size"] > side:
        problem = f"images of {values['dataset']!r} are of {side} pixels"
        raise entries.origins.error(f"{key}.patches.size", values["patches"]["size"], problem)


def check_computed(kind: str, name: str, entry: OfRuns, there: Mapping[str, object], entries: Entries) -> None:
    """That a figure or table whose data frame is computed is told from what; `there` are such keys and their values."""
    if entry.computed is not None and not there[entry.computed]:
        problem = f"shows what the key {entry.computed!r} says, and the configuration has no such key"
        raise entries.origins.error(f"{kind}.{name}", ..., problem)
