"""Reading an archive's files without unpacking it; an archive that could write elsewhere is refused as a whole."""

import tarfile
import zlib
from collections.abc import Container, Iterator
from pathlib import Path, PurePosixPath


def members(path: Path, folder: str, wanted: Container[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each wanted file in `folder` of a tar archive, in the archive's order.

    Raises ValueError naming the archive where it is damaged, holds anything but files inside `folder`, or lacks one.
    """
    try:
        with tarfile.open(path, "r:*") as archive:
            seen = set()
            for member in archive:
                name = _checked(path, member, folder)
                if name in seen:
                    raise ValueError(f"{path}: {member.name!r} is in it twice")
                seen.add(name)
                if name in wanted and (file := archive.extractfile(member)) is not None:
                    yield name, file.read()
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ValueError(f"{path}: damaged or cut short ({error})") from None


def _checked(path: Path, member: tarfile.TarInfo, folder: str) -> str:
    """The member's path below `folder`; raises ValueError where it is no plain file or folder in there."""
    if not (member.isfile() or member.isdir()):
        kind = "a link" if member.islnk() or member.issym() else "a device or pipe"
        raise ValueError(f"{path}: refused, {member.name!r} is {kind}")
    parts = PurePosixPath(member.name).parts
    if not parts or parts[0] != folder or ".." in parts:
        raise ValueError(f"{path}: refused, {member.name!r} is outside {folder}/")
    return "/".join(parts[1:])
