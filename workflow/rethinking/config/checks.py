"""What each flag of a panel asks of its groups of runs: one check a flag."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rethinking.config.corruptions import family_of
from rethinking.config.entries import Entries
from rethinking.config.inherit import Values
from rethinking.config.recipes import AUGMENTATIONS, key_of, regularisers
from rethinking.names import level_of
from rethinking.outcomes import derived
from rethinking.outcomes.criteria import CRITERIA, implied
from rethinking.outcomes.registry import Panel
from rethinking.sections import PanelRuns


@dataclass(frozen=True)
class Asked:
    """A group of a panel's runs as a configuration asks for it: where, as what, in which section and groups."""

    key: str
    written: Values
    section: Values
    group: PanelRuns
    groups: tuple[PanelRuns, ...]
    entries: Entries

    @property
    def recipe(self) -> Values:
        return self.entries.recipes[self.group.recipe]

    def refuse(self, part: str, problem: str) -> Exception:
        """What to raise where a part of the panel is not what it must be; corruptions may be written as `levels`."""
        value = getattr(self.group, part)
        if part == "corruptions" and "levels" in self.written:
            part, value = "levels", self.written["levels"]
        return self.entries.origins.error(f"{self.key}.{part}", value, problem)

    def require_same(self, parts: Iterable[str], other: PanelRuns, called: str) -> None:
        """Raise for the first of some parts that is not that of another group, which the message calls `called`."""
        for part in parts:
            if getattr(self.group, part) != (its := getattr(other, part)):
                raise self.refuse(part, f"must be that of {called}, {json.dumps(its, ensure_ascii=False)}")

    def refuse_all(self, problem: str) -> Exception:
        """The same where it is not a part of it that is wrong."""
        return self.entries.origins.error(self.key, ..., problem)


def _check_task(panel: Panel, asked: Asked) -> None:
    task = asked.entries.datasets[asked.group.dataset]["task"]
    if task not in panel.tasks:
        raise asked.refuse("dataset", f"is a {task}; this is of a {' or '.join(panel.tasks)}")


def _check_one_model(panel: Panel, asked: Asked) -> None:
    if panel.one_model and len(asked.group.models) > 1:
        raise asked.refuse("models", "shows one model")


def _check_one_corruption(panel: Panel, asked: Asked) -> None:
    if panel.one_corruption and len(asked.group.corruptions) > 1:
        raise asked.refuse("corruptions", "shows one corruption")


def _check_corruptions(panel: Panel, asked: Asked) -> None:
    if panel.corruptions is not None and asked.group.corruptions != panel.corruptions:
        raise asked.refuse("corruptions", f"is about {' and '.join(panel.corruptions)} alone")


def _check_families(panel: Panel, asked: Asked) -> None:
    of = {name: family_of(asked.entries, name) for name in asked.group.corruptions}
    wrong = [name for name, family in of.items() if panel.families and family not in (None, *panel.families)]
    if wrong:
        raise asked.refuse("corruptions", f"{wrong[0]} is no variant of {' or '.join(panel.families)}")


def _check_by_corruption(panel: Panel, asked: Asked) -> None:
    """That what is drawn together is of one network and one data set, and that a corruption names one line."""
    if not panel.by_corruption:
        return
    group, together = asked.group, [other for other in asked.groups if other.panel == asked.group.panel]
    for other in together[: together.index(group)]:  # of several files that which extends the others adds the last
        asked.require_same(("dataset", "models"), other, repr(other.name))
        if twice := next((name for name in group.corruptions if name in other.corruptions), None):
            raise asked.refuse("corruptions", f"{twice!r} stands in {other.name!r} as well")


def _check_in_full(panel: Panel, asked: Asked) -> None:
    if panel.in_full and asked.recipe["stop"] is not None:
        name = asked.group.recipe
        raise asked.refuse_all(f"the recipe {name!r} may end runs early (its key stop); here all epochs are trained")


def _check_validation(panel: Panel, asked: Asked) -> None:
    if panel.validation and asked.entries.datasets[dataset := asked.group.dataset]["validation"] is None:
        raise asked.refuse_all(f"needs a validation set, and the data set {dataset!r} holds none out")


