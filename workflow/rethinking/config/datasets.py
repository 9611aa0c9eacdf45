"""The data sets of the catalogue and of a configuration: complete, checked, and, on disk, counted.

Without torch, and without reading an image but the first of a folder whose size nobody states.
"""

import pkgutil
import re
from collections.abc import Mapping, Sequence

from rethinking import schema
from rethinking.config import data_dir as places
from rethinking.config.corruptions import HUMAN_LABELS
from rethinking.config.entries import Entries
from rethinking.config.inherit import Values, chain, extended
from rethinking.data import readers
from rethinking.data.pictures import Pictures, pictures_in
from rethinking.registry import REGRESSION
from rethinking.schema import ConfigOrigins

CATALOGUE = "config/datasets.yaml"
READERS = [module.name for module in pkgutil.iter_modules(readers.__path__)]

# The readers that take more than the downloaded files, and the keys of a data set that they are given.
PICTURES = "image_folder"
READER_OPTIONS = {PICTURES: ("folder", "image_size", "test_share")}
PARTS = ("train", "test")
SIZES = (*PARTS, "validation")
SAYS_SIZE = re.compile(r"\d (images|training|test|validation|held out)\b")  # of a label: "CIFAR-10, 1,000 images"
FACTS = ("image_size", "channels", *PARTS, "classes")


def resolved(
    catalogue: Mapping[str, Values], own: Mapping[str, Values], origins: ConfigOrigins, data_dir: str | None
) -> dict[str, Values]:
    """Every data set of the catalogue and of the configuration, complete."""
    table = {**catalogue, **own}
    entries = {}
    for name in table:
        its_origins, prefix = (origins, "datasets.") if name in own else (ConfigOrigins(CATALOGUE), "")
        key = f"{prefix}{name}"
        names = chain(name, table, prefix, "data set", its_origins)
        entry = extended(names, table)
        if "reader" not in entry:
            raise its_origins.error(key, ..., "the key 'reader' is missing")
        its_origins.require_known(f"{key}.reader", entry["reader"], "reader", READERS)
        # Pictures in data_dir may lie under the name of any that share them.
        sharing = next((i for i, each in enumerate(names) if {"files", "folder"} & set(table[each])), len(names))
        entries[name] = complete(entry, key, its_origins, data_dir, names[: sharing + 1])
    return entries


def lineage(entries: Entries, dataset: str) -> list[str]:
    """A data set and those that it extends, nearest first."""
    return chain(dataset, entries.written["datasets"], "", "data set", entries.origins)


def label_of(entries: Entries, dataset: str) -> str:
    """What captions call a data set: its label, or the nearest inherited one that does not say another's size."""
    for name in lineage(entries, dataset):
        if (label := entries.written["datasets"][name].get("label")) is not None:
            as_large = all(entries.datasets[name][part] == entries.datasets[dataset][part] for part in SIZES)
            if as_large or not SAYS_SIZE.search(label):
                return label
    return dataset


def download_name(entries: Entries, dataset: str) -> str | None:
    """The entry whose files a data set is made of, itself or one that it extends; None where there are no files."""
    return None if entries.datasets[dataset]["path"] else _owner(entries, dataset, "files")


def human_labels_name(entries: Entries, dataset: str) -> str | None:
    """What its human labels are downloaded as, such as cifar10/human_labels; None where it has none."""
    owner = _owner(entries, dataset, HUMAN_LABELS) if entries.datasets[dataset][HUMAN_LABELS] else None
    return f"{owner}/{HUMAN_LABELS}" if owner else None


def _owner(entries: Entries, dataset: str, key: str) -> str | None:
    """The nearest entry, itself or one that it extends, that holds a key; None where there is none."""
    return next((name for name in lineage(entries, dataset) if key in entries.written["datasets"][name]), None)


def complete(entry: Values, key: str, origins: ConfigOrigins, data_dir: str | None, names: Sequence[str]) -> Values:
    """The entry with defaults and, for pictures on disk, `path`, `listing` and what was counted.

    `key` is where it stands; `names` are those under which pictures may lie in `data_dir`. Raises ConfigurationError
    for whatever is wrong with it.
    """
    entry = schema.fill(entry, "datasets", "dataset")
    check_files(entry, key, origins)
    if entry["reader"] == PICTURES:
        count_pictures(entry, key, origins, data_dir, names)
    check_facts(entry, key, origins)
    return entry


