"""docs/teaching/memorisation.ipynb, executed: it draws what the project's functions draw, and does nothing else."""

import ast
import re
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import synthetic_runs
from ipykernel.kernelspec import KERNEL_NAME
from nbclient import NotebookClient

from rethinking.config import CHECKOUT, Configuration
from rethinking.stages import shown

STUDY = CHECKOUT / "config/studies/tutorial-digits.yaml"
NOTEBOOK = CHECKOUT / "docs/teaching/memorisation.ipynb"
CELLS = nbformat.read(NOTEBOOK, as_version=4).cells


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the study would leave in `results`: its data frames, of made-up runs."""
    folder, study = tmp_path_factory.mktemp("results"), Configuration.load(STUDY)
    for name in study.sections:
        runs = [(run.dataset, run.model, run.corruption, run.recipe, run.seed) for run in study.runs(name)]
        (there := folder / "tables" / study.name / name).mkdir(parents=True)
        for frame, table in synthetic_runs.frames(runs).items():
            table.to_csv(there / f"{frame}.csv", index=False)
    return folder


def called(code: str) -> set[str]:
    """The functions that a cell calls."""
    calls = (node.func for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    return {ast.unparse(function) for function in calls}


def test_the_notebook_runs_from_top_to_bottom_and_shows_a_figure_or_table_a_cell(results, monkeypatch):
    monkeypatch.setenv("RESULTS", str(results))
    monkeypatch.setenv("PYTHONPATH", f"{CHECKOUT / 'workflow'}:{':'.join(filter(None, sys.path))}")
    made = NotebookClient(nbformat.read(NOTEBOOK, as_version=4), timeout=120, kernel_name=KERNEL_NAME).execute()
    cells = [cell for cell in made.cells if cell.cell_type == "code"]
    shown_by = {cell.id: output.data for cell in cells for output in cell.outputs if output.output_type != "stream"}
    assert shown_by.keys() == {cell.id for cell in cells} - {"where"}
    for name in ("memorisation", "norms", "stopping", "overfitting", "fits"):
        assert shown_by[name]["text/html"].startswith("<svg")
        assert "5 seeds" in shown_by[name]["text/html"]
    assert "<table" in shown_by["times"]["text/html"]
    assert [cell.outputs for cell in cells if cell.id == "where"] == [[]]


def test_the_notebook_has_no_logic_of_its_own():
    code = [cell.source for cell in CELLS if cell.cell_type == "code"]
    assert set.union(*map(called, code)) == {"figure", "table", "Path", "os.environ.get"}
    kinds = (ast.For, ast.If, ast.While, ast.FunctionDef, ast.Lambda, ast.comprehension, ast.BinOp)
    nodes = [node for cell in code for node in ast.walk(ast.parse(cell)) if isinstance(node, kinds)]
    assert {ast.unparse(node) for node in nodes} == {
        "CHECKOUT / 'config/studies/tutorial-digits.yaml'",
        "CHECKOUT / 'results'",
    }


def test_the_notebook_is_kept_without_outputs_and_shows_all_of_the_study():
    code = [cell for cell in CELLS if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    shown_names = set(re.findall(r'STUDY, "(\w+)"', "".join(cell.source for cell in code)))
    assert shown_names == Configuration.load(STUDY).sections.keys() - {"sources"}


def test_what_is_not_there_is_told_with_the_command_that_makes_it(tmp_path):
    with pytest.raises(ValueError, match="tutorial-digits/norms is missing; this makes it: snakemake --cores all"):
        shown.figure(STUDY, "norms", tmp_path)
    with pytest.raises(ValueError, match="unknown figure or table 'norm'; did you mean 'norms'"):
        shown.figure(STUDY, "norm", tmp_path)


def test_a_table_is_as_it_is_read(results):
    table = shown.table(STUDY, "best_epoch", results)
    assert isinstance(table, pd.DataFrame)
    assert len(table) == 4
