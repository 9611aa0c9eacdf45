"""`python -m benchmarks.averages`: what the page says of averaged curves, and how a curve that is averaged is read."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recorded import RECORDED
from studies import script

ROOT = Path(__file__).parents[1]
averages = script(ROOT / "benchmarks/averages.py")
criteria = script(ROOT / "benchmarks/criteria.py")


def run(accuracies: list[float], errors: list[float]) -> dict[str, np.ndarray]:
    """A run of these training accuracies (percent) and test errors, averaged as well."""
    found = {name: np.array(accuracies) for name in (*criteria.LOSSES, *criteria.ACCURACIES)}
    found |= {criteria.ERROR: np.array(errors)}
    return found | criteria.averages(found)


@pytest.fixture
def network() -> Any:
    runs = {0.0: [run([90, 100, 100], [0.5, 0.3, 0.3])], 0.5: [run([50, 70, 100], [0.7, 0.6, 0.5])]}
    return averages.Network("a network", runs, {0.0: 3.0, 0.5: 4.0}, {0.0: 0.45, 0.5: 0.8})


def test_a_curve_is_read_as_it_is_or_averaged(network):
    assert averages.Reading(90, 1).times(network) == {0.0: 1, 0.5: 3}
    assert averages.Reading(70, 2).times(network) == {0.0: 2, 0.5: 3}, "the averages are 50, 75, 87.5 and 30, 50, 75"
    of_first = averages.Reading(70, 2, criteria.FIRST_ON)
    assert of_first.times(network) == {0.0: 1, 0.5: 3}, "the averages are 90, 95, 97.5 and 50, 60, 80"


def test_a_run_that_never_fits_has_neither_time_nor_error(network):
    reading = averages.Reading(90, 2)
    assert reading.times(network) == {0.0: np.inf, 0.5: np.inf}
    assert np.isnan(list(reading.errors(network, criteria.ERROR).values())).all()
    assert np.isnan(reading.errors_off(network))


def test_errors_are_those_of_the_fit_on_labels_corrupted_alike(network):
    reading = averages.Reading(70, 2)
    assert reading.errors(network, criteria.ERROR) == pytest.approx({0.0: 0.3, 0.5: 0.5 * 0.5 + 0.45})
    averaged = {0.0: 0.5, 0.5: 0.5 * 0.6 + 0.45}  # 0.7, 0.5 and 0.8, 0.7, 0.6
    assert reading.errors(network, reading.column(criteria.ERROR)) == pytest.approx(averaged)
    assert reading.errors_off(network) == pytest.approx(0.05)


def test_labels_at_random_and_suspect_points_are_no_errors_of_the_paper_s():
    assert {model: sorted(network.errors) for model, network in averages.networks()} == {
        "mlp_1x512": [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9],
        "alexnet": [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
    }


def test_an_error_is_near_where_the_comparison_says_so():
    numbers = pd.read_csv(RECORDED / "paper_vs_ours.csv").query("quantity == 'test_error_at_fit'")
    assert set((numbers["tolerance"] + numbers["reading_error"]).round(6)) == {averages.NEAR}


def test_the_page_says_what_the_averages_print():
    command = [sys.executable, "-m", "benchmarks.averages"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    page = (ROOT / "docs/deviations.md").read_text(encoding="utf-8")
    section = page.split("### Averaged curves")[1].split("\n## ")[0]
    said = " ".join(section.split())
    rows = [
        (("as it is" if read == "as it is" else read.removeprefix("averaged over ")), *numbers)
        for read, *numbers in re.findall(
            r"^(as it is|averaged over .*), at least (\S+) %: MLP 1×512 (\S+) epochs, errors (\S+), (\d+ of \d+) near;"
            r" AlexNet (\S+) epochs, errors (\S+), (\d+ of \d+) near$",
            printed,
            re.MULTILINE,
        )
    ]
    assert len(rows) == 2 + 2 * len(criteria.AVERAGED)
    table = []
    for name, accuracy, times_of_mlp, errors_of_mlp, near_of_mlp, times, errors, near in rows:
        its = [f"{times_of_mlp} epochs", f"{errors_of_mlp} ({near_of_mlp})"]
        mlp = its if times_of_mlp != "inf" else ["not all fit"] * 2
        table.append(f"| {name} | {accuracy} % | {times} epochs | {mlp[0]} | {errors} ({near}) | {mlp[1]} |")
    shown = re.findall(r"^\| (?:as it is|\d+ epochs from .*?) \| .*$", section, re.MULTILINE)
    assert shown == [row for row in table if row in shown]
    assert len(shown) == 10
    of_average = {name: numbers for name, *numbers in rows[2:]}
    assert len(of_average) == len(rows) - 2
    for name, (accuracy, *_, times, errors, _) in of_average.items():
        epochs, start = int(name.split()[0]), name.split(" epochs ")[1]
        if epochs >= 5 and start == "from chance":
            assert float(times) < 1
            assert 100 - 90 * (1 - 1 / epochs) ** 10 < float(accuracy), "what an average can be at epoch 10"
        if start == "from the first":
            assert (float(times) < 1.5) == (4 <= epochs <= 7), "some five epochs"
            assert float(errors) > float(rows[0][-2]) - 0.002, "hardly nearer than as they are at 99 %"
    later = re.match(r"99 % and (\S+) epochs: AlexNet's times (\S+) epochs off\n", printed)
    assert later is not None
    assert f"our own 99 % and {later[1]} epochs more would ({later[2]})" in said
    [(best, levels)] = re.findall(
        r"^AlexNet, averaged over (\d+) epochs from chance, .*:\n((?:  .*\n)+)", printed, re.M
    )
    near, near_as_it_is = of_average[f"{best} epochs from chance"][-1], rows[0][-1].split(" of ")[0]
    assert (
        f"that over {best} gives most of its test errors as well, {near}, where unaveraged ones have {near_as_it_is}:"
    ) in said
    assert (
        f"The span of {best} was chosen by these errors, of {len(criteria.AVERAGED)} spans and two beginnings." in said
    )
    errors = {
        level: (int(float(epoch)), averaged, as_it_is, paper)
        for level, epoch, averaged, as_it_is, paper in re.findall(
            r"level (\S+): epoch (\S+), .* test error (\S+) averaged, (\S+) as it is, the paper (\S+)\n", levels
        )
    }
    table_1 = pd.read_csv(ROOT / "config/paper/table1.csv").query("model == 'alexnet' and panel == 'plain'")
    [accuracy] = table_1[table_1["quantity"] == "test_accuracy"]["value"]
    epoch, averaged, as_it_is, paper = errors["0"]
    kept = 1 - 1 / int(best)
    assert (
        f"the beginning at chance, which weighs {kept**epoch:.3f} on true labels, where the average is {averaged}, ours"
        f" {as_it_is} then, the paper's figure 1 at {paper} and its table 1 at {1 - accuracy / 100:.4f}:"
    ) in said
    most = 100 - 90 * kept**10
    assert f"an average over {best} epochs that begins at chance is at most at {most:.1f} % then" in said
