"""The base of methods that decide themselves how often a row counts."""

from dataclasses import dataclass
from typing import Any

from skrunner.estimators import BaseNetClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class ResamplingClassifier(BaseNetClassifier):
    """A net classifier whose rows are drawn or made anew, without sample weights.

    Weights beside a resampling would correct the same imbalance twice, and no weight
    is known of a made row. So `fit` does not have the argument at all: scikit-learn's
    ``has_fit_parameter`` then tells meta-estimators the truth.
    """

    def fit(
        self, X: Any, y: Any, *, sensitive_features: Any = None
    ) -> "ResamplingClassifier":
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs. A preset net takes tables; other nets also take more axes.
        y : array-like of shape (n_samples,)
            Labels of any type.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups; several columns intersect. Not needed by `predict`.

        Returns
        -------
        object
            The fitted estimator itself.
        """
        super().fit(X, y, sensitive_features=sensitive_features)
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, *, sensitive_features: Any = None
    ) -> "ResamplingClassifier":
        """Train for one more epoch on these rows; the last weights are kept.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed by the first call if `y` lacks some,
            and the same in later calls if passed again.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups; the first call must hold all of them. Later ones may lack some,
            with which nothing is compared then.

        Returns
        -------
        object
            The estimator itself.
        """
        super().partial_fit(X, y, classes, sensitive_features=sensitive_features)
        return self
