"""What reruns after which edit: the exact jobs that a dry run finds in a copy of a completed workflow."""

import ast
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tiny_workflow import Checkout, Jobs, jobs_in

INCEPTION, ALEXNET, MLP = MODELS = ("inception-w0.05", "alexnet-w0.1", "mlp-w0.05")


def job(rule: str, **wildcards: str) -> Jobs:
    return {(rule, frozenset(f"{key}={value}" for key, value in wildcards.items()))}


def corrupt(rule: str, corruption: str, seed: int = 0) -> Jobs:
    return job(rule, dataset="digits-50", corruption=corruption, seed=str(seed))


def train(models: Iterable[str], corruption: str, recipe: str = "quick", seed: int = 0) -> Jobs:
    """The trainings of some networks."""
    names = {"dataset": "digits-50", "corruption": corruption, "recipe": recipe, "seed": str(seed)}
    return set().union(*(job("train", model=model, **names) for model in models))


PREPARE = job("prepare", dataset="digits-50")
RANDOM_LABELS = corrupt("corrupt_labels", "random_labels-0.5")
SHUFFLED_PIXELS = corrupt("corrupt_pixels", "shuffled_pixels")
CURVES = train([INCEPTION], "true_labels", "curves") | train([INCEPTION], "shuffled_pixels", "curves")
TRAININGS = train(MODELS, "true_labels") | train(MODELS, "random_labels-0.5") | CURVES
COPY = job("publish", figure="fig1", suffix="pdf")
FIGURE = job("figure", name="tiny", figure="fig1") | COPY
TABLES = job("aggregate", name="tiny", section="fig1") | FIGURE


SIZES = job("sizes", name="tiny", figure="models")
OF_MODELS = job("figure", name="tiny", figure="models") | job("publish", figure="models", suffix="pdf")


def with_code(text: str) -> str:
    return text + "\nNOT_USED_ANYWHERE = 1\n"


def with_comments_and_docstrings(text: str) -> str:
    return re.sub(r'^( *)"""(?=\S)', r'\1"""Edited. ', text, flags=re.MULTILINE) + "\n# A comment.\n"


def with_variable_renamed(text: str) -> str:
    """The same program: a local variable of its longest function has another name."""
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    longest = max(functions, key=lambda function: len(list(ast.walk(function))))
    names = [node for node in ast.walk(longest) if isinstance(node, ast.Name)]
    local = next(name.id for name in names if isinstance(name.ctx, ast.Store))
    for name in names:
        if name.id == local:
            name.id = f"{local}_renamed"
    return ast.unparse(tree)


def in_reverse(value: Any) -> Any:
    """Every mapping with its keys in reverse order; lists as they are."""
    return {key: in_reverse(value[key]) for key in reversed(value)} if isinstance(value, dict) else value


# -- nothing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [[], ["--cores", "7"]], ids=["same call", "other number of cores"])
def test_a_completed_workflow_at_another_path_has_nothing_to_do(checkout, options):
    assert checkout.jobs(*options) == set()


def test_touching_every_file_reruns_nothing(checkout):
    for path in [*checkout.folder.rglob("*"), checkout.folder]:
        os.utime(path)
    assert checkout.jobs() == set()


def test_reordering_the_keys_of_the_configuration_reruns_nothing(checkout):
    checkout.configure(in_reverse(checkout.configuration()))
    assert checkout.jobs() == set()


def test_writing_the_same_values_otherwise_reruns_nothing(checkout):
    configuration = checkout.configuration()
    configuration["recipes"]["quick"] |= {"weight_decay": 0, "momentum": 9.0e-1, "crop": None}
    panels = configuration["figures"]["fig1"]["panels"]
    panels["corruption_levels"]["levels"] = [0.0, 0.50]
    panels["learning_curves"]["corruptions"] = ["random_labels-0.0", "shuffled_pixels"]
    checkout.configure(configuration)
    assert checkout.jobs() == set()


def test_results_moved_with_their_records_are_still_complete(checkout):
    for name in (".snakemake", "results", "figures"):
        (checkout / "elsewhere").mkdir(exist_ok=True)
        shutil.move(checkout / name, checkout / "elsewhere" / name)
    assert checkout.jobs("--directory", "elsewhere") == set()


