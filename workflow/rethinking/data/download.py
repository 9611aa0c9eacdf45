"""The original files of a data set from wherever they can be had: a folder of the user's, then mirrors in order.

A file is fetched to a temporary name, its size and hashes are checked, then it is renamed: nothing wrong is ever kept.
"""

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rethinking.data.originals import Original, forms, lying_in
from rethinking.data.progress import Say
from rethinking.data.transfer import Fault, Patience, transfer

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
    patience: Patience = Patience(),
    say: Say = print,
) -> None:
    """Bring every expected file into `out`, unless it lies there already; raises ValueError with all that was tried.

    `bases` are folders or addresses that are searched before the mirrors, for the files and for what they unpack to.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, values in expected.items():
        try:
            lying_in(out, name, values)
        except ValueError:
            failures = _obtain(_ways(dataset, name, values, urls.get(name, ()), bases), out, patience, say)
            if failures:
                raise ValueError(_message(dataset, name, failures, expected, out)) from None


def _ways(
    dataset: str, name: str, values: Mapping[str, Any], urls: Sequence[str], bases: Sequence[str]
) -> list[Way]:
    """The ways to a file, best first."""
    folders = [folder for base in bases for folder in (base.rstrip("/"), f"{base.rstrip('/')}/{dataset}")]
    every_form = forms(name, values)
    local = [[(each, f"{folder}/{each.name}") for each in form] for form in every_form for folder in folders]
    return local + [[(every_form[0][0], url)] for url in urls]


def _obtain(ways: list[Way], out: Path, patience: Patience, say: Say) -> dict[str, list[str]]:
    """Go the ways in order, in rounds while faults are passing; every fault by place, nothing where one way worked."""
    failures: dict[str, list[str]] = {}
    for round in range(patience.rounds):
        if round:
            time.sleep(patience.pause * 2 ** (round - 1))
        again = []
        for way in ways:
            # A slow server is better than none, so the second time round it may be slow.
            hurried = round == 0 and len(ways) > 1
            if (failed := _go(way, out, patience, hurried, say)) is None:
                return {}
            place, why = failed
            failures.setdefault(place, []).append(str(why))
            if why.passing:
                again.append(way)
        if not (ways := again):
            break
    return failures


def _go(way: Way, out: Path, patience: Patience, hurried: bool, say: Say) -> tuple[str, Fault] | None:
    """Bring all files of one way into `out`; the place that failed and its fault, or None."""
    for original, place in way:
        target = out / original.name
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        # Not the process's number alone: two machines that share a folder may have the same.
        temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
        started = time.monotonic()
        try:
            transfer(place, temporary, original, patience, hurried, say)
            size = temporary.stat().st_size
            os.replace(temporary, target)
        except Fault as why:
            say(f"{place}: {why}")
            return place, why
        finally:
            temporary.unlink(missing_ok=True)
        say(f"{place}: {size:,} bytes in {time.monotonic() - started:.1f} s, checked")
    return None


def _sweep(target: Path) -> None:
    """Delete what killed downloads of this file have left behind."""
    for path in target.parent.glob(f".{target.name}.*.part"):
        if time.time() - path.stat().st_mtime > ABANDONED:
            path.unlink(missing_ok=True)


def _message(dataset: str, name: str, failures: Mapping[str, list[str]], expected: Expected, out: Path) -> str:
    lines = [f"{dataset}: {name} could not be had. Tried:"]
    for place, reasons in failures.items():
        different = list(dict.fromkeys(reasons))
        times = f" ({len(reasons)} times)" if len(reasons) > 1 else ""
        lines.append(f"  {place}: {', then '.join(different)}{times}")
    lines.append("What to do: get it elsewhere and put it there by hand; size and hashes will be checked.")
    for other, values in list(expected.items())[list(expected).index(name) :]:
        packed, *unpacked = forms(other, values)
        lines.append(f"  {out / other}: {packed[0]}")
        if unpacked:
            lines.append(f"    or unpacked: {', '.join(each.name for each in unpacked[0])}")
    lines.append("Or name the folder (or base address) that holds it as data_dir in the configuration.")
    return "\n".join(lines)