def _check_redraws(panel: Panel, asked: Asked) -> None:
    redrawn = asked.recipe["redraw_labels_after"]
    if panel.redraws is not None and bool(redrawn) != panel.redraws:
        where = key_of(asked.entries, asked.group.recipe, "redraw_labels_after")
        problem = "must be " + ("epochs" if panel.redraws else "[]") + f" in {asked.key}"
        raise asked.entries.origins.error(where, redrawn, problem)


def _check_measures(panel: Panel, asked: Asked) -> None:
    for measure in panel.measures:
        if measure not in (taken := asked.recipe["measures"]):
            where = key_of(asked.entries, asked.group.recipe, "measures")
            raise asked.entries.origins.error(where, taken, f"must have {measure!r}, which {asked.key} shows")


def _check_predictions(panel: Panel, asked: Asked) -> None:
    if panel.predictions and asked.recipe["predictions_every"] is None:
        where = key_of(asked.entries, asked.group.recipe, "predictions_every")
        raise asked.entries.origins.error(where, None, f"must be a number of epochs: {asked.key} shows them")


def _check_steps(panel: Panel, asked: Asked) -> None:
    if panel.steps and asked.recipe["log_every_steps"] is None:
        where = key_of(asked.entries, asked.group.recipe, "log_every_steps")
        raise asked.entries.origins.error(where, None, f"must be a number of steps: {asked.key} shows them")


def _check_same_steps(panel: Panel, asked: Asked) -> None:
    if not panel.same_steps:
        return
    first = next(group.recipe for group in asked.groups if group.panel == asked.group.panel)
    for key in ("steps_per_epoch", "epochs"):
        value, wanted = asked.recipe[key], asked.entries.recipes[first][key]
        where, refuse = key_of(asked.entries, asked.group.recipe, key), asked.entries.origins.error
        if isinstance(value, dict):
            raise refuse(where, value, f"must be one number: {asked.key} compares equally long runs")
        if value is None:
            raise refuse(where, None, f"must be a number of steps: {asked.key} compares runs of equally many")
        if value != wanted:
            raise refuse(where, value, f"must be {wanted}, as in {first!r}: {asked.key} compares equally long runs")


def _check_ledger(panel: Panel, asked: Asked) -> None:
    if panel.ledger and not asked.recipe["ledger"]:
        where = key_of(asked.entries, asked.group.recipe, "ledger")
        raise asked.entries.origins.error(where, False, f"must be true: {asked.key} shows what a ledger holds")


def _check_early_stopping(panel: Panel, asked: Asked) -> None:
    if panel.early_stopping and "early_stopping" not in (stop := asked.recipe["stop"] or {}):
        where = key_of(asked.entries, asked.group.recipe, "stop")
        raise asked.entries.origins.error(where, stop or None, f"must be early_stopping in {asked.key}")


def _check_true_validation(panel: Panel, asked: Asked) -> None:
    if panel.true_validation and not asked.recipe["true_validation_labels"]:
        where = key_of(asked.entries, asked.group.recipe, "true_validation_labels")
        raise asked.entries.origins.error(where, False, f"must be true in {asked.key}")


def _check_same_loss(panel: Panel, asked: Asked) -> None:
    ends = (asked.recipe["stop"] or {}).get("criterion")
    if panel.same_loss and (ends is None or CRITERIA[ends].loss is None or asked.recipe["stop"]["extra_epochs"]):
        where = key_of(asked.entries, asked.group.recipe, "stop")
        of_loss = next(name for name, criterion in CRITERIA.items() if criterion.loss is not None)
        problem = f"must be {{criterion: {of_loss}, extra_epochs: 0}}: {asked.key} compares runs at the same loss"
        raise asked.entries.origins.error(where, asked.recipe["stop"], problem)


def _check_foldable(panel: Panel, asked: Asked) -> None:
    setting = asked.recipe["batch_norm"]
    if panel.foldable and setting is not None and setting["statistics"] == "batch":
        where = key_of(asked.entries, asked.group.recipe, "batch_norm")
        problem = f"must have running averages: {asked.key} folds batch normalisation into the weights that it measures"
        raise asked.entries.origins.error(where, setting, problem)


