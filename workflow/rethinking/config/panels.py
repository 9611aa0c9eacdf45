"""The sections of a configuration, one a figure or table, with every panel spelled out and held to what it must be."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rethinking import schema
from rethinking.config.corruptions import spelled
from rethinking.config.entries import Entries
from rethinking.config.fits import check_fit, check_labels
from rethinking.config.inherit import Values
from rethinking.config.recipes import AUGMENTATIONS, key_of, regularisers
from rethinking.names import corruption_name, split_corruption
from rethinking.outcomes.criteria import implied
from rethinking.outcomes.registry import OfRuns, Panel
from rethinking.plotting.registry import FIGURES
from rethinking.reporting.registry import TABLES, Table
from rethinking.schema import ConfigOrigins

REGISTRIES: dict[str, Mapping[str, OfRuns]] = {"figures": FIGURES, "tables": TABLES}
KINDS = {"dataset": "data set", "recipe": "recipe"}


def section(kind: str, name: str, written: Values, entries: Entries, dataset: str | None) -> Values:
    """A figure's or table's section with every panel spelled out: dataset, recipe, models, corruptions.

    `written` is what the configuration says, `dataset` what it takes where it says nothing.
    """
    key, one = f"{kind}.{name}", kind.removesuffix("s")
    entries.origins.require_known(key, name, one, REGISTRIES[kind], ...)
    filled = schema.fill(written, "config", one)
    if kind == "tables":
        filled["tolerance"] = schema.fill(filled["tolerance"], "config", "tolerance")
    entry = REGISTRIES[kind][name]
    if not entry.panels:
        for part in ("dataset", "recipe", "panels"):
            if part in filled:
                raise entries.origins.error(f"{key}.{part}", filled[part], f"{name} is drawn from no runs")
        return filled | {"panels": {}}
    if dataset is not None:
        filled.setdefault("dataset", dataset)
    _check_parts(filled, key, entry, entries)
    for part, what in KINDS.items():
        entries.origins.require_known(f"{key}.{part}", filled[part], what, getattr(entries, f"{part}s"))
    _check_names(filled["panels"], key, name, entry, entries)
    panels = {
        panel: _panel(filled, f"{key}.panels.{panel}", filled["panels"][panel], entries)
        for panel in entry.panels
        if panel in filled["panels"]
    }
    for panel, group in panels.items():
        asked = Asked(f"{key}.panels.{panel}", filled, group, panels, entries)
        for check in CHECKS:
            check(entry.panels[panel], asked)
    return filled | {"panels": panels}


def _check_parts(filled: Values, key: str, entry: OfRuns, entries: Entries) -> None:
    """That a section says of which data and recipe it is, and of which runs."""
    may_lack_panels = isinstance(entry, Table)
    for part in ("dataset", "recipe") if may_lack_panels else ("dataset", "recipe", "panels"):
        if part not in filled:
            raise entries.origins.error(key, ..., f"the key {part!r} is missing")
    if isinstance(entry, Table) and not (filled["panels"] or entry.of_sections):
        raise entries.origins.error(f"{key}.panels", ..., f"needs some of the keys {', '.join(entry.panels)}")


def _check_names(panels: Values, key: str, name: str, entry: OfRuns, entries: Entries) -> None:
    """That the panels are those of the figure, all of a part or none; a table's are rows that it may lack."""
    for panel in panels:
        entries.origins.require_known(f"{key}.panels.{panel}", panel, f"panel of {name}", entry.panels, ...)
    given = {entry.panels[panel].part for panel in panels} | {None}
    for panel, wanted in entry.panels.items():
        if panel not in panels and wanted.part in given and not isinstance(entry, Table):
            raise entries.origins.error(f"{key}.panels", ..., f"the key {panel!r} is missing")


def _panel(filled: Values, key: str, written: Values, entries: Entries) -> Values:
    """A panel's group of runs by their names."""
    group: Values = {}
    for part, what in KINDS.items():
        group[part] = written.get(part, filled[part])
        entries.origins.require_known(f"{key}.{part}", group[part], what, getattr(entries, f"{part}s"))
    for index, model in enumerate(written["models"]):
        where = f"{key}.models[{index}]"
        entries.origins.require_known(where, model, "model", entries.models)
        check_fit(entries, group["dataset"], model, group["recipe"], where, entries.origins)
    return group | {"models": written["models"], "corruptions": _corruptions(written, key, group, entries)}


def _corruptions(written: Values, key: str, group: Values, entries: Entries) -> list[str]:
    """The corruptions of a panel, each in its one spelling; `levels` are those of random labels."""
    names = [corruption_name("random_labels", level) for level in written.get("levels", [])] or [
        spelled(name, entries.corruptions, f"{key}.corruptions[{index}]", entries.origins)
        for index, name in enumerate(written.get("corruptions", []))
    ]
    for index, name in enumerate(names):
        where = f"{key}.corruptions[{index}]"
        check_labels(entries, group["dataset"], name, group["recipe"], where, entries.origins)
        if name in names[:index]:
            problem = f"{name!r} stands there twice"
            raise entries.origins.error(f"{key}.corruptions", written.get("corruptions", names), problem)
    return names


