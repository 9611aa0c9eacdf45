"""No number is another than it was, and there is none that nobody would miss: what `make accept` rests on.

What can be registered or written in a recipe has a case in tests/proof, by itself (networks, measures, corruptions with
each value of their options) or by hand; `make golden` writes its numbers. After a change that is meant to alter some:
the same, and `git diff tests/golden` shows which it altered.
"""

import pkgutil
from collections.abc import Iterator
from typing import Any

import proof
import pytest
import tiny_runs
import yaml
from proof import data, networks, trainings

from rethinking.config.datasets import READER_OPTIONS
from rethinking.data import readers
from rethinking.models.registry import MODELS
from rethinking.schema import SCHEMAS

PARTS = proof.parts()
RECIPE = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text(encoding="utf-8"))
# What has no golden number, and why.
WITHOUT = {
    "extends": "names another recipe; its values are what a run has",
    "compile": "needs a C++ compiler and a minute; test_training compares compiled steps with those of the network",
    "precision: auto": "float32 or bfloat16, as the processor has it; both have theirs",
    "precision: tfloat32": "float32 on a CPU, which functions.json says",
}


@pytest.mark.parametrize(("part", "name"), [(part, name) for part, cases in PARTS.items() for name in cases])
def test_golden_numbers(part, name):
    golden = proof.read(part).get(name)
    assert golden is not None, f"no golden numbers of {part}: {name}; write them: make golden"
    loose = part == "trainings" and name in trainings.INEXACT
    tolerance = proof.LOOSE if loose else proof.TOLERANCE
    try:
        found = proof.facts_of(PARTS[part][name])
    except Exception as error:
        raise AssertionError(f"no numbers come out any more of {part}: {name}: {error}") from error
    different = proof.differences(found, golden, tolerance)
    assert not different, f"other numbers than the golden ones of {part}: {name}: " + "; ".join(different[:3])


def test_no_golden_number_is_left_of_a_case_that_is_gone():
    assert {part: set(proof.read(part)) - set(cases) for part, cases in PARTS.items()} == {
        part: set() for part in PARTS
    }


def missing(kind: str, wanted: set[str], there: set[str], file: str) -> None:
    """Fail naming what has no case, and how it gets one."""
    names = ", ".join(sorted(wanted - there))
    assert not names, f"no golden numbers of the {kind} {names}: add a case to tests/proof/{file}, then make golden"


def test_every_reader_has_golden_numbers():
    known = {module.name for module in pkgutil.iter_modules(readers.__path__)}
    missing("readers", known, {name.split(",")[0] for name in data.READERS}, "data.py")
    options = {option for names in READER_OPTIONS.values() for option in names}
    missing("readers' options", options, {word for name in data.READERS for word in name.split(", ")[1:]}, "data.py")


def test_every_argument_of_a_network_has_golden_numbers():
    wanted = {f"{name}, {each}" for name, entry in MODELS.items() for each in entry.arguments if each != "width"}
    there = {f"{name}, {each}" for name, arguments in networks.ARGUMENTS.items() for each in arguments}
    missing("networks' arguments", wanted, there, "networks.py (ARGUMENTS)")


def demanded(key: str, schema: dict[str, Any]) -> Iterator[str]:
    """What a recipe can say under a key: each value of those that are named, else something beside the default."""
    schema = RECIPE["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if "enum" in schema:
        yield from (f"{key}: {value}" for value in schema["enum"] if value is not None)
    elif "oneOf" in schema:
        for each in schema["oneOf"]:
            yield from demanded(key, each) if each.get("type") != "null" else ()
    elif "properties" in schema:
        for name, value in schema["properties"].items():
            yield from demanded(f"{key}.{name}", value)
    elif "properties" in schema.get("items", {}):
        yield from demanded(key, schema["items"])
    elif "additionalProperties" not in schema:  # by family: a run has one value of it
        yield key


def said(key: str, value: Any) -> Iterator[str]:
    """What a recipe says under a key, in the same words."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from said(f"{key}.{name}", each)
    elif isinstance(value, list):
        for each in value:
            yield from said(key, each)
    else:
        yield f"{key}: {value}"
        yield from [key] if value else []


def test_everything_that_a_recipe_can_say_has_golden_numbers():
    schemas, there = RECIPE["$defs"]["recipe"]["properties"], set()
    for given in trainings.RUNS.values():
        values = tiny_runs.recipe(
            **{key: value for key, value in {**trainings.BASE, **given}.items() if key in schemas}
        )
        for key, value in values.to_json().items():
            default = value == schemas[key].get("default")  # of a number's, no word: it may be the same in all cases
            there |= {word for word in said(key, value) if not default or ":" in word} | (set() if default else {key})
    wanted = {word for key, schema in schemas.items() if key not in WITHOUT for word in demanded(key, schema)}
    missing("recipe's", wanted - WITHOUT.keys(), there, "trainings.py (RUNS)")


@pytest.mark.parametrize(
    ("found", "golden", "line"),
    [
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}, "a[1]: 2.0, golden 2.1"),
        ({"a": "x"}, {"a": "y"}, "a: 'x', golden 'y'"),
        ({"a": 1}, {}, "a: 1, golden 'missing'"),
        ({"a": [1]}, {"a": [1, 2]}, "a: [1], golden [1, 2]"),
        ({"a": None}, {"a": 0.0}, "a: None, golden 0.0"),
        ({"a": float("nan")}, {"a": 0.5}, "a: nan, golden 0.5"),
    ],
)
def test_what_differs_is_told(found, golden, line):
    assert proof.differences(found, golden) == [line]


def test_what_rounding_does_is_no_difference():
    assert proof.differences({"a": [1.0, 1e-9]}, {"a": [1 + 1e-6, 0.0]}) == []
