"""Reading CIFAR-10 and MNIST from files in the official layout, and refusing everything else."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from official_layout import (
    BATCHES,
    CLASSES,
    FOLDER,
    add,
    archive,
    cifar_arrays,
    cifar_files,
    gzipped,
    idx,
    mnist_files,
    python2_pickle,
)

from rethinking import pickles
from rethinking.data.archives import HEADERS, content, members, zip_members
from rethinking.data.readers import cifar10, cifar10_animals, cifar10_cat_dog_horse, fashion_mnist, mnist

ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")


def write(folder: Path, files: dict[str, bytes]) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files}


def packed(folder: Path, data: bytes) -> dict[str, Path]:
    return write(folder, {cifar10.ARCHIVE: data})


def unpacked(folder: Path, files: dict[str, bytes]) -> dict[str, Path]:
    return {f"{FOLDER}/{name}": path for name, path in write(folder / FOLDER, files).items()}


# -- CIFAR-10 --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cifar() -> dict[str, bytes]:
    return cifar_files()


def test_cifar10_comes_in_its_official_order_with_its_class_names(cifar, tmp_path):
    source = cifar10.read(packed(tmp_path, archive(cifar)))
    arrays = cifar_arrays()
    assert source.classes == tuple(CLASSES)
    assert source.train_images.shape == (100, 32, 32, 3)
    assert source.test_images.shape == (20, 32, 32, 3)
    for batch, name in enumerate(BATCHES[:5]):
        images, labels = arrays[name]
        part = slice(20 * batch, 20 * batch + 20)
        assert np.array_equal(source.train_labels[part], labels)
        for channel in range(3):
            assert np.array_equal(source.train_images[part, :, :, channel], images[:, channel])
    assert np.array_equal(source.test_images, np.moveaxis(arrays["test_batch"][0], 1, 3))
    assert np.array_equal(source.test_labels, arrays["test_batch"][1])


def test_the_archive_and_the_unpacked_folder_give_the_same_data_set(cifar, tmp_path):
    one = cifar10.read(packed(tmp_path, archive({**cifar, "readme.html": b"<html></html>"})))
    other = cifar10.read(unpacked(tmp_path, cifar))
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS)
    assert one.classes == other.classes


def test_reading_the_archive_unpacks_nothing(cifar, tmp_path):
    cifar10.read(packed(tmp_path, archive(cifar)))
    assert [path.name for path in tmp_path.iterdir()] == [cifar10.ARCHIVE]


class Gadget:
    """Unpickled by pickle itself, it runs a command."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.witness}",)


@pytest.mark.parametrize("name", ["data_batch_3", "batches.meta"])
@pytest.mark.parametrize("form", ["archive", "folder"])
def test_a_gadget_in_a_pickle_is_refused_and_does_not_run(name, form, cifar, tmp_path):
    witness = tmp_path / "it-ran"
    gadget = pickle.dumps({"data": Gadget(witness), "label_names": Gadget(witness)}, protocol=2)
    files = {**cifar, name: gadget}
    given = packed(tmp_path, archive(files)) if form == "archive" else unpacked(tmp_path, files)
    with pytest.raises(ValueError, match=rf"{name}: not loaded: it refers to (posix|nt)\.system, which is neither"):
        cifar10.read(given)
    assert not witness.exists()
    pickle.loads(gadget)  # the same bytes, read by pickle
    assert witness.exists()


@pytest.mark.parametrize(
    "reference",
    [
        b"cbuiltins\neval\n",
        b"c__builtin__\neval\n",
        b"cnumpy.core.multiarray\nscalar\n",
        b"cnumpy\nload\n",
        b"c_codecs\ndecode\n",
    ],
)
def test_a_pickle_may_refer_to_arrays_and_nothing_else(reference):
    with pytest.raises(ValueError, match="a file: not loaded: it refers to"):
        pickles.loads(b"\x80\x02" + reference + b".", "a file", encoding="latin1")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i4", "f2", "<f8", "c16", "?", "S3", "<U2"])