def check_files(entry: Values, key: str, origins: ConfigOrigins) -> None:
    """That a reader gets no keys but its own, and that of each file size and hashes are known or neither is."""
    defaults, reader = schema.fill({}, "datasets", "dataset"), entry["reader"]
    for option in ("path", "folder", "test_share") if reader not in READER_OPTIONS else ():
        if entry[option] != defaults[option]:
            raise origins.error(f"{key}.{option}", entry[option], f"the reader {reader!r} takes no such key")
    for part, of in (("files", entry), ("human_labels.files", entry["human_labels"] or {})):
        for file, values in of.get("files", {}).items():
            known = [name for name in ("bytes", "sha256", "md5") if name in values]
            where = f"{key}.{part}.{file}"
            if "unverified" not in values and "bytes" not in known:
                raise origins.error(where, ..., "the key 'bytes' is missing")
            if "unverified" in values and known:
                raise origins.error(f"{where}.unverified", True, f"{known[0]} is known; leave this out")
            if "unverified" in values and not all(url.startswith("https://") for url in values["urls"]):
                problem = "without a hash only addresses that begin https:// are trusted"
                raise origins.error(f"{where}.urls", values["urls"], problem)


def count_pictures(entry: Values, key: str, origins: ConfigOrigins, data_dir: str | None, names: Sequence[str]) -> None:
    """Find pictures that lie on disk; take from them the facts that the configuration does not state."""
    place = entry["path"] or places.folder_in(data_dir, [entry["folder"] or "", *names])
    if place is None:
        if "files" not in entry:
            raise origins.error(key, ..., "the key 'path' is missing, and data_dir has no folder of this name")
        return
    path = places.local(place, f"{key}.path", origins)
    if not path.exists():
        hint = "put a folder of pictures for each class there, or write here where they are"
        raise origins.error(f"{key}.path", place, f"{places.missing(path, 'folder or file')}; {hint}")
    # What merely lies in data_dir may be of no use to this configuration: it is refused when it is prepared.
    asked_for = entry["path"] is not None or "original" not in entry
    stated = entry.get("original", {})
    entry["path"] = str(path)
    try:
        pictures = pictures_in(path, entry["folder"])
        entry["original"] = facts_of(pictures, entry) | stated
        entry["listing"], entry["class_names"] = pictures.digest, list(pictures.classes)
    except (ValueError, OSError) as error:
        if asked_for:
            raise origins.error(key, ..., str(error)) from None
        return
    for fact, number in pictures.counts(entry["test_share"]).items():
        if asked_for and stated.get(fact, number) != number:
            raise origins.error(f"{key}.original.{fact}", stated[fact], f"{path} has {number}")


def facts_of(pictures: Pictures, entry: Values) -> Values:
    """What there is to know of pictures before they are read: the first one says how all should look."""
    facts: Values = pictures.counts(entry["test_share"])
    stated = entry.get("original", {})
    if "channels" not in stated or ("image_size" not in stated and entry["image_size"] is None):
        from rethinking.data.readers.image_folder import look_at_first

        facts |= look_at_first(pictures)
        if entry["image_size"] is not None:  # they are resized as they are read, and may be of any size
            facts.pop("image_size", None)
        if entry["channels"] is not None:  # grey pictures among coloured ones are read as coloured
            facts["channels"] = entry["channels"]
    return facts


def check_numbers(entry: Values, key: str, origins: ConfigOrigins) -> None:
    """That nothing is asked of the numbers of a regression that only images, or classes, have."""
    if "classes" in entry["original"]:
        raise origins.error(f"{key}.original.classes", entry["original"]["classes"], "a regression has none")
    defaults = schema.fill({}, "datasets", "dataset")
    for part in ("image_size", "channels", "class_names", "stratified_validation", HUMAN_LABELS):
        if entry[part] != defaults[part]:
            raise origins.error(f"{key}.{part}", entry[part], "numbers of a regression have no such thing")


def check_facts(entry: Values, key: str, origins: ConfigOrigins) -> None:
    """That what a data set's original is like is complete and its own values fit it."""
    if "original" not in entry:
        raise origins.error(key, ..., "the key 'original' is missing")
    original, of_numbers = entry["original"], entry["task"] == REGRESSION
    for fact in FACTS[: -1 if of_numbers else None]:
        if fact not in original and not (fact == "image_size" and entry["image_size"] is not None):
            raise origins.error(f"{key}.original", ..., f"the key {fact!r} is missing")
    if of_numbers:
        check_numbers(entry, key, origins)
    elif (names := entry["class_names"]) is not None and len(names) != (num := original["classes"]):
        raise origins.error(f"{key}.class_names", names, f"the original has {num} classes; name these, or null")
    fewest, each = (1, "") if of_numbers else (original["classes"], " (one a class)")
    for part in PARTS:
        if entry[part] is not None and not fewest <= entry[part] <= original[part]:
            problem = f"must be from {fewest}{each} to {original[part]} (all)"
            raise origins.error(f"{key}.{part}", entry[part], problem)
    num_train = entry["train"] or original["train"]
    if entry["validation"] is not None and entry["validation"] >= num_train:
        raise origins.error(f"{key}.validation", entry["validation"], f"must leave some of {num_train} images")
    if entry["channels"] not in (None, 3, original["channels"]):
        problem = "the original has colours; only 1 -> 3 is possible"
        raise origins.error(f"{key}.channels", entry["channels"], problem)
