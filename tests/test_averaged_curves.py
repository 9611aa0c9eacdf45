"""`python -m benchmarks.averages`: what the page says of averaged curves, and how a curve that is averaged is read."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studies import script

ROOT = Path(__file__).parents[1]
averages = script(ROOT / "benchmarks/averages.py")
criteria = script(ROOT / "benchmarks/criteria.py")


def run(accuracies: list[float], errors: list[float]) -> dict[str, np.ndarray]:
    """A run of these training accuracies (percent) and test errors, averaged over 2 epochs as well."""
    found = {"TrainAccuracy": np.array(accuracies), averages.ERROR: np.array(errors)}
    averaged = {"TrainAccuracy 2": (10.0, "TrainAccuracy"), f"{averages.ERROR} 2": (0.9, averages.ERROR)}
    return found | {name: criteria.averaged(found[of], 2, first) for name, (first, of) in averaged.items()}


@pytest.fixture
def network() -> Any:
    runs = {0.0: [run([90, 100, 100], [0.5, 0.3, 0.3])], 0.5: [run([50, 70, 100], [0.7, 0.6, 0.5])]}
    return averages.Network("a network", runs, {0.0: 3.0, 0.5: 4.0}, {0.0: 0.45, 0.5: 0.8})


def test_a_curve_is_read_as_it_is_or_averaged(network):
    assert averages.Reading(90, 1).times(network) == {0.0: 1, 0.5: 3}
    assert averages.Reading(70, 2).times(network) == {0.0: 2, 0.5: 3}, "the averages are 50, 75, 87.5 and 30, 50, 75"


def test_a_run_that_never_fits_has_neither_time_nor_error(network):
    reading = averages.Reading(90, 2)
    assert reading.times(network) == {0.0: np.inf, 0.5: np.inf}
    assert np.isnan(list(reading.errors(network, averages.ERROR).values())).all()
    assert np.isnan(reading.errors_off(network))


def test_errors_are_those_of_the_fit_on_labels_corrupted_alike(network):
    reading = averages.Reading(70, 2)
    assert reading.errors(network, averages.ERROR) == pytest.approx({0.0: 0.3, 0.5: 0.5 * 0.5 + 0.45})
    averaged = {0.0: 0.5, 0.5: 0.5 * 0.6 + 0.45}  # 0.7, 0.5 and 0.8, 0.7, 0.6
    assert reading.errors(network, reading.column(averages.ERROR)) == pytest.approx(averaged)
    assert reading.errors_off(network) == pytest.approx(0.05)


def test_labels_at_random_and_suspect_points_are_no_errors_of_the_paper_s():
    assert {model: sorted(network.errors) for model, network in averages.networks()} == {
        "mlp_1x512": [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9],
        "alexnet": [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
    }


def test_the_page_says_what_the_averages_print():
    command = [sys.executable, "-m", "benchmarks.averages"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    page = (ROOT / "docs/deviations.md").read_text(encoding="utf-8")
    section = page.split("### Averaged curves")[1].split("\n## ")[0]
    said = " ".join(section.split())
    rows = {
        int(epochs): numbers
        for epochs, *numbers in re.findall(
            r"^averaged over (\d+) epochs, at least (\S+) %: MLP 1×512 (\S+) epochs, errors (\S+);"
            r" AlexNet (\S+) epochs, errors (\S+)$",
            printed,
            re.MULTILINE,
        )
    }
    assert list(rows) == [1, *averages.AVERAGED]
    shown = re.findall(r"^\| (as it is|\d+ epochs) \| .*$", section, re.MULTILINE)
    assert shown[0] == "as it is"
    assert shown[1:] == [f"{epochs} epochs" for epochs in rows if f"{epochs} epochs" in shown]
    for name in shown:
        accuracy, times_of_mlp, errors_of_mlp, times, errors = rows[1 if name == "as it is" else int(name.split()[0])]
        mlp = [f"{times_of_mlp} epochs", errors_of_mlp] if times_of_mlp != "inf" else ["not all fit"] * 2
        assert f"| {name} | {accuracy} % | {times} epochs | {mlp[0]} | {errors} | {mlp[1]} |" in section
    within = [float(times) for epochs, (*_, times, _) in rows.items() if 5 <= epochs <= 20]
    assert max(within) < 1
    later = re.match(r"99 % and (\S+) epochs: AlexNet's times (\S+) epochs off\n", printed)
    assert later is not None
    assert f"our own 99 % and {later[1]} epochs more would ({later[2]})" in said
    best = re.search(r"^AlexNet, averaged over (\d+) epochs, .*:\n((?:  .*\n)+)", printed, re.MULTILINE)
    mlp = re.search(r"^MLP 1×512, averaged over (\d+) epochs, .*:\n((?:  .*\n)+)", printed, re.MULTILINE)
    assert best is not None
    assert mlp is not None
    errors = {
        level: (averaged, as_it_is, paper)
        for level, averaged, as_it_is, paper in re.findall(
            r"level (\S+): .* test error (\S+) averaged, (\S+) as it is, the paper (\S+)\n", best[2]
        )
    }
    assert (
        f"over {best[1]}, {errors['0'][0]} on true labels, where ours is at {errors['0'][1]} then, the paper's figure 1"
        f" at {errors['0'][2]} and its table 1 at 0.2393."
    ) in said
    assert (
        f"hardly at level 0.5 ({errors['0.5'][0]} there, {errors['0.5'][1]} as it is, the paper {errors['0.5'][2]})"
    ) in said
    epochs = [float(each) for each in re.findall(r"epoch (\S+), the paper", mlp[2])]
    assert f"the MLP would be read in epochs {epochs[0]:.0f} to {epochs[-1]:.0f} instead of 28 to 55" in said
    most = 100 - 90 * (1 - 1 / int(best[1])) ** 10
    assert f"an average over {best[1]} epochs that begins at chance is at most at {most:.1f} %" in said
