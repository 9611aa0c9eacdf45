"""One picture of somebody's, in any of the usual formats, as it is seen: upright, on white, 8 bits a channel."""

import io
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
MAYBE_GREY = ("1", "L", "LA", "P", "PA")  # the others are of coloured pictures
MODES = (*MAYBE_GREY, "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")  # 8 bits a channel at most
# Tags of TIFF: the bits of each channel, and what they are: whole numbers, or nothing that is known.
BITS, NUMBERS, UNSIGNED = 258, 339, {1, 4}
# What Pillow raises where it fails in the middle of a file.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, struct.error, zlib.error)


def channels_and_side(data: bytes, where: str) -> dict[str, int]:
    """Channels of a picture and, where it is square, its side in pixels; raises ValueError as `decoded` does."""
    image = _opened(data, where)
    facts = {"channels": 1 if image.mode in MAYBE_GREY and _is_grey(_as_seen(image)) else 3}
    return facts | ({"image_size": image.width} if image.width == image.height else {})


def decoded(data: bytes, where: str, image_size: int | None, channels: int) -> np.ndarray:
    """One picture as it is seen, uint8 (height, width, channels): upright, and on white where it is transparent.

    Raises ValueError, beginning with `where`, for anything that cannot be read so.
    """
    image = _opened(data, where)
    seen = _as_seen(image)
    if channels == 1 and not _is_grey(seen):
        raise ValueError(f"{where}: has colours ({image.mode}), but the data set has one channel; write channels: 3")
    if channels == 1:
        seen = seen.getchannel(0)
    if image_size is not None:
        side = min(seen.size)
        left, top = (seen.width - side) // 2, (seen.height - side) // 2
        seen = seen.crop((left, top, left + side, top + side))
        seen = seen.resize((image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(seen).reshape(seen.height, seen.width, channels)


def _as_seen(image: Image.Image) -> Image.Image:
    """In RGB; what is below transparent pixels nobody sees, so they are laid on white."""
    if "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _is_grey(image: Image.Image) -> bool:
    red, green, blue = (np.asarray(channel) for channel in image.split())
    return np.array_equal(red, green) and np.array_equal(red, blue)


def _opened(data: bytes, where: str) -> Image.Image:
    """The picture, decoded, and turned as its camera says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about what else the file holds
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            problem = _unreadable(image)
            if problem is None:
                return ImageOps.exif_transpose(image)
    except UnidentifiedImageError:
        raise ValueError(f"{where}: is not a picture ({', '.join(FORMATS)})") from None
    except (*DAMAGED, Image.DecompressionBombError) as error:
        raise ValueError(f"{where}: is a damaged picture ({error})") from None
    except Image.DecompressionBombWarning as warning:
        raise ValueError(f"{where}: is too large a picture ({warning})") from None
    raise ValueError(f"{where}: {problem}")


def _unreadable(image: ImageFile) -> str | None:
    """Why a picture, not yet decoded, would be read as another than it is; None where it would not."""
    if _is_deep(image):
        return f"its pixels are not of 8 bits a channel (mode {image.mode!r}); save it with 8 bits a channel"
    if image.mode not in MODES:
        return f"its colours are of mode {image.mode!r}; save it as grey or RGB"
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # a camera's JPEG, whose first is the picture and the others belong to it
        return f"holds {frames} pictures, an animation or pages; save the one that is meant"
    return None


def _is_deep(image: ImageFile) -> bool:
    """Whether its values are more than 8 bits or signed, some of which Pillow would cut to 8 without a word."""
    if image.mode[0] in "IF":
        return True
    if isinstance(image, TiffImageFile):
        tags = image.tag_v2
        return max(tags.get(BITS) or (1,)) > 8 or not set(tags.get(NUMBERS) or (1,)) <= UNSIGNED
    # How Pillow unpacks it: a name such as RGB;16B or, of a PPM, one and the largest value.
    for _, _, _, unpacked in image.tile:
        if image.format == "PNG" and ";16" in str(unpacked):
            return True
        if image.format == "PPM" and isinstance(unpacked, tuple) and unpacked[1] > 255:
            return True
    return False
