"""The values of `--config key=value`: YAML as in a file, except that the schema says what is text.

A shell takes quotes away, so a value need not have any: `name=2024` and `note: 12:30` are text, because nothing else
could be meant. Snakemake's own reading of them is not used, which loses what was in quotes.
"""

from collections.abc import Sequence
from typing import Any

import yaml

from rethinking import schema
from rethinking.schema import ConfigurationError, Loader

SOURCE = "--config"
TEXT, NULL, MERGE = (f"tag:yaml.org,2002:{name}" for name in ("str", "null", "merge"))


def overrides(entries: Sequence[str]) -> dict[str, Any]:
    """What texts like `seeds=[0, 1]` say together, the last first; raises ConfigurationError for what is not YAML."""
    pairs = [entry.partition("=")[::2] for entry in entries]
    return schema.merged([{key: value(key, text)} for key, text in reversed(pairs)])


def value(key: str, text: str) -> Any:
    """The value that `text` gives a top-level key of a configuration.

    Where the key is a text, all of it is, brackets and `#` included, unless it stands in quotes or is null.
    """
    declared, document = schema.resolve(schema.properties("config").get(key, {}), "config")
    try:
        loader = Loader(text)
        node = loader.get_single_node()
        if _is_text(declared) and not _is_quoted_or_null(node):
            return text or None
        if node is None:
            return None
        _mark_texts(node, declared, document)
        made = loader.construct_document(node)
        schema.check_size(made)
        return made
    except RecursionError:
        raise ConfigurationError(SOURCE, key, text, "is nested too deeply") from None
    except yaml.YAMLError as error:
        if _is_text(declared):
            return text
        problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else str(error)
        raise ConfigurationError(SOURCE, key, text, f"is not YAML ({problem})") from None


def _is_text(declared: dict[str, Any]) -> bool:
    """Whether a schema takes text and, beside null, nothing else."""
    return declared.get("type") in ("string", ["string", "null"])


def _is_quoted_or_null(node: yaml.Node | None) -> bool:
    return isinstance(node, yaml.ScalarNode) and (node.style in ("'", '"') or node.tag == NULL)


def _mark_texts(node: yaml.Node, declared: dict[str, Any], document: str) -> None:
    """Let YAML read as text all keys, and what the schema wants as text: 2024, 12:30, no, 2024-01-31."""
    declared, document = schema.resolve(declared, document)
    for choice in declared.get("oneOf", ()):
        _mark_texts(node, choice, document)
    if isinstance(node, yaml.MappingNode):
        known, others = declared.get("properties", {}), declared.get("additionalProperties") or {}
        for name, each in node.value:
            if isinstance(name, yaml.ScalarNode) and name.tag != MERGE:
                name.tag = TEXT
            _mark_texts(each, known.get(name.value, others) if name.tag == TEXT else {}, document)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _mark_texts(each, declared.get("items", {}), document)
    elif _is_text(declared) and node.tag != NULL:
        node.tag = TEXT
