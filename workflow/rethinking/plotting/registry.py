"""The figures: name -> module and function, and the panels (groups of runs) or tables that each is drawn from.

Pictures are figures of a data set: figures/samples-cifar10.pdf is the picture `samples` of `cifar10`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rethinking.registry import Entry


@dataclass(frozen=True)
class Panel:
    """What a panel can draw: one model only; one corruption a level, true labels among them, until they are fitted."""

    one_model: bool = False
    by_level: bool = False


@dataclass(frozen=True, kw_only=True)
class Figure(Entry):
    """One figure. `panels` names the groups of runs that its section of the configuration must hold.

    Its function takes the tables that `tables` names, and its section; one that is drawn from no runs has no panels.
    """

    panels: Mapping[str, Panel]
    tables: tuple[str, ...] = ("runs", "curves")


FIGURES = {
    "fig1": Figure(
        module="rethinking.plotting.fig1",
        function="figure",
        description="fitting random labels and pixels: learning curves, convergence slowdown, generalisation error",
        panels={"learning_curves": Panel(one_model=True), "corruption_levels": Panel(by_level=True)},
    ),
    "models": Figure(
        module="rethinking.plotting.models",
        function="figure",
        description="the networks: trainable parameters against multiply-adds",
        panels={},
        tables=("sizes",),
    ),
}

PICTURES = {
    "samples": Entry(
        module="rethinking.plotting.samples",
        function="figure",
        description="images of a data set, a row a corruption, with the label that is given and the true one",
    ),
    "channels": Entry(
        module="rethinking.plotting.channels",
        function="figure",
        description="one image and the values of its pixels, channel by channel",
    ),
}
