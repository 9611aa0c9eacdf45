"""Data sets of pictures in folders and ZIPs: Animal Faces' layout, any ImageFolder, and everything that is refused."""

import contextlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import loopback_server as web
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_archives import CLASSES, faces, in_folder, picture, pixels, zipped
from PIL import Image
from test_bad_configuration import TINY, changed

from rethinking import files
from rethinking.config import CATALOGUE, CHECKOUT, Configuration, datasets, jobs
from rethinking.config.described import at_paper_size, section_of
from rethinking.data.archives import zip_contents, zip_members
from rethinking.data.loaded import LoadedDataset
from rethinking.data.pictures import pictures_in
from rethinking.data.readers import image_folder
from rethinking.registry import CLASSIFICATION
from rethinking.schema import ConfigOrigins, ConfigurationError, load_yaml
from rethinking.stages import download, prepare

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
FOLDER = "afhq"


def archive(tmp_path: Path, data: bytes, name: str = "afhq.zip") -> dict[str, Path]:
    (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name}


def same(one: LoadedDataset, other: LoadedDataset) -> bool:
    return one.classes == other.classes and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS
    )


# -- what is read ------------------------------------------------------------------------------------------------------


def test_the_layout_of_animal_faces_gives_training_and_test_images_in_the_order_of_their_names(tmp_path):
    given = faces()
    source = image_folder.read(archive(tmp_path, zipped(given)), folder=FOLDER)
    assert source.classes == CLASSES
    for part, folder in (("train", "train"), ("test", "val")):
        images, labels = getattr(source, f"{part}_images"), getattr(source, f"{part}_labels")
        expected = [
            (label, data) for name, data in sorted(given.items()) for label in [name.split("/")[1]] if folder in name
        ]
        assert [CLASSES[label] for label in labels] == [label for label, _ in expected]
        assert all(np.array_equal(image, pixels(data)) for image, (_, data) in zip(images, expected, strict=True))


def test_a_zip_and_the_same_folder_on_disk_give_the_same_data_set(tmp_path):
    given = faces()
    from_zip = image_folder.read(archive(tmp_path, zipped(given)), folder=FOLDER)
    above = in_folder(tmp_path / "above" / FOLDER, given).parent
    assert same(from_zip, image_folder.read({}, path=above, folder=FOLDER))
    assert same(from_zip, image_folder.read({}, path=above / FOLDER, folder=FOLDER))
    assert same(from_zip, image_folder.read({}, path=above / FOLDER))
    assert same(from_zip, image_folder.read({}, path=tmp_path / "afhq.zip", folder=FOLDER))


def test_the_tutorials_deeper_archives_are_read_and_split(tmp_path):
    given = faces(10, parts=("train",))
    source = image_folder.read(
        archive(tmp_path, zipped(given, "afhq_random_32x32/afhq_random")), folder="afhq_random_32x32/afhq_random"
    )
    assert (len(source.train_labels), len(source.test_labels)) == (24, 6)
    assert np.bincount(source.test_labels).tolist() == [2, 2, 2]


@settings(deadline=None, max_examples=20)
@given(st.integers(4, 9), st.floats(0.25, 0.7))
def test_a_split_is_stratified_loses_nothing_and_is_the_same_each_time(tmp_path_factory, num, share):
    root = in_folder(tmp_path_factory.mktemp("split"), faces(num, parts=("",), size=(2, 2)))
    source, again = (image_folder.read({}, path=root, test_share=share) for _ in range(2))
    assert same(source, again)
    counts = pictures_in(root, None).counts(share)
    assert counts == {"train": len(source.train_labels), "test": len(source.test_labels), "classes": 3}
    assert max(np.bincount(source.test_labels)) - min(np.bincount(source.test_labels)) <= 1
    read = [
        (label, image.tobytes())
        for part in ("train", "test")
        for label, image in zip(getattr(source, f"{part}_labels"), getattr(source, f"{part}_images"), strict=True)
    ]
    there = [(CLASSES.index(path.parent.name), pixels(path.read_bytes()).tobytes()) for path in root.rglob("*.png")]
    assert sorted(read) == sorted(there)


