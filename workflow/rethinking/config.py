"""The configuration: YAML in, checked against schema and registries; out come runs, and what each job gets.

Everything that can be wrong with a configuration is found here, before the first job starts and without torch.
"""

import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rethinking import schema
from rethinking.analysis.registry import MEASURES
from rethinking.catalogue import ADDRESSES, READER_OPTIONS, complete
from rethinking.data import readers
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.models.registry import MODELS
from rethinking.names import corruption_name, experiment_name, split_corruption
from rethinking.outcomes.criteria import implied
from rethinking.outcomes.registry import Panel
from rethinking.plotting.registry import FIGURES, Figure
from rethinking.reporting.registry import TABLES, Table
from rethinking.run import BY_FAMILY, RunConfig, by_family, runs_of
from rethinking.schema import ConfigOrigins

CHECKOUT = Path(__file__).parents[2]
CATALOGUE = "config/datasets.yaml"
DEFAULT = "config/config.yaml"
COMMAND_LINE = ConfigOrigins("command line")
PAPER_CONFIGURATION, PAPER_FILE = "cifar10", "config/cifar10.yaml"
FAMILIES = sorted({model.family for model in MODELS.values()})
READERS = [module.name for module in pkgutil.iter_modules(readers.__path__)]

HUMAN_LABELS = "human_labels"
EVALUATED_AT_ONCE = 250  # images of up to 64x64 pixels, as the engine has it
KINDS = {"dataset": "data set", "recipe": "recipe"}
AUGMENTATIONS = {"random_crop", "flip", "rotation"}

Values = dict[str, Any]


def _chain(name: str, table: Mapping[str, Values], key: str, kind: str, sources: ConfigOrigins) -> list[str]:
    """`name` and everything that it extends, nearest first; `key` is where the table stands, as in "recipes."."""
    chain = [name]
    while (parent := table[chain[-1]].get("extends")) is not None:
        where = f"{key}{chain[-1]}.extends"
        sources.require_known(where, parent, kind, table)
        if parent in chain:
            raise sources.error(where, parent, "extends itself")
        chain.append(parent)
    return chain


def _extended(chain: list[str], table: Mapping[str, Values]) -> Values:
    """The entry of the first name over everything that it extends."""
    values: Values = {}
    for each in reversed(chain):
        values |= table[each]
    values.pop("extends", None)
    return values


def registered_variants() -> dict[str, Values]:
    """The registered corruptions; of one whose names say an option's value, each of them: human_labels-worse."""
    variants: dict[str, Values] = {}
    for name, entry in CORRUPTIONS.items():
        option = entry.named_by
        if option is None:
            variants[name] = {"family": name}
        else:
            variants |= {f"{name}-{value}": {"family": name, option: value} for value in entry.options[option]}
    return variants


def spelled_corruption(name: str, variants: Mapping[str, Values], key: str, sources: ConfigOrigins) -> str:
    """The one spelling of a corruption's name, which is one of `variants` and its level; level 0 is true_labels."""
    if name == "true_labels":
        return name
    variant, level = split_corruption(name)
    sources.require_known(key, variant, "corruption", ["true_labels", *variants], name)
    has_level = CORRUPTIONS[variants[variant]["family"]].has_level
    if has_level and level is None:
        raise sources.error(key, name, f"needs a level from 0 to 1, as in {variant}-0.5")
    if not has_level and level is not None:
        raise sources.error(key, name, f"takes no level; write {variant}")
    if level is not None and not 0 <= level <= 1:
        raise sources.error(key, name, "the level must be from 0 to 1")
    return corruption_name(variant, level)


def regularisers(recipe: Values) -> set[str]:
    """The explicit regularisers of a recipe, by the names of its keys; augmentations by their own."""
    augmentation = recipe["augmentation"] or {}
    found = {kind for kind, used in augmentation.items() if used}
    decays = recipe["weight_decay"]
    if any(decays.values()) if isinstance(decays, dict) else decays:
        found.add("weight_decay")
    return found | {key for key in ("penalties", "dropout", "label_smoothing", "clip_gradient_norm") if recipe[key]}


