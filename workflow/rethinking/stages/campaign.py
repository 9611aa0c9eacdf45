"""As much of a configuration as some minutes allow: Snakemake, stopped cleanly, and an archive of what has finished.

Snakemake trains in the order of the configuration. When the time is over, trainings save where they stand and end;
the same command goes on from there. After every run that finishes, the small files of all finished runs are written
as one archive, for machines of which nothing else comes back; it unpacks in a checkout's root, for `record`.
"""

import argparse
import contextlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType

from rethinking.files import atomic, read_json, sha256
from rethinking.outcomes.progress import of_score
from rethinking.stages.by_hand import RESULTS

PACKED = ("run.json", "metrics.csv", "evaluations.csv", "steps.csv", "measures.csv", "points.csv")
POLL = 0.5  # seconds
GRACE = 60.0  # seconds that trainings have for saving their state before they are killed, which costs an epoch or two


def finished(runs: Path) -> dict[Path, str]:
    """The folders of runs that are complete, and the sha256 of their run.json, which is written last.

    Not its time: Snakemake touches what a job has made.
    """
    found = {}
    for file in sorted(runs.glob("*/*/*/*/seed*/run.json")):
        with contextlib.suppress(FileNotFoundError):  # a run that starts anew
            found[file.parent] = sha256(file)
    return found


def small_files(folder: Path) -> dict[tarfile.TarInfo, bytes]:
    """The small files of a run; those that its recipe does not ask for are missing."""
    found = {}
    for file in (folder / name for name in PACKED):
        with contextlib.suppress(FileNotFoundError):
            member, content = tarfile.TarInfo(file.as_posix()), file.read_bytes()
            member.size, member.mtime = len(content), int(file.stat().st_mtime)  # which says the day of a run
            found[member] = content
    return found


def pack(files: Iterable[dict[tarfile.TarInfo, bytes]], archive: Path) -> None:
    """Write files as .tar.xz, whole or not at all."""
    with atomic(archive) as temporary, tarfile.open(temporary, "w:xz") as tar:
        for member, content in (item for each in files for item in each.items()):
            tar.addfile(member, io.BytesIO(content))


def line_of(folder: Path, runs: Path) -> str:
    """What a finished run came to."""
    summary = read_json(folder / "run.json", final=dict, epochs_done=int, seconds=(int, float))
    train, test = (of_score(summary["final"][part]) for part in ("train", "test"))
    took = f"{summary['epochs_done']} epochs, {summary['seconds']:.0f} s"
    return f"{folder.relative_to(runs)}: train {train}, test {test} ({took})"


class Finished:
    """What has finished under `runs`: reported once a run, packed whenever there is more.

    What was packed once stays packed: Snakemake deletes what a job has made where it is ended before it has noted it.
    """

    def __init__(self, runs: Path, archive: Path | None) -> None:
        self.runs, self.archive = runs, archive
        self.before = self.known = finished(runs)
        self.files: dict[Path, dict[tarfile.TarInfo, bytes]] = {}
        if archive:
            self.files = {folder: small_files(folder) for folder in self.known}

    def look(self) -> None:
        """Report and pack what has finished since the last look."""
        now = finished(self.runs)
        new = [folder for folder, checksum in now.items() if self.known.get(folder) != checksum]
        for folder in new:
            print(f"finished: {line_of(folder, self.runs)}", flush=True)
        self.known = self.known | now
        if self.archive and self.known and (new or not self.archive.exists()):
            self.files |= {folder: small_files(folder) for folder in new}
            pack(self.files.values(), self.archive)

    @property
    def num_new(self) -> int:
        return sum(self.before.get(folder) != checksum for folder, checksum in self.known.items())


@contextlib.contextmanager
def told_to_stop() -> Iterator[list[int]]:
    """Signals that end the process are gathered instead of obeyed."""
    numbers: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        numbers.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield numbers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def campaign(arguments: list[str], seconds: float, runs: Path, archive: Path | None, grace: float = GRACE) -> int:
    """Call Snakemake, end it after `seconds` or when this process is told to end; its exit code, 0 where it was ended.

    Trainings get SIGINT, at which they save their state, as Snakemake does, which then starts no more.
    """
    done, started = Finished(runs, archive), time.monotonic()
    # A group of its own: a signal reaches Snakemake and every training at once.
    process = subprocess.Popen([sys.executable, "-m", "snakemake", *arguments], start_new_session=True)
    stopped = None
    with told_to_stop() as signals:
        while process.poll() is None:
            now = time.monotonic()
            if stopped is None and (signals or now - started >= seconds):
                why = signal.Signals(signals[0]).name if signals else "the time is over"
                print(f"{why}: trainings save their state and end", flush=True)
                os.killpg(process.pid, signal.SIGINT)
                stopped = now
            if stopped is not None and now - stopped >= grace:
                os.killpg(process.pid, signal.SIGKILL)
            done.look()
            time.sleep(POLL)
        if stopped is not None:
            _await_group(process.pid, stopped + grace)
        done.look()
    packed = f"; all {len(done.known)} are in {archive}" if archive and done.known else ""
    print(f"{done.num_new} runs finished in {(time.monotonic() - started) / 60:.1f} minutes{packed}", flush=True)
    return process.returncode if stopped is None else 0


def _await_group(group: int, until: float) -> None:
    """Wait until no process of the group is left; those that still are at `until` are killed."""
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.killpg(group, 0)
            time.sleep(POLL)
        os.killpg(group, signal.SIGKILL)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m rethinking campaign",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, required=True, help="after which trainings save their state and end")
    parser.add_argument("--pack", type=Path, metavar="FILE", help="archive (.tar.xz) of the finished runs' small files")
    parser.add_argument("snakemake", nargs="+", metavar="-- ARGUMENT", help="what Snakemake is called with")
    args = parser.parse_args(argv)
    if not args.minutes > 0:
        raise ValueError(f"--minutes = {args.minutes:g}: must be more than 0")
    if args.pack and not args.pack.name.endswith(".tar.xz"):
        raise ValueError(f"--pack = {args.pack}: must end in .tar.xz")
    if code := campaign(args.snakemake, 60 * args.minutes, RESULTS / "runs", args.pack):
        sys.exit(code)
