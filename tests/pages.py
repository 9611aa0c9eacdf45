"""Pages made from made-up runs, with every figure and table of the registries, and what is asked of their HTML."""

import csv
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from test_every_section import frames_of, made, section_of

from rethinking.page.contents import Contents, Drawing, Made, points_of_paper
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.plotting.style import save
from rethinking.published import PAPER
from rethinking.reporting.registry import TABLES
from rethinking.sections import Section
from rethinking.stages.frames import read_published
from rethinking.stages.page_parts import CHECKOUT, documents, together

VOID = {"meta", "link", "img", "input", "br", "hr", "source", "wbr"}
# Attributes by which a browser fetches something by itself, "a" among them only when it is clicked.
FETCHING = ("src", "srcset", "poster", "data", "background", "action", "formaction", "manifest")


class Parsed(HTMLParser):
    """A page as a browser reads it: its elements, and the text in each kind of them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> ends nothing"
        assert self.open[-1] == tag, f"</{tag}> inside {self.open[-5:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1] if self.open else "", []).append(data)

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]

    def text(self) -> str:
        return "".join(text for tag, texts in self.texts.items() if tag not in ("script", "style") for text in texts)

    def problems(self) -> list[str]:
        """What a page must not have: an element left open, an id twice, a reference to none, anything fetched."""
        ids = Counter(self.attributes("id"))
        found = [f"left open: {self.open}"] if self.open else []
        found += [f"id {name!r} {count} times" for name, count in ids.items() if count > 1]
        named = [name for key in ("aria-labelledby", "for") for value in self.attributes(key) for name in value.split()]
        named += [value[1:] for key in ("href", "xlink:href") for value in self.attributes(key) if value[:1] == "#"]
        found += [f"nothing is called {name!r}" for name in set(named) - ids.keys()]
        for tag, attributes in self.elements:
            found += [
                f"<{tag} {key}={attributes[key]!r}>"
                for key in FETCHING
                if not attributes.get(key, "data:").startswith("data:")
            ]
            if tag in ("link", "iframe", "object", "embed", "base"):
                found.append(f"<{tag}>")
            if tag not in ("a", "use") and not attributes.get("xlink:href", "data:").startswith(("data:", "#")):
                found.append(f"<{tag} xlink:href={attributes['xlink:href']!r}>")
            found += [f"<{tag} {key}>" for key in attributes if key.startswith("on")]
        return found


def svg_of(figure: Any, folder: Path) -> str:
    save(figure, folder / "drawn.svg")
    return (folder / "drawn.svg").read_text(encoding="utf-8")


def contents_of(folder: Path, text: str = "", seeds: tuple[int, ...] = (0, 1)) -> Contents:
    """A page's contents with every registered figure, table and picture; `text` stands wherever a user's may."""
    figures, tables, frames, points = [], [], [], []
    labels: dict[str, str] = {}
    for name, entry in (FIGURES | TABLES).items():
        section = section_of(name, entry, seeds)
        if text:
            words = {key: dict.fromkeys(getattr(section, key), text) for key in ("labels", "dataset_labels")}
            section = replace(section, note=text, **words)
        its = frames_of(section, **({"classes": [text, "other"]} if text else {}))
        frames.append(its)
        labels |= section.labels
        result = made(name, section, its)
        if name in FIGURES:
            figures.append(
                Drawing(name, entry.description, svg_of(result[0], folder), result[1], f"figures/any/{name}")
            )
        else:
            published = read_published(CHECKOUT / PAPER, entry.published)
            points.append(points_of_paper(published, section))
            tables.append(Made(name, entry.description, result, section, f"results/tables/any/{name}"))
    runs, curves = (together([its[kind] for its in frames if kind in its], []) for kind in ("runs", "curves"))
    facts = {"torch": "2.0", "python": "3.11", "date": "2026-11-28", "folder": "results/runs/any"}
    return Contents(
        name=text or "any", command=f"snakemake --cores all --configfile {text or 'any'}.yaml", root="../../..",
        figures=figures, pictures=[picture_of(folder, text or "cat")], tables=tables, runs=runs.assign(**facts),
        curves=curves, paper=together(points, []), labels=labels, dataset_labels={"digits": text or "made-up digits"},
        licences={text or "made-up digits": {"licence": text, "citation": text}}, **documents(),
    )  # fmt: skip


def picture_of(folder: Path, label: str) -> Drawing:
    """The picture of the samples of a data set, whose only class has this name."""
    np.save(folder / "samples.npy", np.zeros((1, 1, 4, 4, 3), np.uint8))
    sample = {"Row": 0, "Column": 0, "Corruption": "true_labels", "GivenLabel": label, "TrueLabel": label}
    pd.DataFrame([sample]).to_csv(folder / "samples.csv", index=False, quoting=csv.QUOTE_ALL)
    section = Section(configuration="any", name="samples", dataset="own", dataset_labels={"own": label}, seeds=(0,))
    figure, caption = PICTURES["samples"].load()(folder, section)
    return Drawing("samples-own", PICTURES["samples"].description, svg_of(figure, folder), caption)
