"""The dry runs of tests are forked from one process: they say what Snakemake itself says."""

import os
import re
import sys

import pytest
import snakemake_forks

# When, which, and from where: Snakemake notes the last as it is imported, and only prints it.
OF_A_CALL = re.compile(
    r"^\[.*\]$|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|^  Run directory: .*$",
    re.MULTILINE,
)


def lines(printed: str) -> list[str]:
    """What is printed, without what is of one call and with jobs in one order."""
    return sorted(OF_A_CALL.sub("", printed).splitlines())


@pytest.mark.parametrize("target", ["figures/fig1.pdf", "figures/fig9.pdf"], ids=["what can be made", "what cannot"])
def test_a_forked_dry_run_says_and_returns_what_one_of_its_own_does(fresh_checkout, target):
    arguments = ("--dry-run", "--cores", "2", "--", target)
    forked = fresh_checkout.snakemake(*arguments, PYTHONHASHSEED="0")
    itself = fresh_checkout.call(sys.executable, "-P", "-m", "snakemake", *arguments, PYTHONHASHSEED="0")
    assert forked.returncode == itself.returncode == (target != "figures/fig1.pdf")
    for one, other in ((forked.stdout, itself.stdout), (forked.stderr, itself.stderr)):
        assert lines(one) == lines(other)
    assert target in forked.stdout + forked.stderr


def test_a_call_has_the_variables_and_the_folder_that_it_is_given_and_none_of_the_call_before(tmp_path):
    (tmp_path / "Snakefile").write_text(
        'import os\nprint(os.environ.get("GIVEN"), os.getcwd(), flush=True)\nrule all:\n'
    )
    printed = []
    for given in ({"GIVEN": "one"}, {}):
        called = snakemake_forks.call(tmp_path, ("-n", "--quiet", "all"), {**os.environ, **given})
        printed.append((called.stdout + called.stderr).splitlines()[0])
    assert printed == [f"one {tmp_path}", f"None {tmp_path}"]
