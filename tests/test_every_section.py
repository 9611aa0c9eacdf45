"""Every figure, table and picture of the registries, made from made-up runs: what is new is tested by being there."""

import re
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import computed_frames
import numpy as np
import pandas as pd
import pytest
import synthetic_runs
from matplotlib.figure import Figure

from rethinking.config import CHECKOUT
from rethinking.models.registry import sizes
from rethinking.outcomes.columns import FRAMES, RUN
from rethinking.outcomes.registry import PAPER_FILES, SECTION_OF, OfRuns, Panel
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.plotting.style import save
from rethinking.published import PAPER
from rethinking.reporting.formats import FORMATS, Table, text_of
from rethinking.reporting.registry import TABLES
from rethinking.sections import PanelRuns, Section
from rethinking.stages.frames import read_frames, read_published

REGISTERED: dict[str, OfRuns] = {**FIGURES, **TABLES}
SEVERAL = [name for name, entry in REGISTERED.items() if any(panel.several for panel in entry.panels.values())]
BY_CORRUPTION = [
    name for name, entry in REGISTERED.items() if any(panel.by_corruption for panel in entry.panels.values())
]
MODELS = {"mlp_1x512": "MLP 1×512", "inception": "Inception"}
LEVELS = ("true_labels", "random_labels-0.5", "random_labels-1.0")
SETTING = {"redraw_labels_after": [3], "epochs": 12, "weight_decay": 5.0e-4, "weight_decay_on": "all"}
SETTING |= {"stop": {"early_stopping": 20}, "log_every_steps": 25, "batch_size": 2, "true_validation_labels": False}
SETTING |= {"steps_per_epoch": 25, "learning_rate": 0.1}
SETTING |= {"augmentation": {"random_crop": True, "flip": False, "rotation": 0}}


def groups_of(section: str, panel: str, asks: Panel, count: int) -> list[PanelRuns]:
    """So many groups of runs that are what a panel asks for."""
    some = ("true_labels",) if asks.one_corruption else LEVELS
    models = tuple(MODELS)[: 1 if asks.one_model else 2]
    names = [""] if count == 1 else [f"group {number}" for number in range(count)]
    each = [LEVELS[place::count] if asks.by_corruption else asks.corruptions or some for place in range(count)]
    return [
        PanelRuns(section, panel, name, "digits", f"{panel}{name[-1:]}", models, corruptions)
        for name, corruptions in zip(names, each, strict=True)
    ]


def section_of(name: str, entry: OfRuns, seeds: tuple[int, ...] = (0, 1), count: int = 1) -> Section:
    """A section with a group, or `count` of them where panels take several, in each of a registered entry's panels."""
    panels = {(name, panel): asks for panel, asks in entry.panels.items()}
    panels |= {(other, panel): asks for other in entry.of_sections for panel, asks in REGISTERED[other].panels.items()}
    groups = [
        group
        for (section, panel), asks in panels.items()
        for group in groups_of(asks.counts_as_one_of or section, panel, asks, count if asks.several else 1)
    ]
    assert set(entry.settings) <= SETTING.keys(), f"add the recipe's keys of {name} to SETTING in {Path(__file__).name}"
    recipes: dict[str, dict[str, Any]] = {}
    for group in groups if entry.settings else ():
        asked = {key: SETTING[key] for key in entry.settings}
        recipes.setdefault(group.recipe, {}).update(dict.fromkeys(group.models, asked))
    return Section(
        configuration="made-up", name=name, note="A note.", size=(7.2, 3.2), seeds=seeds, groups=tuple(groups),
        fit_criterion="accuracy_99", dataset="digits", dataset_labels={"digits": "made-up digits"},
        lineages={"digits": ("digits",)}, labels=MODELS, published_as={name: name for name in MODELS},
        factories={name: name for name in MODELS}, settings=recipes, at_paper_size=bool(entry.published),
        tolerance={"train_accuracy": 1.0, "test_accuracy": 2.0, "online_accuracy": 2.0, "train_loss": 0.1,
                   "minibatch_accuracy": 2.0, "train_loss_ratio": 1.25,
                   "relative_time": 0.2, "test_error_at_fit": 0.02},
    )  # fmt: skip


def frames_of(section: Section, **words: Any) -> synthetic_runs.Frames:
    """Every data frame that there is, of runs of the section."""
    names = [
        (group.dataset, model, corruption, group.recipe, seed)
        for group in section.groups
        for model in group.models
        for corruption in group.corruptions
        for seed in section.seeds
    ]
    of_runs = synthetic_runs.frames(dict.fromkeys(names), section.fit_criterion, **words) if names else {}
    by_network = {"architectures": computed_frames.architectures(dict.fromkeys(name[:2] + name[3:4] for name in names))}
    return synthetic_runs.Frames({"sizes": pd.DataFrame(sizes()), **by_network, **computed_frames.frames()}) | of_runs