class Configuration:
    """A checked configuration.

    `raw` is what YAML holds, `catalogue` what config/datasets.yaml holds. Raises ConfigurationError naming the file,
    the key, the value and the nearest valid name.
    """

    def __init__(self, raw: Values, catalogue: Values, sources: ConfigOrigins) -> None:
        self._catalogue = schema.check(catalogue, "datasets", lambda key: CATALOGUE)
        self._raw = raw = schema.check(raw, "config", sources.of)
        if "extends" in raw:
            raise sources.error("extends", raw["extends"], "stands in a configuration file alone")
        self._sources = sources
        self.name: str = raw["name"]
        self.seeds: list[int] = raw.get("seeds", schema.default("config", "seeds"))
        self.data_dir = self._checked_data_dir(raw.get("data_dir", schema.default("config", "data_dir")))
        # Every section is resolved here, so that a fault in a part that no figure uses is found as well.
        self.datasets = self._datasets()
        self.models = self._models()
        self.corruptions = self._corruptions()
        self.recipes = self._recipes()
        self.samples = self._samples()
        self.dataset: str | None = raw.get("dataset", schema.default("config", "dataset"))
        if self.dataset is not None:
            sources.require_known("dataset", self.dataset, "data set", self.datasets)
        self.figures = {name: self._section("figures", name) for name in raw["figures"]}
        self.tables = {name: self._section("tables", name) for name in raw.get("tables", {})}
        self.sections = self.figures | self.tables
        for name in self.tables:
            if TABLES[name].of_everything:
                self.tables[name]["panels"] = self._every_panel(name)

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

    def _checked_data_dir(self, place: str | None) -> str | None:
        """The place with `~` spelled out; a folder must be there, an address is asked when something is fetched."""
        if place is None or place.startswith(ADDRESSES):
            return place
        folder = Path(place).expanduser()
        if not folder.is_dir():
            problem = "is not a folder" if folder.exists() else f"there is no such folder (looked in {Path.cwd()})"
            raise self._sources.error("data_dir", place, problem)
        return str(folder)

    # -- the sections -------------------------------------------------------------------------------------------------

    def _datasets(self) -> dict[str, Values]:
        """Every data set of the catalogue and of the configuration, complete."""
        own = self._raw.get("datasets", {})
        table = self._catalogue | own
        resolved = {}
        for name in table:
            sources, prefix = (self._sources, "datasets.") if name in own else (ConfigOrigins(CATALOGUE), "")
            key = f"{prefix}{name}"
            chain = _chain(name, table, prefix, "data set", sources)
            entry = _extended(chain, table)
            if "reader" not in entry:
                raise sources.error(key, ..., "the key 'reader' is missing")
            sources.require_known(f"{key}.reader", entry["reader"], "reader", READERS)
            # Pictures in data_dir may lie under the name of any that share them.
            sharing = next((i for i, each in enumerate(chain) if {"files", "folder"} & set(table[each])), len(chain))
            resolved[name] = complete(entry, key, sources, self.data_dir, chain[: sharing + 1])
        return resolved

    def _models(self) -> dict[str, Values]:
        """Registered networks and the configuration's variants: factory, family, arguments, label."""
        variants = {name: {"factory": name} for name in MODELS} | self._raw.get("models", {})
        resolved = {}
        for name, variant in variants.items():
            self._sources.require_known(f"models.{name}.factory", factory := variant["factory"], "model", MODELS)
            registered = MODELS[factory]
            # A width of 1 is the registered network and no variant of it.
            named = {"factory", "label"} | ({"width"} if variant.get("width") == 1 else set())
            arguments = {key: value for key, value in variant.items() if key not in named}
            for argument in arguments:
                key = f"models.{name}.{argument}"
                self._sources.require_known(
                    key, argument, f"argument of {factory}", registered.arguments, arguments[argument]
                )
            label = variant.get("label", registered.label if name == factory else name)
            resolved[name] = {"factory": factory, "family": registered.family, "arguments": arguments, "label": label}
        return resolved

    def _corruptions(self) -> dict[str, Values]:
        """Registered corruptions and the configuration's variants: family, options."""
        variants = registered_variants() | self._raw.get("corruptions", {})
        resolved = {}
        for name, variant in variants.items():
            if name in ("true_labels", "split") or split_corruption(name)[1] is not None:
                problem = "such a name is taken (true_labels and split, a number at the end for a level)"
                raise self._sources.error(f"corruptions.{name}", ..., problem)
            self._sources.require_known(
                f"corruptions.{name}.family", family := variant["family"], "corruption", CORRUPTIONS
            )
            choices = CORRUPTIONS[family].options
            given = {key: value for key, value in variant.items() if key != "family"}
            for option in given:
                key = f"corruptions.{name}.{option}"
                self._sources.require_known(key, option, f"option of {family}", choices, given[option])
            options = {option: given.get(option, values[0]) for option, values in choices.items()}
            resolved[name] = {"family": family, "options": options}
        return resolved

    def _recipes(self) -> dict[str, Values]:
        """The recipes, complete; mappings by model family are still in them."""
        table = self._raw["recipes"]
        resolved = {}
        for name in table:
            chain = _chain(name, table, "recipes.", "recipe", self._sources)
            recipe = schema.fill(_extended(chain, table), "config", "recipe")
            if recipe["stop"] is not None:
                recipe["stop"] = self._stop(recipe["stop"], self._recipe_key(name, "stop"))
            if recipe["augmentation"] is not None:
                recipe["augmentation"] = {"random_crop": False, "flip": False, "rotation": 0, **recipe["augmentation"]}
                if recipe["augmentation"]["random_crop"] and recipe["crop"] is None:
                    key = self._recipe_key(name, "augmentation")
                    given = _extended(chain, table)["augmentation"]
                    raise self._sources.error(key, given, "random_crop needs crop, the size of the window")
            if recipe["batch_norm"] is not None:
                recipe["batch_norm"] = self._batch_norm(recipe, self._recipe_key(name, "batch_norm"))
            for setting in BY_FAMILY:
                for family, value in recipe[setting].items() if isinstance(recipe[setting], dict) else ():
                    key = f"{self._recipe_key(name, setting)}.{family}"
                    self._sources.require_known(key, family, "model family", FAMILIES, value)
            self._check_redraws(recipe, self._recipe_key(name, "redraw_labels_after"))
            for index, measure in enumerate(recipe["measures"]):
                self._sources.require_known(
                    f"{self._recipe_key(name, 'measures')}[{index}]", measure, "measure", MEASURES
                )
            resolved[name] = recipe
        return resolved

    def _samples(self) -> Values:
        """What pictures of data sets show, complete."""
        section = schema.fill(self._raw.get("samples", {}), "config", "samples")
        for index, name in enumerate(section["corruptions"]):
            key = f"samples.corruptions[{index}]"
            section["corruptions"][index] = spelled = self.corruption(name, key, self._sources)
            if spelled in section["corruptions"][:index]:
                raise self._sources.error(key, name, f"{spelled!r} stands there twice")
        return section

    def _stop(self, stop: Values, key: str) -> Values:
        """The one rule that ends a run early, complete."""
        rules = [rule for rule in ("criterion", "early_stopping", "plateau") if rule in stop]
        if len(rules) != 1 or ("extra_epochs" in stop and rules != ["criterion"]):
            raise self._sources.error(key, stop, "needs one of criterion (with extra_epochs), early_stopping, plateau")
        return {"extra_epochs": 0, **stop} if rules == ["criterion"] else stop

    def _batch_norm(self, recipe: Values, key: str) -> Values:
        """The settings of batch normalisation, complete."""
        found = schema.fill(recipe["batch_norm"], "config", "batch_norm")
        if found["debiased"] and recipe["compile"] is not None:
            problem = "changes from step to step, which a compiled network (the recipe's compile) does not follow"
            raise self._sources.error(f"{key}.debiased", True, problem)
        return found

    def _check_redraws(self, recipe: Values, key: str) -> None:
        """That labels are redrawn in one order and while there is still something to train."""
        epochs = recipe["redraw_labels_after"]
        if epochs != sorted(set(epochs)):
            raise self._sources.error(key, epochs, "each must be larger than the one before it")
        given = recipe["epochs"]
        last = min(given.values()) if isinstance(given, dict) else given  # of the family that is trained least
        if epochs and epochs[-1] >= last:
            problem = f"epoch {last} is the last (the recipe's epochs), so none comes after the redraw"
            raise self._sources.error(key, epochs, problem)

    def _recipe_key(self, name: str, key: str) -> str:
        """Where a recipe's value is written: in itself or in one that it extends."""
        table = self._raw["recipes"]
        chain = _chain(name, table, "recipes.", "recipe", self._sources)
        return f"recipes.{next((each for each in chain if key in table[each]), name)}.{key}"

    # -- figures and tables -------------------------------------------------------------------------------------------

    def _section(self, kind: str, name: str) -> Values:
        """A figure's or table's section with every panel spelled out: dataset, recipe, models, corruptions."""
        key, one = f"{kind}.{name}", kind.removesuffix("s")
        registry: Mapping[str, Figure | Table] = {"figures": FIGURES, "tables": TABLES}[kind]
        self._sources.require_known(key, name, one, registry, ...)
        section = schema.fill(self._raw[kind][name], "config", one)
        if kind == "tables":
            section["tolerance"] = schema.fill(section["tolerance"], "config", "tolerance")
        entry = registry[name]
        wanted = entry.panels
        may_lack = isinstance(entry, Table)  # rows that a configuration cannot afford
        if wanted and self.dataset is not None:
            section.setdefault("dataset", self.dataset)
        for part in ("dataset", "recipe") if may_lack else ("dataset", "recipe", "panels"):
            if wanted and part not in section:
                raise self._sources.error(key, ..., f"the key {part!r} is missing")
            if not wanted and part in section:
                raise self._sources.error(f"{key}.{part}", section[part], f"{name} is drawn from no runs")
        if not wanted:
            return section | {"panels": {}}
        if may_lack and not (section["panels"] or entry.of_everything):
            raise self._sources.error(f"{key}.panels", ..., f"needs some of the keys {', '.join(wanted)}")
        for kind, table in (("dataset", self.datasets), ("recipe", self.recipes)):
            self._sources.require_known(f"{key}.{kind}", section[kind], KINDS[kind], table)
        for panel in section["panels"]:
            self._sources.require_known(f"{key}.panels.{panel}", panel, f"panel of {name}", wanted, ...)
        given = {wanted[panel].part for panel in section["panels"]} | {None}
        for panel in wanted:
            if panel not in section["panels"] and wanted[panel].part in given and not may_lack:
                raise self._sources.error(f"{key}.panels", ..., f"the key {panel!r} is missing")
        panels = {
            panel: self._panel(section, f"{key}.panels.{panel}", section["panels"][panel])
            for panel in wanted
            if panel in section["panels"]
        }
        for panel, resolved in panels.items():
            self._check_panel(wanted[panel], f"{key}.panels.{panel}", resolved)
            if (other := wanted[panel].differs_only_in_recipe_from) is not None and other in panels:
                self._check_differs_only_in_recipe(other, f"{key}.panels.{panel}", resolved, panels[other])
            if wanted[panel].by_level:
                self._check_levels(section, f"{key}.panels.{panel}", resolved)
        return section | {"panels": panels}

    def _every_panel(self, table: str) -> Values:
        """The panels of all figures and tables, as "fig1.learning_curves"; those of `table` itself as well."""
        return {
            f"{section}.{panel}": group
            for section, values in self.sections.items()
            if section == table or section in self.figures or not TABLES[section].of_everything
            for panel, group in values["panels"].items()
        }

    def _check_panel(self, panel: Panel, key: str, group: Values) -> None:
        """That a group of runs is what its panel says of it."""
        recipe = self.recipes[group["recipe"]]
        if panel.one_model and len(group["models"]) > 1:
            raise self._sources.error(f"{key}.models", group["models"], "shows one model")
        if panel.one_corruption and len(group["corruptions"]) > 1:
            raise self._sources.error(f"{key}.corruptions", group["corruptions"], "shows one corruption")
        if panel.corruptions is not None and group["corruptions"] != list(panel.corruptions):
            problem = f"is about {' and '.join(panel.corruptions)} alone"
            raise self._sources.error(f"{key}.corruptions", group["corruptions"], problem)
        if panel.in_full and recipe["stop"] is not None:
            problem = f"the recipe {group['recipe']!r} may end runs early (its key stop); here all epochs are trained"
            raise self._sources.error(key, ..., problem)
        if panel.validation and self.datasets[group["dataset"]]["validation"] is None:
            problem = f"needs a validation set, and the data set {group['dataset']!r} holds none out"
            raise self._sources.error(key, ..., problem)
        if panel.redraws is not None and bool(redrawn := recipe["redraw_labels_after"]) != panel.redraws:
            where = self._recipe_key(group["recipe"], "redraw_labels_after")
            raise self._sources.error(where, redrawn, "must be " + ("epochs" if panel.redraws else "[]") + f" in {key}")
        if panel.regularisers is not None:
            found = regularisers(recipe)
            if "augmentation" in panel.regularisers and found & AUGMENTATIONS:
                found = found - AUGMENTATIONS | {"augmentation"}
            if found != panel.regularisers:
                wanted, has = (", ".join(sorted(names)) or "none" for names in (panel.regularisers, found))
                problem = f"needs a recipe with these regularisers: {wanted}; {group['recipe']!r} has: {has}"
                raise self._sources.error(key, ..., problem)

    def _check_differs_only_in_recipe(self, name: str, key: str, group: Values, other: Values) -> None:
        """That a group of runs differs from that of the panel `name` in the recipe alone."""
        for part in ("dataset", "models", "corruptions"):
            if group[part] != other[part]:
                same = json.dumps(other[part], ensure_ascii=False)
                raise self._sources.error(f"{key}.{part}", group[part], f"must be that of the panel {name!r}, {same}")

    def _check_levels(self, section: Values, key: str, panel: Values) -> None:
        """That a panel over levels has one corruption a level, its reference, and runs that go on until they fit."""
        levels = [0.0 if name == "true_labels" else split_corruption(name)[1] for name in panel["corruptions"]]
        if None in levels or len(set(levels)) < len(levels):
            raise self._sources.error(f"{key}.corruptions", panel["corruptions"], "needs one corruption a level")
        if 0.0 not in levels:
            raise self._sources.error(key, ..., "needs level 0 (true_labels), which times are relative to")
        ends, asked = (self.recipes[panel["recipe"]]["stop"] or {}).get("criterion"), section["fit_criterion"]
        if ends is not None and asked not in implied(ends):
            problem = (
                f"the runs of recipe {panel['recipe']!r} end at {ends}, before they meet this; change its stop as well"
            )
            raise self._sources.error(f"{key.rpartition('.panels.')[0]}.fit_criterion", asked, problem)

    def _panel(self, section: Values, key: str, panel: Values) -> Values:
        resolved = {}
        for kind, table in (("dataset", self.datasets), ("recipe", self.recipes)):
            resolved[kind] = panel.get(kind, section[kind])
            self._sources.require_known(f"{key}.{kind}", resolved[kind], KINDS[kind], table)
        for index, model in enumerate(panel["models"]):
            self._sources.require_known(f"{key}.models[{index}]", model, "model", self.models)
            self._check_fit(resolved["dataset"], model, resolved["recipe"], f"{key}.models[{index}]", self._sources)
        corruptions = [corruption_name("random_labels", level) for level in panel.get("levels", [])] or [
            self.corruption(corruption, f"{key}.corruptions[{index}]", self._sources)
            for index, corruption in enumerate(panel.get("corruptions", []))
        ]
        for index, corruption in enumerate(corruptions):
            where = f"{key}.corruptions[{index}]"
            self._check_labels(resolved["dataset"], corruption, resolved["recipe"], where, self._sources)
            if corruption in corruptions[:index]:
                raise self._sources.error(
                    f"{key}.corruptions", panel["corruptions"], f"{corruption!r} stands there twice"
                )
        return resolved | {"models": panel["models"], "corruptions": corruptions}

    def corruption(self, name: str, key: str, sources: ConfigOrigins) -> str:
        """The one spelling of the name of a corruption of this configuration."""
        return spelled_corruption(name, self.corruptions, key, sources)

    def _check_labels(self, dataset: str, corruption: str, recipe: str, key: str, sources: ConfigOrigins) -> None:
        """That a data set whose labels are to be those of people has any, and that only drawn labels are redrawn."""
        family = self._family(corruption)
        if self.recipes[recipe]["redraw_labels_after"] and not (family and CORRUPTIONS[family].draws_labels):
            drawn = " or ".join(f"{name}-P" for name, entry in CORRUPTIONS.items() if entry.draws_labels)
            raise sources.error(key, corruption, f"the recipe {recipe!r} redraws labels; that needs {drawn}")
        if self.human_labels_name(dataset) is None and family == HUMAN_LABELS:
            having = ", ".join(name for name in self.datasets if self.human_labels_name(name))
            problem = f"{dataset!r} has no human labels; there are some of: {having or 'none'}"
            raise sources.error(key, corruption, problem)

    def _family(self, corruption: str) -> str | None:
        """The registered corruption behind a name, None for true labels."""
        return None if corruption == "true_labels" else self.corruptions[split_corruption(corruption)[0]]["family"]

    def _check_fit(self, dataset: str, model: str, recipe: str, key: str, sources: ConfigOrigins) -> None:
        """That the recipe has values for the model's family, and that the network takes the images."""
        size = self.datasets[dataset]["image_size"] or self.datasets[dataset]["original"]["image_size"]
        crop = self.recipes[recipe]["crop"]
        if crop is not None and crop > size:
            problem = f"larger than the images of {dataset!r}, {size}x{size}; null keeps them whole"
            raise self._sources.error(self._recipe_key(recipe, "crop"), crop, problem)
        side, network = self.recipes[recipe]["resize"] or crop or size, MODELS[self.models[model]["factory"]]
        if network.num_classes is None:
            raise sources.error(key, model, "does not classify; it can be built and counted")
        if side < (smallest := network.smallest):
            problem = (
                f"takes images of {smallest}x{smallest} or more, {dataset!r} with recipe {recipe!r} has {side}x{side}"
            )
            raise sources.error(key, model, problem)
        if network.needs_two_images(side, self.models[model]["arguments"]):
            self._check_batches_of_one(dataset, model, recipe, side)
        self._check_whitening(dataset, recipe)
        family = self.models[model]["family"]
        for setting in BY_FAMILY:
            value = self.recipes[recipe][setting]
            if isinstance(value, dict) and family not in value:
                problem = f"has no value for the model family {family!r} of {model!r}"
                raise self._sources.error(self._recipe_key(recipe, setting), value, problem)
        stop = self.recipes[recipe]["stop"] or {}
        if "early_stopping" in stop and self.datasets[dataset]["validation"] is None:
            problem = f"needs a validation set, and the data set {dataset!r} holds none out (its key validation)"
            raise self._sources.error(self._recipe_key(recipe, "stop"), stop, problem)

    def _check_batches_of_one(self, dataset: str, model: str, recipe: str, side: int) -> None:
        """That a network which normalises single pixels over the batch never gets a batch of one image."""
        entry, values = self.datasets[dataset], self.recipes[recipe]
        num = {part: entry[part] or entry["original"][part] for part in ("train", "test")}
        num["train"] -= (held_out := entry["validation"] or 0)
        why = f"{model!r} cannot normalise over one image of {side}x{side} pixels"
        size = values["batch_size"]
        if size == 1 or num["train"] % size == 1:
            left = f"{dataset!r} has {num['train']} training images, which leaves a batch of one"
            problem = f"{left}, and {why}; take another size, or another number of images"
            raise self._sources.error(self._recipe_key(recipe, "batch_size"), size, problem)
        if (values["batch_norm"] or {}).get("statistics") == "batch":
            for part, count in {"training": num["train"], "validation": held_out, "test": num["test"]}.items():
                if count % EVALUATED_AT_ONCE == 1:
                    left = f"of the {count} {part} images of {dataset!r}, evaluated {EVALUATED_AT_ONCE} at a time, one"
                    problem = f"{left} is left, and {why}; take another number of images"
                    key = f"{self._recipe_key(recipe, 'batch_norm')}.statistics"
                    raise self._sources.error(key, "batch", problem)

    def _check_whitening(self, dataset: str, recipe: str) -> None:
        """That fixed numbers are as many as the images have channels, or one for all."""
        whitening = self.recipes[recipe]["whitening"]
        channels = self.datasets[dataset]["channels"] or self.datasets[dataset]["original"]["channels"]
        for name, values in whitening.items() if isinstance(whitening, dict) else ():
            if isinstance(values, list) and len(values) not in (1, channels):
                key = f"{self._recipe_key(recipe, 'whitening')}.{name}"
                problem = f"needs one number, or {channels}: the images of {dataset!r} have {channels} channel(s)"
                raise self._sources.error(key, values, problem)

    # -- what the jobs get --------------------------------------------------------------------------------------------

    def plan(self, section: str) -> Values:
        """A figure's or table's runs as plain JSON, the argument of `rethinking.run.runs_of`."""
        panels = self.sections[section]["panels"]
        models = sorted({model for panel in panels.values() for model in panel["models"]})
        return {
            "seeds": self.seeds,
            "panels": panels,
            "models": {name: {k: self.models[name][k] for k in ("factory", "family", "arguments")} for name in models},
            "recipes": {panel["recipe"]: self.recipes[panel["recipe"]] for panel in panels.values()},
        }

    def runs(self, section: str) -> list[RunConfig]:
        """The runs that a figure is drawn from or a table made from."""
        return runs_of(self.plan(section))

    @property
    def experiments(self) -> dict[str, list[str]]:
        """The runs' folders by the names that the corruption repository has for their networks and corruptions."""
        found: dict[str, set[str]] = {}
        for run in (run for section in self.sections for run in self.runs(section)):
            if (name := experiment_name(run.model, run.corruption)) is not None:
                found.setdefault(name, set()).add(run.path)
        return {name: sorted(paths) for name, paths in found.items()}

    def at_paper_size(self, section: str) -> bool:
        """Whether a figure or table is about all of CIFAR-10, as the paper's are."""
        if not self.sections[section]["panels"]:
            return False
        entry = self.datasets[self.sections[section]["dataset"]]
        original = entry["original"]
        whole = all(entry[part] in (None, original[part]) for part in ("train", "test"))
        as_it_is = entry["image_size"] in (None, original.get("image_size")) and entry["channels"] in (None, 3)
        return entry["reader"] == "cifar10" and whole and as_it_is and entry["validation"] is None

    def published(self, section: str) -> tuple[str, ...]:
        """The files of published numbers that a figure or table shows; the paper's are for runs of its size."""
        entry = FIGURES[section] if section in self.figures else TABLES[section]
        at_any_size = isinstance(entry, Table) and entry.at_any_size
        return entry.published if at_any_size or self.at_paper_size(section) else ()

    def as_published(self, model: str) -> str | None:
        """The registered network whose published numbers a model may be held against; None for a variant of one."""
        return None if self.models[model]["arguments"] else self.models[model]["factory"]

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
        self._check_fit(dataset, model, recipe, "model", asked)
        spelled = self.corruption(corruption, "corruption", asked)
        self._check_labels(dataset, spelled, recipe, "corruption", asked)
        panel = {"dataset": dataset, "recipe": recipe, "models": [model], "corruptions": [spelled]}
        recipes = {recipe: self.recipes[recipe] | overrides}
        return runs_of({"seeds": [seed], "panels": {"run": panel}, "models": self.models, "recipes": recipes})[0]

    def download_name(self, dataset: str) -> str | None:
        """The entry whose files a data set is made of, itself or one that it extends; None where there are no files."""
        return None if self.datasets[dataset]["path"] else self._owner(dataset, "files")

    def human_labels_name(self, dataset: str) -> str | None:
        """What its human labels are downloaded as, such as cifar10/human_labels; None where it has none."""
        owner = self._owner(dataset, HUMAN_LABELS) if self.datasets[dataset][HUMAN_LABELS] else None
        return f"{owner}/{HUMAN_LABELS}" if owner else None

    def _owner(self, dataset: str, key: str) -> str | None:
        """The nearest entry, itself or one that it extends, that holds a key; None where there is none."""
        table = self._catalogue | self._raw.get("datasets", {})
        return next((name for name in self._lineage(dataset) if key in table[name]), None)

    def _lineage(self, dataset: str) -> list[str]:
        """A data set and those that it extends, nearest first."""
        return _chain(dataset, self._catalogue | self._raw.get("datasets", {}), "", "data set", self._sources)

    def _download_files(self, name: str) -> dict[str, Values]:
        owner, _, of_labels = name.partition("/")
        entry = self.datasets[owner]
        return (entry[HUMAN_LABELS] if of_labels else entry)["files"]

    def download_job(self, name: str) -> Values:
        """What a download depends on: what the files must be, not where they come from."""
        files = self._download_files(name)
        return {file: {key: value for key, value in files[file].items() if key != "urls"} for file in files}

    @property
    def urls(self) -> dict[str, dict[str, list[str]]]:
        """The mirrors by download (the name of a data set, or of its human labels) and file."""
        found = [download(name) for name in self.datasets for download in (self.download_name, self.human_labels_name)]
        names = dict.fromkeys(name for name in found if name)
        return {name: {file: values["urls"] for file, values in self._download_files(name).items()} for name in names}

    @property
    def paths(self) -> dict[str, str]:
        """Where the pictures of data sets lie on disk, by data set."""
        return {name: entry["path"] for name, entry in self.datasets.items() if entry["path"]}

    def prepare_job(self, dataset: str) -> Values:
        """What preparing a data set depends on; of pictures on disk, their names and a digest of their contents."""
        entry = self.datasets[dataset]
        keys = ("reader", "image_size", "channels", "train", "test")
        values = {key: entry[key] for key in keys} | {"source": entry["original"], "seed": entry["subset_seed"]}
        if entry["reader"] in READER_OPTIONS:
            options = {key: entry[key] for key in READER_OPTIONS[entry["reader"]]}
            if (
                "image_size" in entry["original"]
            ):  # all have that one, which is checked, and are resized like any others
                options["image_size"] = None
            values["options"] = options | {"channels": entry["original"]["channels"]}
            values["listing"] = entry.get("listing")
        return values

    def split_job(self, dataset: str, seed: int) -> Values | None:
        """What a validation split depends on; None where a data set holds none out."""
        size = self.datasets[dataset]["validation"]
        return None if size is None else {"dataset": dataset, "validation": size, "seed": seed}

    def corruption_job(self, dataset: str, corruption: str, seed: int) -> Values:
        """What corrupting a data set depends on; human labels must be told which of the images it has."""
        variant, level = split_corruption(corruption)
        values = {
            "dataset": dataset,
            "corruption": {"name": corruption, "level": level, **self.corruptions[variant]},
            "seed": seed,
        }
        if self.corruptions[variant]["family"] == HUMAN_LABELS:
            entry = self.datasets[dataset]
            values["subset"] = {"size": entry["train"], "seed": entry["subset_seed"]}
        return values

    def corruption_download(self, dataset: str, corruption: str) -> str | None:
        """What a corruption needs downloaded; None for all that are computed."""
        return self.human_labels_name(dataset) if self._family(corruption) == HUMAN_LABELS else None

    def samples_job(self, dataset: str) -> Values:
        """What the images of a data set and of its corruptions are shown by."""
        has_human_labels = self.human_labels_name(dataset) is not None
        corruptions = [
            name for name in self.samples["corruptions"] if has_human_labels or self._family(name) != HUMAN_LABELS
        ]
        if not corruptions:
            raise self._sources.error("samples.corruptions", self.samples["corruptions"], f"none is one of {dataset!r}")
        return {"dataset": dataset, "corruptions": corruptions} | {key: self.samples[key] for key in ("images", "seed")}

    def values_job(self, dataset: str) -> Values:
        """What the values of one image's pixels are shown by."""
        return {"dataset": dataset, "image": self.samples["image"]}

    def picture_section(self, dataset: str) -> Values:
        """What drawing a data set depends on, beside its samples."""
        return {"name": self.name, "dataset_label": self._dataset_label(dataset), "seed": self.samples["seed"]}

    def _dataset_label(self, dataset: str) -> str:
        return self.datasets[dataset].get("label", dataset)

    def _described(self, section: Values) -> Values:
        """What drawing a figure and writing a table depend on, beside their data frames."""
        models = [model for panel in section["panels"].values() for model in panel["models"]]
        return {
            "name": self.name,
            "seeds": self.seeds,
            "dataset": section["dataset"],
            "dataset_label": self._dataset_label(section["dataset"]),
            "datasets": {
                name: {"label": self._dataset_label(name), "lineage": self._lineage(name)}
                for name in sorted({panel["dataset"] for panel in section["panels"].values()})
            },
            "recipe": section["recipe"],
            "recipe_note": section["note"],
            "fit_criterion": section["fit_criterion"],
            "labels": {model: self.models[model]["label"] for model in models},
            "published_as": {model: self.as_published(model) for model in models},
            "panels": section["panels"],
        }

    def figure_section(self, figure: str) -> Values:
        """What drawing a figure depends on, beside its tables."""
        section = self.figures[figure]
        if not section["panels"]:
            return {"name": self.name, "note": section["note"], "size": section["size"]}
        settings = {
            name: {key: self.recipes[panel["recipe"]][key] for key in FIGURES[figure].settings}
            for name, panel in section["panels"].items()
        }
        return self._described(section) | {"size": section["size"], "settings": settings}

    def table_section(self, table: str) -> Values:
        """What a table depends on, beside the tables of its runs."""
        section = self.tables[table]
        settings = {
            name: {
                model: {key: recipe[key] for key in ("epochs", "weight_decay", "weight_decay_on", "augmentation")}
                for model in panel["models"]
                for recipe in [by_family(self.recipes[panel["recipe"]], self.models[model]["family"])]
            }
            for name, panel in section["panels"].items()
        }
        compared = self.at_paper_size(table)
        return self._described(section) | {
            "tolerance": section["tolerance"],
            "settings": settings,
            "at_paper_size": compared,
            "factories": {
                model: self.models[model]["factory"]
                for panel in section["panels"].values()
                for model in panel["models"]
            },
            "would_take": self._paper_runs() if compared and TABLES[table].of_everything else [],
        }

    def _paper_runs(self) -> list[Values]:
        """The runs behind every published number, as the paper's own configuration has them, and their cost."""
        paper = self if self.name == PAPER_CONFIGURATION else Configuration.load(CHECKOUT / PAPER_FILE)
        return [
            {
                "panel": name,
                "model": paper.as_published(model),
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
