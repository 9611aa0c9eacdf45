"""A batch of one image: what batch normalisation cannot train on is refused before the first job, nothing else is."""

import re
from typing import Any

import pytest
import torch
from networks import CLASSIFIERS, batch, build, labels
from test_bad_configuration import load
from tiny_workflow import Checkout
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _BatchNorm

from rethinking.config.fits import EVALUATED_AT_ONCE
from rethinking.engine import evaluation
from rethinking.engine.batch_norm import configure_batch_norm
from rethinking.engine.tasks import Classification
from rethinking.models.registry import MODELS
from rethinking.schema import ConfigurationError

VARIANTS: dict[str, list[dict[str, Any]]] = {
    name: [
        {"stem": stem, "shortcut": shortcut} for stem in (False, True) for shortcut in ("convolution", "average_pool")
    ]
    if "stem" in MODELS[name].arguments
    else [{}]
    for name in CLASSIFIERS
}
CASES = [(name, arguments) for name, variants in VARIANTS.items() for arguments in variants]
WITH_BATCH_NORM = [case for case in CASES if MODELS[case[0]].one_pixel_to]


def configured(
    name: str, side: int, arguments: dict[str, Any], dataset: dict[str, Any], recipe: dict[str, Any]
) -> dict[str, Any]:
    """A configuration of one run on digits, resized to a side."""
    rates = {"learning_rate": 0.01, "crop": None}
    panel = {"models": ["mine"], "corruptions": ["true_labels"]}
    return {
        "name": "one",
        "datasets": {"few": {"extends": "digits", "image_size": side, **dataset}},
        "models": {"mine": {"factory": name, **arguments}},
        "recipes": {"quick": {"epochs": 1, **rates, **recipe}},
        "figures": {"models": {}},
        "tables": {"table1": {"dataset": "few", "recipe": "quick", "panels": {"plain": panel}}},
    }


def refusal(*arguments: Any) -> str | None:
    try:
        load(configured(*arguments))
    except ConfigurationError as error:
        return str(error)
    return None


def trains_on_one(name: str, side: int, arguments: dict[str, Any]) -> bool:
    """Whether a step of training on one image works, but for what torch says of a map of one pixel."""
    network = build(name, (3, side, side), width=1 / 16, **arguments)
    try:
        cross_entropy(network.train()(batch(1, 3, side, side)), labels(1)).backward()
    except ValueError as error:
        if "Expected more than 1 value per channel when training" not in str(error):
            raise
        return False
    return True


def last_of_one_pixel(name: str, arguments: dict[str, Any]) -> int:
    entry = MODELS[name]
    return entry.one_pixel_to_with_stem if arguments.get("stem") else entry.one_pixel_to


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=str)
def test_at_its_smallest_size_a_network_trains_on_a_last_batch_of_one_or_is_refused(name, arguments):
    """And on the first side that is accepted it trains, so that nothing is refused for nothing."""
    sides = {MODELS[name].smallest, *((last, last + 1) if (last := last_of_one_pixel(name, arguments)) else ())}
    for side in sides:
        refused = refusal(name, side, arguments, {"train": 51}, {"batch_size": 25})
        assert (refused is None) == trains_on_one(name, side, arguments), side


def smallest_map(name: str, side: int, arguments: dict[str, Any]) -> int:
    """Pixels of the smallest map that is normalised over the batch."""
    network, found = build(name, (3, side, side), width=1 / 16, **arguments).eval(), []
    for layer in network.modules():
        if isinstance(layer, _BatchNorm):
            layer.register_forward_hook(lambda _, inputs, __: found.append(inputs[0][0, 0].numel()))
    with torch.no_grad():
        network(batch(1, 3, side, side))
    return min(found)


@pytest.mark.parametrize(("name", "arguments"), WITH_BATCH_NORM, ids=str)
def test_the_registry_knows_up_to_which_side_single_pixels_are_normalised(name, arguments):
    entry, last = MODELS[name], last_of_one_pixel(name, arguments)
    for side in range(entry.smallest, last + 3):
        assert (smallest_map(name, side, arguments) == 1) == (side <= last), side
        assert entry.needs_two_images(side, arguments) == (side <= last)


RESNET = ("resnet18", 8, {"width": 0.1})
LEFT = "training images, which leaves a batch of one, and 'mine' cannot normalise over one image of 8x8 pixels"


@pytest.mark.parametrize(
    ("dataset", "recipe", "num"),
    [
        ({"train": 51}, {"batch_size": 25}, 51),
        ({"train": 50, "validation": 9}, {"batch_size": 20}, 41),
        ({"train": 50}, {"batch_size": 1}, 50),
        ({"train": 50}, {"batch_size": 49}, 50),
        ({"train": 1400}, {"batch_size": 1399}, 1400),
        ({"train": 129}, {}, 129),
    ],
    ids=["subset", "held out", "ones", "two batches", "all", "the default size"],
)
def test_a_batch_of_one_is_refused_by_the_recipe_s_key(dataset, recipe, num):
    size = recipe.get("batch_size", 128)
    message = refusal(*RESNET, dataset, recipe)
    start = f"config/mine.yaml: recipes.quick.batch_size = {size}: 'few' has {num} {LEFT}; take another size, or "
    assert message == f"{start}another number of images"


@pytest.mark.parametrize(
    ("dataset", "recipe"),
    [
        ({"train": 50}, {"batch_size": 25}),
        ({"train": 51}, {"batch_size": 51}),
        ({"train": 51, "validation": 9}, {"batch_size": 25}),
        ({"train": 51}, {"batch_size": 25, "resize": 9}),
        ({"train": 51, "test": 251}, {"batch_size": 20}),
        ({"train": 250, "test": 250}, {"batch_size": 25, "batch_norm": {"statistics": "batch"}}),
    ],
)
def test_batches_of_two_and_more_are_accepted(dataset, recipe):
    assert refusal(*RESNET, dataset, recipe) is None


@pytest.mark.parametrize(
    ("dataset", "problem"),
    [
        ({"train": 251}, "of the 251 training images"),
        ({"train": 50, "test": 251}, "of the 251 test images"),
        ({"train": 50, "validation": 1}, "of the 1 validation images"),
    ],
)
def test_where_evaluation_takes_each_batch_s_statistics_none_of_one_image_is_evaluated(dataset, problem):
    recipe = {"batch_size": 20, "batch_norm": {"statistics": "batch"}}
    message = refusal(*RESNET, dataset, recipe)
    assert message is not None
    assert message.startswith(f"config/mine.yaml: recipes.quick.batch_norm.statistics = \"batch\": {problem} of 'few'")
    assert EVALUATED_AT_ONCE == evaluation.BATCH
    assert evaluation.PIXELS // max(entry.one_pixel_to for entry in MODELS.values()) ** 2 >= evaluation.BATCH
    network = build("resnet18", (3, 8, 8), width=1 / 16)
    configure_batch_norm(network, {"statistics": "batch", "momentum": 0.1, "debiased": False})
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        evaluation.evaluate(network, batch(251, 3, 8, 8), labels(251), Classification(7), "float32")


def test_a_last_batch_of_one_is_refused_before_the_first_job(fresh_checkout: Checkout):
    fresh_checkout.configure(configured("resnet18", 8, {"width": 0.05}, {"train": 51, "test": 30}, {"batch_size": 25}))
    called = fresh_checkout.snakemake("-n", "--cores", "1", "--", "results/tables/one/table1.csv")
    assert called.returncode == 1
    assert re.search(r"^config/config.yaml: recipes.quick.batch_size = 25: 'few' has 51 ", called.stderr, re.MULTILINE)