def made(
    name: str, section: Section, frames: Mapping[str, pd.DataFrame] | None = None, *, with_published: bool = True
) -> Any:
    """What the entry's function makes from runs of the section."""
    entry, frames = REGISTERED[name], frames_of(section) if frames is None else frames
    unknown = set(entry.frames) - frames.keys()
    assert not unknown, f"{name} reads {unknown}: add it to frames() in synthetic_runs.py"
    published = read_published(CHECKOUT / PAPER, entry.published) if with_published else None
    return entry.load()(**entry.arguments(frames, published), section=section)


def written(name: str, result: Any, folder: Path) -> dict[str, bytes]:
    """Every file that a figure's or table's stage writes of it."""
    if name in TABLES:
        assert isinstance(result, Table)
        return {suffix: text_of(result, suffix).encode() for suffix in FORMATS}
    figure, caption = result
    assert isinstance(figure, Figure)
    for suffix in (".pdf", ".svg"):
        save(figure, folder / f"{name}{suffix}")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()} | {".txt": caption.encode()}


@pytest.mark.parametrize(
    "seeds", [(0,), (0, 1), (0, synthetic_runs.DIVERGED)], ids=["one seed", "two", "one of two diverged"]
)
@pytest.mark.parametrize("name", REGISTERED)
def test_every_figure_and_table_is_made_and_the_same_twice(name, seeds, tmp_path):
    entry = REGISTERED[name]
    section = section_of(name, entry, seeds)
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    once = written(name, made(name, section), tmp_path / "one")
    if seeds == (0, 1):
        assert once == written(name, made(name, section), tmp_path / "two")
    assert all(once.values())
    assert b"A note." in once.get(".txt", once.get(".md", b""))
    if entry.panels:
        seeds_said = f"{len(seeds)} seeds" if len(seeds) > 1 else "One seed (0)"
        assert seeds_said.encode() in once.get(".txt", once.get(".md", b"")), "say how many seeds: outcomes/wording.py"


# A capital letter or a digit, behind the letter of a panel or not; `l2` is written like the column that it explains.
BEGINNING = re.compile(r"(?:\([a-z]\) )?(?:[A-Z0-9]|l2 )")
AFTER_A_SENTENCE = re.compile(r"(?<=[.!?])(?<!et al\.) +")


@pytest.mark.parametrize("name", REGISTERED)
def test_every_sentence_of_a_caption_or_a_note_begins_with_a_capital_letter_or_a_digit(name):
    result = made(name, section_of(name, REGISTERED[name]))
    texts = result.notes if name in TABLES else [result[1]]
    sentences = [each for text in texts for each in AFTER_A_SENTENCE.split(text) if each]
    assert [each for each in sentences if not BEGINNING.match(each)] == []


@pytest.mark.parametrize("name", [name for name, entry in REGISTERED.items() if entry.published])
def test_what_shows_published_numbers_is_made_without_them_as_well(name, tmp_path):
    entry = REGISTERED[name]
    if entry.at_any_size:
        assert not set(entry.published) & set(SECTION_OF), "the paper's numbers are of one size"
        return
    section = replace(section_of(name, entry), at_paper_size=False)
    assert all(written(name, made(name, section, with_published=False), tmp_path).values())


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        (name, frame)
        for name, entry in REGISTERED.items()
        if "runs" in entry.frames
        for frame in entry.frames
        if frame in FRAMES  # the others are not of runs
    ],
)
def test_a_data_frame_without_the_rows_of_one_run_is_refused_but_for_steps_that_it_does_not_log(
    name, lacking, tmp_path
):
    entry = REGISTERED[name]
    section = section_of(name, entry)
    all_frames = frames_of(section)
    frames = {name: all_frames[name] for name in entry.frames}
    for key, frame in frames.items():
        frame.to_csv(tmp_path / f"{key}.csv", index=False)
    asked = Namespace(section=section, frames=tmp_path, published={}, paper=CHECKOUT / PAPER)
    read_frames(asked, entry)
    rows = frames[lacking]
    of_last = (rows[RUN] == rows[RUN].iloc[-1]).all(axis=1)
    rows[~of_last].to_csv(tmp_path / f"{lacking}.csv", index=False)
    with pytest.raises(ValueError, match=rf"/{lacking}\.csv: it lacks"):
        read_frames(asked, entry)
    if lacking == "steps":
        silent = {recipe: {model: its | {"log_every_steps": None} for model, its in of.items()}
                  for recipe, of in section.settings.items()}  # fmt: skip
        read_frames(Namespace(**{**vars(asked), "section": replace(section, settings=silent)}), entry)


