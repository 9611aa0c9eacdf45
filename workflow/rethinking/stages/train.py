"""Train one run: data and corruption in, metrics.csv, confusion.pkl (of classes), run.json, weights.safetensors out."""

import argparse
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from safetensors import SafetensorError
from tqdm import tqdm

from rethinking.analysis.registry import MEASURES
from rethinking.engine import ledger, results
from rethinking.engine.allocation import keep_freed_memory
from rethinking.engine.device import choose_device
from rethinking.engine.loop import InterruptionError, Sets, fit
from rethinking.engine.optim import make_optimiser
from rethinking.engine.records import EpochRecord
from rethinking.engine.reproducibility import machine, make_deterministic, resolved_precision, versions, warn_of_slow
from rethinking.engine.state import State
from rethinking.engine.stopping import Fits, stopped_by
from rethinking.outcomes.progress import Epoch, started
from rethinking.run import RunConfig
from rethinking.stages.claim import claimed
from rethinking.stages.placement import place
from rethinking.stages.run_folder import load_data, write_outputs

SCHEMA = 1
# Of the state: what a killed run loses at most, beside the epoch that it is in. Saved at each epoch, it would take a
# third of a short run's time.
SECONDS_BETWEEN_SAVES = 2.0


class Signals:
    """While it is entered, SIGTERM and SIGINT are noted instead of obeyed.

    Calling it raises InterruptionError after one came; `number` is the signal's, 0 before.
    """

    def __init__(self) -> None:
        self.number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        self._before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = number

    def __call__(self) -> None:
        if self.number:
            raise InterruptionError(signal.Signals(self.number).name)


def report(record: EpochRecord) -> str:
    """One line for the log."""
    return Epoch(
        epoch=record.epoch,
        step=record.step,
        learning_rate=record.learning_rate,
        online_loss=record.online_loss,
        train_accuracy=record.last.train_accuracy,
        test_accuracy=record.last.test_accuracy,
        seconds=record.seconds,
    ).line()


def train(
    run: RunConfig,
    *,
    code: str,
    made_from: str | None = None,
    made_by: dict[str, Any] | None = None,
    data: Path,
    corrupted: Path | None = None,
    redrawn: Sequence[Path] = (),
    split: Path | None = None,
    out: Path,
    state_path: Path,
    seconds_between_saves: float = SECONDS_BETWEEN_SAVES,
) -> dict[str, Any]:
    """Train `run` to its end, from a saved state where there is one; return what run.json holds.

    `code` is the digest of the code that the run reaches, `made_from` that of what its data were made from, if known,
    `made_by` whose it is (rethinking.owners).

    The state is saved after an epoch, but not more often than `seconds_between_saves`, and at the end. A signal that
    ends the process (SIGTERM, SIGINT) saves it first, wherever the run is; the exit code is then 128 + its number.
    """
    print(started(run.path, socket.gethostname(), os.getpid(), run.training.epochs), flush=True)
    device = choose_device()
    precision = resolved_precision(run.training.precision, device)
    warn_of_slow(precision, device)
    make_deterministic(precision)
    if run.training.resize is None:  # the layers of larger images leave gaps that would take 0.2 GB for nothing
        keep_freed_memory()
    with_ledger = run.training.ledger
    arrays, manifest, of_data = load_data(data, corrupted, split, redrawn, ledger=with_ledger)
    labels = ledger.labels_of(arrays) if with_ledger else None
    model, sets = place(arrays, run, len(manifest["classes"]), precision, device)

    measured = run.training.measures
    initial = {name: parameter.detach().clone() for name, parameter in model.named_parameters()} if measured else {}
    state = State(model, make_optimiser(model, run.training), ledger={} if with_ledger else None)
    data_sha256 = of_data["data_sha256"]
    identity = {"configuration": run.state_digest, "code": code, "data": data_sha256, "precision": precision}
    print(f"{run.path}: {state.resume(state_path, identity, run.training)}", flush=True)
    note_machine(run, state, f"{machine(device)}, torch {torch.__version__}")
    measures = {name: partial(MEASURES[name].load(), initial=initial) for name in measured}
    fits = Fits(state.records)
    with Signals() as signals, progress_bar(run, state) as bar:
        saved, is_saved = time.monotonic(), True
        try:
            for record in fit(sets, run, state, measures=measures, watch=signals):
                is_last = stopped_by(state.records, run.training) is not None
                if is_last or time.monotonic() - saved >= seconds_between_saves:
                    is_saved, saved = save(state, state_path, identity), time.monotonic()
                bar.update()
                for line in (report(record), *fits.met_by(record)):
                    bar.write(line, file=sys.stdout)
        except InterruptionError as interruption:
            is_saved = save(state, state_path, identity)  # while a second signal is still only noted
            print(f"{run.path}: {interruption}, stopped; the same command {goes_on(is_saved)}", flush=True)
            sys.exit(128 + signals.number)

    digests = {"code_digest": code, "data_made_from": made_from, **of_data, **({"made_by": made_by} if made_by else {})}
    summary = summarise(run, state, sets, device, digests)
    print(f"{run.path}: stopped by {summary['stopped_by']} after {summary['epochs_done']} epochs", flush=True)
    try:
        write_outputs(out, state, run.training, summary, sets, manifest["classes"], labels)
    except (OSError, SafetensorError) as error:
        message = f"{out}: the results were not written ({error}); the same command {goes_on(is_saved)}"
        raise ValueError(message) from error
    return summary


