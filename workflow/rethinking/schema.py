"""Checking YAML against the JSON schemas of `workflow/schemas/`, with messages that say what to write instead."""

import copy
import functools
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from rethinking.checkout import SCHEMAS
from rethinking.files import read_text
from rethinking.registry import nearest

SHOWN = 300  # characters of a value in a message
OF_RUNS = frozenset({"groups", "models", "corruptions", "levels"})  # by which a panel says of which runs it is
NOT_SHOWN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in no XML 1.0, so in no SVG
CORRUPTIONS = (frozenset({"corruptions"}), frozenset({"levels"}))  # as which a panel or a group has them
STOPS = (frozenset({"criterion", "extra_epochs"}), frozenset({"early_stopping"}), frozenset({"plateau"}))  # of a recipe
LEFT_OUT = ("figures", "tables", "panels", "groups")  # of which null in a nearer file takes one away
MOST = 100_000  # values of one YAML file; the largest that is shipped has some 2,000


class ConfigurationError(ValueError):
    """A configuration that cannot be used: file, key, value (... where there is none), and what would be right."""

    def __init__(self, source: str, key: str, value: Any, problem: str) -> None:
        shown = "" if value is ... else f" = {_shortened(_as_json(value))}"
        super().__init__(": ".join(part for part in (source, _shortened(key) + shown, problem) if part))


def _as_json(value: Any) -> str:
    """A value of YAML, whose keys may be dates, bytes and pairs as well, which JSON has none of."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            known = str | int | float | None  # bool is an int
            return {key if isinstance(key, known) else str(key): plain(each) for key, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, list) else value

    return json.dumps(plain(value), ensure_ascii=False, default=str)


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text):,} characters)"


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader, but a key that is written twice is an error, and what is no Unicode as well."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """2024-13-45, a number of 5,000 digits, or what is not what its tag says, is an error of its line."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError, LookupError, AttributeError) as error:  # whatever PyYAML lets through
            problem = f"{_shortened(str(node.value))!r} cannot be read ({error})"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"the key {key.value!r} is written twice"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_text(self, node: yaml.ScalarNode) -> str:
        """JSON writes a character beyond U+FFFF as two halves, "\\ud83d\\ude00": they are one here."""
        try:
            return str(self.construct_scalar(node)).encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            problem = f"{node.value!r} holds half of a character"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None


for _tag in ("str", "value", "merge"):  # the last two are = and << to YAML 1.1, also where no mapping is merged
    Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", Loader.construct_text)


def check_size(value: Any) -> None:
    """Raise YAMLError where a value is more values than any configuration has, as aliases of aliases are."""
    todo, count = [value], 0
    while todo:
        count += 1
        if count > MOST:
            raise yaml.YAMLError(f"it stands for more than {MOST:,} values: one alias is in others again and again")
        each = todo.pop()
        todo += each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()


