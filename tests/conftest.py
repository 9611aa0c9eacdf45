"""A small complete workflow, run once for real; the tests that need one change copies of it."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from tiny_workflow import TINY, Checkout

ROOT = Path(__file__).parents[1]

# A shell starts what runs in its background deaf to Ctrl-C, and so would be each workflow that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _remembered_elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test learns of pictures is not left among this checkout's results."""
    monkeypatch.setattr("rethinking.data.contents.MEMORY", tmp_path_factory.getbasetemp() / "pictures")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """One process of a parallel test session at a time."""
    with open(file, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def copy_sources(folder: Path) -> None:
    """Every file of this checkout that git knows or would add, results never among them."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(lambda name: name and (ROOT / name).is_file(), names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)


@pytest.fixture(autouse=True)
def smallest_numbers_are_kept() -> Iterator[None]:
    """A training in a test's own process rounds them to zero from then on, which other tests must not inherit."""
    yield
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_flush_denormal(False)


def written_in(folder: Path) -> dict[str, int]:
    """Every file and folder below one, with when it was last written, in nanoseconds."""
    return {str(path.relative_to(folder)): path.lstat().st_mtime_ns for path in folder.rglob("*")}


@pytest.fixture(scope="session")
def completed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a copy whose figure is made, to be read and copied by all tests at once.

    Nothing is called in it, for even a dry run writes there (the code compiled, Snakemake's records), while another
    test copies it: `checkout` is a copy of the test's own.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "completed"
    with locked(shared / "completed.lock"):
        if not (made := shared / "completed.made").exists():
            copy_sources(folder)
            (folder / "config/config.yaml").write_text(TINY)
            Checkout(folder).run()
            Checkout(folder).run("results/tables/tiny/table1.csv", target="results/tables/tiny/paper_vs_ours.csv")
            made.touch()
    before = written_in(folder)
    yield folder
    after = written_in(folder)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    assert changed == [], f"a test wrote in the completed workflow that all tests share: {changed}"


@pytest.fixture
def checkout(completed: Path, tmp_path: Path) -> Checkout:
    """A copy of the completed workflow, times and Snakemake's records included, at a path of its own."""
    return Checkout.copied(completed, tmp_path / "checkout")


@pytest.fixture
def fresh_checkout(completed: Path, tmp_path: Path) -> Checkout:
    """A copy in which nothing has been run."""
    written = shutil.ignore_patterns(".snakemake", "results", "figures")
    return Checkout(shutil.copytree(completed, tmp_path / "checkout", ignore=written))


@pytest.fixture
def torch_as_it_was() -> Iterator[None]:
    """What a training sets in torch for its whole process is set back after the test."""
    import tiny_runs

    with tiny_runs.torch_as_it_was():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny prepared digits of `tiny_runs`; a module may define another `data`."""
    import tiny_runs

    return tiny_runs.prepare_digits(tmp_path_factory.mktemp("data") / "digits")


@pytest.fixture
def authority(tmp_path_factory, monkeypatch) -> trustme.CA:
    """Signs for servers on 127.0.0.1, and is trusted while a test runs."""
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return authority
