"""What an editor is told of a configuration: the schema that its first line names takes it as it is, and no fault."""

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from studies import script

from rethinking.config import CHECKOUT
from rethinking.schema import SCHEMAS

FILES = sorted((CHECKOUT / "config").rglob("*.yaml"))
NAMED = re.compile(r"# yaml-language-server: \$schema=(\S+)\n")


@pytest.fixture(scope="module")
def make() -> ModuleType:
    return script(SCHEMAS / "make.py")


def schema_of(file: Path) -> Path:
    named = NAMED.match(file.read_text(encoding="utf-8"))
    assert named is not None, f"{file} names no schema in its first line"
    return (file.parent / named[1]).resolve()


def faults(schema: Path, values: Any) -> list[str]:
    """What an editor would underline, by standard JSON schema."""
    registry: Registry = Registry()
    for path in SCHEMAS.glob(f"*{schema.suffix}"):
        registry = registry.with_resource(path.name, DRAFT202012.create_resource(yaml.safe_load(path.read_text())))
    validator = Draft202012Validator({"$ref": schema.name}, registry=registry)
    return [error.message for error in validator.iter_errors(values)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CHECKOUT)))
def test_every_shipped_file_is_right_by_the_schema_that_it_names(file):
    assert faults(schema_of(file), yaml.safe_load(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "values",
    [{"nam": "x"}, {"recipes": {"a": {"epochs": "x"}}}, {"recipes": {"a": {"epoch": 1}}}, {"seeds": [-1]},
     {"datasets": {"a": {"reader": 1}}}, {"kernels": {"a": {"rows": "x"}}}, {"figures": {"fig1": {"panel": {}}}}],
)  # fmt: skip
def test_a_fault_of_a_configuration_that_extends_another_is_seen(values):
    extending = SCHEMAS / "extending.schema.json"
    assert faults(extending, {"extends": "other.yaml"}) == []
    assert faults(extending, {"extends": "other.yaml"} | values) != []


def test_the_schema_of_extending_files_is_made_of_what_snakemake_checks_by(make):
    assert make.MADE.read_text(encoding="utf-8") == make.extending(), "make schemas"
    Draft202012Validator.check_schema(json.loads(make.extending()))


def test_every_key_of_a_configuration_is_in_the_readme_of_config(make):
    assert make.README.read_text(encoding="utf-8") == make.readme(), "make schemas"
    schema = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text(encoding="utf-8"))
    assert all(f"| `{key}` | " in make.parameters() for key in schema["properties"])
    assert "|  |\n" not in make.parameters(), "a key that says nothing"
