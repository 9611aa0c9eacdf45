"""Stage `prepare`: a data set's downloaded files -> four arrays and their manifest."""

import argparse
import importlib
import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rethinking import files as disk
from rethinking.data import readers
from rethinking.data.loaded import LoadedDataset
from rethinking.data.manifests import read_download
from rethinking.data.originals import identity, verified_paths
from rethinking.data.prepare import check_facts, describe
from rethinking.data.prepare import prepare as prepare_source
from rethinking.registry import nearest


def prepare(
    dataset: str,
    job: Mapping[str, Any],
    downloaded: Path | None,
    out: Path,
    path: Path | None = None,
    made_by: Mapping[str, Any] | None = None,
) -> None:
    """Write `{train,test}_{images,labels}.npy` and, last, `manifest.json` into `out`.

    `job` holds `reader`, its `options` and what it must find (`source`, optional), and the arguments of
    `data.prepare.prepare`. `downloaded` is the folder that the stage `download` has filled, None for a data set without
    files; `path` is where the pictures of one that lies on disk are. `made_by` goes into the manifest
    (rethinking.owners).
    """
    expected = {} if downloaded is None else read_download(downloaded)
    arguments = dict(job)
    arguments.pop("listing", None)  # it is there for Snakemake: pictures that were edited are read again
    options = arguments.pop("options", {}) | ({"path": path} if path else {})
    original = _reader(arguments.pop("reader")).read(_files(downloaded, expected), **options)
    check_facts(original, arguments.pop("source", {}))
    source = prepare_source(original, **arguments)
    names = ("train_images", "train_labels", "test_images", "test_labels")
    manifest = {
        "schema": 1,
        "dataset": dataset,
        "corruption": "true_labels",
        "seed": None,
        "definition": describe(source),
        "requested": None,
        "redrawn": None,
        "changed": None,
        "options": {},
        "arrays": {name: disk.save_array(out / f"{name}.npy", getattr(source, name)) for name in names},
        "sources": {name: identity(values) for name, values in expected.items()},
        "class_counts": _class_counts(source),
        "classes": list(source.classes),
        **({"made_by": made_by} if made_by else {}),
    }
    disk.write_json(out / "manifest.json", manifest)


def _class_counts(source: LoadedDataset) -> dict[str, list[int]]:
    """How many images of each class there are; nothing of numbers."""
    parts = {"train": source.train_labels, "test": source.test_labels} if source.classes else {}
    return {part: np.bincount(labels).tolist() for part, labels in parts.items()}


def _files(downloaded: Path | None, expected: Mapping[str, Any]) -> dict[str, Path]:
    """The paths by name of the downloaded files, checked once more: they may have lain there for long."""
    files: dict[str, Path] = {}
    for name, values in expected.items():
        assert downloaded is not None
        try:
            files |= verified_paths(downloaded, name, values)
        except ValueError as problem:
            raise ValueError(f"{problem}; delete {downloaded}, it will be made again") from None
    return files


def _reader(name: str) -> Any:
    """The reader's module, found by name so that a job's code reaches its own reader only."""
    known = {module.name for module in pkgutil.iter_modules(readers.__path__)}
    if name not in known:
        raise ValueError(f"unknown reader {name!r}; {nearest(name, known)}")
    return importlib.import_module(f"{readers.__name__}.{name}")


def main(argv: list[str]) -> None:
    """Command line: `python -m rethinking prepare --dataset digits --job '{"reader": …, …}' --out DIR`."""
    parser = argparse.ArgumentParser(prog="python -m rethinking prepare", description=__doc__)
    parser.add_argument("--dataset", required=True, metavar="NAME")
    parser.add_argument("--job", required=True, type=json.loads, metavar="JSON", help="reader, image_size, channels, …")
    parser.add_argument("--downloaded", type=Path, metavar="DIR", help="the original files, where the data set has any")
    parser.add_argument(
        "--paths", type=json.loads, default={}, metavar="JSON", help="where pictures lie on disk, by data set"
    )
    parser.add_argument("--made-by", type=json.loads, metavar="JSON", help="whose this is, for other configurations")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    path = arguments.paths.get(arguments.dataset)
    prepare(
        arguments.dataset,
        arguments.job,
        arguments.downloaded,
        arguments.out,
        Path(path) if path else None,
        arguments.made_by,
    )
