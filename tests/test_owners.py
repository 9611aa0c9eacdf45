"""Two configurations in one checkout: what they agree on is shared, and neither replaces what the other made."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tiny_workflow import TINY, Checkout

from rethinking.files import write_json
from rethinking.stages.sealing import sealed

RUN = "results/runs/digits-50/mlp-w0.05/true_labels/quick/seed0/run.json"
NOISY = "results/runs/digits-50/mlp-w0.05/random_labels-0.5/quick/seed0/run.json"

Change = Callable[[dict[str, Any]], None]


def other(checkout: Checkout, change: Change = lambda values: None, name: str = "other") -> list[str]:
    """The arguments that take a second configuration, the first one with another name and a change."""
    values = yaml.safe_load(TINY) | {"name": name}
    change(values)
    checkout.configure(values, "config/other.yaml")
    return ["--configfile", "config/other.yaml"]


def refused(checkout: Checkout, arguments: list[str], target: str = RUN) -> str:
    """What a dry run says that does not come to plan a job; nothing that is there may be touched by it."""
    before = checkout.files()
    called = checkout.snakemake("--cores", "1", "--dry-run", *arguments, "--", target)
    assert called.returncode == 1
    assert "Traceback" not in called.stderr
    assert checkout.files() - {"config/other.yaml"} == before - {"config/other.yaml"}
    return called.stderr.splitlines()[-1]


def learn_faster(values: dict[str, Any]) -> None:
    values["recipes"]["quick"]["learning_rate"]["mlp"] = 0.02


def test_a_recipe_with_another_value_is_refused_with_both_values_and_the_name_that_keeps_both(checkout):
    assert refused(checkout, other(checkout, learn_faster)) == (
        "results/runs/digits-50/mlp-w0.05/true_labels/quick/seed0: the configuration 'tiny' made this with"
        " recipe.learning_rate = 0.01, 'other' has 0.02 and would replace it. To keep both, give what differs a name of"
        " its own, recipes: {quick-other: {extends: quick, …}}, and use that name; to replace it, delete that folder"
    )


def test_the_advice_that_the_message_gives_works(checkout):
    def under_a_name_of_its_own(values: dict[str, Any]) -> None:
        values["recipes"]["quick-other"] = {"extends": "quick", "learning_rate": {"mlp": 0.02}}

    arguments = other(checkout, under_a_name_of_its_own)
    assert {rule for rule, _ in checkout.jobs(*arguments, target=RUN.replace("quick", "quick-other"))} == {"train"}


@pytest.mark.parametrize("what", ["more_epochs", "wider", "fewer_images"])
def test_other_values_of_any_part_of_a_run_are_refused(what, checkout):
    def change(values: dict[str, Any]) -> None:
        if what == "more_epochs":
            values["recipes"]["quick"]["epochs"] = 3
        elif what == "wider":
            values["models"]["mlp-w0.05"]["width"] = 0.1
        else:
            values["datasets"]["digits-50"]["train"] = 60

    told = {
        "more_epochs": "recipe.epochs = 1, 'other' has 3",
        "wider": "network.arguments.width = 0.05, 'other' has 0.1",
        "fewer_images": "dataset.train = 50, 'other' has 60",
    }
    assert told[what] in refused(checkout, other(checkout, change))


def test_data_of_another_configuration_are_not_replaced_where_no_run_was_made_of_them(checkout):
    def fewer_images(values: dict[str, Any]) -> None:
        values["datasets"]["digits-50"]["train"] = 60

    message = refused(checkout, other(checkout, fewer_images), target="results/data/digits-50/manifest.json")
    assert message.startswith("results/data/digits-50: the configuration 'tiny' made this with dataset.train = 50")
    assert "datasets: {digits-50-other: {extends: digits-50, …}}" in message


@pytest.mark.slow
def test_values_that_agree_share_the_run_and_switching_trains_nothing(checkout):
    arguments = other(checkout)
    for target in (RUN, NOISY):
        assert checkout.jobs(*arguments, target=target) == set()
        assert checkout.jobs(target=target) == set()


def test_the_same_configuration_with_another_value_runs_again_as_ever(checkout):
    arguments = other(checkout, learn_faster, name="tiny")
    assert {rule for rule, _ in checkout.jobs(*arguments, target=RUN)} == {"train"}


def test_what_is_not_touched_is_not_asked_for(checkout):
    def longer_curves(values: dict[str, Any]) -> None:
        values["recipes"]["curves"]["epochs"] = 3

    assert checkout.jobs(*other(checkout, longer_curves), target=RUN) == set()


def by_hand(checkout: Checkout, *arguments: str):
    command = ["train", "--dataset", "digits-50", "--model", "mlp-w0.05", "--recipe", "quick", "--out", "mine"]
    return checkout.rethinking(*command, *arguments)


@pytest.mark.slow
def test_a_run_by_hand_into_the_folder_of_another_is_refused_and_more_epochs_are_not(checkout):
    assert by_hand(checkout).returncode == 0
    before = (checkout / "mine/metrics.csv").read_bytes()
    called = by_hand(checkout, "--seed", "1")
    assert called.returncode != 0
    assert called.stderr.splitlines()[-1].endswith(
        "--out = mine: holds the run digits-50/mlp-w0.05/true_labels/quick/seed0; choose another folder, or delete"
        " this one"
    )
    assert (checkout / "mine/metrics.csv").read_bytes() == before
    called = by_hand(checkout, "--epochs", "2")
    assert called.returncode == 0, called.stderr
    assert "resuming after epoch 1" in called.stdout
    called = by_hand(checkout)
    assert called.stderr.splitlines()[-1].startswith("error: --out = mine: holds this run after 2 epochs; choose")


@pytest.mark.slow
def test_a_run_by_hand_on_other_data_of_the_same_name_is_not_replaced(checkout):
    assert by_hand(checkout).returncode == 0
    checkout.edit("config/config.yaml", lambda text: text.replace("train: 50", "train: 60"))
    called = by_hand(checkout)
    assert called.stderr.splitlines()[-1].startswith("error: --out = mine: holds this run on other data; choose")


@pytest.mark.slow
def test_a_run_by_hand_that_was_stopped_is_not_replaced_either(checkout):
    assert by_hand(checkout).returncode == 0
    (checkout / "mine/run.json").unlink()
    called = by_hand(checkout, "--seed", "1")
    assert "--out = mine: holds another run that stopped; choose" in called.stderr
    assert "resuming" in by_hand(checkout).stdout


def test_a_state_that_cannot_be_read_is_called_no_other_run(checkout):
    (checkout / "mine").mkdir()
    (checkout / "mine/state.pt").write_bytes(bytes(100))
    called = by_hand(checkout)
    assert called.stderr.splitlines()[-1].startswith(
        "error: --out = mine: holds a state.pt that is torn, or another program's; choose another folder, or delete"
    )
    assert (checkout / "mine/state.pt").read_bytes() == bytes(100)


def test_a_run_by_hand_of_another_version_is_not_replaced_and_the_key_is_told(checkout):
    assert by_hand(checkout).returncode == 0
    summary = json.loads((checkout / "mine/run.json").read_text())
    summary["config"]["training"]["ema_decay"] = 0.99
    write_json(checkout / "mine/run.json", sealed(checkout / "mine", summary))
    called = by_hand(checkout)
    assert called.stderr.splitlines()[-1].startswith(
        "error: --out = mine: holds a run of another version (a recipe has no key 'ema_decay'; "
    )
    assert called.stderr.splitlines()[-1].endswith("choose another folder, or delete this one")
