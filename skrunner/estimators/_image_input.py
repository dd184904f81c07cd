"""Images as X: which inputs are images, and what the estimator does with them."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from skrunner.data import PixelOptions, PixelRows, as_pixels
from skrunner.estimators._columns import has_named_columns
from skrunner.exceptions import ImageSizeWarning
from skrunner.nn import IMAGE_PRESETS, check_preset
from skrunner.training import model_dtype

CHANNELS = (1, 3, 4)
PIXELS = ("uint8", "torch.uint8")


def takes_images(estimator: Any) -> bool:
    """Tell whether the net may take more than tables.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds `net`.

    Returns
    -------
    bool
        False for a preset for tables.
    """
    return not isinstance(estimator.net, str) or estimator.net in IMAGE_PRESETS


def check_images(estimator: Any, X: Any, *, reset: bool) -> PixelRows | None:
    """Take X as images, if that is what it is.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds the options; ``n_features_in_``, the number of channels, is recorded on
        it.
    X : object
        ``ImageRows``, or pixels of uint8 with four axes.
    reset : bool
        Whether the number of channels is learned or compared.

    Returns
    -------
    PixelRows or None
        None if X is something else.

    Raises
    ------
    ValueError
        If the net or an option is for tables, the number of channels differs or they
        come last, pixels are of another type than uint8, there are none, or only one
        of fit and prediction has images.
    """
    options = PixelOptions(
        estimator.image_storage,
        model_dtype(estimator.precision),
        estimator.image_transform,
        estimator.augment,
        estimator.channels_last,
    )
    pixels = as_pixels(X, options)
    _check_kind(estimator, X, is_images=pixels is not None, reset=reset)
    if pixels is None:
        return None
    if not takes_images(estimator):
        check_preset(estimator.net)
        raise ValueError(
            f"X holds images, but net={estimator.net!r} takes tables. Pass one of "
            f"{', '.join(map(repr, IMAGE_PRESETS))}, a module or a skorch net."
        )
    if has_named_columns(estimator):
        raise ValueError(
            "Images have no columns to take sensitive_columns from: pass "
            "sensitive_features to fit, or a callable."
        )
    if not len(pixels):
        raise ValueError(
            f"Found array with 0 sample(s) (shape={tuple(pixels.shape)}) while a "
            f"minimum of 1 is required by {type(estimator).__name__}."
        )
    channels = pixels.shape[1]
    if channels not in CHANNELS and pixels.shape[3] in CHANNELS:
        raise ValueError(
            f"X has the shape {tuple(pixels.shape)}, with channels last; expected "
            "(n_samples, channels, height, width). Pass X.transpose(0, 3, 1, 2)."
        )
    if not reset and channels != estimator.n_features_in_:
        raise ValueError(
            f"X has images of {channels} channel(s), but {type(estimator).__name__} is "
            f"expecting {estimator.n_features_in_}, as in fit."
        )
    estimator.n_features_in_ = channels
    _compare_sizes(estimator, pixels.shape[2:], reset=reset)
    return pixels


def _compare_sizes(estimator: Any, size: Sequence[int], *, reset: bool) -> None:
    """Warn of images of another size than fit saw, unless a transform settles it."""
    here = " x ".join(map(str, size))
    if reset:
        estimator._fitted_size = here  # noqa: SLF001 (same room)
        return
    there = getattr(estimator, "_fitted_size", here)
    if here != there and estimator.image_transform is None:
        warnings.warn(
            f"X has images of {here} pixels, but fit saw {there}. What a net learned "
            "at one size often fails at another: load them with the same size=, or "
            "pass an image_transform that resizes.",
            ImageSizeWarning,
            stacklevel=4,
        )


def _check_kind(estimator: Any, X: Any, *, is_images: bool, reset: bool) -> None:
    """Refuse what would go into the net at another scale than was meant."""
    if not is_images and takes_images(estimator):
        _refuse_integers(X)
    if reset:
        estimator._fitted_on_images = is_images  # noqa: SLF001 (same room)
        return
    if getattr(estimator, "_fitted_on_images", is_images) is not is_images:
        if str(getattr(X, "dtype", "")) in PIXELS and X.ndim == 3:
            raise ValueError(
                f"X is one image, of shape {tuple(X.shape)}. Pass rows: X[i:i + 1] "
                "instead of X[i], or X[None]."
            )
        here, there = ("images", "numbers") if is_images else ("numbers", "images")
        raise ValueError(
            f"X holds {here}, but fit was given {there}. Pixels of uint8, as those of "
            "ImageRows, are scaled for the net, other numbers are not. Pass the kind "
            "that fit was given."
        )


def _refuse_integers(X: Any) -> None:
    """Refuse pixels that are integers, but not of the type that is scaled."""
    if not isinstance(X, list | tuple | np.ndarray | Tensor) or not len(X):
        return
    row: Any = X[0]
    if str(getattr(row, "dtype", "object")) == "object":  # nested lists too
        row = np.asarray(row.tolist() if hasattr(row, "tolist") else row)
    kind = getattr(row.dtype, "name", str(row.dtype)).removeprefix("torch.")
    if row.ndim == 3 and "int" in kind:
        raise ValueError(
            f"X holds images of {kind}. Pixels are expected as uint8, which is scaled "
            "for the net: pass numpy.asarray(X, 'uint8'), or floats, which are taken "
            "as they are."
        )
