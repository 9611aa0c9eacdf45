"""`make accept`: what alters no number keeps its trainings, and nothing else is kept."""

import re
import sys
from pathlib import Path

import mutate
import pytest
from test_reruns import TABLES, job, with_variable_renamed
from tiny_workflow import Checkout

from rethinking.config import Configuration
from rethinking.files import digest, read_json, sha256, write_json
from rethinking.provenance import train_code
from rethinking.stages import accept

CONFIGURATION = """\
name: accepting
recipes: {quick: {epochs: 1, crop: null}}
figures:
  fig1:
    dataset: digits
    recipe: quick
    panels:
      learning_curves: {models: [mlp_1x512], corruptions: [true_labels]}
      corruption_levels: {models: [mlp_1x512], levels: [0, 0.5, 1]}
"""


# -- the stage ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """The three runs of a configuration in an empty folder, as if older code had trained them; nothing is proved."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(accept, "prove", lambda: None)
    Path("config.yaml").write_text(CONFIGURATION)
    configuration = Configuration.load("config.yaml")
    made = {}
    for run in configuration.runs("fig1"):
        data = accept.made_again(configuration, run, tmp_path / "made")
        made[Path("results/runs") / run.path / "run.json"] = run
        values = {"config_digest": run.digest, "code_digest": "older", "data_sha256": data}
        write_json(Path("results/runs") / run.path / "run.json", values)
    return made


def contents(files):
    return {file: file.read_bytes() for file in files}


def test_accepting_writes_the_checkouts_code_and_keeps_the_digest_that_stood_there(runs, capsys):
    accept.main(["--configfile", "config.yaml"])
    assert capsys.readouterr().out.splitlines() == [str(file) for file in runs]
    for file, run in runs.items():
        summary = read_json(file)
        assert (summary["code_digest"], summary["accepted_from"]) == (train_code(run), ["older"])
    before = contents(runs)
    accept.main(["--configfile", "config.yaml"])
    assert contents(runs) == before
    assert capsys.readouterr().out.splitlines() == [str(file) for file in runs], "Snakemake may not know of them yet"


@pytest.mark.parametrize(
    ("changed", "why"),
    [("config_digest", "another configuration made it"), ("data_sha256", "it was trained on other data")],
)
def test_a_run_of_another_configuration_or_of_other_data_is_left_and_told(changed, why, runs, capsys):
    other, *rest = runs
    write_json(other, read_json(other) | {changed: "another"})
    before = other.read_bytes()
    accept.main(["--configfile", "config.yaml"])
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [str(file) for file in rest]
    assert re.search(rf"^left to be trained again: {other.parent}: {why}", printed.err)
    assert other.read_bytes() == before


def test_a_run_whose_data_are_no_longer_those_that_lie_there_is_left(runs, capsys):
    """They would count as this checkout's from then on."""
    array = {"shape": [1], "dtype": "uint8"}
    names = ("train_images", "train_labels", "test_images", "test_labels")
    manifest = {"dataset": "digits", "arrays": {name: array | {"sha256": digest(name)} for name in names}}
    manifest |= {"classes": ["0", "1"]}
    write_json("results/data/digits/manifest.json", manifest)
    accept.main(["--configfile", "config.yaml"])
    printed = capsys.readouterr()
    clean, *rest = runs
    assert printed.out.splitlines() == [str(file) for file in rest]
    assert f"{clean.parent}: results/data/digits holds other data; delete it" in printed.err


