"""The documents: a site without a warning, a README that a reader sees at a glance, pictures of what is recorded."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import matplotlib
import pandas as pd
import pytest
from studies import script

from rethinking.config import CHECKOUT
from rethinking.names import level_of
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
    text = " ".join((CHECKOUT / "README.md").read_text(encoding="utf-8").split())
    recorded = CHECKOUT / "docs/results/cifar10-cpu/paper_vs_ours.md"
    heading = recorded.read_text(encoding="utf-8").partition("\n")[0]
    kinds = {kind: int(count) for count, kind in re.findall(r"(\d+) ([a-zI: ]+\w)", heading, re.IGNORECASE)}
    not_run = kinds["not run"] + kinds["not run: ImageNet"]
    assert (
        f"{kinds['reproduced']} are reproduced, {kinds['differs']} differ, {kinds['can hardly fail']} can hardly fail"
        f" and {not_run} have not run: {kinds['not run: ImageNet']} of these are on ImageNet" in text
    )
    assert f"{kinds['no target']} are no targets" in text


def losses_on_true_labels(numbers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The points of figure 1a's curve, those that ours has, and those of these that can fail."""
    curve = numbers[(numbers["source"] == "figure 1a") & (numbers["corruption"] == "true_labels")]
    measured = curve.dropna(subset=["ours"])
    return curve, measured, measured[~measured["can_hardly_fail"]]


def test_the_readme_s_table_is_that_of_the_recorded_comparison():
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    numbers = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/paper_vs_ours.csv")

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
    curve, measured, can_fail = losses_on_true_labels(numbers)
    assert (
        f"true labels (figure 1a) | {len(curve)} epochs | {len(measured)} epochs: {(can_fail['deviation'] <= 1).sum()}"
        f" of {len(can_fail)} that can fail are near | 1 | {curve['verdict'].iloc[0]} |"
    ) in text
    errors = numbers[(numbers["source"] == "figure 1c") & (numbers["test_labels"] == "corrupted alike")]
    errors = errors[errors["verdict"] != "no target"]
    assert (
        f"(figure 1c) | {len(errors)} points | {(errors['deviation'] <= 1).sum()} near, were the paper's test labels"
        f" corrupted alike; else {(errors['deviation_before'] <= 1).sum()} |"
    ) in text


def test_the_deviations_table_of_alexnet_has_every_level_that_has_run_beside_the_paper_s():
    text = (CHECKOUT / "docs/deviations.md").read_text(encoding="utf-8")
    runs = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/runs.csv")
    runs = runs[(runs["model"] == "alexnet") & (runs["recipe"] == "paper-bfloat16") & (runs["seed"] == 0)]
    ours = runs.assign(level=[level_of(name) or 0.0 for name in runs["corruption"]]).set_index("level").sort_index()
    paper = {}
    for panel in "bc":
        points = pd.read_csv(CHECKOUT / f"config/paper/fig1{panel}.csv").query("model == 'alexnet'")
        paper[panel] = dict(zip([level_of(name) or 0.0 for name in points["corruption"]], points["value"], strict=True))
    epochs, errors = ours["accuracy_99_epoch"], ours["accuracy_99_test_error"]
    alike = {level: (1 - level) * error + 0.9 * level for level, error in errors.items()}
    rows = {
        "level": [f"{level:g}" for level in ours.index],
        "epochs to 99 %, ours": [f"{epoch:.0f}" for epoch in epochs],
        "the same relative to true labels": [f"{epoch / epochs[0.0]:.2f}" for epoch in epochs],
        "the paper": [f"{paper['b'][level]:.2f}" for level in ours.index],
        "test error at the fit, ours on clean labels": [f"{error:.4f}" for error in errors],
        "ours on test labels corrupted alike": [f"{error:.4f}" for error in alike.values()],
    }
    table = text.split("## AlexNet fits sooner")[1].split("The paper's AlexNet of figure 1")[0]
    for name, cells in rows.items():
        assert f"| {name} | {' | '.join(cells)} |" in table
    errors_of_paper = [f"{paper['c'][level]:.4f}" for level in ours.index]
    assert f"| the paper | {' | '.join(errors_of_paper)} |" in table
    clean = {level: (paper["c"][level] - 0.9 * level) / (1 - level) for level in ours.index if level < 1}
    cells = [f"{clean[level]:.4f} |" if level in clean else "|" for level in ours.index]
    assert f"| the paper, were that so, on clean labels | {' '.join(cells)}\n" in table
    above = {level: 100 * (error - errors[level]) for level, error in clean.items()}
    most = [points for level, points in above.items() if level <= 0.7]
    said = " ".join(text.split())
    worse = f"errs on {min(most):.1f} to {max(most):.1f} points more of clean ones at levels 0 to 0.7"
    of_sampling = 100 * math.sqrt(paper["c"][0.8] * (1 - paper["c"][0.8]) / 10_000) / (1 - 0.8)
    assert (
        f"{worse}, without a trend, and on {above[0.8]:.1f} at 0.8, where taking them back to clean labels makes"
        f" {of_sampling:.1f} of the sampling error of 10,000 images."
    ) in said
    table_1 = pd.read_csv(CHECKOUT / "config/paper/table1.csv").query("model == 'alexnet' and panel == 'plain'")
    [accuracy] = table_1[table_1["quantity"] == "test_accuracy"]["value"]
    assert f"its test error at the fit is {paper['c'][0.0]:.4f}, in table 1 {1 - accuracy / 100:.4f}." in said
    assert abs(errors[0.0] - (1 - accuracy / 100)) < 0.01 < abs(errors[0.0] - paper["c"][0.0])
    more = [f"{31 * paper['b'][level] - epoch:.0f}" for level, epoch in epochs.items()]
    assert f"Its times are ours and {', '.join(more[:-1])} and {more[-1]} epochs more" in said


