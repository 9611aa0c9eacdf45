"""Reading and writing files so that nobody ever sees half of one.

Every writer goes through `atomic`: the bytes are written to a temporary name in the same folder and renamed.
"""

import codecs
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block ends well, delete it otherwise."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_leftovers(path: str | Path) -> None:
    """Delete the temporary files of `path` that a killed process left; for files that only one process writes."""
    path = Path(path)
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces, so that equal values are equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Any) -> str:
    """sha256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def sha256(path: str | Path) -> str:
    """sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: str | Path, value: Any) -> None:
    """Write readable JSON in the order given; NaN and infinities are refused."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def read_text(path: str | Path, shown: str | None = None) -> str:
    """A file that people write: UTF-8, with or without the mark that some programs put before it.

    Raises ValueError naming the file, as `shown` where that is given, and the first line that is anything else.
    """
    data, shown = Path(path).read_bytes(), shown or str(path)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError(f"{shown}: is UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        byte = f"0x{data[error.start]:02x}"
        raise ValueError(f"{shown}:{line}: is not UTF-8 (the byte {byte}); save the file as UTF-8") from None


def save_array(path: str | Path, array: np.ndarray) -> dict[str, Any]:
    """Write `array` as .npy and return what a manifest holds of it: shape, dtype, sha256 of the file."""
    with atomic(path) as temporary:
        with open(temporary, "wb") as file:
            np.save(file, array, allow_pickle=False)
        checksum = sha256(temporary)
    return {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": checksum}


def load_array(folder: str | Path, name: str, manifest: dict[str, Any]) -> np.ndarray:
    """Load `<folder>/<name>.npy`; raises ValueError if its bytes are not those that the manifest describes."""
    path = Path(folder) / f"{name}.npy"
    expected = manifest["arrays"][name]["sha256"]
    if (found := sha256(path)) != expected:
        raise ValueError(
            f"{path}: its sha256 is {found}, but manifest.json says {expected}; delete the folder to make it again"
        )
    return np.load(path, allow_pickle=False)
