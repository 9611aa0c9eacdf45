"""The sections of a configuration, one a figure or table, with every panel spelled out and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from rethinking import schema
from rethinking.config.checks import CHECKS, Asked
from rethinking.config.corruptions import check_level, spelled
from rethinking.config.entries import Entries
from rethinking.config.fits import check_fit, check_labels
from rethinking.config.inherit import Values
from rethinking.names import corruption_name
from rethinking.outcomes import derived
from rethinking.outcomes.registry import OfRuns, Panel
from rethinking.plotting.registry import FIGURES
from rethinking.registry import CLASSIFICATION
from rethinking.reporting.registry import TABLES, Table
from rethinking.schema import ConfigOrigins
from rethinking.sections import PanelRuns

REGISTRIES: dict[str, Mapping[str, OfRuns]] = {"figures": FIGURES, "tables": TABLES}
KINDS = {"dataset": "data set", "recipe": "recipe"}


def section(kind: str, name: str, written: Values, entries: Entries, dataset: str | None) -> Values:
    """A figure's or table's section with the groups of runs of all its panels, checked, in place of `panels`.

    `written` is what the configuration says, `dataset` what it takes where it says nothing.
    """
    key, one = f"{kind}.{name}", kind.removesuffix("s")
    entries.origins.require_known(key, name, one, REGISTRIES[kind], ...)
    filled = schema.fill(written, "config", one)
    if kind == "tables":
        filled["tolerance"] = schema.fill(filled["tolerance"], "config", "tolerance")
    entry = REGISTRIES[kind][name]
    if not entry.panels:
        _check_without_runs(written, key, name, entries)
        return filled | {"groups": ()}
    for part in (part for part in ("beside", "horizon") if written.get(part) is not None and not getattr(entry, part)):
        raise entries.origins.error(f"{key}.{part}", written[part], f"{name} shows nothing of it")
    if dataset is not None:
        filled.setdefault("dataset", dataset)
    _check_parts(filled, key, entry, entries)
    for part, what in KINDS.items():
        entries.origins.require_known(f"{key}.{part}", filled[part], what, getattr(entries, f"{part}s"))
    _check_names(filled["panels"], key, name, entry, entries)
    groups = _checked_groups(filled, key, name, entry, entries)
    if "fit_criterion" in written and not any(CLASSIFICATION in panel.tasks for panel in entry.panels.values()):
        problem = f"is of classes, and {name} is of a regression"
        raise entries.origins.error(f"{key}.fit_criterion", written["fit_criterion"], problem)
    return _with_margin({part: value for part, value in filled.items() if part != "panels"}) | {"groups": groups}


def _with_margin(filled: Values) -> Values:
    """A section whose criteria are spelled with the margin that they have, where they have one."""
    margin = filled.pop(derived.NAME)
    asked = (part for part in ("fit_criterion", "beside") if filled.get(part) == derived.NAME)
    return filled | dict.fromkeys(asked, derived.spelled(margin))


def _check_without_runs(written: Values, key: str, name: str, entries: Entries) -> None:
    """That a section of what is drawn from no runs says nothing of any."""
    for part in ("dataset", "recipe", "panels", "fit_criterion", "beside", "horizon"):
        if written.get(part) is not None:
            raise entries.origins.error(f"{key}.{part}", written[part], f"{name} is drawn from no runs")


def _checked_groups(filled: Values, key: str, name: str, entry: OfRuns, entries: Entries) -> tuple[PanelRuns, ...]:
    """The groups of all panels, in the order of the registry's, each what its panel asks for."""
    placed: list[Placed] = []
    for panel, wanted in entry.panels.items():
        if panel in filled["panels"]:
            place = Place(f"{key}.panels.{panel}", wanted.counts_as_one_of or name, panel, filled)
            placed += _groups(place, wanted, filled["panels"][panel], entries)
    groups = tuple(group for *_, group in placed)
    every = [Asked(where, written, filled, group, groups, entries) for where, written, group in placed]
    for check, asked in product(CHECKS, every):
        check(entry.panels[asked.group.panel], asked)
    return groups


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


@dataclass(frozen=True)
class Place:
    """A panel by its key, the section that it counts as one of, and its name; in a section of a configuration."""

    key: str
    counts_as_one_of: str
    panel: str
    section: Values


Placed = tuple[str, Values, PanelRuns]  # where a group of runs is written, as what, and the group


