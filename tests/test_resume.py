"""A run that is stopped, torn or out of space, and started again, against one that never was."""

import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_runs
from tiny_runs import comparable, fail_saves, make_run, retrained, run_stage, saved

from rethinking.__main__ import main
from rethinking.files import read_json
from rethinking.run import RunConfig
from rethinking.stages import train as stage

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

WORKFLOW = Path(stage.__file__).parents[2]
NUM_VALIDATION = 10
EACH_EPOCH = {"seconds_between_saves": 0}
# Calls of `watch` in an epoch of EVERY_KIND: three steps, and an evaluation after the second and after the third, of
# training, validation and test set.
EVERY_KIND = {
    "evaluations_per_epoch": 2,
    "log_every_steps": 2,
    "measures": ["frobenius_norm"],
    "ledger": True,
    "dropout": 0.3,
    "batch_size": 10,
}
CALLS = 3 + 2 * 3
# Every option that has a state of its own from step to step or from epoch to epoch.
RECIPES: dict[str, dict[str, Any]] = {
    "sgd": {"nesterov": True, "weight_decay": 0.01, "schedule": "exponential", "decay_every_steps": 2},
    "adam": {"optimiser": "adam", "learning_rate": 0.001, "schedule": "warm_up"},
    "dropout": {"dropout": 0.5},
    "augmentation": {"crop": 6, "augmentation": {"random_crop": True, "flip": True, "rotation": 25}},
    "validation": {"stop": {"early_stopping": 50}},
    "ledger": {"ledger": True, "evaluations_per_epoch": 2},
    "steps_per_epoch": {"steps_per_epoch": 4, "dropout": 0.3, "evaluations_per_epoch": 2},
    "penalties": {"penalties": [{"function": "l1", "weight": 0.001}], "clip_gradient_norm": 0.5},
}


@pytest.fixture(scope="module")
def held_out(data: Path) -> Path:
    return tiny_runs.split_digits(data, data / "split", NUM_VALIDATION)


def with_epochs(run: RunConfig, epochs: int) -> RunConfig:
    return retrained(run, epochs=epochs)


