"""Text that a user writes is text: what stands in a label, a note or the name of a class stands in the figure."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pypdf
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from test_every_section import frames_of, made, section_of

from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.plotting.style import save
from rethinking.sections import Section

TEXT = r"A$\b$ {_d^e"  # a capital, as at the beginning of a caption
TEXTS = [TEXT, "Up $5 to $6", "X $y {$ z"]
Drawn = tuple[Figure, str]
CAPTION_ALONE = (
    "importance_of_seed",
    "expressivity",
    "implicit_regularisation",
    "random_features",
    "memorisation",
    "norms",
    "overfitting",
    "fits",
    "learned_first",
    "label_errors",
    "capacity",
    "complexity_ranks",
)  # no other text of these has names of users


def with_text(section: Section, text: str) -> Section:
    """A figure's section with a text wherever it holds one of the user's."""
    words = {key: dict.fromkeys(getattr(section, key), text) for key in ("labels", "dataset_labels")}
    return replace(section, note=text, **words)


def draw_figure(name: str, text: str) -> Drawn:
    section = with_text(section_of(name, FIGURES[name]), text)
    frames = frames_of(section, classes=[text, "other"])
    for frame in ("sizes", "kernels"):
        frames[frame] = frames[frame].assign(label=text)
    frames["random_features"] = frames["random_features"].assign(dataset_label=text)
    return made(name, section, frames, with_published=FIGURES[name].at_any_size)


def draw_picture(draw: Any, text: str, folder: Path) -> Drawn:
    np.save(folder / "samples.npy", np.zeros((1, 1, 4, 4, 3), np.uint8))
    sample = {"Row": 0, "Column": 0, "Corruption": "true_labels", "GivenLabel": text, "TrueLabel": text}
    pixels = {"Row": [0, 0], "Column": [0, 1], "Grey": [1, 2], "Label": text, "Index": 5}
    pd.DataFrame([sample]).to_csv(folder / "samples.csv", index=False, quoting=csv.QUOTE_ALL)
    pd.DataFrame(pixels).to_csv(folder / "values.csv", index=False, quoting=csv.QUOTE_ALL)
    return draw(
        folder, Section(configuration="mine", name="samples", dataset="own", dataset_labels={"own": text}, seeds=(0,))
    )


@pytest.mark.parametrize(
    ("name", "text"), [(name, TEXT) for name in FIGURES | PICTURES] + [("fig1", text) for text in TEXTS[1:]]
)
@pytest.mark.slow
def test_dollars_are_drawn_as_dollars_in_every_figure_and_picture(name, text, tmp_path):
    if name in FIGURES:
        figure, caption = draw_figure(name, text)
    else:
        figure, caption = draw_picture(PICTURES[name].load(), text, tmp_path)
    assert text in caption
    save(figure, tmp_path / "drawn.svg")
    save(figure, tmp_path / "drawn.pdf")
    (page,) = pypdf.PdfReader(tmp_path / "drawn.pdf").pages
    shown = page.extract_text()
    texts = [each.get_text() for each in figure.findobj(Text) if each.get_visible()]
    outside = [each for each in texts if " ".join(each.split()) != caption]
    assert any(text in each for each in outside) or name in CAPTION_ALONE
    assert shown.count("$") == "".join(texts).count("$"), shown
    assert "mathdefault" not in shown
