"""What a scorer holds in its hands: a fitted estimator, rows and their groups.

Owns the three things that scikit-learn's own scorers do not do: sensitive features
reach `predict` when the estimator wants them there, can be read from a column of X, and
the estimator's classes settle which label is positive.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import MetadataRequest, get_routing_for_object

from skrunner.exceptions import UndefinedRateWarning
from skrunner.groups import encode_groups, find_columns, pick_columns
from skrunner.metrics._rates import Floats


@dataclass(frozen=True)
class Evaluation:
    """A fitted estimator and the rows it is scored on.

    Attributes
    ----------
    estimator : estimator
        The fitted estimator.
    X : array-like of shape (n_samples, ...)
        The rows as the estimator takes them.
    y : array-like of shape (n_samples,)
        Their labels.
    sensitive_features : array-like of shape (n_samples,) or (n_samples, n_features)
        Their sensitive features.
    sample_weight : array-like of shape (n_samples,), default=None
        Their weights.
    """

    estimator: Any
    X: Any
    y: Any
    sensitive_features: Any
    sample_weight: Any = None

    @property
    def classes(self) -> Sequence[Any] | None:
        """The labels that the estimator knows.

        Returns
        -------
        sequence of labels or None
            None if it does not tell, as fairlearn's ThresholdOptimizer.
        """
        classes: Sequence[Any] | None = getattr(self.estimator, "classes_", None)
        return classes

    def respond(self, method: str) -> npt.NDArray[Any]:
        """Call a method of the estimator, with sensitive features where it wants them.

        Parameters
        ----------
        method : {"predict", "predict_proba", "decision_function"}
            Its name.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            What it returns.
        """
        estimator = self.estimator
        if isinstance(estimator, BaseSearchCV):
            # A search hands nothing on at prediction; its best estimator may want it.
            estimator = getattr(estimator, "best_estimator_", estimator)
        metadata = {}
        if takes_sensitive_features(estimator, method):
            metadata = {"sensitive_features": self.sensitive_features}
        return np.asarray(getattr(estimator, method)(self.X, **metadata))

    def warn_of_absent_groups(self) -> None:
        """Say which groups that the estimator was fitted with have no rows here.

        Warns
        -----
        UndefinedRateWarning
            If some are left out while two or more are compared: with fewer the gap is
            NaN, which is said elsewhere.
        """
        known = getattr(_innermost(self.estimator), "group_names_", None) or ()
        here = encode_groups(self.sensitive_features).names
        absent = [name for name in known if name not in here]
        if absent and len(here) > 1 and set(here) < set(known):
            warnings.warn(
                f"The rows that are scored have none of {', '.join(absent)}, which "
                "the estimator was fitted with: their rates are left out of the gap. "
                "SensitiveStratifiedKFold keeps groups in every fold.",
                UndefinedRateWarning,
                stacklevel=3,
            )

    def scores(self) -> Floats:
        """Score each class by `predict_proba`, or else by `decision_function`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The scores.
        """
        if hasattr(self.estimator, "predict_proba"):
            return self.respond("predict_proba")
        decision = self.respond("decision_function")
        return (
            decision if decision.ndim == 2 else np.column_stack([-decision, decision])
        )


def _innermost(estimator: Any) -> Any:
    """Look through fitted searches and pipelines."""
    while True:
        if isinstance(estimator, BaseSearchCV):
            inner = getattr(estimator, "best_estimator_", None)
        elif isinstance(estimator, Pipeline):
            inner = estimator.steps[-1][1]
        else:
            return estimator
        estimator = inner


def takes_sensitive_features(estimator: Any, method: str) -> bool:
    """Tell whether a method of an estimator is to be given sensitive features.

    Parameters
    ----------
    estimator : estimator
        Any estimator, or a pipeline of which a step may take them.
    method : str
        Name of the method.

    Returns
    -------
    bool
        True if its metadata request names them and does not refuse them.
    """
    routing_on = sklearn.get_config()["enable_metadata_routing"]
    if isinstance(estimator, Pipeline) and not routing_on:
        # Without routing a pipeline hands all metadata to its last step.
        return takes_sensitive_features(estimator.steps[-1][1], method)
    routing = get_routing_for_object(estimator)
    if isinstance(routing, MetadataRequest):
        # An unset request is no obstacle here: we call the consumer ourselves.
        request = getattr(routing, method).requests.get("sensitive_features", False)
        return request is not False
    return bool(routing.consumes(method, ["sensitive_features"]))


def read_columns(X: Any, columns: Any) -> Any:
    """Read sensitive features from X.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The rows as a search saw them.
    columns : str, int, list of them, or callable
        Name or position of the column, or several (strings are names, integers
        positions); or ``f(X)`` that returns the sensitive features, n_samples rows of
        them.

    Returns
    -------
    array-like of shape (n_samples,) or (n_samples, n_columns)
        The sensitive features.

    Raises
    ------
    ValueError
        If X does not have the columns.
    """
    if callable(columns):
        return columns(X)
    positions = find_columns(columns, X, "sensitive_column")
    one = isinstance(columns, str) or not hasattr(columns, "__iter__")
    return pick_columns(X, positions[0] if one else positions)