def note_machine(run: RunConfig, state: State, here: str) -> None:
    """Say on what the run computes, and note it in the state where that is new to it."""
    before = [machine for machine in state.machines if machine != here]
    others = f"; before, on {', '.join(before)}: no one machine gives this run's bytes again" if before else ""
    print(f"{run.path}: computes on {here}{others}", flush=True)
    is_over = stopped_by(state.records, run.training) is not None
    if here not in state.machines and not is_over:
        state.machines.append(here)


def progress_bar(run: RunConfig, state: State) -> tqdm:
    """A bar over the run's epochs where a terminal is attached."""
    return tqdm(total=run.training.epochs, initial=len(state.records), unit="epoch", disable=not sys.stderr.isatty())


def save(state: State, path: Path, identity: dict[str, str]) -> bool:
    """Save the state, if that can be done; where not (a full disk, say), there is less to resume from."""
    try:
        state.save(path, identity)
    except OSError as error:
        print(f"warning: the state was not saved, training goes on: {error}", flush=True)
        return False
    return True


def goes_on(is_saved: bool) -> str:
    """What the same command does after this one has ended."""
    return "goes on from here" if is_saved else "starts from what was saved before, if anything was: this was not"


def summarise(
    run: RunConfig, state: State, sets: Sets, device: torch.device, digests: dict[str, Any]
) -> dict[str, Any]:
    """What run.json holds; `digests` are those of code and data, and whose the run is."""
    last = state.records[-1]
    return {
        "schema": SCHEMA,
        "dataset": run.dataset,
        "model": run.model,
        "corruption": run.corruption,
        "recipe": run.recipe,
        "seed": run.seed,
        "config": json.loads(run.json),
        "config_digest": run.digest,
        **digests,
        "device": machine(device),
        **({"machines": state.machines} if len(state.machines) > 1 else {}),
        "precision": sets.precision,
        "versions": versions(device),
        "num_parameters": sum(p.numel() for p in state.model.parameters() if p.requires_grad),
        "num_train": len(sets.train.labels),
        "num_test": len(sets.test.labels),
        "num_classes": sets.task.num_classes,
        "epochs_done": last.epoch,
        "stopped_by": stopped_by(state.records, run.training),
        "fit": results.fits(state.records),
        "best_validation": best_validation(run, state, sets),
        "final": results.final(last),
        "seconds": last.total_seconds,
    }


def best_validation(run: RunConfig, state: State, sets: Sets) -> dict[str, Any] | None:
    """The best epoch by the validation set, and by which of its labels where these were corrupted."""
    if state.best is None:
        return None
    labels = "true_labels" if run.training.true_validation_labels else "given_labels"
    chosen_by = {} if sets.other_labels is None else {"labels": labels}
    return {"epoch": state.best.epoch, "accuracy": state.best.accuracy, **chosen_by}


def main(argv: list[str]) -> None:
    """What a rule calls; by hand, `python -m rethinking train --help` takes names instead."""
    parser = argparse.ArgumentParser(prog="python -m rethinking train")
    parser.add_argument("--run", required=True, type=json.loads, help="the run's values, JSON")
    parser.add_argument("--code", required=True, help="digest of the code that the run reaches")
    parser.add_argument("--made-from", help="digest of what the data were made from")
    parser.add_argument("--made-by", type=json.loads, help="whose this is, for other configurations")
    parser.add_argument("--data", required=True, type=Path, help="folder of the prepared data set")
    parser.add_argument("--corrupted", type=Path, help="folder of the corrupted arrays")
    parser.add_argument(
        "--redrawn", nargs="+", type=Path, default=[], help="folders of the labels given later, in their order"
    )
    parser.add_argument("--split", type=Path, help="folder of the indices of training and validation set")
    parser.add_argument("--out", required=True, type=Path, help="folder of the results")
    parser.add_argument("--state", required=True, type=Path, help="file of the saved state")
    args = parser.parse_args(argv)
    run = RunConfig.from_json(args.run)
    with claimed(run.path, args.state):
        train(
            run,
            code=args.code,
            made_from=args.made_from,
            made_by=args.made_by,
            data=args.data,
            corrupted=args.corrupted,
            redrawn=args.redrawn,
            split=args.split,
            out=args.out,
            state_path=args.state,
        )
