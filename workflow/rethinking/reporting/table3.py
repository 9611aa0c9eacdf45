"""Table 3 of the paper (section 5): kernel models that interpolate, with l2, and on random labels, beside its numbers.

That a model interpolates is shown: no training image is wrong, the residual of its equations is small against the
labels, and the smallest eigenvalue of its matrix is above 0.
"""

from typing import Any

import pandas as pd

from rethinking.outcomes.computed import PAPER_ERRORS
from rethinking.reporting.comparison import ROUNDING
from rethinking.reporting.formats import Table
from rethinking.sections import Section

TOLERANCE = 0.1  # of the paper's number
UNSOLVED = 1e-3  # residual, an image


def table(*, kernels: pd.DataFrame, section: Section) -> Table:
    """Of each kernel and labels a row without l2, and one with the best l2; columns: `outcomes.computed.KERNELS`."""
    at_best = kernels["l2"] == kernels["best_l2"]
    numbers = kernels[(kernels["l2"] == 0) | at_best].reset_index(drop=True)
    numbers["regulariser"] = numbers["l2"].map(lambda l2: "best" if l2 else "none")
    compared = [of_paper(row) for row in numbers.to_dict("records")]
    numbers = pd.concat([numbers.assign(source="table 3", quantity="error"), pd.DataFrame(compared)], axis=1)
    notes = [
        "Errors in percent. l2 is in units of the mean diagonal of the matrix; the best is the one above 0 with the"
        " least error on training images that were held out. Bandwidths and parameters of features were chosen so too,"
        " and nothing by the test set.",
        "Norm: of the solution in the space of features, all classes together. Residual: that of the equations that the"
        " solution solves, an image, where the labels of one are of norm 1; their matrix is the one that is kept, in"
        " float32 with entries rounded to 7 digits.",
        f"Reproduced: at most {100 * TOLERANCE:g} % from the paper's number, where all training and test images are"
        " used as in the paper; else its number stands there, not compared."
        if (kernels["paper_error"].notna()).any()
        else "",
        "Random labels: the training images have labels drawn evenly; the test error is of the true ones.",
        jitter_note(numbers),
        unsolved_note(numbers),
        section.note,
    ]
    return Table("Table 3: kernel models without and with a regulariser", numbers, shown(numbers), notes)


def of_paper(row: dict[str, Any]) -> dict[str, Any]:
    """The paper's error of a row, percent, the difference, the tolerance and the verdict."""
    paper = row[PAPER_ERRORS[row["regulariser"]]] if row["corruption"] == "true_labels" else float("nan")
    found = beside(paper, 100 * row["test_error"])
    if pd.isna(paper):
        return found | {"verdict": "no target"}
    return found if row["whole"] else found | {"verdict": "not compared"}


def beside(paper: float, ours: float) -> dict[str, Any]:
    """The paper's error and ours of as many images, percent: the difference, the tolerance and the verdict."""
    difference, tolerance = ours - paper, TOLERANCE * paper
    judged = "reproduced" if abs(difference) <= tolerance * (1 + ROUNDING) else "differs"
    return {"paper": paper, "difference": difference, "tolerance": tolerance, "verdict": judged}


def jitter_note(numbers: pd.DataFrame) -> str:
    """Which solutions came from a factor of another matrix."""
    helped = numbers[numbers["jitter"] > 0]
    if helped.empty:
        return ""
    names = ", ".join(dict.fromkeys(f"{row['label']} ({row['jitter']:.1e})" for row in helped.to_dict("records")))
    return (
        "The factorisation broke down in its precision; that of the matrix plus a jitter preconditioned conjugate"
        f" gradients on the matrix itself: {names}."
    )


def unsolved_note(numbers: pd.DataFrame) -> str:
    """Which equations were not solved."""
    left = numbers[numbers["residual"] > UNSOLVED]
    if left.empty:
        return ""
    names = ", ".join(dict.fromkeys(f"{row['label']} (l2 {row['l2']:g})" for row in left.to_dict("records")))
    return (
        f"Not solved, residual above {UNSOLVED:g}: {names}. The matrix is singular, as where features are fewer than"
        " images; errors and norm are those of where conjugate gradients came nearest."
    )


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """The rows as they are read."""
    columns: dict[str, list[str]] = {
        "kernel": list(numbers["label"]),
        "labels": [name.replace("_", " ") for name in numbers["corruption"]],
        "l2": [f"{l2:g}" for l2 in numbers["l2"]],
        "training error": percent(numbers["train_error"]),
        "test error": percent(numbers["test_error"]),
        "paper": [f"{value:g}" if value == value else "" for value in numbers["paper"]],
        "norm": [f"{norm:.4g}" for norm in numbers["norm"]],
        "residual": [f"{residual:.0e}" for residual in numbers["residual"]],
        "smallest eigenvalue": [f"{value:.2g}" if value == value else "" for value in numbers["smallest_eigenvalue"]],
        "images": [f"{count:,.0f}" for count in numbers["num_train"]],
        "seconds": [f"{seconds:.0f}" for seconds in numbers["seconds"]],
        "verdict": list(numbers["verdict"]),
    }
    return pd.DataFrame(columns)


def percent(errors: "pd.Series[float]") -> list[str]:
    """Fractions in percent."""
    return [f"{100 * error:.2f}" for error in errors]
