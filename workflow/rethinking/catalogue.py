"""Data sets as config/datasets.yaml and configurations describe them: complete, checked, and, on disk, counted.

Without torch, and without reading an image but the first of a folder whose size nobody states.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rethinking import schema
from rethinking.data.pictures import Pictures, pictures_in
from rethinking.schema import ConfigOrigins

# The readers that take more than the downloaded files, and the keys of a data set that they are given.
PICTURES = "image_folder"
READER_OPTIONS = {PICTURES: ("folder", "image_size", "test_share")}
PARTS = ("train", "test")
FACTS = ("image_size", "channels", *PARTS, "classes")
ADDRESSES = ("http://", "https://")

Values = dict[str, Any]


def complete(entry: Values, key: str, sources: ConfigOrigins, data_dir: str | None, names: Sequence[str]) -> Values:
    """The entry with defaults and, for pictures on disk, `path`, `listing` and what was counted.

    `key` is where it stands; `names` are those under which pictures may lie in `data_dir`. Raises ConfigurationError
    for whatever is wrong with it.
    """
    entry = schema.fill(entry, "datasets", "dataset")
    check_files(entry, key, sources)
    if entry["reader"] == PICTURES:
        count_pictures(entry, key, sources, data_dir, names)
    check_facts(entry, key, sources)
    return entry


def check_files(entry: Values, key: str, sources: ConfigOrigins) -> None:
    """That a reader gets no keys but its own, and that of each file size and hashes are known or neither is."""
    defaults, reader = schema.fill({}, "datasets", "dataset"), entry["reader"]
    for option in ("path", "folder", "test_share") if reader not in READER_OPTIONS else ():
        if entry[option] != defaults[option]:
            raise sources.error(f"{key}.{option}", entry[option], f"the reader {reader!r} takes no such key")
    for part, of in (("files", entry), ("human_labels.files", entry["human_labels"] or {})):
        for file, values in of.get("files", {}).items():
            known = [name for name in ("bytes", "sha256", "md5") if name in values]
            where = f"{key}.{part}.{file}"
            if "unverified" not in values and "bytes" not in known:
                raise sources.error(where, ..., "the key 'bytes' is missing")
            if "unverified" in values and known:
                raise sources.error(f"{where}.unverified", True, f"{known[0]} is known; leave this out")
            if "unverified" in values and not all(url.startswith("https://") for url in values["urls"]):
                problem = "without a hash only addresses that begin https:// are trusted"
                raise sources.error(f"{where}.urls", values["urls"], problem)


def count_pictures(entry: Values, key: str, sources: ConfigOrigins, data_dir: str | None, names: Sequence[str]) -> None:
    """Find pictures that lie on disk; take from them the facts that the configuration does not state."""
    place = entry["path"] or folder_in(data_dir, [entry["folder"] or "", *names])
    if place is None:
        if "files" not in entry:
            raise sources.error(key, ..., "the key 'path' is missing, and data_dir has no folder of this name")
        return
    path = Path(place).expanduser()
    if not path.exists():
        problem = f"there is no such folder or file (looked in {Path.cwd()})"
        hint = "put a folder of pictures for each class there, or write here where they are"
        raise sources.error(f"{key}.path", place, f"{problem}; {hint}")
    # What merely lies in data_dir may be of no use to this configuration: it is refused when it is prepared.
    asked_for = entry["path"] is not None or "original" not in entry
    stated = entry.get("original", {})
    entry["path"] = str(path)
    try:
        pictures = pictures_in(path, entry["folder"])
        entry["original"] = facts_of(pictures, entry) | stated
        entry["listing"] = pictures.digest
    except (ValueError, OSError) as error:
        if asked_for:
            raise sources.error(key, ..., str(error)) from None
        return
    for fact, number in pictures.counts(entry["test_share"]).items():
        if asked_for and stated.get(fact, number) != number:
            raise sources.error(f"{key}.original.{fact}", stated[fact], f"{path} has {number}")


def folder_in(data_dir: str | None, names: Sequence[str]) -> str | None:
    """The first folder of data_dir that has one of the names; None where it is an address."""
    if data_dir is None or data_dir.startswith(ADDRESSES):
        return None
    return next((str(Path(data_dir) / name) for name in names if name and (Path(data_dir) / name).is_dir()), None)


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


def check_facts(entry: Values, key: str, sources: ConfigOrigins) -> None:
    """That what a data set's original is like is complete and its own values fit it."""
    if "original" not in entry:
        raise sources.error(key, ..., "the key 'original' is missing")
    original = entry["original"]
    for fact in FACTS:
        if fact not in original and not (fact == "image_size" and entry["image_size"] is not None):
            raise sources.error(f"{key}.original", ..., f"the key {fact!r} is missing")
    for part in PARTS:
        if entry[part] is not None and not original["classes"] <= entry[part] <= original[part]:
            problem = f"must be from {original['classes']} (one a class) to {original[part]} (all)"
            raise sources.error(f"{key}.{part}", entry[part], problem)
    num_train = entry["train"] or original["train"]
    if entry["validation"] is not None and entry["validation"] >= num_train:
        raise sources.error(f"{key}.validation", entry["validation"], f"must leave some of {num_train} images")
    if entry["channels"] not in (None, 3, original["channels"]):
        problem = "the original has colours; only 1 -> 3 is possible"
        raise sources.error(f"{key}.channels", entry["channels"], problem)
