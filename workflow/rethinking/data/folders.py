"""What lies in a folder of somebody's pictures: the names, without what programs leave there, in one Unicode form."""

import os
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

# What file browsers, network storages and Macs leave among pictures, besides all whose name begins with a dot.
LEFTOVERS = {
    *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r"),
    *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot"),
    *("__macosx", "$recycle.bin", "recycler", "system volume information", "lost+found"),
}


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name is no picture and holds none."""
    return name.startswith(".") or name.lower() in LEFTOVERS


def without_leftovers(names: Iterable[str]) -> list[str]:
    """The names in which no folder, nor the file itself, is a leftover."""
    return [name for name in names if not any(map(is_leftover, PurePosixPath(name).parts))]


def walk(root: Path) -> Iterator[str]:
    """Every file and folder (its name ends in a slash) below a folder, without leftovers and what they hold.

    Raises ValueError for links, pipes, sockets and devices, OSError for a folder that cannot be read.
    """
    folders = [""]
    while folders:
        prefix = folders.pop()
        with os.scandir(root / prefix) as entries:
            for entry in entries:
                name = f"{prefix}{entry.name}"
                if is_leftover(entry.name):
                    continue
                if entry.is_symlink():
                    raise ValueError(f"{root}/{shown(name)}: refused, it is a link")
                if entry.is_dir():
                    name += "/"
                    folders.append(name)
                elif not entry.is_file():
                    raise ValueError(f"{root}/{shown(name)}: refused, it is a pipe, a socket or a device")
                yield name


def one_form(root: Path, names: Iterable[str]) -> dict[str, str]:
    """The names as they are spelled, by their composed form (NFC), which sorts alike whatever machine wrote them.

    Raises ValueError where two of them, or two folders on the way, look the same and are not.
    """
    spelled: dict[str, str] = {}
    seen: dict[str, str] = {}
    for name in names:
        for end in [index + 1 for index, letter in enumerate(name) if letter == "/"] + [len(name)]:
            part = name[:end]
            other = seen.setdefault(unicodedata.normalize("NFC", part), part)
            if other != part:
                both = " and ".join(sorted(map(ascii, (other, part))))
                raise ValueError(f"{root}: {both} look the same and are two, in two Unicode forms; rename one of them")
        spelled[unicodedata.normalize("NFC", name)] = name
    return spelled


def printable(name: str) -> bool:
    """Whether a name is text of one line: UTF-8, no control characters, no line breaks."""
    return not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in name)


def shown(name: str) -> str:
    """A name as messages show it, in one line."""
    return name if printable(name) else ascii(name)
