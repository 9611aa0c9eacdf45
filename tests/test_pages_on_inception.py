"""What the pages say of Inception at full size: the numbers that are recorded."""

import re

import pandas as pd
import pytest
from recorded import RECORDED, RUNS, said_on

from rethinking.config import CHECKOUT


@pytest.mark.parametrize("corruption", ["true_labels", "random_labels-1.0"])
def test_what_batch_norm_is_evaluated_with_changes_no_training(corruption):
    runs = RUNS / "inception" / corruption
    recipes = ["evaluated", "batch-norm-99", "batch-norm-999-debiased", "batch-norm-of-batches"]
    losses = [pd.read_csv(runs / f"paper-bfloat16-{recipe}/seed0/metrics.csv")["OnlineTrainLoss"] for recipe in recipes]
    assert all(each.equals(losses[0]) for each in losses)
    steps = [pd.read_csv(runs / f"paper-bfloat16-{recipe}/seed0/steps.csv") for recipe in recipes[1:]]
    assert all(each["OnlineTrainLoss"].equals(steps[0]["OnlineTrainLoss"]) for each in steps)


def test_a_narrow_inception_with_plain_running_averages_of_a_thousand_steps_is_where_the_page_says():
    run = "inception-w0.25/true_labels/paper-bfloat16-batch-norm-999/seed0"
    accuracy = pd.read_csv(RUNS / run / "metrics.csv")["TestAccuracy"]
    text = said_on("docs/predictions.md")
    assert f"it is at {accuracy[0]:.2f} % and {accuracy[1]:.2f} % of the test set after epochs 1 and 2." in text


def test_what_the_page_says_of_inception_s_twenty_epochs_is_recorded_and_what_was_predicted_of_them_holds():
    folder = RUNS / "inception/true_labels/paper-bfloat16-first-20/seed0"
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
    numbers = pd.read_csv(RECORDED / "paper_vs_ours.csv").dropna(subset=["ours"])
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
    losses, predicted = ours["TrainLoss"], said_on("docs/predictions.md")
    met, below = (losses <= losses.iloc[-1] + 0.0465).idxmax(), (losses < 0.1).idxmax()
    assert losses.iloc[-1] < 0.002
    assert (abs(met - 10) <= 2, abs(below - 8) <= 2) == (True, True)
    assert f"The criterion is met in epoch {met}, within two epochs of 10." in predicted
    assert f"on true labels, where the loss is first under 0.1 in epoch {below}." in predicted
    assert f"the last in epoch {met} and first under 0.1 in epoch {below}" in said
    assert f"own by {-ours['TestAccuracy'].diff().min():.2f} at most within twenty" in said_on("docs/deviations.md")


def test_the_note_on_prediction_2_has_the_epochs_that_both_of_its_conditions_leave():
    losses = pd.read_csv(RUNS / "inception/true_labels/paper-bfloat16-first-20/seed0/metrics.csv")["TrainLoss"]
    first = (losses <= losses.iloc[-1] + 0.0465).idxmax() + 1
    predicted = {0.2: (19, 1.9), 0.5: (25, 2.5), 0.8: (31, 3.1), 1.0: (36, 3.6)}
    left = [
        [epoch for epoch in range(epoch - 2, epoch + 3) if abs(epoch / first - ratio) <= 0.15]
        for epoch, ratio in predicted.values()
    ]
    words = [" and ".join(map(str, epochs)) for epochs in left]
    text = said_on("docs/predictions.md")
    assert (
        f"are only epochs {words[0]} at level 0.2, {words[1]} at 0.5, {words[2]} at 0.8 and {words[3]} at 1. The"
        f" paper's own 36 at level 1 would be a ratio of {36 / first:.2f}."
    ) in text
    start, whole = (
        pd.read_csv(RUNS / f"inception/true_labels/paper-bfloat16-{name}/seed0/metrics.csv")["OnlineTrainLoss"]
        for name in ("start", "first-20")
    )
    assert start.equals(whole.head(len(start))), "the same weights to the last digit"
