"""Text that a user writes is text: what stands in a label, a note or the name of a class stands in the figure."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import notebook_frames
import numpy as np
import pandas as pd
import pypdf
import pytest
import synthetic_tables
import test_fig2
import test_importance_of_seed
from matplotlib.figure import Figure
from matplotlib.text import Text

from rethinking.config import CHECKOUT, Configuration
from rethinking.config.described import section_of
from rethinking.models.registry import sizes
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.plotting.style import save
from rethinking.sections import Section

TEXTS = ["Up $5 to $6", "X $y {$ z", r"A$\b$c_d^e"]  # capitals, as at the beginning of a caption
Drawn = tuple[Figure, str]


def with_text(section: Section, text: str) -> Section:
    """A figure's section with a text wherever it holds one of the user's."""
    words = {key: dict.fromkeys(getattr(section, key), text) for key in ("labels", "dataset_labels")}
    return replace(section, note=text, **words)


def draw_fig1(draw: Any, text: str, _: Path) -> Drawn:
    section = synthetic_tables.section([0, 1])
    return draw(*synthetic_tables.tables([0, 1]), section=with_text(section, text))


def draw_learning_curves(draw: Any, text: str, _: Path) -> Drawn:
    section = synthetic_tables.section([0])
    section = replace(section, groups=section.of("learning_curves"))
    return draw(*synthetic_tables.tables([0]), section=with_text(section, text))


def draw_fig2(draw: Any, text: str, _: Path) -> Drawn:
    section = section_of(Configuration.load(CHECKOUT / "config/cifar10.yaml"), "fig2")
    evaluations = test_fig2.evaluations_of(section)
    return draw(test_fig2.runs_of(evaluations), evaluations, with_text(section, text), None)


def draw_importance_of_seed(draw: Any, text: str, _: Path) -> Drawn:
    section = test_importance_of_seed.section([0, 1])
    return draw(*test_importance_of_seed.frames([0, 1]), with_text(section, text))


def draw_networks(frame: str) -> Callable[..., Drawn]:
    def drawn(draw: Any, text: str, _: Path) -> Drawn:
        made = notebook_frames.frames(classes=[text, "other"])
        return draw(made["runs"], made[frame], with_text(notebook_frames.section(), text))

    return drawn


def draw_models(draw: Any, text: str, _: Path) -> Drawn:
    return draw(
        pd.DataFrame(sizes()).assign(label=text),
        Section(configuration="mine", name="models", note=text, size=(7.2, 5.2)),
    )


def draw_picture(draw: Any, text: str, folder: Path) -> Drawn:
    np.save(folder / "samples.npy", np.zeros((1, 1, 4, 4, 3), np.uint8))
    sample = {"Row": 0, "Column": 0, "Corruption": "true_labels", "GivenLabel": text, "TrueLabel": text}
    pixels = {"Row": [0, 0], "Column": [0, 1], "Grey": [1, 2], "Label": text, "Index": 5}
    pd.DataFrame([sample]).to_csv(folder / "samples.csv", index=False, quoting=csv.QUOTE_ALL)
    pd.DataFrame(pixels).to_csv(folder / "values.csv", index=False, quoting=csv.QUOTE_ALL)
    return draw(
        folder, Section(configuration="mine", name="samples", dataset="own", dataset_labels={"own": text}, seeds=(0,))
    )


DRAWN: dict[str, Callable[..., Drawn]] = {
    "fig1": draw_fig1,
    "fig2": draw_fig2,
    "training": draw_networks("curves"),
    "confusion": draw_networks("confusions"),
    "learning_curves": draw_learning_curves,
    "importance_of_seed": draw_importance_of_seed,
    "models": draw_models,
    "samples": draw_picture,
    "channels": draw_picture,
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", FIGURES | PICTURES)
def test_dollars_are_drawn_as_dollars_in_every_figure_and_picture(name, text, tmp_path):
    figure, caption = DRAWN[name]((FIGURES | PICTURES)[name].load(), text, tmp_path)
    assert text in caption
    save(figure, tmp_path / "drawn.svg")
    save(figure, tmp_path / "drawn.pdf")
    (page,) = pypdf.PdfReader(tmp_path / "drawn.pdf").pages
    shown = page.extract_text()
    texts = [each.get_text() for each in figure.findobj(Text) if each.get_visible()]
    outside = [each for each in texts if " ".join(each.split()) != caption]
    assert any(text in each for each in outside) or name == "importance_of_seed"  # whose caption alone names things
    assert shown.count("$") == "".join(texts).count("$"), shown
    assert "mathdefault" not in shown