def test_an_honest_pickle_of_arrays_is_read_as_pickle_itself_reads_it(dtype, protocol):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    for given in (array, array.T, array[:0], array[0, 0:1].reshape(())):
        data = pickle.dumps({"a": [given], "b": (1, given.dtype)}, protocol)
        found, reference = pickles.loads(data, "a file"), pickle.loads(data)
        assert found["b"] == reference["b"]
        assert type(found["a"][0]) is np.ndarray
        assert found["a"][0].dtype == reference["a"][0].dtype
        assert found["a"][0].shape == given.shape
        assert np.array_equal(found["a"][0], given)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([None, "text"], object), "it holds an array of object"),
        (np.zeros(2, [("x", "i4")]), r"it holds an array of \|V4"),
        (np.zeros(2, "datetime64[s]"), "it holds an array of datetime64"),
        (np.float64(1), "it refers to numpy.*scalar, which is neither"),
    ],
)
def test_arrays_of_anything_but_numbers_and_text_are_refused(value, message):
    with pytest.raises(ValueError, match=f"^a file: not loaded: {message}"):
        pickles.loads(pickle.dumps(value, 4), "a file")


def test_a_pickle_cannot_make_numpy_misread_memory():
    honest = python2_pickle(np.arange(8, dtype=np.uint8))
    # The last of a type's state are its flags: these say that the values are pointers to objects.
    hostile = honest.replace(b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb", b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb")
    assert hostile != honest
    assert pickles.loads(hostile, "a file", encoding="latin1").tolist() == list(range(8))
    for call in (b"cnumpy\nndarray\n(J\xff\xff\xff\x7ftR.", b"cnumpy\nndarray\n(tR."):
        with pytest.raises(ValueError, match="a file: not loaded: "):
            pickles.loads(b"\x80\x02" + call, "a file")


def test_bytes_of_old_pickles_are_in_one_encoding():
    with pytest.raises(ValueError, match="a file: not loaded: it holds bytes in the encoding 'rot13'"):
        pickles.loads(b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.", "a file")


def test_a_truncated_pickle_is_refused_by_name():
    whole = python2_pickle({"data": np.zeros(3, np.uint8), "labels": [1, 2], "label_names": ["a"]})
    for size in range(len(whole)):
        with pytest.raises(ValueError, match=r"^a file: not loaded: "):
            pickles.loads(whole[:size], "a file", encoding="latin1")


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (member("/etc/passwd", tarfile.REGTYPE), "refused, '/etc/passwd' is outside cifar-10-batches-py/"),
        (member(f"{FOLDER}/../../evil", tarfile.REGTYPE), "/../../evil' is outside cifar-10-batches-py/"),
        (member("elsewhere/file", tarfile.REGTYPE), "refused, 'elsewhere/file' is outside cifar-10-batches-py/"),
        (member("elsewhere", tarfile.DIRTYPE), "refused, 'elsewhere' is outside cifar-10-batches-py/"),
        (member(f"{FOLDER}/link", tarfile.SYMTYPE, "/etc/passwd"), "refused, 'cifar-10-batches-py/link' is a link"),
        (member(f"{FOLDER}/data_batch_1", tarfile.SYMTYPE, "test_batch"), "data_batch_1' is a link"),
        (member(f"{FOLDER}/hard", tarfile.LNKTYPE, f"{FOLDER}/test_batch"), "hard' is a link"),
        (member(f"{FOLDER}/disk", tarfile.BLKTYPE), "refused, 'cifar-10-batches-py/disk' is a device or pipe"),
        (member(f"{FOLDER}/terminal", tarfile.CHRTYPE), "terminal' is a device or pipe"),
        (member(f"{FOLDER}/pipe", tarfile.FIFOTYPE), "pipe' is a device or pipe"),
        (member(f"{FOLDER}/test_batch", tarfile.REGTYPE), "'cifar-10-batches-py/test_batch' is in it twice"),
    ],
)
def test_an_archive_with_anything_but_files_in_its_folder_is_refused(extra, message, cifar, tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, data in cifar.items():
            if f"{FOLDER}/{name}" != extra.name or extra.isfile():
                add(tar, f"{FOLDER}/{name}", data)
        tar.addfile(extra)
    with pytest.raises(ValueError, match="cifar-10-python") as caught:
        cifar10.read(packed(tmp_path, buffer.getvalue()))
    assert str(caught.value) == f"{tmp_path / cifar10.ARCHIVE}: " + str(caught.value).partition(": ")[2]
    assert message in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [cifar10.ARCHIVE]


@pytest.mark.parametrize("keep", [0, 5, 1000, 0.5, 0.99])
def test_a_truncated_archive_is_refused_by_name(keep, cifar, tmp_path):
    data = archive(cifar)
    size = keep if isinstance(keep, int) else int(keep * len(data))
    with pytest.raises(ValueError, match=r"cifar-10-python\.tar\.gz: damaged or cut short"):
        cifar10.read(packed(tmp_path, data[:size]))


def test_something_else_under_the_archives_name_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"cifar-10-python\.tar\.gz: damaged or cut short"):
        cifar10.read(packed(tmp_path, b"<html>" * 2000))


