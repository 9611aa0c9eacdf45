"""`make schemas`: what is made of config.schema.yaml: an editor's schema, and the list of keys in config/README.md; and
docs/columns.md of the data dictionary, columns.yaml.

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
COLUMNS = FOLDER.parents[1] / "docs/columns.md"
COLUMNS_ARE = """\
# The columns of every CSV file

What the files are and where they lie: [results](results-and-promises.md), [architecture](architecture.md). An empty
unit is that of a name, a count or a ratio, and an empty cell is what was never reached or measured. A test walks all
that is written, so that no column is missing here. The same as data: `workflow/schemas/columns.yaml`, of which
`make schemas` makes this page."""
AFTER = """\
## After the name of a column

What stands beside a mean is called like it, and then:"""
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


def columns() -> str:
    """docs/columns.md: the data dictionary as tables."""
    known = yaml.safe_load((FOLDER / "columns.yaml").read_text(encoding="utf-8"))
    parts = ["## In any file", rows_of(known["columns"]), AFTER, rows_of(known["suffixes"])]
    for file, own in known["files"].items():
        parts += [f"## In `{file}.csv`", rows_of(own)]
    return "\n\n".join([COLUMNS_ARE, *parts]) + "\n"


def rows_of(described: dict[str, dict[str, str]]) -> str:
    """Columns as a Markdown table."""
    rows = [f"| `{name}` | {about.get('unit', '')} | {about['meaning']} |" for name, about in described.items()]
    return "\n".join(["| column | unit | meaning |", "|---|---|---|", *rows])


if __name__ == "__main__":
    COLUMNS.write_text(columns(), encoding="utf-8")
    MADE.write_text(extending(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
