"""Reading pickles that may come from elsewhere: arrays of numbers or text in builtin containers, and nothing else.

Nothing that a pickle names is imported. What NumPy's own pickles name is done by the stand-ins below; the real ones
take any state that a pickle gives them, and with it the memory of the process.

A few bytes can also stand for values without end, or name a place in a table of any size. So what is read takes no more
memory or time than the bytes that it is read from, up to a factor.
"""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

KINDS = "biufcSU"  # of numpy.dtype: numbers and text, no objects, no structures


def _text(value: object) -> str:
    """The value, which must be text: anything else would be walked to make it one."""
    if not isinstance(value, str):
        raise pickle.UnpicklingError("it holds something else in the place of a name")
    return value


class _DType:
    """Stands for numpy.dtype."""

    def __init__(self, name: object, align: object = False, copy: object = False) -> None:
        self.dtype = np.dtype(_text(name))
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


def _encoded(text: object, encoding: object) -> bytes:
    """How protocols below 3 write bytes."""
    if _text(encoding) != "latin1":
        raise pickle.UnpicklingError(f"it holds bytes in the encoding {encoding!r}")
    return _text(text).encode("latin1")


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


class _Unpickler(pickle._Unpickler):
    """The one that is written in Python: its memo is a dict, where the other's is an array up to the largest index."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)
    stack: list[Any]  # of what is read, since the last mark

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _STAND_INS:
            raise pickle.UnpicklingError(
                f"it refers to {module}.{name}, which is neither a NumPy array nor a builtin container"
            )
        return _STAND_INS[module, name]


def _with_plain_keys(opcode: bytes, keys: slice) -> None:
    """Let an opcode that fills a dict take numbers and text as keys alone: to hash a tuple is to walk all of it."""
    fill = _Unpickler.dispatch[opcode[0]]

    def checked(unpickler: _Unpickler) -> None:
        if not all(isinstance(key, str | bytes | int | float | None) for key in unpickler.stack[keys]):
            raise pickle.UnpicklingError("it holds a dict whose keys are neither numbers nor text")
        fill(unpickler)

    _Unpickler.dispatch[opcode[0]] = checked


_GIVE_STATE: Callable[[Any], None] = _Unpickler.dispatch[pickle.BUILD[0]]


def _build(unpickler: _Unpickler) -> None:
    """Give a stand-in its state; nothing else has any."""
    if not isinstance(unpickler.stack[-2], _DType | _Array):
        raise pickle.UnpicklingError("it gives a state to what has none")
    _GIVE_STATE(unpickler)


def _no_sets(unpickler: _Unpickler) -> None:
    raise pickle.UnpicklingError("it holds a set, which is neither a NumPy array nor a list, tuple or dict")


_with_plain_keys(pickle.SETITEM, slice(-2, -1))
_with_plain_keys(pickle.SETITEMS, slice(None, None, 2))
_with_plain_keys(pickle.DICT, slice(None, None, 2))
_Unpickler.dispatch[pickle.BUILD[0]] = _build
for _opcode in (pickle.EMPTY_SET, pickle.FROZENSET, pickle.ADDITEMS):
    _Unpickler.dispatch[_opcode[0]] = _no_sets


class _Finishing:
    """Puts plain arrays into a value of at most `left` parts: each has been written once, by a byte or more."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, value: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise pickle.UnpicklingError("it holds more values than bytes: one is in others again and again")
        match value:
            case _Array():
                return value.view(np.ndarray)
            case dict():
                return {key: self(each) for key, each in value.items()}
            case list() | tuple():
                return type(value)(map(self, value))
            case _DType():
                return value.dtype
        return value


def loads(data: bytes, name: str, **options: Any) -> Any:
    """Unpickle bytes; raises ValueError with `name` where they hold anything but arrays and builtin containers."""
    try:
        return _Finishing(len(data))(_Unpickler(io.BytesIO(data), **options).load())
    except Exception as error:  # damaged bytes make an unpickler raise whatever its operations raise
        told = str(error) or "it ends too early"
        problem = (
            told if told.startswith("it ") else f"it is damaged, or no pickle at all ({type(error).__name__}: {told})"
        )
        raise ValueError(f"{name}: not loaded: {problem}") from None


def load(path: str | Path, **options: Any) -> Any:
    """Unpickle a file; raises ValueError naming the file where it holds anything but arrays and builtin containers."""
    return loads(Path(path).read_bytes(), str(path), **options)