def test_a_comment_or_docstring_in_the_engine_reruns_nothing(checkout):
    for module in (checkout / "workflow/rethinking/engine").glob("*.py"):
        checkout.edit(f"workflow/rethinking/engine/{module.name}", with_comments_and_docstrings)
    assert checkout.jobs() == set()


def test_registering_what_no_run_uses_reruns_nothing(checkout):
    package = "workflow/rethinking"
    for table, registry, like in (
        ("MODELS", "models", "alexnet"),
        ("CORRUPTIONS", "data/corruptions", "random_pixels"),
        ("FIGURES", "plotting", "fig1"),
    ):
        module = f"rethinking.{registry.replace('/', '.')}.added"
        row = f'{table}["added"] = dataclasses.replace({table}["{like}"], module="{module}", function="added")'
        checkout.edit(f"{package}/{registry}/registry.py", lambda text, row=row: f"{text}\nimport dataclasses\n{row}\n")
        (checkout / f"{package}/{registry}/added.py").write_text("def added() -> None: ...\n")
    (checkout / f"{package}/data/readers/added.py").write_text("def read(files): ...\n")
    facts = "{reader: added, original: {image_size: 9, channels: 1, train: 90, test: 90, classes: 9}}"
    checkout.edit("config/datasets.yaml", lambda text: f"{text}\nadded: {facts}\n")
    assert checkout.jobs() == set()


def test_what_no_figure_uses_reruns_nothing(checkout):
    configuration = checkout.configuration()
    configuration["recipes"]["unused"] = {"extends": "quick", "epochs": 9}
    configuration["models"]["unused"] = {"factory": "alexnet", "width": 0.3}
    configuration["corruptions"] = {"unused": {"family": "random_pixels", "unit": "value"}}
    checkout.configure(configuration)
    assert checkout.jobs() == set()


# -- the configuration -------------------------------------------------------------------------------------------------


def test_the_learning_rate_of_alexnet_reruns_its_trainings(checkout):
    checkout.edit("config/config.yaml", lambda text: text.replace("alexnet: 0.01", "alexnet: 0.02"))
    assert checkout.jobs() == train([ALEXNET], "true_labels") | train([ALEXNET], "random_labels-0.5") | TABLES


def test_one_more_level_runs_its_corruption_and_its_trainings(checkout):
    checkout.edit("config/config.yaml", lambda text: text.replace("[0, 0.5]", "[0, 0.5, 1]"))
    added = corrupt("corrupt_labels", "random_labels-1.0") | train(MODELS, "random_labels-1.0")
    assert checkout.jobs() == added | TABLES


def test_one_more_seed_runs_that_seed(checkout):
    checkout.edit("config/config.yaml", lambda text: text.replace("seeds: [0]", "seeds: [0, 1]"))
    corruptions = corrupt("corrupt_labels", "random_labels-0.5", 1) | corrupt("corrupt_pixels", "shuffled_pixels", 1)
    panels = train(MODELS, "true_labels", seed=1) | train(MODELS, "random_labels-0.5", seed=1)
    curves = train([INCEPTION], "true_labels", "curves", 1) | train([INCEPTION], "shuffled_pixels", "curves", 1)
    assert checkout.jobs() == corruptions | panels | curves | TABLES


def test_the_recipe_of_one_panel_reruns_that_panel(checkout):
    checkout.edit("config/config.yaml", lambda text: text.replace("epochs: 2", "epochs: 3"))
    assert checkout.jobs() == CURVES | TABLES


def test_another_fit_criterion_gathers_the_tables_again_and_trains_nothing(checkout):
    configuration = checkout.configuration()
    configuration["figures"]["fig1"]["fit_criterion"] = "accuracy_99"
    checkout.configure(configuration)
    assert checkout.jobs() == TABLES


def test_another_expectation_of_a_corruption_gathers_its_tables_again(checkout):
    registry = "workflow/rethinking/data/corruptions/registry.py"
    checkout.edit(registry, lambda text: text.replace('error_on_alike="evenly_redrawn"', "error_on_alike=None"))
    assert checkout.jobs() == TABLES


def test_the_size_of_a_figure_draws_it_again(checkout):
    configuration = checkout.configuration()
    configuration["figures"]["fig1"]["size"] = [7, 3]
    checkout.configure(configuration)
    assert checkout.jobs() == FIGURE


def test_the_words_of_a_figure_draw_it_again(checkout):
    configuration = checkout.configuration()
    configuration["models"][MLP]["label"] = "Perceptron"
    configuration["figures"]["fig1"]["note"] = "A word more."
    checkout.configure(configuration)
    assert checkout.jobs() == FIGURE


