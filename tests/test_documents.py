"""The documents: a site without a warning, a README that a reader sees at a glance, pictures of what is recorded."""

import math
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import matplotlib
import pandas as pd
import pytest
from recorded import RECORDED, said_on
from studies import script

from rethinking.config import CHECKOUT
from rethinking.reporting.spread import half_width

PAGES = [path for path in sorted((CHECKOUT / "docs").rglob("*.md")) if "_site" not in path.parts]
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?://)([^)#\s]+)")


@pytest.fixture(scope="module")
def make() -> ModuleType:
    return script(CHECKOUT / "docs/pictures/make.py")


def test_the_site_is_built_without_a_warning_and_loads_nothing(tmp_path):
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "docs", str(tmp_path)]
    called = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stderr
    made = {str(page.relative_to(tmp_path).with_suffix("")) for page in tmp_path.rglob("*.html")}
    assert {"index", "start", "changing", "running", "deviations", "studies/notebook", "results/README"} <= made
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"([^\"]+)\"", page.read_text())
        assert not [each for each in loaded if each.startswith(("http:", "https:", "//"))], page


@pytest.mark.parametrize("page", [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *PAGES], ids=str)
def test_every_link_of_a_page_leads_to_a_file(page):
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert not missing


def test_the_readme_is_read_in_a_minute():
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 100
    assert {"docs/pictures/fig1.svg", "docs/pictures/rules.svg"} <= set(LINK.findall(text))


def test_the_readme_counts_what_holds_and_what_does_not_as_the_recorded_comparison_does():
    text = said_on("README.md")
    recorded = RECORDED / "paper_vs_ours.md"
    heading = recorded.read_text(encoding="utf-8").partition("\n")[0]
    kinds = {kind: int(count) for count, kind in re.findall(r"(\d+) ([a-zI: ]+\w)", heading, re.IGNORECASE)}
    not_run = kinds["not run"] + kinds["not run: ImageNet"]
    by_reading = (errors_at_the_fit(pd.read_csv(RECORDED / "paper_vs_ours.csv"))["verdict"] == "reproduced").sum()
    assert (
        f"{kinds['reproduced']} are reproduced ({by_reading} by that reading of figure 1c),"
        f" {kinds['differs']} differ, {kinds['can hardly fail']} can hardly fail and {not_run} have not run:"
        f" {kinds['not run: ImageNet']} of these are on ImageNet" in text
    )
    assert f"{kinds['no target']} are no targets" in text


def errors_at_the_fit(numbers: pd.DataFrame) -> pd.DataFrame:
    """The points of figure 1c between levels 0 and 1 that are not suspect and have run."""
    points = numbers[(numbers["source"] == "figure 1c") & (numbers["test_labels"] == "corrupted alike")]
    return points[points["verdict"] != "no target"]


