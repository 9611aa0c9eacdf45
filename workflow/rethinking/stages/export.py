"""Runs in the form of other programs: `export tensorboard`, all as event files; `export crate`, what is recorded as an
RO-Crate; `export RUN`, one run's network.

Of a network there are a plain state dict of torch, ONNX with --onnx, and a model card.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

from rethinking.files import read_csv
from rethinking.stages.by_hand import RESULTS
from rethinking.stages.out import file_or_folder
from rethinking.stages.sealing import left_by_run, read_run

STEPS = "Step"
NOT_SHOWN = ("Epoch", STEPS)  # what the others are drawn against
NEEDS = "tensorboardX is not installed: pip install tensorboardX"


def runs_below(folder: Path) -> list[Path]:
    """The folders of finished runs below one, which may be a run's own; ValueError where there is none."""
    found = sorted(file.parent for file in folder.rglob("run.json"))
    if not found:
        raise ValueError(f"{folder} holds no finished run")
    return found


def scalars(run: Path) -> Iterator[tuple[str, float, int, float]]:
    """Every number of a run's metrics.csv: its column, the value, the step, seconds of training until then.

    Raises ValueError naming a file that is torn or not the run's own.
    """
    metrics = read_csv(left_by_run(run, read_run(run), "metrics.csv"))
    for row in metrics.to_dict("records"):
        for column, value in row.items():
            if column not in NOT_SHOWN and not math.isnan(value):
                yield str(column), float(value), int(row[STEPS]), float(row["Totaltime"])


def tensorboard(runs: Path, out: Path) -> list[Path]:
    """Write an event file for each finished run below `runs` to a folder of its own below `out`; these folders.

    A run's numbers are at the steps and at the seconds of training at which they were measured, counted from the end of
    the run. What an earlier call wrote of a run is replaced.
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise ValueError(NEEDS) from None
    written = []
    for run in runs_below(runs):
        folder = out / run.relative_to(runs)
        for file in folder.glob("events.out.tfevents.*"):
            file.unlink()
        ended, numbers = (run / "metrics.csv").stat().st_mtime, list(scalars(run))
        last = max(seconds for *_, seconds in numbers)
        with SummaryWriter(str(folder)) as writer:
            for column, value, step, seconds in numbers:
                writer.add_scalar(column, value, step, ended - last + seconds)
        written.append(folder)
    return written


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking export", description=__doc__)
    what = "for which program, the RO-Crate of what is recorded, or the folder of a finished run"
    parser.add_argument("what", metavar="tensorboard|crate|RUN", help=what)
    parser.add_argument("--out", type=file_or_folder, required=True, help="folder to write; of a crate also a .zip")
    parser.add_argument("--runs", type=Path, help=f"of tensorboard: folder of runs (default: {RESULTS / 'runs'})")
    parser.add_argument("--onnx", action="store_true", help="of RUN: write the network as ONNX, too")
    parser.add_argument("--configfile", help="of RUN: configuration with its data set; config/config.yaml by default")
    args = parser.parse_args(argv)
    if args.what in ("tensorboard", "crate") and (args.onnx or args.configfile):
        parser.error("--onnx and --configfile are for the network of one RUN")
    if args.what == "tensorboard":
        folders = tensorboard(args.runs or RESULTS / "runs", args.out)
        print(f"{args.out}: {len(folders)} runs; tensorboard --logdir {args.out} shows them")
        return
    if args.runs:
        parser.error("--runs is for tensorboard; name the folder of one run alone")
    if args.what == "crate":
        from rethinking.stages import crate
        from rethinking.stages.record import KEPT

        print(f"{args.out}: {crate.write(KEPT, args.out)} files, an RO-Crate")
        return
    from rethinking.stages.export_network import export_network
    from rethinking.stages.saved import read_saved
    from rethinking.stages.saved_data import configuration_of

    saved = read_saved(Path(args.what))
    files = export_network(saved, configuration_of(saved, args.configfile), args.out, args.onnx)
    print(f"{args.out}: {', '.join(file.name for file in files)} (the model card)")
