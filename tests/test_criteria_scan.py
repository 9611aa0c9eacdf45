"""`python -m benchmarks.criteria`: what the pages say of all the meanings of "overfitted" that were tried."""

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import said_on
from studies import script

ROOT = Path(__file__).parents[1]
criteria = script(ROOT / "benchmarks/criteria.py")


def run(*accuracies: float) -> dict[str, np.ndarray]:
    """A run of these accuracies (percent), whose losses are the errors."""
    values = np.array(accuracies)
    losses = (100 - values) / 100 + 0.001
    return dict.fromkeys(criteria.ACCURACIES, values) | dict.fromkeys(criteria.LOSSES, losses)


@pytest.fixture(scope="module")
def every() -> dict[str, Any]:
    return {each.words: each for each in all_that_are_tried()}


def all_that_are_tried() -> list[Any]:
    return [*criteria.of_losses(), *criteria.of_accuracies(), *criteria.of_averages()]


def test_a_time_is_the_first_epoch_at_which_a_criterion_holds(every):
    rises = run(40, 80, 95, 99.5, 99.6, 100)
    assert every["accuracy at least 100 %"].time(rises) == 6
    assert every["accuracy within 10 points of the last"].time(rises) == 3
    assert every["accuracy as it ran rises by less than 5 points in 1 epochs, above 90 %"].time(rises) == 4
    assert every["loss at most 0.5"].time(rises) == 2
    assert every["loss within 0.5 of the last"].time(rises) == 2
    assert every["loss at most 20 times the last"].time(rises) == 4
    assert every["loss falls by less than 90 % in 1 epochs, above 90 %"].time(rises) == 3
    assert every["accuracy at least 100 %"].time(run(40, 80)) == np.inf


def test_a_curve_that_has_not_begun_to_rise_has_not_levelled(every):
    assert every["accuracy rises by less than 5 points in 1 epochs, above 90 %"].time(run(10, 10, 10, 60, 95, 96)) == 6


def test_no_two_criteria_have_the_same_words(every):
    assert len(every) == len(all_that_are_tried())


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40), st.sampled_from(criteria.AVERAGED), st.floats(0, 100))
def test_an_average_weighs_every_epoch_by_how_long_ago_it_was(values, epochs, chance):
    kept = 1 - 1 / epochs
    of_all = [
        kept ** (end + 1) * chance + sum(kept ** (end - i) / epochs * values[i] for i in range(end + 1))
        for end in range(len(values))
    ]
    assert criteria.averaged(np.array(values), epochs, chance) == pytest.approx(of_all)


def test_recorded_curves_are_averaged_from_chance_and_from_their_first_value_on():
    chances = {"TrainLoss": np.log(10), "OnlineTrainLoss": np.log(10), "TrainAccuracy": 10, "OnlineTrainAccuracy": 10}
    runs = [*itertools.chain(*criteria.recorded("alexnet").values())]
    assert runs
    for run in runs:
        for column, chance in (chances | {criteria.ERROR: 0.9}).items():
            first, second = run[column][:2]
            from_chance, from_first = (
                run[criteria.average(column, 10, start)] for start in (criteria.CHANCE_ON, criteria.FIRST_ON)
            )
            assert from_chance[0] == pytest.approx(0.9 * chance + 0.1 * first)
            assert from_first[:2] == pytest.approx([first, 0.9 * first + 0.1 * second])


def test_an_averaged_criterion_is_met_when_the_average_is(every):
    accuracy, loss = (criteria.average(name, 5, criteria.CHANCE_ON) for name in ("TrainAccuracy", "TrainLoss"))
    run = {accuracy: np.array([10.0, 70.0, 90.0]), loss: np.array([2.3, 0.5, 0.0009])}
    words = {"at least 60 %": 2, "within 40 points of the last": 2, "at least 99.998 %": np.inf}
    of_five = "averaged over 5 epochs from chance"
    assert {its: every[f"accuracy {of_five} {its}"].time(run) for its in words} == words
    assert every[f"loss {of_five} at most 0.001"].time(run) == 3
    assert every[f"loss {of_five} within 1 of the last"].time(run) == 2


