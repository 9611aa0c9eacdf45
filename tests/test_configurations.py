"""The configurations in config/: that each loads, and that the paper's recipe is in the one that reproduces it."""

import json
import re
import shutil
import textwrap
from collections import Counter
from pathlib import Path

import own_pictures
import pytest
import yaml

from rethinking import owners, paths
from rethinking.config import CATALOGUE, Configuration, jobs
from rethinking.config.datasets import label_of
from rethinking.config.described import at_paper_size, section_of
from rethinking.files import canonical_json
from rethinking.models.registry import MODELS
from rethinking.names import split_corruption
from rethinking.schema import load_yaml
from rethinking.sections import Section

ROOT = Path(__file__).parents[1]
STUDIES = sorted(ROOT.glob("config/studies/*.yaml"))
FILES = [*sorted(path for path in ROOT.glob("config/*.yaml") if path.name != Path(CATALOGUE).name), *STUDIES]
LEVELS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
TABLES = ["table1", "table4", "effects", "paper_vs_ours"]
NETWORKS = ["inception", "alexnet", "mlp_1x512"]


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user brings: pictures where config/own-pictures.yaml looks for them, in the working folder."""
    own_pictures.photographs(tmp_path / "my-pictures")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def cifar10() -> Configuration:
    return Configuration.load(ROOT / "config/cifar10.yaml")


def test_the_configurations_are_found():
    assert {path.stem for path in FILES} >= {"config", "cifar10", "cifar10-small"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_configuration_loads_and_plans_the_runs_of_every_figure_and_table(path):
    configuration = Configuration.load(path)
    for name in configuration.sections:
        runs, groups = configuration.runs(name), configuration.groups(name)
        assert {run.seed for run in runs} == (set(configuration.seeds) if groups else set())
        assert {run.model for run in runs} == {model for group in groups for model in group.models}
        assert len({run.path for run in runs}) == len({run.digest for run in runs}) == len(runs)


def test_all_configurations_can_be_made_in_one_checkout():
    """None replaces what another made: data sets and runs of one path are the same in all of them."""
    made: dict[str, dict[str, list[str]]] = {}
    for path in FILES:
        configuration = Configuration.load(path)
        for run in (run for name in configuration.sections for run in configuration.runs(name)):
            of_run, of_data = owners.of_run(configuration, run), owners.of_dataset(configuration, run.dataset)
            for folder, values in ((paths.run_folder(run), of_run), (paths.data_folder(run.dataset), of_data)):
                made.setdefault(folder, {}).setdefault(canonical_json(values), []).append(path.stem)
    assert len(made) > 1000
    assert not {folder: list(values.values()) for folder, values in made.items() if len(values) > 1}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_that_a_job_gets_can_be_made(path):
    configuration = Configuration.load(path)
    for name in configuration.sections:
        section = section_of(configuration, name)
        assert (section.configuration, section.name) == (configuration.name, name)
        assert Section.from_json(json.loads(canonical_json(section.to_json()))) == section
        for run in configuration.runs(name):
            again = configuration.run(run.dataset, run.model, run.corruption, run.recipe, run.seed)
            assert again == run
            classes = {"own": 2, "cifar10-cat-dog-horse-100": 3, "animal_faces-100-balanced": 3, "noisy_line": None}
            source = jobs.prepare_job(configuration, run.dataset)["source"]
            assert source.get("classes") == classes.get(run.dataset, 10)
            if run.corruption != "true_labels":
                corruption = jobs.corruption_job(configuration, run.dataset, run.corruption, run.seed)["corruption"]
                assert corruption["level"] == split_corruption(run.corruption)[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_of_a_configuration_can_be_made_in_a_fresh_clone(path, fresh_checkout):
    shutil.copy(path, file := fresh_checkout / str(path.relative_to(ROOT)))  # the copy's default is another one
    shutil.copytree("my-pictures", fresh_checkout / "my-pictures")
    configuration = Configuration.load(path)
    everything = {run.path for section in configuration.sections for run in configuration.runs(section)}
    jobs = Counter(rule for rule, _ in fresh_checkout.jobs("--configfile", str(file), target="study"))
    assert jobs["train"] + jobs["train_regression"] == len(everything)
    assert jobs["figure"] == len(configuration.figures)
    assert jobs["table"] == len(configuration.tables)


def test_a_study_is_called_like_its_file():
    assert all(Configuration.load(path).name == path.stem for path in STUDIES)


def test_configurations_have_names_of_their_own():
    names = [Configuration.load(path).name for path in FILES]
    assert len(set(names)) == len(names)


def test_figure_1_of_the_paper_is_36_trainings_a_seed(cifar10):
    runs = cifar10.runs("fig1")
    assert Counter(run.seed for run in runs) == {0: 36, 1: 36, 2: 36}
    of_one_seed = {(run.model, run.corruption) for run in runs if run.seed == 0}
    levels = ["true_labels", *(f"random_labels-{level}" for level in LEVELS[1:-1]), "random_labels-1.0"]
    assert of_one_seed == {(model, level) for model in NETWORKS for level in levels} | {
        ("inception", pixels) for pixels in ("shuffled_pixels", "random_pixels", "gaussian_pixels")
    }


def test_the_paper_s_runs_are_on_all_of_cifar_10_and_full_width_networks(cifar10):
    for run in cifar10.runs("fig1"):
        assert run.dataset == "cifar10"
        assert run.factory == run.model
        assert run.factory in MODELS
        assert run.arguments == {}
    entry = cifar10.datasets["cifar10"]
    assert (entry["train"], entry["test"]) == (None, None), "all of it"
    assert (entry["original"]["train"], entry["original"]["test"], entry["original"]["classes"]) == (50_000, 10_000, 10)


def test_the_paper_s_recipe_is_that_of_its_appendix(cifar10):
    rates = {"inception": 0.1, "alexnet": 0.01, "mlp": 0.01}
    for run in cifar10.runs("fig1"):
        recipe = run.training
        assert recipe.optimiser == "sgd"
        assert recipe.learning_rate == rates[MODELS[run.factory].family]
        assert (recipe.schedule, recipe.decay, recipe.decay_every_steps) == ("exponential", 0.95, None)
        assert (recipe.momentum, recipe.nesterov, recipe.weight_decay) == (0.9, False, 0)
        assert (recipe.batch_size, recipe.epochs, recipe.stop) == (128, 100, None)
        assert (recipe.crop, recipe.whitening) == (28, "per_image")


def test_the_paper_s_figure_counts_99_percent_as_a_fit(cifar10):
    assert cifar10.figures["fig1"]["fit_criterion"] == "accuracy_99"


def test_the_small_configuration_is_1000_images_and_the_paper_s_networks_at_full_width():
    small = Configuration.load(ROOT / "config/cifar10-small.yaml")
    entry = small.datasets["cifar10-1k"]
    assert (entry["train"], entry["test"]) == (1000, 2000)
    runs = small.runs("fig1")
    assert {run.seed for run in runs} == {0}
    assert {(run.factory, tuple(run.arguments)) for run in runs} == {(model, ()) for model in NETWORKS}
    assert len(section_of(small, "fig1").only("corruption_levels").corruptions) == 6
    assert {run.training.precision for run in runs} == {"auto"}, "bfloat16 where the processor has it"


@pytest.mark.parametrize("name", ["config", "cifar10-small", "cifar10"])
def test_tables_1_and_4_have_the_rows_of_the_paper(name):
    configuration = Configuration.load(ROOT / f"config/{name}.yaml")
    rows = {
        table: {(run.model, run.corruption, run.recipe) for run in configuration.runs(table)} for table in TABLES[:2]
    }
    assert {table: len(of_table) for table, of_table in rows.items()} == {"table1": 19, "table4": 6}
    assert set(configuration.tables) == set(TABLES)


def test_the_file_of_the_page_on_speed_computes_the_cpu_s_runs_in_what_the_processor_has(tmp_path):
    page = (ROOT / "docs/performance.md").read_text()
    (written,) = re.findall(r"^ {4}extends: .*\n(?:^ {4}.*\n)+", page, re.MULTILINE)
    (tmp_path / "config").symlink_to(ROOT / "config")
    (tmp_path / "mine.yaml").write_text(textwrap.dedent(written))
    mine, shipped = (Configuration.load(path) for path in (tmp_path / "mine.yaml", ROOT / "config/cifar10-cpu.yaml"))
    assert mine.name != shipped.name
    asked = {"paper-float32": "float32"}  # by name
    for name, recipe in shipped.recipes.items():
        assert recipe["precision"] == asked.get(name, "bfloat16")
        assert mine.recipes[name] == recipe | {"precision": asked.get(name, "auto")}


def of_runs(configuration: Configuration) -> list[str]:
    """The figures and tables that show runs."""
    return [name for name in configuration.sections if configuration.groups(name)]


def test_only_the_configurations_of_all_of_cifar_10_are_of_the_paper_s_size():
    of_size = {
        path.stem: {at_paper_size(configuration, name) for name in of_runs(configuration)} or {False}
        for path in FILES
        for configuration in [Configuration.load(path)]
    }
    assert {name for name, found in of_size.items() if found == {True}} == {
        "cifar10",
        "cifar10-cpu",
        "cifar10-gpu",
        "corruptions-source",
        "blog-source",
        "lecture-source",
        "human-noise-source",
        "complexity-source",
        "double-descent-source",
    }
    assert all(found in ({True}, {False}) for found in of_size.values())


def test_the_comparison_is_made_from_the_runs_of_the_paper_s_figures_and_tables(cifar10):
    everything = {run.path for name in cifar10.sections for run in cifar10.runs(name)}
    assert {run.path for run in cifar10.runs("paper_vs_ours")} == everything
    assert cifar10.tables["paper_vs_ours"]["fit_criterion"] == cifar10.figures["fig1"]["fit_criterion"]


def test_weight_decay_is_that_of_each_family(cifar10):
    found = {
        (MODELS[run.factory].family, run.training.weight_decay, run.training.weight_decay_on)
        for run in cifar10.runs("table1")
        if run.recipe == "paper-decay"
    }
    assert found == {
        ("inception", 4e-5, "all"), ("alexnet", 0.004, "hidden_fully_connected"), ("mlp", 5e-4, "all"),
    }  # fmt: skip


def test_experiments_are_the_runs_of_all_figures_and_tables_by_the_corruption_repository_s_names(cifar10):
    everything = {run.path for name in cifar10.sections for run in cifar10.runs(name)}
    assert {path for paths in cifar10.experiments.values() for path in paths} == everything
    assert cifar10.experiments["inception_0.0_gauss_pix"] == [
        f"cifar10/inception/gaussian_pixels/paper/seed{seed}" for seed in (0, 1, 2)
    ]
    recipes = {path.split("/")[3] for path in cifar10.experiments["alexnet_1.0_none"]}
    assert recipes == {"paper", "paper-decay"}, "every recipe that has it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_note_says_how_many_images_or_steps_there_are_which_whoever_extends_it_may_change(path):
    values = load_yaml(path)
    sections = [section for kind in ("figures", "tables") for section in values.get(kind, {}).values()]
    notes = [section.get("note", "") for section in sections if isinstance(section, dict)]
    assert not re.search(r"\d (images|steps(?! an epoch))", " ".join(notes))


def test_a_label_that_says_a_size_is_not_inherited_by_a_data_set_of_another(tmp_path):
    own = {
        "fewer": {"extends": "cifar10-2k-split", "train": 500, "validation": 100},
        "fewer_still": {"extends": "fewer", "train": 300},
        "more_to_train_on": {"extends": "cifar10-2k-split", "validation": 100},
        "named": {"extends": "cifar10-2k-split", "train": 500, "validation": 100, "label": "few"},
        "as_many": {"extends": "cifar10-2k-split", "image_size": 16},
        "without_a_size": {"extends": "animal_faces-tutorial_random", "train": 50},
    }
    values = {"extends": str(ROOT / "config/studies/notebook.yaml"), "name": "mine", "datasets": own}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    configuration = Configuration.load(tmp_path / "mine.yaml")
    assert {name: label_of(configuration, name) for name in own} == {
        "fewer": "CIFAR-10",
        "fewer_still": "CIFAR-10",
        "more_to_train_on": "CIFAR-10",
        "named": "few",
        "as_many": "CIFAR-10, 1,600 images and 400 held out",
        "without_a_size": "Animal Faces, the tutorial's random labels",
    }
