"""One process at a time trains a run: a second one would delete what the first is writing.

Snakemake sees to it, unless it was killed and its jobs live on.
"""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def claimed(run: str, state: Path) -> Iterator[None]:
    """Hold a run by a lock on a file beside its saved state, which is free as soon as this process has ended.

    Raises ValueError naming host and process where another one holds it. Where no file can be written or locked, the
    run is not held.
    """
    path = state.with_name(f"{state.name}.lock")
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # a full or read-only disk, of which `save` tells; one that knows no locks
            held.enter_context(_locked(run, path))
            held.callback(path.unlink, missing_ok=True)  # while it is still locked
        yield


def _locked(run: str, path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, file):
                break
            file.close()  # whoever had it took it away after it was opened here
        except BlockingIOError:
            with file:
                file.seek(0)
                holder = file.read().strip() or "another process"
            problem = "end that first (a cluster's job: scancel), or wait for it"
            raise ValueError(f"{run}: is being trained already, by {holder}; {problem}") from None
        except OSError:
            file.close()
            path.unlink(missing_ok=True)
            raise
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}")
    file.flush()
    return file


def _is_at(path: Path, file: IO[str]) -> bool:
    try:
        return path.stat().st_ino == os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
