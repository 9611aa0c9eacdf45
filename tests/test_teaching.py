"""The tasks of docs/teaching: each has its minutes, and its solution runs as it stands and shows what it says."""

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_runs
from tiny_workflow import Checkout

from rethinking import __main__ as program
from rethinking.config import CHECKOUT
from rethinking.engine.stopping import best_epoch, out_of_patience

SECTIONS = re.compile(r"^## (\d\. .*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
PAGE, SOLUTION_PAGE = (
    (CHECKOUT / "docs/teaching" / name).read_text(encoding="utf-8") for name in ("index.md", "solutions.md")
)
TASKS, SOLUTIONS = ({title[0]: text for title, text in SECTIONS.findall(page)} for page in (PAGE, SOLUTION_PAGE))
MINUTES = re.compile(r"^(\d+) minutes\b", re.MULTILINE)
LABELS = ("true_labels", "random_labels-0.15", "random_labels-1.0")


def solution(task: str) -> str:
    """The code of a task's solution."""
    (code,) = re.findall(r"^```python\n(.*?)^```", SOLUTIONS[task], re.MULTILINE | re.DOTALL)
    return code


def run(code: str) -> tuple[str, dict[str, Any]]:
    """What a solution prints, and its names."""
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(code, "solution", "exec"), names)
    return printed.getvalue(), names


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the commands of task 2 have been typed."""
    folder = tmp_path_factory.mktemp("task2")
    commands = re.findall(r"^    python -m rethinking (.*)$", TASKS["2"], re.MULTILINE)
    assert len(commands) == len(LABELS)
    with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()), tiny_runs.torch_as_it_was():
        for command in commands:
            words = shlex.split(command.replace("config/", f"{CHECKOUT}/config/"))
            assert program.main(words) == 0
    return folder


@pytest.mark.parametrize("task", TASKS)
def test_every_task_says_its_minutes_once_and_alike_in_the_table(task):
    (minutes,) = MINUTES.findall(TASKS[task])
    assert re.search(rf"^\| {task} \| .* \| {minutes}\b", PAGE, re.MULTILINE)


def test_there_are_the_tutorials_tasks_and_each_has_its_solution_on_the_other_page():
    assert list(TASKS) == ["1", "2", "3", "4", "5"]
    titles, solved = ([title for title, _ in SECTIONS.findall(page)] for page in (PAGE, SOLUTION_PAGE))
    assert titles == solved
    assert "```python" not in PAGE, "the page with the tasks is handed out"


@pytest.mark.usefixtures("torch_as_it_was")
def test_the_norm_is_the_tutorials():
    printed, _ = run(solution("1"))
    assert printed == "7.9912\n"
    assert "it prints 7.9912" in TASKS["1"]


def test_all_labels_are_learnt_and_test_accuracy_falls_with_their_noise(trained, monkeypatch):
    monkeypatch.chdir(trained)
    printed, _ = run(solution("2"))
    found = {line.split(":")[0]: [float(n) for n in re.findall(r"(\d+) %", line)] for line in printed.splitlines()}
    assert list(found) == list(LABELS)
    training, test = zip(*found.values(), strict=True)
    assert training == (100, 100, 100)
    assert test[0] > 75
    assert test[0] > test[1] > test[2]
    assert test[2] < 25, "of ten classes"


def test_the_epoch_that_is_kept_is_the_engines_and_the_highest_test_accuracy_is_no_lower(trained, monkeypatch):
    monkeypatch.chdir(trained)
    printed, names = run(solution("3"))
    curve = names["curve"]
    until = curve["ValidationAccuracy"].tolist()[: names["now"]]
    assert names["epoch"] == best_epoch(until)
    assert names["now"] == len(curve) or out_of_patience(until, 20)
    assert not out_of_patience(until[:-1], 20)
    assert names["honest"] == curve["TestAccuracy"][names["epoch"] - 1] <= curve["TestAccuracy"].max()
    assert f"epoch {names['epoch']}," in printed


def test_chosen_by_the_test_set_an_accuracy_is_too_high():
    """What the page says of it, with networks that all guess: the best of 200 on 100 test images is above a half."""
    accuracies = np.random.default_rng(0).binomial(100, 0.5, (1000, 200)).max(axis=1)
    assert accuracies.mean() > 60


def test_two_folders_of_pictures_are_what_the_configuration_takes(fresh_checkout: Checkout, monkeypatch):
    monkeypatch.chdir(fresh_checkout.folder)
    run(solution("4"))
    assert {len(list(folder.glob("*.png"))) for folder in (fresh_checkout / "my-pictures").iterdir()} == {25}
    (words,) = re.findall(r"^    snakemake --cores all (.*) -- study$", TASKS["4"], re.MULTILINE)
    jobs = fresh_checkout.jobs(*shlex.split(words), target="study")
    assert sum(rule == "train" for rule, _ in jobs) == 27


def test_a_changed_level_makes_again_what_the_solution_says_and_no_other_level(checkout: Checkout):
    """On the small configuration of the tests, which has the level 0.5."""
    checkout.run(target="figures/fig1.pdf")
    checkout.edit("config/config.yaml", lambda text: text.replace("levels: [0, 0.5]", "levels: [0, 0.3]"))
    jobs = checkout.jobs(target="figures/fig1.pdf")
    said = SOLUTIONS["5"].partition(":")[0]
    assert {rule for rule, _ in jobs} == set(re.findall(r"`(\w+)`", said))
    levels = {part for rule, names in jobs if rule == "train" for part in names if part.startswith("corruption=")}
    assert levels == {"corruption=random_labels-0.3"}