def load_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML mapping; raises ConfigurationError for a key written twice, a syntax error, a missing file.

    ValueError where it is not UTF-8.
    """
    try:
        loaded = yaml.load(read_text(path), Loader)
        check_size(loaded)
    except yaml.MarkedYAMLError as error:
        line = f"{path}:{error.problem_mark.line + 1}" if error.problem_mark else str(path)
        raise ConfigurationError(line, "", ..., ", ".join(filter(None, [error.problem, error.context]))) from None
    except yaml.YAMLError as error:
        raise ConfigurationError(str(path), "", ..., f"is not YAML ({error})") from None
    except RecursionError:
        raise ConfigurationError(str(path), "", ..., "is nested too deeply") from None
    except OSError as error:
        raise ConfigurationError(str(path), "", ..., f"cannot be read ({error.strerror})") from None
    if not isinstance(loaded, dict):
        raise ConfigurationError(str(path), "", ..., "must be a mapping of keys to values")
    return loaded


def load_layers(path: Path, name: str) -> dict[str, dict[str, Any]]:
    """A configuration file and those that it extends, nearest first, each under the name that messages call it by.

    `name` is that of the first. Raises ConfigurationError for a file that cannot be read or that extends itself.
    """
    layers: dict[str, dict[str, Any]] = {}
    while True:
        layers[name] = values = load_yaml(path)
        if "extends" not in values:
            return layers
        other = values.pop("extends")
        if not isinstance(other, str) or not other:
            raise ConfigurationError(name, "extends", other, "must be text, the path of another configuration file")
        path = path.parent / other
        extended = os.path.normpath(Path(name).parent / other)
        if extended in layers:
            raise ConfigurationError(name, "extends", other, "extends itself")
        if problem := _no_file(path):
            raise ConfigurationError(name, "extends", other, problem)
        name = extended


def _no_file(path: Path) -> str | None:
    """Why there is no file to read at a path; None where there is one."""
    try:
        if path.is_file():
            return None
        known = [file.name for file in path.parent.glob("*.yaml")]
        return f"{'is a folder' if path.is_dir() else 'there is no such file'}; {nearest(path.name, known)}"
    except OSError as error:  # as of a name that is longer than any file's
        return f"cannot be read ({error.strerror})"


def merged(layers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """One mapping of several, the nearest first: mappings are merged, any other value hides those further on.

    Keys stand in the order of the layer furthest on, then what each nearer one adds.
    """
    values: dict[str, Any] = {}
    for layer in reversed(list(layers)):
        for key, value in layer.items():
            further = values.get(key)
            if isinstance(value, dict) and isinstance(further, dict):
                values[key] = merged([value, further])
            else:
                values[key] = value
    return values


def configuration(layers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What several layers of a configuration make together, the nearest first.

    A figure, a table, a panel or a group of runs that is null leaves out what a layer further on has of it; null of
    what none has is no section. A panel of several groups hides one of a single group further on, and the other way;
    so do levels hide corruptions, and one rule that ends a run another.
    """
    nearest_first = list(layers)
    values = merged(nearest_first)
    for name, recipe in _mapping(values, "recipes").items():
        if rules := _under(_under(_under(nearest_first, "recipes"), name), "stop"):
            recipe["stop"] = _one_of(rules, STOPS)
    for kind in ("figures", "tables"):
        _leave_out(values, nearest_first, kind)
        for name, section in _mapping(values, kind).items():
            written = _under(_under(nearest_first, kind), name)
            _leave_out(section, written, "panels")
            panels = _mapping(section, "panels")
            for panel in panels:
                if of_one_form := _of_one_form(_under(_under(written, "panels"), panel)):
                    panels[panel] = _one_of(of_one_form, CORRUPTIONS)
                    _leave_out(panels[panel], of_one_form, "groups")
                    for group in (groups := _mapping(panels[panel], "groups")):
                        if of_group := _under(_under(of_one_form, "groups"), group):
                            groups[group] = _one_of(of_group, CORRUPTIONS)
    return values


def _one_of(layers: list[dict[str, Any]], ways: tuple[frozenset[str], ...]) -> dict[str, Any]:
    """What layers make together, nearest first, where keys of one of several ways exclude those of the others.

    The nearest that is written in any of them decides, and one of another way hides all further on: where the nearest
    has keys of two, so has what is made.
    """
    every, chosen, hidden, shown = frozenset().union(*ways), None, False, []
    for layer in layers:
        if written := [way for way in ways if layer.keys() & way]:
            chosen = chosen or written
            hidden = hidden or written != chosen
        shown.append({key: value for key, value in layer.items() if not (hidden and key in every)})
    return merged(shown)


