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
        "Written by `make bench`. Each ratio is the median of "
        f"{repeats} ratios of measurements taken in turn, each in a process of its own on one thread; batches of 128"
        f" images of 28×28 ({pixels}). The processor {bfloat16} instructions for bfloat16.",
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
