"""A bad configuration is refused before the first job, in one message: file, key, value, what would be right."""

import copy
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tiny_workflow import JOB, TINY, Checkout

from rethinking import schema
from rethinking.config import CATALOGUE, CHECKOUT, Configuration
from rethinking.schema import ConfigOrigins, ConfigurationError, load_yaml

CURVES = "figures/fig1/panels/learning_curves"
LEVELS = "figures/fig1/panels/corruption_levels"
IN_CURVES, IN_LEVELS = CURVES.replace("/", "."), LEVELS.replace("/", ".")
NAMES = (
    "at most 100 letters, digits, dots, underscores and hyphens, the first a letter or digit; it becomes part of paths"
)
COLOURED = {"reader": "digits", "original": {"image_size": 8, "channels": 3, "train": 90, "test": 90, "classes": 9}}
GONE = object()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The tiny configuration with one value put in, or taken out."""
    configuration = yaml.safe_load(TINY)
    node = configuration
    *parents, last = path.split("/")
    for parent in parents:
        node = node.setdefault(parent, {})
    node[last] = value
    if value is GONE:
        del node[last]
    return configuration


def load(configuration: dict[str, Any], overrides: dict[str, Any] | None = None) -> Configuration:
    catalogue = load_yaml(CHECKOUT / CATALOGUE)
    return Configuration(
        copy.deepcopy(configuration), catalogue, ConfigOrigins("config/mine.yaml", {"--config": overrides or {}})
    )


def refusal(configuration: dict[str, Any], overrides: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(configuration, overrides)
    return str(refused.value)


UNKNOWN_KEYS = [
    ("sedes", [0], "sedes = [0]: unknown key; did you mean 'seeds'?"),
    ("recipe", {}, "recipe = {}: unknown key; did you mean 'recipes'?"),
    ("recipes/quick/epoch", 5, "recipes.quick.epoch = 5: unknown key; did you mean 'epochs'?"),
    ("recipes/quick/stop", {"criterium": "accuracy_100"},
     'recipes.quick.stop.criterium = "accuracy_100": unknown key; did you mean \'criterion\'?'),
    ("models/mlp-w0.05/widht", 1, "models.mlp-w0.05.widht = 1: unknown key; did you mean 'width'?"),
    ("datasets/digits-50/trian", 50, "datasets.digits-50.trian = 50: unknown key; did you mean 'train'?"),
    ("datasets/mine", {"source": {"classes": 10}},
     "datasets.mine.source = {\"classes\": 10}: is called 'original' now"),
    ("datasets/mine", {"original": {"clases": 10}},
     "datasets.mine.original.clases = 10: unknown key; did you mean 'classes'?"),
    ("corruptions/mine", {"family": "random_pixels", "unt": "value"},
     'corruptions.mine.unt = "value": unknown key; did you mean \'unit\'?'),
    ("figures/fig1/siz", [7, 3], "figures.fig1.siz = [7, 3]: unknown key; did you mean 'size'?"),
    (f"{CURVES}/model", [], f"{IN_CURVES}.model = []: unknown key; did you mean 'models'?"),
]  # fmt: skip

UNKNOWN_NAMES = [
    ("figures/fig1/dataset", "digit", 'figures.fig1.dataset = "digit": unknown data set; did you mean \'digits\'?'),
    (f"{CURVES}/dataset", "digist", f"{IN_CURVES}.dataset = \"digist\": unknown data set; did you mean 'digits'?"),
    ("datasets/digits-50/extends", "digts",
     'datasets.digits-50.extends = "digts": unknown data set; did you mean \'digits\'?'),
    ("datasets/digits-50/reader", "digts",
     'datasets.digits-50.reader = "digts": unknown reader; did you mean \'digits\'?'),
    (f"{CURVES}/models", ["inceptoin"],
     f"{IN_CURVES}.models[0] = \"inceptoin\": unknown model; did you mean 'inception'?"),
    (f"{LEVELS}/models", ["alexnet", "mlp-w0.5"],
     f"{IN_LEVELS}.models[1] = \"mlp-w0.5\": unknown model; did you mean 'mlp-w0.05'?"),
    ("models/mlp-w0.05/factory", "mlp_1x521",
     'models.mlp-w0.05.factory = "mlp_1x521": unknown model; did you mean \'mlp_1x512\'?'),
    (f"{CURVES}/corruptions", ["true_labels", "random_label-0.5"],
     f"{IN_CURVES}.corruptions[1] = \"random_label-0.5\": unknown corruption; did you mean 'random_labels-0.5'?"),
    (f"{CURVES}/corruptions", ["true_label"],
     f"{IN_CURVES}.corruptions[0] = \"true_label\": unknown corruption; did you mean 'true_labels'?"),
    ("corruptions/mine", {"family": "random_pixel"},
     'corruptions.mine.family = "random_pixel": unknown corruption; did you mean \'random_pixels\'?'),
    ("corruptions/mine", {"family": "random_labels", "unit": "value"},
     'corruptions.mine.unit = "value": unknown option of random_labels; none is defined'),
    ("figures/fig1/recipe", "quik", 'figures.fig1.recipe = "quik": unknown recipe; did you mean \'quick\'?'),
    (f"{CURVES}/recipe", "curvs", f"{IN_CURVES}.recipe = \"curvs\": unknown recipe; did you mean 'curves'?"),
    ("recipes/curves/extends", "quik", 'recipes.curves.extends = "quik": unknown recipe; did you mean \'quick\'?'),
    ("recipes/quick/learning_rate", {"mlp": 0.1, "alexnett": 0.2},
     "recipes.quick.learning_rate.alexnett = 0.2: unknown model family; did you mean 'alexnet'?"),
    ("recipes/quick/measures", ["frobenius"],
     'recipes.quick.measures[0] = "frobenius": unknown measure; did you mean \'frobenius_norm\'?'),
    ("figures/fig11", {"dataset": "digits", "recipe": "quick", "panels": {}},
     "figures.fig11: unknown figure; did you mean 'fig1'?"),
    ("figures/fig1/panels/curves", {"models": ["alexnet"], "levels": [0]},
     "figures.fig1.panels.curves: unknown panel of fig1; did you mean 'learning_curves'?"),
    ("recipes/quick/whitening", "per_imag",
     'recipes.quick.whitening = "per_imag": unknown value; did you mean \'per_image\'?'),
    ("recipes/quick/optimiser", "adan", 'recipes.quick.optimiser = "adan": unknown value; did you mean \'adam\'?'),
    ("recipes/quick/stop", {"criterion": "accuracy_98"},
     'recipes.quick.stop.criterion = "accuracy_98": unknown value; did you mean \'accuracy_99\'?'),
    ("figures/fig1/fit_criterion", "acuracy_99",
     'figures.fig1.fit_criterion = "acuracy_99": unknown value; did you mean \'accuracy_99\'?'),
    ("corruptions/mine", {"family": "random_pixels", "unit": "pixel"},
     'corruptions.mine.unit = "pixel": unknown value; known: position, value'),
    ("datasets/digits-50/channels", 2, "datasets.digits-50.channels = 2: unknown value; known: 1, 3, null"),
]  # fmt: skip

LEVELS_AND_CORRUPTIONS = [
    (f"{LEVELS}/levels", [0, 1.5], f"{IN_LEVELS}.levels[1] = 1.5: must be at most 1"),
    (f"{LEVELS}/levels", [-0.1], f"{IN_LEVELS}.levels[0] = -0.1: must be at least 0"),
    (f"{LEVELS}/levels", [], f"{IN_LEVELS}.levels = []: must not be empty"),
    (f"{LEVELS}/levels", [0.2, 0.5], f"{IN_LEVELS}: needs level 0 (true_labels), which times are relative to"),
    (LEVELS, {"models": ["alexnet"], "corruptions": ["true_labels", "random_pixels"]},
     f'{IN_LEVELS}.corruptions = ["true_labels", "random_pixels"]: needs one corruption a level'),
    (f"{CURVES}/models", ["alexnet", "inception"],
     f'{IN_CURVES}.models = ["alexnet", "inception"]: shows one model'),
    ("recipes/quick/stop", {"criterion": "accuracy_99"},
     'figures.fig1.fit_criterion = "accuracy_100": the runs of recipe \'quick\' end at accuracy_99, before they meet '
     "this; change its stop as well"),
    (f"{LEVELS}/levels", [0, 0.5, 0.50], f"{IN_LEVELS}.levels = [0, 0.5, 0.5]: 0.5 stands there twice"),
    (f"{CURVES}/corruptions", ["random_labels-1.5"],
     f'{IN_CURVES}.corruptions[0] = "random_labels-1.5": the level must be from 0 to 1'),
    (f"{CURVES}/corruptions", ["random_labels"],
     f'{IN_CURVES}.corruptions[0] = "random_labels": needs a level from 0 to 1, as in random_labels-0.5'),
    (f"{CURVES}/corruptions", ["random_pixels-0.5"],
     f'{IN_CURVES}.corruptions[0] = "random_pixels-0.5": takes no level; write random_pixels'),
    (f"{CURVES}/corruptions", ["random_labels-0.5", "random_labels-0.50"],
     f'{IN_CURVES}.corruptions = ["random_labels-0.5", "random_labels-0.50"]: '
     "'random_labels-0.5' stands there twice"),
    (f"{CURVES}/corruptions", ["true_labels", "random_labels-0.0"],
     f'{IN_CURVES}.corruptions = ["true_labels", "random_labels-0.0"]: \'true_labels\' stands there twice'),
    (f"{LEVELS}/corruptions", ["true_labels"], f"{IN_LEVELS}: needs exactly one of the keys corruptions and levels"),
    (f"{LEVELS}/levels", GONE, f"{IN_LEVELS}: needs exactly one of the keys corruptions and levels"),
    ("corruptions/true_labels", {"family": "random_labels"}, "corruptions.true_labels: such a name is taken "
     "(true_labels and split, a number at the end for a level)"),
    ("corruptions/random_labels", {"family": "shuffled_labels"},
     'corruptions.random_labels.family = "shuffled_labels": random_labels is the name of a registered corruption, '
     "whose family is random_labels; give it another"),
    ("corruptions/human_labels-worse", {"family": "random_labels"},
     'corruptions.human_labels-worse.family = "random_labels": human_labels-worse is the name of a registered '
     "corruption, whose family is human_labels; give it another"),
    ("corruptions/noise-0.5", {"family": "random_pixels"}, "corruptions.noise-0.5: such a name is taken "
     "(true_labels and split, a number at the end for a level)"),
]  # fmt: skip

NUMBERS = [
    ("recipes/quick/weight_decay", "1e-3",
     'recipes.quick.weight_decay = "1e-3": YAML reads this as text, must be a number or a mapping; write 1.0e-3'),
    ("recipes/quick/learning_rate", "5e-2",
     'recipes.quick.learning_rate = "5e-2": YAML reads this as text, must be a number or a mapping or null; '
     "write 5.0e-2"),
    ("recipes/quick/learning_rate/mlp", "1e-3",
     'recipes.quick.learning_rate.mlp = "1e-3": YAML reads this as text, must be a number; write 1.0e-3'),
    ("models/mlp-w0.05/width", "2e-1",
     'models.mlp-w0.05.width = "2e-1": YAML reads this as text, must be a number; write 2.0e-1'),
    ("recipes/quick/epochs", "1e2",
     'recipes.quick.epochs = "1e2": YAML reads this as text, must be a whole number or a mapping; write 100'),
    ("recipes/quick/epochs", "many", 'recipes.quick.epochs = "many": is text, must be a whole number or a mapping'),
    ("recipes/quick/epochs", "1.5",
     'recipes.quick.epochs = "1.5": YAML reads this as text, must be a whole number or a mapping'),
    ("recipes/quick/epochs", "1e-1",
     'recipes.quick.epochs = "1e-1": YAML reads this as text, must be a whole number or a mapping'),
    ("recipes/quick/epochs", "nan",
     'recipes.quick.epochs = "nan": is text, must be a whole number or a mapping, and finite'),
    ("recipes/quick/learning_rate/mlp", "inf",
     'recipes.quick.learning_rate.mlp = "inf": is text, must be a number, and finite'),
    ("recipes/quick/decay", "1e999", 'recipes.quick.decay = "1e999": is text, must be a number, and finite'),
    ("seeds", [10**21], f"seeds[0] = {10**21}: must be at most 4294967295"),
    (f"{LEVELS}/levels", [0, 1e-300], f"{IN_LEVELS}.levels[1] = 1e-300: the level must be 0 or at least 1e-09"),
    ("recipes/quick/epochs", 1.5, "recipes.quick.epochs = 1.5: must be a whole number or a mapping"),
    ("recipes/quick/epochs", 2.0, "recipes.quick.epochs = 2.0: must be a whole number or a mapping; write 2"),
    ("recipes/quick/epochs", True, "recipes.quick.epochs = true: must be a whole number or a mapping"),
    ("recipes/quick/epochs", 0, "recipes.quick.epochs = 0: must be at least 1"),
    ("recipes/curves/epochs", -1, "recipes.curves.epochs = -1: must be at least 1"),
    ("recipes/unused", {"batch_size": 0}, "recipes.unused.batch_size = 0: must be at least 1"),
    ("recipes/quick/batch_size", -32, "recipes.quick.batch_size = -32: must be at least 1"),
    ("recipes/quick/learning_rate", 0, "recipes.quick.learning_rate = 0: must be more than 0"),
    ("recipes/quick/learning_rate/mlp", -0.1, "recipes.quick.learning_rate.mlp = -0.1: must be more than 0"),
    ("recipes/quick/learning_rate", math.nan,
     "recipes.quick.learning_rate = NaN: must be a number or a mapping or null, and finite"),
    ("models/mlp-w0.05/width", math.inf, "models.mlp-w0.05.width = Infinity: must be a number, and finite"),
    ("recipes/quick/learning_rate", {}, "recipes.quick.learning_rate = {}: must not be empty"),
    ("recipes/quick/momentum", 1, "recipes.quick.momentum = 1: must be less than 1"),
    ("seeds", [0, 1, 0], "seeds = [0, 1, 0]: 0 stands there twice"),
    ("seeds", [], "seeds = []: must not be empty"),
    ("seeds", [-1], "seeds[0] = -1: must be at least 0"),
    ("seeds", 0, "seeds = 0: must be a list"),
]  # fmt: skip

SIZES = [
    ("recipes/quick/crop", 28,
     "recipes.quick.crop = 28: larger than the images of 'digits-50', 8x8; null keeps them whole"),
    ("recipes/quick/crop", 3, f"{IN_CURVES}.models[0] = \"inception-w0.05\": takes images of 4x4 or more, "
     "'digits-50' with recipe 'curves' has 3x3"),
    ("datasets/digits-50/image_size", 3, f"{IN_CURVES}.models[0] = \"inception-w0.05\": takes images of 4x4 or more, "
     "'digits-50' with recipe 'curves' has 3x3"),
    ("recipes/quick/resize", 3, f"{IN_CURVES}.models[0] = \"inception-w0.05\": takes images of 4x4 or more, "
     "'digits-50' with recipe 'curves' has 3x3"),
    ("recipes/quick/resize", 0, "recipes.quick.resize = 0: must be at least 1"),
    ("recipes/quick/resize", [224, 224], "recipes.quick.resize = [224, 224]: must be a whole number or null"),
    ("recipes/quick/whitening", {"mean": 0.5}, "recipes.quick.whitening: the key 'sd' is missing"),
    ("recipes/quick/whitening", {"mean": 0.5, "std": 0.5},
     "recipes.quick.whitening.std = 0.5: unknown key; did you mean 'sd'?"),
    ("recipes/quick/whitening", {"mean": 0.5, "sd": 0}, "recipes.quick.whitening.sd = 0: must be more than 0"),
    ("recipes/quick/whitening", {"mean": [0.5, 0.5], "sd": 0.5}, "recipes.quick.whitening.mean = [0.5, 0.5]: "
     "needs one number, or 3: the images of 'digits-50' have 3 channel(s)"),
    ("recipes/quick/crop", "none", 'recipes.quick.crop = "none": is text, must be a whole number or null'),
    ("datasets/digits-50/train", 2000, "datasets.digits-50.train = 2000: must be from 10 (one a class) to 1400 (all)"),
    ("datasets/digits-50/test", 9, "datasets.digits-50.test = 9: must be from 10 (one a class) to 397 (all)"),
    ("datasets/mine", COLOURED | {"channels": 1},
     "datasets.mine.channels = 1: the original has colours; only 1 -> 3 is possible"),
    ("figures/fig1/size", [7], "figures.fig1.size = [7]: must hold 2 values"),
]  # fmt: skip

STRUCTURE = [
    ("name", GONE, "the key 'name' is missing"),
    ("name", "a/b", f'name = "a/b": must be {NAMES}'),
    ("name", "tiny\n", f'name = "tiny\\n": must be {NAMES}'),
    ("name", 1, "name = 1: must be text; put it in quotes"),
    ("models/small one", {"factory": "alexnet"}, f"models.small one: must be {NAMES}"),
    ("datasets/mine", {"files": {1: {}}}, "datasets.mine.files.1: must be text; put it in quotes"),
    ("datasets/mine", {"human_labels": {"files": {1: {}}}},
     "datasets.mine.human_labels.files.1: must be text; put it in quotes"),
    ("models/mine", {}, "models.mine: the key 'factory' is missing"),
    ("models/mine", "alexnet", 'models.mine = "alexnet": must be a mapping'),
    ("recipes", None, "recipes = null: must be a mapping"),
    ("recipes/quick/stop", "accuracy_100", 'recipes.quick.stop = "accuracy_100": must be null or a mapping'),
    ("recipes/quick/stop", {}, "recipes.quick.stop = {}: must not be empty"),
    ("recipes/quick/extends", "curves", 'recipes.curves.extends = "quick": extends itself'),
    ("recipes/quick/extends", "quick", 'recipes.quick.extends = "quick": extends itself'),
    ("datasets/digits", {"extends": "digits-50"}, 'datasets.digits-50.extends = "digits": extends itself'),
    ("datasets/mine", {}, "datasets.mine: the key 'reader' is missing"),
    ("datasets/mine", {"reader": "digits"}, "datasets.mine: the key 'original' is missing"),
    (CURVES, GONE, "figures.fig1.panels: the key 'learning_curves' is missing"),
    (f"{CURVES}/models", GONE, f"{IN_CURVES}: the key 'models' is missing"),
    ("figures", {}, "figures = {}: must not be empty"),
]  # fmt: skip

VALIDATED = {"extends": "digits", "train": 50, "test": 30, "image_size": 8}

TRAINING = [
    ("recipes/quick/optimiser", "sdg", 'recipes.quick.optimiser = "sdg": unknown value; did you mean \'sgd\'?'),
    ("recipes/quick/betas", [0.9], "recipes.quick.betas = [0.9]: must hold 2 values"),
    ("recipes/quick/betas", [0.9, 1], "recipes.quick.betas[1] = 1: must be less than 1"),
    ("recipes/quick/betas", 0.9, "recipes.quick.betas = 0.9: must be a list"),
    ("recipes/quick/epsilon", 0, "recipes.quick.epsilon = 0: must be more than 0"),
    ("recipes/quick/epsilon", "1e-9",
     'recipes.quick.epsilon = "1e-9": YAML reads this as text, must be a number; write 1.0e-9'),
    ("recipes/quick/schedule", "cosinus",
     'recipes.quick.schedule = "cosinus": unknown value; did you mean \'cosine\'?'),
    ("recipes/quick/warm_up", {"start": 0.5}, "recipes.quick.warm_up: the key 'epochs' is missing"),
    ("recipes/quick/warm_up", {"start": 0, "epochs": 5}, "recipes.quick.warm_up.start = 0: must be more than 0"),
    ("recipes/quick/warm_up", {"start": 2, "epochs": 5}, "recipes.quick.warm_up.start = 2: must be at most 1"),
    ("recipes/quick/warm_up", {"start": 0.5, "epochs": 0}, "recipes.quick.warm_up.epochs = 0: must be at least 1"),
    ("recipes/quick/weight_decay", -0.1, "recipes.quick.weight_decay = -0.1: must be at least 0"),
    ("recipes/quick/weight_decay", {"mlp": 0.1},
     'recipes.quick.weight_decay = {"mlp": 0.1}: has no value for the model family \'inception\' '
     "of 'inception-w0.05'"),
    ("recipes/quick/weight_decay", {"mlpp": 0.1},
     "recipes.quick.weight_decay.mlpp = 0.1: unknown model family; did you mean 'mlp'?"),
    ("recipes/quick/weight_decay_on", "fully-connected",
     'recipes.quick.weight_decay_on = "fully-connected": unknown value; did you mean \'fully_connected\'?'),
    ("recipes/quick/penalties", [{"function": "l3", "weight": 1}],
     'recipes.quick.penalties[0].function = "l3": unknown value; did you mean \'l1\'?'),
    ("recipes/quick/penalties", [{"function": "l1"}], "recipes.quick.penalties[0]: the key 'weight' is missing"),
    ("recipes/quick/penalties", [{"function": "l1", "weight": -1}],
     "recipes.quick.penalties[0].weight = -1: must be more than 0"),
    ("recipes/quick/dropout", 1, "recipes.quick.dropout = 1: must be less than 1"),
    ("recipes/quick/dropout", -0.5, "recipes.quick.dropout = -0.5: must be at least 0"),
    ("recipes/quick/label_smoothing", 1.5, "recipes.quick.label_smoothing = 1.5: must be less than 1"),
    ("recipes/quick/clip_gradient_norm", 0, "recipes.quick.clip_gradient_norm = 0: must be more than 0"),
    ("recipes/quick/initialisation", "xavir",
     'recipes.quick.initialisation = "xavir": unknown value; did you mean \'xavier\'?'),
    ("recipes/quick/augmentation", {}, "recipes.quick.augmentation = {}: must not be empty"),
    ("recipes/quick/augmentation", {"flips": True},
     "recipes.quick.augmentation.flips = true: unknown key; did you mean 'flip'?"),
    ("recipes/quick/augmentation", {"rotation": 200}, "recipes.quick.augmentation.rotation = 200: must be at most 180"),
    ("recipes/quick/augmentation", {"flip": 1}, "recipes.quick.augmentation.flip = 1: must be true or false"),
    ("recipes/quick/augmentation", {"random_crop": True},
     'recipes.quick.augmentation = {"random_crop": true}: random_crop needs crop, the size of the window'),
    ("recipes/quick/stop", {"early_stopping": 0}, "recipes.quick.stop.early_stopping = 0: must be at least 1"),
    ("recipes/quick/stop", {"plateau": 0}, "recipes.quick.stop.plateau = 0: must be at least 1"),
    ("recipes/quick/stop", {"plateau": 3, "early_stopping": 3},
     'recipes.quick.stop = {"plateau": 3, "early_stopping": 3}: '
     "needs one of criterion (with extra_epochs), early_stopping, plateau"),
    ("recipes/quick/stop", {"extra_epochs": 3}, 'recipes.quick.stop = {"extra_epochs": 3}: '
     "needs one of criterion (with extra_epochs), early_stopping, plateau"),
    ("recipes/quick/stop", {"early_stopping": 20}, 'recipes.quick.stop = {"early_stopping": 20}: '
     "needs a validation set, and the data set 'digits-50' holds none out (its key validation)"),
    ("datasets/digits-50", VALIDATED | {"validation": 50},
     "datasets.digits-50.validation = 50: must leave some of 50 images"),
    ("datasets/digits-50", VALIDATED | {"validation": 0}, "datasets.digits-50.validation = 0: must be at least 1"),
]  # fmt: skip

NETWORKS = [
    ("models/mine", {"factory": "resnet18", "stemm": True},
     "models.mine.stemm = true: unknown key; did you mean 'stem'?"),
    ("models/mine", {"factory": "resnet18", "stem": 1}, "models.mine.stem = 1: must be true or false"),
    ("models/mine", {"factory": "resnet18", "shortcut": "avg_pool"},
     'models.mine.shortcut = "avg_pool": unknown value; did you mean \'average_pool\'?'),
    ("models/mine", {"factory": "alexnet", "stem": True},
     "models.mine.stem = true: unknown argument of alexnet; known: response_norm, width"),
    ("models/mine", {"factory": "vgg_224", "dropout": 1}, "models.mine.dropout = 1: must be less than 1"),
    ("models/mine", {"factory": "vgg_224", "dropout": "half"},
     'models.mine.dropout = "half": is text, must be a number'),
    ("models/mine", {"factory": "vgg"}, 'models.mine.factory = "vgg": unknown model; did you mean \'vgg_224\'?'),
    (f"{CURVES}/models", ["toy_regression"],
     f'{IN_CURVES}.models[0] = "toy_regression": learns numbers, the data set '
     "'digits-50' has classes"),
    (f"{CURVES}/models", ["nin_224"], f'{IN_CURVES}.models[0] = "nin_224": takes images of 67x67 or more, '
     "'digits-50' with recipe 'curves' has 8x8"),
    ("figures/models", {"dataset": "digits"}, 'figures.models.dataset = "digits": models is drawn from no runs'),
    ("figures/models", {"panels": {}}, "figures.models.panels = {}: models is drawn from no runs"),
    ("figures/fig1/panels", GONE, "figures.fig1: the key 'panels' is missing"),
    ("figures/fig1/recipe", GONE, "figures.fig1: the key 'recipe' is missing"),
]  # fmt: skip

TABLE1 = "tables/table1/panels"
PLAIN = {"models": ["alexnet"], "corruptions": ["true_labels"]}
HELD_OUT = {"dataset": "digits-50", "recipe": "quick", "panels": {
    panel: {"models": ["alexnet"], "corruptions": ["true_labels"]}
    for panel in ("all_regularisers", "weight_decay", "no_regulariser", "batch_norm")
}}  # fmt: skip
IMPORTANCE = {"dataset": "digits-50", "recipe": "quick", "panels": {
    panel: {"models": ["mlp_1x512"], "corruptions": ["random_labels-1.0"]} for panel in ("fixed", "redrawn")
}}  # fmt: skip


def networks(corruptions: list[str]) -> dict[str, Any]:
    """A section with the panel of networks epoch by epoch."""
    panel = {"models": ["alexnet"], "corruptions": corruptions}
    return {"dataset": "digits-50", "recipe": "quick", "panels": {"networks": panel}}


TABLES = [
    ("tables/table2", {"dataset": "digits", "recipe": "quick"}, "tables.table2: unknown table; did you mean 'table1'?"),
    ("tables/table1/size", [7, 3], "tables.table1.size = [7, 3]: unknown key; known: dataset, fit_criterion, horizon, "
     "note, panels, recipe, tolerance, within_of_last"),
    ("tables/table1/recipe", "quik", 'tables.table1.recipe = "quik": unknown recipe; did you mean \'quick\'?'),
    ("tables/table1/panels", {}, "tables.table1.panels: needs some of the keys crop_and_decay, crop, decay, plain, "
     "random_labels"),
    (f"{TABLE1}/plane", PLAIN, "tables.table1.panels.plane: unknown panel of table1; did you mean 'plain'?"),
    (f"{TABLE1}/plain", PLAIN | {"corruptions": ["random_labels-1.0"]},
     'tables.table1.panels.plain.corruptions = ["random_labels-1.0"]: is about true_labels alone'),
    (f"{TABLE1}/crop", PLAIN, "tables.table1.panels.crop: needs a recipe with these regularisers: random_crop; 'quick' "
     "has: none"),
    ("recipes/quick/weight_decay", 0.1, "tables.table1.panels.plain: needs a recipe with these regularisers: none; "
     "'quick' has: weight_decay"),
    ("recipes/quick/stop", {"criterion": "accuracy_100"}, "tables.table1.panels.plain: the recipe 'quick' may end runs "
     "early (its key stop); here all epochs are trained"),
    ("figures/fig2", HELD_OUT, "figures.fig2.panels.all_regularisers: needs a validation set, and the data set "
     "'digits-50' holds none out"),
    ("figures/training", networks(["true_labels", "random_labels-0.5"]),
     'figures.training.panels.networks.corruptions = ["true_labels", "random_labels-0.5"]: shows one corruption'),
    ("figures/confusion", networks(["true_labels"]),
     "figures.confusion.panels.networks: needs a validation set, and the data set 'digits-50' holds none out"),
    ("tables/best_epoch", networks(["true_labels"]),
     "tables.best_epoch.panels.networks: needs a validation set, and the data set 'digits-50' holds none out"),
    ("figures/fig2", HELD_OUT | {"panels": {"weight_decay": PLAIN, "batch_norm": PLAIN}},
     "figures.fig2.panels: the key 'all_regularisers' is missing"),
    ("figures/importance_of_seed", IMPORTANCE,
     "recipes.quick.redraw_labels_after = []: must be epochs in figures.importance_of_seed.panels.redrawn"),
    ("figures/fig2", HELD_OUT | {"panels": {}}, "figures.fig2.panels: the key 'batch_norm' is missing"),
    ("tables/table1/tolerance", {"test_acuracy": 1.0},
     "tables.table1.tolerance.test_acuracy = 1.0: unknown key; did you mean 'test_accuracy'?"),
    ("tables/table1/tolerance", {"test_accuracy": 0}, "tables.table1.tolerance.test_accuracy = 0: must be more than 0"),
    ("recipes/quick/weight_decay_on", {"mlp": "al", "alexnet": "all", "inception": "all"},
     'recipes.quick.weight_decay_on.mlp = "al": unknown value; did you mean \'all\'?'),
    ("recipes/quick/weight_decay_on", {"mlp": "all", "alexnet": "all"},
     'recipes.quick.weight_decay_on = {"mlp": "all", "alexnet": "all"}: has no value for the model family '
     "'inception' of 'inception-w0.05'"),
]  # fmt: skip

REDRAWS = [
    ("recipes/curves/redraw_labels_after", [1],
     f'{IN_CURVES}.corruptions[0] = "true_labels": the recipe \'curves\' redraws labels; '
     "that needs random_labels-P or class_noise-P or shuffled_labels-P"),
    ("recipes/quick", {"epochs": 4, "redraw_labels_after": [2, 1]},
     "recipes.quick.redraw_labels_after = [2, 1]: each must be larger than the one before it"),
    ("recipes/quick", {"epochs": 4, "redraw_labels_after": [2, 2]},
     "recipes.quick.redraw_labels_after = [2, 2]: each must be larger than the one before it"),
    ("recipes/curves/redraw_labels_after", [1, 2], "recipes.curves.redraw_labels_after = [1, 2]: epoch 2 is the last "
     "(the recipe's epochs), so none comes after the redraw"),
    ("recipes/quick/redraw_labels_after", [0], "recipes.quick.redraw_labels_after[0] = 0: must be at least 1"),
    ("recipes/quick/redraw_labels_after", 1, "recipes.quick.redraw_labels_after = 1: must be a list"),
    ("recipes/quick/redraw_label_after", [1],
     "recipes.quick.redraw_label_after = [1]: unknown key; did you mean 'redraw_labels_after'?"),
]  # fmt: skip

ROWS = (
    REDRAWS
    + TABLES
    + NETWORKS
    + TRAINING
    + UNKNOWN_KEYS
    + UNKNOWN_NAMES
    + LEVELS_AND_CORRUPTIONS
    + NUMBERS
    + SIZES
    + STRUCTURE
)


def test_the_tiny_configuration_is_a_good_one():
    assert len(load(yaml.safe_load(TINY)).runs("fig1")) == 8


def test_a_part_of_a_figure_may_be_left_out():
    alone = load(changed("figures/fig2", HELD_OUT | {"panels": {"batch_norm": PLAIN}}))
    assert [group.panel for group in alone.groups("fig2")] == ["batch_norm"]


@pytest.mark.parametrize(("path", "value", "message"), ROWS, ids=[message for _, _, message in ROWS])
def test_a_fault_is_named_with_its_key_its_value_and_what_would_be_right(path, value, message):
    assert refusal(changed(path, value)) == f"config/mine.yaml: {message}"


# -- where a value came from -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "value", "same"), [("models", ["alexnet"], '["mlp_1x512"]'), ("dataset", "digits", '"digits-50"')]
)
def test_panels_beside_each_other_differ_in_the_recipe_alone(part, value, same):
    configuration = changed("recipes/redrawn", {"extends": "curves", "redraw_labels_after": [1]})
    panels = configuration["figures"].setdefault("importance_of_seed", copy.deepcopy(IMPORTANCE))["panels"]
    panels["redrawn"]["recipe"] = "redrawn"
    load(configuration)
    panels["redrawn"][part] = value
    key = f"figures.importance_of_seed.panels.redrawn.{part} = {json.dumps(value)}"
    assert refusal(configuration) == f"config/mine.yaml: {key}: must be that of the panel 'fixed', {same}"


def test_a_fault_in_an_extended_recipe_is_found_where_it_is_written():
    configuration = changed("recipes/more", {"extends": "curves"})
    configuration["recipes"]["curves"]["crop"] = 9
    configuration["figures"]["fig1"]["recipe"] = "more"
    assert refusal(configuration).startswith("config/mine.yaml: recipes.curves.crop = 9: larger than")


def test_a_value_from_the_command_line_is_told_from_one_of_the_file():
    configuration = changed("recipes/quick/epochs", 0)
    overrides = {"recipes": {"quick": {"epochs": 0}}}
    assert refusal(configuration, overrides) == "--config: recipes.quick.epochs = 0: must be at least 1"
    assert refusal(configuration, {"seeds": [0]}).startswith("config/mine.yaml: recipes.quick.epochs = 0")
    assert refusal(changed("seeds", [0, -1]), {"seeds": [0, -1]}) == "--config: seeds[1] = -1: must be at least 0"


def test_a_fault_in_the_catalogue_names_the_catalogue():
    catalogue = load_yaml(CHECKOUT / CATALOGUE) | {"mine": {"extends": "digts"}}
    with pytest.raises(
        ConfigurationError, match=r"^config/datasets.yaml: mine.extends = \"digts\": unknown data set; did"
    ):
        Configuration(yaml.safe_load(TINY), catalogue, ConfigOrigins("config/mine.yaml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: tiny\nseeds: [0]\nname: mine\n", ":3: the key 'name' is written twice"),
        ("recipes:\n  quick: {epochs: 1,\n    epochs: 2}\n", ":3: the key 'epochs' is written twice"),
        ("name: tiny\nseeds: [0\nmodels: {}\n", ":3: expected ',' or ']', but got ':', while parsing a flow sequence"),
        (
            "name: tiny\n\tseeds: [0]\n",
            ":2: found character '\\t' that cannot start any token, while scanning for the next token",
        ),
        ("dataset: 2024-13-45\n", ":1: '2024-13-45' cannot be read (month must be in 1..12)"),
        ("- name\n", ": must be a mapping of keys to values"),
        ("", ": must be a mapping of keys to values"),
        (None, ": cannot be read (No such file or directory)"),
    ],
)
def test_a_file_that_is_no_configuration_is_named_with_the_line(tmp_path, text, message):
    file = tmp_path / "mine.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        Configuration.load(file)
    assert str(refused.value) == f"{file}{message}"


# -- a file that extends another ---------------------------------------------------------------------------------------


def extending(folder: Path, **files: str) -> Path:
    """Files of a configuration, `base` the tiny one; the last of them is asked for."""
    for name, text in {"base": TINY, **files}.items():
        (folder / f"{name}.yaml").parent.mkdir(exist_ok=True, parents=True)
        (folder / f"{name}.yaml").write_text(text)
    return folder / f"{list(files)[-1]}.yaml"


def refusal_of_file(file: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        Configuration.load(file)
    return str(refused.value)


def test_a_file_s_values_hold_over_those_of_the_files_that_it_extends(tmp_path):
    middle = "extends: base.yaml\nseeds: [3, 4]\nrecipes: {quick: {batch_size: 10, learning_rate: {mlp: 0.5}}}\n"
    mine = "extends: ../middle.yaml\nname: mine\nrecipes: {quick: {batch_size: 5}, more: {extends: quick}}\n"
    made = Configuration.load(extending(tmp_path, **{"middle": middle, "studies/mine": mine}))
    assert (made.name, made.seeds) == ("mine", [3, 4]), "a list is replaced"
    assert made.recipes["quick"]["batch_size"] == made.recipes["more"]["batch_size"] == 5
    assert made.recipes["quick"]["learning_rate"] == {"mlp": 0.5, "alexnet": 0.01, "inception": 0.01}, "merged"
    assert made.figures == load(changed("name", "mine")).figures


def test_a_file_that_extends_another_with_nothing_of_its_own_is_that_file(tmp_path):
    same = Configuration.load(extending(tmp_path, mine="extends: base.yaml\n"))
    assert [run.digest for run in same.runs("fig1")] == [run.digest for run in load(yaml.safe_load(TINY)).runs("fig1")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: bse.yaml\n", 'mine.yaml: extends = "bse.yaml": there is no such file; did you mean \'base.yaml\'?'),
        ("extends: [base.yaml]\n", 'mine.yaml: extends = ["base.yaml"]: must be text, the path of another '
         "configuration file"),
        ("extends:\n", "mine.yaml: extends = null: must be text, the path of another configuration file"),
        ("extends: ./mine.yaml\n", 'mine.yaml: extends = "./mine.yaml": extends itself'),
        ("extends: around.yaml\n", 'around.yaml: extends = "mine.yaml": extends itself'),
        ("extends: torn.yaml\n", "torn.yaml:1: expected ',' or ']', but got '<stream end>', while parsing a flow "
         "sequence"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_extended_is_named_with_who_asks_for_it(tmp_path, text, message):
    file = extending(tmp_path, around="extends: mine.yaml\n", torn="name: [torn", mine=text)
    assert refusal_of_file(file) == f"{tmp_path}/{message}"


@pytest.mark.parametrize(
    ("base", "mine", "message"),
    [
        (TINY.replace("epochs: 2", "epochs: 0"), "", "base.yaml: recipes.curves.epochs = 0: must be at least 1"),
        (TINY, "recipes: {curves: {epochs: 0}}", "mine.yaml: recipes.curves.epochs = 0: must be at least 1"),
        (TINY.replace("epochs: 2", "epochs: 0"), "recipes: {curves: {batch_size: 5}}",
         "base.yaml: recipes.curves.epochs = 0: must be at least 1"),
        (TINY, "figures: {fig1: {recipe: quik}}",
         'mine.yaml: figures.fig1.recipe = "quik": unknown recipe; did you mean \'quick\'?'),
        (TINY.replace("recipe: curves", "recipe: curvs"), "figures: {fig1: {size: [5, 3]}}",
         'base.yaml (which MINE extends): figures.fig1.panels.learning_curves.recipe = "curvs": unknown recipe; '
         "did you mean 'curves'?"),
        (TINY, "models: {mine: {width: 0.5}}", "mine.yaml: models.mine: the key 'factory' is missing"),
        (TINY.replace("name: tiny", ""), "", "mine.yaml: the key 'name' is missing"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_the_file_in_which_it_stands(tmp_path, base, mine, message):
    file = extending(tmp_path, base=base, mine=f"extends: base.yaml\n{mine}\n")
    assert refusal_of_file(file) == f"{tmp_path}/{message.replace('MINE', str(file))}"


def test_of_three_files_and_the_command_line_each_key_is_where_it_holds():
    layers = {"--config": {"a": 1}, "mine": {"b": {"x.y": 1}}, "base": {"a": 2, "b": {"x.y": 2, "z": 3}, "c": [4]}}
    sources = ConfigOrigins("mine", layers)
    found = {key: sources.of(key) for key in ("a", "b.x.y", "b.z", "b.z[0]", "b.new", "c[0].d", "d", "")}
    assert found == {
        "a": "--config", "b.x.y": "mine", "b.z": "base", "b.z[0]": "base", "b.new": "mine", "c[0].d": "base",
        "d": "mine", "": "mine",
    }  # fmt: skip


def test_of_names_of_which_one_begins_like_another_the_longer_is_meant():
    layers = {"mine": {"models": {"a": {"width": 2}}}, "base": {"models": {"a": {"b": 1}, "a.b": {"width": 3}}}}
    sources = ConfigOrigins("mine", layers)
    assert {key: sources.of(key) for key in ("models.a.width", "models.a.b.width", "models.a.b")} == {
        "models.a.width": "mine", "models.a.b.width": "base", "models.a.b": "base",
    }  # fmt: skip


def test_a_file_may_leave_out_a_figure_and_a_table_of_those_that_it_inherits(tmp_path):
    base = load(yaml.safe_load(TINY))
    more = "figures: {models: {}}\n"
    mine = "extends: base.yaml\nfigures: {fig1: null, models: {}}\ntables: {paper_vs_ours: null}\n"
    made = Configuration.load(extending(tmp_path, mine=mine))
    assert list(made.figures) == ["models"]
    assert set(made.tables) == set(base.tables) - {"paper_vs_ours"}
    again = extending(tmp_path, middle=f"extends: base.yaml\n{more}", mine="extends: middle.yaml\ntables: {table1: }\n")
    assert set(Configuration.load(again).figures) == {"fig1", "models"}
    assert set(Configuration.load(again).tables) == set(base.tables) - {"table1"}


NONE_HAS_IT = "null leaves out what another file has, which this one extends, and none has it"


@pytest.mark.parametrize(
    ("mine", "message"),
    [
        ("figures: {fig2: null}", f"mine.yaml: figures.fig2 = null: {NONE_HAS_IT}; did you mean 'fig1'?"),
        ("tables: {tabel1: null}", f"mine.yaml: tables.tabel1 = null: {NONE_HAS_IT}; did you mean 'table1'?"),
        (
            "figures: {fig1: {panels: {learning_curve: null}}}",
            f"mine.yaml: figures.fig1.panels.learning_curve = null: {NONE_HAS_IT}; did you mean 'learning_curves'?",
        ),
        ("figures: {fig1: null}", "mine.yaml: figures = {}: must not be empty"),
        ("recipes: {quick: null}", "mine.yaml: recipes.quick = null: must be a mapping"),
    ],
)
def test_what_is_not_inherited_or_no_figure_or_table_cannot_be_left_out(tmp_path, mine, message):
    assert refusal_of_file(extending(tmp_path, mine=f"extends: base.yaml\n{mine}\n")).endswith(f"/{message}")


def test_a_panel_that_is_inherited_can_be_left_out_and_another_cannot():
    base = {"tables": {"table1": {"panels": {"plain": {}, "decay": {}}}}}
    mine = {"tables": {"table1": {"panels": {"decay": None, "crop": None}}}}
    assert schema.configuration([mine, base]) == {"tables": {"table1": {"panels": {"plain": {}, "crop": None}}}}


def test_levels_of_a_nearer_file_hide_corruptions_and_the_other_way_in_panels_and_in_groups():
    noise, half = {"models": ["alexnet"], "corruptions": ["random_pixels"]}, {"levels": [0, 0.5]}

    def made(nearest: dict[str, Any], further: dict[str, Any]) -> dict[str, Any]:
        layers = [{"figures": {"fig1": {"panels": {"curves": panel}}}} for panel in (nearest, further)]
        return schema.configuration(layers)["figures"]["fig1"]["panels"]["curves"]

    assert made(half, noise) == {"models": ["alexnet"]} | half
    assert made(noise, half | {"recipe": "quick"}) == noise | {"recipe": "quick"}
    of_groups = made({"groups": {"a": half, "b": half}}, {"groups": {"a": noise, "c": noise}})
    assert of_groups == {"groups": {"a": {"models": ["alexnet"]} | half, "b": half, "c": noise}}
    assert made(half | {"corruptions": []}, noise) == noise | half | {"corruptions": []}, "both are written: refused"


def test_a_rule_that_ends_runs_hides_that_of_a_file_further_on():
    criterion, plateau = {"criterion": "accuracy_99", "extra_epochs": 2}, {"plateau": 3}

    def made(*stops: Any) -> Any:
        return schema.configuration([{"recipes": {"quick": {"stop": stop}}} for stop in stops])["recipes"]["quick"]

    assert made(plateau, criterion) == {"stop": plateau}
    assert made({"extra_epochs": 5}, criterion) == {"stop": criterion | {"extra_epochs": 5}}
    assert made({"criterion": "accuracy_100"}, plateau, criterion) == {"stop": {"criterion": "accuracy_100"}}
    assert made(None, criterion) == {"stop": None}
    both = plateau | {"early_stopping": 4}
    assert made(both, criterion) == {"stop": both}, "which is refused"


@pytest.mark.parametrize(
    ("path", "value", "shown"),
    [
        ("models/mlp-w0.05/label", "a\x01b", 'models.mlp-w0.05.label = "a\\u0001b": holds the character U+0001'),
        ("figures/fig1/note", "a\ufffe", 'figures.fig1.note = "a\ufffe": holds the character U+FFFE'),
        ("models/a\x08b", {}, 'models = "a\\bb": holds the character U+0008'),
    ],
)
def test_characters_that_no_page_can_show_are_refused_before_anything_runs(path, value, shown):
    assert refusal(changed(path, value)) == f"config/mine.yaml: {shown}, which no picture or page can show"
    load(changed("figures/fig1/note", "a\tb\nc é 😀"))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("foo: {2024-01-01: 1}", '{"2024-01-01": 1}: unknown key'),
        ("seeds: {2024-01-01: [{!!binary aGk=: 1}]}", '{"2024-01-01": [{"b\'hi\'": 1}]}: must be a list'),
        ("seeds: {no: 1, ~: 2, 3: 4}", '{"false": 1, "null": 2, "3": 4}: must be a list'),
    ],
)
def test_keys_of_every_kind_can_be_shown(tmp_path, written, shown):
    message = refusal_of_file(extending(tmp_path, mine=f"extends: base.yaml\n{written}\n"))
    assert f" = {shown}" in message


def test_a_name_that_is_longer_than_any_file_s_is_no_file(tmp_path):
    message = refusal_of_file(extending(tmp_path, mine=f"extends: {'a' * 5000}\n"))
    assert message.endswith(": cannot be read (File name too long)")


def test_what_a_file_between_leaves_out_hides_what_is_further_on():
    layers = [{"figures": {"fig1": {"recipe": "b"}}}, {"figures": {"fig1": None}}, {"figures": {"fig1": {"size": 1}}}]
    assert schema.configuration(layers) == {"figures": {"fig1": {"recipe": "b"}}}
    assert schema.configuration(layers[1:]) == {"figures": {}}
    assert schema.merged([{"a": {"x": 1}}, {"a": {"y": 2, "x": 3}, "b": 4}, {"a": {"z": 5}, "b": {"c": 6}}]) == {
        "a": {"x": 1, "y": 2, "z": 5}, "b": 4,
    }  # fmt: skip


def test_extends_is_a_word_of_files_alone():
    problem = 'extends = "base.yaml": stands in a configuration file alone'
    assert refusal(changed("extends", "base.yaml"), {"extends": "base.yaml"}) == f"--config: {problem}"


# -- the data set of figures and tables that name none -----------------------------------------------------------------


def without_data_sets() -> dict[str, Any]:
    """The tiny configuration, no section of which names its data set."""
    configuration = yaml.safe_load(TINY)
    for section in (configuration["figures"]["fig1"], *configuration["tables"].values()):
        del section["dataset"]
    return configuration


def test_sections_that_name_no_data_set_are_about_that_of_the_configuration():
    made, named = load(without_data_sets() | {"dataset": "digits-50"}), load(yaml.safe_load(TINY))
    assert made.sections == named.sections
    elsewhere = changed("figures/fig1/panels/learning_curves/dataset", "digits") | {"dataset": "fashion-mnist"}
    datasets = {run.dataset for section in made.sections for run in load(elsewhere).runs(section)}
    assert datasets == {"digits-50", "digits"}, "a section's and a panel's own hold over it"


def test_a_data_set_that_nothing_names_is_missed():
    assert refusal(without_data_sets()) == "config/mine.yaml: figures.fig1: the key 'dataset' is missing"
    tables = changed("tables/table1/dataset", GONE)
    assert refusal(tables) == "config/mine.yaml: tables.table1: the key 'dataset' is missing"
    unknown = changed("dataset", "digit")
    assert refusal(unknown) == "config/mine.yaml: dataset = \"digit\": unknown data set; did you mean 'digits'?"


def test_a_figure_of_no_runs_needs_no_data_set_where_the_configuration_has_one():
    made = load(changed("figures/models", {}) | {"dataset": "digits"})
    assert made.runs("models") == []


# -- through Snakemake -------------------------------------------------------------------------------------------------


def refused_call(checkout: Checkout, *arguments: str) -> str:
    """What a call prints that must end before any job starts and leave no file behind."""
    before = checkout.files()
    called = checkout.snakemake("--cores", "1", *arguments, "--", "figures/fig1.pdf")
    printed = called.stdout + called.stderr
    assert called.returncode != 0
    assert not JOB.search(printed), printed
    assert checkout.files() == before
    return printed


def assert_refused(checkout: Checkout, message: str, *arguments: str) -> None:
    """The message is all that is said, beside which files Snakemake reads."""
    printed = refused_call(checkout, *arguments).splitlines()
    assert [line for line in printed if not line.startswith(("Using workflow", "Config file"))] == [message]


def test_snakemake_refuses_a_bad_value_in_the_default_configuration(fresh_checkout):
    fresh_checkout.configure(changed("recipes/quick/epochs", 0))
    assert_refused(fresh_checkout, "config/config.yaml: recipes.quick.epochs = 0: must be at least 1")


def test_snakemake_refuses_a_key_written_twice_in_the_default_configuration(fresh_checkout):
    fresh_checkout.edit("config/config.yaml", lambda text: f"{text}\nname: twice\n")
    line = TINY.count("\n") + 2
    file = fresh_checkout / "config/config.yaml"
    assert_refused(fresh_checkout, f"{file}:{line}: the key 'name' is written twice")


def test_snakemake_refuses_an_unknown_name_in_another_configuration(fresh_checkout):
    fresh_checkout.configure(changed(f"{LEVELS}/models", ["alexnett"]), "config/mine.yaml")
    message = f"{IN_LEVELS}.models[0] = \"alexnett\": unknown model; did you mean 'alexnet'?"
    file = fresh_checkout / "config/mine.yaml"
    assert_refused(fresh_checkout, f"{file}: {message}", "--configfile", "config/mine.yaml")


def test_snakemake_names_the_extended_file_in_which_a_fault_stands(fresh_checkout):
    fresh_checkout.configure(changed("recipes/quick/epochs", 0), "config/base.yaml")
    (fresh_checkout / "config/mine.yaml").write_text("extends: base.yaml\nname: mine\n")
    message = f"{fresh_checkout / 'config/base.yaml'}: recipes.quick.epochs = 0: must be at least 1"
    assert_refused(fresh_checkout, message, "--configfile", "config/mine.yaml")


def test_snakemake_refuses_a_bad_value_on_the_command_line(fresh_checkout):
    assert_refused(fresh_checkout, "--config: seeds = [0, 0]: 0 stands there twice", "--config", "seeds=[0, 0]")


# Snakemake itself reads --configfile before it reads the Snakefile, so the words are its own.
@pytest.mark.parametrize("text", [None, "name: [tiny\n"], ids=["missing", "no YAML"])
def test_snakemake_starts_nothing_from_a_configuration_that_cannot_be_read(fresh_checkout, text):
    if text is not None:
        (fresh_checkout / "config/mine.yaml").write_text(text)
    printed = refused_call(fresh_checkout, "--configfile", "config/mine.yaml")
    assert "config/mine.yaml" in printed or "Config file is not valid JSON or YAML" in printed


def a_file(path: Path) -> None:
    path.write_text("")


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("not-there/at-all")


# Root may write whatever the permissions say, so other obstacles stand for them.
@pytest.mark.parametrize(("folder", "obstacle"), [("results", a_file), ("figures", a_link_to_nothing)])
def test_snakemake_refuses_a_folder_that_cannot_be_written(
    fresh_checkout, folder: str, obstacle: Callable[[Path], None]
):
    obstacle(fresh_checkout / folder)
    assert_refused(fresh_checkout, f"the folder {folder!r} cannot be written: it is a file, or a link to nothing")


def test_a_job_that_fails_leaves_no_result_and_says_why(checkout):
    run = checkout / "results/runs/digits-50/mlp-w0.05/random_labels-0.5/quick/seed0"
    target = str((run / "metrics.csv").relative_to(checkout.folder))
    corruption = checkout / "results/data/digits-50/random_labels-0.5/seed0"
    metrics = (run / "metrics.csv").read_bytes()
    (run / "metrics.csv").unlink()
    labels = np.load(corruption / "train_labels.npy")
    labels[0] += 1
    np.save(corruption / "train_labels.npy", labels)

    failed = checkout.snakemake("--cores", "1", target)
    assert failed.returncode != 0
    assert list(run.glob("*")) == []
    (said,) = [line for line in (failed.stdout + failed.stderr).splitlines() if line.strip().startswith("error: ")]
    assert "random_labels-0.5/seed0/train_labels.npy: its sha256 is" in said
    assert "delete the folder" in said

    shutil.rmtree(corruption)
    assert {rule for rule, _ in checkout.run(target=target)} == {"corrupt_labels", "train"}
    assert (run / "metrics.csv").read_bytes() == metrics