def _of_one_form(panel: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What layers say of a panel, nearest first, up to one that says in the other form of which runs it is."""
    forms = ["groups" in layer for layer in panel if layer.keys() & OF_RUNS]
    return list(takewhile(lambda layer: not layer.keys() & OF_RUNS or ("groups" in layer) == forms[0], panel))


def _mapping(values: Any, key: str) -> dict[str, Any]:
    """The mapping under a key; an empty one where there is none."""
    found = values.get(key) if isinstance(values, dict) else None
    return found if isinstance(found, dict) else {}


def _under(layers: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """The mapping under a key of each layer that has it, nearest first, up to one that hides it by another value."""
    found = [layer[key] for layer in layers if key in layer]
    return list(takewhile(lambda value: isinstance(value, dict), found))


def _leave_out(values: Any, layers: list[dict[str, Any]], key: str) -> None:
    """Drop from the mapping under `key` what is null and is something in one of the layers that it was merged from."""
    if held := _mapping(values, key):
        there = {name for layer in layers for name, each in _mapping(layer, key).items() if each is not None}
        values[key] = {name: each for name, each in held.items() if each is not None or name not in there}


@functools.cache
def _schema(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # a tenth of the time, where PyYAML has libyaml
    schema = yaml.load((SCHEMAS / f"{name}.schema.yaml").read_text(encoding="utf-8"), loader)
    del schema["$schema"]  # with it, jsonschema would check by its own types and not by ours
    return schema


def _is_integer(_: Any, value: Any) -> bool:
    """Not 1.0, which is an integer to JSON schema but not to a path or a range, nor true, which is one to Python."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: Any, value: Any) -> bool:
    """Not .nan or .inf, which no JSON can hold, nor a whole number that is more than any float."""
    if _is_integer(checker, value):
        return abs(value) <= sys.float_info.max
    return isinstance(value, float) and math.isfinite(value)


_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer})
_Validator = extend(Draft202012Validator, type_checker=_TYPES)


@functools.cache
def _validator(name: str) -> Any:
    registry = Registry()
    for path in SCHEMAS.glob("*.schema.yaml"):
        contents = _schema(path.name.removesuffix(".schema.yaml"))
        registry = registry.with_resource(path.name, DRAFT202012.create_resource(contents))
    return _Validator({"$ref": f"{name}.schema.yaml"}, registry=registry)


def _key(path: Any) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".")


def _most_telling(error: ValidationError) -> ValidationError:
    """Where alternatives fail (oneOf), the failure of the only one that takes values of this type."""
    while error.validator == "oneOf" and error.context:
        wrong_type = {e.relative_schema_path[0] for e in error.context if e.validator == "type" and not e.relative_path}
        right_type = [each for each in error.context if each.relative_schema_path[0] not in wrong_type]
        if len({each.relative_schema_path[0] for each in right_type}) != 1:
            break
        error = right_type[0]
    return error


def _problem(error: ValidationError) -> tuple[str, Any, str]:
    """Key, value and problem of one schema error."""
    key, value = _key(error.absolute_path), cast(Any, error.instance)
    schema, expected = cast(dict[str, Any], error.schema), cast(Any, error.validator_value)
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            unknown = next(name for name in value if name not in known)
            renamed = schema.get("renamed", {}).get(unknown)
            problem = f"is called {renamed!r} now" if renamed else f"unknown key; {nearest(unknown, known)}"
            return _key([*error.absolute_path, str(unknown)]), value[unknown], problem
        case "required":
            missing = next(name for name in expected if name not in value)
            return key, ..., f"the key {missing!r} is missing"
        case "oneOf" | "anyOf":
            return key, *_no_alternative(value, expected, exactly_one=error.validator == "oneOf")
        case "enum":
            known = ["null" if choice is None else str(choice) for choice in expected]
            return key, value, f"unknown value; {nearest(value, known)}"
        case "type":
            return key, value, _wrong_type(value, expected)
        case "pattern":
            return key, value, f"must be {schema.get('description', f'as in {expected}')}"
        case "minItems" | "maxItems" | "minProperties" | "minLength":
            return key, value, f"must hold {expected} values" if value else "must not be empty"
        case "uniqueItems" | "contains":
            return key, value, _wrong_items(value, expected)
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            relation = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
            bound = f"must be {relation.get(error.validator, 'less than')} {expected}"
            return key, value, bound
    return key, value, error.message


