"""Reading an archive's files without unpacking it; an archive that could write elsewhere is refused as a whole."""

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Container, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, cast

LARGEST = 1 << 28  # bytes of one file, unpacked; the largest of MNIST, 47 MB, and any picture are far below it
HEADERS = 1 << 14  # bytes of what a tar says of one member, read in quadratic time; names and times take hundreds
CHUNK = HEADERS
PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of packing; of the others no more can be said before it is there
MAC_FOLDER = "__MACOSX"  # what a Mac adds to the ZIPs that it makes
UTF8 = 0x800  # the flag of a member whose name is UTF-8
UNICODE_PATH = 0x7075  # the extra field with a name in UTF-8: a version, the CRC of the other name, the name


def members(path: Path, folder: str, wanted: Container[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each wanted file in `folder` of a tar archive, in the archive's order.

    Raises ValueError naming the archive where it is damaged, holds anything but files inside `folder`, or lacks one.
    """
    try:
        with _unpacked(path) as file, tarfile.TarFile(fileobj=cast(IO[bytes], _Bounded(file))) as archive:
            seen = set()
            for member in archive:
                name = _checked(path, member, folder)
                if name in seen:
                    raise ValueError(f"{path}: {member.name!r} is in it twice")
                seen.add(name)
                if name in wanted and member.size > LARGEST:  # of a sparse file as well, however few bytes it takes
                    raise ValueError(f"{path}: refused, {member.name!r} unpacks to {member.size:,} bytes")
                if name in wanted and (content := archive.extractfile(member)) is not None:
                    yield name, b"".join(iter(partial(content.read, CHUNK), b""))
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        raise ValueError(f"{path}: damaged or cut short ({error})") from None


def _unpacked(path: Path) -> IO[bytes]:
    """An archive's bytes, whatever it is packed by: its first bytes say it, not its name."""
    with path.open("rb") as file:
        first = file.read(6)
    opened = next((way(path) for magic, way in PACKED.items() if first.startswith(magic)), None)
    return path.open("rb") if opened is None else cast(IO[bytes], opened)


class _Bounded:
    """A file of which nothing reads much at once: tarfile reads a member's further headers whole, however large."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, size: int) -> bytes:
        if size > HEADERS:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)


def content(path: Path) -> bytes:
    """What a file holds, unpacked where its name ends in .gz.

    Raises ValueError naming it where it is damaged or larger than any original.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: damaged or cut short ({error})") from None
    if len(data) > LARGEST:
        raise ValueError(f"{path}: refused, it holds more than {LARGEST:,} bytes")
    return data


def _checked(path: Path, member: tarfile.TarInfo, folder: str) -> str:
    """The member's path below `folder`; raises ValueError where it is no plain file or folder in there."""
    if not (member.isfile() or member.isdir()):
        kind = "a link" if member.islnk() or member.issym() else "a device or pipe"
        raise ValueError(f"{path}: refused, {member.name!r} is {kind}")
    return _below(path, member.name, folder)


def _below(path: Path, name: str, folder: str) -> str:
    """A member's path below `folder` (the archive's own where it is empty); raises ValueError for one outside."""
    parts, own = PurePosixPath(name).parts, PurePosixPath(_composed(folder)).parts
    leaves = ".." in parts or "\\" in name or PurePosixPath(name).is_absolute()
    above = tuple(map(_composed, parts[: len(own)]))
    # The folders above `folder` belong to it.
    if leaves or (above != own and above != own[: len(parts)]):
        raise ValueError(f"{path}: refused, {name!r} is outside {f'{folder}/' if folder else 'the archive'}")
    return "/".join(parts[len(own) :])


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def zip_members(path: Path, folder: str) -> dict[str, zipfile.ZipInfo]:
    """Every file and folder (its name ends in a slash) of a ZIP archive by its name below `folder`.

    Raises ValueError naming the archive where it is damaged, or holds links, encrypted files or anything outside
    `folder`, which may be empty.
    """
    found: dict[str, zipfile.ZipInfo] = {}
    with _opened(path) as archive:
        for name, member in _inside(archive, path, folder):
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                what = "a link" if kind == stat.S_IFLNK else "a device or pipe"
                raise ValueError(f"{path}: refused, {member.filename!r} is {what}")
            if member.flag_bits & 1:
                raise ValueError(f"{path}: refused, {member.filename!r} is encrypted")
            if member.compress_type not in METHODS:
                how = {zipfile.ZIP_BZIP2: "bzip2", zipfile.ZIP_LZMA: "lzma"}.get(member.compress_type, "a rare method")
                raise ValueError(
                    f"{path}: refused, {member.filename!r} is packed by {how}; pack it by deflate, as usual"
                )
            if member.file_size > LARGEST:
                raise ValueError(f"{path}: refused, {member.filename!r} unpacks to {member.file_size:,} bytes")
            if name in found and not member.is_dir():
                raise ValueError(f"{path}: {member.filename!r} is in it twice")
            found[name] = member
    return found


def zip_contents(path: Path, folder: str, names: Iterable[str]) -> Iterator[bytes]:
    """The content of files of a ZIP archive, named as by `zip_members`; raises ValueError where one is damaged."""
    with _opened(path) as archive:
        inside = dict(_inside(archive, path, folder))
        for name in names:
            try:
                yield archive.read(inside[name])
            except (zipfile.BadZipFile, EOFError, zlib.error, OSError, NotImplementedError) as error:
                raise ValueError(f"{path}: {inside[name].filename}: damaged ({error})") from None


def _inside(archive: zipfile.ZipFile, path: Path, folder: str) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Every member with its name below `folder`, that of a folder with a slash at its end."""
    for member in archive.infolist():
        spelled = _spelled(member)
        if PurePosixPath(spelled).parts[:1] != (MAC_FOLDER,):
            name = _below(path, spelled, folder)
            if name:
                yield name + "/" * member.is_dir(), member


def _spelled(member: zipfile.ZipInfo) -> str:
    """A member's name. UTF-8 is told by a flag, or by a field of Info-ZIP's, or, as by Macs, not at all."""
    if member.flag_bits & UTF8:
        return member.filename
    try:
        raw = member.filename.encode("cp437")  # what zipfile takes all other names for
        return (_unicode_path(member.extra, raw) or raw).decode("utf-8")
    except UnicodeError:
        return member.filename


def _unicode_path(extra: bytes, raw: bytes) -> bytes | None:
    """The name in the field for it, where there is one and it belongs to the name `raw`."""
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == UNICODE_PATH and field[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return field[5:]
    return None


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{path}: no ZIP archive, or damaged or cut short ({error})") from None
