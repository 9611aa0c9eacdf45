"""One published number beside ours: which of our values is compared with it, and its verdict by two rules.

The rule: within the tolerance and what the number was read with, a loss by ratio too, a test error on test labels like
the paper's, and what can hardly fail says so. The rule before it: within the tolerance, on clean test labels.
"""

import math
from dataclasses import dataclass
from typing import Any

from rethinking.names import level_of
from rethinking.outcomes.registry import IMAGENET
from rethinking.outcomes.selection import Frames
from rethinking.reporting.comparison import RATIO, SUSPECT, Ours, deviation, find, ours, verdict
from rethinking.reporting.hardly import RANDOM, can_hardly_fail, telling
from rethinking.reporting.spread import binomial_error
from rethinking.reporting.table3 import beside
from rethinking.reporting.units import ROW, kind_of
from rethinking.reporting.would_take import Number, would_take
from rethinking.sections import KernelError, PanelRuns, Section

ERROR, CORRUPTED = "test_error_at_fit", "test_error_at_fit_corrupted"
ALIKE, CLEAN = "corrupted alike", "clean"  # the test labels of an error
WHOLE = {"test_accuracy": 100.0, ERROR: 1.0}  # what all of the test images are, in the quantity's unit
NO_TARGET, ELSEWHERE, LEFT_OUT = "no target", "not run: ImageNet", "left out"
NAMES = ("source", "page", "kind", "panel", "model", "corruption", "quantity", "step")
NOTHING = Ours(math.nan, math.nan, 0, 0)
TABLE_3, PAGE = "table 3", 14


@dataclass(frozen=True)
class Found:
    """What our runs have of a published number: the `values` to compare, those on `clean` test labels, of which recipe.

    These two differ in test errors of networks that were trained on corrupted labels alone. `images` are those tested.
    """

    values: Ours = NOTHING
    clean: Ours = NOTHING
    recipe: str = ""
    images: float = math.nan

    @property
    def unmeasured(self) -> bool:
        """Whether the runs have no value and did not diverge: a curve ends before the step, or has no point at it."""
        return self.values.n == 0 and self.values.diverged < self.values.ran


def row_of(frames: Frames, section: Section, number: Number) -> dict[str, Any]:
    """A row of the CSV file: the number, ours, and how each rule judges it."""
    number = {**number, "kind": kind_of(number["source"], number["step"])}
    row = {**{key: number[key] for key in NAMES}, "paper": number["value"], "reading_error": number["reading_error"]}
    if number["section"] == IMAGENET:
        words = {"number_verdict": ELSEWHERE, "number_verdict_before": LEFT_OUT, "can_hardly_fail": False}
        return row | words | dict.fromkeys(("remark", "recipe", "would_take", "test_labels"), "") | {"n": 0}
    found = best(frames, section, number)
    judged, values = judgements(section, number, found), found.values
    lacking = judged["number_verdict"] == "not run" or not values.ran
    return {
        **row,
        "ours": values.mean,
        "sd": values.sd,
        "interval": values.interval,
        "binomial_error": noise(number, found),
        "n": values.n,
        "difference": values.mean - number["value"],
        "test_labels": test_labels(number, found),
        "on_clean_labels": found.clean.mean if number["quantity"] == ERROR else math.nan,
        **judged,
        "remark": "; ".join(filter(None, [number["remark"], missing(number, values, judged["number_verdict"])])),
        "recipe": found.recipe if values.ran else "",
        "would_take": would_take(frames, section, number) if lacking else "",
    }


def row_of_kernel(found: KernelError) -> dict[str, Any]:
    """The same of a number of table 3, which no network is trained for; the rule before never judged it."""
    panel = {"none": "no_regulariser", "best": "best_l2"}[found.regulariser]
    number = zip(NAMES, (TABLE_3, PAGE, ROW, panel, found.kernel, "true_labels", "test_error", math.nan), strict=True)
    row = {**dict(number), "paper": found.paper, "can_hardly_fail": False, "recipe": "", "test_labels": ""}
    row["number_verdict_before"] = LEFT_OUT
    if found.ours is None:
        # What is compared is what is recorded.
        solved = f"snakemake --cores all --configfile {found.configfile} -- {found.solution}"
        command = f"{solved} && python -m rethinking record --configfile {found.configfile}"
        return {**row, "number_verdict": "not run", "n": 0, "remark": "", "would_take": command}
    judged = beside(found.paper, found.ours)
    return {
        **row,
        "ours": found.ours,
        "binomial_error": 100 * binomial_error(found.ours / 100, found.num_test),
        "n": 1,
        "difference": judged["difference"],
        "tolerance": judged["tolerance"],
        "deviation": abs(judged["difference"]) / judged["tolerance"],
        "number_verdict": judged["verdict"],
        "remark": f"recorded of {found.configfile}",
        "would_take": "",
    }