def signal_at(call: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the operating system send this process a signal when training asks for the `call`-th time."""

    class Sending(stage.Signals):
        calls = 0

        def __call__(self) -> None:
            Sending.calls += 1
            if Sending.calls == call:
                os.kill(os.getpid(), number)
            super().__call__()

    monkeypatch.setattr(stage, "Signals", Sending)


# Signals ------------------------------------------------------------------------------------------------------------

SENDING = """
import os, signal, sys
from rethinking.stages import train as stage

class Sending(stage.Signals):
    calls = 0
    def __call__(self):
        Sending.calls += 1
        if Sending.calls == int(sys.argv[1]):
            os.kill(os.getpid(), int(sys.argv[2]))
        super().__call__()

stage.Signals = Sending
stage.main(sys.argv[3:])
"""


def call_stage(
    run: RunConfig, data: Path, folder: Path, *script: str, split: Path | None = None, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """The stage in a process of its own, as a rule calls it or through a script."""
    arguments = ["--run", run.json, "--code", "code", "--data", str(data), "--out", str(folder / "out")]
    arguments += ["--state", str(folder / "state.pt"), *(["--split", str(split)] if split else [])]
    command = [sys.executable, *(script or ("-m", "rethinking", "train")), *arguments]
    environment = os.environ | {"PYTHONPATH": str(WORKFLOW)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize(
    ("number", "code", "call", "steps"),
    [(signal.SIGTERM, 143, CALLS + 2, 1), (signal.SIGINT, 130, CALLS + 4, 2)],
    ids=["SIGTERM in the second step of epoch 2", "SIGINT in its first evaluation"],
)
def test_a_process_that_is_asked_to_end_saves_leaves_its_code_and_goes_on(
    number, code, call, steps, data, held_out, tmp_path
):
    run = make_run(epochs=3, **EVERY_KIND)
    expected = comparable(run_stage(run, data, tmp_path / "whole", held_out=held_out))
    folder = tmp_path / "stopped"
    called = call_stage(run, data, folder, "-c", SENDING, str(call), str(int(number)), split=held_out)
    assert called.returncode == code, called.stderr
    assert f"{number.name}, stopped; the same command goes on from here" in called.stdout
    assert called.stderr == ""
    assert not (folder / "out").exists()
    assert len(saved(folder / "state.pt")["records"]) == 1
    again = call_stage(run, data, folder, split=held_out)
    assert again.returncode == 0, again.stderr
    assert f"resuming after epoch 1, {steps} steps into the next\n" in again.stdout
    assert comparable(folder / "out") == expected


def test_a_run_that_is_stopped_at_any_step_or_evaluation_gives_the_same_bytes(data, held_out, tmp_path, monkeypatch):
    run = make_run(epochs=2, **EVERY_KIND)
    expected = comparable(run_stage(run, data, tmp_path / "whole", held_out=held_out))
    for call in range(1, 2 * CALLS + 1):
        folder = tmp_path / str(call)
        with monkeypatch.context() as patch:
            signal_at(call, signal.SIGTERM, patch)
            with pytest.raises(SystemExit, match="143"):
                run_stage(run, data, folder, held_out=held_out)
        assert comparable(run_stage(run, data, folder, held_out=held_out)) == expected, call


def test_a_run_that_is_stopped_at_every_call_again_gives_the_same_bytes(data, held_out, tmp_path, monkeypatch):
    """Each start gets one step or one evaluation further."""
    run = make_run(epochs=2, **EVERY_KIND)
    expected = comparable(run_stage(run, data, tmp_path / "whole", held_out=held_out))
    starts = 0
    while not (tmp_path / "often/out").exists():
        starts += 1
        signal_at(5, signal.SIGTERM, monkeypatch)
        with contextlib.suppress(SystemExit):
            run_stage(run, data, tmp_path / "often", held_out=held_out)
    assert comparable(tmp_path / "often/out") == expected
    assert starts > 4


def test_the_signals_of_the_process_are_as_they_were_after_training(data, tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    run_stage(make_run(epochs=1), data, tmp_path)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


# More or fewer epochs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_more_epochs_continue_byte_for_byte(recipe, data, held_out, tmp_path, capsys):
    split = held_out if "stop" in recipe else None
    run = make_run("inception", epochs=4, train_evaluation_every=3, **recipe)
    expected = comparable(run_stage(run, data, tmp_path / "one go", held_out=split))
    for epochs in (1, 2, 4):
        out = run_stage(with_epochs(run, epochs), data, tmp_path / "longer", held_out=split)
    assert comparable(out) == expected
    assert capsys.readouterr().out.count("resuming after epoch") == 2


def test_a_schedule_that_ends_with_the_epochs_starts_over(data, tmp_path, capsys):
    run = make_run(epochs=4, schedule="cosine")
    expected = comparable(run_stage(run, data, tmp_path / "one go"))
    run_stage(with_epochs(run, 2), data, tmp_path / "longer")
    assert comparable(run_stage(run, data, tmp_path / "longer")) == expected
    assert "belongs to another configuration, so it is not used" in capsys.readouterr().out


@pytest.mark.parametrize("epochs", [2, 3, 4])
@pytest.mark.parametrize("call", [7, 10, 12])
def test_a_run_that_is_stopped_within_an_epoch_goes_on_with_other_epochs_as_in_one_go(
    call, epochs, data, tmp_path, monkeypatch
):
    """The training set is scored in the second epoch only if it is the last one.

    Calls 6, 7 and 10 are its steps, 8 and 9 the evaluation within it, 11 and 12 the one after it.
    """
    run = make_run(epochs=3, train_evaluation_every=3, **EVERY_KIND | {"batch_size": 16})
    signal_at(call, signal.SIGTERM, monkeypatch)
    with pytest.raises(SystemExit):
        run_stage(with_epochs(run, 2), data, tmp_path / "stopped")
    monkeypatch.undo()
    assert saved(tmp_path / "stopped/state.pt")["progress"]["batch"] > 0
    expected = comparable(run_stage(with_epochs(run, epochs), data, tmp_path / "one go"))
    assert comparable(run_stage(with_epochs(run, epochs), data, tmp_path / "stopped")) == expected


def test_a_run_that_is_stopped_beyond_the_end_of_a_shorter_one_starts_over(data, tmp_path, monkeypatch, capsys):
    """Its records would do, its network has gone on."""
    run = make_run(epochs=3)
    signal_at(3 + 2 + 3, signal.SIGTERM, monkeypatch)
    with pytest.raises(SystemExit):
        run_stage(run, data, tmp_path / "stopped")
    monkeypatch.undo()
    shorter = with_epochs(run, 1)
    capsys.readouterr()
    found = comparable(run_stage(shorter, data, tmp_path / "stopped"))
    assert "beyond this recipe's end" in capsys.readouterr().out
    assert found == comparable(run_stage(shorter, data, tmp_path / "one go"))


# Torn states --------------------------------------------------------------------------------------------------------


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


TEARS: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda content: content[: len(content) // 2],
    "only a digest": lambda content: content[:32],
    "a flipped bit": flip,
    "empty": lambda content: b"",
    "zeros": lambda content: bytes(len(content)),
}
tears = pytest.mark.parametrize("tear", TEARS.values(), ids=TEARS)


@pytest.fixture(scope="module")
def stopped(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state after epoch 2, and before it the one after epoch 1."""
    folder = tmp_path_factory.mktemp("stopped")
    with tiny_runs.torch_as_it_was():
        run_stage(make_run(epochs=2), data, folder)
    return folder


def torn(stopped: Path, folder: Path, tear: Callable[[bytes], bytes], *names: str) -> Path:
    folder.mkdir()
    for name in ("state.pt", "state.pt.previous"):
        content = (stopped / name).read_bytes()
        (folder / name).write_bytes(tear(content) if name in names else content)
    return folder


@tears
def test_a_torn_state_is_found_out_and_the_one_before_it_used(tear, stopped, data, tmp_path, capsys):
    folder = torn(stopped, tmp_path / "torn", tear, "state.pt")
    expected = comparable(run_stage(make_run(epochs=3), data, tmp_path / "whole"))
    capsys.readouterr()
    assert comparable(run_stage(make_run(epochs=3), data, folder)) == expected
    said = f"resuming after epoch 1; {folder / 'state.pt'} was torn, so the state before it is used"
    assert said in capsys.readouterr().out


@tears
def test_where_both_states_are_torn_the_run_starts_anew_and_says_so(tear, stopped, data, tmp_path, capsys):
    folder = torn(stopped, tmp_path / "torn", tear, "state.pt", "state.pt.previous")
    expected = comparable(run_stage(make_run(epochs=3), data, tmp_path / "whole"))
    capsys.readouterr()
    assert comparable(run_stage(make_run(epochs=3), data, folder)) == expected
    assert f"starting: {folder / 'state.pt'} is torn, so it is not used" in capsys.readouterr().out


def test_a_run_killed_between_the_two_renames_of_a_save_goes_on_from_the_state_before(stopped, data, tmp_path, capsys):
    folder = torn(stopped, tmp_path / "torn", flip)
    (folder / "state.pt").unlink()
    expected = comparable(run_stage(make_run(epochs=3), data, tmp_path / "whole"))
    capsys.readouterr()
    assert comparable(run_stage(make_run(epochs=3), data, folder)) == expected
    assert "resuming after epoch 1\n" in capsys.readouterr().out


def test_a_torn_state_never_takes_the_place_of_the_good_one_before_it(stopped, data, tmp_path, monkeypatch):
    """Or a process killed in its first save after a torn one had nothing left to go on from."""
    folder = torn(stopped, tmp_path / "torn", flip, "state.pt")
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if self.name.startswith(".state.pt."):
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        run_stage(make_run(epochs=3), data, folder)
    assert [len(saved(path)["records"]) for path in folder.glob("state.pt*")] == [1]


# No room, no permission ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What three epochs leave."""
    with tiny_runs.torch_as_it_was():
        return comparable(run_stage(make_run(epochs=3), data, tmp_path_factory.mktemp("whole")))


def test_a_full_disk_while_saving_warns_and_training_goes_on(whole, data, tmp_path, monkeypatch, capsys):
    failed = fail_saves(monkeypatch, {2}, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert comparable(run_stage(make_run(epochs=3), data, tmp_path)) == whole
    printed = capsys.readouterr().out
    assert "warning: the state was not saved, training goes on: [Errno 28] No space left on device" in printed
    assert [len(saved(tmp_path / name)["records"]) for name in ("state.pt", "state.pt.previous")] == [3, 1]
    assert failed == [2]
    assert not list(tmp_path.glob(".*"))


def limit_files_to(num_bytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))


def test_a_process_that_can_save_no_state_leaves_the_same_results(whole, data, tmp_path):
    """The state, which holds velocities as well, is the largest of a run's files."""
    room = 500 + max(len(content) for content in whole.values() if isinstance(content, bytes))
    called = call_stage(make_run(epochs=3), data, tmp_path, preexec_fn=limit_files_to(room))
    assert called.returncode == 0, called.stdout + called.stderr
    assert called.stdout.count("warning: the state was not saved, training goes on: [Errno 27] File too large") == 1
    assert comparable(tmp_path / "out") == whole
    assert not list(tmp_path.glob("*state*"))


@pytest.mark.parametrize("room", [100, 1500], ids=["for nothing", "for metrics.csv only"])
def test_a_full_disk_while_writing_results_is_a_clear_error_and_leaves_nothing_torn(room, whole, data, tmp_path):
    run_stage(make_run(epochs=3), data, tmp_path)
    (tmp_path / "out/metrics.csv").unlink()
    called = call_stage(make_run(epochs=3), data, tmp_path, preexec_fn=limit_files_to(room))
    assert called.returncode == 1
    assert called.stderr.startswith(f"error: {tmp_path / 'out'}: the results were not written (")
    assert called.stderr.endswith("; the same command goes on from here\n"), (
        "the state was saved before the disk was full"
    )
    assert len(called.stderr.splitlines()) == 1
    assert "File too large" in called.stderr
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"confusion.pkl", "weights.safetensors"} | ({"metrics.csv"} if room > 1000 else set())
    for name in ("confusion.pkl", "weights.safetensors"):  # as they were
        assert (tmp_path / "out" / name).read_bytes() == whole[name]
    assert comparable(run_stage(make_run(epochs=3), data, tmp_path)) == whole


