"""What all registries share: plain tables from a name to the module and function behind it.

A table imports none of the modules that it names, so names and facts can be checked without torch, and adding an
entry changes no code that a job reaches.
"""

import difflib
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

# What a network learns of a data set's images: which class each is of, or a number.
CLASSIFICATION, REGRESSION = ("classification", "regression")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row: where the function is and one line on what it is."""

    module: str
    function: str
    description: str

    def load(self) -> Callable[..., Any]:
        """Import the module and return the function."""
        return getattr(importlib.import_module(self.module), self.function)


AnyEntry = TypeVar("AnyEntry", bound=Entry)


def nearest(name: object, known: Iterable[str]) -> str:
    """What to tell somebody who wrote `name`: the nearest known name, or all of them where none is near."""
    known = sorted(known)
    if (close := closest(name, known)) is not None:
        return f"did you mean {close!r}?"
    return f"known: {', '.join(known)}" if known else "none is defined"


def closest(name: object, known: Iterable[str]) -> str | None:
    """The known name that is nearest to `name`; None where none is near."""
    known = sorted(known)
    distances = {each: slips(_spelled(str(name)), _spelled(each)) for each in known}
    close = [each for each in known if distances[each] <= max(len(str(name)), len(each)) / 2]
    begun = [each for each in known if len(str(name)) > 2 and _spelled(each).startswith(_spelled(str(name)))]
    close = sorted(begun or close, key=lambda each: (distances[each], abs(len(each) - len(str(name)))))
    # Of a short name that is a part of a longer one, the letters in common tell more than those that lack.
    close = close or difflib.get_close_matches(str(name), known, cutoff=0.5)
    return close[0] if close else None


def _spelled(name: str) -> str:
    """A name without what is easily mixed up."""
    return name.casefold().replace("-", "_")


def slips(one: str, other: str) -> int:
    """How many letters are wrong, missing, too many, or changed places with the next: the distance of two texts.

    The restricted edit distance with transpositions (Damerau 1964), row by row.
    """
    before, last = [], list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, its in enumerate(other, 1):
            now.append(min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != its)))
            if row > 1 and column > 1 and (letter, its) == (other[column - 2], one[row - 2]):
                now[-1] = min(now[-1], before[column - 2] + 1)
        before, last = last, now
    return last[-1]


def lookup(table: Mapping[str, AnyEntry], kind: str, name: str) -> AnyEntry:
    """The row of `name`; raises ValueError with the nearest name."""
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}; {nearest(name, table)}")
    return table[name]