@pytest.mark.parametrize("name", [name for name in SEVERAL if name not in BY_CORRUPTION])
def test_a_panel_of_several_groups_names_each_beside_its_networks(name, tmp_path):
    result = made(name, section_of(name, REGISTERED[name], count=3))
    assert all(written(name, result, tmp_path).values())
    if name == "sources":  # which shows the runs of the source's size, whatever group they are of
        return
    if name == "rank_correlations":  # which is over all groups, and names them below
        assert all(f"MLP 1×512, group {number}" in " ".join(result.notes) for number in range(3))
        return
    if name in TABLES:
        named = set(result.numbers["group"].dropna())  # a panel of one group gives its rows no name
        assert named == {f"group {number}" for number in range(3)}, "group_name of reporting/accuracies.py names them"
        shown = text_of(result, ".md")
    else:
        shown = " ".join(text.get_text().replace("\n", " ") for text in texts(result[0]))
    for label in MODELS.values():
        for number in range(3):
            assert f"{label}, group {number}" in shown


@pytest.mark.parametrize("name", BY_CORRUPTION)
def test_groups_whose_lines_are_named_by_corruption_are_drawn_as_one(name, tmp_path):
    """The same runs, in one group or in three, give the same figure."""
    apart = section_of(name, REGISTERED[name], count=3)
    [panel] = (panel for panel, asks in REGISTERED[name].panels.items() if asks.by_corruption)
    frames = {
        key: frame.replace({"recipe": r"\d$"}, {"recipe": ""}, regex=True) for key, frame in frames_of(apart).items()
    }
    both = []
    for section in (apart, section_of(name, REGISTERED[name])):
        groups = tuple(replace(group, recipe=group.recipe.rstrip("012")) for group in section.groups)
        (folder := tmp_path / str(len(groups))).mkdir()
        both.append(written(name, made(name, replace(section, groups=groups), frames), folder))
    assert len(apart.of(panel)) == 3
    assert both[0] == both[1]


def texts(figure: Figure) -> list[Any]:
    from matplotlib.text import Text

    return figure.findobj(Text)


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("channels", [1, 3], ids=["grey", "colours"])
def test_every_picture_is_drawn_and_the_same_twice(picture, channels, tmp_path):
    rng, side = np.random.default_rng(0), 20
    np.save(tmp_path / "samples.npy", rng.integers(0, 256, (2, 3, side, side, channels), np.uint8))
    cells = [{"Row": row, "Column": column, "Corruption": LEVELS[row], "TrueLabel": "cat", "GivenLabel": "dog"}
             for row in range(2) for column in range(3)]  # fmt: skip
    pd.DataFrame(cells).to_csv(tmp_path / "samples.csv", index=False)
    rows, columns = (axis.ravel() for axis in np.indices((side, side)))
    colours = ("Grey",) if channels == 1 else ("Red", "Green", "Blue")
    values = {name: rng.integers(0, 256, side * side) for name in colours}
    pd.DataFrame({"Index": 5, "Label": "cat", "Row": rows, "Column": columns, **values}).to_csv(
        tmp_path / "values.csv", index=False
    )
    missing = [name for name in PICTURES[picture].files if not (tmp_path / name).exists()]
    assert not missing, f"{picture} reads {missing}: write it in this test"
    words = {"dataset": "digits", "dataset_labels": {"digits": "made-up digits"}, "seeds": (0,)}
    section = Section(configuration="made-up", name=picture, **words)
    for place in ("one", "two"):
        figure, caption = PICTURES[picture].load()(tmp_path, section)
        save(figure, tmp_path / place / "drawn.svg")
        assert "ade-up digits" in caption
    assert (tmp_path / "one/drawn.svg").read_bytes() == (tmp_path / "two/drawn.svg").read_bytes()


# What stands for the paper


def test_no_figure_and_table_have_one_name():
    assert not FIGURES.keys() & TABLES.keys()


def test_each_file_of_the_paper_is_shown_by_the_section_whose_numbers_it_holds():
    assert {path.name for path in (CHECKOUT / PAPER).glob("*.csv")} == set(SECTION_OF)
    for section, files in PAPER_FILES.items():
        assert REGISTERED[section].published == files


def test_tables_are_made_from_registered_sections_that_are_made_from_none_themselves():
    for name, entry in REGISTERED.items():
        for section in entry.of_sections:
            assert section in REGISTERED, f"{name}: of_sections names {section!r}, which no registry has"
            assert not REGISTERED[section].of_sections
        for asks in entry.panels.values():
            assert asks.counts_as_one_of is None or asks.counts_as_one_of in entry.of_sections
