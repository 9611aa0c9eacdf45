"""The paper's numbers and ours as they are read: a table's row, a point or a curve in a row."""

from collections.abc import Sequence

import pandas as pd

from rethinking.reporting.accuracies import plain
from rethinking.reporting.hardly import CAN_HARDLY_FAIL
from rethinking.reporting.paper_numbers import ALIKE, CLEAN, ELSEWHERE, NO_TARGET
from rethinking.reporting.units import CURVE, KINDS, rms, units

DIGITS = {"train_loss": 4, "relative_time": 3, "test_error_at_fit": 4}
VERDICTS = ("reproduced", "differs", CAN_HARDLY_FAIL, "not run", ELSEWHERE, NO_TARGET)
ALWAYS = VERDICTS[:2]  # said where there is none, too
SPREAD = {"ours": "ours", "sd": "sd", "95 % ±": "interval", "binomial se": "binomial_error"}


def counts(verdicts: pd.Series) -> str:
    """How many there are of each verdict."""
    found = verdicts.value_counts()
    return ", ".join(f"{found.get(name, 0)} {name}" for name in VERDICTS if name in ALWAYS or name in found)


def one_each(numbers: pd.DataFrame) -> pd.DataFrame:
    """The first number of every row, point and curve, which has the verdict of the whole."""
    return numbers[~units(numbers).duplicated()]


def counts_by_kind(numbers: pd.DataFrame) -> list[str]:
    """How many rows, points and curves have which verdict, by the rule and by the one before, a sentence a kind."""
    each = one_each(numbers)
    sentences = []
    for kind in KINDS:
        part = each[each["kind"] == kind]
        now, before = counts(part["verdict"]), counts(part["verdict_before"])
        sentences.append(f"{kind.capitalize()}s, {len(part)}: {now}. By the rule before: {before}.")
    return sentences


def together(numbers: pd.DataFrame) -> tuple[tuple[int, ...], ...]:
    """The positions in `numbers` of each row, point and curve; those of which nothing ran come last."""
    each = [tuple(map(int, places)) for places in numbers.groupby(units(numbers), sort=False).indices.values()]
    return tuple(sorted(each, key=lambda places: not numbers["n"].iloc[list(places)].any()))


def shown(numbers: pd.DataFrame, places: Sequence[Sequence[int]]) -> pd.DataFrame:
    """One row each of what `places` says is one."""
    return pd.DataFrame([row(numbers.iloc[list(part)]) for part in places])


def row(part: pd.DataFrame) -> dict[str, str]:
    """The numbers of a table's row one after the other, a point, or what a curve's points come to."""
    first = part.iloc[0]
    of_curve = first["kind"] == CURVE
    said = [curve_in_words(part) if of_curve else on_clean(first), *part["remark"]]
    takes = part["would_take"].tolist() if first["verdict"] == "not run" else []
    return {
        "where": f"{first['source']}, p. {first['page']}",
        "kind": first["kind"],
        "of": ", ".join([first["model"], first["panel"].replace("_", " "), first["corruption"]]),
        "quantity": " / ".join(dict.fromkeys(name.replace("_", " ") for name in part["quantity"])),
        "paper": f"{len(part)} points" if of_curve else cells(part, "paper"),
        **{name: "-" if of_curve else cells(part, column) for name, column in SPREAD.items()},
        "n": str(part["n"].max()),
        "verdict": first["verdict"],
        "by the rule before": first["verdict_before"],
        "remark": "; ".join(dict.fromkeys(filter(None, [*said, *takes]))),
    }


def cells(part: pd.DataFrame, column: str) -> str:
    """A column of a row's numbers, "-" where none has it."""
    found = [plain(value, DIGITS.get(name, 2)) for name, value in zip(part["quantity"], part[column], strict=True)]
    return " / ".join(found) if set(found) != {"-"} else "-"


def on_clean(number: pd.Series) -> str:
    """What the compared test error is of, and the other where there is one."""
    if number["test_labels"] == ALIKE:
        return f"on test labels {ALIKE}; on {CLEAN} ones {number['on_clean_labels']:.4f}"
    return ""


def curve_in_words(part: pd.DataFrame) -> str:
    """How many points of a curve were measured, how many are near, and how far all of them are."""
    words = part["number_verdict"].tolist()
    near, far, hardly = (words.count(word) for word in ("reproduced", "differs", CAN_HARDLY_FAIL))
    if not near + far + hardly:
        return ""
    said = [f"{near + far + hardly} of {len(words)} points measured, {near} within the tolerance"]
    said += [f"{hardly} can hardly fail"] if hardly else []
    away = rms(words, part["deviation"].tolist())
    said += [f"root mean square {away:.2f} tolerances"] if near + far else []
    return ", ".join(said)
