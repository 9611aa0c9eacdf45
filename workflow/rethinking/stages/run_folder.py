"""What a run reads and what it leaves: arrays checked against their manifests, result files whole or not at all."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save

from rethinking.data.manifests import place_of, read_corrupted, read_prepared, read_split
from rethinking.engine import ledger as ledgers
from rethinking.engine import results
from rethinking.engine.loop import Sets
from rethinking.engine.state import State
from rethinking.files import atomic, digest, load_array, remove_leftovers, write_csv, write_json
from rethinking.recipe import Recipe
from rethinking.run import WEIGHTS
from rethinking.stages.sealing import sealed


def load_data(
    data: Path,
    corrupted: Path | None,
    split: Path | None,
    redrawn: Sequence[Path] = (),
    *,
    ledger: bool = False,
) -> tuple[dict[str, np.ndarray], dict[str, Any], dict[str, Any]]:
    """The run's arrays, the data set's manifest, and what run.json holds of the arrays' bytes.

    That is `data_sha256`, one digest of all, and `arrays`, the sha256 of each by its place below the data set.

    An array that the corruption changes comes from its folder; `split` adds train_indices and validation_indices, and
    `redrawn`, folders of the same corruption with other seeds, redrawn_labels_1 and so on. Where images are held out
    and labels corrupted there are true_labels, those of all training images before that. With `ledger` they are there
    as ledger_labels, whatever was corrupted.
    Raises ValueError where a file's bytes are not those of its manifest, or a corruption was made from other arrays.
    """
    owners = _owners(data, corrupted, split, redrawn)
    arrays = {name: load_array(folder, stored, its) for name, (folder, stored, its) in owners.items()}
    wanted = {"true_labels": split is not None and owners["train_labels"][0] != data, "ledger_labels": ledger}
    for name in (name for name, is_wanted in wanted.items() if is_wanted):
        owners |= {name: (data, "train_labels", manifest := read_prepared(data))}
        arrays[name] = load_array(data, "train_labels", manifest)
    places = {place_of(its, stored): its["arrays"][stored]["sha256"] for _, stored, its in owners.values()}
    of_data = {"data_sha256": data_digest(data, corrupted, split, redrawn), "arrays": places}
    return arrays, read_prepared(data), of_data


def data_digest(data: Path, corrupted: Path | None, split: Path | None, redrawn: Sequence[Path] = ()) -> str:
    """One digest of the bytes of the arrays that a run takes, by their manifests."""
    owners = _owners(data, corrupted, split, redrawn)
    return digest({name: its["arrays"][stored]["sha256"] for name, (_, stored, its) in owners.items()})


def _owners(
    data: Path, corrupted: Path | None, split: Path | None, redrawn: Sequence[Path]
) -> dict[str, tuple[Path, str, dict[str, Any]]]:
    """For each of a run's arrays its folder, its name in there and that folder's manifest."""
    manifest = read_prepared(data)
    owners: dict[str, tuple[Path, str, dict[str, Any]]] = {name: (data, name, manifest) for name in manifest["arrays"]}
    for folder, read in ((corrupted, read_corrupted), (split, read_split)):
        if folder is not None:
            its = read(folder, manifest)
            owners |= {name: (folder, name, its) for name in its["arrays"]}
    for number, folder in enumerate(redrawn, 1):
        owners[f"redrawn_labels_{number}"] = (folder, "train_labels", read_corrupted(folder, manifest))
    return owners


def write_outputs(
    out: Path,
    state: State,
    recipe: Recipe,
    summary: dict[str, Any],
    sets: Sets,
    classes: list[str],
    labels: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Everything that a run leaves, each file whole or not at all, run.json last.

    `labels` are those of its training examples, given and true, where it keeps a ledger.
    """
    records = state.records
    # It says that the files beside it are complete and belong together, so an earlier run's goes first.
    (out / "run.json").unlink(missing_ok=True)
    remove_leftovers(out / "*")
    write_csv(out / "metrics.csv", results.metrics(records, recipe))
    write_csv(out / "evaluations.csv", results.evaluations(records, recipe) if recipe.evaluations_per_epoch > 1 else [])
    write_csv(out / "steps.csv", results.steps(records))
    write_csv(out / "measures.csv", results.measures(state.initial_measures or {}, records))
    _write_ledger(out / "ledger.npz", state, labels)
    write_csv(out / "points.csv", _predictions(state, recipe, sets))
    if classes:
        with atomic(out / "confusion.pkl") as temporary:
            temporary.write_bytes(pickle.dumps(results.confusion(records, classes), protocol=4))
    kept = results.keeps_best(recipe) and state.best
    weights = kept.weights if kept else state.model.state_dict()
    with atomic(out / WEIGHTS) as temporary:
        # Its own way to write files leaves one that only its owner may read, whatever the umask says.
        temporary.write_bytes(save({name: tensor.cpu().contiguous() for name, tensor in weights.items()}))
    write_json(out / "run.json", sealed(out, summary))


def _write_ledger(path: Path, state: State, labels: Mapping[str, np.ndarray] | None) -> None:
    """The run's ledger; or remove what an earlier run left where it keeps none."""
    if not state.ledger or labels is None:
        path.unlink(missing_ok=True)
        return
    arrays: dict[str, Any] = dict(ledgers.contents(list(state.ledger.values()), labels))
    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def _predictions(state: State, recipe: Recipe, sets: Sets) -> list[results.Row]:
    """points.csv, where the recipe asks for it."""
    if recipe.predictions_every is None:
        return []
    points = {
        name: (part.images.float().flatten(1).cpu(), part.labels.cpu())
        for name, part in (("train", sets.train), ("test", sets.test))
    }
    return results.predictions(state.records, recipe.predictions_every, points)
