"""Stage `corrupt`: a prepared data set -> the arrays that one corruption changes, and their manifest."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import files
from rethinking.data.corruptions.registry import CORRUPTIONS, Corruption
from rethinking.data.manifests import read_download, read_prepared
from rethinking.data.originals import identity, verified_paths
from rethinking.names import corruption_name, split_corruption
from rethinking.registry import lookup, nearest


def corrupt(
    job: Mapping[str, Any],
    data: Path,
    out: Path,
    downloaded: Path | None = None,
    made_by: Mapping[str, Any] | None = None,
    labels: Path | None = None,
) -> dict[str, Any]:
    """Write the changed arrays and, last, `manifest.json` into `out`, and return it; test labels are never among them.

    `downloaded` is the folder of the one file that human labels are read from, `labels` the file of given ones;
    `made_by` goes into the manifest (rethinking.owners).
    """
    given, seed = job["corruption"], job["seed"]
    clean = read_prepared(data, class_counts=dict)
    if clean["dataset"] != job["dataset"]:
        raise ValueError(f"{data / 'manifest.json'}: dataset is {clean['dataset']!r}, not {job['dataset']!r}")
    entry = lookup(CORRUPTIONS, "corruption", given["family"])
    options = _checked(entry, given)
    if entry.of_file != (labels is not None):
        raise ValueError(f"corruption {given['family']!r} {'needs' if entry.of_file else 'takes no'} file of labels")
    arrays = [files.load_array(data, name, clean) for name in entry.changes]
    noise = {"num_classes": len(clean["classes"])} if entry.is_label_noise else {}
    noise |= {"level": given["level"]} if entry.has_level else {}
    sources = {name: clean["arrays"][name]["sha256"] for name in entry.changes}
    if downloaded is not None:
        ((name, expected),) = read_download(downloaded).items()
        noise |= {"path": verified_paths(downloaded, name, expected)[name], "subset": job["subset"]}
        sources[name] = identity(expected)
    if labels is not None:
        noise |= {"path": labels, "digest": given["sha256"], "classes": clean["classes"]}
        sources["given_labels"] = given["sha256"]
    corrupted = entry.load()(*arrays, seed=seed, **noise, **options)
    counts = dict(clean["class_counts"])
    if "train_labels" in corrupted.arrays:
        counts["train"] = np.bincount(corrupted.arrays["train_labels"], minlength=len(clean["classes"])).tolist()
    manifest = {
        "schema": 1,
        "dataset": job["dataset"],
        "corruption": given["name"],
        "seed": seed,
        "definition": corrupted.definition,
        "requested": given["level"],
        "redrawn": corrupted.redrawn,
        "changed": corrupted.changed,
        "options": options,
        "arrays": {name: files.save_array(out / f"{name}.npy", array) for name, array in corrupted.arrays.items()},
        "sources": sources,
        "class_counts": counts,
        "classes": clean["classes"],
        **({"made_by": made_by} if made_by else {}),
    }
    files.write_json(out / "manifest.json", manifest)
    return manifest


def _checked(entry: Corruption, given: Mapping[str, Any]) -> dict[str, str]:
    """The corruption's options with defaults filled in; raises ValueError for a wrong level, name or option."""
    family, level = given["family"], given["level"]
    if entry.has_level != (level is not None):
        raise ValueError(
            f"corruption {family!r} {'needs a level' if entry.has_level else 'has no level'}, found {level}"
        )
    variant, named_level = split_corruption(given["name"])  # a configured variant is not called after its family
    if named_level != level or given["name"] != corruption_name(variant, level):
        raise ValueError(f"corruption {given['name']!r} is not the name of {family} at level {level}")
    for option in given["options"]:
        if option not in entry.options:
            raise ValueError(f"corruption {family!r} has no option {option!r}; {nearest(option, entry.options)}")
    return {option: given["options"].get(option, values[0]) for option, values in entry.options.items()}


def main(argv: list[str]) -> None:
    """Command line: `python -m rethinking corrupt --job '{"dataset": …, …}' --data DIR --out DIR`."""
    parser = argparse.ArgumentParser(prog="python -m rethinking corrupt", description=__doc__)
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="dataset, corruption, seed")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared data set")
    parser.add_argument("--downloaded", type=Path, metavar="DIR", help="the file of human labels")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="the file of given labels")
    parser.add_argument("--made-by", type=json.loads, metavar="JSON", help="whose this is, for other configurations")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    manifest = corrupt(**vars(arguments))
    if manifest["changed"] is not None:
        num = manifest["arrays"]["train_labels"]["shape"][0]
        print(f"{manifest['changed']:.2%} of {num:,} training labels differ from the true ones")
