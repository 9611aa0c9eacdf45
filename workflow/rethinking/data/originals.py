"""The original files of a data set: what the catalogue expects of each, and which of them lie in a folder.

A file counts where its size and its hashes are right, whoever put it there. What it unpacks to may stand in its place,
and so may the same content that somebody has gzipped anew.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ALGORITHMS = ("sha256", "md5")
BEGINNING = 4096  # bytes of a file that are looked at to tell a web page
LARGEST = 2 << 30  # bytes of a file whose size nobody has stated
REPACKED = 2  # how many times its size a file may have that somebody has gzipped anew


@dataclass(frozen=True)
class Original:
    """One file: its hashes by algorithm, its size and, of a gzipped one, its content's MD5, where they are known."""

    name: str
    hashes: dict[str, str]
    bytes: int | None = None
    content_md5: str | None = None

    @property
    def at_most(self) -> int:
        """Bytes that a file may have which could still be this one, in whatever form it is taken."""
        if self.bytes is None:
            return LARGEST
        return self.bytes if self.content_md5 is None else REPACKED * self.bytes + BEGINNING

    def __str__(self) -> str:
        size = [] if self.bytes is None else [f"{self.bytes:,} bytes"]
        known = [*size, *(f"{algorithm} {value}" for algorithm, value in self.hashes.items())]
        return ", ".join(known) or "size and hashes not known"


def forms(name: str, expected: Mapping[str, Any]) -> list[list[Original]]:
    """The ways in which a file may lie on disk: as it is published and, where that is known, unpacked."""
    hashes = {algorithm: expected[algorithm] for algorithm in ALGORITHMS if algorithm in expected}
    unpacked = [Original(inner, {"md5": md5}) for inner, md5 in expected.get("unpacked", {}).items()]
    content = unpacked[0].hashes["md5"] if name == "".join(f"{each.name}.gz" for each in unpacked) else None
    return [[Original(name, hashes, expected.get("bytes"), content)], *([unpacked] if unpacked else [])]


def pinned(path: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    """What is expected of a file from now on: of one that came unverified, the size and sha256 that it has."""
    if "unverified" not in expected:
        return dict(expected)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    known = {key: value for key, value in expected.items() if key != "unverified"}
    return known | {"bytes": path.stat().st_size, "sha256": found}


def identity(expected: Mapping[str, Any]) -> str:
    """What names a file's content whatever form it lies in: the sha256 of the published file, else its md5."""
    return expected["sha256"] if "sha256" in expected else f"md5:{expected['md5']}"


def fault(path: Path, original: Original) -> str | None:
    """Why the file at `path` is not the original, None where it is."""
    if not path.is_file():
        return "is missing"
    problem = _fault_of_bytes(path, original)
    return None if problem and _has_the_content(path, original) else problem


def _fault_of_bytes(path: Path, original: Original) -> str | None:
    size = path.stat().st_size
    if original.bytes not in (None, size):
        return web_page_in(path) or wrong_size(size, original)
    for algorithm, expected in original.hashes.items():
        with path.open("rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
        if found != expected:
            return web_page_in(path) or f"wrong {algorithm}: {found}, expected {expected}"
    return None if original.hashes else web_page_in(path)


def _has_the_content(path: Path, original: Original) -> bool:
    """Whether a gzipped file unpacks to the right content, whatever program has packed it."""
    if original.content_md5 is None:
        return False
    try:
        found = hashlib.md5()
        with gzip.open(path) as file:
            while (chunk := file.read(1 << 20)) and file.tell() <= LARGEST:
                found.update(chunk)
        return found.hexdigest() == original.content_md5
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False


def too_large(original: Original) -> str:
    """What to say of a file with more bytes than the original may have."""
    if original.bytes is not None:
        return f"wrong size: more than the expected {original.bytes:,} bytes"
    return f"more than {LARGEST:,} bytes, and nobody has stated its size"


def wrong_size(size: int, original: Original) -> str:
    return f"wrong size: {size:,} bytes, expected {original.bytes:,}"


def web_page(beginning: bytes) -> str | None:
    """What to say of a file that begins like this where it is an HTML page, None where it is not."""
    text = beginning.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    if not text.lower().startswith(("<!doctype html", "<html")):
        return None
    title = re.search(r"<title[^>]*>(.*?)</title", text, re.IGNORECASE | re.DOTALL)
    named = f" titled {' '.join(title[1].split())!r}" if title else ""
    return f"an HTML page{named} in place of the file"


def web_page_in(path: Path) -> str | None:
    """The same of a file on disk."""
    with path.open("rb") as file:
        return web_page(file.read(BEGINNING))


def verified_paths(folder: Path, name: str, expected: Mapping[str, Any]) -> dict[str, Path]:
    """The paths by name of the file or of all that it unpacks to, checked; raises ValueError where neither is right."""
    problems = []
    for form in forms(name, expected):
        faults = {original.name: fault(folder / original.name, original) for original in form}
        if not any(faults.values()):
            return {each: folder / each for each in faults}
        problems += [f"{folder / each}: {why}" for each, why in faults.items() if why not in (None, "is missing")]
    raise ValueError("; ".join(problems) or f"{folder / name}: is missing")
