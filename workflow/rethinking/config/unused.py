"""Entries of a configuration that nothing is made with, often a misspelled name: worth a word, and no fault."""

from collections.abc import Iterator

from rethinking.config.configuration import Configuration
from rethinking.config.inherit import chain
from rethinking.names import split_corruption
from rethinking.registry import slips

KINDS = ("recipes", "models", "corruptions")
NEAR = 2  # letters by which a name may differ from the one that was meant


def unused(configuration: Configuration) -> Iterator[str]:
    """A line a kind on recipes, models and corruptions that no figure or table uses, nor a used recipe extends.

    It is of those alone that stand in the file that was asked for, or on the command line: another that
    this one extends may serve others. Data sets are not among them, which may be there to be looked at.
    """
    origins, used = configuration.origins, _used(configuration)
    asked_for = {name for name in origins.layers if name.startswith("-")} | {origins.nearest_file}
    for kind in KINDS:
        own = {name for source in asked_for for name in (origins.layers.get(source, {}).get(kind) or {})}
        if names := [_with_hint(name, used[kind]) for name in sorted(own - used[kind])]:
            yield f"{origins.nearest_file}: {kind} that no figure or table uses: {', '.join(names)}"


def _with_hint(name: str, used: set[str]) -> str:
    """A name, with the used one that it may be a misspelling of."""
    near = min(used, key=lambda each: (slips(name, each), each), default="")
    return f"{name} (did you mean {near!r}?)" if near and slips(name, near) <= NEAR else name


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
