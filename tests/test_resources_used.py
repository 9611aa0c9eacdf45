"""What trainings asked for beside what they used, from the benchmark files that Snakemake leaves."""

from pathlib import Path

import pytest
import yaml
from tiny_workflow import TINY

from rethinking import paths, resources
from rethinking.config import Configuration
from rethinking.run import RunConfig
from rethinking.stages import status

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(yaml.safe_load(TINY)))
    monkeypatch.chdir(tmp_path)
    return Configuration.load("mine.yaml")


def measured(run: RunConfig, seconds: float, megabytes: str) -> Path:
    """A benchmark file as Snakemake writes it."""
    file = Path(paths.benchmark_file(run))
    file.parent.mkdir(parents=True)
    file.write_text(f"{HEADER}{seconds}\t0:00:01\t{megabytes}\t1\t1\t1\t0.00\t0.00\t99.1\t1.2\n")
    return file


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    status.main(["--configfile", "mine.yaml", "--resources"])
    return capsys.readouterr().out.splitlines()


def test_of_each_kind_of_training_the_most_is_shown_beside_what_was_asked(configuration, capsys):
    runs = [run for run in configuration.runs("fig1") if (run.model, run.recipe) == ("mlp-w0.05", "quick")]
    for run, seconds, megabytes in zip(runs, (90.0, 30.0), ("612.4", "700.2"), strict=True):
        measured(run, seconds, megabytes)
    title, line = printed(capsys)
    assert " ".join(title.split()) == "training MB asked MB used minutes asked minutes used runs"
    asked = max(resources.train_memory(configuration, run) for run in runs)
    minutes = max(resources.train_minutes(configuration, run) for run in runs)
    assert line.split() == ["digits-50/mlp-w0.05/quick", str(asked), "700", str(minutes), "1.5", "2"]


def test_a_training_too_short_to_be_looked_at_has_no_memory(configuration, capsys):
    measured(configuration.runs("table1")[0], 0.4, "NA")
    assert printed(capsys)[1].split()[2] == "-"


def test_runs_from_before_there_were_benchmarks_are_no_fault(configuration, capsys):
    assert printed(capsys) == [
        "no training of this configuration has left its benchmark file yet: those that rules call do"
    ]


def test_a_torn_benchmark_file_is_refused_by_name(configuration, capsys):
    file = measured(configuration.runs("table1")[0], 1.0, "600")
    file.write_text(HEADER)
    with pytest.raises(ValueError, match=rf"{file}: is no benchmark file of one job"):
        printed(capsys)