def _groups(place: Place, wanted: Panel, written: Values, entries: Entries) -> list[Placed]:
    """A panel's groups of runs by where each is written; one that is the panel's only one has no name."""
    if "groups" not in written:
        return _of_each(place, place.key, "", wanted, written, entries)
    for part in (part for part in written if part != "groups"):
        problem = "stands beside groups, each of which says its own"
        raise entries.origins.error(f"{place.key}.{part}", written[part], problem)
    names, key = list(written["groups"]), f"{place.key}.groups"
    if len(names) > 1 and not wanted.several:
        raise entries.origins.error(key, names, "shows one group of runs")
    found: list[Placed] = []
    for name, group in written["groups"].items():
        made = _of_each(place, f"{key}.{name}", name if len(names) > 1 else "", wanted, group, entries)
        if twice := next((other for *_, other in found if any(other.same_runs(each) for *_, each in made)), None):
            raise entries.origins.error(f"{key}.{name}", ..., f"are the runs of {twice.name!r} once more")
        found += made
    return found


def _of_each(place: Place, key: str, name: str, wanted: Panel, written: Values, entries: Entries) -> list[Placed]:
    """The group that is written, or one for each of the data sets and recipes that it lists."""
    single, choices = dict(written), []
    for part, what in KINDS.items():
        if (listed := f"{part}s") not in written:
            choices.append([{}])
            continue
        if listed not in wanted.lists:
            raise entries.origins.error(f"{key}.{listed}", written[listed], f"shows one {what}: write {part}")
        if part in written:
            raise entries.origins.error(f"{key}.{part}", written[part], f"stands beside {listed}")
        for index, each in enumerate(single.pop(listed)):
            entries.origins.require_known(f"{key}.{listed}[{index}]", each, what, getattr(entries, listed))
        choices.append([{part: each} for each in written[listed]])
    singles = [single | one | other for one, other in product(*choices)]
    return [(key, written, _group(place, key, name, each, entries)) for each in singles]


def _group(place: Place, key: str, name: str, written: Values, entries: Entries) -> PanelRuns:
    """A group of runs by their names."""
    if "groups" in written:
        raise entries.origins.error(f"{key}.groups", list(written["groups"]), "a group is of runs, not of groups")
    of: dict[str, str] = {}
    for part, what in KINDS.items():
        of[part] = written.get(part, place.section[part])
        entries.origins.require_known(f"{key}.{part}", of[part], what, getattr(entries, f"{part}s"))
    for index, model in enumerate(written["models"]):
        where = f"{key}.models[{index}]"
        entries.origins.require_known(where, model, "model", entries.models)
        check_fit(entries, of["dataset"], model, of["recipe"], where, entries.origins)
    runs = {"models": tuple(written["models"]), "corruptions": tuple(_corruptions(written, key, of, entries))}
    return PanelRuns(section=place.counts_as_one_of, panel=place.panel, name=name, **of, **runs)


def _corruptions(written: Values, key: str, of: Mapping[str, str], entries: Entries) -> list[str]:
    """The corruptions of a panel, each in its one spelling; `levels` are those of random labels."""
    part = "levels" if "levels" in written else "corruptions"
    for index, level in enumerate(written.get("levels", [])):
        check_level(level, f"{key}.levels[{index}]", level, entries.origins)
    names = [corruption_name("random_labels", level) for level in written.get("levels", [])] or [
        spelled(name, entries.corruptions, f"{key}.corruptions[{index}]", entries.origins)
        for index, name in enumerate(written.get("corruptions", []))
    ]
    for index, name in enumerate(names):
        where = f"{key}.{part}[{index}]"
        check_labels(entries, of["dataset"], name, of["recipe"], where, entries.origins)
        if name in names[:index]:
            problem = f"{name!r} stands there twice"
            raise entries.origins.error(f"{key}.{part}", written[part], problem)
    return names


def of_sections(table: str, sections: Mapping[str, Values], origins: ConfigOrigins) -> tuple[PanelRuns, ...]:
    """The groups of the figures and tables that a table is made from, and its own."""
    taken = [name for name in (*TABLES[table].of_sections, table) if name in sections]
    groups = tuple(group for name in taken for group in sections[name]["groups"])
    if not groups:
        of = ", ".join(TABLES[table].of_sections)
        problem = f"{table} is made from the runs of {of}, none of which is here; give it panels of its own, or null"
        raise origins.error(f"tables.{table}", ..., problem)
    return groups
