"""The golden proof: what data, networks and trainings come out as, in numbers that a refactoring must leave alone.

A case is a name and a function from an empty folder to its facts, plain JSON; tests/golden/<part>.json holds what they
were. Text, whole numbers and digests of arrays must be equal. Other numbers may differ by `TOLERANCE`: networks compute
in float64 here, where processors differ by some 1e-15 and not, as in float32, by what a few steps make into percents.
What is left comes from what stays in float32, the first weights and the loss: 1.5e-6 at most, tried with AVX-512, AVX2
and SSE in torch, oneDNN, MKL and NumPy. A constant that is another by a percent is seen by its thousandfold or more.
"""

import contextlib
import hashlib
import io
import json
import math
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tiny_runs

Facts = dict[str, Any]
Case = Callable[[Path], Facts]

GOLDEN = Path(__file__).parents[1] / "golden"
TOLERANCE = 1e-5  # of a number's size, and where it is below one in all
LOOSE = 0.03  # of what is computed in bfloat16, whose rounding each processor places elsewhere


def parts() -> dict[str, Mapping[str, Case]]:
    """All cases, by part and name."""
    from proof import data, functions, networks, trainings

    return {"data": data.CASES, "networks": networks.CASES, "trainings": trainings.CASES, "functions": functions.CASES}


def array_facts(array: np.ndarray) -> str:
    """An array's type, shape and bytes, the same whatever wrote it."""
    content = np.ascontiguousarray(array)
    return f"{content.dtype} {content.shape} {hashlib.sha256(content.tobytes()).hexdigest()[:16]}"


def facts_of(case: Case) -> Facts:
    """What a case comes out as now, as JSON would give it back."""
    quiet = contextlib.redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as folder, tiny_runs.torch_as_it_was(), quiet:
        return json.loads(json.dumps(_rounded(case(Path(folder)))))


def _rounded(value: Any) -> Any:
    """Ten digits of every number, which is more than the tolerance asks for."""
    if isinstance(value, dict):
        return {str(key): _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.10g}") if isinstance(value, float) and math.isfinite(value) else value


def differences(found: Any, golden: Any, tolerance: float = TOLERANCE, where: str = "") -> list[str]:
    """Where two values of facts differ, one line each: what it is now, what it was."""
    if isinstance(found, dict) and isinstance(golden, dict):
        keys = [*golden, *(key for key in found if key not in golden)]
        pairs = [(found.get(key, "missing"), golden.get(key, "missing"), f"{where}.{key}".strip(".")) for key in keys]
        return [line for one, other, key in pairs for line in differences(one, other, tolerance, key)]
    if isinstance(found, list) and isinstance(golden, list) and len(found) == len(golden):
        places = enumerate(zip(found, golden, strict=True))
        return [line for i, (one, other) in places for line in differences(one, other, tolerance, f"{where}[{i}]")]
    if isinstance(found, float) and isinstance(golden, float | int):
        same = math.isclose(found, golden, rel_tol=tolerance, abs_tol=tolerance)
    else:
        same = found == golden and isinstance(found, bool) == isinstance(golden, bool)
    return [] if same else [f"{where}: {found!r}, golden {golden!r}"]


def read(part: str) -> dict[str, Facts]:
    """The golden facts of a part, by case."""
    return json.loads((GOLDEN / f"{part}.json").read_text())


def write(part: str, cases: Mapping[str, Case]) -> None:
    """Write what the cases of a part come out as now, one a line."""
    lines = [f"{json.dumps(name)}: {json.dumps(facts_of(case))}" for name, case in cases.items()]
    (GOLDEN / f"{part}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