# -- the code ----------------------------------------------------------------------------------------------------------


def code_reaches(checkout: Checkout, file: str) -> Jobs:
    """The jobs after a real statement is added to a module."""
    checkout.edit(f"workflow/rethinking/{file}", with_code)
    return checkout.jobs()


def test_code_of_the_engine_reruns_all_trainings_and_no_corruption(checkout):
    assert code_reaches(checkout, "engine/loop.py") == TRAININGS | TABLES


def test_code_of_one_model_family_reruns_its_trainings(checkout):
    expected = train([ALEXNET], "true_labels") | train([ALEXNET], "random_labels-0.5")
    assert code_reaches(checkout, "models/alexnet.py") == expected | TABLES


@pytest.mark.parametrize(
    ("table", "registry", "row", "expected"),
    [
        (
            "MODELS",
            "models",
            "alexnet",
            train([ALEXNET], "true_labels") | train([ALEXNET], "random_labels-0.5") | TABLES,
        ),
        (
            "CORRUPTIONS",
            "data/corruptions",
            "random_labels",
            RANDOM_LABELS | train(MODELS, "random_labels-0.5") | TABLES,
        ),
        ("FIGURES", "plotting", "fig1", FIGURE),
    ],
)
def test_another_function_of_the_same_module_in_a_row_reruns_what_calls_it(table, registry, row, expected, checkout):
    other = f'{table}["{row}"] = dataclasses.replace({table}["{row}"], function="another")'
    registry = f"workflow/rethinking/{registry}/registry.py"
    checkout.edit(registry, lambda text: f"{text}\nimport dataclasses\n{other}\n")
    assert checkout.jobs() == expected


def test_code_of_label_noise_reruns_its_corruptions_and_their_trainings(checkout):
    expected = RANDOM_LABELS | train(MODELS, "random_labels-0.5")
    assert code_reaches(checkout, "data/corruptions/random_labels.py") == expected | TABLES


def test_code_of_pixel_noise_reruns_its_corruptions_and_their_trainings(checkout):
    expected = SHUFFLED_PIXELS | train([INCEPTION], "shuffled_pixels", "curves")
    assert code_reaches(checkout, "data/corruptions/shuffled_pixels.py") == expected | TABLES


def test_code_of_a_data_set_reruns_everything_made_of_it(checkout):
    expected = PREPARE | RANDOM_LABELS | SHUFFLED_PIXELS | TRAININGS
    assert code_reaches(checkout, "data/readers/digits.py") == expected | TABLES


def test_code_of_the_style_draws_the_figure_again(checkout):
    assert code_reaches(checkout, "plotting/style.py") == FIGURE


def test_code_of_the_tables_gathers_them_again_and_trains_nothing(checkout):
    assert code_reaches(checkout, "analysis/aggregate.py") == TABLES


def test_code_of_the_configuration_reruns_nothing(checkout):
    assert code_reaches(checkout, "config/panels.py") == set()


# -- files that are gone -----------------------------------------------------------------------------------------------


def test_deleted_files_of_runs_rerun_those_runs(checkout):
    (checkout / f"results/runs/digits-50/{MLP}/random_labels-0.5/quick/seed0/metrics.csv").unlink()
    assert checkout.jobs() == train([MLP], "random_labels-0.5") | TABLES
    (checkout / f"results/runs/digits-50/{ALEXNET}/true_labels/quick/seed0/run.json").unlink()
    assert checkout.jobs() == train([MLP], "random_labels-0.5") | train([ALEXNET], "true_labels") | TABLES


def test_a_deleted_table_is_gathered_again(checkout):
    (checkout / "results/tables/tiny/fig1/curves.csv").unlink()
    assert checkout.jobs() == TABLES


def test_a_deleted_figure_is_drawn_again(checkout):
    (checkout / "figures/tiny/fig1.pdf").unlink()
    assert checkout.jobs() == FIGURE


@pytest.mark.slow
def test_deleted_samples_of_a_picture_are_taken_again(checkout):
    picture = "figures/samples-digits-50.pdf"
    checkout.run(target=picture)
    assert checkout.jobs(target=picture) == set()
    (checkout / "results/tables/tiny/samples-digits-50/samples.npy").unlink()
    names = {"picture": "samples", "dataset": "digits-50"}
    drawn = job("picture", name="tiny", **names) | job("publish_picture", suffix="pdf", **names)
    assert checkout.jobs(target=picture) == job("samples", name="tiny", dataset="digits-50") | drawn


