"""What figures and tables depend on: sections, which travel as JSON, and which runs stand for the paper's."""

import dataclasses
import json

import pytest
import yaml

from rethinking.config import CHECKOUT, Configuration
from rethinking.config.described import published, section_of
from rethinking.files import canonical_json
from rethinking.outcomes.registry import PAPER_FILES, Panel
from rethinking.plotting.registry import FIGURES, Figure
from rethinking.reporting.registry import TABLES, Table
from rethinking.sections import PanelRuns, Section

DEFINITIONS = yaml.safe_load((CHECKOUT / "workflow/schemas/config.schema.yaml").read_text())["$defs"]
PANELS = {"corruption_levels": Panel(), "learning_curves": Panel(), "random_labels": Panel()}
LEVELS = {"models": ["inception", "mlp_1x512"], "corruptions": ["true_labels", "random_labels-1.0"]}


@pytest.fixture
def more(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """cifar10.yaml with another figure and table, of panels that the paper's are called by and of another recipe."""
    entry = {"module": "mine", "function": "made", "description": "mine", "panels": PANELS}
    monkeypatch.setitem(FIGURES, "a_figure", Figure(**entry))
    monkeypatch.setitem(TABLES, "a_table", Table(**entry))
    section = {"recipe": "paper-decay", "panels": dict.fromkeys(PANELS, LEVELS)}
    (tmp_path / "more.yaml").write_text(
        yaml.safe_dump({
            "extends": str(CHECKOUT / "config/cifar10.yaml"),
            "figures": {"a_figure": section},
            "tables": {"a_table": section},
        })
    )  # fmt: skip
    return Configuration.load(tmp_path / "more.yaml")


def test_another_figure_and_table_change_nothing_of_what_stands_for_the_paper(more):
    paper = Configuration.load(CHECKOUT / "config/cifar10.yaml")
    assert set(more.sections) - set(paper.sections) == {"a_figure", "a_table"}
    for name in paper.sections:
        assert section_of(more, name) == section_of(paper, name)
        assert published(more, name) == published(paper, name)
        assert [run.digest for run in more.runs(name)] == [run.digest for run in paper.runs(name)]


def test_a_figure_and_a_table_of_one_name_are_refused(monkeypatch, tmp_path):
    monkeypatch.setitem(TABLES, "fig1", Table(module="mine", function="made", description="mine", panels=PANELS))
    (tmp_path / "mine.yaml").write_text(
        f"extends: {CHECKOUT}/config/cifar10.yaml\n"
        "tables: {fig1: {recipe: paper, panels: {random_labels: {models: [alexnet], corruptions: [true_labels]}}}}\n"
    )
    with pytest.raises(ValueError, match=r"mine\.yaml: tables\.fig1: a figure has this name already"):
        Configuration.load(tmp_path / "mine.yaml")


def test_what_a_comparison_adds_itself_counts_as_figure_1_s(tmp_path):
    own = "{levels: [0, 1], models: [mlp_3x512], recipe: paper-bfloat16}"
    (tmp_path / "mine.yaml").write_text(
        f"extends: {CHECKOUT}/config/cifar10-cpu.yaml\n"
        f"tables: {{paper_vs_ours: {{panels: {{corruption_levels: {own}}}}}}}\n"
    )
    groups = section_of(Configuration.load(tmp_path / "mine.yaml"), "paper_vs_ours").groups
    levels = [group for group in groups if group.panel == "corruption_levels"]
    assert [(group.section, group.models, group.recipe) for group in levels] == [
        ("fig1", ("mlp_1x512", "alexnet"), "paper-bfloat16"),
        ("fig1", ("mlp_3x512",), "paper-bfloat16"),
    ]
    assert {group.section for group in groups} == {"fig1", "fig2", "table1", "table4"}


def test_the_order_of_groups_is_that_of_the_registry_and_survives_the_way_to_the_job():
    section = section_of(Configuration.load(CHECKOUT / "config/cifar10.yaml"), "paper_vs_ours")
    again = Section.from_json(json.loads(canonical_json(section.to_json())))
    assert again == section
    places = list(dict.fromkeys((group.section, group.panel) for group in again.groups))
    entries = {"fig1": FIGURES["fig1"], "fig2": FIGURES["fig2"], "table1": TABLES["table1"], "table4": TABLES["table4"]}
    assert places == [(name, panel) for name, entry in entries.items() for panel in entry.panels]


def test_a_comparison_with_no_runs_at_all_is_refused(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        f"extends: {CHECKOUT}/config/cifar10.yaml\nfigures: {{fig1: null, fig2: null, models: {{}}}}\n"
        "tables: {table1: null, table4: null, effects: null}\n"
    )
    problem = "made from the runs of fig1, fig2, table1, table4, none of which is here; give it panels of its own"
    with pytest.raises(ValueError, match=rf"tables\.paper_vs_ours: paper_vs_ours is {problem}"):
        Configuration.load(tmp_path / "mine.yaml")


def test_every_run_behind_a_published_number_is_known_by_its_place():
    runs = section_of(Configuration.load(CHECKOUT / "config/cifar10-cpu.yaml"), "paper_vs_ours").would_take
    assert {run.section for run in runs} == set(PAPER_FILES)
    assert {run.num_train for run in runs if run.section == "table1"} == {50_000}


def test_a_section_has_what_the_schema_says_of_figures_and_tables():
    fields = {field.name for field in dataclasses.fields(Section)}
    for kind in ("figure", "table"):
        # A recipe is each group's; panels hold the groups; a criterion is spelled with its margin; the horizon is that
        # of the scores in a data frame.
        assert DEFINITIONS[kind]["properties"].keys() - {"recipe", "panels", "within_of_last", "horizon"} <= fields
    group = {field.name for field in dataclasses.fields(PanelRuns)}
    assert {"dataset", "recipe", "models", "corruptions"} <= group


def test_a_key_that_no_section_has_is_refused():
    values = Section(configuration="mine", name="fig1").to_json()
    assert Section.from_json(values) == Section(configuration="mine", name="fig1")
    with pytest.raises(TypeError, match="sise"):
        Section.from_json({**values, "sise": [1, 2]})


def test_a_panel_of_several_groups_has_no_only_one():
    groups = tuple(PanelRuns("fig1", "levels", name, "digits", "small", ("mlp",), ("true_labels",)) for name in "ab")
    section = Section(configuration="mine", name="fig1", groups=groups, labels={"mlp": "MLP"})
    assert [section.label(*network) for network in section.networks("levels")] == ["MLP, a", "MLP, b"]
    assert section.corruptions("levels") == ["true_labels"]
    with pytest.raises(ValueError, match="configuration mine, panel levels: has 2 groups, not one"):
        section.only("levels")
    with pytest.raises(ValueError, match="configuration mine, panel curves: has 0 groups, not one"):
        section.only("curves")
