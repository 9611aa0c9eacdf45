"""A page as text: contents into templates, everything escaped, nothing that is loaded from elsewhere."""

import re
from typing import Any

import pandas as pd
from jinja2 import ChoiceLoader, Environment, PackageLoader

from rethinking.outcomes.wording import capitalised
from rethinking.page import cost, documents, scoreboard
from rethinking.page.charts import chart_of
from rethinking.page.contents import Contents, Drawing, Made, command_of
from rethinking.page.curves import Curves, curves_of
from rethinking.page.still import still as drawn
from rethinking.page.svg import inline
from rethinking.reporting import formats
from rethinking.reporting.formats import Row, Table

FIRST_FIGURE = "fig1"
SHOWN_OF_RUNS = {
    "epochs_done": "epochs",
    "stopped_by": "ended by",
    "final_train_accuracy": "training accuracy, %",
    "final_test_accuracy": "test accuracy, %",
    "accuracy_99_epoch": "epochs to 99 %",
    "seconds": "seconds",
}


def environment() -> Environment:
    """The templates of pages, and those of tables that they include."""
    loaders = [PackageLoader("rethinking.page"), PackageLoader("rethinking.reporting")]
    return formats.environment().overlay(loader=ChoiceLoader(loaders))


def page(contents: Contents) -> str:
    """The whole page."""
    curves = curves_of(contents)
    still = still_of(curves)
    template = environment().get_template("index.html")
    return template.render(
        contents=contents,
        figure=figure,
        sentence=scoreboard.sentence(contents),
        finding=documents.hypertext(contents.finding, f"{contents.root}/docs/results"),
        scores=scoreboard.scores(contents.tables),
        verdicts=scoreboard.columns(scoreboard.scores(contents.tables)),
        first=[drawing for drawing in contents.figures if drawing.name == FIRST_FIGURE] or contents.figures[:1],
        curves=curves,
        chart=chart_of(curves, contents.command) if still is not None else None,
        still=still,
        rows=rows_of,
        runs=runs_of(contents, curves),
        machines=cost.machines(contents.runs),
        hours=cost.hours(contents.runs),
        deviations=documents.hypertext(contents.deviations, f"{contents.root}/docs"),
        table_rows=lambda frame: Table("", frame, frame, []).rows(),
    )


def figure(drawing: Drawing) -> str:
    """A drawing's SVG as a part of the page."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", drawing.name)
    return inline(drawing.svg, f"svg-{name}", f"{drawing.name}: {drawing.title}", drawing.caption)


def still_of(curves: Curves) -> Drawing | None:
    """The curves as a picture; none where there are no runs."""
    if curves.runs.empty or not curves.quantities:
        return None
    words = f"{capitalised(curves.quantities[curves.start['quantity']])} of {curves.start['network']}, a line a run"
    return Drawing("curves", "curves of the runs", drawn(curves), words)


def rows_of(made: Made, contents: Contents) -> list[Row]:
    """A table's rows with the command that makes each."""
    table, numbers = made.table, made.table.numbers.to_dict("records")
    stands_for = table.stands_for or tuple((place,) for place in range(len(table.shown)))
    target = f"{made.file}.csv" if made.file else ""
    aligned = len(stands_for) == len(table.shown)
    aligned = aligned and all(place < len(numbers) for places in stands_for for place in places)
    rows = []
    for place, row in enumerate(table.rows()):
        values = (
            {key: value for key, value in numbers[stands_for[place][0]].items() if not is_empty(value)}
            if aligned
            else {}
        )
        command = command_of(values, made.section, contents.command, target)
        said = any(command in cell for cell in row.cells)
        rows.append(Row(row.cells, row.not_run, "" if said else command))
    return rows


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return bool(pd.isna(value)) or value == ""


def runs_of(contents: Contents, curves: Curves) -> dict[str, Any]:
    """The list of all runs: names, what they ended with, where their files lie, the command."""
    there = {column: words for column, words in SHOWN_OF_RUNS.items() if column in contents.runs}
    names = curves.runs.drop(columns=["run", "target"]).reset_index(drop=True)
    ended = contents.runs.reset_index(drop=True)[list(there)].rename(columns=there)
    shown = pd.concat(
        [names.drop(columns="folder"), ended.map(spelled), names[["folder"]].rename(columns={"folder": "files"})],
        axis=1,
    )
    commands = [f"{contents.command} -- results/runs/{target}/run.json" for target in curves.runs["target"]]
    rows = [
        Row(cells, False, command)
        for cells, command in zip(shown.astype(str).to_numpy().tolist(), commands, strict=True)
    ]
    return {"columns": list(shown.columns), "rows": rows}


def spelled(value: Any) -> str:
    """A cell of the list of runs."""
    if is_empty(value):
        return "-"
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
