"""A table as CSV (every number in full), Markdown, LaTeX and HTML (as it is read)."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

NOT_RUN = "not run"


@dataclass(frozen=True)
class Row:
    """A row as HTML has it: its cells, whether all that it judges was not run, and what makes it, "" for nothing."""

    cells: list[str]
    not_run: bool = False
    command: str = ""


@dataclass(frozen=True)
class Table:
    """`numbers` is what the CSV file holds, `shown` the cells as text, `notes` sentences about all of them.

    Empty notes are left out. `stands_for` has the positions in `numbers` of what each row of `shown` stands for, where
    that is not one row each.
    """

    title: str
    numbers: pd.DataFrame
    shown: pd.DataFrame
    notes: list[str]
    stands_for: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", [note for note in self.notes if note])

    def rows(self) -> list[Row]:
        """The rows as HTML has them."""
        words = self.shown.astype(str)
        judged = [column.endswith("verdict") for column in words.columns]
        return [
            Row(cells, bool(said := [cell for cell, its in zip(cells, judged, strict=True) if its]) and not_run(said))
            for cells in words.to_numpy().tolist()
        ]


def not_run(verdicts: list[str]) -> bool:
    """Whether all of a row's verdicts are that there is no run, whatever the reason."""
    return all(verdict.startswith(NOT_RUN) for verdict in verdicts)


def comma_separated(table: Table) -> str:
    """CSV, an empty cell where there is no number."""
    return table.numbers.to_csv(index=False, lineterminator="\n")


def markdown(table: Table) -> str:
    """A heading, the notes and a pipe table."""
    rows = [[str(column) for column in table.shown.columns], *table.shown.astype(str).to_numpy().tolist()]
    lines = [f"| {' | '.join(map(_in_markdown, row))} |" for row in rows]
    lines.insert(1, f"|{'---|' * len(table.shown.columns)}")
    title, *notes = (_without_markup(text) for text in [table.title, *table.notes])
    return "\n".join([f"# {title}", "", *(f"- {note}" for note in notes), "", *lines]) + "\n"


def _without_markup(text: str) -> str:
    """Text on one line in which nothing is HTML or a link."""
    for character in "\\<[":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.splitlines())


def _in_markdown(cell: str) -> str:
    """A cell's text with the characters that would end the cell or start emphasis, HTML or a link taken literally."""
    for character in "\\|*_`<[":
        cell = cell.replace(character, f"\\{character}")
    return " ".join(cell.splitlines())


def latex(table: Table) -> str:
    """A longtable, which needs the packages booktabs and longtable, with the notes as comments above it."""
    # pandas writes LaTeX with jinja2, which Snakemake brings.
    shown = table.shown.astype(str).map(lambda cell: " ".join(cell.splitlines()))
    style = shown.style.hide(axis="index").format(escape="latex").format_index(axis=1, escape="latex")
    comments = "".join(f"% {line}\n" for text in [table.title, *table.notes] for line in text.splitlines())
    return comments + style.to_latex(environment="longtable", hrules=True, column_format="l" * len(table.shown.columns))


@functools.cache
def environment() -> Environment:
    """The templates of this package; what they are given is escaped, and what they are not given is an error."""
    return Environment(
        loader=PackageLoader("rethinking.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def hypertext(table: Table) -> str:
    """A page of its own that loads nothing: columns sort, words filter, and the CSV file can be taken from it."""
    return environment().get_template("table.html").render(made=table, csv=comma_separated(table))


FORMATS: dict[str, Callable[[Table], str]] = {
    ".csv": comma_separated,
    ".md": markdown,
    ".tex": latex,
    ".html": hypertext,
}


def text_of(table: Table, suffix: str) -> str:
    """The table in the format of a file's suffix; raises ValueError for one that is none of `FORMATS`."""
    if suffix not in FORMATS:
        raise ValueError(f"tables are written as {', '.join(FORMATS)}, not {suffix!r}")
    return FORMATS[suffix](table)