def test_the_page_says_what_the_scan_prints(every):
    command = [sys.executable, "-m", "benchmarks.criteria"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = printed.splitlines()
    best_of_kinds = dict(re.findall(r"^  (.*): MLP 1×512 ([\d.]+), AlexNet [\d.]+$", printed, re.MULTILINE))
    assert len(best_of_kinds) == len({each.kind for each in every.values()})
    count = re.match(r"\d+", lines[0])
    assert count is not None
    nearest = {
        name: (words, *map(float, numbers))
        for name, words, *numbers in re.findall(
            r"^nearest for (.*?): (.*): MLP 1×512 ([\d.]+), AlexNet ([\d.]+); within an epoch (\d+)$",
            printed,
            re.MULTILINE,
        )
    }
    page = said_on("docs/deviations.md")
    (_, mlp, its, of_mlp), (of_alexnet, other, alexnet, of_its), (of_both, *both, none) = (
        nearest[name] for name in ("MLP 1×512", "AlexNet", "both")
    )
    assert (
        f"Of the {int(count[0]):,} criteria the nearest for the MLP is {mlp:.2f} epochs off its times and {its:.1f} off"
        f" AlexNet's; the nearest for AlexNet, a {of_alexnet}, {alexnet:.1f} off AlexNet's and {other:.1f} off the"
        f" MLP's; the nearest for both {both[0]:.1f} off the MLP's and {both[1]:.1f} off AlexNet's, which is a"
        f" {of_both.replace('at most', 'of at most')}."
    ) in page
    assert f"`python -m benchmarks.criteria` scans another of {int(count[0]):,} in half a minute" in page
    for words in (of_alexnet, of_both):
        epochs = re.search(r"loss .*averaged over (\d+) epochs from chance", words)
        assert epochs is not None
        assert np.log(10) * (1 - 1 / int(epochs[1])) ** 10 > 1.3, (
            "the least that the average of a loss can be at epoch 10"
        )
    assert "timed at epoch 10, where such averages are still above 1.3" in page

    def best(start: str, decimals: str) -> tuple[str, str]:
        """The threshold of the best criterion that begins so, and how far it is off, as the page rounds them."""
        [(words, off)] = [(words, off) for words, off in best_of_kinds.items() if words.startswith(start)]
        return f"{float(words.removeprefix(start).split()[0]):{decimals}}", f"{float(off):.1f}"

    as_it_ran = "accuracy as it ran"
    said = [
        "an accuracy as it ran of at least {} % gives an RMSE of {}".format(*best(f"{as_it_ran} at least", ".1f")),
        "an accuracy of at least {} % one of {}".format(*best("accuracy at least", ".1f")),
        "a loss as it ran of at most {} one of {}".format(*best("loss as it ran at most 0", "")),
        "a loss of at most {} one of {}".format(*best("loss at most 0", "")),
    ]
    assert ", ".join(said) in page
    rise = best(f"{as_it_ran} rises by less than", ".3g")
    assert f"a rise of less than {rise[0]} points in 3 epochs, of the accuracy as it ran, gives {rise[1]}." in page
    [average] = [
        re.fullmatch(r"loss averaged over (\d+) epochs from the first at most (\S+) ([\d.]+)", f"{words} {off}")
        for words, off in best_of_kinds.items()
        if words.startswith("loss averaged") and "from the first at most" in words
    ]
    assert average is not None
    assert (
        f"a loss averaged over {average[1]} epochs from the first of at most {average[2]} gives"
        f" {float(average[3]):.1f}."
    ) in page
    assert average[3] == min(off for words, off in best_of_kinds.items() if "averaged" in words and "last" not in words)
    readme = said_on("README.md")
    assert none == 0
    meanings = f"of some {round(int(count[0]), -2):,} meanings"
    within = f"{of_mlp:.0f} give the MLP's times to an epoch (root mean square) and {of_its:.0f} AlexNet's, none both"
    assert f"{meanings} {within}:" in readme
    assert f'{meanings} of "overfitted" {within} |' in page
