"""The curves to explore: a Vega-Lite chart by altair, and the JavaScript that draws it, both in the page itself.

Both libraries are optional: without them the page shows a still picture of the same curves. What users wrote is data of
the chart and never a part of an expression, which would be run.
"""

from dataclasses import dataclass
from typing import Any

from rethinking.page.curves import AXES, Curves, as_csv
from rethinking.plotting.style import COLOURS

CHOICES = ("network", "data", "recipe", "setting", "seed")
COLOURS_BY = ("setting", "network", "data", "recipe", "seed")
DASHES = [[1, 0], [6, 2], [6, 2, 1, 2], [1, 2], [9, 3]]
LIBRARY = "window.drawChart = vegaEmbed;"
HEIGHT = 420
MARKS_A_RUN = 60  # places of a line at which the pointer finds it


@dataclass(frozen=True)
class Control:
    """One choice above the chart: the parameter's name, its label, and what there is to choose, by value."""

    name: str
    label: str
    options: list[tuple[str, str]]
    chosen: str


@dataclass(frozen=True)
class Chart:
    """The specification and the runs, which the page holds as data; the controls; the library as JavaScript."""

    data: dict[str, Any]
    controls: list[Control]
    library: str
    has_paper: bool


def chart_of(curves: Curves, command: str) -> Chart | None:
    """The chart of a page's curves; None where the libraries are not installed, or there is nothing to draw."""
    try:
        import altair  # pyright: ignore[reportMissingImports] as they are optional
        import vl_convert  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    specification = specified(curves, altair)
    runs = curves.runs.astype(str).to_dict("records")
    return Chart(
        data={"specification": specification, "runs": runs, "quantities": curves.quantities, "command": command},
        controls=controls(curves),
        library=vl_convert.javascript_bundle(LIBRARY),
        has_paper=bool(len(curves.paper)),
    )


def controls(curves: Curves) -> list[Control]:
    """What the reader chooses by, first of all the network."""
    every = {name: list(dict.fromkeys(curves.runs[name])) for name in CHOICES}
    found = [
        Control(name, name, [("", "all"), *((value, value) for value in values)], curves.start[name])
        for name, values in every.items()
    ]
    axes = [(axis, axis.lower() + "s") for axis in AXES]
    return [
        *found,
        Control("quantity", "quantity", list(curves.quantities.items()), curves.start["quantity"]),
        Control("axis", "against", axes, AXES[0]),
        Control("colour", "a colour for each", [(name, name) for name in COLOURS_BY], COLOURS_BY[0]),
    ]


def specified(curves: Curves, alt: Any) -> dict[str, Any]:
    """The Vega-Lite specification: lines of the runs that are chosen, places for the pointer, the paper's points.

    `alt` is the module altair.
    """
    parameters = {control.name: alt.param(name=control.name, value=control.chosen) for control in controls(curves)}
    chosen = " && ".join(f"({name} == '' || datum.{name} == {name})" for name in CHOICES)
    of_paper = " && ".join(f"({name} == '' || datum.{name} == {name})" for name in ("network", "setting"))
    shown = "isValid(datum.value) && isFinite(datum.value) && datum.value !== ''"
    runs = alt.InlineData(values=as_csv(curves.runs), format=alt.CsvDataFormat(type="csv", parse={"run": "number"}))
    facts = ["network", "data", "setting", "recipe", "seed"]
    ours = (
        alt.Chart(data(alt, curves.points))
        .transform_lookup(lookup="run", from_=alt.LookupData(data=runs, key="run", fields=facts))
        .transform_filter(chosen)
        .transform_calculate(value="datum[quantity]", place="datum[axis]", line="datum[colour]")
        .transform_filter(shown)
    )
    look = encodings(alt)
    tooltip = [alt.Tooltip("value:Q", format=".5~g"), "Epoch:Q", "Step:Q", *(f"{name}:N" for name in facts)]
    near = alt.selection_point(name="near", on="pointerover", nearest=True, empty=False, fields=["run", "Epoch"])
    found = alt.condition(near, alt.value(1), alt.value(0))
    every = max(1, -(-len(curves.points) // max(1, MARKS_A_RUN * len(curves.runs))))
    lines = ours.mark_line(strokeWidth=1.4, clip=True).encode(**look, **dashes(alt), detail="run:N")
    marks = (
        ours.transform_filter(f"datum.Epoch % {every} == 0 || {every} == 1")
        .mark_point(size=60, filled=True, aria=False, cursor="pointer")
        .encode(**look, **dashes(alt), tooltip=tooltip, opacity=found)
        .add_params(near)
    )
    paper = (
        alt.Chart(data(alt, curves.paper))
        .transform_filter(of_paper)
        .transform_filter("datum.column == quantity")
        .transform_calculate(place="datum[axis]", line="datum[colour]")
        .mark_point(shape="diamond", size=28, filled=False, strokeWidth=1, aria=False)
        .encode(**look, tooltip=[alt.Tooltip("value:Q", title="the paper's", format=".5~g"), "Step:Q"])
    )
    layers = alt.layer(lines, marks, paper) if len(curves.paper) else alt.layer(lines, marks)
    chart = layers.add_params(*parameters.values()).properties(width="container", height=HEIGHT, background="white")
    chart = chart.properties(description="Curves of the runs that are chosen above, a line a run.")
    return (
        chart.configure_view(stroke=None).configure_axis(labelFontSize=12).configure_legend(labelFontSize=12).to_dict()
    )


def encodings(alt: Any) -> dict[str, Any]:
    """Where a point lies and its colour."""
    return {
        "x": alt.X("place:Q", title=None, axis=alt.Axis(grid=False, tickMinStep=1)),
        "y": alt.Y("value:Q", title=None, scale=alt.Scale(zero=False, nice=True)),
        "color": alt.Color("line:N", title=None, sort=None, scale=alt.Scale(range=list(COLOURS)), legend=legend(alt)),
    }


def dashes(alt: Any) -> dict[str, Any]:
    """Lines are told apart without their colours as well."""
    return {"strokeDash": alt.StrokeDash("line:N", title=None, sort=None, scale=alt.Scale(range=DASHES), legend=None)}


def legend(alt: Any) -> Any:
    """Below the chart, in as many columns as the page finds room for."""
    return alt.Legend(orient="bottom", labelLimit=220, symbolType="stroke", symbolSize=300)


def data(alt: Any, table: Any) -> Any:
    """A table as data of the chart, all of its numbers as numbers."""
    kinds = {str(name): "number" if table[name].dtype.kind in "if" else "string" for name in table}
    return alt.InlineData(values=as_csv(table), format=alt.CsvDataFormat(type="csv", parse=kinds))
