"""The pictures of the documents, `make pictures`: figure 1 of what is recorded, and the graph of the rules."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure

from rethinking.config import CHECKOUT
from rethinking.files import atomic
from rethinking.plotting.style import COLOURS, style
from rethinking.stages.recorded import recorded, svg_of

HERE = Path(__file__).parent
CONFIGURATION = "config/cifar10.yaml"
TARGETS = ("figures/fig1.pdf", "figures/fig2.pdf", "results/tables/cifar10/table1.csv", "figures/samples-cifar10.pdf")
# Where a rule is drawn above or below the line from download to publish; pictures of data need no training.
ROWS = {"corrupt_pixels": 1.0, "split": -1.0, "table": -1.0, "samples": 2.0, "picture": 2.0}

Graph = dict[str, set[str]]


def figure_1() -> str:
    """Figure 1 of the recorded runs at full size, as SVG."""
    (drawing,) = (each for each in recorded("config/cifar10-cpu.yaml")[0].figures if each.name == "fig1")
    return drawing.svg


def rules_before() -> Graph:
    """Of each rule those that it takes something from, as Snakemake prints it.

    Copies under other names are left out, and what a rule takes from one that another way leads from as well.
    """
    command = [
        "-m",
        "snakemake",
        "--configfile",
        str(CHECKOUT / CONFIGURATION),
        "--rulegraph",
        "mermaid-js",
        "--forceall",
        "--dry-run",
    ]
    with TemporaryDirectory() as folder:
        printed = subprocess.run(
            [sys.executable, "-P", *command, "--snakefile", str(CHECKOUT / "Snakefile"), "--", *TARGETS],
            cwd=folder, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
    names = dict(re.findall(r"^\s*(id\d+)\[([^\]]+)\]", printed, re.MULTILINE))
    before: Graph = {name: set() for name in names.values() if "/" not in name and not name.startswith("publish")}
    for first, second in re.findall(r"^\s*(id\d+) --> (id\d+)", printed, re.MULTILINE):
        if names[first] in before and names[second] in before:
            before[names[second]].add(names[first])
    reached = {
        rule: {each for other in others for each in _all_before(before, other)} for rule, others in before.items()
    }
    return {rule: others - reached[rule] for rule, others in before.items()}


def _all_before(before: Graph, rule: str) -> set[str]:
    """All rules from which a way leads to one."""
    return before[rule].union(*(_all_before(before, each) for each in before[rule]))


def columns(before: Mapping[str, set[str]]) -> dict[str, int]:
    """How many rules are before each on the longest way to it."""
    found: dict[str, int] = {}

    def column(rule: str) -> int:
        if rule not in found:
            found[rule] = 1 + max((column(each) for each in before[rule]), default=-1)
        return found[rule]

    return {rule: column(rule) for rule in sorted(before)}


def rules() -> str:
    """The graph of the rules as SVG: a box a rule, from left to right."""
    before = rules_before()
    places = {rule: (column, ROWS.get(rule, 0.0)) for rule, column in columns(before).items()}
    with style():
        drawing = Figure(figsize=(7.2, 2.4))
        axes = drawing.add_axes((0.0, 0.0, 1.0, 1.0))
        box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": COLOURS[0], "linewidth": 1.0}
        boxes = {
            rule: axes.text(x, y, rule.replace("_", "\n"), ha="center", va="center", fontsize=8, bbox=box)
            for rule, (x, y) in places.items()
        }
        for rule in boxes:
            for other in sorted(before[rule]):
                arrow = {"arrowstyle": "-|>", "color": "0.45", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
                ends = {"patchA": boxes[other].get_bbox_patch(), "patchB": boxes[rule].get_bbox_patch()}
                # Above the boxes, which have their sizes only once they are drawn: arrows end where these begin.
                axes.annotate("", places[rule], places[other], arrowprops=arrow | ends, zorder=4)
        axes.set(xlim=(-0.6, max(x for x, _ in places.values()) + 0.6), ylim=(-1.6, 2.6))
        axes.set_axis_off()
    return svg_of(drawing)


PICTURES = {"fig1.svg": figure_1, "rules.svg": rules}


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        with atomic(HERE / name) as temporary:
            temporary.write_text(draw(), encoding="utf-8")
        print(f"docs/pictures/{name}")
