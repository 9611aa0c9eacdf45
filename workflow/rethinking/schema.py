"""Checking YAML against the JSON schemas of `workflow/schemas/`, with messages that say what to write instead."""

import copy
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from rethinking.registry import nearest

SCHEMAS = Path(__file__).parents[1] / "schemas"


class ConfigurationError(ValueError):
    """A configuration that cannot be used: file, key, value, and what would be right."""

    def __init__(self, source: str, key: str, value: Any, problem: str) -> None:
        shown = value if isinstance(value, str) and not value else json.dumps(value, ensure_ascii=False, default=str)
        super().__init__(f"{source}: {key or 'configuration'} = {shown}: {problem}")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, but a key that is written twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is written twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML mapping; raises ConfigurationError for a key written twice, a syntax error, a missing file."""
    try:
        loaded = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except yaml.YAMLError as error:
        raise ConfigurationError(str(path), "", "", " ".join(str(error).split())) from None
    except OSError as error:
        raise ConfigurationError(str(path), "", "", f"cannot be read ({error.strerror})") from None
    if not isinstance(loaded, dict):
        raise ConfigurationError(str(path), "", loaded, "must be a mapping of keys to values")
    return loaded


@functools.cache
def _schema(name: str) -> dict[str, Any]:
    return yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"))


@functools.cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    registry = Registry()
    for path in SCHEMAS.glob("*.schema.yaml"):
        contents = _schema(path.name.removesuffix(".schema.yaml"))
        registry = registry.with_resource(path.name, Resource.from_contents(contents))
    return jsonschema.Draft202012Validator({"$ref": f"{name}.schema.yaml"}, registry=registry)


def _key(path: Any) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".")


def _most_telling(error: ValidationError) -> ValidationError:
    """Where alternatives fail (oneOf), the failure of the alternative that has the value's own type."""
    while error.validator == "oneOf" and error.context:
        inner = [each for each in error.context if each.validator != "required"]
        if not inner:
            break
        right_type = [each for each in inner if each.validator != "type" or each.relative_path]
        error = (right_type or inner)[0]
    return error


def _problem(error: ValidationError) -> tuple[str, Any, str]:
    """Key, value and problem of one schema error."""
    key, value = _key(error.absolute_path), error.instance
    schema = error.schema if isinstance(error.schema, dict) else {}
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            unknown = next(name for name in value if name not in known)
            return _key([*error.absolute_path, unknown]), value[unknown], f"unknown key; {nearest(unknown, known)}"
        case "required":
            missing = next(name for name in error.validator_value if name not in value)
            return key, value, f"the key {missing!r} is missing"
        case "oneOf":
            choices = [name for choice in error.validator_value for name in choice.get("required", [])]
            return key, value, f"needs exactly one of {', '.join(choices)}"
        case "enum":
            known = [str(choice) for choice in error.validator_value]
            return key, value, nearest(str(value), known)
        case "type":
            return key, value, _wrong_type(value, error.validator_value)
        case "uniqueItems":
            twice = next(item for index, item in enumerate(value) if item in value[:index])
            return key, value, f"{twice!r} stands there twice"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            relation = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
            bound = f"must be {relation.get(error.validator, 'less than')} {error.validator_value}"
            return key, value, bound
    return key, value, error.message


def _wrong_type(value: Any, expected: Any) -> str:
    names = [expected] if isinstance(expected, str) else expected
    wanted = " or ".join("a whole number" if name == "integer" else f"a {name}" for name in names)
    if isinstance(value, str) and {"number", "integer"} & set(names):
        try:
            number = float(value)
        except ValueError:
            return f"is text, must be {wanted}"
        # YAML 1.1 reads 1e-3 as text: its floats need a dot.
        mantissa, _, exponent = f"{number:.12e}".partition("e")
        plain = f"{float(mantissa)}e{int(exponent)}"
        return f"YAML reads this as text, must be {wanted}; write {int(number) if names == ['integer'] else plain}"
    return f"must be {wanted}"


def check(values: dict[str, Any], name: str, source_of: Callable[[str], str]) -> None:
    """Check `values` against a schema; raises ConfigurationError for the first problem.

    `source_of` maps a key to the file that its value came from.
    """
    errors = sorted(_validator(name).iter_errors(values), key=lambda error: [str(each) for each in error.absolute_path])
    if errors:
        key, value, problem = _problem(_most_telling(errors[0]))
        raise ConfigurationError(source_of(key), key, value, problem)


def _resolve(schema: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    while "$ref" in schema:
        document, _, pointer = schema["$ref"].partition("#/$defs/")
        name = document.removesuffix(".schema.yaml") or name
        schema = {**{key: value for key, value in schema.items() if key != "$ref"}, **_schema(name)["$defs"][pointer]}
    return schema, name


def fill(values: dict[str, Any], name: str, part: str) -> dict[str, Any]:
    """A copy of `values` with the schema's defaults for what it does not say."""
    schema, _ = _resolve({"$ref": f"{name}.schema.yaml#/$defs/{part}"}, name)
    filled = copy.deepcopy(values)
    for key, declared in schema["properties"].items():
        default = _resolve(declared, name)[0].get("default", ...)
        if key not in filled and default is not ...:
            filled[key] = copy.deepcopy(default)
    return filled


def default(name: str, key: str) -> Any:
    """The default of a top-level key of a schema."""
    return copy.deepcopy(_schema(name)["properties"][key]["default"])
