"""What tests of studies and of scripts beside the package share: a configuration by its name, a script as a module."""

import importlib.util
from pathlib import Path
from types import ModuleType

from rethinking.config import CHECKOUT, Configuration


def load(name: str) -> Configuration:
    """A study's configuration."""
    return Configuration.load(CHECKOUT / f"config/studies/{name}.yaml")


def script(file: Path) -> ModuleType:
    """A Python file that lies in no package."""
    spec = importlib.util.spec_from_file_location(f"{file.parent.name}_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