def test_where_nothing_could_be_saved_nothing_is_said_to_be(data, tmp_path):
    called = call_stage(make_run(epochs=3), data, tmp_path, preexec_fn=limit_files_to(100))
    assert called.returncode == 1
    assert f"the state was not saved, training goes on: [Errno 27] File too large: '{tmp_path}" in called.stdout
    assert called.stderr.startswith(
        f"error: {tmp_path / 'out'}: the results were not written ([Errno 27] File too large: "
    )
    assert called.stderr.endswith(
        "; the same command starts from what was saved before, if anything was: this was not\n"
    )


@pytest.mark.parametrize(("seconds", "saves"), [(0, [1, 2, 3]), (3600, [3])], ids=["each epoch", "seldom"])
def test_the_state_is_saved_as_often_as_asked_and_always_at_the_end(seconds, saves, whole, data, tmp_path, monkeypatch):
    epochs, save = [], stage.save
    monkeypatch.setattr(stage, "save", lambda state, *rest: epochs.append(len(state.records)) or save(state, *rest))
    out, state_path = tmp_path / "out", tmp_path / "state.pt"
    stage.train(
        make_run(epochs=3), code="code", data=data, out=out, state_path=state_path, seconds_between_saves=seconds
    )
    assert epochs == saves
    assert len(saved(state_path)["records"]) == 3
    assert comparable(out) == whole


