"""The figures: name -> module and function, and the panels (groups of runs) that each is drawn from."""

from dataclasses import dataclass

from rethinking.registry import Entry


@dataclass(frozen=True, kw_only=True)
class Figure(Entry):
    """One figure. `panels` names the groups of runs that its section of the configuration must hold."""

    panels: tuple[str, ...]


FIGURES = {
    "fig1": Figure(
        module="rethinking.plotting.fig1",
        function="figure",
        description="fitting random labels and pixels: learning curves, convergence slowdown, generalisation error",
        panels=("learning_curves", "corruption_levels"),
    ),
}
