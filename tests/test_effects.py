"""What regularisers change: differences of runs that share a seed, beside the paper's."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from synthetic_tables import groups

from rethinking.config import CHECKOUT, Configuration
from rethinking.config.described import section_of
from rethinking.published import PAPER
from rethinking.reporting import effects
from rethinking.reporting.formats import Table, text_of
from rethinking.sections import Section
from rethinking.stages.frames import read_published

SEEDS = (0, 1, 2)
PLAIN, DECAY, CROP, BOTH = [50.0, 52.0, 51.0], [51.0, 52.5, 52.5], [60.0, 61.0, 62.0], [61.0, 63.0, 64.0]
PANELS = {"plain": PLAIN, "decay": DECAY, "crop": CROP, "crop_and_decay": BOTH}


def section(panels: dict[str, list[str]]) -> Section:
    """Table 1's groups by the networks of each."""
    found = {
        name: {"dataset": "cifar10", "recipe": name, "models": models, "corruptions": ["true_labels"]}
        for name, models in panels.items()
    }
    models = {model: model for names in panels.values() for model in names}
    return Section(
        configuration="c", name="effects", dataset="cifar10", dataset_labels={"cifar10": "CIFAR-10"}, seeds=SEEDS,
        groups=groups(found, "table1"), labels=models, published_as=models, at_paper_size=True,
    )  # fmt: skip


def runs(values: dict[str, list[float]], model: str = "mlp_1x512", **more: Any) -> pd.DataFrame:
    rows = [
        {"dataset": "cifar10", "model": model, "corruption": "true_labels", "recipe": recipe, "seed": seed,
         "final_test_accuracy": accuracy, "stopped_by": "epochs", **more}
        for recipe, accuracies in values.items()
        for seed, accuracy in enumerate(accuracies)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    table = read_published(CHECKOUT / PAPER, ["table1.csv"])
    assert table is not None
    return table


def made(frame: pd.DataFrame, numbers: pd.DataFrame | None, models: tuple[str, ...] = ("mlp_1x512",)) -> Table:
    return effects.table(runs=frame, published=numbers, section=section({name: list(models) for name in PANELS}))


def test_an_effect_is_the_mean_difference_of_runs_that_share_a_seed_with_its_paired_interval(published):
    table = made(runs(PANELS), published).numbers.set_index("effect")
    assert list(table.index) == list(effects.EFFECTS)
    for effect, (first, second) in (
        ("weight decay", (DECAY, PLAIN)), ("weight decay beside random crop", (BOTH, CROP)),
        ("random crop", (CROP, PLAIN)), ("random crop beside weight decay", (BOTH, DECAY)),
    ):  # fmt: skip
        row, paired = table.loc[effect], stats.ttest_rel(first, second).confidence_interval(0.95)
        assert row["difference"] == pytest.approx(np.mean(first) - np.mean(second))
        low, high = row["difference"] - row["difference_interval"], row["difference"] + row["difference_interval"]
        assert (low, high) == pytest.approx((paired.low, paired.high))


def test_the_paper_s_difference_is_in_the_interval_or_is_not(published):
    table = made(runs({"plain": PLAIN, "decay": DECAY}), published)
    decay = table.numbers.iloc[0]
    assert table.shown.iloc[0]["zero in the interval"] == "yes"
    assert decay["paper"] == pytest.approx(50.39 - 50.51)
    assert (decay["inside"], decay["n"]) == ("yes", 3)  # 0.83 +- 1.4
    sure = made(runs({"plain": PLAIN, "decay": [51.0, 53.0, 52.1]}), published)
    assert sure.numbers.iloc[0]["inside"] == sure.shown.iloc[0]["zero in the interval"] == "no"
    alexnet = made(runs(PANELS, "alexnet"), published, ("alexnet",)).numbers
    assert alexnet["paper"].tolist() == pytest.approx([77.36 - 76.07, 81.22 - 79.66, 79.66 - 76.07, 81.22 - 77.36])


def test_a_seed_of_which_one_run_is_missing_or_diverged_is_in_no_difference(published):
    frame = runs({"plain": PLAIN, "decay": DECAY})
    lost = frame.drop(frame[(frame["recipe"] == "decay") & (frame["seed"] == 1)].index)
    lost.loc[(lost["recipe"] == "plain") & (lost["seed"] == 0), "stopped_by"] = "diverged"
    table = made(lost, published)
    row = table.numbers.iloc[0]
    assert (row["n"], row["difference"]) == (1, pytest.approx(1.5))
    assert math.isnan(row["difference_interval"])
    assert row["inside"] == ""
    assert table.shown.iloc[0]["the paper's in the interval"] == "-"


def test_what_was_not_run_says_so_and_what_has_no_pair_has_no_row(published):
    table = made(runs({"plain": PLAIN}), published)
    assert table.shown["difference"].tolist() == ["not run"] * 4
    alone = effects.table(runs=runs({"plain": PLAIN}), published=published, section=section({"plain": ["mlp_1x512"]}))
    assert alone.numbers.empty
    assert all(text_of(alone, suffix) for suffix in (".csv", ".md", ".tex", ".html"))


def test_at_another_size_there_is_nothing_of_the_paper():
    table = made(runs(PANELS), None)
    assert "the paper's" not in table.shown
    assert not any("paper" in note for note in table.notes)


def test_groups_that_stand_in_table_1_and_in_the_section_itself_have_one_row(published):
    twice = section({name: ["mlp_1x512"] for name in PANELS})
    doubled = Section(**{**vars(twice), "groups": twice.groups * 2})
    assert len(effects.table(runs=runs(PANELS), published=published, section=doubled).numbers) == 4


def test_the_paper_s_configuration_has_every_effect_that_table_1_can_tell():
    of_paper = section_of(Configuration.load(CHECKOUT / "config/cifar10.yaml"), "effects")
    found = [(effect, row.model) for effect, row, _ in effects.pairs(of_paper)]
    both = ["inception", "alexnet"]
    networks = ["inception", "inception_without_bn", "alexnet", "mlp_3x512", "mlp_1x512"]
    expected = dict.fromkeys(effects.EFFECTS, both) | {"weight decay": networks}
    assert found == [(effect, model) for effect, models in expected.items() for model in models]
