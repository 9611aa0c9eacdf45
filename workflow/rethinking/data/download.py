"""The original files of a data set from wherever they can be had: a folder of the user's, then mirrors in order.

A file is fetched to a temporary name, its size and hashes are checked, then it is renamed: nothing wrong is ever kept.
"""

import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rethinking.data.originals import Original, forms, verified_paths
from rethinking.data.progress import Say
from rethinking.data.transfer import PATIENCE, Patience, TransferError, is_address, transfer
from rethinking.files import rename, temporary_name

ABANDONED = 3600.0  # seconds after which a temporary file that nobody writes to is left over from a killed process

Expected = Mapping[str, Mapping[str, Any]]
# One way to a file: everything of one of its forms, each with its place.
Way = list[tuple[Original, str]]


def download(
    dataset: str,
    expected: Expected,
    urls: Mapping[str, Sequence[str]],
    out: Path,
    *,
    bases: Sequence[str] = (),
    patience: Patience = PATIENCE,
    say: Say = print,
) -> None:
    """Bring every expected file into `out`, unless it lies there already; raises ValueError with all that was tried.

    `bases` are folders or addresses that are searched before the mirrors, for the files and for what they unpack to.
    """
    assert urls.keys() <= expected.keys(), f"mirrors of {sorted(urls)}, files {sorted(expected)}"
    out.mkdir(parents=True, exist_ok=True)
    for name, problem in _lacking(out, expected).items():
        ways = _ways(dataset, name, expected[name], urls.get(name, ()), bases)
        failures = _obtain(ways, out, patience, say)
        if failures is not None:
            raise ValueError(_message(dataset, name, problem, failures, expected, out))


def _lacking(out: Path, expected: Expected) -> dict[str, str]:
    """The files that do not lie in `out`, and why what lies there is none of them."""
    problems = {}
    for name, values in expected.items():
        try:
            verified_paths(out, name, values)
        except ValueError as problem:
            problems[name] = str(problem)
    return problems


def _ways(dataset: str, name: str, values: Mapping[str, Any], urls: Sequence[str], bases: Sequence[str]) -> list[Way]:
    """The ways to a file, best first."""
    folders = [folder for base in bases for folder in (base.rstrip("/"), f"{base.rstrip('/')}/{dataset}")]
    every_form = forms(name, values)
    local = [[(each, f"{folder}/{each.name}") for each in form] for form in every_form for folder in folders]
    return local + [[(every_form[0][0], url)] for url in urls]


def _obtain(ways: list[Way], out: Path, patience: Patience, say: Say) -> dict[str, list[str]] | None:
    """Go the ways in order, in rounds while faults are passing; None where one has worked, else all faults by place."""
    failures: dict[str, list[str]] = {}
    for attempt in range(patience.rounds):
        if attempt:
            time.sleep(patience.pause * 2 ** (attempt - 1))
        # A slow server is better than none: it is left for another one only the first time round.
        hurried = attempt == 0 and sum(is_address(way[0][1]) for way in ways) > 1
        passing = []
        for way in ways:
            if (failed := _go(way, out, patience, hurried, say)) is None:
                return None
            place, why = failed
            failures.setdefault(place, []).append(str(why))
            if why.passing:
                passing.append(way)
        if not (ways := passing):
            break
    return failures


def _go(way: Way, out: Path, patience: Patience, hurried: bool, say: Say) -> tuple[str, TransferError] | None:
    """Bring all files of one way into `out`; the place that failed and its fault, or None."""
    for original, place in way:
        stem = original.name.replace("/", "-")
        _sweep(out, stem)
        temporary = out / temporary_name(stem, "part")
        started = time.monotonic()
        try:
            transfer(place, temporary, original, patience, hurried, say)
            size = temporary.stat().st_size
            (out / original.name).parent.mkdir(exist_ok=True)
            rename(temporary, out / original.name)
        except TransferError as why:
            say(f"{place}: {why}")
            return place, why
        except OSError as error:  # a full disk, say: no fault of the place, the next one would meet it too
            raise ValueError(f"{out / original.name}: cannot be written: {error.strerror or error}") from None
        finally:
            temporary.unlink(missing_ok=True)
        checked = "checked" if original.hashes else "with nothing to check it by"
        say(f"{place}: {size:,} bytes in {time.monotonic() - started:.1f} s, {checked}")
    return None


def _sweep(out: Path, stem: str) -> None:
    """Delete what killed downloads of a file have left behind."""
    for path in out.glob(f".{stem}.*.part"):
        with contextlib.suppress(FileNotFoundError):  # another process has just finished it
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def _message(
    dataset: str, name: str, problem: str, failures: Mapping[str, list[str]], expected: Expected, out: Path
) -> str:
    lines = [f"{dataset}: {name} could not be had. Tried:" if failures else f"{dataset}: {name} has no mirror."]
    lines += [f"  {problem}"] if not problem.endswith("is missing") else []
    for place, reasons in failures.items():
        times = f" ({len(reasons)} times)" if len(reasons) > 1 else ""
        lines.append(f"  {place}: {', then '.join(dict.fromkeys(reasons))}{times}")
    lines.append("Get it elsewhere and put it there by hand (size and hashes will be checked):")
    for lacking in _lacking(out, expected):
        packed, *unpacked = forms(lacking, expected[lacking])
        lines.append(f"  {out / lacking}: {packed[0]}")
        lines += [f"    or what it unpacks to: {', '.join(each.name for each in form)}" for form in unpacked]
    lines.append("or set data_dir in the configuration to a folder or base address that has it.")
    return "\n".join(lines)
