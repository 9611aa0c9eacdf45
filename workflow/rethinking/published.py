"""Published numbers (config/paper/), checked before the first job: columns, names, units, no number twice.

Who draws or tabulates them reads the files as data frames, and needs nothing of this module.
"""

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from rethinking import schema
from rethinking.config.corruptions import registered_variants, spelled
from rethinking.files import read_text, sha256
from rethinking.models.registry import MODELS
from rethinking.outcomes.printed import LISTS, numbers
from rethinking.outcomes.registry import IMAGENET, SECTION_OF
from rethinking.plotting.registry import FIGURES
from rethinking.registry import nearest
from rethinking.reporting.registry import TABLES
from rethinking.schema import ConfigOrigins, ConfigurationError

PAPER = "config/paper"
NUMBERS = ("page", "step", "value", "reading_error")
NAME = ("source", "panel", "model", "corruption", "quantity", "step")
IN_LISTS = {"by_epoch": "at", "by_step": "step", "by_class": "class"}
NORM = "frobenius_norm"
RESULT = ("network", "corruption", "recipe", "class", "quantity", "at", "step", "says")


def check_published(folder: Path, datasets: Collection[str]) -> None:
    """Raise ConfigurationError for the first fault in a file of published numbers: file, line or key, value.

    `datasets` are the names of the catalogue's.
    """
    for name in sorted({name for entry in (FIGURES | TABLES).values() for name in entry.published}):
        if name.endswith(".yaml"):
            check_sources(folder / name, f"{PAPER}/{name}", datasets)
        else:
            check_file(folder / name, f"{PAPER}/{name}")


def check_sources(path: Path, shown: str, datasets: Collection[str]) -> None:
    """The same for one file of what other sources print, which messages call `shown`."""
    for source, values in schema.check(schema.load_yaml(path), "sources", lambda key: shown).items():
        if (dataset := values["dataset"]) not in datasets:
            problem = f"unknown data set; {nearest(dataset, datasets)}"
            raise ConfigurationError(shown, f"{source}.dataset", dataset, problem)
        seen: dict[tuple[Any, ...], int] = {}
        for place, result in enumerate(values["results"]):
            key = f"{source}.results[{place}]"
            check_result(result, shown, key)
            for number in numbers(result):
                check_place(number, shown, key)
                if "step" in number and "batch_size" not in values:
                    problem = "the key 'batch_size' is missing, by which a step is a share of an epoch"
                    raise ConfigurationError(shown, source, ..., problem)
                first = seen.setdefault(tuple(number.get(name) for name in RESULT), place)
                if first != place:
                    raise ConfigurationError(shown, key, ..., f"the same number as results[{first}]")


def check_result(result: Mapping[str, Any], shown: str, key: str) -> None:
    """That a result is of registered things, holds its numbers in one way, and says nothing twice."""
    if result["network"] not in MODELS:
        problem = f"unknown model; {nearest(result['network'], MODELS)}"
        raise ConfigurationError(shown, f"{key}.network", result["network"], problem)
    if "corruption" in result:
        check_corruption(result["corruption"], shown, f"{key}.corruption")
    if len(held := [name for name in ("value", *LISTS) if name in result]) != 1:
        raise ConfigurationError(shown, key, ..., f"needs exactly one of the keys value, {', '.join(LISTS)}")
    for told in ("at", "step", "class"):
        if told in result and IN_LISTS.get(held[0]) == told:
            raise ConfigurationError(shown, f"{key}.{told}", result[told], f"stands beside {held[0]}, which says it")
    if result.get("value", 0) is None and result.get("at") != "fit":
        raise ConfigurationError(shown, f"{key}.value", None, "a number; null is of what is never reached")


def check_place(result: Mapping[str, Any], shown: str, key: str) -> None:
    """That a result says where it stands, as far as its quantity stands anywhere, and no more."""
    quantity = result["quantity"]
    of_runs, of_steps = quantity != "parameters", quantity in ("online_accuracy", "online_loss") and "step" in result
    for name in ("corruption", *(() if of_steps else ("at",))):
        if (name in result) != of_runs:
            problem = f"the key {name!r} is missing" if of_runs else f"parameters have no {name!r}"
            raise ConfigurationError(shown, key, ..., problem)
    before = result.get("at") == 0
    refused = {
        "recipe": not of_runs and "parameters have none",
        "class": quantity != "test_accuracy" and "only a test_accuracy is of a class",
        "step": not of_steps and "only online_accuracy and online_loss have one; others stand at an epoch",
        "at": (of_steps and "stands beside step, which says where")
        or (before and quantity != NORM and f"is before training, of which only a {NORM} tells"),
    }
    for name, problem in refused.items():
        if problem and name in result:
            raise ConfigurationError(shown, f"{key}.{name}", result[name], problem)


def check_corruption(name: str, shown: str, key: str) -> None:
    """That a corruption is registered and spelled as in the paths of runs."""
    right = spelled(name, registered_variants(), key, ConfigOrigins(shown))
    if right != name:
        raise ConfigurationError(shown, key, name, f"is spelled {right!r} in the paths of runs")


def checksums(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Which published numbers a figure or table shows beside ours: the sha256 of each file, by its name."""
    return {name: sha256(folder / name) for name in names}


def check_file(path: Path, shown: str) -> None:
    """The same for one file of the paper's numbers."""
    rows = schema.check(_rows(path, shown), "published", lambda key: shown)
    section = SECTION_OF[path.name]
    known = {} if section == IMAGENET else {"panel": (FIGURES | TABLES)[section].panels, "model": MODELS}
    seen: dict[tuple[Any, ...], str] = {}
    for line, row in rows.items():
        if (file := row["source"].replace("figure", "fig").replace(" ", "") + ".csv") != path.name:
            raise ConfigurationError(shown, f"{line}.source", row["source"], f"belongs in {file}")
        for column, names in known.items():
            if row[column] not in names:
                problem = f"unknown {column}; {nearest(row[column], names)}"
                raise ConfigurationError(shown, f"{line}.{column}", row[column], problem)
        if row["quantity"].startswith("top") != (section == IMAGENET):
            problem = "top1 and top5 are of ImageNet, where they are all"
            raise ConfigurationError(shown, f"{line}.quantity", row["quantity"], problem)
        check_corruption(row["corruption"], shown, f"{line}.corruption")
        if (row["value"] is None) != (row["remark"] == "failed to converge"):
            problem = 'a number, or none and the remark "failed to converge"'
            raise ConfigurationError(shown, f"{line}.value", row["value"], problem)
        first = seen.setdefault(tuple(row[column] for column in NAME), line)
        if first != line:
            raise ConfigurationError(shown, line, ..., f"the same number as in {first}")


def _rows(path: Path, shown: str) -> dict[str, dict[str, Any]]:
    """The rows by "line 2", cells typed as far as they can be; what cannot is left for the schema to refuse."""
    try:
        lines = io.StringIO(read_text(path, shown), newline="")
        rows = list(csv.DictReader(lines, restkey="more cells than columns"))
    except csv.Error as error:
        raise ConfigurationError(shown, "", ..., f"is not CSV ({error})") from None
    except OSError as error:
        raise ConfigurationError(shown, "", ..., f"cannot be read ({error.strerror})") from None
    return {
        f"line {number}": {key: _cell(key, text) for key, text in row.items()} for number, row in enumerate(rows, 2)
    }


def _cell(column: str, text: str | None) -> Any:
    if not text:
        return None
    if column not in NUMBERS:
        return text
    try:
        return int(text) if column == "page" else float(text)
    except ValueError:
        return text
