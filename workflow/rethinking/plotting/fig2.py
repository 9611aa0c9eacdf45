"""Figure 2 of the paper: (a) early stopping under explicit regularisers, (b) the small Inception without batch norm.

The paper's panel (a) is ImageNet, and its best-so-far is that of the test set. Here a validation set is held out as
well: a mark on a test curve is where its best epoch would have been chosen honestly.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rethinking.plotting.curves import RUN, by_step, draw_curve, panel_runs, seeds_sentence, steps_label, unit_of
from rethinking.plotting.layout import Handles, capitalised, lay_out
from rethinking.plotting.panels import diverged_sentence, steady
from rethinking.plotting.style import BLUE, ORANGE, VERMILLION, LineStyle, model_styles, published_points, style

SETTINGS = {  # the paper's order and words; no augmentation and dropout leave weight decay
    "all_regularisers": ("augmentation, weight decay, dropout", LineStyle(BLUE, "o", ())),
    "weight_decay": ("weight decay", LineStyle(ORANGE, "s", (4, 1.4))),
    "no_regulariser": ("no regulariser", LineStyle(VERMILLION, "D", (4, 1.2, 1, 1.2))),
}
VALIDATION = (1, 1.2)  # dashes


def figure(
    runs: pd.DataFrame, evaluations: pd.DataFrame, section: dict[str, Any], published: pd.DataFrame | None = None
) -> tuple[Figure, str]:
    """The figure and its caption. `section` is the figure's slice of the resolved configuration.

    Where it has none of the panels of early stopping, (b) is all there is. Runs that diverged are in no mean; raises
    ValueError if a run is not there.
    """
    trained = {panel: panel_runs(runs, section, panel) for panel in section["panels"]}
    tables = {panel: evaluations.merge(steady(rows)[RUN], on=RUN) for panel, rows in trained.items()}
    settings = {name: tables[name] for name in SETTINGS if name in tables}
    networks = {
        model: tables["batch_norm"][tables["batch_norm"]["model"] == model]
        for model in section["panels"]["batch_norm"]["models"]
    }
    with style():
        drawing = Figure(figsize=section["size"])
        axes = list(drawing.subplots(1, 1 + bool(settings), squeeze=False)[0])
        draw_batch_norm(axes[-1], networks)
        paper = draw_paper(axes[-1], published, section)
        legends = {len(axes) - 1: network_handles(section, paper)}
        if settings:
            draw_early_stopping(axes[0], settings, section)
            legends[0] = setting_handles()
        axes[-1].set_title("(b) batch normalisation" if settings else "batch normalisation")
        text = caption(settings, diverged_sentence(pd.concat(trained.values()).drop_duplicates(RUN)), section, paper)
        lay_out(drawing, axes, legends, text)
    return drawing, text


def best_so_far(curves: pd.DataFrame) -> pd.DataFrame:
    """The highest value up to each step, seed by seed."""
    return curves.cummax()


def shade_best(axes: Axes, rows: pd.DataFrame, unit: int, colour: str) -> None:
    """The area between the mean test accuracy and the mean of the best one so far."""
    curves = by_step(rows, "TestAccuracy")
    best = best_so_far(curves).mean(axis=1)
    axes.fill_between(curves.index / unit, curves.mean(axis=1), best, color=colour, alpha=0.25, linewidth=0)


def chosen(rows: pd.DataFrame) -> pd.DataFrame:
    """Of each seed the evaluation with the highest validation accuracy, the first of equals."""
    measured = rows.dropna(subset=["ValidationAccuracy"]).sort_values("Step", kind="stable", ignore_index=True)
    return measured.loc[measured.groupby("seed")["ValidationAccuracy"].idxmax()]


def draw_early_stopping(axes: Axes, settings: dict[str, pd.DataFrame], section: dict[str, Any]) -> None:
    """Panel (a): test and validation accuracy of each setting, and where validation would have stopped."""
    unit = unit_of(list(settings.values()))
    for name, rows in settings.items():
        look = SETTINGS[name][1]
        shade_best(axes, rows, unit, look.colour)
        draw_curve(axes, rows, "TestAccuracy", unit, {"color": look.colour, "linestyle": "-"})
        draw_curve(axes, rows, "ValidationAccuracy", unit, {"color": look.colour, "linestyle": (0, VALIDATION)})
        picked = chosen(rows)
        axes.plot(picked["Step"] / unit, picked["TestAccuracy"], **choice_mark(look))
    finish(axes, list(settings.values()), unit)
    model = section["panels"]["no_regulariser"]["models"][0]
    axes.set_title("(a) early stopping")
    axes.set_ylabel(f"accuracy of {section['labels'][model]} (%)")


def choice_mark(look: LineStyle) -> dict[str, Any]:
    """The mark of an epoch that the validation set chose."""
    return {
        "linestyle": "none",
        "marker": look.marker,
        "markerfacecolor": "white",
        "markeredgecolor": look.colour,
        "zorder": 4,
        "clip_on": False,
    }


def draw_batch_norm(axes: Axes, networks: dict[str, pd.DataFrame]) -> None:
    """Panel (b): training and test accuracy of each network."""
    unit = unit_of(list(networks.values()))
    for model, look in model_styles(list(networks)).items():
        shade_best(axes, networks[model], unit, look.colour)
        marks = {"marker": look.marker, "markevery": 0.12, "markeredgecolor": "white", "markeredgewidth": 0.3}
        draw_curve(axes, networks[model], "TestAccuracy", unit, {"color": look.colour, "linestyle": "-"}, **marks)
        line = {"color": look.colour, "linestyle": (0, (4, 1.4)), "linewidth": 0.8}
        draw_curve(axes, networks[model], "TrainAccuracy", unit, line)
    finish(axes, list(networks.values()), unit)
    axes.set_ylabel("accuracy (%)")


def finish(axes: Axes, tables: Sequence[pd.DataFrame], unit: int) -> None:
    """The axes' ends: all steps, and what is above the steep beginning of every curve."""
    axes.set_xlabel(steps_label(unit))
    axes.set_xlim(0, 1.02 * max((table["Step"].max() for table in tables if len(table)), default=1) / unit)
    late = pd.concat([table[table["Step"] >= 0.1 * table["Step"].max()] for table in tables])["TestAccuracy"]
    axes.set_ylim(max(0, 10 * (late.min() // 10)) if len(late) else 0, 101)


def draw_paper(axes: Axes, published: pd.DataFrame | None, section: dict[str, Any]) -> bool:
    """The paper's points of panel (b) in the colour of the same network; whether there were any."""
    found = False
    for model, look in model_styles(section["panels"]["batch_norm"]["models"]).items():
        if published is not None and (name := section["published_as"][model]):
            points = published[(published["panel"] == "batch_norm") & (published["model"] == name)]
            unit = 1000 if axes.get_xlabel().startswith("thousand") else 1
            axes.plot(points["step"] / unit, points["value"], **published_points(look.colour))
            found = found or not points.empty
    return found


def setting_handles() -> Handles:
    """The legend of panel (a)."""
    handles: list[tuple[Any, str]] = [
        ((Line2D([], [], color=look.colour), Line2D([], [], **choice_mark(look))), label)
        for label, look in SETTINGS.values()
    ]
    return [
        *handles,
        (Line2D([], [], color="0.35"), "test"),
        (Line2D([], [], color="0.35", linestyle=(0, VALIDATION)), "validation"),
    ]


def network_handles(section: dict[str, Any], paper: bool) -> Handles:
    """The legend of panel (b)."""
    looks = model_styles(section["panels"]["batch_norm"]["models"])
    handles: list[tuple[Any, str]] = [
        (Line2D([], [], color=look.colour, marker=look.marker, markeredgecolor="white"), section["labels"][model])
        for model, look in looks.items()
    ]
    handles.append((Line2D([], [], color="0.35", linestyle=(0, (4, 1.4)), linewidth=0.8), "training"))
    handles.append((Patch(facecolor="0.35", alpha=0.25, linewidth=0), "best so far"))
    if paper:
        handles.append((Line2D([], [], **{**published_points("0.35"), "markersize": 4}), "the paper's"))
    return handles


def caption(settings: dict[str, pd.DataFrame], diverged: str, section: dict[str, Any], paper: bool) -> str:
    """The caption: what the figure cannot say by itself, and what early stopping was worth."""
    sentences = [
        f"Implicit regularisers, {section['dataset_label']}, true labels.",
        *early_stopping_sentences(settings),
        f"{'(b) Test' if settings else 'Test'} accuracy, shaded up to the best so far, and training accuracy in"
        " evaluation mode; no explicit regulariser.",
        seeds_sentence(section["seeds"], "hairs: each seed"),
    ]
    if paper:
        sentences.append(
            "Dots: what the paper reports, read from its figure; its training accuracy with batch norm is an average"
            " over each epoch as it runs."
        )
    return " ".join(filter(None, [*sentences, diverged, section["recipe_note"]]))


def early_stopping_sentences(settings: dict[str, pd.DataFrame]) -> list[str]:
    """What panel (a) shows, nothing where it is not there."""
    shown = (
        "(a) Shaded: up to the best test accuracy so far, which nobody who trains can know. Open marks: test accuracy"
        " at the best epoch of a validation set that was held out of the training images. The paper's panel is"
        " Inception V3 on ImageNet, without a validation set."
    )
    return [shown, *(gain_sentence(name, rows) for name, rows in settings.items())] if settings else []


def gain_sentence(name: str, rows: pd.DataFrame) -> str:
    """What stopping at the validation set's best epoch, and at the test set's, would have added to the end."""
    label = capitalised(SETTINGS[name][0])
    if rows.empty:
        return f"{label}: diverged."
    test = by_step(rows, "TestAccuracy")
    end = test.iloc[-1].mean()
    picked, best = chosen(rows)["TestAccuracy"].mean(), test.max().mean()
    return f"{label}: {end:.1f} % at the end, {picked:.1f} % where validation is best, {best:.1f} % at most."
