"""config/cifar10-gpu.yaml: what it trains, in which order, and epochs by model family, which it asks for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_workflow import JOB

from rethinking.config import Configuration
from rethinking.schema import ConfigurationError

ROOT = Path(__file__).parents[1]
FILE = "config/cifar10-gpu.yaml"
EPOCHS = {"mlp_1x512": 100, "mlp_3x512": 100, "alexnet": 100, "inception": 60, "inception_without_bn": 60}


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    return Configuration.load(ROOT / FILE)


def test_figure_1_has_every_network_at_every_level_in_fixed_epochs_each_of_them_scored(configuration):
    runs = configuration.runs("fig1")
    assert len(runs) == 36
    for run in runs:
        assert run.training.epochs == EPOCHS[run.model]
        assert run.training.stop is None
        assert run.training.train_evaluation_every == 1
        assert run.training.log_every_steps == 50


def test_no_run_is_one_of_the_papers_own_configuration_with_other_values(configuration):
    paper = Configuration.load(ROOT / "config/cifar10.yaml")
    theirs = {run.path: run.digest for section in paper.sections for run in paper.runs(section)}
    ours = {run.path: run.digest for section in configuration.sections for run in configuration.runs(section)}
    assert all(theirs.get(path, digest) == digest for path, digest in ours.items())


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, str]]]:
    """The jobs of the whole configuration for three seeds: rule and described lines."""
    options = ["--directory", str(tmp_path_factory.mktemp("gpu")), "--profile", "profiles/gpu", "--dry-run"]
    options += ["--configfile", FILE, "--config", "seeds=[0,1,2]", "--", "all"]
    called = subprocess.run(
        [sys.executable, "-m", "snakemake", *options], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert called.returncode == 0, called.stdout + called.stderr
    described = re.compile(r"^    (\w+): (.*)$", re.MULTILINE)
    return [(rule, dict(described.findall(lines))) for rule, lines in JOB.findall(called.stdout)]


def test_trainings_start_in_the_order_of_the_configuration_the_first_seed_before_the_next(jobs, configuration):
    trainings = sorted((job for rule, job in jobs if rule == "train"), key=lambda job: -int(job["priority"]))
    found = ["{dataset}/{model}/{corruption}/{recipe}/seed{seed}".format(**names(job)) for job in trainings]
    first = [run.path for section in configuration.sections for run in configuration.runs(section)]
    one_seed = list(dict.fromkeys(first))
    assert found == [path.replace("/seed0", f"/seed{seed}") for seed in (0, 1, 2) for path in one_seed]
    assert len({job["priority"] for job in trainings}) == len(trainings)
    assert re.match("cifar10/inception/true_labels", found[0])


def names(job: dict[str, str]) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=([^,\s]+)", job["wildcards"]))


def test_data_are_made_before_any_training(jobs):
    largest = max(int(job["priority"]) for rule, job in jobs if rule == "train")
    made = [(rule, job) for rule, job in jobs if rule in ("download", "prepare", "corrupt_labels", "corrupt_pixels")]
    assert {rule for rule, _ in made} == {"download", "prepare", "corrupt_labels", "corrupt_pixels"}
    assert all(int(job["priority"]) > largest for _, job in made)


def written(folder: Path, recipe: str) -> Path:
    """A configuration file with a recipe `small` that has other values than the default configuration's."""
    default = (ROOT / "config/config.yaml").resolve()
    (folder / "default.yaml").write_text(default.read_text())
    path = folder / "own.yaml"
    path.write_text(f"extends: default.yaml\nname: own\nrecipes:\n  small: {recipe}\n")
    return path


def test_a_number_of_epochs_for_each_model_family_is_each_runs_own_number(tmp_path):
    plain = Configuration.load(written(tmp_path, "{epochs: 7}"))
    family = Configuration.load(written(tmp_path, "{epochs: {mlp: 7, alexnet: 8, inception: 9}}"))
    wanted = {"mlp_1x512": 7, "alexnet-w0.5": 8, "inception-w0.25": 9}
    for run, other in zip(family.runs("fig1"), plain.runs("fig1"), strict=True):
        if run.recipe == "small":
            assert run.training.epochs == wanted[run.model]
            assert (run.digest == other.digest) == (run.model == "mlp_1x512"), "7 is 7, however it is written"


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ("{epochs: {mlp: 0, alexnet: 1, inception: 1}}", r"recipes.small.epochs.mlp = 0: must be at least 1"),
        ("{epochs: {mpl: 3}}", r"recipes.small.epochs.mpl = 3: unknown model family; did you mean 'mlp'"),
        ("{epochs: {mlp: 3, alexnet: 4}}", r"recipes.small.epochs = .*no value for the model family 'inception'"),
        ("{epochs: 1.5}", r"recipes.small.epochs = 1.5: must be a whole number or a mapping"),
        (
            "{epochs: {mlp: 9, alexnet: 4, inception: 5}, redraw_labels_after: [4]}",
            r"redraw_labels_after = \[4\]: epoch 4 is the last",
        ),
    ],
)
def test_epochs_that_cannot_be_are_refused_by_name(recipe, message, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        Configuration.load(written(tmp_path, recipe))
