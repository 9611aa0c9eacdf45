"""How well wrong labels are found by what each example did while it was trained on: areas under ROC curves."""

from typing import Any

import pandas as pd

from rethinking.outcomes.columns import RUN
from rethinking.outcomes.early_learning import share_of_wrong
from rethinking.outcomes.label_errors import EXPLAINED, SCORES, horizon_sentence, horizons
from rethinking.outcomes.selection import runs_of_panel, without_diverged
from rethinking.outcomes.wording import capitalised, diverged_sentence, setting_label
from rethinking.reporting.formats import Table
from rethinking.reporting.intervals import cells, columns_of, seeds_notes
from rethinking.sections import Section


def table(*, runs: pd.DataFrame, learned: pd.DataFrame, detection: pd.DataFrame, section: Section) -> Table:
    """One row a corruption, set of epochs and score, where some labels are wrong: mean and interval over seeds."""
    shown_runs, group = runs_of_panel(runs, section, "levels"), section.only("levels")
    trained = without_diverged(shown_runs)[RUN]
    areas = detection.merge(trained, on=RUN)
    shares = 100 * share_of_wrong(learned.merge(trained, on=RUN)).groupby("corruption").mean()
    numbers = pd.DataFrame(
        [
            {
                "corruption": name,
                "wrong_labels": shares[name],
                **row_of(areas[areas["corruption"] == name], epoch, score),
            }
            for name in group.corruptions
            if shares.get(name)
            for epoch in horizons(areas)
            for score in SCORES
        ],
        columns=["corruption", "wrong_labels", "epochs", "score", "n", "auroc", "auroc_low", "auroc_high"],
    )
    notes = [
        f"{capitalised(section.dataset_labels[group.dataset])}, {section.labels[group.models[0]]}. The area under the"
        " ROC curve is the probability that an example with a wrong label is more suspect than one with a right one;"
        " 0.5: guessing.",
        EXPLAINED,
        horizon_sentence(areas),
        *seeds_notes(section),
        diverged_sentence(shown_runs),
        section.note,
    ]
    return Table("Finding wrong labels", numbers, shown(numbers), notes)


def row_of(areas: pd.DataFrame, epoch: float, score: str) -> dict[str, Any]:
    """What a row of the CSV file has of one corruption's areas."""
    found = areas[(areas["Epoch"] == epoch) & (areas["Score"] == score)]["Auroc"].dropna()
    return {"epochs": epoch, "score": score, "n": len(found), **columns_of("auroc", found.to_numpy())}


def shown(numbers: pd.DataFrame) -> pd.DataFrame:
    """The rows as they are read."""
    return pd.DataFrame({
        "labels": [setting_label(corruption) for corruption in numbers["corruption"]],
        "wrong (%)": [f"{share:.1f}" for share in numbers["wrong_labels"]],
        "epochs": [f"{epoch:g}" for epoch in numbers["epochs"]],
        "by": [SCORES[score] for score in numbers["score"]],
        "n": [str(n) for n in numbers["n"]],
        "area under the curve": cells(numbers, "auroc", 3),
    })  # fmt: skip