def _check_regularisers(panel: Panel, asked: Asked) -> None:
    if panel.regularisers is None:
        return
    found = regularisers(asked.recipe)
    if "augmentation" in panel.regularisers and found & AUGMENTATIONS.keys():
        found = found - AUGMENTATIONS.keys() | {"augmentation"}
    if found != panel.regularisers:
        wanted, has = (", ".join(sorted(names)) or "none" for names in (panel.regularisers, found))
        name = asked.group.recipe
        raise asked.refuse_all(f"needs a recipe with these regularisers: {wanted}; {name!r} has: {has}")


def _check_difference(panel: Panel, asked: Asked) -> None:
    """That a group of runs differs from that of another panel in the recipe alone."""
    name = panel.differs_only_in_recipe_from
    for other in (group for group in asked.groups if group.panel == name):
        asked.require_same(("dataset", "models", "corruptions"), other, f"the panel {name!r}")


def _check_derived(panel: Panel, asked: Asked) -> None:
    """That runs whose time to fit is found from their whole curves have these: all epochs, each evaluated."""
    for part in ("fit_criterion", *(["beside"] if panel.by_level else [])):
        if asked.section.get(part) != derived.NAME:
            continue
        for key, whole in {"stop": None, "train_evaluation_every": 1}.items():
            if (value := asked.recipe[key]) != whole:
                where = key_of(asked.entries, asked.group.recipe, key)
                problem = f"must be {json.dumps(whole)}: {derived.NAME}, the {part} in {asked.key}, needs whole curves"
                raise asked.entries.origins.error(where, value, problem)


def _check_whole_curves(panel: Panel, asked: Asked) -> None:
    if panel.whole_curves and (every := asked.recipe["train_evaluation_every"]) != 1:
        where = key_of(asked.entries, asked.group.recipe, "train_evaluation_every")
        raise asked.entries.origins.error(where, every, f"must be 1: {asked.key} looks for epochs in whole curves")


def _check_levels(panel: Panel, asked: Asked) -> None:
    """That a panel over levels has one corruption a level, and its reference."""
    if not panel.by_level:
        return
    levels = [level_of(name) for name in asked.group.corruptions]
    if None in levels or len(set(levels)) < len(levels):
        raise asked.refuse("corruptions", "needs one corruption a level")
    if 0.0 not in levels:
        raise asked.refuse_all("needs level 0 (true_labels), which times are relative to")


def _check_ends(panel: Panel, asked: Asked) -> None:
    """That runs which are timed go on until they fit."""
    if not (panel.by_level or panel.until_fit):
        return
    if panel.until_fit and asked.section["fit_criterion"] == derived.NAME:
        key = f"{asked.key.rpartition('.panels.')[0]}.fit_criterion"
        problem = f"is of whole curves; here one of {', '.join(CRITERIA)}"
        raise asked.entries.origins.error(key, derived.NAME, problem)
    stop, criterion = asked.recipe["stop"], asked.section["fit_criterion"]
    if stop is not None and "criterion" not in stop:
        where = key_of(asked.entries, asked.group.recipe, "stop")
        problem = f"must be null or of a criterion: {asked.key} shows when runs have fitted"
        raise asked.entries.origins.error(where, stop, problem)
    if stop is not None and criterion not in implied(ends := stop["criterion"]):
        name = asked.group.recipe
        problem = f"the runs of recipe {name!r} end at {ends}, before they meet this; change its stop as well"
        raise asked.entries.origins.error(f"{asked.key.rpartition('.panels.')[0]}.fit_criterion", criterion, problem)


CHECKS: tuple[Callable[[Panel, Asked], Any], ...] = (
    _check_task,
    _check_one_model,
    _check_one_corruption,
    _check_corruptions,
    _check_families,
    _check_by_corruption,
    _check_in_full,
    _check_validation,
    _check_redraws,
    _check_measures,
    _check_steps,
    _check_same_steps,
    _check_ledger,
    _check_predictions,
    _check_early_stopping,
    _check_true_validation,
    _check_same_loss,
    _check_foldable,
    _check_regularisers,
    _check_difference,
    _check_derived,
    _check_whole_curves,
    _check_levels,
    _check_ends,
)
