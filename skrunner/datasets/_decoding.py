"""One image file to an array of pixels, many files at once, and why one cannot be read.

Owns what is done with modes other than RGB, and the threads.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from stat import S_ISREG
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

CHECKS = ("exists", "header", "pixels")
# What Pillow's readers raise on damaged files.
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError),
    *(struct.error, zlib.error, Image.DecompressionBombError, RuntimeError),
)
MOST_THREADS = 8  # opening files and copying pixels hold Python's lock
BLOCK = 8
LISTED = 10


def check_depth(check: str) -> None:
    """Refuse a depth of checking that is not known.

    Parameters
    ----------
    check : str
        One of ``CHECKS``.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if check not in CHECKS:
        raise ValueError(f"check must be one of {CHECKS}, got {check!r}.")


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
    with Image.open(path) as image:
        _check_extent(image)
        image.load()
        rgb = _as_rgb(image)
        if size is not None and rgb.size != size[::-1]:
            rgb = rgb.resize(size[::-1], Image.Resampling.BILINEAR)
        return np.asarray(rgb)


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
        _check_extent(image)
        return image.height, image.width


def _check_extent(image: Image.Image) -> None:
    # What servers send in place of a picture; enlarged, it would pass for one.
    if image.size == (1, 1):
        raise ValueError("it has one pixel")


def why_unreadable(path: Any, check: str) -> str | None:
    """Say what is wrong with a file.

    Parameters
    ----------
    path : str
        The file.
    check : {"exists", "header", "pixels"}
        How far it is read: not at all, the first bytes, everything.

    Returns
    -------
    str or None
        The reason; None if nothing was found.
    """
    try:
        status = Path(path).stat()
        if not S_ISREG(status.st_mode):
            return "not a file"
        if not status.st_size:
            return "empty"
        if check == "header":
            read_size(path)
        elif check == "pixels":
            read_pixels(path, None)
    except UNREADABLE as error:
        return reason_of(error)
    return None


def reason_of(error: BaseException) -> str:
    """Say in a few words why a file could not be read.

    Parameters
    ----------
    error : Exception
        What reading it raised.

    Returns
    -------
    str
        The reason.
    """
    if isinstance(error, FileNotFoundError):
        return "missing"
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def in_threads(
    work: Callable[[int], str | None], n: int, max_workers: int | None
) -> dict[int, str]:
    """Do something for each of n items, in threads.

    Parameters
    ----------
    work : callable
        Takes the number of an item and returns what is wrong with it, or None.
    n : int
        How many items.
    max_workers : int or None
        Threads; None takes one for each core, at most 8.

    Returns
    -------
    dict of int to str
        What is wrong, by item, in order.
    """
    Image.init()  # before the threads: it is not safe in them

    def block(start: int) -> list[tuple[int, str | None]]:
        return [(i, work(i)) for i in range(start, min(start + BLOCK, n))]

    starts = range(0, n, BLOCK)
    threads = min(max_workers or min(joblib.cpu_count(), MOST_THREADS), len(starts))
    if threads <= 1:
        return _found(map(block, starts))
    pool = ThreadPoolExecutor(threads)
    try:
        return _found(pool.map(block, starts))
    finally:
        pool.shutdown(cancel_futures=True)


def _found(blocks: Iterable[list[tuple[int, str | None]]]) -> dict[int, str]:
    return {i: reason for block in blocks for i, reason in block if reason is not None}


def list_files(reasons: Mapping[str, str]) -> str:
    """List files with what is wrong with each, the first ten of them.

    Parameters
    ----------
    reasons : mapping of str to str
        What is wrong, by path.

    Returns
    -------
    str
        For a message.
    """
    shown = [f"{path} ({why})" for path, why in list(reasons.items())[:LISTED]]
    more = len(reasons) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def check_workers(max_workers: int | None) -> int | None:
    """Refuse numbers of threads that make no sense.

    Parameters
    ----------
    max_workers : int or None
        The number.

    Returns
    -------
    int or None
        The same.

    Raises
    ------
    ValueError
        If it is below 1.
    """
    if max_workers is not None and max_workers < 1:
        raise ValueError(f"max_workers must be at least 1 or None, got {max_workers}.")
    return max_workers


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
