"""What the paper's figures say without their numbers: claims that a run of any size can be asked for.

They stand in for the numbers where the data are not the paper's: the order of the data settings in figure 1a, figures
1b and 1c that rise with the level, random labels that are fitted, test errors at chance.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from rethinking.names import level_of
from rethinking.outcomes.selection import Frames, without_diverged
from rethinking.outcomes.wording import setting_label
from rethinking.reporting.comparison import Ours, ours
from rethinking.reporting.hardly import RANDOM, telling
from rethinking.sections import PanelRuns, Section

Row = dict[str, Any]

# Figure 1a, faster before slower. Gaussian and random pixels take 20 and 21 epochs there: no order of these two.
FASTER = (
    ("true_labels", "shuffled_pixels"),
    ("shuffled_pixels", "gaussian_pixels"),
    ("shuffled_pixels", "random_pixels"),
    ("gaussian_pixels", "random_labels-1.0"),
    ("random_pixels", "random_labels-1.0"),
)
AT_CHANCE = "test error at chance on random labels"
ERRORS = 3  # standard errors of a test error at chance that count as chance


def claims(frames: Frames, section: Section) -> list[Row]:
    """One row a claim: source, what is claimed, what was found, n, verdict."""
    return [
        *order_of_settings(frames, section),
        *rising(frames, section, "figure 1b", "relative_time", "the time to fit"),
        *rising(frames, section, "figure 1c", "test_error_at_fit", "the test error"),
        *random_labels(frames, section),
    ]


def claim(source: str, what: str, found: str, n: int, holds: bool | None) -> Row:
    """A row; `holds` is None where nothing was run that could tell."""
    judged = "not run" if holds is None else "holds" if holds else "fails"
    return {"source": source, "claim": what, "found": found, "n": n, "verdict": judged}


def compared(section: Section, panel: str) -> list[PanelRuns]:
    """The groups of a panel that claims are asked of: those on the section's own data set, of equal ones the first."""
    groups: list[PanelRuns] = []
    for group in section.of(panel):
        if group.dataset == section.dataset and not any(group.same_runs(other) for other in groups):
            groups.append(group)
    return groups


def order_of_settings(frames: Frames, section: Section) -> Iterator[Row]:
    """That a setting of figure 1a has a lower loss, averaged over the steps that both trained, than another."""
    for fast, slow in FASTER:
        what = f"{setting_label(fast)} before {setting_label(slow)}"
        groups = having(section, (fast, slow))
        if not groups:
            yield claim("figure 1a", what, "", 0, None)
            continue
        if len(recipes := list(dict.fromkeys(group.recipe for group in groups))) > 1:
            what += f" (recipes {' and '.join(recipes)})"
        both = [
            frames.of("curves", group, group.models[0], name) for group, name in zip(groups, (fast, slow), strict=True)
        ]
        last = min((rows["Step"].max() for rows in both if len(rows)), default=math.nan)
        means = [rows[rows["Step"] <= last]["OnlineTrainLoss"].mean() for rows in both]
        n = min(rows["seed"].nunique() for rows in both)
        found = "" if n == 0 else f"mean loss {means[0]:.3f} and {means[1]:.3f}"
        yield claim("figure 1a", what, found, n, None if n == 0 else bool(means[0] < means[1]))


def having(section: Section, settings: Sequence[str]) -> list[PanelRuns]:
    """A group of figure 1a for each of some settings, all of one network; the same one where one has them all."""
    groups = compared(section, "learning_curves")
    for first in sorted(groups, key=lambda group: not set(settings) <= set(group.corruptions)):
        its = [first, *(group for group in groups if group.models == first.models)]
        found = [[group for group in its if name in group.corruptions] for name in settings]
        if all(found):
            return [each[0] for each in found]
    return []


def rising(frames: Frames, section: Section, source: str, quantity: str, words: str) -> Iterator[Row]:
    """That a quantity never falls from one level to the next by more than its tolerance, network by network."""
    networks = [(group, model) for group in compared(section, "corruption_levels") for model in group.models]
    for group, model in networks:
        levels = sorted(group.corruptions, key=lambda name: level_of(name) or 0.0)
        all_found = [ours(frames, group, model, level, quantity) for level in levels]
        shown = ", ".join(in_words(found) for found in all_found)
        holds = None
        if all(found.ran for found in all_found):
            falls = [before.mean - after.mean for before, after in itertools.pairwise(all_found)]
            # A level that no seed fits has no mean, and no comparison with it holds.
            holds = all(fall <= section.tolerance[quantity] for fall in falls)
        n = min(found.n for found in all_found)
        which = f" (recipe {group.recipe})" if [name for _, name in networks].count(model) > 1 else ""
        yield claim(source, f"{section.labels[model]}{which}: {words} rises with the level", shown, n, holds)


def in_words(found: Ours) -> str:
    """A level's mean, or why it has none."""
    return f"{found.mean:.2f}" if found.n else "did not fit" if found.ran else "not run"


def random_labels(frames: Frames, section: Section) -> Iterator[Row]:
    """That every network fits random labels and is then at chance on the test set, wherever it is trained on them."""
    seen = set()
    for panel in (*compared(section, "corruption_levels"), *compared(section, "random_labels")):
        for model in panel.models if RANDOM in panel.corruptions else ():
            if (key := (model, panel.recipe)) in seen:
                continue
            seen.add(key)
            runs = frames.of("runs", panel, model, RANDOM)
            who = f"{section.labels[model]} (recipe {panel.recipe})"
            yield fitted(runs, who)
            yield at_chance(runs, who, section.tolerance["test_error_at_fit"])


def fitted(runs: pd.DataFrame, who: str) -> Row:
    """That all runs met the fit criterion."""
    met = int((~runs["censored"].astype(bool)).sum())
    found = f"{met} of {len(runs)} runs" if len(runs) else ""
    return claim("table 1", f"{who} fits random labels", found, len(runs), met == len(runs) if len(runs) else None)


def at_chance(runs: pd.DataFrame, who: str, tolerance: float) -> Row:
    """That the mean test error of those that fitted is that of a guess, up to chance and the tolerance."""
    what = f"{who}: {AT_CHANCE}"
    if runs.empty:
        return claim("figure 1c", what, "", 0, None)
    met = without_diverged(runs[~runs["censored"].astype(bool)])
    if met.empty:
        return claim("figure 1c", what, "did not fit", 0, False)
    chance, error = 1 - 1 / met["num_classes"].iloc[0], met["final_test_error"].mean()
    spread = ERRORS * math.sqrt(chance * (1 - chance) / met["num_test"].sum())
    found = f"{error:.3f}, chance {chance:.3f} ± {max(spread, tolerance):.3f}"
    row = claim("figure 1c", what, found, len(met), bool(abs(error - chance) <= max(spread, tolerance)))
    return row | {"verdict": telling(row["verdict"], hardly=True)}