@pytest.mark.parametrize("name", ["data_batch_4", "test_batch", "batches.meta"])
def test_a_missing_file_is_named(name, cifar, tmp_path):
    rest = {other: data for other, data in cifar.items() if other != name}
    with pytest.raises(ValueError, match=rf"^{name} not found in .*cifar-10-python\.tar\.gz$"):
        cifar10.read(packed(tmp_path, archive(rest)))
    with pytest.raises(ValueError, match=rf"^{name} not found in .*data_batch_1"):
        cifar10.read(unpacked(tmp_path, rest))
    with pytest.raises(ValueError, match="not found in no file at all"):
        cifar10.read({})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("test_batch", [1, 2], "test_batch: has no 'data' of 8-bit values, 3072 an image"),
        ("test_batch", {"labels": [0]}, "test_batch: has no 'data'"),
        ("test_batch", {"labels": [0], "data": np.zeros((1, 3072), np.int16)}, "test_batch: has no 'data'"),
        ("test_batch", {"labels": [0], "data": np.zeros((1, 3071), np.uint8)}, "test_batch: has no 'data'"),
        ("test_batch", {"labels": [0], "data": np.zeros(3072, np.uint8)}, "test_batch: has no 'data'"),
        ("data_batch_2", {"data": np.zeros((1, 3072), np.uint8)}, "data_batch_2: has no 'labels', one whole number an"),
        ("data_batch_2", {"labels": [0, 1], "data": np.zeros((1, 3072), np.uint8)}, "data_batch_2: has no 'labels'"),
        ("data_batch_2", {"labels": ["0"], "data": np.zeros((1, 3072), np.uint8)}, "data_batch_2: has no 'labels'"),
        ("data_batch_2", {"labels": [10], "data": np.zeros((1, 3072), np.uint8)}, "batch_2: labels must lie in 0..9"),
        ("batches.meta", {"num_vis": 3072}, "batches.meta: has no 'label_names'"),
        ("batches.meta", {"label_names": [1, 2]}, "batches.meta: has no 'label_names'"),
    ],
)
def test_a_pickle_of_another_content_is_refused_by_name(name, content, message, cifar, tmp_path):
    with pytest.raises(ValueError, match=r".") as caught:
        cifar10.read(unpacked(tmp_path, {**cifar, name: python2_pickle(content)}))
    assert message in str(caught.value)


# -- MNIST -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits() -> dict[str, bytes]:
    return mnist_files()


def compressed(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{name}.gz": gzipped(data) for name, data in files.items()}


def test_mnist_comes_in_its_official_order(digits, tmp_path):
    source = mnist.read(write(tmp_path, compressed(digits)))
    assert source.train_images.shape == (30, 28, 28, 1)
    assert source.train_images.tobytes() == digits["train-images-idx3-ubyte"][16:]
    assert source.test_images.tobytes() == digits["t10k-images-idx3-ubyte"][16:]
    assert source.train_labels.tolist() == list(digits["train-labels-idx1-ubyte"][8:])
    assert source.test_labels.tolist() == list(digits["t10k-labels-idx1-ubyte"][8:])
    assert source.classes == tuple("0123456789")


def test_mnist_may_be_compressed_or_not_each_file_for_itself(digits, tmp_path):
    differing_environments = {name: data for name, data in digits.items() if "labels" in name}
    differing_environments |= compressed({name: data for name, data in digits.items() if "images" in name})
    sources = [mnist.read(write(tmp_path, files)) for files in (compressed(digits), digits, differing_environments)]
    for name in ARRAYS:
        first, second, third = (getattr(source, name) for source in sources)
        assert np.array_equal(first, second)
        assert np.array_equal(first, third)


LABELS = "train-labels-idx1-ubyte"
IMAGES = "t10k-images-idx3-ubyte"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (LABELS, lambda data: b"", "no idx file of 1 dimensions of 8-bit values, begins "),
        (LABELS, lambda data: data[:6], "no idx file of 1 dimensions of 8-bit values, begins 00000801"),
        (LABELS, lambda data: b"\x00\x00\x0d\x01" + data[4:], "begins 00000d01"),
        (LABELS, lambda data: b"<html>" + data, "begins 3c68746d"),
        (IMAGES, lambda data: idx(np.zeros((30, 784), np.uint8)), "no idx file of 3 dimensions of 8-bit values"),
        (IMAGES, lambda data: data[:-1], r"23,535 bytes, but its header says \(30, 28, 28\), which is 23,536"),
        (IMAGES, lambda data: data + b"0", r"23,537 bytes, but its header says \(30, 28, 28\), which is 23,536"),
        (IMAGES, lambda data: data[:4] + b"\xff" * 12 + data[16:], "but its header says"),
    ],
)
@pytest.mark.parametrize("gz", [False, True])
def test_a_faulty_idx_file_is_refused_by_name(name, change, message, gz, digits, tmp_path):
    files = {**digits, name: change(digits[name])}
    with pytest.raises(ValueError, match=rf"{name}{'.gz' if gz else ''}: .*{message}"):
        mnist.read(write(tmp_path, compressed(files) if gz else files))


