"""Which inputs are images, in all forms that they come in."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from skrunner.data._pixel_options import PixelOptions
from skrunner.data._pixels import PixelRows


def as_pixels(X: Any, options: PixelOptions) -> PixelRows | None:
    """Take inputs as images, if that is what they are.

    Parameters
    ----------
    X : object
        Anything; images are what has a ``decode``, as ``ImageRows``, arrays and tensors
        of uint8 with four axes, and lists of such with three or of Pillow's images.
    options : PixelOptions
        What becomes of the pixels.

    Returns
    -------
    PixelRows or None
        None for everything else.

    Raises
    ------
    ValueError
        If a list holds images of several shapes.
    """
    X = _stacked(X)
    if isinstance(X, PixelRows):
        return X
    if hasattr(X, "decode"):
        return PixelRows(X, options)
    if getattr(X, "ndim", 0) != 4 or str(X.dtype).removeprefix("torch.") != "uint8":
        return None
    if isinstance(X, Tensor):
        return PixelRows(X, options)
    with warnings.catch_warnings():
        # A memory map that cannot be written to; nobody will.
        warnings.filterwarnings("ignore", message="The given NumPy array is not wri")
        # torch knows no strides that go backwards, as those of a mirrored view.
        ordered = X if min(X.strides) >= 0 else np.ascontiguousarray(X)
        return PixelRows(torch.from_numpy(ordered), options)


def _stacked(X: Any) -> Any:
    """Make one array of a list of pixels, which would not be scaled otherwise."""
    if not isinstance(X, list | tuple) or not X:
        return X
    if all(hasattr(image, "getbands") for image in X):  # Pillow's
        X = [np.asarray(image.convert("RGB")).transpose(2, 0, 1) for image in X]
    kinds = {str(getattr(image, "dtype", "")).removeprefix("torch.") for image in X}
    shapes = {tuple(getattr(image, "shape", ())) for image in X}
    if kinds != {"uint8"} or {len(shape) for shape in shapes} != {3}:
        return X
    if len(shapes) > 1:
        raise ValueError(
            f"X lists images of several shapes, {sorted(shapes)[:3]} among them. Bring "
            "them to one, or use load_images(..., size=...)."
        )
    return np.stack([np.asarray(image) for image in X])
