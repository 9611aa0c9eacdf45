"""What a saved network says of whole sets: accuracy, loss and confusion matrix, by the weights that a run left."""

import argparse
import math
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from rethinking.engine.device import choose_device
from rethinking.engine.evaluation import Score
from rethinking.engine.reproducibility import machine, make_deterministic
from rethinking.engine.results import finite
from rethinking.files import read_csv, write_json
from rethinking.outcomes.columns import RUN
from rethinking.stages.matrices import read_matrices
from rethinking.stages.out import new_file
from rethinking.stages.placement import place
from rethinking.stages.saved import Saved, give_weights, read_saved
from rethinking.stages.saved_data import Arrays, classes_of, other_data, own_data
from rethinking.stages.sealing import left_by_run

PARTS = {"train": "training", "validation": "validation", "test": "test"}
NUMBERS = ("accuracy", "loss")  # in percent; in nats, of a regression squared errors
MOST_SHOWN = 20  # classes of a matrix that is printed


def scores(saved: Saved, arrays: Arrays, with_train: bool, device: torch.device) -> dict[str, Score]:
    """Scores of the test set, of the validation set where images are held out, and of the training set if asked.

    Everything is as the run had it after the epoch of its weights, its precision too. Empties `arrays`.
    """
    precision = saved.summary["precision"]
    make_deterministic(precision)
    images = "images of {}x{}x{}".format(*arrays["test_images"].shape[1:])
    model, sets = place(arrays, saved.run, saved.summary["num_classes"], precision, device)
    give_weights(saved, model, images)
    found = sets.in_epoch(saved.epoch).score(model, with_train, lambda: None)
    return {part: found[part] for part in PARTS if part in found}


def said_by_run(saved: Saved) -> dict[str, dict[str, Any]]:
    """Accuracy and loss of each set that the run had after the epoch of its weights, and the test set's `confusion`.

    Those of the last epoch are in run.json, others in metrics.csv; a set that was not scored then is left out. Raises
    ValueError for a file that is not the run's.
    """
    folder, summary = saved.folder, saved.summary
    said = {part: dict(score) for part, score in summary["final"].items() if score}
    if saved.epoch != summary["epochs_done"]:
        metrics = read_csv(left_by_run(folder, summary, "metrics.csv"), dtype=str)  # every digit counts
        row = metrics[metrics["Epoch"] == str(saved.epoch)].iloc[0]
        of_epoch = {part: {key: float(row[part.title() + key.title()]) for key in NUMBERS} for part in said}
        said = {part: score for part, score in of_epoch.items() if not math.isnan(score["loss"])}
    if summary["num_classes"]:
        said["test"]["confusion"] = read_matrices(folder, summary)["matrices"][saved.epoch - 1].tolist()
    return said


def compared(score: Score, classes: list[str], said: dict[str, Any] | None) -> dict[str, Any]:
    """A score as JSON has it, and `in_run`, what the run's files say of the same set: None of another data set."""
    found: dict[str, Any] = {"accuracy": score.accuracy, "loss": finite(score.loss)}
    num = len(score.found)
    if classes:
        num, found["confusion"] = int(score.found.sum()), score.found.tolist()
    return {"images": num, **found, "in_run": said}


def line(part: str, found: dict[str, Any]) -> str:
    """One line on a set: what was found, and whether the run had the same."""
    text, said = f"{found['images']:,} {PARTS[part]} images: {_words(found)}", found["in_run"]
    if said is None:
        return text
    same = all(found[key] == value for key, value in said.items())
    return f"{text}; the run had {'the same' if same else _words(said)}"


def _words(score: dict[str, Any]) -> str:
    loss = "loss not finite" if score["loss"] is None else f"loss {score['loss']:.6g}"
    return loss if score["accuracy"] is None else f"accuracy {score['accuracy']:.2f} %, {loss}"


def shown(matrix: list[list[int]], classes: list[str]) -> str:
    """A confusion matrix as text."""
    if len(classes) > MOST_SHOWN:
        return f"a confusion matrix of {len(classes)} classes: --out writes it"
    return "rows true, columns predicted:\n" + pd.DataFrame(matrix, classes, classes).to_string()


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m rethinking evaluate", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run: results/runs/…/seed0")
    parser.add_argument("--dataset", help="test it on another data set, whose classes are among the run's")
    parser.add_argument("--train", action="store_true", help="score the training images as well")
    parser.add_argument("--configfile", help="configuration that has the data set; config/config.yaml by default")
    parser.add_argument("--out", type=new_file, metavar="FILE", help="write all of it as JSON, too")
    args = parser.parse_args(argv)
    saved, device = read_saved(args.run), choose_device()
    classes = classes_of(saved)
    if args.dataset is None:
        said, arrays = said_by_run(saved), own_data(saved, args.configfile)
    else:
        said, arrays = {}, other_data(saved, args.configfile, args.dataset)
    found = scores(saved, arrays, args.train, device)
    sets = {part: compared(score, classes, said.get(part)) for part, score in found.items()}
    dataset = args.dataset or saved.run.dataset
    told = [f"{args.run}: the weights after epoch {saved.epoch}, on {dataset}", *(line(*each) for each in sets.items())]
    print("\n".join([*told, *([shown(sets["test"]["confusion"], classes)] if classes else [])]))
    if args.out:
        names = {"run": {name: saved.summary[name] for name in RUN}, "epoch": saved.epoch, "dataset": dataset}
        where = {"device": machine(device), "precision": saved.summary["precision"]}
        write_json(args.out, {**names, **where, "classes": classes, "sets": sets})