def test_a_deleted_array_that_nothing_needs_is_not_missed(checkout):
    (checkout / "results/data/digits-50/train_images.npy").unlink()
    assert checkout.jobs() == set()


def test_a_deleted_array_is_rebuilt_for_the_run_that_needs_it_and_nothing_is_trained_again(checkout):
    array = checkout / "results/data/digits-50/random_labels-0.5/seed0/train_labels.npy"
    metrics = checkout / f"results/runs/digits-50/{MLP}/random_labels-0.5/quick/seed0/metrics.csv"
    labels, trained = array.read_bytes(), metrics.read_bytes()
    array.unlink()
    metrics.unlink()
    target = str(metrics.relative_to(checkout.folder))
    assert checkout.jobs(target=target) == RANDOM_LABELS | train([MLP], "random_labels-0.5")
    checkout.run(target=target)
    assert array.read_bytes() == labels
    assert metrics.read_bytes() == trained, "the seconds in it would differ if the run had been trained again"


# -- everything --------------------------------------------------------------------------------------------------------


def test_a_study_is_everything_of_its_configuration(fresh_checkout):
    everything = fresh_checkout.jobs(target="all")
    assert TRAININGS | TABLES | job("table", name="tiny", table="table1") <= everything
    assert fresh_checkout.jobs(target="study") == everything


def test_an_experiment_by_the_corruption_repository_s_name_is_its_trainings(fresh_checkout):
    inception = train([INCEPTION], "true_labels") | train([INCEPTION], "true_labels", "curves")
    assert fresh_checkout.jobs(target=f"{INCEPTION}_0.0_none") == PREPARE | inception
    noise = RANDOM_LABELS | train([MLP], "random_labels-0.5")
    assert fresh_checkout.jobs(target=f"{MLP}_0.5_none") == PREPARE | noise
    pixels = SHUFFLED_PIXELS | train([INCEPTION], "shuffled_pixels", "curves")
    assert fresh_checkout.jobs(target=f"{INCEPTION}_0.0_shuff_pix") == PREPARE | pixels


# -- another configuration ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_another_configuration_run_in_between_costs_a_copy_of_the_figure(checkout):
    before = (checkout / "figures/fig1.pdf").read_bytes()
    other = checkout.configuration() | {"name": "other"}
    other["figures"]["fig1"]["size"] = [5, 3]
    checkout.configure(other, "config/other.yaml")
    checkout.run("--configfile", "config/other.yaml")
    assert (checkout / "figures/fig1.pdf").read_bytes() != before
    assert checkout.jobs() == COPY


def test_a_validation_split_is_made_for_a_data_set_that_holds_one_out_and_for_no_other(checkout):
    configuration = checkout.configuration()
    configuration["datasets"]["digits-40"] = {"extends": "digits-50", "validation": 10}
    configuration["figures"]["fig1"]["panels"]["learning_curves"]["dataset"] = "digits-40"
    configuration["seeds"] = [0, 1]
    checkout.configure(configuration)
    found = checkout.jobs()
    splits = {wildcards for rule, wildcards in found if rule == "split"}
    assert splits == {frozenset(["dataset=digits-40", f"seed={seed}"]) for seed in (0, 1)}


def test_another_recipe_of_one_curve_of_figure_1a_trains_that_curve_alone(checkout):
    configuration = checkout.configuration()
    configuration["recipes"]["longer"] = {"extends": "curves", "epochs": 3}
    curves = {"models": [INCEPTION], "recipe": "curves", "corruptions": ["true_labels"]}
    groups = {"true labels": curves, "pixels": curves | {"recipe": "longer", "corruptions": ["shuffled_pixels"]}}
    configuration["figures"]["fig1"]["panels"]["learning_curves"] = {"groups": groups}
    checkout.configure(configuration)
    assert checkout.jobs() == train([INCEPTION], "shuffled_pixels", "longer") | TABLES


