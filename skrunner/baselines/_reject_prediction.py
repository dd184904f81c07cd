"""What a fitted reject option answers: scores and labels that depend on the group."""

from typing import Any, ClassVar

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skrunner.baselines._reject_inputs import check_predict_rows
from skrunner.baselines._reject_settling import Settled
from skrunner.baselines._wrapped import ask_inner
from skrunner.groups import GroupEncoding


class RejectPredictionMixin:
    """Predict by the scores of ``estimator_`` and, in the region, by the group."""

    estimator_: Any
    classes_: Any
    scores: str
    _known_groups: GroupEncoding
    _settled: Settled

    # Groups are routed here without a request call.
    __metadata_request__predict: ClassVar = {"sensitive_features": True}
    __metadata_request__predict_proba: ClassVar = {"sensitive_features": True}
    __metadata_request__score: ClassVar = {"sensitive_features": True}

    def predict_proba(self, X: Any, *, sensitive_features: Any = None) -> Any:
        """Return the scores, rewritten in the critical region.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs; where `sensitive_features` are passed, `sensitive_columns` that the
            estimator does not see may be absent.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups, all of them known from the fit; None takes `sensitive_columns`.

        Returns
        -------
        ndarray of float64 of shape (n_samples, 2)
            Rows sum to 1.
        """
        check_is_fitted(self, "estimator_")
        seen, sensitive = check_predict_rows(self, X, sensitive_features)
        scores = ask_inner(self, self.estimator_, seen, sensitive)
        codes = self._known_groups.encode(sensitive, n_samples=len(scores))
        favorable, deprived, region = self._settled
        moved = region.rewrite(scores[:, favorable], deprived[codes], self.scores)
        columns = [1 - moved, moved]
        return np.column_stack(columns if favorable else columns[::-1])

    def predict(self, X: Any, *, sensitive_features: Any = None) -> Any:
        """Predict labels: those of the group in the critical region.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups; None takes `sensitive_columns`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels, the more probable of `predict_proba`.
        """
        scores = self.predict_proba(X, sensitive_features=sensitive_features)
        return self.classes_[scores.argmax(axis=1)]

    def score(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        sensitive_features: Any = None,
    ) -> float:
        """Return the accuracy.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Inputs.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups; None takes `sensitive_columns`.

        Returns
        -------
        float
            The share of right labels.
        """
        labels = self.predict(X, sensitive_features=sensitive_features)
        return float(accuracy_score(y, labels, sample_weight=sample_weight))
