"""Entries of a configuration that nothing is made with, often a misspelled name: worth a word, and no fault."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from rethinking.config.configuration import Configuration
from rethinking.config.inherit import chain
from rethinking.names import split_corruption
from rethinking.registry import slips

KINDS = ("recipes", "models", "corruptions")
NEAR = 2  # letters by which a name may differ from the one that was meant
MOST = 5  # names a line says; a file may have dozens that are asked for by their runs' paths


def unused(configuration: Configuration, targets: Iterable[str] = ()) -> Iterator[str]:
    """A line a kind on recipes, models and corruptions that no figure or table uses, nor a used recipe extends.

    It is of those alone that stand in the file that was asked for, or on the command line: another that
    this one extends may serve others. Data sets are not among them, which may be there to be looked at, nor is
    what one of `targets` names, the paths that are to be made.
    """
    named = {part for target in targets for part in PurePath(target).parts}
    named |= {split_corruption(part)[0] for part in named}
    origins, used = configuration.origins, _used(configuration)
    asked_for = {name for name in origins.layers if name.startswith("-")} | {origins.nearest_file}
    for kind in KINDS:
        own = {name for source in asked_for for name in (origins.layers.get(source, {}).get(kind) or {})}
        meant = {name: _meant(name, used[kind]) for name in sorted(own - used[kind] - named)}
        said = [f"{name} (did you mean {near!r}?)" if near else name for name, near in meant.items()]
        said.sort(key=lambda words: not words.endswith(")"))  # what is likely a slip comes first
        if len(said) > MOST:
            said[MOST:] = [f"and {len(said) - MOST} more"]
        if said:
            yield f"{origins.nearest_file}: {kind} that no figure or table uses: {', '.join(said)}"


def _meant(name: str, used: set[str]) -> str | None:
    """The used name that `name` may be a misspelling of; one with another number is another name."""
    words = re.sub(r"\d", "", name)
    others = [each for each in used if re.sub(r"\d", "", each) != words]
    near = min(others, key=lambda each: (slips(name, each), each), default=None)
    return near if near is not None and slips(name, near) <= NEAR else None


def _used(configuration: Configuration) -> dict[str, set[str]]:
    """The names of each kind that figures and tables use, and those that used recipes extend."""
    sections = list(configuration.sections.values())
    groups = [group for section in sections for group in section["groups"]]
    recipes = {group.recipe for group in groups} | {section["recipe"] for section in sections if "recipe" in section}
    table = configuration.written["recipes"]
    shown = [*configuration.samples["corruptions"], *(name for group in groups for name in group.corruptions)]
    shown += [name for kernel in configuration.kernels.values() for name in kernel["corruptions"]]
    shown += (configuration.random_features or {}).get("corruptions", [])
    return {
        "recipes": {
            each for name in recipes for each in chain(name, table, "recipes.", "recipe", configuration.origins)
        },
        "models": {model for group in groups for model in group.models},
        "corruptions": {split_corruption(name)[0] for name in shown},
    }
