"""Whose results a folder holds: two configurations share what they agree on, and neither replaces what the other made.

A manifest and a run.json say by which configuration they were made, and from which of its values (`made_by`). Those of
before that are nobody's.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rethinking.config import Configuration, datasets, jobs
from rethinking.files import read_json
from rethinking.names import split_corruption
from rethinking.run import RunConfig

Values = dict[str, Any]
MAKERS = ("run.json", "manifest.json")  # of a folder of a run or of data, the file that says whose it is
# Where in a configuration the parts of `values` stand, and what an entry of one's own looks like there.
ENTRIES = {
    "dataset": "datasets: {{{mine}: {{extends: {name}, …}}}}",
    "network": "models: {{{mine}: {{factory: …, …}}}}",
    "recipe": "recipes: {{{mine}: {{extends: {name}, …}}}}",
    "corruption": "corruptions: {{{mine}: {{family: …, …}}}}",
}


def of_dataset(configuration: Configuration, dataset: str) -> Values:
    """What it says of a prepared data set; of pictures where they lie, and not what is in them, which may change."""
    values = {key: value for key, value in jobs.prepare_job(configuration, dataset).items() if key != "listing"}
    name = datasets.download_name(configuration, dataset)
    files = jobs.download_job(configuration, name) if name else None
    return {"dataset": values | {"path": jobs.paths(configuration).get(dataset), "files": files}}


def of_split(configuration: Configuration, dataset: str, seed: int) -> Values:
    """What it says of the images that a data set holds out."""
    return {"dataset": jobs.split_job(configuration, dataset, seed) or {}}


def of_corruption(configuration: Configuration, dataset: str, corruption: str, seed: int) -> Values:
    """What it says of a corruption; true labels have nothing to say."""
    if corruption == "true_labels":
        return {}
    return {"corruption": jobs.corruption_job(configuration, dataset, corruption, seed)["corruption"]}


def of_run(configuration: Configuration, run: RunConfig) -> Values:
    """What it says of a run and of its data."""
    data = of_dataset(configuration, run.dataset)["dataset"]
    split = of_split(configuration, run.dataset, run.seed)["dataset"]
    held_out = {"validation": None} | {key: split[key] for key in ("validation", "stratified") if key in split}
    return {
        "dataset": data | held_out,
        "network": {"factory": run.factory, "arguments": run.arguments},
        "recipe": run.training.to_json(),
        **of_corruption(configuration, run.dataset, run.corruption, run.seed),
    }


def names_of(wildcards: Mapping[str, str]) -> dict[str, str]:
    """What a job's wildcards call the data set, the network, the recipe and the corruption; "" for what has no part."""
    data = {"dataset": wildcards["dataset"], "corruption": split_corruption(wildcards.get("corruption", ""))[0]}
    return data | {"network": wildcards.get("model", ""), "recipe": wildcards.get("recipe", "")}


def made_by(configuration: Configuration, values: Values) -> Values:
    """What a manifest or a run.json holds of whose it is."""
    return {"configuration": configuration.name, "values": values}


def check_owner(
    folder: Path, configuration: Configuration, values: Values, names: Mapping[str, str], called: str
) -> None:
    """Raise ValueError where a configuration of another name made what is in `folder` from other values.

    `names` are those of the data set, network, recipe and corruption in this configuration. The message calls the
    folder as `called` says, and has both values and the entry that keeps both results.
    """
    try:
        owner = read_json(_maker(folder), made_by=dict)["made_by"]
        other, theirs = str(owner["configuration"]), _flat(owner["values"])
    except (OSError, ValueError, KeyError, AttributeError):  # none, a torn one, or nobody's
        return
    ours = _flat(json.loads(json.dumps(values)))
    differing = [key for key in sorted(theirs | ours) if theirs.get(key) != ours.get(key)]
    if other == configuration.name or not differing:
        return
    key = differing[0]
    part = key.partition(".")[0]
    more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
    entry = ENTRIES[part].format(name=names[part], mine=f"{names[part]}-{configuration.name}")
    raise ValueError(
        f"{called}: the configuration {other!r} made this with {key} = {_shown(theirs.get(key))}{more},"
        f" {configuration.name!r} has {_shown(ours.get(key))} and would replace it. To keep both, give what differs a"
        f" name of its own, {entry}, and use that name; to replace it, delete that folder"
    )


def _maker(folder: Path) -> Path:
    """The file that says whose a folder is: of a run or of data."""
    return next((file for name in MAKERS if (file := folder / name).exists()), folder)


def _flat(values: Any, key: str = "") -> Values:
    """The leaves of nested mappings by their dotted keys."""
    if not isinstance(values, dict) or not values:
        return {key: values}
    found: Values = {}
    for name, value in values.items():
        found |= _flat(value, f"{key}.{name}" if key else name)
    return found


def _shown(value: Any) -> str:
    """A value as JSON, the end of a long one left out."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"
