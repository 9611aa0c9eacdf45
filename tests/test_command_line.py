"""`python -m rethinking`: what a person types, what it prints, and how it fails."""

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import tiny_runs

import rethinking
from rethinking.__main__ import COMMANDS, main
from rethinking.analysis.registry import MEASURES
from rethinking.config import CHECKOUT, Configuration
from rethinking.data.corruptions.registry import CORRUPTIONS
from rethinking.data.preprocess import preprocess
from rethinking.files import read_json
from rethinking.models.registry import MODELS
from rethinking.names import experiment_name
from rethinking.plotting.registry import FIGURES
from rethinking.stages import by_hand as by_hand_stage
from rethinking.stages import list as list_stage

WORKFLOW = Path(rethinking.__file__).parents[1]
README_COMMAND = "train --dataset digits --model mlp_1x512 --corruption random_labels-1.0 --recipe small --epochs 2"
README_RUN = README_COMMAND.split()


def call(*arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own, in `folder`."""
    environment = {"PYTHONPATH": str(WORKFLOW), "OMP_NUM_THREADS": "1", "COLUMNS": "120"}
    command = [sys.executable, "-m", "rethinking", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a wrong call is answered with."""
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    return printed.err


def test_an_error_of_numpy_says_where_it_was_raised_and_one_of_ours_needs_not(capsys, monkeypatch):
    """Whoever adds a figure makes such ones, and their words alone lead nowhere."""
    images = np.zeros((1, 2, 2, 1), np.uint8)
    monkeypatch.setattr(list_stage, "main", lambda argv: preprocess(images[0], crop=None, whitening="none"))
    assert re.search(r" \(data/preprocess\.py, line \d+\)\n$", refused(["list"], capsys))
    monkeypatch.setattr(list_stage, "main", lambda argv: preprocess(images, crop=3, whitening="none"))
    assert refused(["list"], capsys).endswith(" for images of 2x2, found 3\n")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a command writes by default lands in the checkout."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


# Help ---------------------------------------------------------------------------------------------------------------


def test_without_a_command_it_lists_them_and_fails(capsys):
    assert main([]) == 2
    printed = capsys.readouterr().out
    assert printed.startswith("usage: python -m rethinking COMMAND")
    for name, meaning in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(meaning)}$", printed, re.MULTILINE)


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_asked_for_help_it_lists_the_commands(option, capsys):
    assert main([option]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in COMMANDS)


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("trian", "train"), ("lists", "list"), ("agregate", "aggregate"), ("fig", "figure")]
)
def test_an_unknown_command_is_answered_with_the_nearest(wrong, nearest, capsys):
    assert main([wrong]) == 2
    assert capsys.readouterr().err == f"unknown command {wrong!r}; did you mean {nearest!r}?\n"