def test_what_came_of_the_prediction_on_alexnet_is_what_is_recorded():
    text = " ".join((CHECKOUT / "docs/predictions.md").read_text(encoding="utf-8").split())
    table = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/overfitted.csv").query("model == 'alexnet' and end == 100")
    row = table[table["margin"] == 0.0465].iloc[0].dropna()
    levels = [level / 10 for level in range(11) if f"epoch_{level / 10:.1f}" in row.index]
    epochs = [row[f"epoch_{level:.1f}"] for level in levels]
    [said] = re.findall(r"Expected are, within two epochs, ([\d, and]+) for levels 0 to 1 in steps", text)
    expected = [int(number) for number in re.findall(r"\d+", said)]
    assert len(expected) == 11
    assert all(abs(epoch - expected[round(10 * level)]) <= 2 for level, epoch in zip(levels, epochs, strict=True))
    before = [round(-row[f"difference_{level:.1f}"]) for level in levels]
    assert (
        f"Levels {listed(levels)} meet the criterion in epochs {listed(epochs)}, each within two epochs of what was"
        f" expected, and {min(before)} to {max(before)} epochs before the paper's."
    ) in text


@pytest.mark.parametrize("corruption", ["true_labels", "random_labels-0.5", "random_labels-1.0"])
def test_the_runs_that_the_prediction_on_alexnet_quotes_begin_those_that_tested_it(corruption):
    runs = CHECKOUT / "docs/results/cifar10-cpu/runs/cifar10/alexnet" / corruption
    whole, quoted = (
        pd.read_csv(runs / recipe / "seed0/metrics.csv") for recipe in ("paper-bfloat16", "paper-bfloat16-until-99")
    )
    assert len(quoted) < len(whole) == 100
    for column in ("TrainLoss", "TrainAccuracy", "TestAccuracy"):
        assert whole[column].head(len(quoted)).equals(quoted[column])


def listed(numbers: list[float]) -> str:
    """ "0, 0.5 and 1"."""
    *first, last = (f"{number:g}" for number in numbers)
    return f"{', '.join(first)} and {last}"


def test_what_precision_changes_is_what_is_recorded():
    runs = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/runs.csv").query("model == 'mlp_1x512'")

    def more(corruption: str, column: str) -> str:
        its = runs[runs["corruption"] == corruption].pivot(index="seed", columns="recipe", values=column)
        differences = (its["paper-float32"] - its["paper-bfloat16"]).dropna()
        assert len(differences) == 3
        return f"{differences.mean():z.2f} ± {half_width(differences.std(), 3):.2f}"

    epochs, accuracies = (
        [more(corruption, column) for corruption in ("true_labels", "random_labels-1.0")]
        for column in ("accuracy_99_epoch", "final_test_accuracy")
    )
    text = " ".join((CHECKOUT / "docs/deviations.md").read_text(encoding="utf-8").split())
    assert (
        f"takes {epochs[0]} epochs more to 99 % on true labels and {epochs[1]} more on random ones, and ends"
        f" {accuracies[0]} and {accuracies[1]} points of test accuracy above"
    ) in text


