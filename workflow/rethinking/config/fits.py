"""Whether a data set, a network, a recipe and a corruption fit together."""

import json
from collections.abc import Mapping
from typing import Any

from rethinking.config.corruptions import family_of, needs_people
from rethinking.config.datasets import human_labels_name
from rethinking.config.entries import Entries
from rethinking.config.given_labels import problem_of_file
from rethinking.config.inherit import Values
from rethinking.config.recipes import key_of
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.models.registry import MODELS
from rethinking.names import split_corruption
from rethinking.recipe import BY_FAMILY
from rethinking.registry import CLASSIFICATION, REGRESSION
from rethinking.schema import ConfigOrigins

LEARNT = {CLASSIFICATION: "classes", REGRESSION: "numbers"}
# What a recipe may say of a regression where it has something to do with images or classes.
OF_NUMBERS: Mapping[str, tuple[Any, ...]] = {
    "whitening": ("none",), "crop": (None,), "resize": (None,), "augmentation": (None,), "label_smoothing": (0,),
    "ledger": (False,),
}  # fmt: skip
EVALUATED_AT_ONCE = 250  # images of up to 64x64 pixels, as the engine has it


def check_fit(entries: Entries, dataset: str, model: str, recipe: str, key: str, asked: ConfigOrigins) -> None:
    """That a network takes a data set's images as a recipe hands them over, and the recipe has values for its family.

    `key` is where the network is asked for, in `asked`. Raises ConfigurationError for the first that is not so.
    """
    _check_task(entries, dataset, model, recipe, key, asked)
    side = _check_image_size(entries, dataset, model, recipe, key, asked)
    _check_batches_of_one(entries, dataset, model, recipe, side)
    _check_whitening(entries, dataset, recipe)
    _check_family(entries, model, recipe)
    _check_early_stopping(entries, dataset, recipe)


def check_labels(entries: Entries, dataset: str, corruption: str, recipe: str, key: str, asked: ConfigOrigins) -> None:
    """That a data set has what is corrupted, people's labels among it, and that only drawn labels are redrawn."""
    family = family_of(entries, corruption)
    if family and entries.datasets[dataset]["task"] == REGRESSION:
        problem = (
            f"corrupts images or classes, and {dataset!r}, a regression, has neither; true_labels leaves all as it is"
        )
        raise asked.error(key, corruption, problem)
    if entries.recipes[recipe]["redraw_labels_after"] and not (family and CORRUPTIONS[family].draws_labels):
        drawn = " or ".join(f"{name}-P" for name, entry in CORRUPTIONS.items() if entry.draws_labels)
        raise asked.error(key, corruption, f"the recipe {recipe!r} redraws labels; that needs {drawn}")
    if human_labels_name(entries, dataset) is None and needs_people(entries, corruption):
        having = ", ".join(name for name in entries.datasets if human_labels_name(entries, name))
        raise asked.error(key, corruption, f"{dataset!r} has no human labels; there are some of: {having or 'none'}")
    if problem := problem_of_file(entries, dataset, corruption):
        raise asked.error(key, corruption, problem)
    _check_matrix(entries, dataset, corruption, key, asked)


def _check_matrix(entries: Entries, dataset: str, corruption: str, key: str, asked: ConfigOrigins) -> None:
    """That class noise whose matrix is given as numbers is of as many classes as the data set."""
    options = {} if corruption == "true_labels" else entries.corruptions[split_corruption(corruption)[0]]["options"]
    matrix, classes = options.get("matrix"), entries.datasets[dataset]["original"].get("classes")
    if isinstance(matrix, list) and len(matrix) != classes:
        raise asked.error(key, corruption, f"its matrix is of {len(matrix)} classes, {dataset!r} has {classes}")


def _check_task(entries: Entries, dataset: str, model: str, recipe: str, key: str, asked: ConfigOrigins) -> None:
    """That a network learns what a data set has to be learnt, and a regression's recipe asks for no accuracy."""
    task, learns = entries.datasets[dataset]["task"], MODELS[entries.models[model]["factory"]].task
    if task != learns:
        problem = f"learns {LEARNT[learns]}, the data set {dataset!r} has {LEARNT[task]}"
        alike = [name for name, each in MODELS.items() if each.task == task]
        more = f"; of these there is {', '.join(alike)}" if task == REGRESSION else ""
        raise asked.error(key, model, problem + more)
    values = entries.recipes[recipe]
    if task == CLASSIFICATION and values["predictions_every"] is not None:
        where, problem = key_of(entries, recipe, "predictions_every"), f"{dataset!r} has classes, and no numbers"
        raise entries.origins.error(where, values["predictions_every"], problem)
    for setting, allowed in OF_NUMBERS.items() if task == REGRESSION else ():
        if values[setting] not in allowed:
            told = " or ".join(map(json.dumps, allowed))
            problem = f"must be {told}: {dataset!r} is a regression, its numbers are no images and of no class"
            raise entries.origins.error(key_of(entries, recipe, setting), values[setting], problem)
    stop = values["stop"] or {}
    by_accuracy = "early_stopping" in stop or stop.get("criterion", "").startswith("accuracy")
    if task == REGRESSION and by_accuracy:
        problem = f"a regression ({dataset!r}) has no accuracy; loss_0_01 and plateau are by the loss"
        raise entries.origins.error(key_of(entries, recipe, "stop"), stop, problem)


