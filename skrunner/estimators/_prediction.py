"""What a fitted net answers: probabilities, labels and its own diagnosis."""

import copy
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import nn

from skrunner.diagnosis import NeuronDiagnosis, diagnose_neurons
from skrunner.estimators._image_input import takes_images
from skrunner.estimators._inputs import check_predict_input, sensitive_features_of
from skrunner.gaps import class_probabilities
from skrunner.training import matmul_precision, predict_logits


def probabilities_of(net: Any, array: Any, precision: str) -> Any:
    """Turn the logits of a trained net into probabilities of the classes.

    Parameters
    ----------
    net : NeuralNet
        The net.
    array : ndarray of shape (n_samples, ...), Tensor or PixelRows
        Validated rows.
    precision : str
        One of ``skrunner.training.PRECISIONS``.

    Returns
    -------
    ndarray of float64 of shape (n_samples, n_classes)
        Rows sum to 1.
    """
    rows = torch.from_numpy(array) if isinstance(array, np.ndarray) else array
    logits = predict_logits(net.module_, rows, precision)
    scores = class_probabilities(logits.double()).cpu().numpy()
    if scores.shape[1] == 1:
        return np.hstack([1 - scores, scores])
    return scores / scores.sum(axis=1, keepdims=True)


class FittedNetMixin:
    """Predict with ``net_``, diagnose it, and pickle without a GPU in mind."""

    net: Any
    net_: Any
    classes_: Any
    constraints: str
    missing: str
    precision: str
    random_state: Any

    def predict_proba(self, X: Any) -> Any:
        """Predict the probability of every class; never needs sensitive features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or ImageRows
            Inputs, as in `fit`; sensitive columns that the net does not see may be
            absent.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_classes)
            Rows sum to 1.

        Raises
        ------
        ValueError
            If the net answers NaN, or X is of another kind than in `fit`.
        """
        check_is_fitted(self, "net_")
        rows = check_predict_input(self, X)
        found = probabilities_of(self.net_, rows, self.precision)
        undefined = int(np.isnan(found).any(axis=1).sum())
        if undefined:
            raise ValueError(
                f"The net answers NaN for {undefined} of {len(found)} rows. Look for "
                "values in X, or in what image_transform returns, far from those of "
                "fit."
            )
        return found

    def predict(self, X: Any) -> Any:
        """Predict the most probable class, the first of equals.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or ImageRows
            Inputs, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def diagnose(
        self,
        X: Any,
        y: Any = None,
        *,
        sensitive_features: Any = None,
        importance: str = "taylor",
        neuron_ratio: float | None = None,
        layers: Any = None,
    ) -> NeuronDiagnosis:
        """Find the neurons of the fitted net that are responsible for its gap.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or ImageRows
            Inputs, as in `fit`.
        y : array-like of shape (n_samples,), default=None
            Labels; needed by all constraints but demographic parity.
        sensitive_features : array-like of shape (n_samples,) or \
                (n_samples, n_sensitive), default=None
            The groups; None takes `sensitive_columns`.
        importance : str, default="taylor"
            See `skrunner.diagnose_neurons`.
        neuron_ratio : float, default=None
            The share of each layer that is selected; None takes the estimator's, or
            0.1.
        layers : str, type or sequence of them, default=None
            Names, patterns or module classes; None takes all but the output layer.

        Returns
        -------
        NeuronDiagnosis
            One entry a neuron.

        Raises
        ------
        ValueError
            If labels or groups are missing, labels were not seen in `fit`, or no layer
            has such a name.
        """
        check_is_fitted(self, "net_")
        array = check_predict_input(self, X)
        if neuron_ratio is None:
            neuron_ratio = getattr(self, "neuron_ratio_", 0.1)
        sensitive = sensitive_features_of(self, X, array, sensitive_features)
        with matmul_precision(self.precision):
            return diagnose_neurons(
                self.net_.module_,
                array,
                y,
                sensitive_features=sensitive,
                constraints=self.constraints,
                importance=importance,
                neuron_ratio=neuron_ratio,
                layers=layers,
                classes=self.classes_,
                missing=self.missing,
                random_state=self.random_state,
            )

    def __getstate__(self) -> Any:
        state: Any = super().__getstate__()
        if isinstance(self.net, nn.Module):
            # The caller's module may live on a GPU that the reader does not have.
            state = {**state, "net": copy.deepcopy(self.net).cpu()}
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.three_d_array = takes_images(self)
        return tags