@pytest.mark.slow
def test_labels_that_a_recipe_redraws_are_made_for_its_runs_and_for_no_other(checkout):
    configuration = checkout.configuration()
    configuration["recipes"]["redrawn"] = {"extends": "quick", "epochs": 3, "redraw_labels_after": [1, 2]}
    configuration["tables"]["table4"] = {
        "recipe": "redrawn",
        "dataset": "digits-50",
        "panels": {"random_labels_decay": {"models": [MLP], "corruptions": ["random_labels-1.0"]}},
    }
    configuration["recipes"]["redrawn"]["weight_decay"] = 0.1
    checkout.configure(configuration)
    run = f"results/runs/digits-50/{MLP}/random_labels-1.0/redrawn/seed0/run.json"
    later = [f"results/data/digits-50/random_labels-1.0/seed{seed}/train_labels.npy" for seed in (0, 1, 2)]
    drawn = set().union(*(corrupt("corrupt_labels", "random_labels-1.0", seed) for seed in (0, 1, 2)))
    assert checkout.jobs(target=run) == drawn | train([MLP], "random_labels-1.0", "redrawn")
    assert checkout.jobs() == set()

    checkout.run(target=run)
    assert all((checkout / file).exists() for file in later)
    assert checkout.jobs(target=run) == set()
    shutil.rmtree((checkout / later[2]).parent)
    (checkout / run).unlink()
    last = corrupt("corrupt_labels", "random_labels-1.0", 2)
    assert checkout.jobs(target=run) == last | train([MLP], "random_labels-1.0", "redrawn")


# -- confusion matrices ------------------------------------------------------------------------------------------------


def with_confusions(checkout: Checkout) -> None:
    """A table that needs the confusion matrices, of a run that is there."""
    configuration = checkout.configuration()
    panels = {"networks": {"models": [MLP], "corruptions": ["true_labels"]}}
    configuration["tables"]["per_class"] = {"dataset": "digits-50", "recipe": "quick", "panels": panels}
    checkout.configure(configuration)


PER_CLASS = job("table", name="tiny", table="per_class")
CONFUSIONS = job("confusions", name="tiny", section="per_class")


def test_only_what_needs_confusion_matrices_has_them_gathered(checkout):
    with_confusions(checkout)
    gathered = {job for job in checkout.jobs(target="all") if job[0] == "confusions"}
    assert gathered == CONFUSIONS
    assert not [job for job in checkout.jobs() if job[0] == "confusions"]


@pytest.mark.slow
def test_a_deleted_frame_of_confusion_matrices_is_gathered_again(checkout):
    with_confusions(checkout)
    target = "results/tables/tiny/per_class.csv"
    aggregate = job("aggregate", name="tiny", section="per_class")
    assert checkout.run(target=target) == CONFUSIONS | aggregate | PER_CLASS
    assert checkout.jobs(target=target) == set()
    (checkout / "results/tables/tiny/per_class/confusions.csv").unlink()
    assert checkout.jobs(target=target) == CONFUSIONS | PER_CLASS
    (checkout / f"results/runs/digits-50/{MLP}/true_labels/quick/seed0/confusion.pkl").unlink()
    assert train([MLP], "true_labels") <= checkout.jobs(target=target)


# -- measures of saved weights -----------------------------------------------------------------------------------------

RANKS = "results/tables/tiny/rank_correlations.csv"
OF_RANKS = job("complexity", name="tiny", section="rank_correlations")
RANKED = job("table", name="tiny", table="rank_correlations")
GATHERED = OF_RANKS | job("aggregate", name="tiny", section="rank_correlations") | RANKED


def measuring(corruption: str) -> Jobs:
    names = {"dataset": "digits-50", "model": MLP, "corruption": corruption, "recipe": "until-loss", "seed": "0"}
    return job("complexity_of_run", **names)


MEASURINGS = measuring("true_labels") | measuring("random_labels-0.5")
UNTIL_LOSS = train([MLP], "true_labels", "until-loss") | train([MLP], "random_labels-0.5", "until-loss")


