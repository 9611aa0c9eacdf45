"""`steps_per_epoch`: as many updates for a training set of any size, and the same ones as where passes are counted."""

from pathlib import Path
from typing import Any

import pytest
import tiny_runs
import yaml
from safetensors.numpy import load_file
from tiny_runs import make_run, prepare_digits, rows, run_stage
from tiny_workflow import TINY

from rethinking.config import Configuration
from rethinking.config.described import section_of
from rethinking.files import read_json
from rethinking.models.registry import MODELS
from rethinking.resources import train_minutes
from rethinking.schema import ConfigurationError
from rethinking.stages import list as list_stage

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

PASS = 3  # steps of a pass over 40 images in batches of 16
# Everything that depends on the pass or the step that it is.
DRAWN: dict[str, Any] = {
    "batch_size": 16,
    "dropout": 0.4,
    "schedule": "exponential",
    "decay_every_steps": 5,
    "crop": 6,
    "augmentation": {"random_crop": True, "flip": True, "rotation": 25},
}


def weights(out: Path) -> dict[str, bytes]:
    return {name: tensor.tobytes() for name, tensor in load_file(out / "weights.safetensors").items()}


# The updates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [1, 2, 4, 2 * PASS, 12], ids=lambda steps: f"{steps} steps")
def test_the_updates_are_those_of_passes_however_many_count_as_an_epoch(steps, data, tmp_path):
    expected = weights(run_stage(make_run(epochs=4, **DRAWN), data, tmp_path / "passes"))
    counted = make_run(epochs=12 // steps, steps_per_epoch=steps, **DRAWN)
    assert weights(run_stage(counted, data, tmp_path / "steps")) == expected


def test_an_epoch_of_as_many_steps_as_a_pass_leaves_the_same_bytes(data, tmp_path):
    found = []
    for folder, recipe in {"one": {}, "other": {"steps_per_epoch": PASS}}.items():
        changes = {"evaluations_per_epoch": 2, "log_every_steps": 2, "measures": ["frobenius_norm"], **recipe}
        left = tiny_runs.comparable(run_stage(make_run(**DRAWN | changes), data, tmp_path / folder))
        found.append({name: content for name, content in left.items() if name != "run.json"})
    assert found[0] == found[1]


@pytest.mark.parametrize("schedule", ["exponential", "cosine", "warm_up", "constant"])
def test_sets_of_any_size_have_as_many_steps_and_the_same_rates_at_each(schedule, tmp_path):
    found = []
    for images in (20, 90):
        data = prepare_digits(tmp_path / f"{images}", num_train=images)
        run = make_run(epochs=4, steps_per_epoch=5, batch_size=16, schedule=schedule)
        out = run_stage(run, data, tmp_path / f"run{images}")
        table = rows(out / "metrics.csv")
        assert [int(row["Step"]) for row in table] == [5, 10, 15, 20]
        assert [int(row["Epoch"]) for row in table] == [1, 2, 3, 4]
        assert read_json(out / "run.json")["num_train"] == images
        found.append([float(row["LearningRate"]) for row in table])
    assert found[0] == found[1]
    assert (len(set(found[0])) > 1) == (schedule != "constant")


def test_the_running_loss_is_over_the_images_of_the_epoch_s_steps(data, tmp_path):
    """The first epoch of two steps is the first two thirds of a pass, all of which has the mean of three."""
    run = make_run(epochs=1, steps_per_epoch=2, batch_size=16, log_every_steps=1)
    out = run_stage(run, data, tmp_path)
    losses = [float(row["OnlineTrainLoss"]) for row in rows(out / "steps.csv")]
    assert len(losses) == 2
    (epoch,) = rows(out / "metrics.csv")
    assert float(epoch["OnlineTrainLoss"]) == pytest.approx(sum(losses) / 2)


def test_a_recipe_without_the_key_is_as_it_was():
    recipe = tiny_runs.recipe()
    assert recipe.steps_per_epoch is None
    assert "steps_per_epoch" not in recipe.to_json()
    assert make_run().digest == make_run(steps_per_epoch=None).digest != make_run(steps_per_epoch=3).digest


# What a configuration says --------------------------------------------------------------------------------------------

SIZES = {"datasets": ["digits-50", "digits-90"], "models": ["mlp-w0.05", "mlp-w0.1"], "levels": [1]}


def tiny(panel: dict[str, Any] | None = None, recipe: dict[str, Any] | None = None, **section: Any) -> dict[str, Any]:
    values = yaml.safe_load(TINY)
    values["datasets"]["digits-90"] = {"extends": "digits-50", "train": 90}
    values["models"]["mlp-w0.1"] = {"factory": "mlp_1x512", "width": 0.1, "learning_rate": 0.25}
    counted = {"extends": "quick", "learning_rate": None, "epochs": 2, "steps_per_epoch": 3}
    values["recipes"]["counted"] = counted | (recipe or {})
    values["recipes"]["faster"] = {"extends": "counted", "learning_rate": 0.5}
    panels = {"sizes": SIZES | (panel or {})}
    values["figures"] = {"capacity": {"dataset": "digits-50", "recipe": "counted", "panels": panels, **section}}
    del values["tables"]
    return values


def load(*arguments: Any, **section: Any) -> Configuration:
    return Configuration.of_layers("mine.yaml", {"mine.yaml": tiny(*arguments, **section)})


def test_a_panel_that_lists_data_sets_has_all_its_networks_on_each():
    configuration = load()
    runs = {run.path for run in configuration.runs("capacity")}
    assert runs == {
        f"{dataset}/{model}/random_labels-1.0/counted/seed0"
        for dataset in SIZES["datasets"]
        for model in SIZES["models"]
    }
    groups = section_of(configuration, "capacity").of("sizes")
    assert [(group.name, group.dataset) for group in groups] == [("", "digits-50"), ("", "digits-90")]


def test_a_network_of_a_configuration_may_bring_its_learning_rate():
    rates = {run.model: run.training.learning_rate for run in load().runs("capacity")}
    assert rates == {"mlp-w0.05": MODELS["mlp_1x512"].learning_rate, "mlp-w0.1": 0.25}
    rates = {run.model: run.training.learning_rate for run in load({"recipe": "faster"}).runs("capacity")}
    assert rates == {"mlp-w0.05": 0.5, "mlp-w0.1": 0.5}, "what a recipe says holds for all"


@pytest.mark.parametrize(
    ("panel", "recipe", "section", "message"),
    [
        ({}, {"steps_per_epoch": None}, {}, "recipes.counted.steps_per_epoch = null: must be a number of steps:"
         " figures.capacity.panels.sizes compares runs of equally many"),
        ({}, {"steps_per_epoch": 0}, {}, "recipes.counted.steps_per_epoch = 0: must be at least 1"),
        ({}, {"steps_per_epoche": 3}, {}, "recipes.counted.steps_per_epoche = 3: unknown key; did you mean"
         " 'steps_per_epoch'?"),
        ({"datasets": ["digits-50", "digits-91"]}, {}, {}, "figures.capacity.panels.sizes.datasets[1] = \"digits-91\":"
         " unknown data set; did you mean 'digits-90'?"),
        ({"datasets": []}, {}, {}, "figures.capacity.panels.sizes.datasets = []: must not be empty"),
        ({"dataset": "digits-50"}, {}, {}, "figures.capacity.panels.sizes.dataset = \"digits-50\": stands beside"
         " datasets"),
        ({"recipes": ["counted", "faster"]}, {}, {}, "figures.capacity.panels.sizes.recipes = [\"counted\","
         " \"faster\"]: shows one recipe: write recipe"),
        ({"levels": [0.5]}, {}, {}, "figures.capacity.panels.sizes.levels = [0.5]: is about"
         " random_labels-1.0 alone"),
        ({}, {"epochs": {"mlp": 2, "alexnet": 3}}, {}, "recipes.counted.epochs = {\"mlp\": 2, \"alexnet\": 3}: must be"
         " one number: figures.capacity.panels.sizes compares equally long runs"),
        ({}, {"stop": {"plateau": 1}}, {}, "recipes.counted.stop = {\"plateau\": 1}: must be null or of a criterion:"
         " figures.capacity.panels.sizes shows when runs have fitted"),
        ({}, {}, {"beside": "within_of_last"}, "figures.capacity.beside = \"within_of_last\": capacity shows nothing of"
         " it"),
        ({}, {}, {"horizon": 3}, "figures.capacity.horizon = 3: capacity shows nothing of it"),
        ({}, {"stop": {"criterion": "accuracy_99"}}, {}, "figures.capacity.fit_criterion = \"accuracy_100\": the runs"
         " of recipe 'counted' end at accuracy_99, before they meet this; change its stop as well"),
        ({}, {}, {"fit_criterion": "within_of_last"}, "figures.capacity.fit_criterion = \"within_of_last\": is of"
         " whole curves; here one of accuracy_99, accuracy_99_9, accuracy_100, loss_0_01"),
    ],
)  # fmt: skip
def test_what_would_compare_runs_of_unlike_length_or_kind_is_refused_with_its_key(panel, recipe, section, message):
    with pytest.raises(ConfigurationError) as refused:
        load(panel, recipe, **section)
    assert str(refused.value) == f"mine.yaml: {message}"


def test_rates_are_compared_over_equally_many_steps():
    values = tiny()
    rates = {"recipes": ["counted", "faster"]}
    values["figures"] = {
        "learning_rates": {"dataset": "digits-50", "recipe": "counted", "panels": {"rates": SIZES | rates}}
    }
    configuration = Configuration.of_layers("mine.yaml", {"mine.yaml": values})
    assert len(configuration.runs("learning_rates")) == 2 * 2 * 2
    values["recipes"]["faster"]["epochs"] = 3
    with pytest.raises(ConfigurationError) as refused:
        Configuration.of_layers("mine.yaml", {"mine.yaml": values})
    said = "recipes.faster.epochs = 3: must be 2, as in 'counted': figures.learning_rates.panels.rates compares equally"
    assert str(refused.value) == f"mine.yaml: {said} long runs"


def test_a_cluster_is_asked_for_the_time_of_the_steps_and_not_of_passes():
    minutes = []
    for steps in (10**4, 10**8):
        configuration = load({}, {"epochs": 1000, "steps_per_epoch": steps})
        minutes.append(train_minutes(configuration, configuration.runs("capacity")[0]))
    assert minutes[1] > 10 * minutes[0]


def test_the_list_of_recipes_says_how_many_steps_count_as_an_epoch_where_a_recipe_does(tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(tiny()))
    list_stage.main(["recipes", "--configfile", str(tmp_path / "mine.yaml")])
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["counted"].startswith("epochs 2, steps_per_epoch 3, batch_size")
    assert lines["quick"].startswith("epochs 1, batch_size")
