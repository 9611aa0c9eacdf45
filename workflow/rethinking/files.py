"""Reading and writing files so that nobody ever sees half of one, not even after a power cut.

Every writer goes through `atomic`: the bytes are written to a temporary name in the same folder, brought to the disk
and renamed.
"""

import codecs
import contextlib
import csv
import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block ends well, delete it otherwise.

    An OSError that does not say where (what a full disk raises while a file is written) is raised again with `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(temporary_name(path.name))
    try:
        yield temporary
        rename(temporary, path)
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(stem: str, suffix: str = "tmp") -> str:
    """A hidden name that nobody else has.

    Not by the process's number: two machines or containers that share a folder may have the same.
    """
    return f".{stem}.{uuid.uuid4().hex}.{suffix}"


def rename(temporary: Path, path: Path) -> None:
    """Put a file that is whole in the place of `path`, for good.

    Where the power fails, a file system may keep the new name and lose the bytes, so these go to the disk first.
    """
    to_disk(temporary)
    temporary.replace(path)
    with contextlib.suppress(OSError):  # some file systems cannot do it for a folder; the name is then theirs to keep
        to_disk(path.parent)


def to_disk(path: Path) -> None:
    """Wait until what a file or a folder holds is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_leftovers(path: str | Path) -> None:
    """Delete the temporary files of `path` that a killed process left; for files that only one process writes."""
    path = Path(path)
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


def broken(path: str | Path, problem: object) -> ValueError:
    """The error of a file that the pipeline wrote and that is not what it wrote any more: the file, and the way out."""
    return ValueError(f"{path}: {problem}; delete it, and what made it makes it again")


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


def read_json(path: str | Path, **parts: type | tuple[type, ...]) -> dict[str, Any]:
    """Read a JSON file that holds a mapping with at least these keys, each of its type.

    Raises ValueError naming the file where it is empty, torn or another one, FileNotFoundError where there is none.
    """
    try:
        value = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise broken(path, f"it is empty or torn, no JSON ({error})") from None
    if not isinstance(value, dict):
        raise broken(path, "it holds no keys and values")
    for key, kind in parts.items():
        if not isinstance(value.get(key), kind):
            raise broken(path, f"it holds no {key!r}" if key not in value else f"its {key!r} is not what belongs there")
    return value


def read_csv(path: str | Path, **options: Any) -> "pd.DataFrame":
    """Read a CSV file that the pipeline wrote; raises ValueError naming it where it is empty or torn."""
    import pandas as pd

    data = Path(path).read_bytes()
    try:
        table = pd.read_csv(io.BytesIO(data), **options)
    except ValueError as error:
        raise broken(path, f"it is empty or torn ({error})") from None
    if not data.endswith(b"\n"):
        raise broken(path, "it is torn, its last row does not end")
    return table


def write_csv(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV (empty cell for None), or remove what an earlier job left where there are none."""
    path = Path(path)
    if not rows:
        path.unlink(missing_ok=True)
        return
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_array(path: str | Path) -> np.ndarray:
    """Read an .npy file that the pipeline wrote; raises ValueError naming it where it is empty or torn."""
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise broken(path, f"it is empty or torn ({error})") from None


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


def read_manifest(folder: str | Path, **parts: type) -> dict[str, Any]:
    """The manifest of a folder of arrays, with further keys that it must hold; raises what `read_json` raises."""
    manifest = read_json(path := Path(folder) / "manifest.json", arrays=dict, **parts)
    for name, array in manifest["arrays"].items():
        if not _describes_array(array):
            raise broken(path, f"it does not say what {name} is")
    return manifest


def _describes_array(value: Any) -> bool:
    """Whether a manifest's entry is what `save_array` gives."""
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in ("dtype", "sha256")):
        return False
    shape = value.get("shape")
    return isinstance(shape, list) and bool(shape) and all(type(side) is int for side in shape)


def load_array(folder: str | Path, name: str, manifest: dict[str, Any]) -> np.ndarray:
    """Load `<folder>/<name>.npy`; raises ValueError if its bytes are not those that the manifest describes."""
    path = Path(folder) / f"{name}.npy"
    if name not in manifest["arrays"]:
        raise broken(path.with_name("manifest.json"), f"it does not say what {name} is")
    expected = manifest["arrays"][name]["sha256"]
    if (found := sha256(path)) != expected:
        raise ValueError(
            f"{path}: its sha256 is {found}, but manifest.json says {expected}; delete the folder to make it again"
        )
    return read_array(path)
