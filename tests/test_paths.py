"""Where everything lies, whoever asks; what is put before the outputs of a job is before all of its folders."""

import os
import re
import shlex
import shutil

import pytest
import yaml
from tiny_workflow import TINY, Checkout

from rethinking import paths
from rethinking.config import CATALOGUE, CHECKOUT, Configuration
from rethinking.schema import ConfigOrigins, load_yaml

REDRAWN = {"extends": "quick", "epochs": 3, "redraw_labels_after": [1, 2]}
RUN = "results/runs/held-out/mlp-w0.05/random_labels-0.5/redrawn/seed3"
DATA = "results/data/held-out"


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    raw = yaml.safe_load(TINY)
    raw["datasets"]["held-out"] = {"extends": "digits-50", "validation": 10}
    raw["recipes"]["redrawn"] = REDRAWN
    raw["corruptions"] = {"mixed": {"family": "shuffled_pixels", "unit": "value"}}
    return Configuration(raw, load_yaml(CHECKOUT / CATALOGUE), ConfigOrigins("mine.yaml"))


@pytest.fixture
def run(configuration):
    return configuration.run("held-out", "mlp-w0.05", "random_labels-0.5", "redrawn", 3)


def test_a_run_reads_its_data_its_corruption_each_redraw_and_its_split(configuration, run):
    noise = [f"{DATA}/random_labels-0.5/seed{seed}/{file}" for seed in (3, 4, 5) for file in ("manifest", "labels")]
    noise = [file.replace("/manifest", "/manifest.json").replace("/labels", "/train_labels.npy") for file in noise]
    prepared = [f"{DATA}/{file}" for file in paths.PREPARED]
    split = [f"{DATA}/split/seed3/{file}" for file in paths.SPLIT]
    assert paths.data_files(configuration, run) == [*prepared, *noise, *split]


def test_a_run_on_true_labels_that_holds_nothing_out_reads_its_data_set_alone(configuration):
    run = configuration.run("digits-50", "mlp-w0.05", "true_labels", "quick", 0)
    assert paths.data_files(configuration, run) == paths.prepared_files("digits-50")
    assert paths.run_options(configuration, run, paths.run_outputs(run)[0]) == (
        "--data results/data/digits-50 --out results/runs/digits-50/mlp-w0.05/true_labels/quick/seed0"
        " --state results/state/digits-50/mlp-w0.05/true_labels/quick/seed0.pt"
    )


@pytest.mark.parametrize("before", ["", "deep/er/", "/a b/$x/", ".snakemake/storage/s3/bucket/results/"])
def test_what_stands_before_an_output_stands_before_every_folder_of_the_job(before, configuration, run):
    for output in paths.run_outputs(run):
        words = shlex.split(paths.run_options(configuration, run, before + output))
        noise = [f"{before}{DATA}/random_labels-0.5/seed{seed}" for seed in (3, 4, 5)]
        assert words == [
            *("--data", f"{before}{DATA}", "--corrupted", noise[0], "--redrawn", *noise[1:]),
            *("--split", f"{before}{DATA}/split/seed3", "--out", before + RUN),
            *("--state", f"{before}{RUN.replace('/runs/', '/state/')}.pt"),
        ]


def test_the_folder_of_all_runs_is_as_far_above_their_files_as_said(run):
    (file, *_) = paths.run_outputs(run)
    for _ in range(paths.ABOVE_RUNS):
        file = os.path.dirname(file)  # noqa: PTH120 - as Snakemake does it
    assert file == "results/runs"


def test_files_that_there_are_none_of_give_no_option():
    assert paths.folders_option("--downloaded", []) == ""
    assert paths.downloaded_files(None) == []
    assert paths.folders_option("--redrawn", ["a/x.npy", "a/y.npy", "b c/x.npy"]) == "--redrawn a 'b c'"


def test_manifests_and_arrays_are_all_files_of_a_corruption(configuration):
    files = paths.corruption_files(configuration, "digits-50", "mixed", 0)
    assert paths.manifests(files) == ["results/data/digits-50/mixed/seed0/manifest.json"]
    assert sorted(paths.manifests(files) + paths.arrays(files)) == sorted(files)
    assert len(files) == 3


