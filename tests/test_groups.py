"""Panels of several groups of runs, each with a name of its own, as a configuration writes them."""

from typing import Any

import pytest
import yaml
from tiny_workflow import TINY

from rethinking import schema
from rethinking.config import Configuration
from rethinking.config.described import section_of
from rethinking.run import runs_of
from rethinking.schema import ConfigurationError

FAST = {"models": ["alexnet"], "corruptions": ["true_labels"], "recipe": "curves"}
NOISY = {"models": ["alexnet", "mlp_1x512"], "levels": [0, 1], "dataset": "digits"}
BOTH = {"groups": {"fast": FAST, "on noise": NOISY}}


def tiny(panel: dict[str, Any]) -> dict[str, Any]:
    """The tiny configuration with a figure of one panel, which may hold several groups."""
    values = yaml.safe_load(TINY)
    panels = {"learning_curves": panel}
    values["figures"]["learning_curves"] = {"dataset": "digits-50", "recipe": "quick", "panels": panels}
    return values


def load(panel: dict[str, Any]) -> Configuration:
    return Configuration.of_layers("mine.yaml", {"mine.yaml": tiny(panel)})


def refusal(panel: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(panel)
    return str(refused.value).removeprefix("mine.yaml: figures.learning_curves.panels.learning_curves")


def test_each_group_has_its_own_runs_name_data_set_and_recipe():
    configuration = load(BOTH)
    fast, noisy = section_of(configuration, "learning_curves").of("learning_curves")
    assert (fast.name, fast.dataset, fast.recipe, fast.corruptions) == ("fast", "digits-50", "curves", ("true_labels",))
    assert (noisy.name, noisy.dataset, noisy.recipe) == ("on noise", "digits", "quick")
    assert noisy.corruptions == ("true_labels", "random_labels-1.0")
    runs = {run.path for run in configuration.runs("learning_curves") if run.seed == 0}
    assert runs == {
        "digits-50/alexnet/true_labels/curves/seed0",
        *(
            f"digits/{model}/{corruption}/quick/seed0"
            for model in ("alexnet", "mlp_1x512")
            for corruption in ("true_labels", "random_labels-1.0")
        ),
    }
    plan = configuration.plan("learning_curves")
    assert [group["name"] for group in plan["groups"]] == ["fast", "on noise"]
    assert runs_of(plan) == configuration.runs("learning_curves")


def test_one_group_is_as_if_it_were_the_panel():
    alone, short = load({"groups": {"fast": FAST}}), load(FAST)
    assert alone.plan("learning_curves") == short.plan("learning_curves")
    assert section_of(alone, "learning_curves") == section_of(short, "learning_curves")
    assert section_of(short, "learning_curves").only("learning_curves").name == ""


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"groups": {}}, ".groups = {}: must not be empty"),
        ({"groups": ["fast"]}, '.groups = ["fast"]: must be a mapping'),
        ({"group": {"fast": FAST}}, """.group = {"fast": {"models": ["alexnet"], "corruptions": ["true_labels"], \
"recipe": "curves"}}: unknown key; did you mean 'groups'?"""),
        (BOTH | {"recipe": "quick"}, '.recipe = "quick": stands beside groups, each of which says its own'),
        ({"groups": {"a": BOTH}}, '.groups.a.groups = ["fast", "on noise"]: a group is of runs, not of groups'),
        ({"groups": {"a": FAST, "b": FAST | {"models": ["alexnett"]}}},
         ".groups.b.models[0] = \"alexnett\": unknown model; did you mean 'alexnet'?"),
        ({"groups": {"a": FAST, "b": FAST | {"recipe": "quik"}}},
         ".groups.b.recipe = \"quik\": unknown recipe; did you mean 'quick'?"),
        ({"groups": {"a": FAST, "b": {"models": ["alexnet"]}}},
         ".groups.b: needs exactly one of the keys corruptions and levels"),
        ({"groups": {"a": {"levels": [0]}}}, ".groups.a: the key 'models' is missing"),
        ({"groups": {"a": FAST, "b": FAST}}, ".groups.b: are the runs of 'a' once more"),
        *(({"groups": {name: FAST, "b": NOISY}}, f".groups.{name}: must be a name of at most 60 characters in one line,"
           " without spaces at its ends") for name in ("", " ", "a ", "a\nb", "a" * 61)),
        *(({"groups": {name: FAST, "b": NOISY}}, f".groups.{name}: must be text; put it in quotes")
          for name in (1, 1.5, True)),
        ({"groups": {"a": FAST, "b": FAST | {"modles": []}}},
         ".groups.b.modles = []: unknown key; did you mean 'models'?"),
    ],
)  # fmt: skip
def test_a_fault_in_a_group_is_named_with_its_key(panel, message):
    assert refusal(panel) == message


def test_a_panel_that_shows_one_group_refuses_more_than_one_by_name():
    values = yaml.safe_load(TINY)
    values["figures"]["fig1"]["panels"]["corruption_levels"] = {"groups": {"a": NOISY, "b": NOISY}}
    with pytest.raises(ConfigurationError) as refused:
        Configuration.of_layers("mine.yaml", {"mine.yaml": values})
    key = 'figures.fig1.panels.corruption_levels.groups = ["a", "b"]'
    assert str(refused.value) == f"mine.yaml: {key}: shows one group of runs"