def test_test_pictures_are_preferred_to_validation_pictures_which_is_said(tmp_path, capsys):
    root = in_folder(tmp_path, faces(2, parts=("train", "val", "test")))
    source = image_folder.read({}, path=root)
    assert capsys.readouterr().err == f"{root}: val is left out, test is there to test on\n"
    assert np.array_equal(source.test_images[0], pixels((root / "test/cat/000.png").read_bytes()))


def test_pictures_of_any_format_and_mode_become_8_bit_colours(tmp_path):
    given = faces(2, parts=("train", "test"))
    given["train/cat/000.png"] = picture(1, mode="L")
    given["train/cat/001.png"] = picture(2, mode="RGBA")
    given["train/dog/000.bmp"] = picture(3, kind="BMP")
    given["train/dog/001.jpg"] = picture(4, kind="JPEG")
    root = in_folder(tmp_path, given)
    source = image_folder.read({}, path=root)
    assert source.train_images.shape == (8, 8, 8, 3)
    grey = pixels(given["train/cat/000.png"])
    assert np.array_equal(source.train_images[0], np.stack([grey] * 3, axis=2))


def test_grey_pictures_may_stay_grey(tmp_path):
    root = in_folder(tmp_path, faces(2, mode="L"))
    assert image_folder.read({}, path=root, channels=1).train_images.shape == (6, 8, 8, 1)
    assert image_folder.look_at_first(pictures_in(root, None)) == {"channels": 1, "image_size": 8}


def test_image_size_cuts_the_central_square_and_resizes_it(tmp_path):
    given = faces(2, size=(8, 8))
    wide = np.zeros((16, 40, 3), np.uint8)
    wide[:, 12:28] = 200
    wide[:, 20:28] = 100
    buffer = io.BytesIO()
    Image.fromarray(wide).save(buffer, "PNG")
    given["train/cat/000.png"] = buffer.getvalue()
    source = image_folder.read({}, path=in_folder(tmp_path, given), image_size=4)
    assert source.train_images.shape == (6, 4, 4, 3)
    found = source.train_images[0, :, :, 0]
    assert (found[:, 0] == 200).all()
    assert (found[:, 3] == 100).all()
    reference = Image.fromarray(wide[:, 12:28]).resize((4, 4), Image.Resampling.BILINEAR)
    assert np.array_equal(source.train_images[0], np.asarray(reference))


def test_what_file_browsers_and_macs_leave_behind_is_no_picture_and_no_class(tmp_path):
    given = faces()
    extra = {".DS_Store": b"1", "train/cat/.DS_Store": b"2", "train/dog/Thumbs.db": b"3", "README.txt": b"4"}
    root = in_folder(tmp_path / "disk", given | extra)
    buffer = io.BytesIO(zipped(given | extra))
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.writestr("__MACOSX/afhq/train/cat/._000.png", b"5")
    from_zip = image_folder.read(archive(tmp_path, buffer.getvalue()), folder=FOLDER)
    assert same(from_zip, image_folder.read({}, path=root))
    assert len(from_zip.train_labels) == 12


# -- what is refused ---------------------------------------------------------------------------------------------------


def refused(message: str, tmp_path: Path, content: dict[str, bytes], **options: Any) -> None:
    """The same files are refused, with the file and the reason, in a ZIP and in a folder."""
    root = in_folder(tmp_path / "disk", content)
    given = archive(tmp_path, zipped(content))
    for where, arguments in ((root, {"path": root}), (tmp_path / "afhq.zip", {"folder": FOLDER})):
        with pytest.raises(ValueError, match=r".") as caught:
            image_folder.read({} if "path" in arguments else given, **arguments, **options)
        assert str(caught.value).startswith(f"{where}: {message}"), str(caught.value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not a picture (JPEG, PNG, BMP, GIF, PPM, TIFF, WEBP)"),
        (b"hello", "is not a picture"),
        (b"<html></html>", "is not a picture"),
        (picture(0)[:-40], "is a damaged picture ("),
        (picture(0, kind="JPEG", size=(64, 64))[:600], "is a damaged picture ("),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "is not a picture"),
    ],
)
def test_a_file_that_is_no_picture_is_refused_by_name(data, reason, tmp_path):
    refused(f"train/dog/002.png: {reason}", tmp_path, faces() | {"train/dog/002.png": data})


def test_a_text_among_the_pictures_is_refused_by_name(tmp_path):
    refused("train/cat/notes.txt: is not a picture", tmp_path, faces() | {"train/cat/notes.txt": b"mine"})