def _wrong_items(value: list[Any], expected: Any) -> str:
    """What is wrong with the items of a list: which it must hold, or which stands there twice."""
    if isinstance(expected, dict):
        return f"must hold {expected['const']}"
    return f"{next(item for index, item in enumerate(value) if item in value[:index])!r} stands there twice"


def _no_alternative(value: Any, choices: list[dict[str, Any]], exactly_one: bool) -> tuple[Any, str]:
    """What is wrong with a value that none of the alternatives takes: its type, or which keys it has."""
    if types := [choice["type"] for choice in choices if "type" in choice]:
        return value, _wrong_type(value, types)
    keys = [name for choice in choices for name in choice["required"]]
    return ..., f"needs {'exactly ' * exactly_one}one of the keys {' and '.join(keys)}"


_TYPE_NAMES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def _wrong_type(value: Any, expected: str | list[str]) -> str:
    names = [expected] if isinstance(expected, str) else expected
    must = f"must be {' or '.join(_TYPE_NAMES[name] for name in names)}"
    if not {"number", "integer"} & set(names):
        unquoted = "string" in names and not isinstance(value, str | list | dict | None)
        return f"{must}; put it in quotes" if unquoted else must
    if isinstance(value, float) and not math.isfinite(value):
        return f"{must}, and finite"
    if isinstance(value, float) and value.is_integer():
        return f"{must}; write {int(value)}"
    if not isinstance(value, str):
        return must
    try:
        number = float(value)
    except ValueError:
        return f"is text, {must}"
    if not math.isfinite(number):
        return f"is text, {must}, and finite"
    # YAML 1.1 reads 1e-3 as text: its floats need a dot.
    mantissa, _, exponent = f"{number:.12e}".partition("e")
    plain = f"{float(mantissa)}e{int(exponent)}" if "number" in names else f"{number:.0f}"
    told = f"YAML reads this as text, {must}"
    return f"{told}; write {plain}" if "number" in names or number.is_integer() else told


def _nothing_left_out(values: Any, path: list[Any]) -> str | None:
    """What is wrong with null in the place of a figure, a table, a panel or a group; None where it is of none."""
    if len(path) < 2 or path[-2] not in LEFT_OUT:
        return None
    for key in path[:-1]:
        values = values[key]
    there = [str(name) for name, each in values.items() if each is not None]
    return f"null leaves out what another file has, which this one extends, and none has it; {nearest(path[-1], there)}"


def check(values: dict[str, Any], name: str, source_of: Callable[[str], str]) -> dict[str, Any]:
    """`values`, checked against a schema, whole numbers as floats where it says number.

    Raises ConfigurationError for the first problem. `source_of` maps a key to the file that its value came from.
    """
    _check_text(values, source_of)
    errors = sorted(_validator(name).iter_errors(values), key=lambda error: [str(each) for each in error.absolute_path])
    if errors:
        error = _most_telling(errors[0])
        key, value, problem = _problem(error)
        if value is None and error.validator == "type":
            problem = _nothing_left_out(values, list(error.absolute_path)) or problem
        if "propertyNames" in error.absolute_schema_path:  # it is the key that is wrong
            key, value = f"{key}.{value}", ...
        raise ConfigurationError(source_of(key), key, value, problem)
    return _as_declared(values, _schema(name), name)


def _check_text(values: Any, source_of: Callable[[str], str], path: tuple[Any, ...] = ()) -> None:
    """Raise ConfigurationError where a key or value holds a character that no figure and no page can show."""
    if isinstance(values, str) and (found := NOT_SHOWN.search(values)):
        key = _key(path)
        problem = f"holds the character U+{ord(found[0]):04X}, which no picture or page can show"
        raise ConfigurationError(source_of(key), key, values, problem)
    if isinstance(values, dict):
        for key, value in values.items():
            _check_text(key, source_of, path)
            _check_text(value, source_of, (*path, key))
    for index, value in enumerate(values if isinstance(values, list) else ()):
        _check_text(value, source_of, (*path, index))


