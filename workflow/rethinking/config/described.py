"""What drawing figures and writing tables depends on, of a configuration: sections, and which published numbers."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rethinking.checkout import CHECKOUT
from rethinking.config.configuration import Configuration
from rethinking.config.datasets import label_of, lineage
from rethinking.config.recorded_kernels import recorded_kernels
from rethinking.outcomes.registry import PAPER_FILES, OfRuns
from rethinking.plotting.registry import FIGURES
from rethinking.recipe import Recipe
from rethinking.reporting.registry import TABLES
from rethinking.sections import PanelRuns, PaperRun, Section

DEVIATIONS, CITATION = DOCUMENTS = ("docs/deviations.md", "CITATION.cff")  # of the checkout, on every page
PAPER_CONFIGURATION, PAPER_FILE = "cifar10", "config/cifar10.yaml"


def entry_of(configuration: Configuration, name: str) -> OfRuns:
    """The registered figure or table of a configuration's section."""
    return FIGURES[name] if name in configuration.figures else TABLES[name]


def section_of(configuration: Configuration, name: str) -> Section:
    """What a figure or table of the configuration depends on, beside its data frames and published numbers."""
    values, of_runs, entry = configuration.sections[name], configuration.groups(name), entry_of(configuration, name)
    size = tuple(values.get("size", (0.0, 0.0)))
    if not of_runs:
        return Section(configuration=configuration.name, name=name, note=values["note"], size=size)
    compared = at_paper_size(configuration, name)
    of_every_number = compared and set(PAPER_FILES) <= set(entry.of_sections)
    models = list(dict.fromkeys(model for group in of_runs for model in group.models))
    datasets = sorted({values["dataset"], *(group.dataset for group in of_runs)})
    return Section(
        configuration=configuration.name,
        name=name,
        note=values["note"],
        size=size,
        seeds=tuple(configuration.seeds),
        groups=of_runs,
        fit_criterion=values["fit_criterion"],
        beside=values.get("beside") or "",
        dataset=values["dataset"],
        dataset_labels={dataset: label_of(configuration, dataset) for dataset in datasets},
        lineages={dataset: tuple(lineage(configuration, dataset)) for dataset in datasets},
        labels={model: configuration.models[model]["label"] for model in models},
        published_as={model: as_published(configuration, model) for model in models},
        factories={model: configuration.models[model]["factory"] for model in models},
        settings=_settings(configuration, of_runs, entry.settings),
        tolerance=values.get("tolerance", {}),
        at_paper_size=compared,
        would_take=_paper_runs(configuration, of_runs, values["dataset"]) if of_every_number else (),
        kernels=recorded_kernels() if of_every_number and "table3" not in configuration.tables else (),
    )


def published(configuration: Configuration, name: str) -> tuple[str, ...]:
    """The files of published numbers that a figure or table shows; the paper's are for runs of its size."""
    entry = entry_of(configuration, name)
    return entry.published if entry.at_any_size or at_paper_size(configuration, name) else ()


def at_paper_size(configuration: Configuration, name: str) -> bool:
    """Whether a figure or table is about all of CIFAR-10, as the paper's are."""
    if not configuration.groups(name):
        return False
    entry = configuration.datasets[configuration.sections[name]["dataset"]]
    original = entry["original"]
    whole = all(entry[part] in (None, original[part]) for part in ("train", "test"))
    as_it_is = entry["image_size"] in (None, original.get("image_size")) and entry["channels"] in (None, 3)
    return entry["reader"] == "cifar10" and whole and as_it_is and entry["validation"] is None


def as_published(configuration: Configuration, model: str) -> str | None:
    """The registered network whose published numbers a model may be held against; None for a variant of one."""
    return None if configuration.models[model]["arguments"] else configuration.models[model]["factory"]


def page_job(
    configuration: Configuration,
    command: str,
    pictures: Iterable[tuple[str, str]],
    files: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """What a page depends on beside the files of figures, tables and runs.

    `command` is what stands before a target, `pictures` are those of data sets that it shows, by name and data set;
    `files` has the sha256 of the published numbers by section, and of the documents that the page shows.
    """
    sections = {name: section_of(configuration, name) for name in configuration.sections}
    datasets = sorted({dataset for section in sections.values() for dataset in section.dataset_labels})
    return {
        "name": configuration.name,
        "command": command,
        "sections": {name: section.to_json() for name, section in sections.items()},
        "pictures": [list(picture) for picture in pictures],
        "licences": licences(configuration, datasets),
        **files,
    }


def licences(configuration: Configuration, datasets: Iterable[str]) -> dict[str, dict[str, str]]:
    """What the catalogue says of the licence and the source of data sets, by their labels."""
    return {
        label_of(configuration, name): {
            key: configuration.datasets[name].get(key) or "" for key in ("licence", "citation")
        }
        for name in datasets
    }


def picture_section(configuration: Configuration, picture: str, dataset: str) -> Section:
    """What drawing a data set depends on, beside its samples."""
    return Section(
        configuration=configuration.name,
        name=picture,
        seeds=(configuration.samples["seed"],),
        dataset=dataset,
        dataset_labels={dataset: label_of(configuration, dataset)},
    )


def _settings(
    configuration: Configuration, of_runs: tuple[PanelRuns, ...], keys: tuple[str, ...]
) -> dict[str, dict[str, dict[str, Any]]]:
    """What the registry asks of recipes, by recipe and network: {} where it asks nothing."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for group in of_runs if keys else ():
        for model in group.models:
            recipe = Recipe.of_network(configuration.recipes[group.recipe], configuration.models[model])
            found.setdefault(group.recipe, {})[model] = {key: getattr(recipe, key) for key in keys}
    return found


def _paper_runs(configuration: Configuration, own: Iterable[PanelRuns], dataset: str) -> tuple[PaperRun, ...]:
    """The runs behind every published number, as the configuration's `own` groups and the paper's have them."""
    if configuration.name == PAPER_CONFIGURATION:
        return tuple(_runs_behind(configuration, _paper_groups(configuration), PAPER_FILE))
    paper = Configuration.load(CHECKOUT / PAPER_FILE)
    counted = [group for group in own if group.dataset == dataset]
    return (*_runs_behind(configuration, counted, ""), *_runs_behind(paper, _paper_groups(paper), PAPER_FILE))


def _paper_groups(paper: Configuration) -> list[PanelRuns]:
    return [group for section in PAPER_FILES for group in paper.groups(section)]


def _runs_behind(configuration: Configuration, groups: Iterable[PanelRuns], file: str) -> Iterator[PaperRun]:
    """Each run of some groups of networks that the paper has, with its cost; `file` is the configuration's."""
    for group in groups:
        entry = configuration.datasets[group.dataset]
        num_train = (entry["train"] or entry["original"]["train"]) - (entry["validation"] or 0)
        for model in group.models:
            if (published_as := as_published(configuration, model)) is None:
                continue
            recipe = Recipe.of_network(configuration.recipes[group.recipe], configuration.models[model])
            of_epoch = recipe.steps_per_epoch or math.ceil(num_train / recipe.batch_size)
            for corruption in group.corruptions:
                yield PaperRun(
                    section=group.section,
                    panel=group.panel,
                    model=published_as,
                    corruption=corruption,
                    folder=f"{group.dataset}/{model}/{corruption}/{group.recipe}",
                    configfile=file,
                    epochs=recipe.epochs,
                    steps=recipe.epochs * of_epoch,
                    num_train=num_train,
                )
