"""`make schemas`: what is made of config.schema.yaml: an editor's schema, and the list of keys in config/README.md.

By the editor's a configuration that extends another is completed: nothing is required, which the other file may hold,
and null takes an entry of that away. Snakemake checks what comes of both by config.schema.yaml itself.
"""

import json
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
MADE = FOLDER / "extending.schema.json"
README, BEGIN, END = FOLDER.parents[1] / "config/README.md", "<!-- keys -->\n", "<!-- end of keys -->\n"
CHOICES = ("anyOf", "oneOf", "allOf")
KEPT_WHOLE = ("default", "enum", "const", "examples")  # values, in which a key is no word of the schema


def loosened(schema: Any) -> Any:
    """A schema, or a part of one, without what another file may hold."""
    if isinstance(schema, list):
        return [loosened(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in ("required", "if", "then")}
    loose = {key: value if key in KEPT_WHOLE else loosened(value) for key, value in kept.items()}
    for key in CHOICES:
        if key in loose and not any(loose[key]):  # alternatives that did nothing but require
            del loose[key]
    if isinstance(loose.get("additionalProperties"), dict):
        loose["additionalProperties"] = {"anyOf": [{"type": "null"}, loose["additionalProperties"]]}
    return loose


def extending() -> str:
    """The whole of it, as JSON text."""
    schemas = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.schema.yaml")}
    whole, parts = loosened(schemas.pop("config.schema.yaml")), {}
    for name in [name for name in schemas if name in json.dumps(whole)]:
        parts[name] = {"$id": name, **loosened(schemas[name])}
    whole["title"] = "A configuration that extends another"
    whole["$defs"] |= parts
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def parameters() -> str:
    """The keys of a configuration as a Markdown table."""
    schema = yaml.safe_load((FOLDER / "config.schema.yaml").read_text(encoding="utf-8"))
    rows = [
        f"| `{key}` | {'required' if key in schema['required'] else default_of(about)} | {described(about)} |"
        for key, about in schema["properties"].items()
    ]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows]) + "\n"


def default_of(about: dict[str, Any]) -> str:
    """A key's default as YAML has it; empty where it has none."""
    return f"`{json.dumps(about['default'], ensure_ascii=False)}`" if "default" in about else ""


def described(about: dict[str, Any]) -> str:
    """What a key means, on one line of a table."""
    return (
        " ".join(str(about.get("description", about.get("title", ""))).split()).replace("|", "\\|").replace("<", "&lt;")
    )


def readme() -> str:
    """config/README.md with the table of keys as it is now."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + parameters() + END + rest.partition(END)[2]


if __name__ == "__main__":
    MADE.write_text(extending(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
