"""Check and encode what `fit` and predictions are given."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import (
    _check_sample_weight,
    validate_data,
)

from skrunner.data import PixelRows
from skrunner.estimators._columns import (
    check_same_columns,
    has_named_columns,
    lacks_sensitive,
    net_columns,
    take_columns,
    take_sensitive_columns,
)
from skrunner.estimators._fit_input import FitInput
from skrunner.estimators._image_input import check_images, takes_images
from skrunner.estimators._labels import check_labels
from skrunner.groups import GroupEncoding, check_group_sizes, encode_groups
from skrunner.training import model_dtype


def check_fit_input(
    estimator: Any,
    X: Any,
    y: Any,
    sensitive_features: Any,
    sample_weight: Any,
    *,
    classes: Sequence[Any] | None = None,
) -> FitInput:
    """Validate the rows of a fit.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Whose fit it is; what it learns of the columns is recorded on it.
    X : array-like of shape (n_samples, n_features) or ImageRows
        Raw X.
    y : array-like of shape (n_samples,)
        Labels.
    sensitive_features : array-like or None
        Sensitive features of the rows.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of the rows.
    classes : sequence or None, default=None
        All labels that may come; None takes those in `y`.

    Returns
    -------
    FitInput
        Validated and encoded.

    Raises
    ------
    ValueError
        With what was expected, what came and what to do.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None."
        )
    raw = X
    X, taken = _check_fit_array(estimator, X, reset=not hasattr(estimator, "net_"))
    estimator.net_n_features_ = X.shape[1]
    labels, classes = check_labels(y, classes)
    check_consistent_length(X, labels)
    weight = None
    if sample_weight is not None:
        weight = _writeable(
            _check_sample_weight(
                sample_weight,
                X,
                dtype=_array_options(estimator)["dtype"],
                ensure_non_negative=True,
            )
        )
    sensitive = taken if sensitive_features is None else sensitive_features
    if sensitive is None and callable(estimator.sensitive_columns):
        sensitive = estimator.sensitive_columns(_seen_by_callable(raw, X))
    if sensitive is None and estimator._needs_groups:  # noqa: SLF001 (its own room)
        raise ValueError(
            f"{type(estimator).__name__} needs sensitive_features. Pass "
            "fit(X, y, sensitive_features=...), or set sensitive_columns= where "
            "nothing can be passed. In a pipeline or search, first "
            "sklearn.set_config(enable_metadata_routing=True)."
        )
    groups = None
    if sensitive is not None:
        groups = _encode(estimator, sensitive, len(X))
    return FitInput(X, labels, classes, groups, weight)


def check_predict_input(estimator: Any, X: Any) -> Any:
    """Validate X at prediction.

    Parameters
    ----------
    estimator : BaseNetClassifier
        A fitted estimator.
    X : array-like of shape (n_samples, n_features) or ImageRows
        Raw X, with or without the sensitive columns.

    Returns
    -------
    ndarray of shape (n_samples, net_n_features) or PixelRows
        What the net sees.
    """
    images = check_images(estimator, X, reset=False)
    if images is not None:
        return images.on_the_way_to(estimator.net_.device)
    options = _array_options(estimator)
    if not hasattr(estimator, "_sensitive_positions"):  # as fitted
        return _writeable(validate_data(estimator, X, reset=False, **options))
    kept = net_columns(estimator, X)
    return _writeable(check_array(kept, estimator=estimator, **options))


def _check_fit_array(estimator: Any, X: Any, *, reset: bool) -> tuple[Any, Any]:
    images = check_images(estimator, X, reset=reset)
    if images is not None:
        return images, None
    options = _array_options(estimator)
    if not has_named_columns(estimator):
        if not reset:
            check_same_columns(estimator, None)
        array = validate_data(estimator, X, reset=reset, **options)
        return _writeable(array), None
    kept, taken = take_sensitive_columns(estimator, X, reset=reset)
    return _writeable(check_array(kept, estimator=estimator, **options)), taken


def _array_options(estimator: Any) -> dict[str, Any]:
    double = model_dtype(estimator.precision) == torch.float64
    return {
        "dtype": np.float64 if double else np.float32,
        "order": "C",
        "allow_nd": takes_images(estimator),
    }


def _writeable(array: Any) -> Any:
    # torch warns of arrays that it could not write to, such as joblib's memory maps.
    return array if array.flags.writeable else array.copy()


def sensitive_features_of(estimator: Any, X: Any, array: Any, given: Any) -> Any:
    """Find the sensitive features of rows after the fit.

    Parameters
    ----------
    estimator : BaseNetClassifier
        A fitted estimator.
    X : array-like
        Raw X.
    array : ndarray or PixelRows
        What the net sees of it.
    given : array-like or None
        What the caller passed.

    Returns
    -------
    array-like of n_samples rows
        The sensitive features.

    Raises
    ------
    ValueError
        If there are none.
    """
    columns = estimator.sensitive_columns
    if given is not None:
        return given
    if callable(columns):
        return columns(_seen_by_callable(X, array))
    if columns is None:
        raise ValueError(
            "diagnose needs sensitive_features: pass them, or set sensitive_columns=."
        )
    if lacks_sensitive(estimator, X):
        raise ValueError(
            "X comes without the sensitive columns, so diagnose needs "
            "sensitive_features: pass them, or X with all columns."
        )
    return take_columns(columns, X)


def _seen_by_callable(X: Any, array: Any) -> Any:
    return X if isinstance(array, PixelRows) else array


def check_sizes(estimator: Any, rows: FitInput) -> None:
    """Refuse a single group and warn of small groups and cells.

    Parameters
    ----------
    estimator : BaseNetClassifier
        Holds the constraint and the minimum sizes.
    rows : FitInput
        The rows; those of weight 0 do not count.
    """
    if rows.groups is not None:
        check_group_sizes(
            rows.groups,
            rows.y,
            rows.classes,
            constraints=estimator.constraints,
            min_group_size=estimator.min_group_size,
            min_cell_size=estimator.min_cell_size,
            weight=rows.weight,
        )


def _encode(estimator: Any, sensitive: Any, n_samples: int) -> GroupEncoding:
    known = getattr(estimator, "_known_groups", None)
    if known is None:
        return encode_groups(sensitive, n_samples=n_samples, missing=estimator.missing)
    codes = known.encode(sensitive, n_samples=n_samples)
    return GroupEncoding(codes, known.values, known.feature_names, known.missing)