VARIANTS = {  # of AlexNet, by model and what a recipe's name ends with
    ("alexnet", "-tutorial"): "TensorFlow's tutorial's initialisation",
    ("alexnet", "-early-tutorial"): "that of its early version",
    ("alexnet", "-framework"): "torch's default initialisation",
    ("alexnet", "-slim-alexnet"): "initialisation of TF-slim's alexnet_v2",
    ("alexnet", "-half"): "Xavier's × 0.5",
    ("alexnet", "-rate-0.004"): "a learning rate of 0.004 instead of 0.01",
    ("alexnet", "-fixed"): "pixels whitened by one mean and standard deviation a channel",
    ("alexnet", "-unwhitened"): "pixels from 0 to 1, not whitened",
    ("alexnet", "-unwhitened-early-tutorial"): "pixels from 0 to 1 and the early tutorial's initialisation",
    ("alexnet-tensorflow", "-unwhitened-early-tutorial"): "both, and TensorFlow's constants",
    ("alexnet", "-fixed-framework"): "both that whitening and torch's initialisation",
    ("alexnet-krizhevsky", ""): "normalisation's constants of Krizhevsky et al.",
    ("alexnet-tensorflow", ""): "normalisation's constants of TensorFlow's defaults",
    ("alexnet-torch", ""): "normalisation's constants of torch's defaults",
    ("alexnet_small", "-fixed-framework"): "AlexNetSmall, that whitening and torch's initialisation",
}


NEAREST = "-unwhitened-early-tutorial"


def test_every_variant_of_alexnet_that_has_run_is_in_the_table_and_none_but_the_nearest_comes_to_the_paper_s():
    text = (CHECKOUT / "docs/deviations.md").read_text(encoding="utf-8")
    runs = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/runs.csv").query(
        "corruption == 'true_labels' and seed == 0"
    )
    said = 0
    for run in runs[runs["model"].str.startswith("alexnet")].to_dict("records"):
        of_one = re.fullmatch(r"paper-bfloat16-until-99(?:\.9)?(-.*)?", run["recipe"])
        if of_one is None or (key := (run["model"], of_one[1] or "")) == ("alexnet", ""):
            continue
        said += 1
        epoch, error = run["accuracy_99_epoch"], run["accuracy_99_test_error"]
        assert f"| {VARIANTS[key]} | {epoch:.0f} | {error:.4f} |" in text
        if key[1] != NEAREST:
            assert epoch < 31
            assert error < 0.3011
    assert said >= 4


def test_the_repository_s_own_network_fits_when_the_pages_say():
    folder = CHECKOUT / "docs/results/cifar10-cpu/runs/cifar10/alexnet_small/true_labels"
    metrics = pd.read_csv(folder / "paper-bfloat16-until-99.9-fixed-framework/seed0/metrics.csv")
    fitted, last = metrics.loc[metrics["TrainAccuracy"] >= 99, "Epoch"].min(), metrics.iloc[-1]
    epoch, trained, tested = f"{last['Epoch']:.0f}", f"{last['TrainAccuracy']:.2f} %", f"{last['TestAccuracy']:.2f} %"
    says = {
        "docs/deviations.md": f"ours has {trained} of the training set in epoch {epoch} and {tested} of the test set",
        "docs/studies/corruptions.md": f"in epoch {fitted:.0f} and {trained} in {epoch}, with {tested} of the test set",
    }
    for page, said in says.items():
        assert said in " ".join((CHECKOUT / page).read_text(encoding="utf-8").split()), page


def test_a_run_on_another_maker_s_processor_has_the_digits_that_the_page_says_it_has():
    runs = CHECKOUT / "docs/results/cifar10-cpu/runs/cifar10/alexnet/true_labels"
    names = ("paper-bfloat16", "paper-bfloat16-until-99.9")
    whole, until = (pd.read_csv(runs / name / "seed0/metrics.csv") for name in names)
    measured = ["TrainAccuracy", "TrainLoss", "TestAccuracy", "TestLoss"]
    assert len(until) == 13
    assert whole[measured].head(13).equals(until[measured])
    for name, maker in zip(names, ("AMD EPYC", "Intel(R) Xeon(R)"), strict=True):
        assert maker in json.loads((runs / name / "seed0/run.json").read_text(encoding="utf-8"))["device"]
    text = " ".join((CHECKOUT / "docs/results-and-promises.md").read_text(encoding="utf-8").split())
    assert f"13 epochs of AlexNet in bfloat16 on an Intel Xeon (recipe `{names[1]}`)" in text


