"""Entries of a configuration that nothing uses are said, and are no fault."""

from pathlib import Path

import pytest
import yaml
from tiny_workflow import TINY

from rethinking.config import CHECKOUT, Configuration
from rethinking.config.unused import unused

QUICK = {"epochs": 1}


def lines(values: dict, folder: Path) -> list[str]:
    """What is said of a file that extends the tiny configuration."""
    (folder / "tiny.yaml").write_text(TINY)
    (folder / "mine.yaml").write_text(yaml.safe_dump({"extends": "tiny.yaml", **values}))
    return [line.removeprefix(f"{folder}/") for line in unused(Configuration.load(folder / "mine.yaml"))]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"recipes": {"qiuck": QUICK}}, "recipes that no figure or table uses: qiuck (did you mean 'quick'?)"),
        (
            {"recipes": {"of_my_own": QUICK, "quik": {"extends": "of_my_own"}}},
            "recipes that no figure or table uses: quik (did you mean 'quick'?), of_my_own",
        ),
        (
            {"models": {"mpl-w0.05": {"factory": "mlp_1x512", "width": 0.5}}},
            "models that no figure or table uses: mpl-w0.05 (did you mean 'mlp-w0.05'?)",
        ),
        (
            {"models": {"mlp-w0.5": {"factory": "mlp_1x512", "width": 0.5}}},
            "models that no figure or table uses: mlp-w0.5",
        ),
        (
            {"recipes": {"quikc": QUICK, **{f"by_path_{number}": QUICK for number in range(9)}}},
            "recipes that no figure or table uses: quikc (did you mean 'quick'?), by_path_0, by_path_1, by_path_2,"
            " by_path_3, and 5 more",
        ),
        (
            {"corruptions": {"by_value": {"family": "shuffled_pixels", "unit": "value"}}},
            "corruptions that no figure or table uses: by_value",
        ),
    ],
)
def test_what_no_figure_or_table_uses_is_said_with_what_may_have_been_meant(values, said, tmp_path):
    assert lines(values, tmp_path) == [f"mine.yaml: {said}"]


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"recipes": {"quick": {"epochs": 2, "extends": "base"}, "base": QUICK}},
        {"figures": {"fig1": {"panels": {"learning_curves": {"recipe": "quick"}}}}},
        {"tables": {"table1": None}},
        {"corruptions": {"by_value": {"family": "shuffled_pixels"}}, "samples": {"corruptions": ["by_value"]}},
    ],
)
def test_what_a_used_recipe_extends_and_what_another_file_has_are_not_said(values, tmp_path):
    assert lines(values, tmp_path) == []


def test_what_a_target_names_is_not_said(tmp_path):
    (tmp_path / "tiny.yaml").write_text(TINY)
    corruptions = {
        "by_value": {"family": "shuffled_pixels", "unit": "value"},
        "by_channel": {"family": "shuffled_pixels"},
    }
    values = {"extends": "tiny.yaml", "recipes": {"slow": QUICK, "slower": QUICK}, "corruptions": corruptions}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    target = "results/runs/digits/mlp-w0.05/by_value-0.5/slow/seed0/run.json"
    said = [line.rpartition(": ")[2] for line in unused(Configuration.load(tmp_path / "mine.yaml"), [target])]
    assert said == ["slower", "by_channel"]


@pytest.mark.parametrize(
    "name",
    [
        "config",
        "cifar10",
        "cifar10-small",
        "studies/notebook",
        "studies/corruptions",
        "studies/tutorial",
        "studies/blog",
        "studies/lecture",
        "studies/learned-first",
        "studies/complexity",
        "studies/complexity-digits",
    ],
)
def test_what_is_shipped_uses_what_it_has(name):
    assert list(unused(Configuration.load(CHECKOUT / f"config/{name}.yaml"))) == []


def test_snakemake_says_it_and_goes_on(fresh_checkout):
    called = fresh_checkout.snakemake("--dry-run", "--config", "recipes={qiuck: {epochs: 1}}", "--", "figures/fig1.pdf")
    assert called.returncode == 0
    said = "config/config.yaml: recipes that no figure or table uses: qiuck (did you mean 'quick'?)"
    assert said in (called.stdout + called.stderr).splitlines()
