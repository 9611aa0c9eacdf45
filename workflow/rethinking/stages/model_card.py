"""The model card of a run's network: what it was trained on, whose that is, its numbers, what it takes and says."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from rethinking.config import Configuration, datasets, jobs
from rethinking.config.corruptions import HUMAN_LABELS, family_of, needs_people
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.engine.evaluation import BATCH
from rethinking.files import sha256
from rethinking.models.registry import MODELS
from rethinking.outcomes.wording import setting_label
from rethinking.registry import REGRESSION
from rethinking.run import WEIGHTS
from rethinking.stages.evaluate import PARTS, said_by_run
from rethinking.stages.saved import Saved
from rethinking.stages.saved_data import classes_of

RECIPE = ("optimiser", "learning_rate", "momentum", "batch_size", "schedule", "weight_decay")
WHITENING = {
    "none": "",
    "per_image": "Subtract the image's mean, divide by its standard deviation, by at least 1/√(its number of values).",
    "per_channel": "Of each channel of the image: subtract its mean, divide by its standard deviation, by at least"
    " 1/√(its number of values).",
}


def model_card(
    saved: Saved, configuration: Configuration, shape: list[int], difference: float | None, by_batch: bool
) -> str:
    """The card as Markdown: of a network for images of `shape` (channels, height, width).

    `difference` is that of its logits in ONNX from torch's; None where it is not there in ONNX. `by_batch`: whether it
    normalises by the statistics of each batch that it is given.
    """
    run, dataset = saved.run, configuration.datasets[saved.run.dataset]
    family = family_of(configuration, run.corruption)
    given = {
        "run": run,
        "summary": saved.summary,
        "epoch": saved.epoch,
        "network": MODELS[run.factory],
        "recipe": [f"{key} {getattr(run.training, key)}" for key in RECIPE],
        "sha256": sha256(saved.folder / WEIGHTS),
        "label": datasets.label_of(configuration, run.dataset),
        "setting": setting_label(run.corruption),
        "dataset": dict.fromkeys(("description", "licence", "citation")) | dataset,
        "corruption": CORRUPTIONS[family].description if family else "as they are",
        "corrupted": family is not None,
        "human_labels": dataset[HUMAN_LABELS] if needs_people(configuration, run.corruption) else None,
        "numbers": {PARTS[part]: score for part, score in said_by_run(saved).items()},
        "steps": steps(saved, dataset),
        "shape": shape,
        "input": tuple(shape),
        "classes": classes_of(saved),
        "by_batch": by_batch,
        "at_once": BATCH,
        "difference": difference,
    }
    loader = PackageLoader("rethinking.stages")
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")  # of a Markdown table
    return environment.get_template("model_card.md").render(given)


def steps(saved: Saved, dataset: dict[str, Any]) -> list[str]:
    """What is done to stored images before the network sees them, in order."""
    training, original = saved.run.training, dataset["original"]
    if MODELS[saved.run.factory].task == REGRESSION:
        return ["Numbers, as they are."]
    channels, side, _ = jobs.seen_images(dataset, None, None)
    looks = f"{side}x{side} pixels and {channels} channel(s)"
    as_they_were = (side, channels) == (original.get("image_size", side), original["channels"])
    brought = "" if as_they_were else ", to which the originals are brought by `python -m rethinking prepare`"
    found = [f"Images of {looks}{brought}, of whole numbers from 0 to 255."]
    if training.crop:
        found.append(f"Cut out the {training.crop}x{training.crop} pixels in the middle.")
    found.append("Divide by 255.")
    if isinstance(whitening := training.whitening, dict):
        found.append(f"Subtract {whitening['mean']}, divide by {whitening['sd']} (of all channels, or of each).")
    elif sentence := WHITENING[str(whitening)]:
        found.append(sentence)
    if training.resize:
        found.append(f"Resize to {training.resize}x{training.resize}: bilinear, antialiased where that is smaller.")
    return found
