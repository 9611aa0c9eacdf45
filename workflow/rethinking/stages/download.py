"""Stage `download`: the original files of a data set into a folder, checked, and a manifest of what they must be."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rethinking import files
from rethinking.config import Configuration, datasets, jobs
from rethinking.data.download import Expected
from rethinking.data.download import download as fetch
from rethinking.data.manifests import read_first_came
from rethinking.data.originals import pinned
from rethinking.data.transfer import is_address
from rethinking.schema import ConfigOrigins
from rethinking.stages.out import new_folder

DOWNLOADS = Path("results/downloads")


def download(
    dataset: str, expected: Expected, urls: dict[str, list[str]], out: Path, bases: Sequence[str] = ()
) -> None:
    """Bring the expected files into `out` and, last, write `manifest.json`.

    The manifest says what the files are, not where they came from nor whether they lie there packed or unpacked. A file
    whose hash nobody knows is trusted when it first arrives: from then on the manifest says which it was.
    """
    fetch(dataset, expected, urls, out, bases=bases, say=_say)
    found = {name: pinned(out / name, values) for name, values in expected.items()}
    hold_to_first(out, {name: found[name] for name, values in expected.items() if "unverified" in values})
    for name in expected:
        if found[name] != expected[name]:
            _say(
                f"{name}: nobody has published its hash, so it could not be checked. It has these, and is held to them"
                f" from now on: bytes: {found[name]['bytes']}, sha256: {found[name]['sha256']}. With them in the"
                " configuration in the place of `unverified`, so is every later download."
            )
    manifest = {"schema": 1, "dataset": dataset, "files": found}
    files.write_json(out / "manifest.json", json.loads(files.canonical_json(manifest)))


def hold_to_first(out: Path, found: Expected) -> None:
    """That a file which nothing else could tell is the one that first came; which that was, `first-came.json` says.

    Raises ValueError where it is another, with both sha256.
    """
    record = out / "first-came.json"  # Snakemake deletes the manifest before it runs this stage again
    first = read_first_came(record) if record.exists() else {}
    for name, values in found.items():
        if name in first and first[name]["sha256"] != values["sha256"]:
            raise ValueError(
                f"{out / name}: its sha256 is {values['sha256']}, that of the file that first came"
                f" {first[name]['sha256']}; nobody has published which is right. Delete {out / name} to fetch it again,"
                f" or {record} to take it"
            )
    if found:
        files.write_json(record, {name: {key: found[name][key] for key in ("bytes", "sha256")} for name in found})


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(argv: list[str]) -> None:
    """Command line: `python -m rethinking download --dataset cifar10`."""
    parser = argparse.ArgumentParser(prog="python -m rethinking download", description=__doc__)
    parser.add_argument("--dataset", required=True, metavar="NAME", help="see: python -m rethinking list datasets")
    parser.add_argument("--configfile", help="configuration; config/config.yaml by default")
    parser.add_argument(
        "--data-dir", metavar="PLACE", help="folder or base address that is searched before the mirrors"
    )
    parser.add_argument(
        "--out", type=new_folder, metavar="DIR", help=f"default: {DOWNLOADS}/<the data set that has the files>"
    )
    parser.add_argument("--files", type=json.loads, metavar="JSON", help="sizes and hashes by file, from a rule")
    parser.add_argument("--urls", type=json.loads, metavar="JSON", help="mirrors by file, from a rule")
    arguments = parser.parse_args(argv)
    name, expected, urls, data_dir = arguments.dataset, arguments.files, arguments.urls, arguments.data_dir
    if expected is None:
        configuration = Configuration.load(arguments.configfile)
        ConfigOrigins("command line").require_known("--dataset", name, "data set", configuration.datasets)
        if (name := datasets.download_name(configuration, arguments.dataset)) is None:
            raise ValueError(f"--dataset = {arguments.dataset}: has no files to download")
        expected, urls = jobs.download_job(configuration, name), jobs.urls(configuration)[name]
        data_dir = data_dir or configuration.data_dir
    if data_dir and not is_address(data_dir) and not Path(data_dir).is_dir():
        raise ValueError(f"--data-dir = {data_dir}: there is no such folder")
    bases = [data_dir] if data_dir else []
    download(name, expected, urls or {}, arguments.out or DOWNLOADS / name, bases)
