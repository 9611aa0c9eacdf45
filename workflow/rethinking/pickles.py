"""Reading pickles that may come from elsewhere: only NumPy arrays and builtin containers are admitted."""

import pickle
from pathlib import Path
from typing import Any

_ADMITTED = {
    (f"{package}.{module}", name)
    for package in ("numpy.core", "numpy._core")
    for module, name in (("multiarray", "_reconstruct"), ("numeric", "_frombuffer"))
} | {("numpy", "ndarray"), ("numpy", "dtype")}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(
                f"it refers to {module}.{name}, which is neither a NumPy array nor a builtin container"
            )
        return super().find_class(module, name)


def load(path: str | Path, **options: Any) -> Any:
    """Unpickle a file; raises ValueError naming the file where it holds anything but arrays and builtin containers."""
    with open(path, "rb") as file:
        try:
            return _Unpickler(file, **options).load()
        except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, ValueError) as error:
            raise ValueError(f"{path}: not loaded: {error}") from None
