"""Why an image file cannot be read, and how that is said."""

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from stat import S_ISREG
from typing import Any

from PIL import Image, UnidentifiedImageError

from skrunner.datasets._decoding import read_pixels, read_size

CHECKS = ("exists", "header", "pixels")
# What Pillow's readers raise on damaged files.
UNREADABLE = (
    *(OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError),
    *(struct.error, zlib.error, Image.DecompressionBombError, RuntimeError),
)
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


def unreadable(reasons: dict[str, str], n_bad: int, n: int) -> str:
    """Write the message of an error.

    Parameters
    ----------
    reasons : dict of str to str
        What is wrong, by path.
    n_bad, n : int
        How many rows cannot be read, of how many.

    Returns
    -------
    str
        The message.
    """
    return (
        f"{n_bad} of {n} image files cannot be read: {list_files(reasons)}. "
        'Restore them, or drop their rows: load with on_bad="skip", and with '
        'check="pixels" if files are damaged behind their first bytes.'
    )
