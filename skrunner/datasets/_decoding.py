"""One image file to an array of pixels.

Owns what is done with modes other than RGB.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from skrunner.datasets._jpeg import read_jpeg


def read_pixels(path: str, size: tuple[int, int] | None) -> npt.NDArray[np.uint8]:
    """Decode one file.

    Parameters
    ----------
    path : str
        The file.
    size : tuple of (int, int) or None
        Height and width of the result; None keeps the image's.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3)
        Red, green and blue.

    Raises
    ------
    ValueError
        If there is a single pixel, or its values have no known range.
    """
    pixels = read_jpeg(path)
    if pixels is None:
        pixels = _read_any(path)
    _check_extent(*pixels.shape[:2])
    if size is None or pixels.shape[:2] == size:
        return pixels
    image = Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(image)


def _read_any(path: str) -> npt.NDArray[np.uint8]:
    with Image.open(path) as image:
        image.load()
        return np.asarray(_as_rgb(image))


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):
        return _from_16_bits(image)
    if image.mode == "F":
        raise ValueError("its pixels are floats of unknown range")
    if "transparency" in image.info:
        image = image.convert("RGBA")  # Pillow warns where it is skipped
    return image.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Keep the upper half of 16 bits, where Pillow's own conversion would clip."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() >= 2**16:
        raise ValueError("its pixels do not fit into 16 bits")
    if 0 < values.max() < 2**8:
        raise ValueError("its pixels of 16 or 32 bits are below 256: save them in 8")
    return Image.fromarray((values // 256).astype(np.uint8)).convert("RGB")


def read_size(path: str) -> tuple[int, int]:
    """Read height and width from the header of a file.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    tuple of (int, int)
        Height and width.

    Raises
    ------
    ValueError
        If there is a single pixel.
    """
    with Image.open(path) as image:
        _check_extent(image.height, image.width)
        return image.height, image.width


def _check_extent(height: int, width: int) -> None:
    # What servers send in place of a picture; enlarged, it would pass for one.
    if height == width == 1:
        raise ValueError("it has one pixel")


def check_size(size: Any) -> tuple[int, int]:
    """Turn what was passed as a size into height and width.

    Parameters
    ----------
    size : int or sequence of two int
        Pixels.

    Returns
    -------
    tuple of (int, int)
        Height and width.

    Raises
    ------
    ValueError
        If it is none.
    """
    pair = (size, size) if np.isscalar(size) else tuple(size)
    if len(pair) != 2 or not all(side == int(side) and side >= 1 for side in pair):
        raise ValueError(
            f"size must be (height, width) in pixels or one number, got {size!r}."
        )
    return int(pair[0]), int(pair[1])
