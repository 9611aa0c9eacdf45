"""What the pages say of AlexNet at full size: the numbers that are recorded."""

import json
import math
import re

import pandas as pd
import pytest
from recorded import RECORDED, RUNS, listed, said_on

from rethinking.config import CHECKOUT, Configuration
from rethinking.names import level_of


def test_the_deviations_table_of_alexnet_has_every_level_that_has_run_beside_the_paper_s():
    text = (CHECKOUT / "docs/deviations.md").read_text(encoding="utf-8")
    runs = pd.read_csv(RECORDED / "runs.csv")
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
    said = said_on("docs/deviations.md")
    worse = f"errs on {min(most):.1f} to {max(most):.1f} points more of clean ones at levels 0 to 0.7"
    of_sampling = {
        level: 100 * math.sqrt(paper["c"][level] * (1 - paper["c"][level]) / 10_000) / (1 - level)
        for level in (0.8, 0.9)
    }
    assert (
        f"{worse}, without a trend, on {above[0.8]:.1f} more at 0.8 and on {-above[0.9]:.1f} fewer at 0.9, where 10,000"
        f" images have, taken back to clean labels, a sampling error of {of_sampling[0.8]:.1f} and"
        f" {of_sampling[0.9]:.1f} points."
    ) in said
    assert f"(at 0.9, which has run since, {-above[0.9]:.1f} fewer)" in said_on("docs/predictions.md")
    table_1 = pd.read_csv(CHECKOUT / "config/paper/table1.csv").query("model == 'alexnet' and panel == 'plain'")
    [accuracy] = table_1[table_1["quantity"] == "test_accuracy"]["value"]
    assert f"its test error at the fit is {paper['c'][0.0]:.4f}, in table 1 {1 - accuracy / 100:.4f}." in said
    assert abs(errors[0.0] - (1 - accuracy / 100)) < 0.01 < abs(errors[0.0] - paper["c"][0.0])
    more = [f"{31 * paper['b'][level] - epoch:.0f}" for level, epoch in epochs.items()]
    assert f"Its times are ours and {', '.join(more[:-1])} and {more[-1]} epochs more" in said


def test_what_came_of_the_prediction_on_alexnet_is_what_is_recorded():
    text = said_on("docs/predictions.md")
    table = pd.read_csv(RECORDED / "overfitted.csv").query("model == 'alexnet' and end == 100")
    row = table[table["margin"] == 0.0465].iloc[0]
    levels = [level / 10 for level in range(11)]
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


def test_the_note_of_figure_1_says_why_only_one_network_s_second_criterion_is_seen():
    assert (
        "AlexNet meets it when it has 99 %"
        in Configuration.load(CHECKOUT / "config/cifar10-cpu.yaml").sections["fig1"]["note"]
    )
    table = pd.read_csv(RECORDED / "overfitted.csv")
    epochs = [column for column in table if column.startswith("epoch_")]
    for model, hidden in (("alexnet", True), ("mlp_1x512", False)):
        its = table[table["model"] == model]
        [of_99] = its[its["criterion"] == "accuracy_99"][epochs].to_numpy()
        [within] = its[(its["margin"] == 0.0465) & (its["end"] == 100)][epochs].to_numpy()
        assert (of_99 == within).all() == hidden


@pytest.mark.parametrize("corruption", ["true_labels", "random_labels-0.5", "random_labels-1.0"])
def test_the_runs_that_the_prediction_on_alexnet_quotes_begin_those_that_tested_it(corruption):
    runs = RUNS / "alexnet" / corruption
    whole, quoted = (
        pd.read_csv(runs / recipe / "seed0/metrics.csv") for recipe in ("paper-bfloat16", "paper-bfloat16-until-99")
    )
    assert len(quoted) < len(whole) == 100
    for column in ("TrainLoss", "TrainAccuracy", "TestAccuracy"):
        assert whole[column].head(len(quoted)).equals(quoted[column])


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
    runs = pd.read_csv(RECORDED / "runs.csv").query("corruption == 'true_labels' and seed == 0")
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
    folder = RUNS / "alexnet_small/true_labels"
    metrics = pd.read_csv(folder / "paper-bfloat16-until-99.9-fixed-framework/seed0/metrics.csv")
    fitted, last = metrics.loc[metrics["TrainAccuracy"] >= 99, "Epoch"].min(), metrics.iloc[-1]
    epoch, trained, tested = f"{last['Epoch']:.0f}", f"{last['TrainAccuracy']:.2f} %", f"{last['TestAccuracy']:.2f} %"
    says = {
        "docs/deviations.md": f"ours has {trained} of the training set in epoch {epoch} and {tested} of the test set",
        "docs/studies/corruptions.md": f"in epoch {fitted:.0f} and {trained} in {epoch}, with {tested} of the test set",
    }
    for page, said in says.items():
        assert said in said_on(page), page


