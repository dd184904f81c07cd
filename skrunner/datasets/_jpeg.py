"""JPEG files by simplejpeg, where it is installed: the same pixels in less time.

Threads that read by Pillow wait for each other: each file takes Python's lock often.
"""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

try:
    import simplejpeg
except ImportError:
    simplejpeg = None

READ_FIRST = 2**16  # most photographs of a data set: no more calls than it takes
STARTS_WITH = b"\xff\xd8\xff"
COLORS = ("YCbCr", "Gray", "RGB")  # CMYK is Pillow's to convert


def read_jpeg(path: str) -> npt.NDArray[np.uint8] | None:
    """Decode one file if that is a sound JPEG in usual colors.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3) or None
        Red, green and blue, as Pillow would have them; None leaves the file to Pillow,
        which also says what is wrong with it.
    """
    if simplejpeg is None:
        return None
    with Path(path).open("rb", buffering=0) as file:
        content = file.read(READ_FIRST)
        if not content.startswith(STARTS_WITH):
            return None
        if len(content) == READ_FIRST:
            content += file.read()
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(content)
        if colors in COLORS and height * width <= (Image.MAX_IMAGE_PIXELS or math.inf):
            return np.asarray(simplejpeg.decode_jpeg(content, "RGB"))
    except ValueError:
        return None
    return None