def test_where_nothing_has_run_nothing_is_accepted(runs, capsys):
    for file in runs:
        file.unlink()
    accept.main(["--configfile", "config.yaml"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("def test_it(): assert False, 'other numbers than the golden ones of data: digits: x'", "of data: digits: x"),
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("def test_it(): raise KeyError('gone')", "'gone'"),
    ],
)
@pytest.mark.slow
def test_without_the_proof_nothing_is_written(test, told, runs, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_proof.py").write_text(test)
    monkeypatch.setattr(accept, "CHECKOUT", tmp_path)
    monkeypatch.setattr(accept, "PROOF", ("test_proof.py",))
    before = contents(runs)
    with pytest.raises(ValueError, match="nothing is accepted") as refused:
        accept.prove()
    assert told in str(refused.value)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(accept, "PROOF", (str(tmp_path / "test_proof.py"),))
    with pytest.raises(ValueError, match="nothing is accepted"):
        accept.main(["--configfile", "config.yaml"])
    assert contents(runs) == before


# -- as it is called ---------------------------------------------------------------------------------------------------


def make_accept(checkout: Checkout):
    """`make accept` in a copy, by this environment."""
    return checkout.call("make", "-o", ".venv/ready", "accept", f"BIN={Path(sys.executable).parent}")


def everything(checkout: Checkout) -> dict[str, tuple[str, int]]:
    """Contents and times of all results, and what Snakemake has noted of them."""
    files = [path for name in ("results", "figures", ".snakemake/metadata") for path in (checkout / name).rglob("*")]
    return {str(path): (sha256(path), path.stat().st_mtime_ns) for path in files if path.is_file()}


@pytest.mark.slow
def test_renamed_variables_train_nothing_and_draw_the_figure_again(checkout):
    for module in (
        "engine/loop.py",
        "data/corruptions/gaussian_pixels.py",
        "data/readers/digits.py",
        "plotting/fig1.py",
    ):
        checkout.edit(f"workflow/rethinking/{module}", with_variable_renamed)
    accepted = make_accept(checkout)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    assert checkout.jobs() == TABLES
    assert checkout.run() == TABLES
    assert checkout.jobs() == set()


@pytest.mark.slow
def test_a_constant_that_is_another_is_refused_by_name_and_nothing_is_written(checkout):
    checkout.edit(
        "workflow/rethinking/data/corruptions/gaussian_pixels.py",
        lambda text: text.replace("mean + sd", "mean + 3 * sd"),
    )
    before, jobs = everything(checkout), checkout.jobs()
    refused = make_accept(checkout)
    assert refused.returncode != 0
    assert "nothing is accepted" in refused.stderr
    assert "other numbers than the golden ones of data: gaussian_pixels, statistics per_channel" in refused.stderr
    assert everything(checkout) == before
    assert checkout.jobs() == jobs


def test_a_network_a_corruption_a_reader_a_measure_or_a_setting_without_golden_numbers_is_refused_by_name(
    fresh_checkout,
):
    package, row = "workflow/rethinking", '\nimport dataclasses\n{0}["new"] = dataclasses.replace({0}["{1}"])\n'
    for registry, table, like in (
        ("models", "MODELS", "lenet"),
        ("data/corruptions", "CORRUPTIONS", "random_pixels"),
        ("analysis", "MEASURES", "frobenius_norm"),
    ):
        fresh_checkout.edit(f"{package}/{registry}/registry.py", lambda text, t=table, n=like: text + row.format(t, n))
    (fresh_checkout / f"{package}/data/readers/new.py").write_text("def read(files): ...\n")
    fresh_checkout.edit(
        "workflow/schemas/config.schema.yaml", lambda text: text.replace("enum: [sgd, adam]", "enum: [sgd, adam, new]")
    )
    chosen = ["-k", "new or measures or has_golden", "tests/test_golden_numbers.py"]
    told = fresh_checkout.python("-m", "pytest", "-q", "--tb=line", *chosen).stdout
    assert "no golden numbers of networks: new; write them: make golden" in told
    assert "no golden numbers of data: new, unit value, seed 0; write them: make golden" in told
    assert "of trainings: measures: measures.new: [" in told
    assert "no golden numbers of the readers new: add a case to tests/proof/data.py, then make golden" in told
    assert "no golden numbers of the recipe's optimiser: new: add a case to tests/proof/trainings.py" in told


@pytest.mark.slow
def test_runs_of_older_code_stand_beside_new_ones_once_they_are_accepted(checkout):
    checkout.edit("workflow/rethinking/engine/loop.py", with_variable_renamed)
    checkout.run(
        "--touch", "--forceall"
    )  # by hand: Snakemake keeps the runs, whose own files still name the older code
    checkout.edit(
        "config/config.yaml", lambda text: text.replace("shuffled_pixels]", "shuffled_pixels, random_labels-1.0]")
    )
    tables = "results/tables/tiny/fig1/runs.csv"
    refused = checkout.snakemake("--cores", "2", tables)
    assert refused.returncode != 0
    message = re.search(r"^error: .*$", refused.stdout + refused.stderr, re.MULTILINE)
    assert message is not None
    assert re.search(r"results/runs/digits-50/\S+/curves/seed0: other code made this run", message[0])
    assert "delete it to train again" in message[0]
    assert "make accept" in message[0]

    accepted = make_accept(checkout)
    assert accepted.returncode == 0, accepted.stderr
    assert checkout.run(target=tables) == job("aggregate", name="tiny", section="fig1")
    assert "random_labels-1.0" in (checkout / tables).read_text()


# -- mutations ---------------------------------------------------------------------------------------------------------


def test_every_module_behind_data_and_trainings_is_mutated_or_said_to_hold_no_constant():
    found, named = mutate.modules_behind_trainings(), set(mutate.MUTATIONS) | set(mutate.WITHOUT)
    lacking = sorted(found - named - mutate.registered())
    assert not lacking, (
        f"add to tests/mutate.py a constant of {', '.join(lacking)} (MUTATIONS), or what it holds beside any (WITHOUT)"
    )
    assert not named - found, f"take out of tests/mutate.py what is gone: {', '.join(sorted(named - found))}"
    assert not set(mutate.MUTATIONS) & set(mutate.WITHOUT)


@pytest.mark.parametrize("module", sorted(mutate.registered()))
def test_of_what_is_registered_a_constant_is_found_to_mutate(module):
    text = (Path(mutate.__file__).parents[1] / f"workflow/rethinking/{module.replace('.', '/')}.py").read_text()
    old, new = mutate.first_constant(text) if module not in mutate.MUTATIONS else mutate.MUTATIONS[module][0]
    assert old != new
    assert old in text


@pytest.mark.parametrize("module", mutate.MUTATIONS)
def test_what_is_mutated_stands_there_once(module):
    text = (Path(mutate.__file__).parents[1] / f"workflow/rethinking/{module.replace('.', '/')}.py").read_text()
    assert [text.count(old) for old, _ in mutate.MUTATIONS[module]] == [1] * len(mutate.MUTATIONS[module])
