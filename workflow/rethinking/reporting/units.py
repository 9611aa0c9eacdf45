"""What of the paper is judged as one thing: a row of a table, a point of a figure, a curve.

A curve has hundreds of points, a table's row two numbers, and a verdict each, so that a figure's line weighs no more
than a table's row. The verdicts of their numbers may be by any rule.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rethinking.reporting.comparison import ROUNDING
from rethinking.reporting.hardly import CAN_HARDLY_FAIL

ROW, POINT, CURVE = KINDS = ("row", "point", "curve")
SHARE = 0.9  # of a curve's points that must be near
BEFORE_OTHERS = ("differs", "not run", "reproduced", CAN_HARDLY_FAIL)  # of a row's numbers, which is the row's

DEFINITION = (
    "A table's row differs where one of its numbers does, and is reproduced where one is and the others can hardly"
    f" fail. A curve is reproduced where {100 * SHARE:.0f} % of those of its points that can fail are within the"
    " tolerance and the root mean square of their deviations is at most one tolerance; it differs as soon as more than"
    f" {100 - 100 * SHARE:.0f} % are not, however few were measured, and was not run until one or the other is certain."
    " Points that can hardly fail are not waited for, and count where they do fail."
)


def kind_of(source: str, step: float) -> str:
    """Of what a published number is a part, by its source and the step of a curve at which it stands."""
    if not math.isnan(step):
        return CURVE
    return ROW if source.startswith("table") else POINT


def units(numbers: pd.DataFrame) -> pd.Series:
    """Of each number by which name its row, point or curve is called: the same of all that are one."""
    named = numbers[["source", "panel", "model", "corruption"]].agg("/".join, axis=1)
    return named.where(numbers["kind"] == ROW, named + "/" + numbers["quantity"])


def verdicts(numbers: pd.DataFrame, judged: str, away: str, hardly: pd.Series) -> pd.Series:
    """Of each number the verdict of its row, point or curve; `judged` and `away` are columns.

    `judged` has its own verdict, `away` its deviation in tolerances, `hardly` says whether it can hardly fail.
    """
    found = pd.Series("", index=numbers.index)
    for _, part in numbers.groupby(units(numbers), sort=False):
        words = part[judged].tolist()
        if part["kind"].iloc[0] == CURVE:
            found[part.index] = of_curve(words, part[away].tolist(), hardly[part.index].tolist())
        else:
            found[part.index] = of_row(words)
    return found


def of_row(words: Sequence[str]) -> str:
    """The verdict of a row, or of a single point, by those of its numbers."""
    return next((word for word in BEFORE_OTHERS if word in words), words[0])


def of_curve(words: Sequence[str], away: Sequence[float], hardly: Sequence[bool]) -> str:
    """The verdict of a curve, by those of its points, their deviations in tolerances, and which can hardly fail."""
    can_fail = len(hardly) - sum(hardly)
    agrees, counted = ("reproduced", can_fail) if can_fail else (CAN_HARDLY_FAIL, len(words))
    if words.count("differs") > (1 - SHARE) * counted + ROUNDING:
        return "differs"
    if words.count(agrees) < SHARE * counted - ROUNDING:
        return "not run"
    return agrees if not rms(words, away) > 1 + ROUNDING else "differs"


def rms(words: Sequence[str], away: Sequence[float]) -> float:
    """The root mean square of the deviations of those points that were measured and tell something; NaN of none."""
    found = [value for word, value in zip(words, away, strict=True) if word in ("reproduced", "differs")]
    return float(np.sqrt(np.mean(np.square(found)))) if found else math.nan