def curve_of_inception(numbers: pd.DataFrame, quantity: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The points of its curve on true labels, those that ours has, and those of these that can fail."""
    of_figures = numbers["source"].isin(["figure 1a", "figure 2b"]) & (numbers["model"] == "inception")
    curve = numbers[of_figures & (numbers["corruption"] == "true_labels") & (numbers["quantity"] == quantity)]
    measured = curve.dropna(subset=["ours"])
    return curve, measured, measured[~measured["can_hardly_fail"]]


def test_the_readme_s_table_is_that_of_the_recorded_comparison():
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    numbers = pd.read_csv(RECORDED / "paper_vs_ours.csv")

    def row(model: str, corruption: str, quantity: str, unit: str = "") -> str:
        """The paper's number, ours, its seeds and verdict, as the table has them."""
        of_one = (numbers["model"] == model) & (numbers["corruption"] == corruption)
        of_table = numbers["panel"].isin(["plain", "random_labels"]) | (numbers["quantity"] == "relative_time")
        [found] = numbers[of_one & of_table & (numbers["quantity"] == quantity)].to_dict("records")
        interval = f" ± {found['interval']:.2f}" if found["n"] > 1 else ""
        verdict = found["number_verdict"]
        return f"{found['paper']:.2f}{unit} | {found['ours']:.2f}{interval}{unit} | {found['n']} | {verdict} |"

    accuracy, half = "MLP 3×512, test accuracy on true labels (table 1)", "random_labels-1.0"
    assert f"| {accuracy} | {row('mlp_3x512', 'true_labels', 'test_accuracy', ' %')}\n" in text
    assert f"| AlexNet, the same | {row('alexnet', 'true_labels', 'test_accuracy', ' %')}\n" in text
    assert f"random labels (table 1) | {row('mlp_1x512', half, 'train_accuracy', ' %')}\n" in text
    assert f"over true ones (figure 1b) | {row('mlp_1x512', half, 'relative_time')}\n" in text
    assert f"| AlexNet, the same | {row('alexnet', half, 'relative_time')}\n" in text
    for name, quantity in (
        ("Inception, training loss on true labels (figure 1a)", "train_loss"),
        ("the same, training accuracy (figure 2b)", "train_accuracy"),
    ):
        curve, measured, can_fail = curve_of_inception(numbers, quantity)
        assert (
            f"| {name} | {len(curve)} epochs | {len(measured)} epochs: {(can_fail['deviation'] <= 1).sum()}"
            f" of {len(can_fail)} that can fail are near | 1 | {curve['verdict'].iloc[0]} |"
        ) in text
    errors = errors_at_the_fit(numbers)
    can_fail = errors[~errors["can_hardly_fail"]]
    assert (
        f"(figure 1c) | {len(errors)} points | {(can_fail['deviation'] <= 1).sum()} of {len(can_fail)} that can fail"
        f" are near, were the paper's test labels corrupted alike; else {(errors['deviation_before'] <= 1).sum()} |"
    ) in text


def test_what_precision_changes_is_what_is_recorded():
    runs = pd.read_csv(RECORDED / "runs.csv").query("model == 'mlp_1x512'")

    def more(corruption: str, column: str) -> str:
        its = runs[runs["corruption"] == corruption].pivot(index="seed", columns="recipe", values=column)
        differences = (its["paper-float32"] - its["paper-bfloat16"]).dropna()
        assert len(differences) == 3
        return f"{differences.mean():z.2f} ± {half_width(differences.std(), 3):.2f}"

    epochs, accuracies = (
        [more(corruption, column) for corruption in ("true_labels", "random_labels-1.0")]
        for column in ("accuracy_99_epoch", "final_test_accuracy")
    )
    text = said_on("docs/deviations.md")
    assert (
        f"takes {epochs[0]} epochs more to 99 % on true labels and {epochs[1]} more on random ones, and ends"
        f" {accuracies[0]} and {accuracies[1]} points of test accuracy above"
    ) in text


def test_figure_1c_is_counted_as_the_recorded_comparison_does():
    points = errors_at_the_fit(pd.read_csv(RECORDED / "paper_vs_ours.csv"))
    near, of_alexnet = points["deviation"] <= 1, points["model"] == "alexnet"
    assert not (points["deviation_before"] <= 1).any()
    hardly = (near & points["can_hardly_fail"]).sum()
    text = said_on("docs/deviations.md")
    assert (
        f"Of the {len(points)} points between 0 and 1 that are not suspect ({of_alexnet.sum()} are AlexNet's) none is"
        f" within 0.02 of ours on clean labels; on corrupted ones {near.sum()} are, {hardly} of which can hardly fail:"
        f" {near[~of_alexnet].sum()} of the MLP's {(~of_alexnet).sum()}, {near[of_alexnet].sum()} of AlexNet's"
        f" {of_alexnet.sum()}."
    ) in text


def test_the_table_of_accuracies_is_that_of_what_is_recorded():
    text = (CHECKOUT / "docs/results-and-promises.md").read_text(encoding="utf-8")
    labels = {"mlp_3x512": "MLP 3×512", "mlp_1x512": "MLP 1×512", "alexnet": "AlexNet"}
    panels = {"plain": "", "decay": ", weight decay", "random_labels": ", random labels"}
    table = pd.read_csv(RECORDED / "table1.csv").dropna(subset=["test_accuracy"])
    for row in table.to_dict("records"):
        several, paper = row["n"] > 1, row["train_accuracy_paper"]
        paper = f"{paper:.2f}" if paper < 100 else "100.0"
        spread = f"{row['test_accuracy_sd']:.2f} | ± {row['test_accuracy_interval']:.2f}" if several else "- | -"
        name = labels[row["model"]] + panels[row["panel"]] + ("" if several else " (one seed)")
        assert (
            f"| {name} | {row['train_accuracy']:.2f} ({paper})"
            f" | {row['test_accuracy']:.2f} ({row['test_accuracy_paper']:.2f}) | {spread}"
            f" | {row['test_accuracy_binomial_error']:.2f} |"
        ) in text


def test_how_seldom_three_networks_at_chance_agree_so_well_is_what_the_page_says():
    runs = pd.read_csv(RECORDED / "runs.csv").query("recipe == 'paper-bfloat16'")
    its = runs[(runs["model"] == "mlp_3x512") & (runs["corruption"] == "random_labels-1.0")]["final_test_accuracy"]
    share = its.mean() / 100
    expected = 100**2 * share * (1 - share) / 10_000
    seldom = 1 - math.exp(-its.var() / expected)  # chi-squared of two degrees of freedom is exponential
    text = said_on("docs/results-and-promises.md")
    assert len(its) == 3
    assert (
        f"have a standard deviation of {its.std():.2f} occur once in some {round(1 / seldom, -2):.0f} times"
        f" (chi-squared with two degrees of freedom, {math.sqrt(expected):.2f} for each)"
    ) in text


def test_what_a_curve_counts_as_reproduced_by_is_what_the_page_says():
    numbers = pd.read_csv(RECORDED / "paper_vs_ours.csv")
    curve, measured, can_fail = curve_of_inception(numbers, "train_loss")
    near = int((can_fail["deviation"] <= 1).sum())
    assert set(curve["verdict"]) == {"reproduced"}
    assert near / len(can_fail) >= 0.9 > (near - 1) / len(can_fail)
    text = said_on("docs/results-and-promises.md")
    assert (
        f"which is counted as reproduced, {len(measured)} of {len(curve)} points have been measured, and {near} of the"
        f" {len(can_fail)} that can fail are near; were it one fewer, it would differ."
    ) in text


def test_the_site_begins_with_what_the_readme_says_has_been_shown():
    marks = ("<!-- shown -->", "<!-- end -->")
    index, readme = ((CHECKOUT / page).read_text(encoding="utf-8") for page in ("docs/index.md", "README.md"))
    assert all(readme.count(mark) == index.count(mark) == 1 for mark in marks)


def test_every_page_of_the_site_is_in_its_contents():
    listed = set(re.findall(r"^[\w/-]+$", (CHECKOUT / "docs/index.md").read_text(), re.MULTILINE))
    pages = {str(page.relative_to(CHECKOUT / "docs").with_suffix("")) for page in PAGES}
    kept = {name for name in pages if re.match(r"results/[^/]+/", name)}  # tables, which the page of results shows
    assert pages - kept - {"index"} == listed


@pytest.mark.parametrize("name", ["fig1.svg", "rules.svg"])
def test_a_picture_is_that_of_what_is_recorded(name, make):
    locked = re.search(r"^matplotlib==(\S+)$", (CHECKOUT / "requirements.lock").read_text(), re.MULTILINE)
    assert locked is not None
    if matplotlib.__version__ != locked[1]:
        pytest.skip(f"drawn by matplotlib {locked[1]}, here is {matplotlib.__version__}")
    kept = CHECKOUT / "docs/pictures" / name
    assert make.PICTURES[name]() == Path(kept).read_text(encoding="utf-8"), "make pictures draws it again"
