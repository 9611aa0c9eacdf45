"""Where a run computes: the least occupied GPU, found by lock files, or the CPU."""

import fcntl
import os
import stat
import tempfile
from pathlib import Path

import torch

NVIDIA = Path("/dev/nvidiactl")  # there where the driver is


def choose_device(locks: Path | None = None) -> torch.device:
    """The first GPU on which the fewest of this user's runs compute, claimed for this process; else the CPU.

    How many runs share a GPU is a matter of Snakemake's resources. A GPU is known by its UUID, so that processes that
    see different ones of them agree.
    """
    if not torch.cuda.is_available():
        if NVIDIA.exists() and os.environ.get("CUDA_VISIBLE_DEVICES") != "":
            print("warning: this machine has an NVIDIA GPU that PyTorch does not see, so the CPU computes", flush=True)
        return torch.device("cpu")
    locks = _own_folder(locks or Path(tempfile.gettempdir()) / f"rethinking-gpus-{os.getuid()}")
    uuids = [str(torch.cuda.get_device_properties(index).uuid) for index in range(torch.cuda.device_count())]
    with open(locks / "choosing", "a") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        num_runs = [_num_runs(locks, uuid) for uuid in uuids]
        index = num_runs.index(min(num_runs))
        _claim(locks, uuids[index])
    # What names no GPU then means this one: a context on another would cost it memory.
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def _own_folder(folder: Path) -> Path:
    """The folder, made where it is missing; ValueError where another user made it, may write to it, or it is a link.

    In a folder for temporary files anybody may be the first to make one of any name.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        problem = "is a link, another user's or open to others, and runs say there which GPU they take"
        raise ValueError(f"{folder}: {problem}; delete it, or set TMPDIR to a folder of your own")
    return folder


def _num_runs(locks: Path, uuid: str) -> int:
    """How many live processes compute on a GPU; the files of dead ones are removed."""
    num_runs = 0
    for path in locks.glob(f"{uuid}.*"):
        with open(path, "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
            except BlockingIOError:
                num_runs += 1
    return num_runs


def _claim(locks: Path, uuid: str) -> None:
    """Lock a file of this process's own. Nobody closes it: it ends with the process, however that ends."""
    descriptor, _ = tempfile.mkstemp(prefix=f"{uuid}.", dir=locks)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
