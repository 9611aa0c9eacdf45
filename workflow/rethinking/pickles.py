"""Reading pickles that may come from elsewhere: arrays of numbers or text in builtin containers, and nothing else.

Nothing that a pickle names is imported. What NumPy's own pickles name is done by the stand-ins below; the real ones
take any state that a pickle gives them, and with it the memory of the process.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

KINDS = "biufcSU"  # of numpy.dtype: numbers and text, no objects, no structures


class _DType:
    """Stands for numpy.dtype."""

    def __init__(self, name: str, align: object = False, copy: object = False) -> None:
        self.dtype = np.dtype(str(name))
        if self.dtype.kind not in KINDS:
            raise pickle.UnpicklingError(f"it holds an array of {self.dtype}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, byte_order, subarray, names, fields, *_ = state
        if (subarray, names, fields) != (None, None, None):
            raise pickle.UnpicklingError("it holds an array of structures")
        self.dtype = self.dtype.newbyteorder(byte_order)


class _Array(np.ndarray):
    """Stands for an array until all of the pickle is read."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        version, shape, dtype, in_fortran_order, data = state
        super().__setstate__((version, shape, dtype.dtype, in_fortran_order, data))


def _reconstruct(kind: object, shape: object, dtype: object) -> _Array:
    return np.empty(0, np.uint8).view(_Array)  # `__setstate__` says what it holds


def _from_buffer(data: bytes, dtype: _DType, shape: tuple[int, ...], order: Any) -> np.ndarray:
    return np.frombuffer(data, dtype.dtype).reshape(shape, order=order)


def _encoded(text: str, encoding: str) -> bytes:
    """How protocols below 3 write bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it holds bytes in the encoding {encoding!r}")
    return str(text).encode("latin1")


def _no_bytes() -> bytes:
    """How they write none."""
    return b""


_STAND_INS: dict[tuple[str, str], object] = {
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _encoded,
    ("__builtin__", "bytes"): _no_bytes,
}
for _package in ("numpy.core", "numpy._core"):
    _STAND_INS[f"{_package}.multiarray", "_reconstruct"] = _reconstruct
    _STAND_INS[f"{_package}.numeric", "_frombuffer"] = _from_buffer


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(
                f"it refers to {module}.{name}, which is neither a NumPy array nor a builtin container"
            )
        return _STAND_INS[module, name]


def _finished(value: Any) -> Any:
    """The value with plain arrays in it."""
    match value:
        case _Array():
            return value.view(np.ndarray)
        case dict():
            return {key: _finished(each) for key, each in value.items()}
        case list() | tuple():
            return type(value)(map(_finished, value))
        case _DType():
            return value.dtype
    return value


def loads(data: bytes, name: str, **options: Any) -> Any:
    """Unpickle bytes; raises ValueError with `name` where they hold anything but arrays and builtin containers."""
    try:
        return _finished(_Unpickler(io.BytesIO(data), **options).load())
    except Exception as error:  # damaged bytes make an unpickler raise whatever its operations raise
        raise ValueError(f"{name}: not loaded: {error}") from None


def load(path: str | Path, **options: Any) -> Any:
    """Unpickle a file; raises ValueError naming the file where it holds anything but arrays and builtin containers."""
    return loads(Path(path).read_bytes(), str(path), **options)