@pytest.mark.parametrize("change", [lambda data: data[:-9], lambda data: data[:20], lambda data: b"PK" + data[2:]])
def test_a_truncated_or_damaged_gz_is_refused_by_name(change, digits, tmp_path):
    files = compressed(digits)
    files[f"{IMAGES}.gz"] = change(files[f"{IMAGES}.gz"])
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz: damaged or cut short"):
        mnist.read(write(tmp_path, files))


def test_a_missing_idx_file_is_named(digits, tmp_path):
    files = write(tmp_path, {name: data for name, data in digits.items() if name != LABELS})
    with pytest.raises(ValueError, match=rf"{LABELS}\.gz is not among the files: train-images"):
        mnist.read(files)
    with pytest.raises(ValueError, match="is not among the files: there is none"):
        mnist.read({})


@pytest.mark.parametrize("reader", [mnist, fashion_mnist])
def test_a_label_of_no_class_is_refused_with_its_file(reader, tmp_path):
    files = mnist_files()
    labels = np.frombuffer(files["t10k-labels-idx1-ubyte"], np.uint8, offset=8).copy()
    labels[3] = 10
    given = write(tmp_path, files | {"t10k-labels-idx1-ubyte": idx(labels)})
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte: labels must lie in 0\.\.9, found 0\.\.10$"):
        reader.read(given)


def test_too_few_labels_are_refused_with_their_file(tmp_path):
    given = write(tmp_path, mnist_files() | {"train-labels-idx1-ubyte": idx(np.zeros(29, np.uint8))})
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte: 29 labels for 30 images$"):
        mnist.read(given)


@pytest.mark.parametrize("wrong", [-1, 10])
@pytest.mark.parametrize("form", ["archive", "folder"])
def test_a_label_of_no_class_is_refused_with_its_batch(wrong, form, cifar, tmp_path):
    images, labels = cifar_arrays()["data_batch_2"]
    content = {"labels": [wrong, *labels[1:].tolist()], "data": images.reshape(len(images), -1)}
    files = cifar | {"data_batch_2": python2_pickle(content)}
    given = packed(tmp_path, archive(files)) if form == "archive" else unpacked(tmp_path, files)
    with pytest.raises(ValueError, match=r"data_batch_2: labels must lie in 0\.\.9, found "):
        cifar10.read(given)


# -- Fashion-MNIST, the animals of CIFAR-10 ---------------------------------------------------------------------------


def test_fashion_mnist_is_read_from_files_called_like_mnists_under_names_of_its_own(tmp_path):
    given = write(tmp_path, mnist_files())
    one, other = fashion_mnist.read(given), mnist.read(given)
    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS)
    assert one.classes[0] == "T-shirt/top"
    assert one.classes[9] == "Ankle boot"
    assert len(set(one.classes)) == 10


def test_the_animals_of_cifar10_are_its_cats_dogs_and_four_wild_kinds_in_its_order(cifar, tmp_path):
    given = packed(tmp_path, archive(cifar))
    whole, animals = cifar10.read(given), cifar10_animals.read(given)
    assert animals.classes == ("cat", "dog", "wild")
    names = {3: 0, 5: 1, 2: 2, 4: 2, 6: 2, 7: 2}
    for part in ("train", "test"):
        images, labels = getattr(whole, f"{part}_images"), getattr(whole, f"{part}_labels")
        kept = [i for i, label in enumerate(labels.tolist()) if label in names]
        assert np.array_equal(getattr(animals, f"{part}_images"), images[kept])
        assert getattr(animals, f"{part}_labels").tolist() == [names[label] for label in labels[kept].tolist()]


