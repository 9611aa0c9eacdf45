"""`python -m rethinking list models`: what there is, one line each."""

import argparse

from rethinking.analysis.registry import MEASURES
from rethinking.config import CHECKOUT, Configuration
from rethinking.config.corruptions import registered_variants
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.models.registry import MODELS
from rethinking.plotting.registry import FIGURES
from rethinking.reporting.registry import TABLES


def _models(configuration: Configuration) -> dict[str, str]:
    lines = {
        name: f"{entry.description}; {entry.parameters:,} parameters at {entry.input}, learning rate"
        f" {entry.learning_rate:g}"
        for name, entry in MODELS.items()
    }
    for name, model in configuration.models.items():
        arguments = ", ".join(f"{key} {value}" for key, value in model["arguments"].items())
        lines.setdefault(name, f"{model['factory']} with {arguments or 'its defaults'}")
    return lines


def _corruptions(configuration: Configuration) -> dict[str, str]:
    lines = {"true_labels": "the data as they are (level 0 of any corruption)"}
    registered = registered_variants()
    for name, variant in configuration.corruptions.items():
        entry = CORRUPTIONS[variant["family"]]
        open_choices = {option: values for option, values in entry.options.items() if option != entry.named_by}
        choices = "".join(f"; {option}: {' or '.join(values)}" for option, values in open_choices.items())
        file = variant.get("file")
        of_variant = f"{variant['family']} with {file['path'] if file else variant['options']}"
        description = entry.description + choices if name in registered else of_variant
        lines[f"{name}-P" if entry.has_level else name] = description
    return lines


def _datasets(configuration: Configuration) -> dict[str, str]:
    lines = {}
    for name, entry in configuration.datasets.items():
        train, test = (entry[part] or entry["original"][part] for part in ("train", "test"))
        lines[name] = f"{entry.get('description', '')} ({train:,} training and {test:,} test images)"
    return lines


def _recipes(configuration: Configuration) -> dict[str, str]:
    keys = ("epochs", "steps_per_epoch", "batch_size", "learning_rate", "schedule", "initialisation", "precision")
    of_few = {"steps_per_epoch"}  # said where a recipe says it
    return {
        name: ", ".join(f"{key} {recipe[key]}" for key in keys if key not in of_few or recipe[key])
        for name, recipe in configuration.recipes.items()
    }


def _experiments(configuration: Configuration) -> dict[str, str]:
    return {name: ", ".join(folders) for name, folders in configuration.experiments.items()}


def _files(configuration: Configuration) -> dict[str, str]:
    files = [CHECKOUT / "Snakefile", *sorted((CHECKOUT / "config").rglob("*.yaml"))]
    return {file.relative_to(CHECKOUT).as_posix(): str(file) for file in files}


KINDS = {
    "models": _models,
    "datasets": _datasets,
    "corruptions": _corruptions,
    "recipes": _recipes,
    "figures": lambda configuration: {name: entry.description for name, entry in FIGURES.items()},
    "tables": lambda configuration: {name: entry.description for name, entry in TABLES.items()},
    "experiments": _experiments,
    "files": _files,
    "measures": lambda configuration: {name: entry.description for name, entry in MEASURES.items()},
}


def main(argv: list[str]) -> None:
    """Print names and one line each."""
    parser = argparse.ArgumentParser(prog="python -m rethinking list", description="What there is, with one line each.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--configfile", help="configuration with variants and recipes; config/config.yaml by default")
    args = parser.parse_args(argv)
    lines = KINDS[args.kind](Configuration.load(args.configfile))
    width = max(map(len, lines), default=0)
    for name, line in lines.items():
        print(f"{name:<{width}}  {line}")
