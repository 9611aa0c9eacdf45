"""Which files are pictures and what their folders are called, on a NAS, from a Mac, in a ZIP; and when they changed."""

import io
import json
import os
import socket
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from picture_archives import faces, in_folder, picture, zipped

from rethinking import files
from rethinking.data import contents
from rethinking.data.folders import LEFTOVERS
from rethinking.data.pictures import pictures_in
from rethinking.data.readers import image_folder

ACCENTS = "Äpfel"
APART = unicodedata.normalize("NFD", ACCENTS)


def of(*labels: str, num: int = 3, parts: tuple[str, ...] = ("train", "test")) -> dict[str, bytes]:
    """Pictures of classes with these names, all of them others."""
    names = [f"{part}/{label}/{index}.png".lstrip("/") for part in parts for label in labels for index in range(num)]
    return {name: picture(seed) for seed, name in enumerate(names)}


# -- what is no picture ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*sorted(LEFTOVERS), "@eaDir", "Thumbs.db", "System Volume Information", ".hidden"])
def test_what_programs_leave_is_neither_a_class_nor_learnt(name, tmp_path):
    given = faces(2, parts=("",))
    copies = {f"{label}/{name}/{label}.png/SYNOPHOTO_THUMB_M.png": picture(0) for label in ("cat", "dog", "wild")}
    left = {f"{name}/cat/000.png": picture(1)} | copies
    expected = pictures_in(in_folder(tmp_path / "clean", given), None).parts
    assert pictures_in(in_folder(tmp_path / "left", given | left), None).parts == expected
    (tmp_path / "left.zip").write_bytes(zipped(given | left, ""))
    assert pictures_in(tmp_path / "left.zip", None).parts == expected


def test_leftovers_are_not_looked_into(tmp_path):
    root = in_folder(tmp_path, faces(2))
    (root / "train/cat/.thumbnails").symlink_to("nowhere")
    os.mkfifo(root / "train/._pipe")
    assert pictures_in(root, None).classes == ("cat", "dog", "wild")


def test_pictures_in_a_folder_beside_a_class_s_others_are_refused_as_they_may_be_copies(tmp_path):
    root = in_folder(tmp_path, faces(2, parts=("",)) | {"dog/_thumbs/000.png": picture(0)})
    message = r"dog/_thumbs/000\.png lies deeper than dog/000\.png; all pictures of a class lie side by side, so move"
    with pytest.raises(ValueError, match=message):
        _ = pictures_in(root, None).parts


def test_pictures_of_a_class_may_all_lie_one_folder_deeper(tmp_path):
    given = {name.replace("/0", "/images/0"): data for name, data in faces(2).items()}
    assert pictures_in(in_folder(tmp_path, given), None).counts(0.2) == {"train": 6, "test": 6, "classes": 3}


# -- what is no file ---------------------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as each:
        here = Path.cwd()
        os.chdir(path.parent)  # such a path may hold 108 characters
        each.bind(path.name)
        os.chdir(here)


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def link_to_the_folder_above(path: Path) -> None:
    path.symlink_to("..")


@pytest.mark.parametrize("make", [fifo, bound_socket, dangling_link, link_to_itself, link_to_the_folder_above])
def test_whatever_is_no_file_and_no_folder_is_refused_by_name_and_not_opened(make: Callable[[Path], None], tmp_path):
    root = in_folder(tmp_path, faces(2))
    make(root / "train/cat/x.png")
    kind = "it is a link" if "link" in make.__name__ else "it is a pipe, a socket or a device"
    with pytest.raises(ValueError, match=rf"/train/cat/x\.png: refused, {kind}"):
        pictures_in(root, None)


def test_a_pipe_or_device_in_the_place_of_the_pictures_is_refused(tmp_path):
    fifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(ValueError, match=f"{path}: refused, it is a pipe, a socket or a device"):
            pictures_in(path, None)


# -- names -------------------------------------------------------------------------------------------------------------


class Member(zipfile.ZipInfo):
    """A member whose name is these bytes, without the flag that says they are UTF-8."""

    __slots__ = ("raw",)
    raw: bytes

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802, zipfile's own name
        return self.raw, 0


