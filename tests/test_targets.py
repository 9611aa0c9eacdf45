"""What people type wrong when they ask for something: one message with what was meant, and no traceback."""

import re

import pytest
from tiny_workflow import Checkout


@pytest.fixture(scope="module")
def asked(completed, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of the completed workflow, which no test here changes."""
    return Checkout.copied(completed, tmp_path_factory.mktemp("asked") / "checkout")


RUN = "results/runs/digits-50/mlp-w0.05/true_labels/quick/seed0/run.json"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("figures/fig11.pdf", "did you mean 'figures/fig1.pdf'?"),
        ("figures/fig1.pfd", "did you mean 'figures/fig1.pdf'?"),
        ("figures/samples-digits-5O.pdf", "did you mean 'figures/samples-digits-50.pdf'?"),
        ("figures/samples-cifar-10.pdf", "did you mean 'figures/samples-cifar10.pdf'?"),
        ("stduy", "did you mean 'study'?"),
        ("fig1", "did you mean 'figures/fig1.pdf'?"),
        ("figures/tiny/fig1.jpg", "did you mean 'figures/fig1.pdf'?"),
        ("table1", "did you mean 'results/tables/tiny/table1.csv'?"),
        (
            "tain",
            "the configuration 'tiny' makes, all of it by the word all: figures/fig1.pdf, results/tables/tiny/table1",
        ),
        (
            "train",
            "the configuration 'tiny' makes, all of it by the word all: figures/fig1.pdf, results/tables/tiny/table1",
        ),
        ("figures/", "did you mean 'figures/fig1.pdf'?"),
        ("results/data/digits-5/manifest.json", "unknown data set 'digits-5'; did you mean 'digits-50'?"),
        ("figures/fig2.pdf", "the configuration 'tiny' has no figure fig2, it has: fig1"),
        (
            "results/tables/tiny/table4.csv",
            "the configuration 'tiny' has no table table4, it has: table1, paper_vs_ours",
        ),
        ("mlp-w0.05_0.55_none", "did you mean 'mlp-w0.05_0.5_none'?"),
        (RUN.replace("mlp-w0.05", "mlp-w0.5"), "model = \"mlp-w0.5\": unknown model; did you mean 'mlp-w0.05'?"),
        (RUN.replace("true_labels", "random_labels"), 'corruption = "random_labels": needs a level from 0 to 1'),
        (
            RUN.replace("true_labels", "random_labels-.5"),
            "the corruption 'random_labels-.5' is spelled 'random_labels-0.5'",
        ),
        (RUN.replace("seed0", "seedO"), "'seedO' is no seed, as in seed0"),
        (RUN.replace("seed0", "seed07"), "'seed07' is no seed, as in seed7"),
        (RUN.replace("run.json", "runs.json"), "a run leaves metrics.csv, confusion.pkl, run.json"),
    ],
)
def test_a_target_that_nothing_makes_is_refused_with_what_was_meant(target, message, asked):
    called = asked.snakemake("--dry-run", "--", target)
    assert called.returncode == 1
    told = called.stderr.splitlines()[-1]
    assert told.startswith(f"nothing makes {target!r}: {message}"), called.stderr
    assert "Traceback" not in called.stderr


@pytest.mark.parametrize(
    "target", ["study", "all", "default", "figures/fig1.svg", RUN, "results/tables/tiny/table1.md"]
)
def test_what_can_be_made_or_is_there_may_be_asked_for(target, asked):
    called = asked.snakemake("--dry-run", "--", target)
    assert called.returncode == 0, called.stderr


@pytest.mark.parametrize("target", [[], ["--", "study"]])
def test_a_report_shows_what_has_been_made(target, asked, tmp_path):
    called = asked.snakemake("--report", str(tmp_path / "report.zip"), *target)
    assert called.returncode == 0, called.stderr
    shown = re.findall(r"^Adding (\S+) ", called.stderr, re.MULTILINE)
    assert sorted(shown) == ["fig1.pdf", "paper_vs_ours.html", "table1.html"]
    assert (tmp_path / "report.zip").exists()


def test_a_report_of_nothing_is_refused(fresh_checkout, tmp_path):
    called = fresh_checkout.snakemake("--report", str(tmp_path / "report.zip"))
    assert called.returncode == 1
    told = "there is nothing to report of the configuration 'tiny': make a figure or table first"
    assert called.stderr.splitlines()[-1] == told
