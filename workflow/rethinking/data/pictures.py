"""Pictures in one folder a class, as a folder on disk or as a ZIP: which there are, in what parts, and their bytes.

Nothing here looks into a picture, so that the pictures of a configuration can be counted before the first job.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from rethinking.data.archives import zip_contents, zip_members
from rethinking.files import digest

TRAIN = "train"
TEST = ("test", "val", "valid", "validation")  # the first that is there holds the test images
# What file browsers leave behind.
LEFTOVERS = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class Pictures:
    """The files below `root` (a folder or a ZIP, whose `folder` holds the pictures): size by name, folders at 0."""

    root: Path
    folder: str
    sizes: dict[str, int]

    @cached_property
    def parts(self) -> dict[str, dict[str, list[str]]]:
        """Names by part ("train" and "test", or "" where there are none) and class, both sorted.

        Raises ValueError where there is no class, a class without a picture, a picture outside the classes, or where
        the parts have different classes.
        """
        tops = {name.partition("/")[0] for name in self.sizes if "/" in name}
        if TRAIN in tops and tops <= {TRAIN, *TEST}:
            found = {TRAIN: self._classes(f"{TRAIN}/")}
            for part in [part for part in TEST if part in tops][:1]:
                found["test"] = self._classes(f"{part}/")
        else:
            self._refuse_misspelled_parts(tops)
            found = {"": self._classes("")}
        names = [list(classes) for classes in found.values()]
        if len(names[0]) < 2:
            problem = f"needs a folder for each of two or more classes, found {names[0] or 'none'}"
            raise ValueError(f"{self.root}: {problem}; `folder` says inside which they are")
        if names[0] != names[-1]:
            raise ValueError(f"{self.root}: other classes for testing, {names[-1]}, than for training, {names[0]}")
        return found

    def _refuse_misspelled_parts(self, tops: set[str]) -> None:
        """Or a network would learn to tell pictures for training from those for testing."""
        spelled = {top.lower() for top in tops}
        if spelled & {TRAIN, "training"} and spelled & {*TEST, "testing", "eval", "evaluation"}:
            problem = f"the folders {sorted(tops)} are neither classes nor parts; the parts are called {TRAIN} and"
            raise ValueError(f"{self.root}: {problem} {' or '.join(TEST)}, with nothing beside them")

    def _classes(self, part: str) -> dict[str, list[str]]:
        classes: dict[str, list[str]] = {}
        for name in sorted(self.sizes):
            if not name.startswith(part):
                continue
            label, slash, rest = name.removeprefix(part).partition("/")
            if slash:
                classes.setdefault(label, [])
                classes[label] += [name] if rest and not rest.endswith("/") else []
            elif PurePosixPath(name).suffix.lower() in (".jpg", ".jpeg", ".png"):
                raise ValueError(f"{self.root}: {name} lies in no class's folder")
        if empty := [f"{part}{label}" for label, names in classes.items() if not names]:
            raise ValueError(f"{self.root}: {', '.join(empty)} holds no picture")
        return classes

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(next(iter(self.parts.values())))

    @property
    def left_out(self) -> list[str]:
        """The parts that are neither for training nor for testing."""
        tops = {name.partition("/")[0] for name in self.sizes if "/" in name}
        return [part for part in TEST if part in tops][1:] if "test" in self.parts else []

    def counts(self, test_share: float) -> dict[str, int]:
        """How many training and test images and classes there are, `test_share` of them held out if need be.

        Raises ValueError where that would leave one of the two without a picture for each class.
        """
        train, *tested = (sum(map(len, classes.values())) for classes in self.parts.values())
        test = tested[0] if tested else round(train * test_share)
        train -= 0 if tested else test
        if min(train, test) < len(self.classes):
            problem = f"test_share = {test_share} gives {train} training and {test} test images"
            raise ValueError(f"{self.root}: {problem} of {len(self.classes)} classes")
        return {"train": train, "test": test, "classes": len(self.classes)}

    @cached_property
    def digest(self) -> str:
        """Names and sizes of all files: where it is another, something was added, taken away or edited."""
        return digest(self.sizes)

    def read(self, names: Iterable[str]) -> Iterator[bytes]:
        """The bytes of files, in the order of their names; raises ValueError where one cannot be read."""
        if self.root.is_dir():
            for name in names:
                yield (self.root / name).read_bytes()
        else:
            yield from zip_contents(self.root, self.folder, names)


def pictures_in(root: Path, folder: str | None) -> Pictures:
    """What lies in a folder (in its folder `folder`, if it has one) or a ZIP; raises ValueError for links."""
    if not root.is_dir():
        folder = folder or ""
        sizes = zip_members(root, folder)
    else:
        if folder and (root / folder).is_dir():
            root = root / folder
        folder, sizes = "", _on_disk(root)
    return Pictures(root, folder, {name: size for name, size in sizes.items() if not _is_leftover(name)})


def _is_leftover(name: str) -> bool:
    return any(part.startswith(".") or part.lower() in LEFTOVERS for part in PurePosixPath(name).parts)


def _on_disk(root: Path) -> dict[str, int]:
    sizes: dict[str, int] = {}
    folders = [""]
    while folders:
        prefix = folders.pop()
        with os.scandir(root / prefix) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if entry.is_symlink():
                    raise ValueError(f"{root / name}: refused, it is a link")
                if entry.is_dir():
                    sizes[f"{name}/"] = 0
                    folders.append(f"{name}/")
                else:
                    sizes[name] = entry.stat().st_size
    return sizes
