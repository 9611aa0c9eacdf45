"""The recipes of a configuration, complete and checked each for itself; mappings by model family stay in them."""

from collections.abc import Callable, Mapping

from rethinking import schema
from rethinking.analysis.registry import MEASURES
from rethinking.config.entries import Entries
from rethinking.config.inherit import Values, chain, extended
from rethinking.config.networks import FAMILIES
from rethinking.recipe import BY_FAMILY
from rethinking.schema import ConfigOrigins

AUGMENTATIONS = {"random_crop": False, "flip": False, "rotation": 0}
Where = Callable[[str], str]  # from a recipe's key to where its value is written


def resolved(table: Mapping[str, Values], origins: ConfigOrigins) -> dict[str, Values]:
    """Every recipe with the schema's defaults for what it does not say."""
    recipes = {}
    for name in table:
        written = extended(chain(name, table, "recipes.", "recipe", origins), table, BY_FAMILY)
        recipes[name] = recipe = schema.fill(written, "config", "recipe")
        for check in CHECKS:
            check(recipe, lambda key, name=name: written_at(name, key, table, origins), origins)
    return recipes


def written_at(name: str, key: str, table: Mapping[str, Values], origins: ConfigOrigins) -> str:
    """Where a recipe's value is written, or that of a family ("learning_rate.mlp"): in itself or in what it extends."""
    names = chain(name, table, "recipes.", "recipe", origins)
    setting, _, family = key.partition(".")
    holding = (each for each in names if setting in table[each] and (not family or family in table[each][setting]))
    return f"recipes.{next(holding, name)}.{key}"


def key_of(entries: Entries, name: str, key: str) -> str:
    """The same in a configuration."""
    return written_at(name, key, entries.written["recipes"], entries.origins)


def _complete_stop(recipe: Values, where: Where, origins: ConfigOrigins) -> None:
    """The one rule that ends a run early."""
    if (stop := recipe["stop"]) is None:
        return
    rules = [rule for rule in schema.STOPS if stop.keys() & rule]
    if len(rules) != 1 or stop.keys() == {"extra_epochs"}:
        problem = "needs one of criterion (with extra_epochs), early_stopping, plateau"
        raise origins.error(where("stop"), stop, problem)
    recipe["stop"] = {"extra_epochs": 0, **stop} if "criterion" in stop else stop


def _complete_augmentation(recipe: Values, where: Where, origins: ConfigOrigins) -> None:
    if (given := recipe["augmentation"]) is None:
        return
    recipe["augmentation"] = AUGMENTATIONS | given
    if recipe["augmentation"]["random_crop"] and recipe["crop"] is None:
        raise origins.error(where("augmentation"), given, "random_crop needs crop, the size of the window")


def _complete_batch_norm(recipe: Values, where: Where, origins: ConfigOrigins) -> None:
    if recipe["batch_norm"] is None:
        return
    recipe["batch_norm"] = schema.fill(recipe["batch_norm"], "config", "batch_norm")
    if recipe["batch_norm"]["debiased"] and recipe["compile"] is not None:
        problem = "changes from step to step, which a compiled network (the recipe's compile) does not follow"
        raise origins.error(f"{where('batch_norm')}.debiased", True, problem)


def _check_families(recipe: Values, where: Where, origins: ConfigOrigins) -> None:
    """That a mapping by model family names families."""
    for setting in BY_FAMILY:
        for family, value in recipe[setting].items() if isinstance(recipe[setting], dict) else ():
            origins.require_known(where(f"{setting}.{family}"), family, "model family", FAMILIES, value)


def _check_redraws(recipe: Values, where: Where, origins: ConfigOrigins) -> None:
    """That labels are redrawn in one order and while there is still something to train."""
    epochs, key = recipe["redraw_labels_after"], where("redraw_labels_after")
    if epochs != sorted(set(epochs)):
        raise origins.error(key, epochs, "each must be larger than the one before it")
    given = recipe["epochs"]
    last = min(given.values()) if isinstance(given, dict) else given  # of the family that is trained least
    if epochs and epochs[-1] >= last:
        problem = f"epoch {last} is the last (the recipe's epochs), so none comes after the redraw"
        raise origins.error(key, epochs, problem)


def _check_ledger(recipe: Values, where: Where, origins: ConfigOrigins) -> None:
    """That the labels of a ledger stay: it says of each example what it was given, once."""
    if recipe["ledger"] and recipe["redraw_labels_after"]:
        problem = "a ledger is of labels that stay (the recipe's redraw_labels_after gives others on the way)"
        raise origins.error(where("ledger"), True, problem)


def _check_measures(recipe: Values, where: Where, origins: ConfigOrigins) -> None:
    for index, measure in enumerate(recipe["measures"]):
        origins.require_known(f"{where('measures')}[{index}]", measure, "measure", MEASURES)


CHECKS = (
    _complete_stop,
    _complete_augmentation,
    _complete_batch_norm,
    _check_families,
    _check_redraws,
    _check_ledger,
    _check_measures,
)


def regularisers(recipe: Values) -> set[str]:
    """The explicit regularisers of a recipe, by the names of its keys; augmentations by their own."""
    augmentation = recipe["augmentation"] or {}
    found = {kind for kind, used in augmentation.items() if used}
    decays = recipe["weight_decay"]
    if any(decays.values()) if isinstance(decays, dict) else decays:
        found.add("weight_decay")
    return found | {key for key in ("penalties", "dropout", "label_smoothing", "clip_gradient_norm") if recipe[key]}
