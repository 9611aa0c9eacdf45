"""What drawing a figure and writing a table depend on, beside their data frames."""

from rethinking.config.configuration import CHECKOUT, Configuration
from rethinking.config.datasets import label_of, lineage
from rethinking.config.inherit import Values
from rethinking.plotting.registry import FIGURES
from rethinking.reporting.registry import TABLES, Table
from rethinking.run import by_family

PAPER_CONFIGURATION, PAPER_FILE = "cifar10", "config/cifar10.yaml"


def at_paper_size(configuration: Configuration, section: str) -> bool:
    """Whether a figure or table is about all of CIFAR-10, as the paper's are."""
    if not configuration.sections[section]["panels"]:
        return False
    entry = configuration.datasets[configuration.sections[section]["dataset"]]
    original = entry["original"]
    whole = all(entry[part] in (None, original[part]) for part in ("train", "test"))
    as_it_is = entry["image_size"] in (None, original.get("image_size")) and entry["channels"] in (None, 3)
    return entry["reader"] == "cifar10" and whole and as_it_is and entry["validation"] is None


def published(configuration: Configuration, section: str) -> tuple[str, ...]:
    """The files of published numbers that a figure or table shows; the paper's are for runs of its size."""
    entry = FIGURES[section] if section in configuration.figures else TABLES[section]
    at_any_size = isinstance(entry, Table) and entry.at_any_size
    return entry.published if at_any_size or at_paper_size(configuration, section) else ()


def as_published(configuration: Configuration, model: str) -> str | None:
    """The registered network whose published numbers a model may be held against; None for a variant of one."""
    return None if configuration.models[model]["arguments"] else configuration.models[model]["factory"]


def picture_section(configuration: Configuration, dataset: str) -> Values:
    """What drawing a data set depends on, beside its samples."""
    return {
        "name": configuration.name,
        "dataset_label": label_of(configuration, dataset),
        "seed": configuration.samples["seed"],
    }


def _described(configuration: Configuration, section: Values) -> Values:
    """What drawing a figure and writing a table depend on, beside their data frames."""
    models = [model for panel in section["panels"].values() for model in panel["models"]]
    return {
        "name": configuration.name,
        "seeds": configuration.seeds,
        "dataset": section["dataset"],
        "dataset_label": label_of(configuration, section["dataset"]),
        "datasets": {
            name: {"label": label_of(configuration, name), "lineage": lineage(configuration, name)}
            for name in sorted({panel["dataset"] for panel in section["panels"].values()})
        },
        "recipe": section["recipe"],
        "recipe_note": section["note"],
        "fit_criterion": section["fit_criterion"],
        "labels": {model: configuration.models[model]["label"] for model in models},
        "published_as": {model: as_published(configuration, model) for model in models},
        "panels": section["panels"],
    }


def figure_section(configuration: Configuration, figure: str) -> Values:
    """What drawing a figure depends on, beside its tables."""
    section = configuration.figures[figure]
    if not section["panels"]:
        return {"name": configuration.name, "note": section["note"], "size": section["size"]}
    settings = {
        name: {key: configuration.recipes[panel["recipe"]][key] for key in FIGURES[figure].settings}
        for name, panel in section["panels"].items()
    }
    return _described(configuration, section) | {"size": section["size"], "settings": settings}


def table_section(configuration: Configuration, table: str) -> Values:
    """What a table depends on, beside the tables of its runs."""
    section = configuration.tables[table]
    settings = {
        name: {
            model: {key: recipe[key] for key in ("epochs", "weight_decay", "weight_decay_on", "augmentation")}
            for model in panel["models"]
            for recipe in [by_family(configuration.recipes[panel["recipe"]], configuration.models[model]["family"])]
        }
        for name, panel in section["panels"].items()
    }
    compared = at_paper_size(configuration, table)
    return _described(configuration, section) | {
        "tolerance": section["tolerance"],
        "settings": settings,
        "at_paper_size": compared,
        "factories": {
            model: configuration.models[model]["factory"]
            for panel in section["panels"].values()
            for model in panel["models"]
        },
        "would_take": _paper_runs(configuration) if compared and TABLES[table].of_everything else [],
    }


def _paper_runs(configuration: Configuration) -> list[Values]:
    """The runs behind every published number, as the paper's own configuration has them, and their cost."""
    paper = configuration if configuration.name == PAPER_CONFIGURATION else Configuration.load(CHECKOUT / PAPER_FILE)
    return [
        {
            "panel": name,
            "model": as_published(paper, model),
            "corruption": corruption,
            "folder": f"{panel['dataset']}/{model}/{corruption}/{panel['recipe']}",
            "configfile": PAPER_FILE,
            "epochs": paper.recipes[panel["recipe"]]["epochs"],
            "num_train": entry["train"] or entry["original"]["train"],
        }
        for section in paper.sections.values()
        for name, panel in section["panels"].items()
        if "." not in name
        for entry in [paper.datasets[panel["dataset"]]]
        for model in panel["models"]
        for corruption in panel["corruptions"]
    ]