def test_a_file_in_the_place_of_the_states_folder_is_a_warning(whole, data, tmp_path, capsys):
    (tmp_path / "state").write_text("in the way")
    run = make_run(epochs=3)
    stage.train(run, code="code", data=data, out=tmp_path / "out", state_path=tmp_path / "state/run.pt", **EACH_EPOCH)
    assert comparable(tmp_path / "out") == whole
    assert capsys.readouterr().out.count("warning: the state was not saved, training goes on: ") == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_folder_that_is_read_only_is_a_warning(whole, data, tmp_path, capsys):
    (tmp_path / "state").mkdir(mode=0o555)
    run = make_run(epochs=3)
    stage.train(run, code="code", data=data, out=tmp_path / "out", state_path=tmp_path / "state/run.pt", **EACH_EPOCH)
    assert comparable(tmp_path / "out") == whole
    assert capsys.readouterr().out.count("warning: the state was not saved, training goes on: ") == 3


def test_a_read_only_state_folder_with_states_and_leftovers_is_read_and_warned_of(
    stopped, whole, data, tmp_path, monkeypatch, capsys
):
    """For root as well, to whom the operating system refuses nothing."""
    folder = torn(stopped, tmp_path / "read only", flip, "state.pt")
    (folder / ".state.pt.1.tmp").write_bytes(b"left by a killed process")

    def refusing(method: Callable[..., Any]) -> Callable[..., Any]:
        def refused(path: Path, *rest: Any, **options: Any) -> Any:
            if path.parent == folder and options.get("mode") != "rb":
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return method(path, *rest, **options)

        return refused

    for name in ("open", "replace", "unlink"):
        monkeypatch.setattr(Path, name, refusing(getattr(Path, name)))
    run = make_run(epochs=3)
    stage.train(run, code="code", data=data, out=tmp_path / "out", state_path=folder / "state.pt", **EACH_EPOCH)
    monkeypatch.undo()
    assert comparable(tmp_path / "out") == whole
    printed = capsys.readouterr().out
    assert "resuming after epoch 1; " in printed
    assert printed.count("warning: the state was not saved, training goes on: [Errno 13] Permission denied") == 2


