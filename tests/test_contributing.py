"""CONTRIBUTING.md and docs/architecture.md: what they add is added as it stands there, what they show is there."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_workflow import Checkout

from rethinking.outcomes.columns import FRAMES, RUN

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
CONFIG = "config/config.yaml"


@dataclass(frozen=True)
class Block:
    """A block of CONTRIBUTING.md: a whole file, or lines for `table`, a dictionary or a section of one."""

    file: str
    table: str
    text: str

    def add(self, checkout: Checkout) -> None:
        if self.file == CONFIG:
            text = self.text.replace("RECIPE", "quick").replace("MODELS", "[mlp-w0.05, alexnet-w0.1]")
            text = text.replace("DATASET", "digits-50")
            checkout.edit(CONFIG, lambda before: before.replace(f"{self.table}:\n", f"{self.table}:\n{text}", 1))
        elif self.table:
            checkout.edit(self.file, lambda before: with_rows(before, self.table, self.text))
        elif (checkout / self.file).exists():
            checkout.edit(self.file, lambda before: f"{before}\n{self.text}")
        else:
            (checkout / self.file).write_text(self.text, encoding="utf-8")


def with_rows(text: str, table: str, rows: str) -> str:
    """The text with rows at the end of the dictionary `table`."""
    end = text.index("\n}\n", text.index(f"\n{table} = {{\n")) + 1
    return text[:end] + rows + text[end:]


BLOCK = re.compile(r"^```\w+\n# ([\w./]+)(?:: (\w+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks() -> dict[str, list[Block]]:
    """The blocks that name a file, by the heading above them."""
    parts = (part.partition("\n") for part in re.split(r"^### ", CONTRIBUTING, flags=re.MULTILINE)[1:])
    return {heading: [Block(*each) for each in BLOCK.findall(text)] for heading, _, text in parts}


ADDED = blocks()


def add(checkout: Checkout, *, configured: bool) -> None:
    for block in (block for each in ADDED.values() for block in each):
        if configured or block.file != CONFIG:
            block.add(checkout)


def test_there_is_a_template_for_each_kind_and_none_touches_more_than_two_files():
    assert set(ADDED) == {"A data set", "A corruption", "A network", "A figure", "A table"}
    for heading, added in ADDED.items():
        assert len({block.file for block in added} - {CONFIG}) == 2, heading


def test_what_is_added_makes_nothing_again(checkout):
    add(checkout, configured=False)
    assert checkout.jobs() == set()
    assert checkout.jobs(target="results/tables/tiny/table1.csv") == set()
    assert checkout.jobs(target="results/tables/tiny/paper_vs_ours.csv") == set()


@pytest.mark.slow
def test_a_figure_and_a_table_of_runs_that_are_there_train_nothing(checkout):
    add(checkout, configured=True)
    assert {rule for rule, _ in checkout.jobs()} == set()
    made = checkout.run(target="figures/final_accuracy.pdf")
    assert {rule for rule, _ in made} == {"aggregate", "figure", "publish"}
    assert "Test accuracy after training" in (checkout / "figures/tiny/final_accuracy.txt").read_text()
    made = checkout.run(target="results/tables/tiny/gap.csv")
    assert {rule for rule, _ in made} == {"aggregate", "table"}
    rows = (checkout / "results/tables/tiny/gap.csv").read_text().splitlines()
    assert rows[0] == "model,corruption,gap"
    assert len(rows) == 5


@pytest.mark.slow
def test_an_added_network_learns_an_added_data_set_under_an_added_corruption(checkout):
    add(checkout, configured=False)
    counted = checkout.rethinking("summary", "--model", "softmax_regression")
    assert "23,530" in counted.stdout, counted.stdout + counted.stderr
    run = "parity/softmax_regression/next_labels-0.5/quick/seed0"
    made = checkout.run(target=f"results/runs/{run}/run.json")
    assert {rule for rule, _ in made} == {"prepare", "corrupt_labels", "train"}


def test_what_is_added_is_written_as_the_rest_is(checkout):
    add(checkout, configured=False)
    for command in (["check"], ["format", "--check"]):
        called = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), "workflow/rethinking"],
            cwd=checkout.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert called.returncode == 0, called.stdout + called.stderr


# -- architecture ------------------------------------------------------------------------------------------------------


def test_the_graph_is_the_one_that_snakemake_shows(fresh_checkout):
    """Of all of CIFAR-10, which is downloaded."""
    targets = ["figures/fig1.pdf", "results/tables/cifar10/table1.csv"]
    options = ["--rulegraph", "mermaid-js", "--forceall", "--configfile", str(ROOT / "config/cifar10.yaml")]
    called = fresh_checkout.snakemake(*options, "--", *targets)
    assert called.returncode == 0, called.stderr
    names = dict(re.findall(r"(id\d+)\[(.*)\]", called.stdout))
    edges = {(names[one], names[other]) for one, other in re.findall(r"(id\d+) --> (id\d+)", called.stdout)}
    shown = set(re.findall(r"^    (\w+) --> (\w+)$", ARCHITECTURE, re.MULTILINE))
    assert {edge for edge in edges if not set(edge) & set(targets)} == shown


@pytest.mark.parametrize("frame", FRAMES)
def test_every_column_of_a_frame_is_told_with_its_unit(frame):
    (row,) = re.findall(rf"^\| `{frame}\.csv` \| (.*) \|$", ARCHITECTURE, re.MULTILINE)
    told = dict(re.findall(r"`(\w+)`(?: \(([^)]+)\))?", row))
    assert told == {name: unit for name, unit in FRAMES[frame].items() if name not in RUN}


def test_every_folder_and_file_that_is_named_is_there():
    named = set(re.findall(r"`((?:workflow|config|tests|benchmarks|docs)/[\w./-]*)`", ARCHITECTURE + CONTRIBUTING))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_part_of_the_package_has_its_row():
    parts = {path.name for path in (ROOT / "workflow/rethinking").iterdir() if (path / "__init__.py").exists()}
    assert parts == set(re.findall(r"^\| `workflow/rethinking/(\w+)/` \|", ARCHITECTURE, re.MULTILINE))