def unflagged(given: dict[str, bytes], encode: Callable[[str], bytes], field: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index, (name, data) in enumerate(given.items()):
            member = Member(f"{index}")
            member.raw = encode(name)
            if field:
                value = b"\1" + struct.pack("<I", zlib.crc32(member.raw)) + name.encode()
                member.extra = struct.pack("<HHB", 0x5455, 1, 0) + struct.pack("<HH", 0x7075, len(value)) + value
            archive.writestr(member, data)
    return buffer.getvalue()


ZIPS = {
    "flagged": lambda given: zipped(given, ""),
    "Info-ZIP": lambda given: unflagged(given, str.encode),
    "a Mac": lambda given: unflagged(given, lambda name: unicodedata.normalize("NFD", name).encode()),
    "Info-ZIP's own field": lambda given: unflagged(given, lambda name: name.encode("ascii", "replace"), field=True),
    "Windows": lambda given: unflagged(given, lambda name: name.encode("cp437")),
}


@pytest.mark.parametrize("maker", ZIPS)
def test_a_zip_has_the_classes_and_the_order_of_its_folder_whoever_made_it(maker, tmp_path):
    given = of(ACCENTS, "Öl", "zebra", "Zug", parts=("",))
    (tmp_path / "a.zip").write_bytes(ZIPS[maker](given))
    here, there = pictures_in(in_folder(tmp_path / "a", given), None), pictures_in(tmp_path / "a.zip", None)
    assert here.classes == there.classes == ("Zug", "zebra", ACCENTS, "Öl")
    assert here.parts == there.parts
    one, other = (image_folder.read({}, path=tmp_path / name, test_share=0.4) for name in ("a", "a.zip"))
    assert np.array_equal(one.train_images, other.train_images)


def test_one_class_in_two_unicode_forms_is_one_class_in_training_and_test(tmp_path):
    given = of(ACCENTS, "dog", parts=("train",)) | of(APART, "dog", parts=("test",))
    source = image_folder.read({}, path=in_folder(tmp_path, given))
    assert source.classes == ("dog", ACCENTS)
    assert np.bincount(source.test_labels).tolist() == [3, 3]


@pytest.mark.parametrize("in_zip", [False, True])
def test_two_folders_that_look_the_same_are_refused_and_told_apart(in_zip, tmp_path):
    given = of(ACCENTS, "dog", parts=("",)) | {f"{APART}/9.png": picture(9)}
    root = in_folder(tmp_path / "a", given)
    if in_zip:
        (root := tmp_path / "a.zip").write_bytes(zipped(given, ""))
    with pytest.raises(ValueError, match=r"'A\\u0308pfel/' and '\\xc4pfel/' look the same and are two"):
        pictures_in(root, None)


def test_other_classes_for_testing_are_named(tmp_path):
    root = in_folder(tmp_path, of("cat", "dog", parts=("train",)) | of("cat", "Dog", parts=("test",)))
    with pytest.raises(ValueError, match=r"other classes for testing, \['Dog', 'cat'\], than for training, \['cat', "):
        _ = pictures_in(root, None).parts


@pytest.mark.parametrize("label", [b"caf\xe9", b"two\nlines", b"bell\a", "line\u2028".encode()])
def test_a_folder_whose_name_cannot_stand_in_a_figure_is_refused(label, tmp_path):
    in_folder(tmp_path, of("dog", os.fsdecode(label), parts=("",)))
    with pytest.raises(ValueError, match=r"'[a-z0-9\\]+' cannot be the name of a class: it is not UTF-8, or holds a"):
        _ = pictures_in(tmp_path, None).parts


def test_a_picture_whose_name_is_not_utf_8_is_read(tmp_path):
    root = in_folder(tmp_path, faces(2) | {os.fsdecode(b"train/cat/\xe9.png"): picture(7)})
    assert len(image_folder.read({}, path=root).train_labels) == 7
    assert len(pictures_in(root, None).digest) == 64


@pytest.mark.parametrize("name", ["1.JPG", "1.jpeg", "1.TIF", "1.webp", "1.HEIC", "1.Gif"])
def test_a_picture_outside_the_classes_is_refused_whatever_its_suffix(name, tmp_path):
    root = in_folder(tmp_path, faces(2, parts=("",)) | {name: picture(0)})
    with pytest.raises(ValueError, match=f"{name} lies in no class's folder"):
        _ = pictures_in(root, None).parts


def test_the_folder_that_a_zip_was_made_from_is_named_where_it_hides_the_classes(tmp_path):
    label = "Fotos für mich"
    given = {f"{label}/{name}": data for name, data in of("cat", "dog", parts=("",)).items()}
    (tmp_path / "a.zip").write_bytes(ZIPS["a Mac"](given))
    with pytest.raises(ValueError, match=rf"found \['{label}'\]; `folder` says .*, as in `folder: {label}`"):
        _ = pictures_in(tmp_path / "a.zip", None).parts
    assert pictures_in(tmp_path / "a.zip", label).classes == ("cat", "dog")


def test_an_encrypted_member_is_refused_by_name(tmp_path):
    data = bytearray(zipped(faces(2)))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.zip: refused, 'afhq/.*\.png' is encrypted"):
        pictures_in(tmp_path / "a.zip", None)


# -- when they changed -------------------------------------------------------------------------------------------------


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is remembered what files hold; however young they are."""
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(contents, "MEMORY", tmp_path / "results/pictures")
    monkeypatch.setattr(contents, "SETTLED", -1.0)
    return tmp_path / "results/pictures"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read."""
    names: list[str] = []
    real = files.sha256
    monkeypatch.setattr(files, "sha256", lambda path: (names.append(Path(path).name), real(path))[1])
    return names


def exchange(one: Path, other: Path) -> None:
    """Both keep their times, as with `mv`."""
    one.rename(one.with_suffix(".aside"))
    other.rename(one)
    one.with_suffix(".aside").rename(other)


def test_two_pictures_of_one_size_that_change_places_are_noticed(tmp_path, memory):
    root = in_folder(tmp_path / "a", faces(2, kind="BMP", suffix="bmp"))
    one, other = root / "train/cat/000.bmp", root / "train/dog/001.bmp"
    for path in (one, other):
        os.utime(path, (1, 1))
    before = pictures_in(root, None).digest
    exchange(one, other)
    assert one.stat().st_mtime == other.stat().st_mtime == 1
    assert pictures_in(root, None).digest != before
    exchange(one, other)
    assert pictures_in(root, None).digest == before


def test_two_pictures_of_a_zip_that_change_places_are_noticed(tmp_path):
    given = faces(2, kind="BMP", suffix="bmp")
    swapped = given | {
        "train/cat/000.bmp": given["train/dog/001.bmp"],
        "train/dog/001.bmp": given["train/cat/000.bmp"],
    }
    digests = []
    for each in (given, swapped, given):
        (tmp_path / "a.zip").write_bytes(zipped(each, ""))
        digests.append(pictures_in(tmp_path / "a.zip", None).digest)
    assert digests[0] != digests[1]
    assert digests[0] == digests[2]


def test_an_edit_that_keeps_size_and_time_is_noticed(tmp_path, memory):
    root = in_folder(tmp_path / "a", faces(2))
    path = root / "val/wild/001.png"
    before, times = pictures_in(root, None).digest, path.stat()
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert pictures_in(root, None).digest != before


def test_a_picture_is_read_once_and_then_remembered(tmp_path, memory, read):
    root = in_folder(tmp_path / "a", faces(2))
    first = pictures_in(root, None).digest
    assert len(read) == 12
    assert pictures_in(root, None).digest == first
    assert len(read) == 12
    (root / "train/cat/000.png").write_bytes(picture(50))
    assert pictures_in(root, None).digest != first
    assert read[12:] == ["000.png"]


def test_what_has_just_been_written_is_read_again(tmp_path, memory, read, monkeypatch):
    monkeypatch.setattr(contents, "SETTLED", 60.0)
    root = in_folder(tmp_path / "a", faces(2))
    for _ in range(2):
        assert len(pictures_in(root, None).digest) == 64
    assert len(read) == 24


def test_the_digest_is_of_pictures_and_of_nothing_else_and_of_no_place(tmp_path):
    given, others = faces(2), {"README.txt": b"mine", "train/cat/.DS_Store": b"1", "val/dog/@eaDir/1.png": b"2"}
    one, other = (
        pictures_in(in_folder(tmp_path / name, content), None).digest
        for name, content in (("one", given), ("other", given | others))
    )
    assert one == other


@pytest.mark.parametrize(
    "torn", [b"", b"{", b"[1, 2]", b'{"train/cat/000.png": 3}', b'{"train/cat/000.png": []}', b"\xff"]
)
def test_a_torn_memory_is_no_memory(torn, tmp_path, memory, read):
    root = in_folder(tmp_path / "a", faces(2))
    first = pictures_in(root, None).digest
    (place,) = memory.iterdir()
    place.write_bytes(torn)
    assert pictures_in(root, None).digest == first
    assert len(read) == 24
    assert set(json.loads(place.read_text())) == set(faces(2))


def test_where_nothing_can_be_remembered_pictures_are_read_each_time(tmp_path, memory, read):
    root = in_folder(tmp_path / "a", faces(2))
    memory.write_text("a file in the place of the folder")
    assert pictures_in(root, None).digest == pictures_in(root, None).digest
    memory.unlink()
    memory.parent.rmdir()  # no results yet
    assert len(pictures_in(root, None).digest) == 64
    assert not memory.parent.exists()
    assert len(read) == 36


def test_reading_many_bytes_is_said(tmp_path, memory, monkeypatch, capsys):
    root = in_folder(tmp_path / "a", faces(2))
    monkeypatch.setattr(contents, "MANY", 1)
    for _ in range(2):
        assert len(pictures_in(root, None).digest) == 64
    assert capsys.readouterr().err == f"{root}: reading 12 pictures, 0.0 GB, this once\n"