def test_figure_1c_is_counted_as_the_recorded_comparison_does():
    numbers = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/paper_vs_ours.csv")
    of_figure = (numbers["quantity"] == "test_error_at_fit") & (numbers["test_labels"] == "corrupted alike")
    points = numbers[of_figure & (numbers["verdict"] != "no target") & (numbers["corruption"] != "random_labels-1.0")]
    near, of_alexnet = points["deviation"] <= 1, points["model"] == "alexnet"
    assert not (points["deviation_before"] <= 1).any()
    hardly = (near & points["can_hardly_fail"]).sum()
    text = " ".join((CHECKOUT / "docs/deviations.md").read_text(encoding="utf-8").split())
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
    table = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/table1.csv").dropna(subset=["test_accuracy"])
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
    runs = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/runs.csv").query("recipe == 'paper-bfloat16'")
    its = runs[(runs["model"] == "mlp_3x512") & (runs["corruption"] == "random_labels-1.0")]["final_test_accuracy"]
    share = its.mean() / 100
    expected = 100**2 * share * (1 - share) / 10_000
    seldom = 1 - math.exp(-its.var() / expected)  # chi-squared of two degrees of freedom is exponential
    text = " ".join((CHECKOUT / "docs/results-and-promises.md").read_text(encoding="utf-8").split())
    assert len(its) == 3
    assert (
        f"have a standard deviation of {its.std():.2f} occur once in some {round(1 / seldom, -2):.0f} times"
        f" (chi-squared with two degrees of freedom, {math.sqrt(expected):.2f} for each)"
    ) in text


def test_what_a_curve_counts_as_reproduced_by_is_what_the_page_says():
    numbers = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/paper_vs_ours.csv")
    curve, measured, can_fail = losses_on_true_labels(numbers)
    near = int((can_fail["deviation"] <= 1).sum())
    assert set(curve["verdict"]) == {"reproduced"}
    assert near / len(can_fail) >= 0.9 > (near - 1) / len(can_fail)
    text = " ".join((CHECKOUT / "docs/results-and-promises.md").read_text(encoding="utf-8").split())
    assert (
        f"which is counted as reproduced, {len(measured)} of {len(curve)} points have been measured, and {near} of the"
        f" {len(can_fail)} that can fail are near; were it one fewer, it would differ."
    ) in text


@pytest.mark.parametrize("corruption", ["true_labels", "random_labels-1.0"])
def test_what_batch_norm_is_evaluated_with_changes_no_training(corruption):
    runs = CHECKOUT / "docs/results/cifar10-cpu/runs/cifar10/inception" / corruption
    recipes = ["evaluated", "batch-norm-99", "batch-norm-999-debiased", "batch-norm-of-batches"]
    losses = [pd.read_csv(runs / f"paper-bfloat16-{recipe}/seed0/metrics.csv")["OnlineTrainLoss"] for recipe in recipes]
    assert all(each.equals(losses[0]) for each in losses)
    steps = [pd.read_csv(runs / f"paper-bfloat16-{recipe}/seed0/steps.csv") for recipe in recipes[1:]]
    assert all(each["OnlineTrainLoss"].equals(steps[0]["OnlineTrainLoss"]) for each in steps)


def test_the_site_begins_with_what_the_readme_says_has_been_shown():
    marks = ("<!-- shown -->", "<!-- end -->")
    index, readme = ((CHECKOUT / page).read_text(encoding="utf-8") for page in ("docs/index.md", "README.md"))
    assert all(readme.count(mark) == index.count(mark) == 1 for mark in marks)


def test_a_narrow_inception_with_plain_running_averages_of_a_thousand_steps_is_where_the_page_says():
    run = "inception-w0.25/true_labels/paper-bfloat16-batch-norm-999/seed0"
    accuracy = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/runs/cifar10" / run / "metrics.csv")["TestAccuracy"]
    text = " ".join((CHECKOUT / "docs/predictions.md").read_text(encoding="utf-8").split())
    assert f"it is at {accuracy[0]:.2f} % and {accuracy[1]:.2f} % of the test set after epochs 1 and 2." in text


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


FIRST_50 = "paper-bfloat16-first-50-unwhitened-early-tutorial"


