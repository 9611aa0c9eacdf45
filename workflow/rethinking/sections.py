"""What drawing a figure or writing a table depends on, beside its data frames and published numbers.

The configuration makes it, a rule hands it on as JSON, and the functions of `plotting` and `reporting` get it.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PanelRuns:
    """A group of a panel's runs: all of its networks x its corruptions x the section's seeds.

    `section` is the figure or table that the panel counts as one of, `name` the group's own, "" where a panel has one.
    """

    section: str
    panel: str
    name: str
    dataset: str
    recipe: str
    models: tuple[str, ...]
    corruptions: tuple[str, ...]

    def same_runs(self, other: "PanelRuns") -> bool:
        """Whether both are of the same runs, whatever they are called."""
        parts = ("dataset", "recipe", "models", "corruptions")
        return all(getattr(self, part) == getattr(other, part) for part in parts)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "PanelRuns":
        return cls(**{**values, "models": tuple(values["models"]), "corruptions": tuple(values["corruptions"])})


@dataclass(frozen=True)
class PaperRun:
    """A run behind a published number: what it is of, how many steps it has, and its cost a seed.

    `configfile` is that of the paper's configuration, "" of a run of the section's own.
    """

    section: str
    panel: str
    model: str
    corruption: str
    folder: str
    configfile: str
    epochs: int
    steps: int
    num_train: int


@dataclass(frozen=True)
class KernelError:
    """A number of the paper's table 3 beside what is recorded of that kernel model: test errors in percent.

    `regulariser` is "none" or "best", the best l2 above 0. `ours` is None where none is recorded; `solution` is the
    file that `configfile` then makes of that kernel.
    """

    kernel: str
    regulariser: str
    paper: float
    ours: float | None
    num_test: int
    configfile: str
    solution: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """One figure or table of a configuration; what is drawn from no runs has a name, a note and a size alone.

    `dataset` is the section's own, `labels`, `published_as` and `factories` are by network: its name in legends, the
    registered network whose published numbers it may be held against (None for a variant), the registered one behind
    it. `beside` is a second fit criterion, "" where none is shown. `lineages`: each data set and those that it extends.
    `settings`: what the registry asks of recipes, by recipe and network. `size` is in inches, `tolerance` by quantity.
    `would_take`: the runs behind every published number. `kernels`: table 3, which no run is behind, as it is recorded.
    """

    configuration: str
    name: str
    note: str = ""
    size: tuple[float, float] = (0.0, 0.0)
    seeds: tuple[int, ...] = ()
    groups: tuple[PanelRuns, ...] = ()
    fit_criterion: str = ""
    beside: str = ""
    dataset: str = ""
    dataset_labels: Mapping[str, str] = field(default_factory=dict)
    lineages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    published_as: Mapping[str, str | None] = field(default_factory=dict)
    factories: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    tolerance: Mapping[str, float] = field(default_factory=dict)
    at_paper_size: bool = False
    would_take: tuple[PaperRun, ...] = ()
    kernels: tuple[KernelError, ...] = ()

    @classmethod
    def read(cls, text: str) -> "Section":
        """The section that a rule hands on as the text of its JSON."""
        return cls.from_json(json.loads(text))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Section":
        """The section that `to_json` wrote; raises TypeError for keys that it does not have."""
        return cls(
            **{
                **values,
                "size": (values["size"][0], values["size"][1]),
                "seeds": tuple(values["seeds"]),
                "groups": tuple(map(PanelRuns.from_json, values["groups"])),
                "lineages": {name: tuple(names) for name, names in values["lineages"].items()},
                "would_take": tuple(PaperRun(**run) for run in values["would_take"]),
                "kernels": tuple(KernelError(**each) for each in values["kernels"]),
            }
        )

    def to_json(self) -> dict[str, Any]:
        """The same as mappings, lists and plain values."""
        return dataclasses.asdict(self)

    @property
    def dataset_label(self) -> str:
        """How the section's own data set is called."""
        return self.dataset_labels[self.dataset]

    def of(self, panel: str) -> tuple[PanelRuns, ...]:
        """The groups of a panel, none where it was left out."""
        return tuple(group for group in self.groups if group.panel == panel)

    def only(self, panel: str) -> PanelRuns:
        """The one group of a panel; raises ValueError naming the panel where there are none or several."""
        groups = self.of(panel)
        if len(groups) != 1:
            raise ValueError(f"configuration {self.configuration}, panel {panel}: has {len(groups)} groups, not one")
        return groups[0]

    def networks(self, panel: str) -> list[tuple[PanelRuns, str]]:
        """Every network of a panel with its group, group by group."""
        return [(group, model) for group in self.of(panel) for model in group.models]

    def corruptions(self, panel: str) -> list[str]:
        """Every corruption of a panel once, group by group."""
        return list(dict.fromkeys(name for group in self.of(panel) for name in group.corruptions))

    def label(self, group: PanelRuns, model: str) -> str:
        """A network as it is called in a panel, with the name of its group where groups have one."""
        return ", ".join(filter(None, (self.labels[model], group.name)))