def test_pictures_of_other_sizes_are_refused_by_name_unless_they_are_resized(tmp_path):
    given = faces() | {"train/wild/001.png": picture(0, size=(9, 8))}
    message = "train/wild/001.png: 9x8 pixels, but train/cat/000.png has 8x8; image_size resizes them"
    refused(message, tmp_path, given)
    assert image_folder.read({}, path=tmp_path / "disk", image_size=8).train_images.shape == (12, 8, 8, 3)


def test_test_pictures_of_another_size_are_refused(tmp_path):
    root = in_folder(tmp_path, {**faces(parts=("train",)), **faces(parts=("val",), size=(9, 9))})
    with pytest.raises(ValueError, match="they must have one height, width"):
        image_folder.read({}, path=root)


def test_16_bits_and_colours_among_grey_are_refused_by_name(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(buffer, "PNG")
    given = faces(mode="L")
    refused(
        "train/cat/001.png: its pixels are not of 8 bits a channel (mode 'I;16')",
        tmp_path / "a",
        given | {"train/cat/001.png": buffer.getvalue()},
    )
    refused(
        "train/cat/001.png: has colours (RGB), but the data set has one channel",
        tmp_path / "b",
        given | {"train/cat/001.png": picture(0)},
        channels=1,
    )


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    refused("train/cat/000.png: is too large a picture", tmp_path / "a", faces())
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    refused("train/cat/000.png: is a damaged picture (Image size (64 pixels) exceeds", tmp_path / "b", faces())


def without(label: str, part: str) -> dict[str, bytes]:
    return {name: data for name, data in faces().items() if not name.startswith(f"{part}/{label}/")}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            without("dog", "val"),
            "other classes for testing, ['cat', 'wild'], than for training, ['cat', 'dog', 'wild']",
        ),
        (faces() | {"train/cat.png": picture(0)}, "train/cat.png lies in no class's folder"),
        (faces(parts=("",)) | {"first.jpg": picture(0)}, "first.jpg lies in no class's folder"),
        ({"cat/1.png": picture(0)}, "needs a folder for each of two or more classes, found ['cat']; `folder` says"),
        ({"README": b""}, "needs a folder for each of two or more classes, found none; `folder` says inside which"),
        (
            faces(parts=("Train", "Test")),
            "the folders ['Test', 'Train'] are neither classes nor parts; the parts are called train and test or val",
        ),
        (faces(parts=("training", "testing")), "the folders ['testing', 'training'] are neither classes nor parts"),
        (faces() | {"extra/1.png": picture(0)}, "the folders ['extra', 'train', 'val'] are neither classes nor parts"),
    ],
)
def test_folders_that_are_no_classes_are_refused(given, reason, tmp_path):
    refused(reason, tmp_path, given)


def test_an_empty_class_folder_is_refused_by_name(tmp_path):
    root = in_folder(tmp_path / "disk", faces())
    (root / "train/zebra").mkdir()
    with pytest.raises(ValueError, match=r"disk: train/zebra holds no picture$"):
        image_folder.read({}, path=root)
    buffer = io.BytesIO(zipped(faces()))
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.mkdir("afhq/val/zebra")
    with pytest.raises(ValueError, match=r"afhq\.zip: val/zebra holds no picture$"):
        image_folder.read(archive(tmp_path, buffer.getvalue()), folder=FOLDER)


def test_a_share_that_leaves_a_class_without_a_picture_is_refused(tmp_path):
    message = "test_share = 0.1 gives 11 training and 1 test images of 3 classes"
    refused(message, tmp_path, faces(parts=("",)), test_share=0.1)


def test_a_class_that_is_too_small_for_its_share_is_refused_by_name(tmp_path):
    given = faces(10, parts=("",))
    few = {name: data for name, data in given.items() if not name.startswith("dog/") or name == "dog/000.png"}
    message = "test_share = 0.2 holds out 0 of the 1 in dog; each class needs one to train and one to test on"
    refused(message, tmp_path, few)
    with pytest.raises(
        ConfigurationError, match=r"mine\.yaml: datasets\.mine: .*: test_share = 0\.2 holds out 0 of the 1"
    ):
        configuration({"mine": {"reader": "image_folder", "path": str(tmp_path / "disk")}})