def test_what_the_pages_say_of_prediction_4_is_recorded_and_refutes_it():
    runs = CHECKOUT / "docs/results/cifar10-cpu/runs/cifar10/alexnet/random_labels-0.5"
    metrics = pd.read_csv(runs / FIRST_50 / "seed0/metrics.csv")
    accuracy = metrics.set_index("Epoch")["TrainAccuracy"]
    assert accuracy[:41].max() < 99, "39 epochs and two more were predicted"
    said = f"{accuracy[41]:.1f} % of the training set after epoch 41 and {accuracy[50]:.1f} % after 50"
    whole = pd.read_csv(runs.with_name("random_labels-1.0") / FIRST_50 / "seed0/metrics.csv")["TrainAccuracy"]
    assert len(whole) == len(accuracy) == 50
    assert whole.max() < 11
    at_chance = {
        "docs/predictions.md": f"at level 1 {whole.iloc[-1]:.1f} % after epoch 50, which is chance",
        "docs/deviations.md": f"it has {whole.iloc[-1]:.1f} % after 50, which is chance",
    }
    for page, chance in at_chance.items():
        assert chance in " ".join((CHECKOUT / page).read_text(encoding="utf-8").split())
    for page in at_chance:
        assert said in " ".join((CHECKOUT / page).read_text(encoding="utf-8").split())


def test_what_the_page_says_of_prediction_5_is_recorded_and_refutes_it():
    runs = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/runs.csv").query("model == 'alexnet' and seed == 0")
    true = runs[runs["corruption"] == "true_labels"].set_index("recipe")
    run, plain = true.loc["paper-bfloat16-until-99.9-rate-0.004"], true.loc["paper-bfloat16"]
    epoch, error = run["accuracy_99_epoch"], run["accuracy_99_test_error"]
    assert abs(epoch - 13) > 2, "13 epochs within two, and"
    assert abs(error - 0.301) > 0.01, "0.301 within 0.01 were predicted"
    assert epoch - plain["accuracy_99_epoch"] == 6, "six epochs later than at 0.01"
    file = "true_labels/paper-bfloat16-until-99.9-rate-0.004/seed0/run.json"
    recorded = json.loads((CHECKOUT / "docs/results/cifar10-cpu/runs/cifar10/alexnet" / file).read_text("utf-8"))
    rate = recorded["config"]["training"]["learning_rate"]
    assert rate == 0.004 == round(0.01 * 0.95**18, 4)
    text = " ".join((CHECKOUT / "docs/predictions.md").read_text(encoding="utf-8").split())
    assert f"It has 99 % in epoch {epoch:.0f} and errs on {error:.4f} of the test set then:" in text
    assert f"little worse ({plain['accuracy_99_test_error']:.4f})" in text


def test_pixels_that_are_not_whitened_alone_do_not_fit_random_labels_when_the_paper_s_network_did():
    recorded = CHECKOUT / "docs/results/cifar10-cpu"
    level_1 = recorded / "runs/cifar10/alexnet/random_labels-1.0/paper-bfloat16-until-99.9-unwhitened/seed0/metrics.csv"
    accuracy = pd.read_csv(level_1)["TrainAccuracy"]
    assert len(accuracy) == 100
    assert accuracy.max() < 99
    runs = pd.read_csv(recorded / "runs.csv").query("model == 'alexnet' and seed == 0")
    times, errors = (
        runs.set_index(["recipe", "corruption"])[column] for column in ("accuracy_99_epoch", "accuracy_99_test_error")
    )
    recipe, plain, half, true = (
        "paper-bfloat16-until-99.9-unwhitened", "paper-bfloat16", "random_labels-0.5", "true_labels"
    )  # fmt: skip
    ratio, paper = times[recipe, half] / times[recipe, true], pd.read_csv(CHECKOUT / "config/paper/fig1b.csv")
    of_plain = [times[plain, corruption] / times[plain, true] for corruption in (half, "random_labels-1.0")]
    at_least = len(accuracy) / times[recipe, true]
    paper_s = paper.query("model == 'alexnet'").set_index("corruption")["value"]
    assert paper_s[half] < min(ratio, of_plain[0])
    assert paper_s["random_labels-1.0"] < of_plain[1] < at_least
    error, of_paper = errors[recipe, half], pd.read_csv(CHECKOUT / "config/paper/fig1c.csv").query("model == 'alexnet'")
    text = " ".join((CHECKOUT / "docs/deviations.md").read_text(encoding="utf-8").split())
    for said in (
        f"at level 0.5 it has 99 % in epoch {times[recipe, half]:.0f}, which is {ratio:.2f} times its"
        f" {times[recipe, true]:.0f} on true labels where the paper's is {paper_s[half]:.2f}, and errs on {error:.4f}"
        f" of the clean test labels then, hence on {error / 2 + 0.45:.4f} of labels corrupted alike (the paper"
        f" {of_paper.set_index('corruption')['value'][half]:.4f})",
        f"at level 1 it has {accuracy[47]:.1f} % of the training set after epoch 48 and {accuracy[99]:.1f} % after 100",
        f"the network with nothing changed ({of_plain[0]:.2f}), all of them more than"
        f" {math.floor(10 * at_least) / 10} times as long as true ones instead of {of_plain[1]:.2f} times",
    ):
        assert said in text


