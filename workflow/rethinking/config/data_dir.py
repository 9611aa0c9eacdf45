"""`data_dir`, where the original files are looked for before their mirrors: a folder, or an address."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from rethinking.config.inherit import Values
from rethinking.schema import ConfigOrigins

ADDRESSES = ("http://", "https://")


def checked(place: str | None, origins: ConfigOrigins) -> str | None:
    """`data_dir` with `~` spelled out; a folder must be there, an address is asked when something is fetched."""
    if place is None:
        return None
    if place.startswith(ADDRESSES):
        host = place.split("/")[2]
        if "@" in host:
            problem = "holds a password, which would stand in logs; write it into ~/.netrc, where it is looked for"
            raise origins.error("data_dir", ..., problem)
        if not host.strip():
            raise origins.error("data_dir", place, "is an address without a host")
        return place
    folder = local(place, "data_dir", origins)
    if folder.exists() and not folder.is_dir():
        raise origins.error("data_dir", place, f"is not a folder; {_meant(folder.absolute().parent)}")
    if not folder.exists():
        raise origins.error("data_dir", place, missing(folder, "folder"))
    return str(folder)


def local(place: str, key: str, origins: ConfigOrigins) -> Path:
    """The path that a key says, `~` spelled out; ConfigurationError where no file system can have such a one."""
    try:
        path = Path(place).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:  # a name that is too long, a user whom nobody knows
        problem = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise origins.error(key, place, f"is no usable path ({problem})") from None
    return path


def missing(path: Path, what: str) -> str:
    """What to say of a place that is not there: of a relative one, where it was looked for."""
    return f"there is no such {what}{'' if path.is_absolute() else f' (looked in {Path.cwd()}, the working folder)'}"


def folder_in(data_dir: str | None, names: Sequence[str]) -> str | None:
    """The first folder of data_dir that has one of the names; None where it is an address."""
    if data_dir is None or data_dir.startswith(ADDRESSES):
        return None
    return next((str(Path(data_dir) / name) for name in names if name and (Path(data_dir) / name).is_dir()), None)


def check_depth(data_dir: str | None, datasets: Mapping[str, Values], origins: ConfigOrigins) -> None:
    """That data_dir is not the folder itself that is looked for in it: what an archive unpacks to, or pictures."""
    if data_dir is None or data_dir.startswith(ADDRESSES):
        return
    folder = Path(data_dir).absolute()
    for archive, inside, held in (each for entry in datasets.values() for each in _folders(entry)):
        depth = len(inside.parts)
        there = (folder / inside).exists() or (folder / archive).exists()
        if inside.parts == folder.parts[-depth:] and not there and any(folder.glob(held)):
            problem = f"is itself what {archive} unpacks to; {_meant(folder.parents[depth - 1])}"
            raise origins.error("data_dir", data_dir, problem)


def _folders(entry: Values) -> Iterator[tuple[str, PurePosixPath, str]]:
    """The folders that the files of a data set unpack to: the archive, the folder, and what lies in it."""
    for archive, file in entry.get("files", {}).items():
        for name in map(PurePosixPath, file.get("unpacked", ())):
            if name.parent.name:
                yield archive, name.parent, name.name
        if entry["folder"]:
            yield archive, PurePosixPath(entry["folder"]), "*/"


def _meant(folder: Path) -> str:
    return f"write the folder that it lies in, {str(folder)!r}"
