"""A run is trained by one process at a time, whoever starts it."""

import subprocess
import sys
from pathlib import Path

import pytest

from rethinking.config import CHECKOUT
from rethinking.stages.claim import claimed

RUN = "digits/mlp_1x512/true_labels/small/seed0"
HOLD = f"""
import sys
from pathlib import Path
from rethinking.stages.claim import claimed
with claimed("{RUN}", Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holding(state: Path) -> subprocess.Popen[str]:
    """Another process that holds the run until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(state)],
        cwd=CHECKOUT / "workflow", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("ending", ["end", "kill"])
def test_another_process_has_it_until_it_ends_however_that_is(ending, tmp_path):
    state = tmp_path / "states/seed0.pt"
    with holding(state) as other:
        told = rf"^{RUN}: is being trained already, by process {other.pid} on \S+; end that first"
        with pytest.raises(ValueError, match=told), claimed(RUN, state):
            raise AssertionError("two hold it")
        with claimed(RUN, state.with_name("seed1.pt")):
            pass  # another run
        if ending == "kill":
            other.kill()
        else:
            other.communicate()
        other.wait()
        with claimed(RUN, state):
            assert [file.name for file in state.parent.iterdir()] == ["seed0.pt.lock"]
    assert not list(state.parent.iterdir())


def test_where_nothing_can_be_locked_it_is_trained_all_the_same(tmp_path):
    (tmp_path / "file").touch()
    trained = []
    with claimed(RUN, tmp_path / "file/seed0.pt"):
        trained.append(RUN)
    assert trained


def test_what_goes_wrong_while_it_is_held_is_told(tmp_path):
    with pytest.raises(FileNotFoundError), claimed(RUN, tmp_path / "seed0.pt"):
        raise FileNotFoundError
