"""Pictures of one's own are read as they are seen: upright, on white, in 8 bits, or refused by name."""

import contextlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from picture_archives import faces, in_folder, picture
from PIL import Image

from rethinking.data.decoding import decoded
from rethinking.data.pictures import pictures_in
from rethinking.data.readers import image_folder

ORIENTATION = 0x0112
LOSSLESS = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def corners() -> np.ndarray:
    """16 rows of 24 pixels, a grey of its own in each corner, so that every turn is told from the others."""
    image = np.zeros((16, 24, 3), np.uint8)
    image[:8, :8], image[:8, 16:], image[8:, :8] = 255, 170, 85
    return image


# Where the row and column of each of the eight orientations start, as the standard (JEITA CP-3451) numbers them.
TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize("orientation", TURNED)
def test_a_picture_is_turned_as_its_camera_says(kind, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = saved(Image.fromarray(corners()), kind, exif=exif, **LOSSLESS[kind])
    assert np.array_equal(decoded(data, "a", None, 3), TURNED[orientation](corners()))


def test_pictures_that_are_seen_in_one_size_are_of_one_size(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 8
    content = faces(2, size=(6, 8))
    content["train/cat/000.png"] = saved(Image.fromarray(np.zeros((6, 8, 3), np.uint8)), exif=exif)
    assert image_folder.read({}, path=in_folder(tmp_path, content)).train_images.shape == (6, 8, 6, 3)


def test_an_orientation_that_does_not_exist_turns_nothing():
    exif = Image.Exif()
    exif[ORIENTATION] = 9
    assert np.array_equal(decoded(saved(Image.fromarray(corners()), exif=exif), "a", None, 3), corners())


# -- transparency ------------------------------------------------------------------------------------------------------

SHOWN = np.zeros((6, 6), bool)
SHOWN[2:4, 1:5] = True


def rgba(hidden: int) -> bytes:
    colours = np.where(SHOWN[..., None], [10, 20, 30], [hidden, 255 - hidden, 7])
    return saved(Image.fromarray(np.dstack([colours, SHOWN * 255]).astype(np.uint8)))


def grey_with_alpha(hidden: int) -> bytes:
    grey, alpha = np.where(SHOWN, 10, hidden), SHOWN * 255
    return saved(Image.merge("LA", [Image.fromarray(each.astype(np.uint8)) for each in (grey, alpha)]))


def palette(hidden: int) -> bytes:
    image = Image.fromarray(np.where(SHOWN, 0, 1).astype(np.uint8)).convert("P")
    image.putpalette([10, 20, 30, hidden, 1, 2])
    return saved(image, transparency=1)


def palette_with_half_seen(hidden: int) -> bytes:
    image = Image.fromarray(np.where(SHOWN, 0, 1).astype(np.uint8)).convert("P")
    image.putpalette([10, 20, 30, hidden, 1, 2])
    return saved(image, transparency=bytes([255, 0]))


def one_transparent_colour(hidden: int) -> bytes:
    colour = (hidden, 9, 9)
    return saved(
        Image.fromarray(np.where(SHOWN[..., None], [10, 20, 30], colour).astype(np.uint8)), transparency=colour
    )


def one_transparent_grey(hidden: int) -> bytes:
    return saved(Image.fromarray(np.where(SHOWN, 10, hidden).astype(np.uint8)), transparency=hidden)


def gif(hidden: int) -> bytes:
    image = Image.fromarray(np.where(SHOWN, 0, 1).astype(np.uint8)).convert("P")
    image.putpalette([10, 20, 30, hidden, 1, 2])
    return saved(image, "GIF", transparency=1)


def webp(hidden: int) -> bytes:
    return saved(Image.open(io.BytesIO(rgba(hidden))), "WEBP", lossless=True, exact=True)


@pytest.mark.parametrize(
    "make",
    [rgba, grey_with_alpha, palette, palette_with_half_seen, one_transparent_colour, one_transparent_grey, gif, webp],
)
def test_what_is_transparent_is_white_whatever_colour_lies_below(make):
    one, other = (decoded(make(hidden), "a", None, 3) for hidden in (40, 200))
    assert np.array_equal(one, other)
    assert (one[~SHOWN] == 255).all()
    assert (one[SHOWN] == ([10] * 3 if "grey" in make.__name__ else [10, 20, 30])).all()


def test_a_picture_with_alpha_of_which_nothing_is_transparent_keeps_every_value():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    assert np.array_equal(decoded(saved(Image.fromarray(pixels)), "a", None, 3), pixels[..., :3])


def test_what_is_half_transparent_is_half_white():
    assert decoded(saved(Image.new("RGBA", (2, 2), (0, 0, 0, 128))), "a", None, 3).tolist() == [[[127] * 3] * 2] * 2


# -- grey --------------------------------------------------------------------------------------------------------------


def grey_as(mode: str) -> bytes:
    grey = Image.open(io.BytesIO(picture(3, mode="L")))
    return saved(grey.convert("RGB" if mode == "RGB" else "L").convert(mode))


@pytest.mark.parametrize("mode", ["LA", "P", "1"])
def test_grey_pictures_are_grey_in_whatever_mode_they_are_stored(mode, tmp_path):
    root = in_folder(tmp_path, dict.fromkeys(faces(2), grey_as(mode)))
    assert image_folder.look_at_first(pictures_in(root, None)) == {"channels": 1, "image_size": 8}
    assert image_folder.read({}, path=root, channels=1).train_images.shape == (6, 8, 8, 1)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_grey_values_are_the_same_in_whatever_mode_they_are_stored(mode):
    assert np.array_equal(decoded(grey_as(mode), "a", None, 1), decoded(picture(3, mode="L"), "a", None, 1))


def test_a_palette_with_colours_is_coloured(tmp_path):
    coloured = Image.open(io.BytesIO(picture(1))).convert("P")
    root = in_folder(tmp_path, dict.fromkeys(faces(2), saved(coloured)))
    assert image_folder.look_at_first(pictures_in(root, None))["channels"] == 3
    with pytest.raises(ValueError, match=r"^a: has colours \(P\), but the data set has one channel; write channels: 3"):
        decoded(saved(coloured), "a", None, 1)


def test_cmyk_is_read_as_rgb():
    cmyk = Image.new("CMYK", (4, 4), (0, 255, 255, 0))
    assert decoded(saved(cmyk, "TIFF"), "a", None, 3)[0, 0].tolist() == [255, 0, 0]


# -- what is refused ---------------------------------------------------------------------------------------------------


def png(depth: int, colour_type: int, channels: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 4, 4, depth, colour_type, 0, 0, 0)
    rows = (b"\0" + bytes(range(4 * channels * depth // 8))) * 4
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*each) for each in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def tiff(bits: int, channels: int, photometric: int, sample_format: int = 1) -> bytes:
    """4x4 pixels without compression; the tags that have more than one value lie behind the others."""
    data, count = bytes(16 * channels * bits // 8), 10
    behind = 8 + 2 + 12 * count + 4
    lists = {258: struct.pack(f"<{channels}H", *[bits] * channels)}
    lists[339] = struct.pack(f"<{channels}H", *[sample_format] * channels)
    values = {256: 4, 257: 4, 258: behind, 259: 1, 262: photometric, 277: channels, 278: 4, 279: len(data)}
    values |= {273: behind + 4 * channels, 339: behind + 2 * channels}
    entries = b""
    for tag in sorted(values):
        long = len(lists.get(tag, b"")) > 4 or tag in (273, 279)
        value = struct.pack("<I", values[tag]) if long or tag not in lists else lists[tag].ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, 4 if tag in (273, 279) else 3, channels if tag in lists else 1) + value
    directory = struct.pack("<H", count) + entries + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", 8) + directory + lists[258] + lists[339] + data


DEEP = {
    "16-bit grey PNG": png(16, 0, 1),
    "16-bit RGB PNG": png(16, 2, 3),
    "16-bit grey PNG with alpha": png(16, 4, 2),
    "16-bit RGB PNG with alpha": png(16, 6, 4),
    "16-bit grey TIFF": tiff(16, 1, 1),
    "16-bit RGB TIFF": tiff(16, 3, 2),
    "16-bit CMYK TIFF": tiff(16, 4, 5),
    "float TIFF": tiff(32, 1, 1, 3),
    "signed TIFF": tiff(8, 1, 1, 2),
    "compressed 16-bit TIFF": saved(Image.fromarray(np.zeros((4, 4), np.uint16)), "TIFF", compression="tiff_deflate"),
    "float TIFF of Pillow's": saved(Image.new("F", (4, 4)), "TIFF"),
    "32-bit TIFF": saved(Image.new("I", (4, 4)), "TIFF"),
    "16-bit PPM": b"P6 4 4 65535\n" + bytes(96),
    "10-bit PPM": b"P6 4 4 1023\n" + bytes(96),
    "16-bit PGM": b"P5 4 4 65535\n" + bytes(32),
    "plain PPM to 1000": b"P3 2 2 1000\n" + b"1 " * 12,
    "float PPM": b"Pf\n4 4\n-1.0\n" + bytes(64),
}


@pytest.mark.parametrize("data", DEEP.values(), ids=DEEP)
def test_more_than_8_bits_a_channel_are_refused_and_never_cut(data):
    for channels in (1, 3):
        with pytest.raises(ValueError, match=r"^a: its pixels are not of 8 bits a channel \(mode '.*'\); save it with"):
            decoded(data, "a", None, channels)


@pytest.mark.parametrize(
    "data",
    [png(8, 0, 1), png(8, 2, 3), png(8, 4, 2), png(8, 6, 4), tiff(8, 1, 1), tiff(8, 3, 2), b"P6 4 4 255\n" + bytes(48)],
)
def test_8_bits_a_channel_are_read(data):
    assert decoded(data, "a", None, 3).shape == (4, 4, 3)


def test_a_16_bit_picture_is_refused_before_the_first_job_where_it_is_the_first(tmp_path):
    root = in_folder(tmp_path, faces(2) | {"train/cat/000.png": DEEP["16-bit RGB PNG"]})
    with pytest.raises(ValueError, match=r"train/cat/000\.png: its pixels are not of 8 bits a channel \(mode 'RGB'\)"):
        image_folder.look_at_first(pictures_in(root, None))


def test_colours_that_have_no_one_meaning_in_rgb_are_refused():
    with pytest.raises(ValueError, match=r"^a: its colours are of mode 'LAB'; save it as grey or RGB"):
        decoded(tiff(8, 3, 8), "a", None, 3)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_an_animation_and_pages_are_refused(kind):
    first, second = (Image.new("RGB", (4, 4), colour) for colour in ("red", "blue"))
    data = saved(first, kind, save_all=True, append_images=[second])
    with pytest.raises(ValueError, match=r"^a: holds 2 pictures, an animation or pages; save the one that is meant"):
        decoded(data, "a", None, 3)


def test_the_main_picture_of_a_camera_s_file_is_read():
    main, preview = Image.new("RGB", (16, 16), (0, 0, 0)), Image.new("RGB", (4, 4), (255, 255, 255))
    data = saved(main, "MPO", save_all=True, append_images=[preview])
    assert (decoded(data, "a", None, 3) == np.zeros((16, 16, 3))).all()


WHOLE = [
    *(rgba(1), palette(1), gif(1), webp(1), tiff(8, 3, 2), png(8, 4, 2), b"P6 4 4 255\n" + bytes(48)),
    *(picture(0, kind=kind) for kind in ("JPEG", "BMP")),
    saved(Image.fromarray(corners()), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"),
]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(WHOLE), st.data())
def test_no_damage_to_a_picture_ends_in_another_error(whole, data):
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = damaged[: data.draw(st.integers(0, len(damaged)))]
    for each in (damaged, cut):
        with contextlib.suppress(ValueError):  # any other error is one too many
            assert decoded(bytes(each), "a", 8, 3).shape == (8, 8, 3)


def test_a_name_with_a_line_break_is_shown_in_one_line(tmp_path: Path):
    root = in_folder(tmp_path, faces(2) | {"train/cat/my\nnotes.txt": b"none"})
    with pytest.raises(ValueError, match=r"'train/cat/my\\nnotes\.txt': is not a picture"):
        image_folder.read({}, path=root)
