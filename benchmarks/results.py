"""The page that is written: benchmarks/results.md, with machine, versions and date."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from rethinking.engine.reproducibility import has_fast_bfloat16, machine, versions

PAGE = Path(__file__).parent / "results.md"


@dataclass(frozen=True)
class Row:
    """One measure. `wanted` is the least value that is asked for, the largest where `at_most`; None for none."""

    what: str
    value: float
    wanted: float | None
    how: str
    at_most: bool = False

    @classmethod
    def of(
        cls, precision: str, what: str, value: float, wanted: float | None, how: str, at_most: bool = False
    ) -> "Row":
        """A measure in a precision: nothing is asked for in bfloat16 of a processor without instructions for it."""
        slow = precision == "bfloat16" and not has_fast_bfloat16(torch.device("cpu"))
        return cls(what, value, None if slow else wanted, how, at_most)

    @property
    def verdict(self) -> str:
        if self.wanted is None:
            return ""
        return "yes" if (self.value <= self.wanted if self.at_most else self.value >= self.wanted) else "**no**"

    def __str__(self) -> str:
        bound = "" if self.wanted is None else f"{'at most' if self.at_most else 'at least'} {self.wanted:g}"
        return f"| {self.what} | {self.value:.2f} | {bound} | {self.verdict} | {self.how} |"


def write(rows: Iterable[Row], pixels: str, repeats: int) -> None:
    """Write the page anew."""
    cpu = torch.device("cpu")
    bfloat16 = "has" if has_fast_bfloat16(cpu) else "has no"
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Each ratio of trainings is the median of "
        f"{repeats} ratios of measurements taken in turn, each in a process of its own on one thread; batches of 128"
        f" images of 28×28 ({pixels}). Seconds are medians of {repeats}; memory and the default figure are measured"
        f" once. The processor {bfloat16} instructions for bfloat16. FLOPs count the zeros around an image as well:"
        " 9 % of Inception's, 14 % of AlexNet's.",
        "",
        f"{machine(cpu)} · {', '.join(f'{name} {version}' for name, version in versions().items())}"
        f" · {datetime.date.today()}",
        "",
        "| measure | value | asked for | met | measured |",
        "|---|---|---|---|---|",
        *map(str, rows),
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
