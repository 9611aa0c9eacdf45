"""A file of labels that a configuration names: read and checked before the first job, known to jobs by its digest."""

from pathlib import Path

from rethinking.config.data_dir import local, missing
from rethinking.config.entries import Entries
from rethinking.config.inherit import Values
from rethinking.data.corruptions.given_labels import numbers, read
from rethinking.files import sha256
from rethinking.names import split_corruption
from rethinking.schema import ConfigOrigins


def complete(value: str, key: str, origins: ConfigOrigins) -> Values:
    """Where the file lies, its sha256 and what it holds; ConfigurationError where that is anything but labels."""
    path = local(value, key, origins)
    if "{" in value:
        raise origins.error(key, value, "what stands in braces is taken for a wildcard where a job reads it; rename it")
    if not path.is_file():
        raise origins.error(key, value, "is no file" if path.exists() else missing(path, "file"))
    try:
        return {"path": str(path), "sha256": sha256(path), "labels": read(path)}
    except (OSError, ValueError) as error:
        raise origins.error(key, value, str(error)) from None


def problem_of_file(entries: Entries, dataset: str, corruption: str) -> str | None:
    """Why labels of a file are none for a data set; None where they are, or the corruption takes no file.

    Where the names of the data set's classes are not known before it is read, names wait until then.
    """
    entry = {} if corruption == "true_labels" else entries.corruptions[split_corruption(corruption)[0]]
    if "file" not in entry:
        return None
    file, of = entry["file"], entries.datasets[dataset]
    if file is None:
        return f"needs a file of labels: corruptions: {{{corruption}: {{family: {entry['family']}, path: FILE}}}}"
    labels, path, num = file["labels"], Path(file["path"]), of["train"] or of["original"]["train"]
    if len(labels) != num:
        return f"{path} holds {len(labels):,} labels, {dataset!r} has {num:,} training images"
    try:
        if of["class_names"] is not None or labels.dtype.kind == "i":
            numbers(labels, of["class_names"] or [""] * of["original"]["classes"], path)
    except ValueError as error:
        return str(error)
    return None
