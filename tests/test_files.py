"""Writing files: whole or not at all, by any number of processes, and on a disk that is full."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rethinking.files import atomic, save_array, write_json

ROOT = Path(__file__).parents[1]
WRITING = """
import os, sys
from pathlib import Path
from rethinking import files
files.os.getpid = lambda: 1  # as in each of several containers
for number in range(100):
    files.write_json(Path(sys.argv[1]), {"written by": sys.argv[2], "number": number})
"""


def test_processes_of_one_number_in_one_folder_do_not_get_in_each_others_way(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    command = [sys.executable, "-c", WRITING, str(tmp_path / "file.json")]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, env=environment) for name in "abc"]
    for writer in writers:
        _, complaints = writer.communicate(timeout=60)
        assert complaints == b""
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]


def full(path: Path) -> None:
    """As a file system says it that has no room left: without the file's name."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("write", [lambda path: write_json(path, {}), lambda path: save_array(path, np.zeros(3))])
def test_a_full_disk_is_told_with_the_file_that_found_no_room(write, tmp_path, monkeypatch):
    monkeypatch.setattr("rethinking.files.to_disk", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*file'$") as told:
        write(tmp_path / "file")
    assert told.value.filename == str(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_an_error_that_says_where_it_came_from_stays_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), atomic(tmp_path / "file"):
        (tmp_path / "elsewhere").read_bytes()