def _check_image_size(entries: Entries, dataset: str, model: str, recipe: str, key: str, asked: ConfigOrigins) -> int:
    """That the images are large enough for crop and network; how many pixels wide the network sees them."""
    values, entry = entries.recipes[recipe], entries.datasets[dataset]
    size, crop = entry["image_size"] or entry["original"]["image_size"], values["crop"]
    if crop is not None and crop > size:
        problem = f"larger than the images of {dataset!r}, {size}x{size}; null keeps them whole"
        raise entries.origins.error(key_of(entries, recipe, "crop"), crop, problem)
    side, network = values["resize"] or crop or size, MODELS[entries.models[model]["factory"]]
    if side < (smallest := network.smallest):
        least = f"{smallest}x{smallest}"
        problem = f"takes images of {least} or more, {dataset!r} with recipe {recipe!r} has {side}x{side}"
        raise asked.error(key, model, problem)
    return side


def _check_batches_of_one(entries: Entries, dataset: str, model: str, recipe: str, side: int) -> None:
    """That a network which normalises single pixels over the batch never gets a batch of one image."""
    network = entries.models[model]
    if not MODELS[network["factory"]].needs_two_images(side, network["arguments"]):
        return
    values, num = entries.recipes[recipe], _num_images(entries.datasets[dataset])
    why = f"{model!r} cannot normalise over one image of {side}x{side} pixels"
    size = values["batch_size"]
    if size == 1 or num["training"] % size == 1:
        left = f"{dataset!r} has {num['training']} training images, which leaves a batch of one"
        problem = f"{left}, and {why}; take another size, or another number of images"
        raise entries.origins.error(key_of(entries, recipe, "batch_size"), size, problem)
    if (values["batch_norm"] or {}).get("statistics") != "batch":
        return
    for part, count in num.items():
        if count % EVALUATED_AT_ONCE == 1:
            left = f"of the {count} {part} images of {dataset!r}, evaluated {EVALUATED_AT_ONCE} at a time, one"
            problem = f"{left} is left, and {why}; take another number of images"
            raise entries.origins.error(f"{key_of(entries, recipe, 'batch_norm')}.statistics", "batch", problem)


def _num_images(entry: Values) -> dict[str, int]:
    """How many images a data set has to train on, holds out and has to test on."""
    train, test = (entry[part] or entry["original"][part] for part in ("train", "test"))
    held_out = entry["validation"] or 0
    return {"training": train - held_out, "validation": held_out, "test": test}


def _check_whitening(entries: Entries, dataset: str, recipe: str) -> None:
    """That fixed numbers are as many as the images have channels, or one for all."""
    whitening, entry = entries.recipes[recipe]["whitening"], entries.datasets[dataset]
    channels = entry["channels"] or entry["original"]["channels"]
    for name, values in whitening.items() if isinstance(whitening, dict) else ():
        if isinstance(values, list) and len(values) not in (1, channels):
            problem = f"needs one number, or {channels}: the images of {dataset!r} have {channels} channel(s)"
            raise entries.origins.error(f"{key_of(entries, recipe, 'whitening')}.{name}", values, problem)


def _check_family(entries: Entries, model: str, recipe: str) -> None:
    """That a recipe has a value for the model's family wherever it has one by family."""
    family = entries.models[model]["family"]
    for setting in (key for key in BY_FAMILY if key != "learning_rate"):  # which networks bring themselves
        value = entries.recipes[recipe][setting]
        if isinstance(value, dict) and family not in value:
            problem = f"has no value for the model family {family!r} of {model!r}"
            raise entries.origins.error(key_of(entries, recipe, setting), value, problem)


def _check_early_stopping(entries: Entries, dataset: str, recipe: str) -> None:
    """That there are images held out where these end a run."""
    stop = entries.recipes[recipe]["stop"] or {}
    if "early_stopping" in stop and entries.datasets[dataset]["validation"] is None:
        problem = f"needs a validation set, and the data set {dataset!r} holds none out (its key validation)"
        raise entries.origins.error(key_of(entries, recipe, "stop"), stop, problem)
