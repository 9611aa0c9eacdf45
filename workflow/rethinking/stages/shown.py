"""Figures and tables of what has run, for notebooks: made anew from its data frames, by the functions of the rules."""

import argparse
import html
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rethinking.config import CHECKOUT, Configuration, described
from rethinking.published import PAPER, checksums
from rethinking.registry import nearest
from rethinking.stages.frames import read_frames
from rethinking.stages.recorded import svg_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

RESULTS = Path("results")


@dataclass(frozen=True)
class Shown:
    """A figure and its caption, which a notebook shows one above the other."""

    figure: "Figure"
    caption: str

    def _repr_html_(self) -> str:
        drawing = svg_of(self.figure)
        return f"{drawing[drawing.index('<svg') :]}<p>{html.escape(self.caption)}</p>"


def figure(configfile: str | Path, name: str, results: Path = RESULTS) -> Shown:
    """A figure of a configuration's file; raises ValueError where it has none of this name or has not made it."""
    return Shown(*_made(configfile, name, results))


def table(configfile: str | Path, name: str, results: Path = RESULTS) -> "pd.DataFrame":
    """A table of a configuration's file as it is read; raises ValueError likewise."""
    return _made(configfile, name, results).shown


def _made(configfile: str | Path, name: str, results: Path) -> Any:
    """What the function of a figure or table makes from the data frames of its runs."""
    configuration = Configuration.load(configfile)
    if name not in configuration.sections:
        raise ValueError(f"{configfile}: unknown figure or table {name!r}; {nearest(name, configuration.sections)}")
    folder = results / "tables" / configuration.name / name
    if not folder.is_dir():
        command = f"snakemake --cores all --configfile {configfile} -- study"
        raise ValueError(f"{folder} is missing; this makes it: {command}")
    section, entry = described.section_of(configuration, name), described.entry_of(configuration, name)
    published = checksums(CHECKOUT / PAPER, described.published(configuration, name))
    read = {"section": section, "frames": folder, "published": published, "paper": CHECKOUT / PAPER}
    return entry.load()(**read_frames(argparse.Namespace(**read), entry), section=section)
