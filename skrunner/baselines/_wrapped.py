"""Fit and ask the estimator inside another one, with the metadata that it takes."""

from typing import Any

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import (
    _check_method_params,
    check_is_fitted,
    has_fit_parameter,
)


def fitted_before(inner: Any, *, prefit: bool) -> bool:
    """Tell whether an estimator is used as it is.

    Parameters
    ----------
    inner : estimator
        The inner estimator.
    prefit : bool
        Whether the user says so.

    Returns
    -------
    bool
        True for a FrozenEstimator too.
    """
    return prefit or isinstance(inner, FrozenEstimator)


def fit_inner(
    outer: Any, inner: Any, X: Any, y: Any, metadata: dict[str, Any], *, rows: Any
) -> Any:
    """Fit a clone of the inner estimator on some rows.

    Parameters
    ----------
    outer : estimator
        The estimator whose fit it is.
    inner : estimator
        Left as it is.
    X, y : array-like of n_samples rows
        All rows.
    metadata : dict
        What is known of all rows; the inner estimator gets what it takes.
    rows : ndarray of int or None
        The rows to fit on; None means all.

    Returns
    -------
    estimator
        Fitted.
    """
    given = {key: value for key, value in metadata.items() if value is not None}
    params = _inner_params(outer, inner, given)
    if rows is not None:
        params = _check_method_params(X, params, indices=rows)
        X, y = _safe_indexing(X, rows), y[rows]
    return clone(inner).fit(X, y, **params)


def check_prefit(outer: Any, inner: Any) -> None:
    """Refuse an estimator that was not fitted before.

    Parameters
    ----------
    outer : estimator
        The estimator whose fit it is.
    inner : estimator
        Said to be fitted.

    Raises
    ------
    NotFittedError
        If it is not.
    """
    try:
        check_is_fitted(inner)
    except NotFittedError as error:
        raise NotFittedError(
            f"{type(outer).__name__} was to use a fitted estimator, but this "
            f"{type(inner).__name__} is not fitted. Fit it first; where estimators are "
            "cloned, as in searches and cross-validation, clones of it are not fitted: "
            "pass sklearn.frozen.FrozenEstimator(estimator) there instead of "
            "prefit=True."
        ) from error


def ask_inner(outer: Any, inner: Any, X: Any, sensitive_features: Any) -> Any:
    """Return the probabilities of the fitted inner estimator.

    Parameters
    ----------
    outer : estimator
        Whose routing it is.
    inner : estimator
        The fitted one.
    X : array-like of n_samples rows
        What the inner estimator sees.
    sensitive_features : array-like of n_samples rows
        For an inner estimator that takes them here.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        The probabilities.
    """
    params = {}
    if _routing_is_on():
        routed = process_routing(
            outer, "predict_proba", sensitive_features=sensitive_features
        )
        params = routed.estimator.predict_proba
    return np.asarray(inner.predict_proba(X, **params), np.float64)


def _routing_is_on() -> bool:
    return bool(sklearn.get_config()["enable_metadata_routing"])


def _inner_params(outer: Any, inner: Any, given: dict[str, Any]) -> dict[str, Any]:
    if _routing_is_on():
        return dict(process_routing(outer, "fit", **given).estimator.fit)
    last, prefix = inner, ""
    while isinstance(last, Pipeline):  # without routing, its steps need a prefix
        prefix += f"{last.steps[-1][0]}__"
        last = last.steps[-1][1]
    own = {key: given.pop(key, None) for key in ("sensitive_features", "sample_weight")}
    for key, value in own.items():
        if value is not None and has_fit_parameter(last, key):
            given[prefix + key] = value
        elif value is not None and key == "sample_weight":
            raise TypeError(
                f"sample_weight was passed, but {type(last).__name__}.fit takes none. "
                "Leave it out, or pass an estimator that takes weights."
            )
    return given
