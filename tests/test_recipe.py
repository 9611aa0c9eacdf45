"""`Recipe`: the schema's keys of a recipe, as one run has them."""

import dataclasses
import json
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import tiny_runs
import yaml
from tiny_workflow import TINY

from rethinking import recipe as module
from rethinking.config import Configuration
from rethinking.files import read_json
from rethinking.models.registry import MODELS
from rethinking.recipe import BY_FAMILY, Recipe
from rethinking.run import RunConfig
from rethinking.schema import fill, resolve

ROOT = Path(__file__).parents[1]
DECLARED = resolve({"$ref": "config.schema.yaml#/$defs/recipe"}, "config")[0]["properties"]
FAMILIES = {"mlp", "alexnet", "inception"}  # those of the paper, for which there are learning rates without a recipe's
PARTS = {
    module.WarmUp: "warm_up",
    module.AugmentationOptions: "augmentation",
    module.FixedWhitening: "whitening",
    module.Penalty: "penalties",
    module.BatchNorm: "batch_norm",
}


# Keys of after the first runs.
LATER = {
    "redraw_labels_after",
    "batch_norm",
    "true_validation_labels",
    "ledger",
    "predictions_every",
    "steps_per_epoch",
}
MLP = {"family": "mlp", "learning_rate": 0.5}


def defaults() -> dict[str, Any]:
    return fill({}, "config", "recipe")


def mappings(declared: dict[str, Any]) -> list[set[str]]:
    """The keys of every mapping that a part of the schema declares."""
    declared, _ = resolve(declared, "config")
    inner = [*declared.get("oneOf", ()), *([declared["items"]] if "items" in declared else [])]
    here = [set(declared["properties"])] if "properties" in declared else []
    return here + [keys for each in inner for keys in mappings(each)]


def test_its_fields_are_the_schemas_keys_of_a_recipe():
    assert {field.name for field in dataclasses.fields(Recipe)} == DECLARED.keys() - {"extends"}


def test_every_key_has_a_default_in_the_schema_and_what_came_later_says_nothing_by_default():
    assert defaults().keys() == DECLARED.keys() - {"extends"}
    recipe = Recipe.of_network(defaults(), MLP)
    assert recipe.to_json().keys() == defaults().keys() - LATER
    assert {name: getattr(recipe, name) for name in LATER} == {name: defaults()[name] for name in LATER}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_the_mappings_in_it_have_the_schemas_keys(part):
    assert mappings(DECLARED[PARTS[part]]) == [set(get_type_hints(part))]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_has_its_own_values_and_all_others_as_they_are(family):
    given = defaults() | {"weight_decay": {family: 0.5, "nin": 0.25}, "epochs": {family: 7}}
    values = Recipe.of_network(given, {"family": family, "learning_rate": 0.25}).to_json()
    expected = defaults() | {"weight_decay": 0.5, "epochs": 7, "learning_rate": 0.25}
    assert values == {key: value for key, value in expected.items() if key not in LATER}


def test_which_keys_may_differ_by_family_stands_in_the_schema():
    def takes_a_mapping(key: str) -> bool:
        declared, _ = resolve(DECLARED[key], "config")
        return any(isinstance(each.get("additionalProperties"), dict) for each in declared.get("oneOf", ()))

    assert {key for key in DECLARED if takes_a_mapping(key)} == set(BY_FAMILY)


def test_a_family_without_a_value_is_refused_by_key():
    with pytest.raises(ValueError, match=r"epochs = \{'mlp': 3\}: has no value for the model family 'nin'"):
        Recipe.of_network(defaults() | {"epochs": {"mlp": 3}}, MLP | {"family": "nin"})


@pytest.mark.parametrize(("given", "rate"), [(None, 0.5), ({"nin": 0.25}, 0.5), ({"mlp": 0.25}, 0.25), (0.125, 0.125)])
def test_a_network_brings_the_learning_rate_that_a_recipe_does_not_say(given, rate):
    assert Recipe.of_network(defaults() | {"learning_rate": given}, MLP).learning_rate == rate


def test_a_recipe_has_a_family_s_value_from_what_it_extends_where_it_says_none_of_that_family():
    values = yaml.safe_load(TINY)
    values["recipes"]["quick"]["learning_rate"] = {"mlp": 0.25, "alexnet": 0.125}
    values["recipes"]["slow"] = {"extends": "quick", "learning_rate": {"mlp": 0.5}}
    configuration = Configuration.of_layers("mine.yaml", {"mine.yaml": values})
    rates = {
        model: configuration.run("digits-50", model, "true_labels", "slow", 0).training.learning_rate
        for model in ("mlp_1x512", "alexnet", "inception")
    }
    assert rates == {"mlp_1x512": 0.5, "alexnet": 0.125, "inception": MODELS["inception"].learning_rate}


def test_a_family_that_does_not_exist_is_told_of_the_recipe_that_names_it():
    values = yaml.safe_load(TINY)
    values["recipes"]["quick"]["learning_rate"] = {"mpl": 0.25}
    values["recipes"]["slow"] = {"extends": "quick", "learning_rate": {"mlp": 0.5}}
    with pytest.raises(ValueError, match=r"recipes\.quick\.learning_rate\.mpl = 0\.25: unknown model family"):
        Configuration.of_layers(
            "mine.yaml", {"mine.yaml": {**values, "recipes": dict(reversed(values["recipes"].items()))}}
        )


def test_a_recipe_goes_back_to_each_network_s_own_learning_rate_with_null():
    values = yaml.safe_load(TINY)
    values["recipes"]["own"] = {"extends": "quick", "learning_rate": None}
    configuration = Configuration.of_layers("mine.yaml", {"mine.yaml": values})
    for model in ("alexnet", "mlp_1x512"):
        run = configuration.run("digits-50", model, "true_labels", "own", 0)
        assert run.training.learning_rate == MODELS[model].learning_rate


def test_json_keeps_every_value():
    said = {"redraw_labels_after": [2], "batch_norm": {"statistics": "batch", "momentum": 0.1, "debiased": False}}
    for recipe in (tiny_runs.recipe(), tiny_runs.recipe(stop={"plateau": 3}, betas=[0.5, 0.75], **said)):
        assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: values | {"momemtum": 0.9}, "a recipe has no key 'momemtum'; did you mean 'momentum'?"),
        (lambda values: {key: values[key] for key in values if key != "decay"}, "a recipe needs the key 'decay'"),
    ],
)
def test_a_key_that_is_unknown_or_missing_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match="a recipe") as refused:
        Recipe.from_json(change(tiny_runs.recipe().to_json()))
    assert str(refused.value).startswith(message)


def test_the_runs_that_are_kept_are_read_as_what_they_were():
    kept = sorted((ROOT / "docs" / "results").rglob("run.json"))
    assert kept
    for path in kept:
        summary = read_json(path, config=dict, config_digest=str)
        run = RunConfig.from_json(summary["config"])
        assert (run.to_json(), run.digest) == (summary["config"], summary["config_digest"]), path
        assert run.factory in MODELS