def test_cats_dogs_and_horses_are_those_of_cifar10_in_its_order(cifar, tmp_path):
    given = packed(tmp_path, archive(cifar))
    whole, animals = cifar10.read(given), cifar10_cat_dog_horse.read(given)
    assert animals.classes == ("cat", "dog", "horse")
    for part in ("train", "test"):
        images, labels = getattr(whole, f"{part}_images"), getattr(whole, f"{part}_labels")
        kept = np.isin(labels, [3, 5, 7])
        assert np.array_equal(getattr(animals, f"{part}_images"), images[kept])
        names = [whole.classes[label] for label in labels[kept]]
        assert [animals.classes[label] for label in getattr(animals, f"{part}_labels")] == names


def test_animals_are_not_made_of_other_classes(cifar, tmp_path):
    meta = python2_pickle({"label_names": [name.upper() for name in CLASSES]})
    with pytest.raises(ValueError, match="has no class 'cat'"):
        cifar10_animals.read(packed(tmp_path, archive(cifar | {"batches.meta": meta})))


# -- few bytes that unpack to many -------------------------------------------------------------------------------------


def test_a_header_that_would_be_read_for_hours_is_refused_by_its_size(tmp_path):
    header = tarfile.TarInfo("f/further")
    header.type, header.size = tarfile.XHDTYPE, HEADERS + 512
    path = tmp_path / "a.tar"
    path.write_bytes(header.tobuf(tarfile.USTAR_FORMAT) + b"9" * header.size)
    with pytest.raises(ValueError, match=rf"a\.tar: damaged or cut short \(a header of {header.size:,} bytes\)"):
        list(members(path, "f", {"x"}))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_is_read_whatever_it_is_packed_by(pack, tmp_path):
    whole, content = io.BytesIO(), bytes(range(256)) * 1000
    with tarfile.open(fileobj=whole, mode="w") as archive:
        member = tarfile.TarInfo("f/x")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    path = tmp_path / "a"
    path.write_bytes(pack(whole.getvalue()))
    assert list(members(path, "f", {"x"})) == [("x", content)]
    path.write_bytes(pack(b"no archive" * 100))
    with pytest.raises(ValueError, match=r"^[^\n]*a: damaged or cut short \([^\n]*\)$"):
        list(members(path, "f", {"x"}))


def test_a_sparse_member_is_refused_by_the_size_that_it_unpacks_to(tmp_path):
    file = tmp_path / f"{cifar10.FOLDER}/data_batch_1"
    file.parent.mkdir()
    with file.open("wb") as sparse:
        sparse.truncate(40 << 30)
    path = tmp_path / "cifar-10-python.tar.gz"
    subprocess.run(["tar", "-S", "-czf", path, "-C", tmp_path, cifar10.FOLDER], check=True, timeout=60)
    assert path.stat().st_size < 10_000
    with pytest.raises(ValueError, match=r"refused, '.*data_batch_1' unpacks to 42,949,672,960 bytes"):
        cifar10.read({path.name: path})


def test_a_gzipped_file_is_read_up_to_the_largest_size(tmp_path, monkeypatch):
    monkeypatch.setattr("rethinking.data.archives.LARGEST", 1000)
    for name, data in (("file.gz", gzip.compress(bytes(1001))), ("file", bytes(1001))):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match=rf"{name}: refused, it holds more than 1,000 bytes"):
            content(tmp_path / name)
        (tmp_path / name).write_bytes(gzip.compress(bytes(1000)) if name.endswith(".gz") else bytes(1000))
        assert content(tmp_path / name) == bytes(1000)


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_damaged_xz_archive_is_refused_by_name(kept, tmp_path):
    path = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:xz") as archive:
        member = tarfile.TarInfo(f"{cifar10.FOLDER}/data_batch_1")
        member.size = 100_000
        archive.addfile(member, io.BytesIO(np.random.default_rng(0).bytes(member.size)))
    data = bytearray(path.read_bytes())
    place = int(kept * len(data))
    data[place - 50 : place] = bytes(50)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"cifar-10-python\.tar\.gz: damaged or cut short"):
        cifar10.read({path.name: path})


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_so_that_its_files_may_be_of_any_size_is_refused(method, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("cat/1.png", b"picture")
    with pytest.raises(
        ValueError, match=r"a\.zip: refused, 'cat/1\.png' is packed by (bzip2|lzma); pack it by deflate"
    ):
        zip_members(tmp_path / "a.zip", "")
