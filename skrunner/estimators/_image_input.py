"""Images as X: which inputs are images, and what the estimator does with them."""

from typing import Any

from skrunner.data import PixelOptions, PixelRows, as_pixels
from skrunner.estimators._columns import has_named_columns
from skrunner.nn import IMAGE_PRESETS
from skrunner.training import model_dtype


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
        If the net or an option is for tables, or the number of channels differs.
    """
    options = PixelOptions(
        estimator.image_storage,
        model_dtype(estimator.precision),
        estimator.image_transform,
        estimator.augment,
        estimator.channels_last,
    )
    pixels = as_pixels(X, options)
    if pixels is None:
        return None
    if not takes_images(estimator):
        raise ValueError(
            f"X holds images, but net={estimator.net!r} takes tables. Pass one of "
            f"{', '.join(map(repr, IMAGE_PRESETS))}, a module or a skorch net."
        )
    if has_named_columns(estimator):
        raise ValueError(
            "Images have no columns to take sensitive_columns from: pass "
            "sensitive_features to fit, or a callable."
        )
    channels = pixels.shape[1]
    if not reset and channels != estimator.n_features_in_:
        raise ValueError(
            f"X has images of {channels} channel(s), but {type(estimator).__name__} is "
            f"expecting {estimator.n_features_in_}, as in fit."
        )
    estimator.n_features_in_ = channels
    return pixels
