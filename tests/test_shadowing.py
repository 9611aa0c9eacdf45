"""Files of a user's own, whatever they are called, are imported by nothing that runs beside them."""

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_workflow import Checkout

# Every module of Python's, and of the packages that are imported here.
NAMES = {*sys.stdlib_module_names, "numpy", "torch", "yaml", "jsonschema", "PIL", "matplotlib", "pandas", "requests"}
MANIFEST, TABLE = "results/data/digits-50/manifest.json", "results/tables/tiny/table1.csv"
RUN = ("train", "--dataset", "digits-50", "--model", "mlp-w0.05", "--recipe", "quick", "--out", "by-hand")


def lay(folder: Path, names: set[str]) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / f"{name}.py").write_text(f"raise ImportError('the {name}.py of a user')\n")


def make(target: str, checkout: Checkout, *options: str, **variables: str) -> None:
    called = checkout.snakemake("--cores", "1", *options, "--", target, **variables)
    assert called.returncode == 0, called.stdout + called.stderr
    assert (checkout / target).exists()


@pytest.mark.slow
def test_files_beside_the_snakefile_break_no_job(fresh_checkout):
    lay(fresh_checkout.folder, NAMES)
    make(TABLE, fresh_checkout)


def test_nor_do_files_of_another_working_folder(fresh_checkout, tmp_path):
    lay(tmp_path / "mine", NAMES)
    make(MANIFEST, Checkout(tmp_path / "mine"), "-s", "../checkout/Snakefile")


@pytest.mark.parametrize("pythonpath", [":", ":{}:"])
def test_nor_where_pythonpath_has_an_empty_entry(pythonpath, fresh_checkout, tmp_path):
    """Which means the working folder, to Snakemake too: what that itself imports can't lie there."""
    lay(fresh_checkout.folder, {"numpy", "torch", "matplotlib"})
    make(MANIFEST, fresh_checkout, PYTHONPATH=pythonpath.format(tmp_path))


def test_nor_a_run_by_hand(fresh_checkout):
    """Python imports some modules for `-m` before the first line of ours: with those names it needs `-P`."""
    script = "import pkgutil, runpy, sys; print(*sys.modules)"
    early = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    lay(fresh_checkout.folder, NAMES - set(early.stdout.split()))
    called = fresh_checkout.rethinking(*RUN)
    assert called.returncode == 0, called.stdout + called.stderr


def test_nor_one_with_the_option_p_of_python(fresh_checkout):
    lay(fresh_checkout.folder, NAMES)
    called = fresh_checkout.python("-P", "-m", "rethinking", *RUN, PYTHONPATH=str(fresh_checkout / "workflow"))
    assert called.returncode == 0, called.stdout + called.stderr
