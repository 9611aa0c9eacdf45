"""The study of the repository Deep-learning-generalization at its three sizes: what it trains, and how."""

import re
from pathlib import Path

import pytest

from rethinking.config import CHECKOUT, Configuration, described
from rethinking.config.described import published, section_of
from rethinking.config.recipes import regularisers
from rethinking.models.registry import MODELS

STUDIES = CHECKOUT / "config/studies"
SIZES = ["corruptions", "corruptions-source", "corruptions-digits"]
COUNTS = {
    "Net": 17_426,
    "MLP1": 1_209_866,
    "MLP3": 1_735_178,
    "AlexNet": 1_568_138,
    "Inception": 1_651_114,
    "InceptionWithoutBN": 1_647_690,
}
SETTINGS = {"true_labels", "shuffled_pixels", "random_pixels", "gaussian_pixels", "random_labels-1.0"}


@pytest.fixture(scope="module", params=SIZES)
def study(request: pytest.FixtureRequest) -> Configuration:
    return Configuration.load(STUDIES / f"{request.param}.yaml")


@pytest.fixture(scope="module")
def source() -> Configuration:
    return Configuration.load(STUDIES / "corruptions-source.yaml")


def test_every_network_has_learning_curves_in_five_settings(study):
    runs = {(run.model, run.corruption) for run in study.runs("learning_curves")}
    assert runs == {(model, setting) for model in COUNTS for setting in SETTINGS}


def test_curves_by_step_have_a_point_every_so_many_steps(study):
    """Of the same runs, and more points than a point an epoch."""
    assert study.runs("learning_curves_by_step") == study.runs("learning_curves")
    for run in study.runs("learning_curves_by_step"):
        entry = study.datasets[run.dataset]
        steps = (entry["train"] or entry["original"]["train"]) / run.training.batch_size
        assert run.training.log_every_steps is not None
        assert run.training.log_every_steps < steps / 2


def test_three_networks_have_eleven_levels(study):
    group = section_of(study, "fig1").only("corruption_levels")
    levels = ("true_labels", *(f"random_labels-0.{tenth}" for tenth in range(1, 10)), "random_labels-1.0")
    assert group.corruptions == levels
    assert group.models == ("MLP1", "AlexNet", "Inception")


def test_nothing_is_regularised(study):
    assert not any(regularisers(recipe) for recipe in study.recipes.values())


def test_figures_and_tables_share_their_runs(study):
    runs = {section: {run.path for run in study.runs(section)} for section in study.sections}
    assert runs["fig2"] <= runs["learning_curves"] <= runs["zero_loss"] <= runs["sources"]
    assert runs["fig1"] <= runs["zero_loss"]
    assert len(runs["fig1"] | runs["learning_curves"]) == 33 + 30
    assert len(runs["importance_of_seed"] - runs["learning_curves"]) == 1, "labels that stay are those of the curves"


@pytest.mark.parametrize(("name", "num_images"), [("corruptions", 10_000), ("corruptions-source", 50_000)])
def test_net_and_a_network_of_more_parameters_are_asked_to_fit_many_random_labels(name, num_images):
    study = Configuration.load(STUDIES / f"{name}.yaml")
    capacity = section_of(study, "zero_loss").only("capacity")
    assert (capacity.models, capacity.corruptions) == (("Net", "MLP1"), ("random_labels-1.0",))
    entry = study.datasets[capacity.dataset]
    assert (entry["train"] or entry["original"]["train"]) == num_images > COUNTS["Net"] / 2
    assert study.recipes[capacity.recipe]["stop"] == {"criterion": "accuracy_99", "extra_epochs": 0}


def test_digits_are_too_few_to_find_net_s_limit_and_none_is_asked_for():
    assert not section_of(Configuration.load(STUDIES / "corruptions-digits.yaml"), "zero_loss").of("capacity")


def test_the_batch_normalisation_of_one_network_is_shown_with_and_without(study):
    runs = {(run.factory, run.corruption, run.recipe) for run in study.runs("fig2")}
    factories = ("inception_affine_bn", "inception_without_bn_or_bias")
    assert runs == {(name, "true_labels", study.figures["fig2"]["recipe"]) for name in factories}
    assert section_of(study, "fig2").only("batch_norm").models == ("Inception", "InceptionWithoutBN")


def test_labels_that_stay_and_that_are_drawn_again_are_of_one_network_corruption_and_data_set(study):
    section = section_of(study, "importance_of_seed")
    groups = [section.only(name) for name in ("fixed", "redrawn")]
    assert {(group.dataset, group.models, group.corruptions) for group in groups} == {
        (study.dataset, ("MLP1",), ("random_labels-1.0",))
    }
    recipes = [study.recipes[group.recipe] for group in groups]
    assert [recipe.pop("redraw_labels_after") for recipe in map(dict, recipes)] == [[], [10, 20]]
    differing = {key for key in recipes[0] if recipes[0][key] != recipes[1][key]}
    assert differing == {"redraw_labels_after"}


def test_at_the_source_s_size_the_networks_are_whole_and_have_its_numbers_of_parameters(source):
    for name, count in COUNTS.items():
        assert source.models[name]["arguments"] == {}
        assert MODELS[described.as_published(source, name)].parameters == count


def test_at_the_source_s_size_the_recipe_is_its_own(source):
    rates = {"Net": 0.01, "MLP1": 0.01, "MLP3": 0.01, "AlexNet": 0.01, "Inception": 0.1, "InceptionWithoutBN": 0.1}
    for run in source.runs("zero_loss"):
        recipe = run.training
        assert recipe.learning_rate == rates[run.model]
        assert (recipe.momentum, recipe.batch_size, run.seed) == (0.9, 128, 42)
        assert (recipe.schedule, recipe.decay, recipe.decay_every_steps) == ("exponential", 0.95, None)
        assert run.dataset == "cifar10"


def test_other_sources_numbers_are_shown_at_any_size_and_the_paper_s_at_its_own(study):
    assert published(study, "sources") == ("sources.yaml",)
    assert (published(study, "fig2") != ()) == (study.name == "corruptions-source")


@pytest.mark.parametrize(
    ("page", "source", "count"),
    [
        ("notebook", "S0", 10),
        ("corruptions", "S1", 15),
        ("tutorial", "S3", 12),
        ("blog", "S2", 10),
        ("lecture", "S4", 10),
    ],
)
def test_the_page_of_a_study_names_a_test_for_each_feature_and_each_of_them_is_there(page, source, count):
    text = (CHECKOUT / f"docs/studies/{page}.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| ({source}-\d+) \|.*\| (.*) \|$", text, re.MULTILINE)
    assert [name for name, _ in rows] == [f"{source}-{number}" for number in range(1, count + 1)]
    for name, tests in rows:
        files = re.findall(r"`(test_\w+\.py)\b", tests)
        assert files, name
        code = "".join((CHECKOUT / "tests" / file).read_text(encoding="utf-8") for file in files)
        for test in re.findall(r"(?:`|::)(test_\w+)`", tests):
            assert f"def {test}(" in code, test


@pytest.mark.parametrize("name", SIZES)
def test_the_page_of_the_study_names_its_file(name):
    assert f"config/studies/{name}.yaml" in Path(CHECKOUT / "docs/studies/corruptions.md").read_text(encoding="utf-8")