def test_what_the_page_says_of_inception_s_twenty_epochs_is_recorded_and_what_was_predicted_of_them_holds():
    folder = CHECKOUT / "docs/results/cifar10-cpu/runs/cifar10/inception/true_labels/paper-bfloat16-first-20/seed0"
    ours = pd.read_csv(folder / "metrics.csv").set_index("Epoch")
    text = (CHECKOUT / "docs/deviations.md").read_text(encoding="utf-8")
    section = text.split("## Inception on true labels, twenty epochs")[1].split("\n## ")[0]
    [epochs] = re.findall(r"^\| epoch \| ([\d |]+) \|$", section, re.MULTILINE)
    epochs = [int(number) for number in epochs.split(" | ")]
    paper = {file: pd.read_csv(CHECKOUT / f"config/paper/{file}.csv") for file in ("fig1a", "fig2b")}
    rows = {"training loss, ours": ("TrainLoss", "fig1a", "train_loss", 4)}
    rows |= {f"{kind} accuracy (%), ours": (f"{kind_of}Accuracy", "fig2b", f"{kind_of.lower()}_accuracy", 2)
             for kind, kind_of in (("training", "Train"), ("test", "Test"))}  # fmt: skip
    for name, (column, file, quantity, digits) in rows.items():
        curve = paper[file].query(f"model == 'inception' and corruption == 'true_labels' and quantity == '{quantity}'")
        theirs = [curve.iloc[(curve["step"] - 391 * epoch).abs().argmin()]["value"] for epoch in epochs]
        of_ours, of_paper = (
            " | ".join(f"{each:.{digits}f}" for each in numbers) for numbers in (ours[column][epochs], theirs)
        )
        assert f"| {name} | {of_ours} |\n| the paper's, figure {file.removeprefix('fig')} | {of_paper} |" in section
    numbers = pd.read_csv(CHECKOUT / "docs/results/cifar10-cpu/paper_vs_ours.csv").dropna(subset=["ours"])
    numbers = numbers[(numbers["model"] == "inception") & (numbers["corruption"] == "true_labels")]
    said = " ".join(section.split())
    counts = {}
    for quantity in ("train_loss", "test_accuracy", "train_accuracy"):
        points = numbers[numbers["quantity"] == quantity]
        can_fail = points[~points["can_hardly_fail"]]
        counts[quantity] = len(points), len(can_fail), int((can_fail["deviation"] <= 1).sum())
    assert "Of the {} losses {} can fail, and {} are near the paper's".format(*counts["train_loss"]) in said
    assert "Of the test accuracies {2} of {0} are within two points".format(*counts["test_accuracy"]) in said
    assert (
        "of the training accuracies {1} can fail and {2} are within a point".format(*counts["train_accuracy"]) in said
    )
    losses, predicted = ours["TrainLoss"], (CHECKOUT / "docs/predictions.md").read_text(encoding="utf-8")
    met, below = (losses <= losses.iloc[-1] + 0.0465).idxmax(), (losses < 0.1).idxmax()
    assert losses.iloc[-1] < 0.002
    assert (abs(met - 10) <= 2, abs(below - 8) <= 2) == (True, True)
    predicted = " ".join(predicted.split())
    assert f"The criterion is met in epoch {met}, within two epochs of 10." in predicted
    assert f"on true labels, where the loss is first under 0.1 in epoch {below}." in predicted
    assert f"the last in epoch {met} and first under 0.1 in epoch {below}" in said
    assert f"own by {-ours['TestAccuracy'].diff().min():.2f} at most within twenty" in " ".join(text.split())
