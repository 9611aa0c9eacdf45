"""A run's files as it left them: run.json holds the sha256 of each, and who reads one asks whether it still is that.

Runs from before it did are read as well; of these `analysis.agreement` can tell less.
"""

from pathlib import Path
from typing import Any

from rethinking.files import broken, digest, read_json, sha256
from rethinking.run import WEIGHTS

FILES = (
    "metrics.csv", "evaluations.csv", "steps.csv", "measures.csv", "points.csv", "confusion.pkl", "ledger.npz",
    WEIGHTS,
)  # fmt: skip
# What `accept` writes into run.json when its run has long ended.
WRITTEN_LATER = ("code_digest", "data_made_from", "accepted_from")
REMEDY = "delete run.json beside it, and training the run again makes both"
# What run.json holds at least.
NAMES = {"dataset": str, "model": str, "corruption": str, "recipe": str, "seed": int}
PARTS: dict[str, type | tuple[type, ...]] = NAMES | {
    "config": dict, "config_digest": str, "code_digest": str, "device": str, "precision": str, "versions": dict,
    "num_parameters": int, "num_train": int, "num_test": int, "num_classes": int, "epochs_done": int, "stopped_by": str,
    "fit": dict, "best_validation": (dict, type(None)), "final": dict, "seconds": (int, float),
}  # fmt: skip


def sealed(folder: Path, summary: dict[str, Any]) -> dict[str, Any]:
    """What run.json holds: `summary`, the sha256 of every file that the run has left in `folder`, and its own digest.

    The latter is of everything in it but what `accept` writes later: which code the run counts as made by may change.
    """
    summary = summary | {"files": {name: sha256(folder / name) for name in FILES if (folder / name).exists()}}
    return summary | {"own_digest": _own_digest(summary)}


def read_run(folder: Path) -> dict[str, Any]:
    """A run's run.json; raises ValueError naming it where it is torn, another file, or edited."""
    summary = read_json(path := folder / "run.json", **PARTS)
    if "own_digest" in summary and summary["own_digest"] != _own_digest(summary):
        raise broken(path, "it was edited after the run had ended")
    if any(summary["config"].get(name) != summary[name] for name in NAMES):
        raise broken(path, "its names are not those of its own config")
    return summary


def left_by_run(folder: Path, summary: dict[str, Any], name: str) -> Path:
    """The path of one of a run's files; raises ValueError where it is not the one that the run left."""
    path = folder / name
    if not path.exists():
        raise ValueError(f"{path} is missing; delete run.json beside it to train the run again")
    if summary.get("files", {}).get(name) not in (None, sha256(path)):
        raise not_the_runs(path, "torn or edited, its sha256 is not the one in run.json")
    return path


def not_the_runs(path: Path, problem: str) -> ValueError:
    """The error of a file that is not what its run left, or of which run.json says something else."""
    return ValueError(f"{path}: {problem}; {REMEDY}")


def _own_digest(summary: dict[str, Any]) -> str:
    return digest({key: value for key, value in summary.items() if key not in ("own_digest", *WRITTEN_LATER)})