@dataclass(frozen=True)
class Asked:
    """A panel as a configuration asks for it: where, in which section, beside which others."""

    key: str
    section: Values
    group: Values
    panels: Mapping[str, Values]
    entries: Entries

    @property
    def recipe(self) -> Values:
        return self.entries.recipes[self.group["recipe"]]

    def refuse(self, part: str, problem: str) -> Exception:
        """What to raise where a part of the panel is not what it must be."""
        return self.entries.origins.error(f"{self.key}.{part}", self.group[part], problem)

    def refuse_all(self, problem: str) -> Exception:
        """The same where it is not a part of it that is wrong."""
        return self.entries.origins.error(self.key, ..., problem)


def _check_one_model(panel: Panel, asked: Asked) -> None:
    if panel.one_model and len(asked.group["models"]) > 1:
        raise asked.refuse("models", "shows one model")


def _check_one_corruption(panel: Panel, asked: Asked) -> None:
    if panel.one_corruption and len(asked.group["corruptions"]) > 1:
        raise asked.refuse("corruptions", "shows one corruption")


def _check_corruptions(panel: Panel, asked: Asked) -> None:
    if panel.corruptions is not None and asked.group["corruptions"] != list(panel.corruptions):
        raise asked.refuse("corruptions", f"is about {' and '.join(panel.corruptions)} alone")


def _check_in_full(panel: Panel, asked: Asked) -> None:
    if panel.in_full and asked.recipe["stop"] is not None:
        name = asked.group["recipe"]
        raise asked.refuse_all(f"the recipe {name!r} may end runs early (its key stop); here all epochs are trained")


def _check_validation(panel: Panel, asked: Asked) -> None:
    if panel.validation and asked.entries.datasets[dataset := asked.group["dataset"]]["validation"] is None:
        raise asked.refuse_all(f"needs a validation set, and the data set {dataset!r} holds none out")


def _check_redraws(panel: Panel, asked: Asked) -> None:
    redrawn = asked.recipe["redraw_labels_after"]
    if panel.redraws is not None and bool(redrawn) != panel.redraws:
        where = key_of(asked.entries, asked.group["recipe"], "redraw_labels_after")
        problem = "must be " + ("epochs" if panel.redraws else "[]") + f" in {asked.key}"
        raise asked.entries.origins.error(where, redrawn, problem)


def _check_regularisers(panel: Panel, asked: Asked) -> None:
    if panel.regularisers is None:
        return
    found = regularisers(asked.recipe)
    if "augmentation" in panel.regularisers and found & AUGMENTATIONS.keys():
        found = found - AUGMENTATIONS.keys() | {"augmentation"}
    if found != panel.regularisers:
        wanted, has = (", ".join(sorted(names)) or "none" for names in (panel.regularisers, found))
        name = asked.group["recipe"]
        raise asked.refuse_all(f"needs a recipe with these regularisers: {wanted}; {name!r} has: {has}")


def _check_difference(panel: Panel, asked: Asked) -> None:
    """That a group of runs differs from that of another panel in the recipe alone."""
    if (name := panel.differs_only_in_recipe_from) is None or name not in asked.panels:
        return
    other = asked.panels[name]
    for part in ("dataset", "models", "corruptions"):
        if asked.group[part] != other[part]:
            same = json.dumps(other[part], ensure_ascii=False)
            raise asked.refuse(part, f"must be that of the panel {name!r}, {same}")


def _check_levels(panel: Panel, asked: Asked) -> None:
    """That a panel over levels has one corruption a level, its reference, and runs that go on until they fit."""
    if not panel.by_level:
        return
    levels = levels_of(asked.group["corruptions"])
    if None in levels or len(set(levels)) < len(levels):
        raise asked.refuse("corruptions", "needs one corruption a level")
    if 0.0 not in levels:
        raise asked.refuse_all("needs level 0 (true_labels), which times are relative to")
    ends, criterion = (asked.recipe["stop"] or {}).get("criterion"), asked.section["fit_criterion"]
    if ends is not None and criterion not in implied(ends):
        name = asked.group["recipe"]
        problem = f"the runs of recipe {name!r} end at {ends}, before they meet this; change its stop as well"
        raise asked.entries.origins.error(f"{asked.key.rpartition('.panels.')[0]}.fit_criterion", criterion, problem)


def levels_of(corruptions: Sequence[str]) -> list[float | None]:
    """The level of each, 0 of true labels, None of those that have none."""
    return [0.0 if name == "true_labels" else split_corruption(name)[1] for name in corruptions]


CHECKS: tuple[Callable[[Panel, Asked], Any], ...] = (
    _check_one_model,
    _check_one_corruption,
    _check_corruptions,
    _check_in_full,
    _check_validation,
    _check_redraws,
    _check_regularisers,
    _check_difference,
    _check_levels,
)


def of_sections(table: str, sections: Mapping[str, Values], origins: ConfigOrigins) -> Values:
    """The panels of the figures and tables that a table is made from, as "fig1.learning_curves", and its own."""
    taken = [name for name in (*TABLES[table].of_sections, table) if name in sections]
    panels = {f"{name}.{panel}": group for name in taken for panel, group in sections[name]["panels"].items()}
    if not panels:
        of = ", ".join(TABLES[table].of_sections)
        problem = f"{table} is made from the runs of {of}, none of which is here; give it panels of its own"
        raise origins.error(f"tables.{table}", ..., problem)
    return panels