def test_a_command_like_no_other_is_answered_with_all(capsys):
    assert main(["xyz"]) == 2
    printed = capsys.readouterr().err
    assert all(name in printed for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: python -m rethinking {command} [-h]")


def test_training_by_hand_takes_names(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    printed = capsys.readouterr().out
    for option in ("--dataset", "--model", "--corruption", "--recipe", "--seed", "--epochs", "--out", "--configfile"):
        assert option in printed
    assert "python -m rethinking list models" in printed


def test_help_needs_no_torch(tmp_path):
    script = "import sys; from rethinking.__main__ import main; main(['--help']); sys.exit('torch' in sys.modules)"
    called = subprocess.run([sys.executable, "-c", script], cwd=WORKFLOW, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stderr


# list ---------------------------------------------------------------------------------------------------------------

KINDS = ["models", "datasets", "corruptions", "recipes", "experiments", "figures", "measures"]


def known(kind: str) -> set[str]:
    """Every name that the registries and the default configuration hold."""
    configuration = Configuration.load()
    return {
        "models": {*MODELS, *configuration.models},
        "datasets": {*configuration.datasets},
        "corruptions": {f"{name}-P" for name, entry in CORRUPTIONS.items() if entry.has_level}
        | {name for name, entry in CORRUPTIONS.items() if not entry.has_level and not entry.named_by}
        | {f"human_labels-{chosen}" for chosen in ("aggre", "random1", "random2", "random3", "worse")},
        "recipes": {*configuration.recipes},
        "experiments": {*configuration.experiments},
        "figures": {*FIGURES},
        "measures": {*MEASURES},
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_list_prints_each_name_with_one_line(kind, capsys):
    assert main(["list", kind]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert set(lines) == known(kind) | ({"true_labels"} if kind == "corruptions" else set())
    assert all(lines.values())


@pytest.mark.parametrize("kind", KINDS)
def test_list_does_not_import_torch(kind):
    script = (
        f"import sys; from rethinking.__main__ import main; main(['list', {kind!r}]); sys.exit('torch' in sys.modules)"
    )
    called = subprocess.run([sys.executable, "-c", script], cwd=WORKFLOW, capture_output=True, text=True, check=False)
    assert called.returncode == 0, called.stderr


def test_list_tells_the_numbers_that_one_chooses_by(capsys):
    main(["list", "models"])
    assert re.search(
        r"^alexnet .*1,387,786 parameters at 3x28x28, learning rate 0.01$", capsys.readouterr().out, re.MULTILINE
    )
    main(["list", "datasets"])
    assert re.search(r"^digits .*320 training and 397 test images", capsys.readouterr().out, re.MULTILINE)


def test_list_of_something_else_says_what_there_is(capsys):
    with pytest.raises(SystemExit) as left:
        main(["list", "model"])
    assert left.value.code == 2
    printed = capsys.readouterr().err
    assert all(kind in printed for kind in KINDS)


# train by hand ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, "list[subprocess.CompletedProcess[str]]"]:
    """The README's run in an empty folder, and then again."""
    folder = tmp_path_factory.mktemp("by hand")
    return folder, [call(*README_RUN, "--out", "DIR", folder=folder) for _ in range(2)]


def test_the_readmes_command_trains_from_nothing(by_hand):
    folder, (first, _) = by_hand
    assert first.returncode == 0, first.stderr
    lines = first.stdout.splitlines()
    name = "digits/mlp_1x512/random_labels-1.0/small/seed0"
    assert re.fullmatch(rf"{name}: on \S+, process \d+, 2 epochs", lines[0])
    assert lines[1] == f"{name}: starting"
    assert re.fullmatch(rf"{name}: computes on \S+: .+, torch \S+", lines[2])
    assert [line.split()[1] for line in lines[3:5]] == ["1", "2"]
    assert re.fullmatch(r"training accuracy [\d.]+ %, test accuracy [\d.]+ %; results in DIR", lines[-1])
    assert first.stderr == ""  # the progress bar is for terminals
    names = {path.name for path in (folder / "DIR").iterdir()}
    assert names == {"metrics.csv", "confusion.pkl", "run.json", "weights.safetensors", "state.pt"}


def test_the_same_command_again_says_that_it_resumes_and_trains_no_more(by_hand):
    _, (_, again) = by_hand
    assert again.returncode == 0, again.stderr
    assert "resuming after epoch 2" in again.stdout
    assert not re.search(r"^epoch", again.stdout, re.MULTILINE)


def test_the_same_command_with_more_epochs_goes_on(by_hand, tmp_path, capsys):
    shutil.copytree(by_hand[0], tmp_path, dirs_exist_ok=True)
    with tiny_runs.torch_as_it_was():
        assert main([*README_RUN, "--out", "DIR", "--epochs", "3"]) == 0
    printed = capsys.readouterr().out
    assert "resuming after epoch 2" in printed
    assert re.findall(r"^epoch +(\d+)", printed, re.MULTILINE) == ["3"]
    assert read_json(tmp_path / "DIR" / "run.json")["epochs_done"] == 3


def test_data_and_corruption_are_made_once_under_results_by_hand(by_hand):
    folder, _ = by_hand
    made = sorted(path.parent.relative_to(folder).as_posix() for path in folder.rglob("manifest.json"))
    assert len(made) == 2
    assert re.fullmatch(r"results/by-hand/data/digits-[0-9a-f]{12}", made[0])
    assert re.fullmatch(re.escape(made[0]) + r"/random_labels-1\.0-[0-9a-f]{12}/seed0", made[1])
    assert {path.name for path in (folder / "results").iterdir()} == {"by-hand"}


def test_a_run_by_hand_is_the_run_that_the_configuration_means(by_hand):
    folder, _ = by_hand
    summary = read_json(folder / "DIR" / "run.json")
    run = Configuration.load().run("digits", "mlp_1x512", "random_labels-1.0", "small", 0, epochs=2)
    assert summary["config_digest"] == run.digest
    assert (summary["num_train"], summary["num_test"]) == (320, 397)


@pytest.mark.parametrize("out", ["results/runs", "results/runs/mine", "results/by-hand/../runs/mine"])
def test_results_runs_is_refused_as_a_place_for_runs_by_hand(out, capsys, tmp_path):
    assert "results/runs belongs to Snakemake" in refused([*README_RUN, "--out", out], capsys)
    assert not list(tmp_path.iterdir())


def test_results_runs_is_refused_through_a_link(capsys, tmp_path):
    (tmp_path / "results/runs").mkdir(parents=True)
    (tmp_path / "elsewhere").symlink_to(tmp_path / "results/runs")
    assert "belongs to Snakemake" in refused([*README_RUN, "--out", "elsewhere/mine"], capsys)


@pytest.mark.parametrize(
    ("option", "wrong", "message"),
    [
        ("--dataset", "digit", "dataset = \"digit\": unknown data set; did you mean 'digits'?"),
        ("--model", "mlp_1x51", "model = \"mlp_1x51\": unknown model; did you mean 'mlp_1x512'?"),
        ("--recipe", "smal", "recipe = \"smal\": unknown recipe; did you mean 'small'?"),
        ("--corruption", "random_label-0.5", "unknown corruption; did you mean 'random_labels-0.5'?"),
        ("--corruption", "random_labels-1.5", "the level must be from 0 to 1"),
        ("--corruption", "random_labels", "needs a level from 0 to 1, as in random_labels-0.5"),
        ("--corruption", "random_pixels-0.5", "takes no level; write random_pixels"),
        ("--epochs", "0", "--epochs = 0: must be at least 1"),
        ("--seed", "-1", "--seed = -1: must be at least 0"),
        ("--configfile", "nowhere.yaml", "nowhere.yaml: cannot be read (No such file or directory)"),
    ],
)
def test_a_wrong_name_or_value_is_answered_with_one_line(option, wrong, message, capsys, tmp_path):
    assert message in refused([*README_RUN, option, wrong], capsys)
    assert not list(tmp_path.iterdir())


def test_in_a_process_of_its_own_a_wrong_name_ends_with_code_1_and_no_traceback(tmp_path):
    called = call(*README_RUN, "--model", "mlp_1x51", folder=tmp_path)
    assert called.returncode == 1
    assert called.stdout == ""
    assert re.fullmatch(r"error: command line: model = .*did you mean 'mlp_1x512'\?\n", called.stderr)


@pytest.mark.parametrize("missing", ["--dataset", "--model", "--recipe"])
def test_a_missing_name_is_asked_for(missing, capsys):
    at = README_RUN.index(missing)
    with pytest.raises(SystemExit) as left:
        main(README_RUN[:at] + README_RUN[at + 2 :])
    assert left.value.code == 2
    assert missing in capsys.readouterr().err


# train from a file --------------------------------------------------------------------------------------------------

EXPERIMENT = """\
configfile: config/config.yaml
dataset: digits
model: mlp_1x512
corruption: random_labels-0.5
recipe: small
epochs: 5
"""
EXPERIMENTS = sorted((WORKFLOW.parent / "config/studies/experiments").glob("*.yaml"))


def experiment(folder: Path, text: str = EXPERIMENT) -> Path:
    (folder / "MLP1_0.5_none.yaml").write_text(text)
    return folder / "MLP1_0.5_none.yaml"


def test_more_epochs_of_an_experiment_s_file_are_as_if_asked_for_at_once_and_leave_the_file_alone(tmp_path, capsys):
    file = experiment(tmp_path)
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    run = "digits/mlp_1x512/random_labels-0.5/small/seed0"
    with tiny_runs.torch_as_it_was():
        assert main(["train", "--config", str(file)]) == 0
        assert read_json(tmp_path / "results/by-hand/runs" / run / "run.json")["epochs_done"] == 5
        assert main(["train", "--config", str(file), "--epochs", "10"]) == 0
        assert "resuming after epoch 5" in capsys.readouterr().out
        assert main(["train", "--config", str(file), "--epochs", "10", "--out", "straight"]) == 0
    assert "starting" in capsys.readouterr().out
    folders = (tmp_path / "results/by-hand/runs" / run, tmp_path / "straight")
    for state in (state for folder in folders for state in folder.glob("state.pt*")):
        state.unlink()  # times are in it
    continued, straight = map(tiny_runs.comparable, folders)
    assert len(continued["metrics.csv"]) == 10
    assert continued == straight
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_labels_that_a_recipe_redraws_are_made_by_hand_as_well(tmp_path):
    recipe = "{epochs: 3, redraw_labels_after: [1, 2], learning_rate: 0.01, crop: null}"
    (tmp_path / "mine.yaml").write_text(f"name: mine\nrecipes: {{redrawn: {recipe}}}\nfigures: {{models: {{}}}}\n")
    options = ["--configfile", "mine.yaml", "--recipe", "redrawn", "--config", str(experiment(tmp_path))]
    with tiny_runs.torch_as_it_was():
        assert main(["train", *options, "--seed", "7", "--epochs", "3"]) == 0
    made = {path.parent.name for path in tmp_path.glob("results/by-hand/data/*/random_labels-0.5-*/*/manifest.json")}
    assert made == {"seed7", "seed8", "seed9"}


def test_options_of_the_command_line_hold_over_those_of_the_file(tmp_path):
    command = ["--config", str(experiment(tmp_path)), "--epochs", "1", "--seed", "3", "--corruption", "true_labels"]
    with tiny_runs.torch_as_it_was():
        assert main(["train", *command, "--out", "mine"]) == 0
    summary = read_json(tmp_path / "mine/run.json")
    assert {key: summary[key] for key in ("model", "corruption", "seed", "epochs_done")} == {
        "model": "mlp_1x512", "corruption": "true_labels", "seed": 3, "epochs_done": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("dataset", "dataste", "MLP1_0.5_none.yaml: dataste = \"digits\": unknown key; did you mean 'dataset'?"),
        ("epochs: 5", "epochs: 0", "MLP1_0.5_none.yaml: epochs = 0: must be at least 1"),
        ("epochs: 5", "seed: -1", "MLP1_0.5_none.yaml: seed = -1: must be at least 0"),
        ("epochs: 5", "epochs: five", 'MLP1_0.5_none.yaml: epochs = "five": is text, must be a whole number'),
        ("epochs: 5", "model: alexnet", "MLP1_0.5_none.yaml:6: the key 'model' is written twice"),
        ("config.yaml", "confg.yaml", "config/confg.yaml: cannot be read"),
        ("mlp_1x512", "mlp_1x51", "MLP1_0.5_none.yaml: model = \"mlp_1x51\": unknown model; did you mean 'mlp_1x512'?"),
        ("digits", "digts", "MLP1_0.5_none.yaml: dataset = \"digts\": unknown data set; did you mean 'digits'?"),
        ("labels-0.5", "labels-2", 'MLP1_0.5_none.yaml: corruption = "random_labels-2": the level must be'),
        ("mlp_1x512", "vgg_224", 'MLP1_0.5_none.yaml: model = "vgg_224": takes images of'),
    ],
)
def test_a_fault_in_an_experiment_s_file_is_answered_with_one_line(before, after, message, tmp_path, capsys):
    file = experiment(tmp_path, EXPERIMENT.replace(before, after))
    assert message in refused(["train", "--config", str(file)], capsys)
    assert list(tmp_path.iterdir()) == [file]


def test_a_fault_of_the_command_line_is_not_that_of_the_file(tmp_path, capsys):
    message = refused(["train", "--config", str(experiment(tmp_path)), "--model", "alexnt"], capsys)
    assert "command line: model = \"alexnt\": unknown model; did you mean 'alexnet'?" in message


def test_a_name_that_neither_the_file_nor_the_command_line_has_is_asked_for(tmp_path, capsys):
    file = experiment(tmp_path, EXPERIMENT.replace("recipe: small\n", ""))
    with pytest.raises(SystemExit) as left:
        main(["train", "--config", str(file)])
    assert left.value.code == 2
    assert capsys.readouterr().err.endswith("required: --recipe\n")


@cache
def loaded(file: str | None) -> Configuration:
    """A configuration, read once for all experiments that are of it."""
    return Configuration.load(file)


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_every_experiment_that_comes_with_the_project_is_a_run_of_a_configuration_of_its_own(file):
    options = by_hand_stage.experiment(file)
    configuration = loaded(options.pop("configfile", None))
    options = {"corruption": "true_labels", "seed": 0, **options}
    run = configuration.run(**options)
    assert run.path.startswith(f"{options['dataset']}/{options['model']}/")
    assert experiment_name(run.model, run.corruption) == file.stem


def test_every_name_of_the_corruption_repository_has_its_experiment():
    """Six networks in five settings, and nine levels between for three of them."""
    of_study = loaded(str(CHECKOUT / "config/studies/corruptions-digits.yaml")).experiments
    assert {file.stem for file in EXPERIMENTS} == of_study.keys()
    assert len(EXPERIMENTS) == 6 * 5 + 3 * 9


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_trained(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    names = ["--dataset", "digits", "--model", "mlp_1x512", "--recipe", "small", "--out", str(tmp_path / "file/run")]
    assert main(["train", *names]) == 1
    told = capsys.readouterr()
    assert told.err.startswith(f"error: the folder '{tmp_path}/file/run' cannot be written: ")
    assert told.out == ""
