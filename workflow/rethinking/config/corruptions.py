"""The corruptions of a configuration, and how their names are spelled."""

from collections.abc import Mapping

from rethinking.config import class_noise, given_labels
from rethinking.config.entries import Entries
from rethinking.config.inherit import Values
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.names import corruption_name, split_corruption
from rethinking.registry import closest
from rethinking.schema import ConfigOrigins

HUMAN_LABELS = "human_labels"
CLASS_NOISE = "class_noise"
LEAST_LEVEL = 1e-9  # of a data set of a thousand million images it would corrupt one
TAKEN = ("true_labels", "split")  # names of folders beside those of corruptions


def registered_variants() -> dict[str, Values]:
    """The registered corruptions; of one whose names say an option's value, each of them: human_labels-worse."""
    variants: dict[str, Values] = {}
    for name, entry in CORRUPTIONS.items():
        option = entry.named_by
        if option is None:
            variants[name] = {"family": name}
        else:
            variants |= {f"{name}-{value}": {"family": name, option: value} for value in entry.options[option]}
    return variants


def resolved(own: Mapping[str, Values], origins: ConfigOrigins) -> dict[str, Values]:
    """Registered corruptions and the configuration's variants, each with its family and options."""
    variants = registered_variants() | dict(own)
    return {name: _variant(name, variant, origins) for name, variant in variants.items()}


def _variant(name: str, variant: Values, origins: ConfigOrigins) -> Values:
    if name in TAKEN or split_corruption(name)[1] is not None:
        problem = "such a name is taken (true_labels and split, a number at the end for a level)"
        raise origins.error(f"corruptions.{name}", ..., problem)
    registered = registered_variants().get(name, variant).get("family")
    if (family := variant.get("family", registered)) is None:
        raise origins.error(f"corruptions.{name}", ..., "the key 'family' is missing")
    origins.require_known(f"corruptions.{name}.family", family, "corruption", CORRUPTIONS)
    if family != registered:  # tables would say of it what holds of the registered one
        problem = f"{name} is the name of a registered corruption, whose family is {registered}; give it another"
        raise origins.error(f"corruptions.{name}.family", family, problem)
    choices = CORRUPTIONS[family].options
    given = {key: value for key, value in variant.items() if key != "family"}
    file = {"file": _file(name, given, origins)} if CORRUPTIONS[family].of_file else {}
    for option, value in given.items():
        key = f"corruptions.{name}.{option}"
        origins.require_known(key, option, f"option of {family}", choices, value)
        if option == "matrix":
            people = (f"{HUMAN_LABELS}-{each}" for each in CORRUPTIONS[HUMAN_LABELS].options["set"])
            given[option] = class_noise.complete(value, [*choices[option], *people], key, origins)
        if name == family and option != CORRUPTIONS[family].named_by and given[option] != choices[option][0]:
            _check_alike(name, key, given[option], origins)
    options = {option: given.get(option, values[0]) for option, values in choices.items()}
    return {"family": family, "options": options, **file}


def _file(name: str, given: Values, origins: ConfigOrigins) -> Values | None:
    """Take the file of labels out of what a variant was given; the registered corruption itself may have none."""
    if (path := given.pop("path", None)) is not None:
        return given_labels.complete(path, f"corruptions.{name}.path", origins)
    if name not in CORRUPTIONS:
        raise origins.error(f"corruptions.{name}", ..., "the key 'path' is missing, a file of labels")
    return None


def _check_alike(name: str, key: str, value: object, origins: ConfigOrigins) -> None:
    """That a registered name, of which the error on test labels corrupted alike is known, keeps the options of that."""
    if CORRUPTIONS[name].error_on_alike not in (None, "unchanged"):
        default = CORRUPTIONS[name].options[key.rpartition(".")[2]][0]
        problem = f"{name} is the name of a registered corruption, which has {default!r} here; give it another"
        raise origins.error(key, value, problem)


def needs_people(entries: Entries, corruption: str) -> bool:
    """Whether a corruption is made from labels that people gave: these themselves, or how often they said what."""
    if corruption == "true_labels":
        return False
    entry = entries.corruptions[split_corruption(corruption)[0]]
    return entry["family"] == HUMAN_LABELS or str(entry["options"].get("matrix")).startswith(f"{HUMAN_LABELS}-")


def spelled(name: str, variants: Mapping[str, Values], key: str, origins: ConfigOrigins) -> str:
    """The one spelling of a corruption's name, which is one of `variants` and its level; level 0 is true_labels."""
    if name == "true_labels":
        return name
    variant, level = split_corruption(name)
    takes_level = {"true_labels": False}
    takes_level |= {each: CORRUPTIONS[entry["family"]].has_level for each, entry in variants.items()}
    if variant not in takes_level:
        near, level_as_written = closest(variant, takes_level), name.removeprefix(variant)
        if near is not None and takes_level[near]:
            raise origins.error(key, name, f"unknown corruption; did you mean {near + level_as_written!r}?")
    origins.require_known(key, variant, "corruption", takes_level, name)
    has_level = takes_level[variant]
    if has_level and level is None:
        raise origins.error(key, name, f"needs a level from 0 to 1, as in {variant}-0.5")
    if not has_level and level is not None:
        raise origins.error(key, name, f"takes no level; write {variant}")
    if level is not None and not 0 <= level <= 1:
        raise origins.error(key, name, "the level must be from 0 to 1")
    check_level(level, key, name, origins)
    return corruption_name(variant, level)


def check_level(level: float | None, key: str, value: object, origins: ConfigOrigins) -> None:
    """That a level, of whose decimals folders have their names, is not so small that it corrupts nothing."""
    if level is not None and 0 < level < LEAST_LEVEL:
        raise origins.error(key, value, f"the level must be 0 or at least {LEAST_LEVEL:.0e}")


def family_of(entries: Entries, corruption: str) -> str | None:
    """The registered corruption behind a name, None for true labels."""
    return None if corruption == "true_labels" else entries.corruptions[split_corruption(corruption)[0]]["family"]