def test_nothing_or_several_archives_are_refused():
    for paths in ({}, {"a.zip": Path("a.zip"), "b.zip": Path("b.zip")}):
        with pytest.raises(ValueError, match="pictures are read from one folder or ZIP"):
            image_folder.read(paths)


def test_links_in_a_folder_and_in_a_zip_are_refused_by_name(tmp_path):
    root = in_folder(tmp_path / "disk", faces())
    (root / "train/cat/zzz.png").symlink_to("/etc/passwd")
    with pytest.raises(ValueError, match=r"disk/train/cat/zzz\.png: refused, it is a link"):
        image_folder.read({}, path=root)
    given = archive(tmp_path, zipped(faces(), **{"train/cat/zzz.png": "/etc/passwd"}))
    with pytest.raises(ValueError, match=r"afhq\.zip: refused, 'afhq/train/cat/zzz\.png' is a link"):
        image_folder.read(given, folder=FOLDER)


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../evil.png", "afhq/../../evil.png", "elsewhere/cat/1.png", "afhq\\..\\evil.png", "evil.png"],
)
def test_a_member_outside_the_archives_folder_is_refused_by_name(name, tmp_path):
    buffer = io.BytesIO(zipped(faces()))
    with zipfile.ZipFile(buffer, "a") as opened:
        member = zipfile.ZipInfo("x")
        member.filename = name  # ZipInfo itself would clean it
        opened.writestr(member, b"1")
    with pytest.raises(ValueError, match=r"afhq\.zip: refused, '.*' is outside afhq/"):
        image_folder.read(archive(tmp_path, buffer.getvalue()), folder=FOLDER)
    if ".." in name or name.startswith("/"):
        with pytest.raises(ValueError, match=r"afhq\.zip: refused, '.*' is outside the archive$"):
            zip_members(tmp_path / "afhq.zip", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["afhq.zip"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_or_a_pipe_or_too_large_is_refused(tmp_path, monkeypatch):
    buffer = io.BytesIO(zipped(faces()))
    with zipfile.ZipFile(buffer, "a") as opened:
        opened.writestr("afhq/train/cat/000.png", picture(9))
    with pytest.raises(ValueError, match=r"'afhq/train/cat/000\.png' is in it twice"):
        image_folder.read(archive(tmp_path, buffer.getvalue()), folder=FOLDER)
    buffer = io.BytesIO(zipped(faces()))
    with zipfile.ZipFile(buffer, "a") as opened:
        member = zipfile.ZipInfo("afhq/train/cat/pipe")
        member.external_attr = 0o010644 << 16
        opened.writestr(member, b"")
    with pytest.raises(ValueError, match=r"'afhq/train/cat/pipe' is a device or pipe"):
        image_folder.read(archive(tmp_path, buffer.getvalue()), folder=FOLDER)
    monkeypatch.setattr("rethinking.data.archives.LARGEST", 100)
    with pytest.raises(ValueError, match=r"refused, 'afhq/.*' unpacks to \d+ bytes"):
        image_folder.read(archive(tmp_path, zipped(faces())), folder=FOLDER)


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_zip_that_is_cut_short_is_refused_by_name(keep, tmp_path):
    data = zipped(faces())
    given = archive(tmp_path, data[: keep if isinstance(keep, int) else int(keep * len(data))])
    with pytest.raises(ValueError, match=r"afhq\.zip: no ZIP archive, or damaged or cut short"):
        image_folder.read(given, folder=FOLDER)


def test_a_zip_with_a_flipped_bit_is_refused_with_the_member(tmp_path):
    data = bytearray(zipped(faces()))
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        member = opened.getinfo("afhq/train/dog/001.png")
    data[member.header_offset + 30 + len(member.filename) + member.compress_size // 2] ^= 4
    with pytest.raises(ValueError, match=r"afhq\.zip: afhq/train/dog/001\.png: damaged"):
        image_folder.read(archive(tmp_path, bytes(data)), folder=FOLDER)


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_no_damage_to_a_zip_goes_unnoticed_or_ends_in_another_error(tmp_path_factory, data):
    whole = zipped(faces(1))
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[place] ^= data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("zip")
    original = image_folder.read(archive(folder, whole, "whole.zip"), folder=FOLDER)
    with contextlib.suppress(ValueError):  # any other error is one too many
        found = image_folder.read(archive(folder, bytes(damaged)), folder=FOLDER)
        assert same(found, original)  # times and comments say nothing


def test_members_may_be_spelled_with_double_slashes(tmp_path):
    data = zipped(faces(2)).replace(b"afhq/train/cat/001.png", b"afhq//train/cat/01.png")
    path = archive(tmp_path, data)["afhq.zip"]
    names = [name for name in zip_members(path, FOLDER) if "01.png" in name and "/cat/0" in name]
    assert "train/cat/01.png" in names
    assert next(zip_contents(path, FOLDER, ["train/cat/01.png"])) == faces(2)["train/cat/001.png"]


def test_the_contents_of_a_zip_are_those_that_were_packed(tmp_path):
    given = faces(2)
    path = archive(tmp_path, zipped(given))["afhq.zip"]
    sizes = {name: member.file_size for name, member in zip_members(path, FOLDER).items()}
    assert sizes == {name: len(data) for name, data in given.items()}
    assert list(zip_contents(path, FOLDER, given)) == list(given.values())


# -- through the configuration -----------------------------------------------------------------------------------------


def configuration(datasets: dict[str, Any], **raw: Any) -> Configuration:
    catalogue = load_yaml(CHECKOUT / CATALOGUE)
    return Configuration(changed("datasets", datasets_of(datasets)) | raw, catalogue, ConfigOrigins("mine.yaml"))


def datasets_of(datasets: dict[str, Any]) -> dict[str, Any]:
    return yaml.safe_load(TINY)["datasets"] | datasets


def test_one_entry_and_its_path_are_a_data_set_whose_facts_are_counted(tmp_path):
    root = in_folder(tmp_path / "mine", faces(10, parts=("",)))
    made = configuration({"mine": {"reader": "image_folder", "path": str(root), "train": 12, "validation": 6}})
    assert made.datasets["mine"]["original"] == {"train": 24, "test": 6, "classes": 3, "channels": 3, "image_size": 8}
    assert datasets.download_name(made, "mine") is None
    assert jobs.paths(made) == {"mine": str(root)}
    out = tmp_path / "out"
    prepare.prepare("mine", jobs.prepare_job(made, "mine"), None, out, root)
    manifest = files.read_json(out / "manifest.json")
    assert manifest["arrays"]["train_images"]["shape"] == [12, 8, 8, 3]
    assert manifest["classes"] == list(CLASSES)


def test_the_job_changes_with_the_pictures_and_not_with_their_place(tmp_path):
    made_of = {}
    for place in ("one", "two"):
        root = in_folder(tmp_path / place, faces())
        made_of[place] = jobs.prepare_job(
            configuration({"mine": {"reader": "image_folder", "path": str(root)}}), "mine"
        )
    assert made_of["one"] == made_of["two"]
    assert str(tmp_path) not in json.dumps(made_of)
    (tmp_path / "two/train/cat/000.png").write_bytes(picture(77, size=(8, 8), kind="BMP"))
    edited = jobs.prepare_job(
        configuration({"mine": {"reader": "image_folder", "path": str(tmp_path / "two")}}), "mine"
    )
    assert edited["listing"] != made_of["two"]["listing"]


FEW = {"channels": 3, "train": 12, "test": 12, "classes": 3}
FACES = {
    "faces": {"extends": "animal_faces", "original": FEW},
    "few": {"extends": "faces", "train": 6, "validation": 3},
}


def test_animal_faces_are_downloaded_and_brought_to_32_pixels():
    made = configuration(FACES)
    assert datasets.download_name(made, "few") == "animal_faces"
    assert jobs.download_job(made, "animal_faces") == {"afhq.zip": {"unverified": True}}
    options = {"folder": "afhq", "image_size": 32, "test_share": 0.2, "channels": 3}
    assert jobs.prepare_job(made, "faces")["options"] == options


def test_animal_faces_in_a_folder_are_not_downloaded(tmp_path):
    in_folder(tmp_path / "afhq", faces(size=(40, 40)))
    named = configuration({name: entry | {"path": str(tmp_path)} for name, entry in FACES.items()})
    lying = configuration(FACES, data_dir=str(tmp_path))
    for name in FACES:
        assert datasets.download_name(named, name) is datasets.download_name(lying, name) is None
        assert jobs.prepare_job(named, name) == jobs.prepare_job(lying, name)
    assert (jobs.paths(named)["few"], jobs.paths(lying)["few"]) == (str(tmp_path), str(tmp_path / "afhq"))
    prepare.prepare("few", jobs.prepare_job(lying, "few"), None, tmp_path / "out", Path(jobs.paths(lying)["few"]))
    manifest = files.read_json(tmp_path / "out/manifest.json")
    assert [manifest["arrays"][f"{part}_images"]["shape"] for part in ("train", "test")] == [
        [6, 32, 32, 3],
        [12, 32, 32, 3],
    ]


def test_a_folder_that_lies_in_data_dir_and_is_no_use_is_refused_when_it_is_prepared(tmp_path):
    in_folder(tmp_path / "afhq", faces())
    made = configuration({}, data_dir=str(tmp_path))
    with pytest.raises(ValueError, match=r"original\.train = 14630: the files that were read have 12"):
        prepare.prepare(
            "animal_faces", jobs.prepare_job(made, "animal_faces"), None, tmp_path / "out", tmp_path / "afhq"
        )
    (tmp_path / "afhq/train/cat/link").symlink_to("nowhere")
    made = configuration({}, data_dir=str(tmp_path))
    with pytest.raises(ValueError, match=r"cat/link: refused, it is a link"):
        prepare.prepare(
            "animal_faces", jobs.prepare_job(made, "animal_faces"), None, tmp_path / "out", tmp_path / "afhq"
        )


PICTURES = {"reader": "image_folder"}
REFUSED = [
    ({"mine": PICTURES}, "datasets.mine: the key 'path' is missing, and data_dir has no folder of this name"),
    ({"mine": PICTURES | {"path": "not/there"}}, 'datasets.mine.path = "not/there": there is no such folder or file'),
    ({"mine": PICTURES | {"path": "ROOT", "original": {"train": 11}}},
     "datasets.mine.original.train = 11: ROOT has 12"),
    ({"mine": PICTURES | {"path": "ROOT", "train": 13}},
     "datasets.mine.train = 13: must be from 3 (one a class) to 12 (all)"),
    ({"mine": PICTURES | {"path": "ROOT/train/cat"}},
     "datasets.mine: ROOT/train/cat: 000.png lies in no class's folder"),
    ({"mine": PICTURES | {"path": "ROOT/train/cat/000.png"}},
     "datasets.mine: ROOT/train/cat/000.png: no ZIP archive, or damaged or cut short"),
    ({"mine": PICTURES | {"path": "ROOT", "folder": "../up"}}, 'datasets.mine.folder = "../up": must be'),
    ({"mine": PICTURES | {"path": "ROOT", "test_share": 1}}, "datasets.mine.test_share = 1: must be less than 1"),
    ({"mine": {"extends": "digits", "path": "ROOT"}},
     'datasets.mine.path = "ROOT": the reader \'digits\' takes no such key'),
    ({"mine": {"extends": "digits", "original": {"train": 9}}},
     "datasets.mine.original: the key 'channels' is missing"),
    ({"mine": PICTURES | {"files": {"a.zip": {"urls": [], "unverified": True}}}},
     "datasets.mine: the key 'original' is missing"),
    ({"mine": PICTURES | {"files": {"a.zip": {"urls": ["http://a/a.zip"], "unverified": True}}}},
     'datasets.mine.files.a.zip.urls = ["http://a/a.zip"]: without a hash only addresses that begin https://'),
    ({"mine": PICTURES | {"files": {"a.zip": {"urls": [], "unverified": True, "bytes": 3}}}},
     "datasets.mine.files.a.zip.unverified = true: bytes is known; leave this out"),
    ({"mine": PICTURES | {"files": {"a.zip": {"urls": [], "md5": "0" * 32}}}},
     "datasets.mine.files.a.zip: the key 'bytes' is missing"),
    ({"mine": PICTURES | {"files": {"a.zip": {"urls": [], "unverified": False}}}},
     "datasets.mine.files.a.zip.unverified = false: unknown value; known: True"),
]  # fmt: skip


@pytest.mark.parametrize(("datasets", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_bad_entry_is_refused_with_its_key_its_value_and_the_reason(datasets, message, tmp_path):
    root = in_folder(tmp_path / "mine", faces())
    given = yaml.safe_load(yaml.safe_dump(datasets).replace("ROOT", str(root)))
    with pytest.raises(ConfigurationError) as refusal:
        configuration(given)
    assert str(refusal.value).startswith(f"mine.yaml: {message}".replace("ROOT", str(root)))


def test_colours_among_grey_pictures_are_read_where_channels_says_so(tmp_path):
    root = in_folder(tmp_path / "mine", faces(mode="L") | {"train/cat/001.png": picture(0)})
    entry = {"reader": "image_folder", "path": str(root)}
    with pytest.raises(ValueError, match="has one channel; write channels: 3"):
        prepare.prepare("mine", jobs.prepare_job(configuration({"mine": entry}), "mine"), None, tmp_path / "grey", root)
    made = configuration({"mine": entry | {"channels": 3}})
    prepare.prepare("mine", jobs.prepare_job(made, "mine"), None, tmp_path / "out", root)
    assert np.load(tmp_path / "out/train_images.npy").shape[1:] == (8, 8, 3)


def test_pictures_of_unequal_sides_need_image_size(tmp_path):
    root = in_folder(tmp_path / "mine", faces(size=(9, 8)))
    entry = {"reader": "image_folder", "path": str(root)}
    with pytest.raises(ConfigurationError, match=r"mine\.original: the key 'image_size' is missing"):
        configuration({"mine": entry})
    assert configuration({"mine": entry | {"image_size": 8}}).datasets["mine"]["original"]["channels"] == 3


@pytest.mark.parametrize("size", [(20, 20), (20, 16)])
def test_image_size_is_that_of_the_arrays_whatever_size_the_pictures_have(size, tmp_path):
    root = in_folder(tmp_path / "mine", faces(size=size))
    made = configuration({"mine": {"reader": "image_folder", "path": str(root), "image_size": 32}})
    prepare.prepare("mine", jobs.prepare_job(made, "mine"), None, tmp_path / "out", root)
    manifest = files.read_json(tmp_path / "out/manifest.json")
    assert manifest["arrays"]["train_images"]["shape"] == [12, 32, 32, 3]


def test_a_size_that_is_stated_of_the_pictures_is_checked_before_they_are_resized(tmp_path):
    root = in_folder(tmp_path / "mine", faces(size=(20, 20)))
    entry = {"reader": "image_folder", "path": str(root), "original": {"image_size": 20}}
    made = configuration({"mine": entry, "small": {"extends": "mine", "image_size": 8}})
    prepare.prepare("small", jobs.prepare_job(made, "small"), None, tmp_path / "out", root)
    small = np.load(tmp_path / "out/train_images.npy")
    assert np.array_equal(small, image_folder.read({}, path=root, image_size=8).train_images)
    wrong = configuration({"mine": entry | {"original": {"image_size": 21}, "image_size": 8}})
    with pytest.raises(ValueError, match=r"original\.image_size = 21: the files that were read have 20"):
        prepare.prepare("mine", jobs.prepare_job(wrong, "mine"), None, tmp_path / "wrong", root)


def test_a_figure_and_a_table_may_be_about_any_data_set(tmp_path):
    root = in_folder(tmp_path / "mine", faces(10, parts=("",), size=(40, 30)))
    mine = {"mine": {"reader": "image_folder", "path": str(root), "image_size": 32}}
    panel = {"models": ["mlp_1x512"], "corruptions": ["true_labels"]}
    classified = [name for name, entry in configuration(mine).datasets.items() if entry["task"] == CLASSIFICATION]
    assert "mine" in classified
    for name in classified:
        made = configuration(mine, tables={"table1": {"dataset": name, "recipe": "quick", "panels": {"plain": panel}}})
        assert at_paper_size(made, "table1") == (name == "cifar10")
        assert section_of(made, "table1").dataset == name


def test_pictures_that_have_changed_places_are_prepared_again(fresh_checkout):
    root = in_folder(fresh_checkout / "mine", faces(kind="BMP", suffix="bmp"))
    given = fresh_checkout.configuration()
    given["datasets"]["mine"] = {"reader": "image_folder", "path": "mine"}
    fresh_checkout.configure(given)
    target = "results/data/mine/manifest.json"
    prepared = {("prepare", frozenset(["dataset=mine"]))}
    assert fresh_checkout.run(target=target) == prepared
    assert fresh_checkout.jobs(target=target) == set()
    (root / "train/cat/000.bmp").rename(root / "aside")
    (root / "train/dog/001.bmp").rename(root / "train/cat/000.bmp")
    (root / "aside").rename(root / "train/dog/001.bmp")
    assert fresh_checkout.jobs(target=target) == prepared


def test_a_pipe_among_the_pictures_ends_a_dry_run_and_does_not_hang_it(fresh_checkout):
    root = in_folder(fresh_checkout / "mine", faces())
    os.mkfifo(root / "train/cat/pipe.png")
    given = fresh_checkout.configuration()
    given["datasets"]["mine"] = {"reader": "image_folder", "path": "mine"}
    fresh_checkout.configure(given)
    called = fresh_checkout.snakemake("--cores", "1", "--dry-run", "--", "results/data/mine/manifest.json")
    assert called.returncode == 1
    message = "config/config.yaml: datasets.mine: mine/train/cat/pipe.png: refused, it is a pipe, a socket or a device"
    assert message in (called.stdout + called.stderr).splitlines()


def test_snakemake_prepares_pictures_again_only_where_they_were_edited(fresh_checkout):
    in_folder(fresh_checkout / "mine", faces())
    given = fresh_checkout.configuration()
    given["datasets"]["mine"] = {"reader": "image_folder", "path": "mine"}
    fresh_checkout.configure(given)
    target = "results/data/mine/manifest.json"
    prepared = {("prepare", frozenset(["dataset=mine"]))}
    assert fresh_checkout.run(target=target) == prepared
    (fresh_checkout / "mine").rename(fresh_checkout / "moved")
    given["datasets"]["mine"]["path"] = "moved"
    fresh_checkout.configure(given)
    assert fresh_checkout.jobs(target=target) == set()
    (fresh_checkout / "moved/val/cat/extra.png").write_bytes(picture(99))
    assert fresh_checkout.jobs(target=target) == prepared


# -- a download whose hash nobody knows --------------------------------------------------------------------------------


def test_an_unverified_file_is_told_written_down_and_held_to(tmp_path, capsys, authority):
    data = zipped(faces())
    expected = {"afhq.zip": {"unverified": True}}
    with web.loopback(authority) as server:
        urls = {"afhq.zip": [server.serve("page", web.whole(b"<html>")), server.serve("good", web.whole(data))]}
        download.download("animal_faces", expected, urls, tmp_path)
    pinned = {"bytes": len(data), "sha256": files.sha256(tmp_path / "afhq.zip")}
    assert files.read_json(tmp_path / "manifest.json")["files"] == {"afhq.zip": pinned}
    told = capsys.readouterr().err
    assert "page: an HTML page in place of the file" in told
    assert f"bytes: {len(data)}, sha256: {pinned['sha256']}" in told
    values = {"reader": "image_folder", "image_size": None, "channels": None, "train": None, "test": None, "seed": 0}
    values["options"] = {"folder": FOLDER}
    prepare.prepare("animal_faces", values, tmp_path, tmp_path / "out")
    assert files.read_json(tmp_path / "out/manifest.json")["sources"] == {"afhq.zip": pinned["sha256"]}
    (tmp_path / "afhq.zip").write_bytes(zipped(faces(5)))
    with pytest.raises(ValueError, match=r"afhq\.zip: wrong size: .*it will be made again"):
        prepare.prepare("animal_faces", values, tmp_path, tmp_path / "again")


def test_what_was_pinned_can_be_written_into_the_configuration(tmp_path):
    data = zipped(faces())
    (tmp_path / "afhq.zip").write_bytes(data)
    known = {"urls": [], "bytes": len(data), "sha256": files.sha256(tmp_path / "afhq.zip")}
    made = configuration({"faces": {"extends": "animal_faces", "files": {"afhq.zip": known}}})
    assert datasets.download_name(made, "faces") == "faces"
    download.download("faces", jobs.download_job(made, "faces"), jobs.urls(made)["faces"], tmp_path)
    assert jobs.download_job(made, "faces") == files.read_json(tmp_path / "manifest.json")["files"]
