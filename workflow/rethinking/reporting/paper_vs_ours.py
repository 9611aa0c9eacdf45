"""The paper's numbers of its tables and figures beside ours; at another size, what its figures say.

What is judged is a row of a table, a point of a figure or a curve, by the rule of `paper_numbers`, and by the rule
before it beside that, so that no count is better for being counted otherwise.
"""

import pandas as pd

from rethinking.outcomes.selection import Frames
from rethinking.outcomes.wording import diverged_sentence
from rethinking.reporting import units
from rethinking.reporting.accuracies import NOISE, seeds_note
from rethinking.reporting.claims import claims
from rethinking.reporting.comparison import RATIO, ROUNDING
from rethinking.reporting.formats import Table
from rethinking.reporting.paper_numbers import ALIKE, NO_TARGET, row_of, row_of_kernel
from rethinking.reporting.paper_rows import counts, counts_by_kind, one_each, shown, together
from rethinking.reporting.table3 import TOLERANCE
from rethinking.sections import Section

UNITS = {"train_loss": "nats", "relative_time": "a ratio", "test_error_at_fit": "a fraction"}
IN_ORDER = ("verdict", "verdict_before", "remark", "recipe", "would_take")  # the last columns


def table(
    *,
    runs: pd.DataFrame,
    curves: pd.DataFrame,
    evaluations: pd.DataFrame,
    steps: pd.DataFrame,
    published: pd.DataFrame | None,
    section: Section,
) -> Table:
    """A published number a row of the CSV file, a table's row, point or curve a row as it is read.

    Where `published` is None these are claims. `section` has the groups of the figures and tables that the paper's
    numbers are of.
    """
    frames = Frames(runs=runs, curves=curves, evaluations=evaluations, steps=steps)
    if published is None:
        return table_of_claims(frames, section)
    rows = [row_of(frames, section, number) for number in published.to_dict("records")]
    numbers = judged(pd.DataFrame(rows + [row_of_kernel(each) for each in section.kernels]))
    notes = [
        *counts_by_kind(numbers),
        f"The {len(numbers):,} numbers one by one: {counts(numbers['number_verdict'])}. By the rule before:"
        f" {counts(numbers['number_verdict_before'])}.",
        tolerance_note(section),
        units.DEFINITION,
        "The rule before judged by its difference alone, however small a loss, read without error, test errors on clean"
        " labels; that one can hardly fail it did not say. It judged number by number: rows, points and curves are here"
        " made of its numbers as of the others."
        + (" Table 3 it never judged, which is left out of its counts." if section.kernels else ""),
        "No target: what is suspect, probably a run that the paper plots twice, and the time on true labels relative to"
        " itself.",
        table3_note(section),
        corrupted_note(numbers),
        seeds_note(section),
        f"{NOISE} Of an error on test labels corrupted alike it is that of the clean error which it follows from.",
        diverged_sentence(runs),
        section.note,
    ]
    title = f"The paper's numbers and ours, by row, point and curve: {counts(one_each(numbers)['verdict'])}"
    places = together(numbers)
    return Table(title, numbers, shown(numbers, places), notes, places)


def judged(numbers: pd.DataFrame) -> pd.DataFrame:
    """The numbers with the verdicts of the row, point or curve that each is of, by both rules."""
    hardly = numbers["can_hardly_fail"].astype(bool)
    both = {
        "verdict": units.verdicts(numbers, "number_verdict", "deviation", hardly),
        "verdict_before": units.verdicts(numbers, "number_verdict_before", "deviation_before", hardly & False),
    }
    found = numbers.assign(**both)
    return found[[*(name for name in found if name not in IN_ORDER), *IN_ORDER]]


def tolerance_note(section: Section) -> str:
    """By which tolerance numbers are near."""
    words = [
        f"{tolerance:g} ({quantity.replace('_', ' ')}, {UNITS.get(quantity, 'percentage points')})"
        for quantity, tolerance in section.tolerance.items()
        if quantity not in RATIO.values()
    ]
    return (
        f"A number is near where the mean over seeds is at most {', '.join(words)} from the paper's, more by the error"
        " with which that was read from a figure; a training loss must be within a factor of"
        f" {section.tolerance[RATIO['train_loss']]:g} of it as well. Deviations are in tolerances."
    )


def table3_note(section: Section) -> str:
    """By which tolerance table 3's numbers are near, and whose they are."""
    if not section.kernels:
        return "Table 3 is of kernel models: the table table3 has them beside ours."
    return (
        f"Table 3 is of kernel models, {section.kernels[0].configfile}, ours as docs/results/ has them: a test error in"
        f" percent is near where it is at most {100 * TOLERANCE:g} % of the paper's from that."
    )


def corrupted_note(numbers: pd.DataFrame) -> str:
    """How near the paper's test errors are to ours on test labels corrupted alike, and to ours on clean ones."""
    rows = numbers[(numbers["test_labels"] == ALIKE) & (numbers["number_verdict"] != NO_TARGET)]
    if rows.empty:
        return ""
    near, clean = (rows[column] <= 1 + ROUNDING for column in ("deviation", "deviation_before"))
    hardly = (near & rows["can_hardly_fail"].astype(bool)).sum()
    return (
        "Test errors of networks trained on partly random labels: ours are what is to be expected on test labels"
        f" corrupted alike, as the authors' published code has them, and {near.sum()} of {len(rows)} are near the"
        f" paper's, {hardly} of which can hardly fail; on clean test labels {clean.sum()} would be"
        " (docs/deviations.md)."
    )


def table_of_claims(frames: Frames, section: Section) -> Table:
    """The claims of the paper's figures, asked of data of another size."""
    columns = ["source", "claim", "found", "n", "verdict"]
    numbers = pd.DataFrame(claims(frames, section), columns=columns)
    found = numbers["verdict"].value_counts()
    title = f"What the paper shows, on {section.dataset_label}: " + ", ".join(
        f"{found.get(name, 0)} {name}" for name in ("holds", "fails", "can hardly fail", "not run")
    )
    notes = [
        "The paper's numbers are of all of CIFAR-10, so what is asked here is what they say without their values.",
        f"Rising: no mean is below that of the level before by more than {section.tolerance['relative_time']:g}"
        f" (time to fit, relative) or {section.tolerance['test_error_at_fit']:g} (test error).",
        seeds_note(section),
    ]
    return Table(title, numbers, numbers.astype(str), notes)
