"""Accept existing results after a change of code that alters no number (`make accept` tests that first)."""

import argparse

from rethinking.config import Configuration
from rethinking.files import read_json, write_json
from rethinking.provenance import train_code
from rethinking.stages.by_hand import RESULTS


def main(argv: list[str]) -> None:
    """Write the checkout's code digest into every run.json of the configuration; the old one is kept beside it."""
    parser = argparse.ArgumentParser(prog="python -m rethinking accept", description=__doc__)
    parser.add_argument("--configfile", help="configuration; config/config.yaml by default")
    args = parser.parse_args(argv)
    configuration = Configuration.load(args.configfile)
    runs = {run.path: run for section in configuration.sections for run in configuration.runs(section)}
    for path, run in runs.items():
        file = RESULTS / "runs" / path / "run.json"
        if not file.exists():
            continue
        summary = read_json(file)
        if summary["config_digest"] == run.digest and summary["code_digest"] != (code := train_code(run)):
            summary["accepted_from"] = [*summary.get("accepted_from", []), summary["code_digest"]]
            summary["code_digest"] = code
            write_json(file, summary)
            print(f"accepted {file}")