# clean --------------------------------------------------------------------------------------------------------------


def test_clean_says_what_it_would_free_and_then_frees_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, size in {"a.pt": 1_500_000, "a.pt.previous": 500_000}.items():
        path = tmp_path / "results/state/digits" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    (tmp_path / "results/runs").mkdir()
    said = "results/state: 2 files, 2.0 MB (saved states; a run whose epochs are raised then starts over)\n"
    assert main(["clean", "--state", "--dry-run"]) == 0
    assert capsys.readouterr().out == said
    assert (tmp_path / "results/state/digits/a.pt").exists()
    assert main(["clean", "--state"]) == 0
    assert capsys.readouterr().out == f"{said}results/state: freed\n"
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["runs"]
    assert main(["clean", "--state"]) == 0  # nothing is left to free
    assert "0 files, 0.0 MB" in capsys.readouterr().out


def test_clean_frees_nothing_unasked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["clean"])
    assert "choose what to free: --state, --by-hand" in capsys.readouterr().err


def test_after_clean_a_run_trains_anew_and_gives_the_same_bytes(whole, data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    state = Path("results/state/run.pt")
    run = make_run(epochs=3)
    stage.train(run, code="code", data=data, out=tmp_path / "out", state_path=state)
    main(["clean", "--state"])
    capsys.readouterr()
    stage.train(run, code="code", data=data, out=tmp_path / "out", state_path=state)
    assert f"{run.path}: starting\n" in capsys.readouterr().out
    assert comparable(tmp_path / "out") == whole
    assert read_json(tmp_path / "out/run.json")["epochs_done"] == 3
