"""Networks side by side: what a figure and a table of several of them show of each."""

from dataclasses import dataclass

import pandas as pd

from rethinking.outcomes.printed import after_epochs, of_its_size
from rethinking.outcomes.selection import rows_of, without_diverged
from rethinking.sections import PanelRuns, Section


@dataclass(frozen=True)
class Compared:
    """A network of a group: its runs that did not diverge, its sizes, and a source's accuracies after as many epochs.

    `train` is the source's running accuracy, `test` its test accuracy, in percent, NaN where it prints none; `whole`
    says whether our runs are of its size.
    """

    group: PanelRuns
    model: str
    label: str
    runs: pd.DataFrame
    input: str
    parameters: int
    multiply_adds: int
    epochs: int
    train: float
    test: float
    whole: bool

    @property
    def seconds_per_epoch(self) -> pd.Series:
        """Of each run, training and evaluation together."""
        return self.runs["seconds"] / self.runs["epochs_done"]


def compared(
    runs: pd.DataFrame, architectures: pd.DataFrame, published: pd.DataFrame, section: Section, panel: str
) -> list[Compared]:
    """The networks of a panel, group by group; of one that was not run there are 0 epochs and no numbers but sizes."""
    return [
        _compared(rows_of(runs, *network), architectures, published, section, *network)
        for network in section.networks(panel)
    ]


def _compared(
    runs: pd.DataFrame,
    architectures: pd.DataFrame,
    published: pd.DataFrame,
    section: Section,
    group: PanelRuns,
    model: str,
) -> Compared:
    names = [group.dataset, model, group.recipe]
    size = architectures[(architectures[["dataset", "model", "recipe"]] == names).all(axis=1)].iloc[0]
    trained, epochs = without_diverged(runs), int(runs["epochs_done"].max()) if len(runs) else 0
    train, test = (
        after_epochs(published, section, group, model, quantity, epochs)
        for quantity in ("online_accuracy", "test_accuracy")
    )
    images = int(runs["num_train"].iloc[0]) if len(runs) else 0
    theirs = published[published["network"] == section.factories[model]].to_dict("records")
    whole = any(of_its_size(section, group, model, images, each) for each in theirs if each["at"] != "")
    return Compared(
        group=group, model=model, label=section.label(group, model), runs=trained, input=size["Input"],
        parameters=int(size["Parameters"]), multiply_adds=int(size["MultiplyAdds"]), epochs=epochs,
        train=train, test=test, whole=whole,
    )  # fmt: skip
