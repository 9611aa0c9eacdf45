"""Pictures in one folder a class, as a folder on disk or as a ZIP: which there are, in what parts, and their bytes.

Nothing here looks into a picture, so that the pictures of a configuration can be counted before the first job.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from rethinking import seeds
from rethinking.data.archives import zip_contents, zip_members
from rethinking.data.contents import digests
from rethinking.data.folders import one_form, printable, shown, walk, without_leftovers
from rethinking.data.splits import stratified_subset
from rethinking.files import digest

TRAIN = "train"
TEST = ("test", "val", "valid", "validation")  # the first that is there holds the test images
SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".gif", ".pbm", ".pgm", ".ppm", ".tif", ".tiff", ".webp", ".heic")


@dataclass(frozen=True)
class Pictures:
    """What lies below `root` (a folder or a ZIP, whose `folder` holds the pictures).

    `spelled` has each file and folder (its name ends in a slash) by its name in composed Unicode, as it is spelled
    there: a Mac takes letters with accents apart.
    """

    root: Path
    folder: str
    spelled: dict[str, str]

    @cached_property
    def parts(self) -> dict[str, dict[str, list[str]]]:
        """Names by part ("train" and "test", or "" where there are none) and class, both sorted.

        Raises ValueError where there is no class, a class without a picture, a picture outside the classes, or where
        the parts have different classes.
        """
        tops = {name.partition("/")[0] for name in self.spelled if "/" in name}
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
            raise ValueError(
                f"{self.root}: {problem}; `folder` says inside which they are{self._inner_folder(names[0])}"
            )
        if names[0] != names[-1]:
            raise ValueError(f"{self.root}: other classes for testing, {names[-1]}, than for training, {names[0]}")
        return found

    def _inner_folder(self, labels: list[str]) -> str:
        """What to write where the only folder, as in most ZIPs, is one that holds those of the classes."""
        inner = {name.split("/")[1] for name in self.spelled if name.count("/") > 1}
        return f", as in `folder: {labels[0]}`" if labels and len(inner) > 1 else ""

    def _refuse_misspelled_parts(self, tops: set[str]) -> None:
        """Or a network would learn to tell pictures for training from those for testing."""
        spelled = {top.lower() for top in tops}
        if spelled & {TRAIN, "training"} and spelled & {*TEST, "testing", "eval", "evaluation"}:
            problem = f"the folders {sorted(tops)} are neither classes nor parts; the parts are called {TRAIN} and"
            raise ValueError(f"{self.root}: {problem} {' or '.join(TEST)}, with nothing beside them")

    def _classes(self, part: str) -> dict[str, list[str]]:
        classes: dict[str, list[str]] = {}
        for name in sorted(self.spelled):
            if not name.startswith(part):
                continue
            label, slash, rest = name.removeprefix(part).partition("/")
            if slash:
                classes.setdefault(label, [])
                classes[label] += [name] if rest and not rest.endswith("/") else []
            elif PurePosixPath(name).suffix.lower() in SUFFIXES:
                raise ValueError(f"{self.root}: {shown(name)} lies in no class's folder")
        if empty := [f"{part}{label}" for label, names in classes.items() if not names]:
            raise ValueError(f"{self.root}: {', '.join(map(shown, empty))} holds no picture")
        for label, names in classes.items():
            self._check_class(label, names)
        return classes

    def _check_class(self, label: str, names: list[str]) -> None:
        """That a class can be called by its folder's name, and that no picture hides in a folder beside the others."""
        if not printable(label):
            problem = "cannot be the name of a class: it is not UTF-8, or holds a line break or the like"
            raise ValueError(f"{self.root}: {shown(label)} {problem}; rename the folder")
        # Thumbnails, mostly: a network would be tested on copies of what it has learnt.
        first, last = (pick(names, key=lambda name: name.count("/")) for pick in (min, max))
        if first.count("/") < last.count("/"):
            problem = f"lies deeper than {shown(first)}; all pictures of a class lie side by side"
            raise ValueError(f"{self.root}: {shown(last)} {problem}, so move these up or away")

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(next(iter(self.parts.values())))

    @property
    def left_out(self) -> list[str]:
        """The parts that are neither for training nor for testing."""
        tops = {name.partition("/")[0] for name in self.spelled if "/" in name}
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
        if not tested:
            self._check_shares(test_share, test)
        return {"train": train, "test": test, "classes": len(self.classes)}

    def _check_shares(self, test_share: float, num_test: int) -> None:
        """That every class has one to train and one to test on where `num_test` pictures are held out."""
        (classes,) = self.parts.values()
        counts = [len(names) for names in classes.values()]
        labels = np.repeat(np.arange(len(counts)), counts)
        held_out = np.bincount(
            labels[stratified_subset(labels, num_test, seeds.rng(0, "split"))], minlength=len(counts)
        )
        for label, count, held in zip(classes, counts, held_out, strict=True):
            if not 0 < held < count:
                problem = f"test_share = {test_share} holds out {held} of the {count} in {shown(label)}"
                raise ValueError(f"{self.root}: {problem}; each class needs one to train and one to test on")

    @cached_property
    def digest(self) -> str:
        """Of the names and contents of all pictures: where it is another, one was added, taken away, edited or moved.

        Raises OSError where a file cannot be read. Of a ZIP, its directory says what is in it (size and CRC).
        """
        names = [name for classes in self.parts.values() for names in classes.values() for name in names]
        if self.root.is_dir():
            contents = digests(self.root, [self.spelled[name] for name in names])
        else:
            members = zip_members(self.root, self.folder)
            contents = {name: f"{member.file_size} {member.CRC:08x}" for name, member in members.items()}
        return digest({name: contents[self.spelled[name]] for name in names})

    def read(self, names: Iterable[str]) -> Iterator[bytes]:
        """The bytes of files, in the order of their names; raises ValueError where one cannot be read."""
        spelled = [self.spelled[name] for name in names]
        if self.root.is_dir():
            for name in spelled:
                yield (self.root / name).read_bytes()
        else:
            yield from zip_contents(self.root, self.folder, spelled)


def pictures_in(root: Path, folder: str | None) -> Pictures:
    """What lies in a folder (in its folder `folder`, if it has one) or a ZIP.

    Raises ValueError for anything but files and folders, and for two names that differ in their Unicode form alone.
    """
    if root.is_dir():
        if folder and (root / folder).is_dir():
            root = root / folder
        folder, found = "", walk(root)
    elif root.is_file():
        folder = folder or ""
        found = without_leftovers(zip_members(root, folder))
    else:
        raise ValueError(f"{root}: refused, it is a pipe, a socket or a device")
    return Pictures(root, folder, one_form(root, found))
