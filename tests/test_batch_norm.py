"""A recipe's `batch_norm`: evaluation mode alone changes, and debiased averages are what their formula says."""

import pytest
import tiny_runs
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rethinking.config import CHECKOUT, Configuration
from rethinking.engine.batch_norm import before_step, configure_batch_norm, running_weight
from rethinking.schema import ConfigurationError

pytestmark = pytest.mark.usefixtures("torch_as_it_was")
SETTINGS = {
    "long": {"statistics": "running", "momentum": 0.001, "debiased": False},
    "debiased": {"statistics": "running", "momentum": 0.01, "debiased": True},
    "batch": {"statistics": "batch", "momentum": 0.1, "debiased": False},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tiny_runs.prepare_digits(tmp_path_factory.mktemp("data"))


def run_with(setting, data, folder, **changes):
    """The result folder of a tiny Inception."""
    run = tiny_runs.make_run("inception", width=1 / 4, learning_rate=0.02, batch_norm=setting, **changes)
    return tiny_runs.run_stage(run, data, folder)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_training_keeps_its_bytes_and_what_is_evaluated_changes(setting, data, tmp_path):
    usual, other = (
        tiny_runs.rows(run_with(each, data, tmp_path / str(number)) / "metrics.csv")
        for number, each in enumerate((None, setting))
    )
    assert [row["OnlineTrainLoss"] for row in other] == [row["OnlineTrainLoss"] for row in usual]
    assert [row["TestLoss"] for row in other] != [row["TestLoss"] for row in usual]


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_more_epochs_later_are_the_same_as_all_at_once(setting, data, tmp_path):
    run_with(setting, data, tmp_path / "parts", epochs=1)
    parts = tiny_runs.comparable(run_with(setting, data, tmp_path / "parts", epochs=3))
    assert parts == tiny_runs.comparable(run_with(setting, data, tmp_path / "whole", epochs=3))


@settings(deadline=None, max_examples=50)
@given(st.floats(1e-4, 1), st.lists(st.floats(-100, 100), min_size=1, max_size=30))
def test_debiased_averages_are_those_from_zero_divided_by_what_they_lack(momentum, values):
    debiased, from_zero = 0.0, 0.0
    for step, value in enumerate(values):
        debiased += running_weight(momentum, step) * (value - debiased)
        from_zero += momentum * (value - from_zero)
    expected = from_zero / (1 - (1 - momentum) ** len(values))
    assert debiased == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_after_the_first_step_debiased_averages_are_that_batch():
    layer, batch = nn.BatchNorm2d(3), torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    setting = SETTINGS["debiased"]
    configure_batch_norm(layer, setting)
    before_step(layer, setting)(0)
    layer(batch)
    torch.testing.assert_close(layer.running_mean, batch.mean(dim=(0, 2, 3)))
    torch.testing.assert_close(layer.running_var, batch.transpose(0, 1).flatten(1).var(dim=1))


def test_statistics_of_the_batch_make_evaluation_normalise_as_training_does():
    layer, batch = nn.BatchNorm2d(3), torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0)) + 5
    configure_batch_norm(layer, SETTINGS["batch"])
    trained = layer.train()(batch)
    assert torch.equal(layer.eval()(batch), trained)


def test_a_recipe_without_it_leaves_the_runs_of_before_their_digest():
    assert "batch_norm" not in tiny_runs.recipe().to_json()
    assert tiny_runs.recipe(batch_norm=SETTINGS["long"]).to_json()["batch_norm"] == SETTINGS["long"]


def configuration(recipe):
    """One that holds a recipe and no run."""
    values = {"name": "mine", "recipes": {"mine": recipe}, "figures": {"models": {}}}
    return Configuration.of_layers("mine.yaml", {"mine.yaml": values})


def test_a_compiled_network_takes_no_debiased_averages():
    with pytest.raises(ConfigurationError, match=r"mine.yaml: recipes.mine.batch_norm.debiased = true: changes from"):
        configuration({"compile": "default", "batch_norm": {"debiased": True}})


def test_what_a_recipe_does_not_say_of_it_is_the_schemas():
    recipe = configuration({"batch_norm": {"momentum": 0.01}}).recipes["mine"]
    assert recipe["batch_norm"] == {"statistics": "running", "momentum": 0.01, "debiased": False}


def test_the_paper_s_recipe_evaluates_as_the_predictions_decided():
    decided = (CHECKOUT / "docs/predictions.md").read_text(encoding="utf-8")
    assert "`batch_norm: {statistics: batch}`: recipe `paper` of `config/cifar10.yaml`" in " ".join(decided.split())
    for name, recipes in (
        ("cifar10", ("paper", "paper-often")),
        ("cifar10-gpu", ("gpu", "gpu-often")),
        ("cifar10-cpu", ("paper-bfloat16-first-20", "paper-bfloat16-first-22", "paper-bfloat16-first-28")),
    ):
        found = Configuration.load(CHECKOUT / f"config/{name}.yaml").recipes
        assert {found[recipe]["batch_norm"]["statistics"] for recipe in recipes} == {"batch"}
