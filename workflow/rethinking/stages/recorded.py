"""Contents of a page from what `record` kept in docs/results/: figures are drawn of the seeds that have all runs."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pandas as pd

from rethinking.config import CHECKOUT, Configuration, described
from rethinking.config.datasets import label_of
from rethinking.files import read_text
from rethinking.outcomes.columns import FRAMES
from rethinking.outcomes.wording import capitalised
from rethinking.page.contents import POINTS, Contents, Drawing, Made, points_of_paper
from rethinking.plotting.registry import FIGURES
from rethinking.reporting.registry import TABLES
from rethinking.stages.aggregate import frames
from rethinking.stages.page_parts import FACTS, day_of, documents, facts_of, relative, together
from rethinking.stages.record import KEPT, NOT_KEPT, Kept, days_recorded, finished, made_of_kept, numeric
from rethinking.stages.record_computed import computed_frames

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGES = Path("results/report/recorded")


def recorded_files() -> list[str]:
    """The configurations of which runs are recorded, the paper's before those of studies."""
    if not KEPT.is_dir():
        raise ValueError(f"{KEPT}: nothing is recorded here: python -m rethinking record")
    names = sorted(folder.name for folder in KEPT.iterdir() if folder.is_dir())
    files = [f"config/{name}.yaml" for name in names]
    found = [file if (CHECKOUT / file).exists() else f"config/studies/{Path(file).name}" for file in files]
    return sorted(found, key=lambda file: (Path(file).parent.name == "studies", file))


def recorded(configfile: str, out: Path | None = None) -> tuple[Contents, Path]:
    """The contents of a configuration's page, and where it is to be written; ValueError where nothing is recorded."""
    configuration = Configuration.load(configfile if Path(configfile).exists() else CHECKOUT / configfile)
    shown = KEPT / configuration.name
    kept, out = shown / "runs", out or PAGES / configuration.name / "index.html"
    every, computed = finished(configuration, kept), computed_frames(configuration, shown)
    if not every and not computed:
        raise ValueError(
            f"{shown} holds no run of the configuration {configuration.name!r}: python -m rethinking record"
        )
    figures, tables, points = [], [], []
    for key in configuration.sections:
        entry = described.entry_of(configuration, key)
        if entry.computed in computed:
            section = described.section_of(configuration, key)
            made, published = entry.load()(**entry.arguments(computed, None), section=section), None
        elif not NOT_KEPT & {*entry.frames} and (found := made_of_kept(configuration, key, every, kept)):
            made, section, published = found
        else:
            continue
        points.append(points_of_paper(published, section))
        if key in configuration.figures:
            figures.append(Drawing(key, FIGURES[key].description, svg_of(made[0]), made[1]))
        else:
            tables.append(Made(key, TABLES[key].description, made, section, str(shown / key)))
    runs, curves = runs_and_curves(every, kept, days_recorded(shown / "runs.csv"), shown / "runs")
    datasets = sorted(runs["dataset"].unique())
    return Contents(
        name=configuration.name, command=f"snakemake --cores all --configfile {configfile}",
        root=relative(Path.cwd(), out.absolute()),
        figures=figures, pictures=[], tables=tables, runs=runs, curves=curves, paper=together(points, POINTS),
        labels={name: configuration.models[name]["label"] for name in runs["model"].unique()},
        dataset_labels={name: label_of(configuration, name) for name in datasets},
        licences=described.licences(configuration, datasets), recorded=True, finding=finding_of(configuration.name),
        **documents(),
    ), out  # fmt: skip


def finding_of(name: str) -> str:
    """What came of the recorded runs of a configuration, Markdown whose links are from `KEPT`; "" of no such."""
    file = KEPT / "README.md"
    lines = read_text(CHECKOUT / file, str(file)).splitlines() if (CHECKOUT / file).exists() else []
    for line in lines:
        cells = line.strip("| ").split(" | ")
        if f"`{name}`" in cells[0].split(", "):
            return f"{capitalised(cells[-1])}."
    return ""


def runs_and_curves(every: Kept, kept: Path, days: dict[str, str], shown: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All runs that are kept, those of no figure or table among them, and their curves; no rows of none."""
    if not every:
        return pd.DataFrame(columns=[*FRAMES["runs"], *FACTS]), pd.DataFrame(columns=list(FRAMES["curves"]))
    read = frames([(kept / path, summary) for path, (_, summary) in every.items()], "accuracy_99")
    facts = [
        facts_of(each, days.get(path) or day_of(kept / path), str(shown / path)) for path, (_, each) in every.items()
    ]
    columns = {key: [each[key] for each in facts] for key in facts[0]}
    return numeric(read["runs"]).assign(**columns), numeric(read["curves"])


def svg_of(figure: "Figure") -> str:
    """A figure as the text of an SVG file."""
    from rethinking.plotting.style import save

    with TemporaryDirectory() as folder:
        save(figure, file := Path(folder) / "figure.svg")
        return file.read_text(encoding="utf-8")
