"""Train one run: data and corruption in, metrics.csv, confusion.pkl, run.json and weights.safetensors out."""

import argparse
import csv
import json
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from tqdm import tqdm

from rethinking.analysis.registry import MEASURES
from rethinking.data.preprocess import preprocess
from rethinking.engine import results
from rethinking.engine.device import choose_device
from rethinking.engine.initialisation import initialise
from rethinking.engine.loop import Split, fit
from rethinking.engine.optim import make_optimiser
from rethinking.engine.records import EpochRecord
from rethinking.engine.reproducibility import generator, machine, make_deterministic, resolved_precision, versions
from rethinking.engine.state import State
from rethinking.engine.stopping import stopped_by
from rethinking.files import atomic, digest, load_array, read_json, write_json
from rethinking.models.registry import MODELS
from rethinking.run import RunConfig

SCHEMA = 1


def load_data(data: Path, corrupted: Path | None) -> tuple[dict[str, np.ndarray], dict[str, Any], str]:
    """The run's four arrays, the data set's manifest and one digest of the arrays' bytes.

    An array that the corruption changes comes from its folder. Raises ValueError where a file's bytes are not those
    of its manifest.
    """
    manifest = read_json(data / "manifest.json")
    folders = dict.fromkeys(manifest["arrays"], (data, manifest))
    if corrupted is not None:
        changed = read_json(corrupted / "manifest.json")
        folders |= dict.fromkeys(changed["arrays"], (corrupted, changed))
    checksums = {name: owner["arrays"][name]["sha256"] for name, (_, owner) in folders.items()}
    arrays = {name: load_array(folder, name, owner) for name, (folder, owner) in folders.items()}
    return arrays, manifest, digest(checksums)


def split(arrays: dict[str, np.ndarray], name: str, training: dict[str, Any], device: torch.device) -> Split:
    """Images and labels of "train" or "test", whitened, on the device."""
    images = preprocess(arrays[f"{name}_images"], crop=training["crop"], whitening=training["whitening"])
    return Split(torch.from_numpy(images).to(device), torch.from_numpy(arrays[f"{name}_labels"]).to(device))


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows as CSV (empty cell for None), or remove what an earlier run left where there are none."""
    if not rows:
        path.unlink(missing_ok=True)
        return
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_outputs(
    out: Path, state: State, training: dict[str, Any], summary: dict[str, Any], classes: list[str]
) -> None:
    """Everything that a run leaves, each file whole or not at all, run.json last."""
    records = state.records
    # It says that the files beside it are complete and belong together, so an earlier run's goes first.
    (out / "run.json").unlink(missing_ok=True)
    write_csv(out / "metrics.csv", results.metrics(records))
    write_csv(out / "evaluations.csv", results.evaluations(records) if training["evaluations_per_epoch"] > 1 else [])
    write_csv(out / "steps.csv", results.steps(records))
    write_csv(out / "measures.csv", results.measures(state.initial_measures or {}, records))
    with atomic(out / "confusion.pkl") as temporary:
        temporary.write_bytes(pickle.dumps(results.confusion(records, classes), protocol=4))
    with atomic(out / "weights.safetensors") as temporary:
        save_file({name: tensor.cpu().contiguous() for name, tensor in state.model.state_dict().items()}, temporary)
    write_json(out / "run.json", summary)


def report(record: EpochRecord) -> str:
    """One line for the log."""
    train = record.last.train_accuracy
    return (
        f"epoch {record.epoch:4d}  step {record.step:7d}  rate {record.learning_rate:.3g}  "
        f"online loss {record.online_loss:.4f}  train {'-' if train is None else f'{train:.2f} %'}  "
        f"test {record.last.test_accuracy:.2f} %  {record.seconds:.2f} s"
    )


def train(
    run: RunConfig, *, code: str, data: Path, corrupted: Path | None, out: Path, state_path: Path
) -> dict[str, Any]:
    """Train `run` to its end, from a saved state where there is one; return what run.json holds."""
    device = choose_device()
    training = run.training
    precision = resolved_precision(training["precision"], device)
    make_deterministic(precision)

    arrays, manifest, data_sha256 = load_data(data, corrupted)
    sets = {name: split(arrays, name, training, device) for name in ("train", "test")}
    classes = manifest["classes"]
    model: nn.Module = MODELS[run.factory].load()(
        num_classes=len(classes), input_shape=tuple(sets["train"].images.shape[1:]), **run.arguments
    )
    initialise(model, training["initialisation"], generator(run.seed, "initialisation"))
    memory_format = getattr(model, "memory_format", torch.contiguous_format)
    model = model.to(device).to(memory_format=memory_format)
    sets = {
        name: Split(part.images.contiguous(memory_format=memory_format), part.labels) for name, part in sets.items()
    }

    state = State(model, make_optimiser(model, training))
    identity = {"configuration": run.state_digest, "code": code, "data": data_sha256, "precision": precision}
    print(f"{run.path}: {state.resume(state_path, identity, training)}", flush=True)
    measures = {name: MEASURES[name].load() for name in training["measures"]}
    epochs = fit(
        sets["train"], sets["test"], run, state, num_classes=len(classes), precision=precision, measures=measures
    )
    with tqdm(
        total=training["epochs"], initial=len(state.records), unit="epoch", disable=not sys.stderr.isatty()
    ) as bar:
        for record in epochs:
            state.save(state_path, identity)
            bar.update()
            bar.write(report(record), file=sys.stdout)

    records = state.records
    reason = stopped_by(records, training)
    print(f"{run.path}: stopped by {reason} after {records[-1].epoch} epochs", flush=True)
    summary = {
        "schema": SCHEMA,
        "dataset": run.dataset,
        "model": run.model,
        "corruption": run.corruption,
        "recipe": run.recipe,
        "seed": run.seed,
        "config": json.loads(run.json),
        "config_digest": run.digest,
        "code_digest": code,
        "data_sha256": data_sha256,
        "device": machine(device),
        "precision": precision,
        "versions": versions(),
        "num_parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "num_train": len(sets["train"].labels),
        "num_test": len(sets["test"].labels),
        "num_classes": len(classes),
        "epochs_done": records[-1].epoch,
        "stopped_by": reason,
        "fit": results.fits(records),
        "best_validation": None,
        "final": results.final(records[-1]),
        "seconds": records[-1].total_seconds,
    }
    write_outputs(out, state, training, summary, classes)
    return summary


def main(argv: list[str]) -> None:
    """What a rule calls; by hand, `python -m rethinking train --help` takes names instead."""
    parser = argparse.ArgumentParser(prog="python -m rethinking train")
    parser.add_argument("--run", required=True, type=json.loads, help="the run's slice of the configuration, JSON")
    parser.add_argument("--code", required=True, help="digest of the code that the run reaches")
    parser.add_argument("--data", required=True, type=Path, help="folder of the prepared data set")
    parser.add_argument("--corrupted", type=Path, help="folder of the corrupted arrays")
    parser.add_argument("--out", required=True, type=Path, help="folder of the results")
    parser.add_argument("--state", required=True, type=Path, help="file of the saved state")
    args = parser.parse_args(argv)
    train(
        RunConfig.from_dict(args.run),
        code=args.code,
        data=args.data,
        corrupted=args.corrupted,
        out=args.out,
        state_path=args.state,
    )
