"""What files hold, as one sha256 each, remembered: a configuration is read for every job, and pictures may be many.

A file counts as the one that was read while its state is the same, by which a file is noticed as well that has taken
another one's place and kept its own size and time, as `mv` does.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rethinking import files

MEMORY = Path("results/pictures")  # in the working folder, where the results are
SETTLED = 2.0  # seconds: younger than that, a file may change once more without another time
MANY = 1 << 30  # bytes that take long enough to say so

Memory = dict[str, list[Any]]  # by name: the state of the file, and last its sha256
CHANGED = 2  # in a state: the time of the last change of anything, which no program can set


def digests(root: Path, names: Sequence[str]) -> dict[str, str]:
    """The sha256 of files below `root` by their names; only those are read that are not remembered.

    Raises OSError where one cannot be read. Several processes may do this at once.
    """
    place = MEMORY / f"{files.digest(str(root.resolve()))[:16]}.json"
    began = time.time_ns()
    known = _remembered(place)
    states = {name: _state(root / name) for name in names}
    unread = [name for name in names if known.get(name, [])[:-1] != states[name]]
    if (size := sum(states[name][0] for name in unread)) >= MANY:
        print(f"{root}: reading {len(unread):,} pictures, {size / 1e9:.1f} GB, this once", file=sys.stderr, flush=True)
    found = {name: known[name][-1] for name in set(names).difference(unread)}
    found |= {name: files.sha256(root / name) for name in unread}
    settled = began - SETTLED * 1e9
    memory = {name: [*states[name], found[name]] for name in names if states[name][CHANGED] < settled}
    if memory != known:
        _remember(place, memory)
    return {name: found[name] for name in names}


def _state(path: Path) -> list[int]:
    """Size, the times of the last change of its content and of anything, inode."""
    found = path.lstat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _remembered(place: Path) -> Memory:
    """What is remembered; nothing where the file is missing or torn."""
    try:
        memory = files.read_json(place)
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) and all(isinstance(each, list) for each in memory.values()) else {}


def _remember(place: Path, memory: Memory) -> None:
    """Write it down where there are results; where that cannot be done, files are read again the next time."""
    if not MEMORY.parent.is_dir():
        return
    try:
        with files.atomic(place) as temporary:
            temporary.write_text(files.canonical_json(memory), encoding="utf-8")
    except OSError:
        return
