"""A SLURM cluster on this machine for as long as a test takes; needs root on Debian or Ubuntu.

SLURM's packages are installed and stay. All else lies in one temporary folder, but for links in /etc/slurm, since the
jobs of Snakemake's plugin look for the configuration nowhere else. Every daemon is a child of this process and ends
with it, however it ends.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PACKAGES = ("munge", "slurm-client", "slurmctld", "slurmd")
LINKS = Path("/etc/slurm")
FILES = ("slurm.conf", "gres.conf", "cgroup.conf")
PREFIX = "rethinking-slurm-"
# Debian's word for "this daemon must not be started", asked of this program by every package that has one.
POLICY = Path("/usr/sbin/policy-rc.d")
NUM_NODES = 2

CONFIGURATION = """\
ClusterName=rethinking
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={controller_port}
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdSpoolDir={folder}/spool-%n
SlurmdPidFile={folder}/slurmd-%n.pid
# Containers and small virtual machines have no control groups to give away.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# Cores, memory and GPUs are counted, so that what a job asks for matters.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
# squeue shows ended jobs for so long: it is how Snakemake learns of their end.
MinJobAge=600
KillWait=2
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
MailProg=/bin/true
NodeName=n[0-{last}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{node_ports}] CPUs=1 RealMemory={memory} Gres=gpu:1
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def call(*command: str) -> str:
    """What a command prints; raises CalledProcessError where it fails."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def wait_until(happened: Callable[[], object], seconds: float, what: str) -> None:
    """Ask again and again; raises TimeoutError with `what` was waited for."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} seconds")
        time.sleep(0.2)


def is_installed(package: str) -> bool:
    asked = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout == "installed"


def install() -> None:
    """The packages that are missing, without starting their daemons."""
    missing = [package for package in PACKAGES if not is_installed(package)]
    if not missing:
        return
    made = not POLICY.exists()
    if made:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for step in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", "-qq", *step], check=True, env=environment, stdout=subprocess.DEVNULL)
    finally:
        if made:
            POLICY.unlink()


def free_ports(number: int) -> list[int]:
    """Neighbouring ports of which nobody listens to the first; the others are taken on trust."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        first = min(probe.getsockname()[1], 65_000)
    return [first + offset for offset in range(number)]


def configure(folder: Path) -> None:
    """Write the configuration files and the key."""
    controller, first, *_, last = free_ports(NUM_NODES + 1)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    text = CONFIGURATION.format(
        host=socket.gethostname().partition(".")[0],
        folder=folder,
        controller_port=controller,
        node_ports=f"{first}-{last}",
        last=NUM_NODES - 1,
        memory=memory // NUM_NODES,
    )
    (folder / "slurm.conf").write_text(text)
    # A GPU that is none: its file is only looked at.
    (folder / "gres.conf").write_text(f"NodeName=n[0-{NUM_NODES - 1}] Name=gpu File=/dev/null\n")
    (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(1024))
    (folder / "state").mkdir()


def link(folder: Path) -> None:
    """Put the configuration where SLURM looks for it; raises RuntimeError where another cluster's is."""
    LINKS.mkdir(exist_ok=True)
    for name in FILES:
        place = LINKS / name
        left_behind = place.is_symlink() and place.readlink().parent.name.startswith(PREFIX)  # by a killed test
        if os.path.lexists(place) and not left_behind:
            raise RuntimeError(f"{place} belongs to another cluster; this test would replace it")
        place.unlink(missing_ok=True)
        place.symlink_to(folder / name)


def unlink(folder: Path) -> None:
    for name in FILES:
        place = LINKS / name
        if place.is_symlink() and place.readlink() == folder / name:
            place.unlink()


def start(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    """A daemon in the foreground; the kernel ends it when this process is gone."""
    log = folder / f"{'-'.join(part.strip('-') for part in command if '/' not in part)}.log"
    with open(log, "wb") as output:
        bound = ["setpriv", "--pdeathsig", "TERM", "--", *command]
        return subprocess.Popen(bound, stdin=subprocess.DEVNULL, stdout=output, stderr=output)


def stop(daemons: list[subprocess.Popen[bytes]]) -> None:
    """The last one first."""
    for daemon in reversed(daemons):
        daemon.terminate()
        try:
            daemon.wait(timeout=10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def idle_nodes() -> int:
    asked = subprocess.run(["sinfo", "-h", "-N", "-o", "%T"], capture_output=True, text=True, check=False)
    return asked.stdout.split().count("idle")


def logs(folder: Path) -> str:
    """The last lines of every daemon."""
    tails = {log.name: log.read_text(errors="replace").splitlines()[-10:] for log in sorted(folder.glob("*.log"))}
    return "\n".join(f"{name}: {line}" for name, lines in tails.items() for line in lines)


@contextmanager
def slurm() -> Iterator[Path]:
    """The running cluster; yields its folder."""
    install()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o755)  # munged serves from nothing that others can write to
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        configure(folder)
        link(folder)
        names = {"key": "key-file", "socket": "socket", "pid": "pid-file", "seed": "seed-file"}
        options = [f"--{option}={folder}/munge.{suffix}" for suffix, option in names.items()]
        daemons.append(start(folder, "munged", "--foreground", *options))
        wait_until((folder / "munge.socket").exists, 10, "munged is there")
        daemons.append(start(folder, "slurmctld", "-D"))
        daemons += [start(folder, "slurmd", "-D", "-N", f"n{number}") for number in range(NUM_NODES)]
        try:
            wait_until(lambda: idle_nodes() == NUM_NODES, 60, "all nodes are idle")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{logs(folder)}") from None
        yield folder
    finally:
        end_jobs()
        stop(daemons)
        unlink(folder)
        shutil.rmtree(folder)


def end_jobs() -> None:
    """Cancel what still runs, and wait for it: its processes are children of the nodes, not of this process."""
    with suppress(subprocess.CalledProcessError, TimeoutError):
        call("scancel", f"--user={os.getuid()}")
        wait_until(lambda: not call("squeue", "--noheader"), 20, "all jobs have ended")
