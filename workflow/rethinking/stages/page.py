"""The stage `page`: a configuration's figures, tables, curves and runs on one page that works from the disk alone.

Called by the rule of that name with what it is of. By hand it makes pages of what docs/results/ records, without any
training: one of each folder there and one that lists them, or one of one configuration.
"""

import argparse
import json
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from rethinking.files import atomic, read_text
from rethinking.outcomes.columns import FRAMES, RUN
from rethinking.page.contents import POINTS, Contents, Drawing, Made, points_of_paper
from rethinking.plotting.registry import FIGURES, PICTURES
from rethinking.reporting.registry import TABLES
from rethinking.sections import Section
from rethinking.stages.frames import read_frame, read_frames
from rethinking.stages.page_parts import FACTS, day_of, documents, facts_of, labels_of, relative, together
from rethinking.stages.sealing import read_run


def gathered(job: Mapping[str, Any], folder: Path, paper: Path, root: str) -> Contents:
    """What the workflow left in a working folder, by the job that the configuration makes (`described.page_job`)."""
    name = job["name"]
    sections = {key: Section.from_json(values) for key, values in job["sections"].items()}
    made, points = [], []
    for key, section in sections.items():
        entry, place = (FIGURES | TABLES)[key], f"results/tables/{name}/{key}"
        given = Namespace(section=section, frames=folder / place, published=job["published"][key], paper=paper)
        read = read_frames(given, entry)
        points.append(points_of_paper(read.get("published"), section))
        if key in TABLES:
            made.append(Made(key, entry.description, entry.load()(**read, section=section), section, place))
    figures = {key: FIGURES[key].description for key in sections if key in FIGURES}
    pictures = {f"{key}-{dataset}": PICTURES[key].description for key, dataset in job["pictures"]}
    drawn, pictured = (
        [read_drawing(folder, f"figures/{name}/{key}", title) for key, title in titles.items()]
        for titles in (figures, pictures)
    )
    of_runs = [folder / f"results/tables/{name}/{key}" for key, section in sections.items() if section.groups]
    runs, curves = (
        together([read_frame(place / f"{frame}.csv") for place in of_runs], FRAMES[frame])
        for frame in ("runs", "curves")
    )
    labels, dataset_labels = labels_of(sections.values())
    return Contents(
        name=name, command=job["command"], root=root, figures=drawn, pictures=pictured, tables=made,
        runs=with_facts(runs, folder), curves=curves, paper=together(points, POINTS),
        labels=labels, dataset_labels=dataset_labels, licences=job["licences"], **documents(),
    )  # fmt: skip


def read_drawing(folder: Path, file: str, title: str) -> Drawing:
    """A figure or picture as its stage left it."""
    svg, caption = (read_text(folder / f"{file}.{suffix}") for suffix in ("svg", "txt"))
    return Drawing(Path(file).name, title, svg, caption.strip(), file)


def with_facts(runs: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The runs with their folder, versions and day, from what each left."""
    known = []
    for names in runs[RUN].itertuples(index=False, name=None):
        place = "results/runs/" + "/".join(map(str, [*names[:-1], f"seed{names[-1]}"]))
        known.append(facts_of(read_run(folder / place), day_of(folder / place), place))
    return runs.assign(**{key: [each[key] for each in known] for key in FACTS})


def write(contents: Contents, out: Path) -> None:
    """Write the page."""
    from rethinking.page.render import page

    with atomic(out) as temporary:
        temporary.write_text(page(contents), encoding="utf-8")


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking page", description=__doc__)
    parser.add_argument(
        "--job", type=json.loads, metavar="JSON", help="what the page is of, as the rule `page` says it"
    )
    parser.add_argument("--folder", type=Path, default=Path(), metavar="DIR", help="where results/ and figures/ lie")
    parser.add_argument("--paper", type=Path, default=Path("config/paper"), metavar="DIR", help="the paper's numbers")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the page to write")
    parser.add_argument(
        "--configfile", action="append", help="without --job: a configuration of which runs are recorded"
    )
    args = parser.parse_args(argv)
    if args.job is not None:
        if args.out is None:
            parser.error("--job needs --out")
        write(gathered(args.job, args.folder, args.paper, relative(args.folder, args.out)), args.out)
        return
    from rethinking.page.overview import Listed, overview
    from rethinking.stages.recorded import PAGES, recorded, recorded_files

    files = args.configfile or recorded_files()
    if args.out is not None and len(files) != 1:
        parser.error("--out is of one page: name its configuration (--configfile)")
    listed, overall = [], PAGES / "index.html"
    root = relative(Path.cwd(), overall.absolute())
    for file in files:
        contents, out = recorded(file, args.out)
        write(contents, out)
        listed.append(Listed.of(contents, f"{out.parent.name}/{out.name}", root))
        print(out)
    if not args.configfile:
        with atomic(overall) as temporary:
            temporary.write_text(overview(listed), encoding="utf-8")
        print(overall)