def test_a_run_on_another_maker_s_processor_has_the_digits_that_the_page_says_it_has():
    runs = RUNS / "alexnet/true_labels"
    names = ("paper-bfloat16", "paper-bfloat16-until-99.9")
    whole, until = (pd.read_csv(runs / name / "seed0/metrics.csv") for name in names)
    measured = ["TrainAccuracy", "TrainLoss", "TestAccuracy", "TestLoss"]
    assert len(until) == 13
    assert whole[measured].head(13).equals(until[measured])
    for name, maker in zip(names, ("AMD EPYC", "Intel(R) Xeon(R)"), strict=True):
        assert maker in json.loads((runs / name / "seed0/run.json").read_text(encoding="utf-8"))["device"]
    text = said_on("docs/results-and-promises.md")
    assert f"13 epochs of AlexNet in bfloat16 on an Intel Xeon (recipe `{names[1]}`)" in text


FIRST_50 = "paper-bfloat16-first-50-unwhitened-early-tutorial"


def test_what_the_pages_say_of_prediction_4_is_recorded_and_refutes_it():
    runs = RUNS / "alexnet/random_labels-0.5"
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
        assert chance in said_on(page)
    for page in at_chance:
        assert said in said_on(page)


def test_what_the_page_says_of_prediction_5_is_recorded_and_refutes_it():
    runs = pd.read_csv(RECORDED / "runs.csv").query("model == 'alexnet' and seed == 0")
    true = runs[runs["corruption"] == "true_labels"].set_index("recipe")
    run, plain = true.loc["paper-bfloat16-until-99.9-rate-0.004"], true.loc["paper-bfloat16"]
    epoch, error = run["accuracy_99_epoch"], run["accuracy_99_test_error"]
    assert abs(epoch - 13) > 2, "13 epochs within two, and"
    assert abs(error - 0.301) > 0.01, "0.301 within 0.01 were predicted"
    assert epoch - plain["accuracy_99_epoch"] == 6, "six epochs later than at 0.01"
    file = "true_labels/paper-bfloat16-until-99.9-rate-0.004/seed0/run.json"
    recorded = json.loads((RUNS / "alexnet" / file).read_text("utf-8"))
    rate = recorded["config"]["training"]["learning_rate"]
    assert rate == 0.004 == round(0.01 * 0.95**18, 4)
    text = said_on("docs/predictions.md")
    assert f"It has 99 % in epoch {epoch:.0f} and errs on {error:.4f} of the test set then:" in text
    assert f"little worse ({plain['accuracy_99_test_error']:.4f})" in text


def test_pixels_that_are_not_whitened_alone_do_not_fit_random_labels_when_the_paper_s_network_did():
    level_1 = RUNS / "alexnet/random_labels-1.0/paper-bfloat16-until-99.9-unwhitened/seed0/metrics.csv"
    accuracy = pd.read_csv(level_1)["TrainAccuracy"]
    assert len(accuracy) == 100
    assert accuracy.max() < 99
    runs = pd.read_csv(RECORDED / "runs.csv").query("model == 'alexnet' and seed == 0")
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
    text = said_on("docs/deviations.md")
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


def test_the_table_of_initialisations_has_every_one_that_has_run_at_full_size():
    text = (CHECKOUT / "docs/initialisation.md").read_text(encoding="utf-8")
    runs = pd.read_csv(RECORDED / "runs.csv").query("seed == 0")
    until = r"-until-99(\.9)?"
    names = {
        "xavier": f"({until})?", "kaiming": f"{until}-kaiming", "framework": f"{until}-framework",
        "tensorflow_tutorial": f"{until}-tutorial", "early_tensorflow_tutorial": f"{until}-early-tutorial",
        "slim_alexnet": f"{until}-slim-alexnet", "xavier_half": f"{until}-half",
    }  # fmt: skip
    columns = [("mlp_1x512", "true_labels"), ("mlp_1x512", "random_labels-1.0"), ("alexnet", "true_labels")]
    for name, recipe in names.items():
        [row] = re.findall(rf"^\| `{name}` \| (.*) \|$", text.split("At full size")[1], re.MULTILINE)
        for cell, (model, corruption) in zip(row.split("|"), columns, strict=True):
            its = runs[(runs["model"] == model) & (runs["corruption"] == corruption)]
            epochs = its[its["recipe"].str.fullmatch(f"paper-bfloat16{recipe}")]["accuracy_99_epoch"]
            assert {float(number) for number in re.findall(r"^ ?(\d+)", cell)} == set(epochs)