def best(frames: Frames, section: Section, number: Number) -> Found:
    """What the group of runs has that has the number of most seeds."""
    candidates = [
        found_in(frames, group, model, number)
        for group, model in find(section, (number["section"], number["panel"]), number["model"])
        if number["corruption"] in group.corruptions
    ]
    return max(candidates, key=lambda each: (each.clean.n, each.clean.ran), default=Found())


def found_in(frames: Frames, group: PanelRuns, model: str, number: Number) -> Found:
    """What one group of runs has of a number, on test labels corrupted alike where that is at hand and says something.

    Where all labels are drawn anew it does not: every network errs on the same share of such labels.
    """
    corruption, quantity = number["corruption"], number["quantity"]
    clean = ours(frames, group, model, corruption, quantity, number["step"])
    values = clean
    if quantity == ERROR and corruption not in ("true_labels", RANDOM):
        alike = ours(frames, group, model, corruption, CORRUPTED)
        values = alike if alike.n else clean
    images = frames.of("runs", group, model, corruption)["num_test"].max()
    return Found(values, clean, group.recipe, images)


def judgements(section: Section, number: Number, found: Found) -> dict[str, Any]:
    """Tolerance, deviations and verdicts of a number, by the rule and by the one before it."""
    quantity, paper, remark = number["quantity"], number["value"], number["remark"]
    tolerance, ratio = section.tolerance[quantity], math.inf
    if quantity in RATIO:
        ratio = section.tolerance[RATIO[quantity]]
    error = 0.0 if math.isnan(number["reading_error"]) else number["reading_error"]
    away = deviation(paper, found.values.mean, tolerance, error, ratio)
    before = deviation(paper, found.clean.mean, tolerance)
    hardly, said = can_hardly_fail(quantity, number["corruption"], paper, tolerance, error), settled(number, found)
    return {
        "tolerance": tolerance,
        "deviation": away if found.values.n else math.nan,
        "deviation_before": before if found.clean.n else math.nan,
        "can_hardly_fail": hardly,
        "number_verdict": said or telling(verdict(remark, found.values, away), hardly),
        "number_verdict_before": said or verdict(remark, found.clean, before),
    }


def settled(number: Number, found: Found) -> str:
    """What is said of a number whatever ours is, "" of one that ours is held against."""
    by_definition = number["quantity"] == "relative_time" and number["corruption"] == "true_labels"
    if number["remark"] == SUSPECT or by_definition:
        return NO_TARGET
    # A curve that ends before the number's step or was not measured at it has no value, and nothing is wrong with that.
    return "not run" if found.unmeasured and not math.isnan(number["step"]) else ""


def noise(number: Number, found: Found) -> float:
    """The binomial standard error of a test accuracy or error, in its own unit; NaN of other quantities.

    An error on labels corrupted alike is expected and not drawn: of 1 - level of the images it is the clean error.
    """
    whole = WHOLE.get(number["quantity"], math.nan)
    measured = 1.0 if found.values is found.clean else 1 - (level_of(number["corruption"]) or 0.0)
    return measured * whole * binomial_error(found.clean.mean / whole, found.images)


def test_labels(number: Number, found: Found) -> str:
    """Of which test labels the error is that is compared; "" of what is no error."""
    if number["quantity"] != ERROR or not found.values.n:
        return ""
    return CLEAN if found.values is found.clean else ALIKE


def missing(number: Number, values: Ours, judged: str) -> str:
    """What to say of runs that have no such value."""
    if judged == "not run":
        return ""
    reason = "did not fit" if math.isnan(number["step"]) else "were not measured there"
    counts = [(values.ran - values.n - values.diverged, reason), (values.diverged, "diverged")]
    return "; ".join(f"{count} of {values.ran} of our runs {what}" for count, what in counts if count)
