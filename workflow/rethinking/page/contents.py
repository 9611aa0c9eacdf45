"""What a page shows: figures and tables of the registries, the runs behind them, their curves."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from rethinking.reporting.comparison import OF_A_STEP
from rethinking.reporting.formats import Table
from rethinking.reporting.would_take import OWN
from rethinking.sections import Section

POINTS = ["model", "corruption", "column", "Step", "value"]  # of the paper's curves


@dataclass(frozen=True)
class Drawing:
    """A figure or a picture of a data set: SVG as text, its caption, and the folder and name of its files."""

    name: str
    title: str
    svg: str
    caption: str
    file: str = ""


@dataclass(frozen=True)
class Made:
    """A table, the section that it is of, and the place of its files without a suffix."""

    name: str
    title: str
    table: Table
    section: Section
    file: str = ""

    @property
    def judges(self) -> bool:
        """Whether each of its rows is a number or claim of a source, with a verdict."""
        return {"source", "verdict"} <= set(self.table.numbers.columns)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """All of a page. `command` is what stands before a target, `root` the way from the page to the working folder.

    `runs`: a row a run, its five names, `folder`, `device`, `torch`, `python`, `date`, what it ended with. `curves`: a
    row an epoch of a run. `paper`: points of the paper's curves, by our network, corruption and column of `curves`.
    `labels` are of networks, `dataset_labels` of data sets; `licences` holds what the catalogue says of these.
    `finding`: what came of recorded runs, Markdown whose links are from docs/results/.
    """

    name: str
    command: str
    root: str
    figures: list[Drawing]
    pictures: list[Drawing]
    tables: list[Made]
    runs: pd.DataFrame
    curves: pd.DataFrame
    paper: pd.DataFrame
    labels: Mapping[str, str]
    dataset_labels: Mapping[str, str]
    licences: Mapping[str, Mapping[str, str]]
    citation: Mapping[str, object]
    deviations: str
    recorded: bool = False
    finding: str = ""


def points_of_paper(published: pd.DataFrame | None, section: Section) -> pd.DataFrame:
    """The points of the paper's curves that stand beside runs of a section: model, corruption, column, Step, value."""
    if published is None or not {"model", "step"} <= set(published):  # other sources' numbers are of no curve
        return pd.DataFrame(columns=POINTS)
    points = published.dropna(subset=["step", "value"])
    ours = {known: name for name, known in section.published_as.items() if known is not None}
    points = points[points["model"].isin(ours)]
    found = points.assign(
        model=points["model"].map(ours),
        column=[OF_A_STEP[quantity][1] for quantity in points["quantity"]],
        Step=points["step"],
    )
    return found[POINTS].drop_duplicates()


def command_of(row: Mapping[str, object], section: Section, command: str, target: str) -> str:
    """The command that makes what a row of a table shows: one of its runs, or all of the table where none is found."""
    if row.get("would_take"):
        return str(row["would_take"]).replace(OWN, command)
    asked = {key: row[key] for key in ("panel", "recipe", "corruption", "dataset") if row.get(key)}
    for group in section.groups if row.get("model") else ():
        has = {"panel": group.panel, "recipe": group.recipe, "dataset": group.dataset}
        if all(
            value in group.corruptions if key == "corruption" else has[key] == value for key, value in asked.items()
        ):
            for name in group.models:
                if row["model"] in (name, section.published_as.get(name)):
                    corruption = asked.get("corruption", group.corruptions[0])
                    folder = f"{group.dataset}/{name}/{corruption}/{group.recipe}/seed{section.seeds[0]}"
                    return f"{command} -- results/runs/{folder}/run.json"
    return f"{command} -- {target}" if target else ""
