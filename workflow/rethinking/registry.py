"""What all registries share: plain tables from a name to the module and function behind it.

A table imports none of the modules that it names, so names and facts can be checked without torch, and adding an
entry changes no code that a job reaches.
"""

import difflib
import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar


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
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(known)}" if known else "none is defined"


def lookup(table: Mapping[str, AnyEntry], kind: str, name: str) -> AnyEntry:
    """The row of `name`; raises ValueError with the nearest name."""
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}; {nearest(name, table)}")
    return table[name]