@pytest.mark.parametrize(
    ("name", "labels", "pixels"),
    [
        ("random_labels-0.5", True, False),
        ("random_labels", False, False),
        ("human_labels-worse", True, False),
        ("mixed", False, True),
        ("shuffled_pixels", False, True),
        ("true_labels", False, False),
    ],
)
def test_a_corruption_is_of_labels_or_of_pixels(name, labels, pixels, configuration):
    found = [re.fullmatch(paths.corruptions_that_change(configuration, labels=each), name) for each in (True, False)]
    assert [each is not None for each in found] == [labels, pixels]


def test_behind_a_figure_are_its_runs_their_frames_and_its_own_files(configuration):
    files = paths.files_behind(configuration, "fig1")
    assert len([file for file in files if file.endswith("/run.json")]) == len(configuration.runs("fig1")) == 8
    assert set(paths.frame_files(configuration, "fig1")) <= set(files)
    assert files[-3:] == [f"figures/tiny/fig1.{suffix}" for suffix in ("pdf", "svg", "txt")]
    assert paths.files_behind(configuration, "table1")[-1] == "results/tables/tiny/table1.html"


# -- before the first job ----------------------------------------------------------------------------------------------


def test_a_folder_that_is_a_file_is_told_by_name(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(ValueError, match=r"results' cannot be written: it is a file, or a link to nothing"):
        paths.check_writable(str(tmp_path / "results"))


def test_a_full_disk_is_told_before_the_first_job_and_nothing_is_left_on_it(tmp_path, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(paths, "to_disk", full)
    with pytest.raises(ValueError, match=r"results' cannot be written: \[Errno 28\] No space left on device"):
        paths.check_writable(str(tmp_path / "results"))
    assert list((tmp_path / "results").iterdir()) == []


def test_where_something_can_be_written_nothing_is_left(tmp_path):
    paths.check_writable(str(tmp_path / "a/results"))
    assert list((tmp_path / "a/results").iterdir()) == []


# -- as Snakemake calls it ---------------------------------------------------------------------------------------------

MODULE = """
configfile: "mine.yaml"

module paper:
    snakefile: "../checkout/Snakefile"
    config: config
    {prefix}

use rule * from paper
"""


@pytest.mark.parametrize("prefix", ["", 'prefix: "sub dir"'])
@pytest.mark.slow
def test_another_workflow_imports_this_one_with_a_configuration_and_a_prefix_of_its_own(
    prefix, fresh_checkout, tmp_path
):
    mine = Checkout(tmp_path / "mine")
    mine.folder.mkdir()
    (mine / "Snakefile").write_text(MODULE.format(prefix=prefix))
    mine.configure(yaml.safe_load(TINY) | {"name": "mine"}, "mine.yaml")
    place = "sub dir/" if prefix else ""
    called = mine.snakemake("--cores", "2", "--", f"{place}results/tables/mine/table1.csv")
    assert called.returncode == 0, called.stdout + called.stderr
    assert (mine / f"{place}results/tables/mine/table1.csv").exists()
    assert {file.partition("/")[0] for file in mine.files()} - {"Snakefile", "mine.yaml"} <= (
        {"sub dir"} if prefix else {"results", "figures"}
    )
    again = mine.snakemake("--dry-run", "--cores", "2", "--", f"{place}results/tables/mine/table1.csv")
    assert "Nothing to be done" in again.stdout + again.stderr
    shutil.rmtree(mine / f"{place}results/data")
    shutil.copytree(CHECKOUT / "profiles/default", mine / "profiles/default")  # as docs/from-outside.md says
    again = mine.snakemake("--dry-run", "--cores", "2", "--", f"{place}results/tables/mine/table1.csv")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_checkout_s_path_may_have_braces(fresh_checkout, tmp_path):
    (tmp_path / "a{b} {seed}").mkdir()
    checkout = Checkout(fresh_checkout.folder.rename(tmp_path / "a{b} {seed}/checkout"))
    checkout.run(target="results/tables/tiny/table1.csv")
    assert checkout.jobs(target="results/tables/tiny/table1.csv") == set()


def test_no_command_of_a_rule_names_a_place_of_results():
    """They come from the inputs and outputs, which Snakemake may put elsewhere."""
    for file in (CHECKOUT / "workflow/rules").glob("*.smk"):
        commands = re.findall(r'^ *(?:f?"[^"\n]*--[a-z].*)$', file.read_text(), re.MULTILINE)
        assert [line for line in commands if re.search(r"\b(results|figures)/", line)] == [], file.name