def of_figure_1(**groups: dict[str, Any]) -> Configuration:
    values = yaml.safe_load(TINY)
    values["figures"]["fig1"]["panels"]["learning_curves"] = {"groups": groups}
    return Configuration.of_layers("mine.yaml", {"mine.yaml": values})


def test_the_learning_curves_of_figure_1_may_be_of_a_recipe_each():
    configuration = of_figure_1(a=FAST, b=FAST | {"recipe": "quick", "corruptions": ["random_pixels"]})
    groups = section_of(configuration, "fig1").of("learning_curves")
    assert [(group.recipe, group.corruptions) for group in groups] == [
        ("curves", ("true_labels",)),
        ("quick", ("random_pixels",)),
    ]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"corruptions": ["random_pixels", "true_labels"], "recipe": "quick"},
         """b.corruptions = ["random_pixels", "true_labels"]: 'true_labels' stands in 'a' as well"""),
        ({"corruptions": ["random_pixels"], "models": ["mlp_1x512"]},
         """b.models = ["mlp_1x512"]: must be that of 'a', ["alexnet"]"""),
        ({"corruptions": ["random_pixels"], "models": ["alexnet", "mlp_1x512"]},
         """b.models = ["alexnet", "mlp_1x512"]: shows one model"""),
        ({"corruptions": ["random_pixels"], "dataset": "digits"},
         'b.dataset = "digits": must be that of \'a\', "digits-50"'),
    ],
)  # fmt: skip
def test_they_are_of_one_network_on_the_same_data_and_a_corruption_is_one_line(other, message):
    with pytest.raises(ConfigurationError) as refused:
        of_figure_1(a=FAST, b=FAST | other)
    assert str(refused.value) == f"mine.yaml: figures.fig1.panels.learning_curves.groups.{message}"


def test_a_group_that_is_written_with_levels_is_refused_by_that_key():
    levels = {"models": ["alexnet"], "levels": [0, 1], "recipe": "quick"}
    with pytest.raises(ConfigurationError) as refused:
        of_figure_1(a=FAST, b=levels)
    key = "figures.fig1.panels.learning_curves.groups.b.levels = [0.0, 1.0]"
    assert str(refused.value) == f"mine.yaml: {key}: 'true_labels' stands in 'a' as well"


def test_of_two_files_the_one_that_extends_is_named():
    base = yaml.safe_load(TINY)
    base["figures"]["fig1"]["panels"]["learning_curves"] = {"groups": {"a": FAST}}
    mine = {"figures": {"fig1": {"panels": {"learning_curves": {"groups": {"b": FAST | {"recipe": "quick"}}}}}}}
    with pytest.raises(ConfigurationError) as refused:
        Configuration.of_layers("mine.yaml", {"mine.yaml": mine, "base.yaml": base})
    key = 'figures.fig1.panels.learning_curves.groups.b.corruptions = ["true_labels"]'
    assert str(refused.value) == f"mine.yaml: {key}: 'true_labels' stands in 'a' as well"


def test_what_a_panel_asks_is_asked_of_each_group():
    values = tiny({"groups": {"a": FAST, "b": FAST | {"recipe": "ends"}}})
    values["recipes"]["ends"] = {"extends": "quick", "stop": {"plateau": 2}}
    with pytest.raises(ConfigurationError, match=r"panels\.learning_curves\.groups\.b: the recipe 'ends' may end runs"):
        Configuration.of_layers("mine.yaml", {"mine.yaml": values})


def over(nearest: Any, further: Any) -> list[str]:
    """The groups of a panel, and their networks, that a file makes of one in a file that it extends."""
    mine = {"figures": {"learning_curves": {"panels": {"learning_curves": nearest}}}}
    configuration = Configuration.of_layers("mine.yaml", {"mine.yaml": mine, "base.yaml": tiny(further)})
    return [f"{group.name}: {', '.join(group.models)}" for group in configuration.groups("learning_curves")]


def test_a_file_replaces_the_form_of_a_panel_that_it_extends_and_may_add_and_leave_out_groups():
    slow = FAST | {"models": ["mlp_1x512"]}
    assert over(BOTH, FAST) == ["fast: alexnet", "on noise: alexnet, mlp_1x512"]
    assert over(slow, BOTH) == [": mlp_1x512"]
    assert over({"groups": {"slow": slow}}, {"groups": {"fast": FAST}}) == ["fast: alexnet", "slow: mlp_1x512"]
    assert over({"groups": {"fast": None}}, BOTH) == [": alexnet, mlp_1x512"]
    assert over({"groups": {"fast": {"models": ["mlp_1x512"]}}}, {"groups": {"fast": FAST}}) == [": mlp_1x512"]


def merged(*panels: dict[str, Any]) -> dict[str, Any]:
    """What files make of a panel together, nearest first."""
    layers = [{"figures": {"fig1": {"panels": {"learning_curves": panel}}}} for panel in panels]
    return schema.configuration(layers)["figures"]["fig1"]["panels"]["learning_curves"]


def test_a_panel_s_form_that_a_file_between_replaces_is_gone_for_those_that_extend_it():
    noise, slow = {"corruptions": ["random_labels-1.0"]}, {"groups": {"slow": FAST}}
    assert merged(noise, BOTH, FAST) == noise, "not with FAST's networks"
    assert merged(slow, FAST, BOTH) == slow, "nor with BOTH's groups"
    assert merged({"recipe": "quick"}, FAST, BOTH) == FAST | {"recipe": "quick"}