@pytest.fixture(scope="module")
def measured(completed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy with a table of measures of two runs, all made; not to be changed."""
    checkout = Checkout.copied(completed, tmp_path_factory.mktemp("measured") / "checkout")
    configuration = checkout.configuration()
    configuration["recipes"]["until-loss"] = {"extends": "quick", "stop": {"criterion": "loss_0_01"}}
    panels = {"levels": {"models": [MLP], "levels": [0, 0.5]}}
    of_loss = {"dataset": "digits-50", "recipe": "until-loss", "fit_criterion": "loss_0_01", "panels": panels}
    configuration["tables"]["rank_correlations"] = of_loss
    checkout.configure(configuration)
    assert checkout.run(target=RANKS) == UNTIL_LOSS | MEASURINGS | GATHERED
    assert checkout.jobs(target=RANKS) == set()
    return checkout.folder


@pytest.fixture
def ranked(measured: Path, tmp_path: Path) -> Checkout:
    """A copy of that."""
    return Checkout.copied(measured, tmp_path / "checkout")


@pytest.mark.slow
def test_what_is_measured_of_weights_is_measured_once_and_for_no_figure_that_does_not_ask(ranked):
    assert ranked.jobs() == set()
    assert not [rule for rule, _ in ranked.jobs("--forceall") if rule.startswith("complexity")]
    (ranked / "results/tables/tiny/rank_correlations/complexity.csv").unlink()
    assert ranked.jobs(target=RANKS) == OF_RANKS | RANKED
    measured = ranked / f"results/complexity/digits-50/{MLP}/random_labels-0.5/until-loss/seed0.json"
    measured.unlink()
    assert ranked.jobs(target=RANKS) == measuring("random_labels-0.5") | OF_RANKS | RANKED


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("analysis/curvature.py", MEASURINGS | OF_RANKS | RANKED),
        ("outcomes/measured.py", MEASURINGS | OF_RANKS | RANKED),
        ("stages/complexity.py", OF_RANKS | RANKED),
        ("outcomes/complexity.py", RANKED),
        ("outcomes/rank_correlation.py", RANKED),
        ("plotting/complexity.py", set()),
    ],
)
def test_code_of_measures_trains_nothing_and_what_shows_them_measures_nothing(module, expected, ranked):
    ranked.edit(f"workflow/rethinking/{module}", with_code)
    assert ranked.jobs(target=RANKS) == expected


def test_weights_are_not_missed_once_measured_and_a_run_that_is_made_again_is_measured_again(ranked):
    run = ranked / f"results/runs/digits-50/{MLP}/true_labels/until-loss/seed0"
    (run / "weights.safetensors").unlink()
    assert ranked.jobs(target=RANKS) == set()
    (run / "run.json").unlink()
    again = train([MLP], "true_labels", "until-loss") | measuring("true_labels")
    assert ranked.jobs(target=RANKS) == again | GATHERED


# -- a figure of no runs -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_figure_of_the_networks_needs_no_run_and_is_drawn_again_where_they_changed(checkout):
    configuration = checkout.configuration()
    configuration["figures"]["models"] = {"size": [7, 5]}
    checkout.configure(configuration)
    assert checkout.run(target="figures/models.pdf") == SIZES | OF_MODELS
    assert checkout.jobs(target="figures/models.pdf") == set()
    assert checkout.jobs() == set()

    configuration["figures"]["models"]["size"] = [7, 6]
    checkout.configure(configuration)
    assert checkout.jobs(target="figures/models.pdf") == OF_MODELS

    configuration["figures"]["models"]["size"] = [7, 5]
    checkout.configure(configuration)
    registry = "workflow/rethinking/models/registry.py"
    checkout.edit(registry, lambda text: text.replace('label="LeNet"', 'label="LeNet-5"'))
    assert checkout.jobs(target="figures/models.pdf") == SIZES | OF_MODELS
    assert checkout.jobs() == set()


# -- the paper's numbers -----------------------------------------------------------------------------------------------

TABLE1 = job("table", name="tiny", table="table1")
COMPARISON = job("table", name="tiny", table="paper_vs_ours")
TINY_TABLES = ["results/tables/tiny/table1.csv", "results/tables/tiny/paper_vs_ours.csv"]
FULL_SIZE = """\
name: full
recipes:
  paper: {epochs: 1}
figures:
  fig1:
    dataset: cifar10
    recipe: paper
    panels:
      learning_curves: {models: [inception], corruptions: [true_labels]}
      corruption_levels: {models: [mlp_1x512], levels: [0, 1]}
tables:
  table1: {dataset: cifar10, recipe: paper, panels: {plain: {models: [mlp_1x512], corruptions: [true_labels]}}}
  paper_vs_ours: {dataset: cifar10, recipe: paper}
"""
FULL_SIZE_TABLES = ["results/tables/full/table1.csv", "results/tables/full/paper_vs_ours.csv"]


def jobs_of(checkout: Checkout, targets: Iterable[str], *options: str) -> Jobs:
    """The jobs that a dry run finds for several targets, but for the targets' own."""
    called = checkout.snakemake("--dry-run", "--cores", "1", *options, "--", *targets)
    assert called.returncode == 0, called.stdout + called.stderr
    return jobs_in(called.stdout + called.stderr) - {(target, frozenset([""])) for target in targets}


def test_completed_tables_have_nothing_to_do(checkout):
    assert jobs_of(checkout, TINY_TABLES) == set()


def test_a_tolerance_writes_its_table_again_and_nothing_else(checkout):
    configuration = checkout.configuration()
    configuration["tables"]["paper_vs_ours"]["tolerance"] = {"relative_time": 0.5}
    checkout.configure(configuration)
    assert jobs_of(checkout, [*TINY_TABLES, "figures/fig1.pdf"]) == COMPARISON


def test_the_paper_s_numbers_change_nothing_at_another_size(checkout):
    checkout.edit("config/paper/fig1b.csv", lambda text: text.replace("1.2579", "1.2580"))
    checkout.edit("config/paper/table1.csv", lambda text: text.replace("50.51", "50.52"))
    assert jobs_of(checkout, [*TINY_TABLES, "figures/fig1.pdf"]) == set()


@pytest.mark.slow
def test_a_number_of_another_source_writes_its_table_again_at_any_size(checkout):
    configuration = checkout.configuration()
    configuration["tables"]["sources"] = {"dataset": "digits-50", "recipe": "quick"}
    checkout.configure(configuration)
    target = "results/tables/tiny/sources.csv"
    made = checkout.run(target=target)
    assert {rule for rule, _ in made} == {"aggregate", "table"}, "the runs of all other sections, and no other"
    assert jobs_of(checkout, [target]) == set()
    checkout.edit("config/paper/sources.yaml", lambda text: text.replace("72.08", "72.09"))
    assert jobs_of(checkout, [target]) == job("table", name="tiny", table="sources")


def test_a_recipe_reruns_its_trainings_and_every_table_that_has_them(checkout):
    checkout.edit("config/config.yaml", lambda text: text.replace("mlp: 0.01", "mlp: 0.02"))
    trainings = train([MLP], "true_labels") | train([MLP], "random_labels-0.5")
    gathered = {("aggregate", frozenset(["name=tiny", f"section={name}"])) for name in ("table1", "paper_vs_ours")}
    gathered |= job("gather", name="tiny", section="paper_vs_ours", frame="steps")
    assert jobs_of(checkout, TINY_TABLES) == trainings | gathered | TABLE1 | COMPARISON


def test_the_code_of_one_table_writes_it_again(checkout):
    checkout.edit("workflow/rethinking/reporting/claims.py", with_code)
    assert jobs_of(checkout, [*TINY_TABLES, "figures/fig1.pdf"]) == COMPARISON


@pytest.mark.slow
def test_at_the_paper_s_size_its_numbers_draw_the_figure_and_write_the_tables_that_show_them_again(checkout):
    """Nothing is trained: the files are empty and only recorded as made."""
    options = ["--configfile", "config/full.yaml"]
    (checkout / "config/full.yaml").write_text(FULL_SIZE)
    targets = [*FULL_SIZE_TABLES, "figures/fig1.pdf"]
    planned = checkout.snakemake("--dry-run", "--cores", "1", *options, "--", *targets)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    for line in re.findall(r"^    output: (.*)$", planned.stdout + planned.stderr, re.MULTILINE):
        for name in line.split(", "):
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            (checkout / name).touch()
    recorded = checkout.snakemake("--touch", "--forceall", "--cores", "1", *options, "--", *targets)
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    assert jobs_of(checkout, targets, *options) == set()

    figure = job("figure", name="full", figure="fig1") | COPY
    table1, comparison = (job("table", name="full", table=name) for name in ("table1", "paper_vs_ours"))
    before = (checkout / "config/paper/fig1b.csv").read_text()
    checkout.edit("config/paper/fig1b.csv", lambda text: text.replace("1.2579", "1.2580"))
    assert jobs_of(checkout, targets, *options) == figure | comparison
    (checkout / "config/paper/fig1b.csv").write_text(before)
    assert jobs_of(checkout, targets, *options) == set()
    checkout.edit("config/paper/table1.csv", lambda text: text.replace("50.51", "50.52"))
    assert jobs_of(checkout, targets, *options) == table1 | comparison