def properties(name: str) -> dict[str, Any]:
    """What a schema says of each top-level key."""
    return _schema(name)["properties"]


def resolve(schema: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """What a part of the schema `name` says, references followed, and the schema that its own references are in."""
    while "$ref" in schema:
        document, _, pointer = schema["$ref"].partition("#/$defs/")
        name = document.removesuffix(".schema.yaml") or name
        schema = {**{key: value for key, value in schema.items() if key != "$ref"}, **_schema(name)["$defs"][pointer]}
    return schema, name


def _as_declared(value: Any, schema: dict[str, Any], name: str) -> Any:
    """`value` with whole numbers as floats where the schema says number: 1 and 1.0 are one value, so one text."""
    schema, name = resolve(schema, name)
    for choice in schema.get("oneOf", ()):
        value = _as_declared(value, choice, name)
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties") or {}
        return {key: _as_declared(each, known.get(key, others), name) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_declared(each, schema.get("items", {}), name) for each in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and schema.get("type") == "number" else value


def fill(values: dict[str, Any], name: str, part: str) -> dict[str, Any]:
    """A copy of `values` with the schema's defaults for what it does not say."""
    schema, _ = resolve({"$ref": f"{name}.schema.yaml#/$defs/{part}"}, name)
    filled = copy.deepcopy(values)
    for key, declared in schema["properties"].items():
        default = resolve(declared, name)[0].get("default", ...)
        if key not in filled and default is not ...:
            filled[key] = copy.deepcopy(default)
    return filled


def default(name: str, key: str) -> Any:
    """The default of a top-level key of a schema."""
    return copy.deepcopy(properties(name)[key]["default"])


def _length_held(values: Any, key: str) -> int:
    """How many characters of a key, as in "recipes.quick.epochs", lead somewhere in nested mappings."""
    left = key
    while isinstance(values, dict):
        # Not split at dots, which names may hold; of `a` and `a.b` the longer one is meant.
        fitting = [each for each in values if re.match(rf"{re.escape(str(each))}($|[.\[])", left)]
        if not fitting:
            return len(key) - len(left)
        name = max(fitting, key=lambda each: len(str(each)))
        values, left = values[name], left[len(str(name)) :].removeprefix(".")
    return len(key)


@dataclass(frozen=True)
class ConfigOrigins:
    """Where the value of a key came from, for error messages.

    `layers` are the values of each file, or of `--config`, by its name, those that hold over others first; `file` is
    named where none of them has anything of a key.
    """

    file: str
    layers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, key: str) -> str:
        """The first layer that holds the key, or as much of it as any does."""
        found = {name: _length_held(values, key) for name, values in self.layers.items()}
        name = max(found, key=lambda each: found[each], default=self.file)
        return name if found.get(name) else self.file

    @property
    def nearest_file(self) -> str:
        """The file that was asked for, which may extend others."""
        return next((name for name in self.layers if not name.startswith("-")), self.file)

    def error(self, key: str, value: Any, problem: str) -> ConfigurationError:
        """What to raise for a value; where it is a file's that another extends, either may be the one to change."""
        found = self.of(key)
        beside = f" (which {self.nearest_file} extends)" if found in self.layers and found != self.nearest_file else ""
        return ConfigurationError(f"{found}{'' if found.startswith('-') else beside}", key, value, problem)

    def require_known(self, key: str, name: Any, kind: str, names: Iterable[str], value: Any = None) -> None:
        """Raise ConfigurationError with the nearest name where `name` is none of `names`.

        `value` is what to show where the name is not the key's value but a part of it, or of the key.
        """
        if name not in (names := list(names)):
            raise self.error(key, name if value is None else value, f"unknown {kind}; {nearest(name, names)}")
