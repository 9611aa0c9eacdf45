"""The configuration: YAML in, checked against schema and registries; out come runs.

Everything that can be wrong with a configuration is found here, before the first job starts and without torch.
"""

import dataclasses
from functools import cached_property
from pathlib import Path
from typing import Any

from rethinking import schema
from rethinking.checkout import CHECKOUT
from rethinking.config import computed, corruptions, data_dir, datasets, networks, panels, recipes
from rethinking.config.datasets import CATALOGUE
from rethinking.config.entries import Entries
from rethinking.config.fits import check_fit, check_labels
from rethinking.config.inherit import Values
from rethinking.names import experiment_name
from rethinking.reporting.registry import TABLES
from rethinking.run import RunConfig, runs_of
from rethinking.schema import ConfigOrigins
from rethinking.sections import PanelRuns

DEFAULT = "config/config.yaml"
NETWORK = ("factory", "family", "learning_rate", "arguments")  # what a run has of it
COMMAND_LINE = ConfigOrigins("command line")


class Configuration(Entries):
    """A checked configuration.

    `raw` is what YAML holds, `catalogue` what config/datasets.yaml holds. Raises ConfigurationError naming the file,
    the key, the value and the nearest valid name.
    """

    def __init__(self, raw: Values, catalogue: Values, origins: ConfigOrigins) -> None:
        catalogue = schema.check(catalogue, "datasets", lambda key: CATALOGUE)
        raw = schema.check(raw, "config", origins.of)
        if "extends" in raw:
            raise origins.error("extends", raw["extends"], "stands in a configuration file alone")
        self.name: str = raw["name"]
        self.seeds: list[int] = raw.get("seeds", schema.default("config", "seeds"))
        self.data_dir = data_dir.checked(raw.get("data_dir", schema.default("config", "data_dir")), origins)
        # Every entry is resolved here, so that a fault in one that no figure uses is found as well.
        own = raw.get("datasets", {})
        super().__init__(
            origins=origins,
            written={"datasets": catalogue | own, "recipes": raw["recipes"]},
            datasets=datasets.resolved(catalogue, own, origins, self.data_dir),
            models=networks.resolved(raw.get("models", {}), origins),
            corruptions=corruptions.resolved(raw.get("corruptions", {}), origins),
            recipes=recipes.resolved(raw["recipes"], origins),
        )
        data_dir.check_depth(self.data_dir, self.datasets, origins)
        self.samples = self._samples(raw.get("samples", {}))
        self.dataset: str | None = raw.get("dataset", schema.default("config", "dataset"))
        if self.dataset is not None:
            origins.require_known("dataset", self.dataset, "data set", self.datasets)
        self.kernels = computed.kernels(raw.get("kernels", {}), self)
        self.expressivity = computed.expressivity(raw.get("expressivity"), self)
        self.implicit_regularisation = computed.implicit_regularisation(raw.get("implicit_regularisation"), self)
        self.random_features = computed.random_features(raw.get("random_features"), self)
        self.figures, self.tables = (
            {name: panels.section(kind, name, each, self, self.dataset) for name, each in raw.get(kind, {}).items()}
            for kind in ("figures", "tables")
        )
        for name in self.figures.keys() & self.tables.keys():
            raise origins.error(f"tables.{name}", ..., "a figure has this name already; what is made of both is by it")
        self.sections = self.figures | self.tables
        keys = ("kernels", "expressivity", "implicit_regularisation", "random_features")
        there = {name: getattr(self, name) for name in keys}
        for kind, entries in panels.REGISTRIES.items():
            for name in getattr(self, kind):
                computed.check_computed(kind, name, entries[name], there, self)
        for name in self.tables:
            if TABLES[name].of_sections:
                self.tables[name]["groups"] = panels.of_sections(name, self.sections, origins)

    @classmethod
    def load(cls, path: str | Path | None = None) -> "Configuration":
        """Read a configuration file (the default one where None is given), those that it extends and the catalogue."""
        file = CHECKOUT / DEFAULT if path is None else Path(path)
        source = DEFAULT if path is None else str(path)
        return cls.of_layers(source, schema.load_layers(file, source))

    @classmethod
    def of_layers(cls, source: str, layers: dict[str, Values]) -> "Configuration":
        """What several layers, by their names and the nearest first, make together; `source` names them all."""
        return cls(
            schema.configuration(layers.values()), schema.load_yaml(CHECKOUT / CATALOGUE), ConfigOrigins(source, layers)
        )

    def _samples(self, written: Values) -> Values:
        """What pictures of data sets show, complete."""
        section = schema.fill(written, "config", "samples")
        for index, name in enumerate(section["corruptions"]):
            key = f"samples.corruptions[{index}]"
            section["corruptions"][index] = spelled = self.corruption(name, key, self.origins)
            if spelled in section["corruptions"][:index]:
                raise self.origins.error(key, name, f"{spelled!r} stands there twice")
        return section

    def groups(self, section: str) -> tuple[PanelRuns, ...]:
        """The groups of runs of a figure or table, in the order of its panels; none where it is made from no runs."""
        return self.sections[section]["groups"]

    def plan(self, section: str) -> Values:
        """A figure's or table's runs as plain JSON, the argument of `rethinking.run.runs_of`."""
        groups = self.groups(section)
        models = sorted({model for group in groups for model in group.models})
        return {
            "seeds": self.seeds,
            "groups": [dataclasses.asdict(group) for group in groups],
            "models": {name: {key: self.models[name][key] for key in NETWORK} for name in models},
            "recipes": {group.recipe: self.recipes[group.recipe] for group in groups},
        }

    def runs(self, section: str) -> list[RunConfig]:
        """The runs that a figure is drawn from or a table made from."""
        return list(self._runs[section])

    @cached_property
    def _runs(self) -> dict[str, list[RunConfig]]:
        """The runs of every figure and table: the rules ask for each some hundred times."""
        return {section: runs_of(self.plan(section)) for section in self.sections}

    @property
    def experiments(self) -> dict[str, list[str]]:
        """The runs' folders by the names that the corruption repository has for their networks and corruptions."""
        found: dict[str, set[str]] = {}
        for run in (run for section in self.sections for run in self.runs(section)):
            if (name := experiment_name(run.model, run.corruption)) is not None:
                found.setdefault(name, set()).add(run.path)
        return {name: sorted(paths) for name, paths in found.items()}

    def run(
        self,
        dataset: str,
        model: str,
        corruption: str,
        recipe: str,
        seed: int,
        asked: ConfigOrigins = COMMAND_LINE,
        **overrides: Any,
    ) -> RunConfig:
        """One run by its names, which came from `asked`; `overrides` replace values of the recipe."""
        asked.require_known("dataset", dataset, "data set", self.datasets)
        asked.require_known("model", model, "model", self.models)
        asked.require_known("recipe", recipe, "recipe", self.recipes)
        check_fit(self, dataset, model, recipe, "model", asked)
        spelled = self.corruption(corruption, "corruption", asked)
        check_labels(self, dataset, spelled, recipe, "corruption", asked)
        group = {"dataset": dataset, "recipe": recipe, "models": [model], "corruptions": [spelled]}
        values = {recipe: self.recipes[recipe] | overrides}
        return runs_of({"seeds": [seed], "groups": [group], "models": self.models, "recipes": values})[0]

    def corruption(self, name: str, key: str, origins: ConfigOrigins) -> str:
        """The one spelling of the name of a corruption of this configuration."""
        return corruptions.spelled(name, self.corruptions, key, origins)
